//! What is taken, and what stands in the stream then.

use std::io::Read;

use axum::http::StatusCode;
use bytes::Bytes;
use flate2::read::GzDecoder;
use jiff::Timestamp;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_contracts::shopify::v1::BodyEncoding;
use lockstep_contracts::time::{from_proto, to_proto};
use lockstep_ports::{Kv, ObjectStore};
use proptest::prelude::*;
use prost::Message;

use super::World;
use crate::support::{BODY, NOON, OLD_SECRET, Post, SOUTH_SECRET, read};

const DOMAIN: &str = "x-shopify-shop-domain";
const TOPIC: &str = "x-shopify-topic";

#[tokio::test]
async fn a_delivery_is_published_as_it_came() {
    let world = World::new().await;
    let answer = world.send(Post::new(BODY)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers.contains_key("x-request-id"));
    let published = world.published();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].subject, "shopify.v1.north.inventory_levels%2Fupdate");
    let (metadata, event) = read(&published[0]);
    let triggered: Timestamp = "2026-11-18T12:00:00.123456789Z".parse().expect("a moment");
    assert_eq!(metadata.id, "north:b54557e4-bdd9-4b37-8a5f-bf7d70bcd043");
    assert_eq!(metadata.source, "webhook-ingest");
    assert_eq!(metadata.time, triggered);
    assert_eq!(metadata.subject.as_deref(), Some("north/inventory_levels/update"));
    assert_eq!(metadata.correlation_id.as_deref(), Some("98880550-7158-44d4-b7cd-2c97c8a091b5"));
    assert_eq!(event.body, BODY);
    assert_eq!(event.encoding(), BodyEncoding::Identity);
    assert_eq!((event.store.as_str(), event.topic.as_str()), ("north", "inventory_levels/update"));
    assert_eq!(event.shop_domain, "north.myshopify.com");
    assert_eq!(event.api_version, "2026-10");
    assert_eq!(event.triggered_at, Some(to_proto(triggered)));
    assert_eq!(event.received_at, Some(to_proto(NOON)));
    assert_eq!(event.object, "");
}

#[tokio::test]
async fn what_shopify_may_send_is_taken() {
    let world = World::new().await;
    let gone = || Post::new(BODY).with(DOMAIN, "gone.myshopify.com");
    let far = "2099-01-01T00:00:00Z";
    let rows = [
        ("an unknown topic", Post::new(BODY).with(TOPIC, "teapots/boiled")),
        ("a topic with a dot", Post::new(BODY).with(TOPIC, "customer.tags_added")),
        ("a request for data", Post::new(BODY).with(TOPIC, "customers/data_request")),
        ("a redaction of a customer", Post::new(BODY).with(TOPIC, "customers/redact")),
        ("a redaction of a store", Post::new(BODY).with(TOPIC, "shop/redact")),
        ("a redaction after the end", gone().with(TOPIC, "shop/redact")),
        ("an uninstallation after the end", gone().with(TOPIC, "app/uninstalled")),
        ("the old secret", Post::new(BODY).signed_with(OLD_SECRET)),
        ("a store's own secret", {
            Post::new(BODY).with(DOMAIN, "south.myshopify.com").signed_with(SOUTH_SECRET)
        }),
        ("a domain in capitals", Post::new(BODY).with(DOMAIN, "North.MyShopify.com")),
        ("a clock years off", Post::new(BODY).with("x-shopify-triggered-at", far)),
        ("no moment", Post::new(BODY).without("x-shopify-triggered-at")),
        ("no event", Post::new(BODY).without("x-shopify-event-id")),
        ("no version", Post::new(BODY).without("x-shopify-api-version")),
        ("malformed JSON, signed", Post::new("{\"id\":")),
        ("an empty body, signed", Post::new("")),
        ("bytes that are no text, signed", Post::new(vec![0xff, 0x00, 0xfe])),
    ];
    for (number, (name, post)) in rows.into_iter().enumerate() {
        let body = post.body.clone();
        let answer = world.send(post.id(&number.to_string())).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.body);
        let published = world.published();
        assert_eq!(published.len(), number + 1, "{name}");
        assert_eq!(read(&published[number]).1.body, body, "{name}");
    }
}

#[tokio::test]
async fn what_privacy_law_asks_of_a_shop_that_was_never_added_is_taken_and_nothing_is_kept() {
    let world = World::new().await;
    for topic in ["customers/data_request", "customers/redact", "shop/redact"] {
        let post = || Post::new(BODY).with(TOPIC, topic).with(DOMAIN, "west.myshopify.com");
        assert_eq!(world.send(post()).await.status, StatusCode::OK, "{topic}");
        let old = world.send(post().signed_with(OLD_SECRET)).await;
        assert_eq!(old.status, StatusCode::OK, "{topic}");
        // Only the process's own app can be installed in a shop that is not known.
        for secret in ["guessed", SOUTH_SECRET] {
            let answer = world.send(post().signed_with(secret)).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{topic}, {secret}");
        }
    }
    let gone = Post::new(BODY).with(TOPIC, "app/uninstalled").with(DOMAIN, "west.myshopify.com");
    assert_eq!(world.send(gone).await.status, StatusCode::NOT_FOUND, "no duty, only news");
    assert_eq!(world.published().len(), 0);
}

