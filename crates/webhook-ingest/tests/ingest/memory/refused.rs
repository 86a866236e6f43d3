//! Bad input, one row per case.

use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::stream;
use lockstep_runtime::Lifecycle;
use lockstep_testkit::bus::MemoryBus;
use lockstep_webhook_ingest::Service;
use lockstep_webhook_ingest::config::BODY_BYTES_MAX;

use super::{World, answer, ports};
use crate::support::{BODY, Post, SOUTH_SECRET, config};

const HMAC: &str = "x-shopify-hmac-sha256";
const TOPIC: &str = "x-shopify-topic";
const DOMAIN: &str = "x-shopify-shop-domain";
const ID: &str = "x-shopify-webhook-id";
const TRIGGERED: &str = "x-shopify-triggered-at";

type Row = (&'static str, Post, u16, &'static str, &'static str);

fn spoiled() -> Vec<Row> {
    let post = || Post::new(BODY);
    let other_body = Post { body: Bytes::from(BODY.replace("null", "nulL")), ..post() };
    let unsigned = "UNAUTHENTICATED";
    let long = "x".repeat(256);
    vec![
        ("no signature", post().without(HMAC), 401, unsigned, HMAC),
        ("empty signature", post().with(HMAC, ""), 401, unsigned, HMAC),
        ("signature is no base64", post().with(HMAC, "???"), 401, unsigned, HMAC),
        ("signature is not ASCII", post().with(HMAC, "ü"), 401, unsigned, HMAC),
        ("signature twice", post().and(HMAC, "AAAA"), 401, unsigned, HMAC),
        ("another secret", post().signed_with("guessed"), 401, unsigned, HMAC),
        ("an empty secret", post().signed_with(""), 401, unsigned, HMAC),
        ("another store's secret", post().signed_with(SOUTH_SECRET), 401, unsigned, HMAC),
        ("a changed body", other_body, 401, unsigned, HMAC),
        (
            "unsigned and unknown",
            post().with(DOMAIN, "x.y").signed_with("guessed"),
            401,
            unsigned,
            HMAC,
        ),
        ("no topic", post().without(TOPIC), 400, "VALIDATION", TOPIC),
        ("topic is a wildcard", post().with(TOPIC, "orders/>"), 400, "VALIDATION", TOPIC),
        ("topic has three parts", post().with(TOPIC, "a/b/c"), 400, "VALIDATION", TOPIC),
        ("topic of 256 characters", post().with(TOPIC, &long), 400, "VALIDATION", TOPIC),
        ("topic twice", post().and(TOPIC, "orders/create"), 400, "VALIDATION", TOPIC),
        ("no webhook id", post().without(ID), 400, "VALIDATION", ID),
        ("empty webhook id", post().id(" "), 400, "VALIDATION", ID),
        ("webhook id with a space", post().id("a b"), 400, "VALIDATION", ID),
        ("webhook id of emoji", post().id("🦀"), 400, "VALIDATION", ID),
        ("webhook id of 256 characters", post().id(&long), 400, "VALIDATION", ID),
        ("no domain", post().without(DOMAIN), 400, "VALIDATION", DOMAIN),
        ("domain is a path", post().with(DOMAIN, "a/../b"), 400, "VALIDATION", DOMAIN),
        ("domain with empty part", post().with(DOMAIN, "a..com"), 400, "VALIDATION", DOMAIN),
        (
            "a moment that is none",
            post().with(TRIGGERED, "yesterday"),
            400,
            "VALIDATION",
            TRIGGERED,
        ),
        ("unknown store", post().with(DOMAIN, "west.myshopify.com"), 404, "UNKNOWN_STORE", DOMAIN),
        ("deleted store", post().with(DOMAIN, "gone.myshopify.com"), 410, "STORE_DELETED", DOMAIN),
        ("another method", Post { method: "GET", ..post() }, 405, "VALIDATION", ""),
        ("another path", Post { path: "/webhooks".to_owned(), ..post() }, 404, "NOT_FOUND", ""),
        ("50 MB are announced", post().with("content-length", "52428800"), 413, "TOO_LARGE", ""),
        (
            "more than can be counted",
            post().with("content-length", "99999999999999999999"),
            401,
            unsigned,
            HMAC,
        ),
        ("one byte too many", Post::new(vec![b' '; BODY_BYTES_MAX + 1]), 413, "TOO_LARGE", ""),
    ]
}

#[tokio::test]
async fn each_is_refused_with_its_code_its_field_and_a_fix() {
    let world = World::new().await;
    for (name, post, status, code, field) in spoiled() {
        let post =
            if name == "more than can be counted" { post.signed_with("guessed") } else { post };
        let answer = world.send(post).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{name}");
        assert_eq!(answer.body["code"], code, "{name}");
        assert_eq!(answer.body["field"], field, "{name}");
        assert!(answer.body["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{name}");
        assert_eq!(world.published().len(), 0, "{name}");
    }
}

#[tokio::test]
async fn fifty_megabytes_are_refused_without_being_kept() {
    let world = World::new().await;
    let chunk = Bytes::from(vec![b' '; 64 * 1024]);
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = sent.clone();
    let chunks = stream::iter((0..800).map(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::io::Error>(chunk.clone())
    }));
    let mut request = Post::new(BODY).request();
    *request.body_mut() = Body::from_stream(chunks);
    let answer = answer(&world.router, request).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let taken = sent.load(std::sync::atomic::Ordering::Relaxed) * 64 * 1024;
    assert!(taken <= BODY_BYTES_MAX + 64 * 1024, "{taken} bytes were taken");
}

#[tokio::test]
async fn until_the_stores_are_known_nothing_is_judged() {
    let memory = MemoryBus::new();
    memory.with_faults(|faults| faults.is_away = true);
    let life = Lifecycle::new();
    let ingest = Service::try_new(ports(&memory, None), config()).expect("valid").start(&life);
    let early = answer(&ingest.router(), Post::new(BODY).request()).await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(early.headers["retry-after"], "2");
}

#[tokio::test]
async fn while_the_broker_is_away_the_answer_is_503_at_once_and_then_nothing_is_missing() {
    let world = World::new().await;
    world.memory.with_faults(|faults| faults.is_away = true);
    for _ in 0..3 {
        let answer = world.send(Post::new(BODY)).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers["retry-after"], "2");
        assert_eq!(answer.body["code"], "UNAVAILABLE");
    }
    world.memory.with_faults(|faults| faults.is_away = false);
    assert_eq!(world.send(Post::new(BODY)).await.status, StatusCode::OK);
    assert_eq!(world.published().len(), 1);
}