#[tokio::test]
async fn a_large_body_is_compressed_and_a_larger_one_stored_apart() {
    let world = World::new().await;
    let compressible = Bytes::from(BODY.repeat(400));
    let noise = noise(2_000_000);
    let wide = Bytes::from(BODY.repeat(60_000));
    for (id, body) in [("a", &compressible), ("b", &noise), ("c", &wide)] {
        let answer = world.send(Post::new(body.clone()).id(id)).await;
        assert_eq!(answer.status, StatusCode::OK, "{id}");
    }
    let published = world.published();
    for (index, body) in [compressible, noise, wide].into_iter().enumerate() {
        let (metadata, event) = read(&published[index]);
        let kept = if event.object.is_empty() {
            event.body.clone()
        } else {
            assert_eq!(event.object, metadata.id);
            assert!(event.body.is_empty());
            let stored = ObjectStore::get(&world.memory, "shopify-bodies", &event.object).await;
            stored.expect("read").expect("stored before the message was published")
        };
        let original = match event.encoding() {
            BodyEncoding::Gzip => {
                let mut text = Vec::new();
                GzDecoder::new(kept.as_ref()).read_to_end(&mut text).expect("gzip");
                text.into()
            }
            _ => kept,
        };
        assert!(original == body, "body {index} is verbatim");
    }
    let forms: Vec<(BodyEncoding, bool)> = published
        .iter()
        .map(|message| read(message).1)
        .map(|event| (event.encoding(), event.object.is_empty()))
        .collect();
    assert_eq!(forms[0], (BodyEncoding::Gzip, true));
    assert!(!forms[1].1, "two megabytes of noise do not fit a message");
    assert_eq!(forms[2], (BodyEncoding::Gzip, true));
}

#[tokio::test]
async fn when_a_large_body_cannot_be_stored_nothing_is_published() {
    let world = World::new().await;
    world.memory.with_faults(|faults| faults.is_away = true);
    let answer = world.send(Post::new(noise(2_000_000))).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.published().len(), 0);
}

#[tokio::test]
async fn a_store_that_is_added_is_served() {
    let world = World::new().await;
    let post = || Post::new(BODY).with(DOMAIN, "west.myshopify.com");
    assert_eq!(world.send(post()).await.status, StatusCode::NOT_FOUND);
    let settings = StoreSettings {
        id: "west".to_owned(),
        shop_domain: "west.myshopify.com".to_owned(),
        ..StoreSettings::default()
    };
    let value = Bytes::from(settings.encode_to_vec());
    Kv::put(&world.memory, "settings", "store.west", value, 0).await.expect("written");
    while world.send(post()).await.status == StatusCode::NOT_FOUND {
        tokio::task::yield_now().await;
    }
    assert_eq!(read(&world.published()[0]).1.store, "west");
}

#[tokio::test]
async fn a_repeated_delivery_has_the_same_id_even_when_an_answer_was_lost() {
    let world = World::new().await;
    world.memory.with_faults(|faults| faults.loses_publish_ack = true);
    let first = world.send(Post::new(BODY)).await;
    assert_eq!(first.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.send(Post::new(BODY)).await.status, StatusCode::OK);
    let published = world.published();
    assert_eq!(published.len(), 2);
    assert_eq!(read(&published[0]).0.id, read(&published[1]).0.id);
}

/// Bytes that no compression makes smaller, the same each time.
fn noise(count: usize) -> Bytes {
    let step = |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    let states = std::iter::successors(Some(1_u64), step);
    states.map(|state| (state >> 56) as u8).take(count).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_webhook_id_is_one_message_id_and_two_are_two(
        body in proptest::collection::vec(any::<u8>(), 0..40_000),
        id in "[!-~]{1,255}",
        other in "[!-~]{1,255}",
    ) {
        prop_assume!(id != other);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let world = World::new().await;
            for id in [&id, &id, &other] {
                let answer = world.send(Post::new(body.clone()).id(id)).await;
                assert_eq!(answer.status, StatusCode::OK);
            }
            let read: Vec<_> = world.published().iter().map(read).collect();
            assert_eq!(read[0].0.id, format!("north:{id}"));
            assert_eq!(read[0].0.id, read[1].0.id);
            assert_eq!(read[0].1.body, read[1].1.body);
            assert_ne!(read[0].0.id, read[2].0.id);
            let received = read[0].1.received_at.as_ref().expect("a moment");
            assert_eq!(from_proto(received).expect("a moment"), NOON);
        });
    }
}
