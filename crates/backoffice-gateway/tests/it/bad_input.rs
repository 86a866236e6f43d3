//! One row per thing that can be wrong with a call: its code, its field, its fix, and nothing
//! half done.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use crate::world::{COUNTS, MOVEMENTS, World, movement, movements, send};

const TOO_LARGE: usize = 50 * 1024 * 1024;

/// A body of 50 MB that comes in pieces.
fn endless() -> Body {
    let piece = Bytes::from(vec![b' '; 64 * 1024]);
    let pieces = TOO_LARGE / piece.len();
    Body::from_stream(stream::iter(
        (0..pieces).map(move |_| Ok::<_, std::io::Error>(piece.clone())),
    ))
}

#[tokio::test]
async fn a_bad_call_is_refused_whole_with_a_problem() {
    let world = World::start().await;
    let good = movement("good", "1");
    let list = |count: usize| movements(&vec![good.clone(); count]).to_string();
    let rows: Vec<(&str, Body, u16, &str, &str)> = vec![
        ("no JSON", "{movements:}".into(), 400, "ERROR_CODE_VALIDATION", ""),
        ("nothing", Body::empty(), 400, "ERROR_CODE_VALIDATION", ""),
        ("a bare list", format!("[{good}]").into(), 400, "ERROR_CODE_VALIDATION", ""),
        ("text", "\"movements\"".into(), 400, "ERROR_CODE_VALIDATION", ""),
        ("cut off", list(2)[..200].to_owned().into(), 400, "ERROR_CODE_VALIDATION", ""),
        (
            "a list of another type",
            r#"{"movements":"all"}"#.into(),
            400,
            "ERROR_CODE_VALIDATION",
            "movements",
        ),
        (
            "an unknown field beside",
            json!({"movements": [good], "dry_run": true}).to_string().into(),
            400,
            "ERROR_CODE_VALIDATION",
            "dry_run",
        ),
        (
            "the other call's list",
            json!({"counts": []}).to_string().into(),
            400,
            "ERROR_CODE_VALIDATION",
            "counts",
        ),
        ("no items", list(0).into(), 400, "ERROR_CODE_VALIDATION", "movements"),
        ("1,001 items", list(1_001).into(), 413, "ERROR_CODE_TOO_LARGE", "movements"),
        ("50 MB", vec![b' '; TOO_LARGE].into(), 413, "ERROR_CODE_TOO_LARGE", ""),
        ("50 MB in pieces", endless(), 413, "ERROR_CODE_TOO_LARGE", ""),
    ];
    for (what, body, status, code, field) in rows {
        let answer = world.post(MOVEMENTS, body).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {answer:?}");
        assert_eq!(answer.media, "application/problem+json", "{what}");
        assert_eq!(answer.body["code"], code, "{what}: {answer:?}");
        assert_eq!(answer.body["field"], field, "{what}: {answer:?}");
        assert_eq!(answer.body["status"], status, "{what}");
        for part in ["detail", "fix"] {
            assert!(answer.body[part].as_str().is_some_and(|t| !t.is_empty()), "{what}: {part}");
        }
    }
    assert_eq!(world.published_ids(), Vec::<String>::new(), "nothing was taken");
    world.stop().await;
}

#[tokio::test]
async fn a_bad_item_is_refused_alone() {
    let world = World::start().await;
    let with = |change: Value| {
        let mut item = movement("bad", "1");
        let fields = item.as_object_mut().expect("an object");
        fields.extend(change.as_object().expect("an object").clone());
        item
    };
    let rows: Vec<(&str, Value, &str, &str)> = vec![
        ("no object", json!(7), "ERROR_CODE_VALIDATION", "movements[1]"),
        ("unknown field", with(json!({"qty": "1"})), "ERROR_CODE_VALIDATION", "movements[1].qty"),
        (
            "wrong type",
            with(json!({"quantity": 1})),
            "ERROR_CODE_VALIDATION",
            "movements[1].quantity",
        ),
        (
            "zero",
            with(json!({"quantity": "0"})),
            "ERROR_CODE_QUANTITY_ZERO",
            "movements[1].quantity",
        ),
        (
            "10^15",
            with(json!({"quantity": "1000000000000000"})),
            "ERROR_CODE_QUANTITY_TOO_LARGE",
            "movements[1].quantity",
        ),
        (
            "5 decimals",
            with(json!({"quantity": "0.00001"})),
            "ERROR_CODE_VALIDATION",
            "movements[1].quantity",
        ),
        (
            "SKU of 500",
            with(json!({"sku": "x".repeat(500)})),
            "ERROR_CODE_VALIDATION",
            "movements[1].sku",
        ),
        (
            "unknown warehouse",
            with(json!({"warehouse_code": "ATTIC"})),
            "ERROR_CODE_UNKNOWN_WAREHOUSE",
            "movements[1].warehouse_code",
        ),
        (
            "a clock years ahead",
            with(json!({"occurred_at": "2031-01-01T00:00:00Z"})),
            "ERROR_CODE_VALIDATION",
            "movements[1].occurred_at",
        ),
        (
            "a clock that lost its battery",
            with(json!({"occurred_at": "1970-01-01T00:00:00Z"})),
            "ERROR_CODE_VALIDATION",
            "movements[1].occurred_at",
        ),
        (
            "event id of 65",
            with(json!({"event_id": "x".repeat(65)})),
            "ERROR_CODE_VALIDATION",
            "movements[1].event_id",
        ),
    ];
    // Of the row whose id comes twice, the first report is the neighbour before it.
    let twice = with(json!({"event_id": "a-11", "quantity": "2"}));
    let rows = rows.into_iter().chain([(
        "an id that stands for other content",
        twice,
        "ERROR_CODE_CONFLICT",
        "movements[1].event_id",
    )]);
    let mut taken = Vec::new();
    for (number, (what, item, code, field)) in rows.enumerate() {
        let (before, after) = (format!("a-{number}"), format!("b-{number}"));
        let batch = movements(&[movement(&before, "1"), item, movement(&after, "1")]);
        let answer = world.post_json(MOVEMENTS, &batch).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{what}: {answer:?}");
        let expected = ["ITEM_STATUS_ACCEPTED", code, "ITEM_STATUS_ACCEPTED"];
        assert_eq!(answer.fates(), expected, "{what}");
        let error = &answer.body["items"][1]["error"];
        assert_eq!(error["field"], field, "{what}");
        assert!(error["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{what}");
        taken.extend([format!("wms:{before}"), format!("wms:{after}")]);
    }
    assert_eq!(world.published_ids(), taken, "the neighbours, and nothing else");
    world.stop().await;
}

#[tokio::test]
async fn strange_skus_are_taken_and_stand_in_no_subject() {
    let world = World::start().await;
    for (number, sku) in ["a.b", "*", ">", "🧦 > *.x", "日本"].into_iter().enumerate() {
        let mut item = movement(&format!("s-{number}"), "1");
        item["sku"] = json!(sku);
        let answer = world.post_json(MOVEMENTS, &movements(&[item])).await;
        assert_eq!(answer.fates(), ["ITEM_STATUS_ACCEPTED"], "{sku}");
    }
    for message in world.bus.published(lockstep_contracts::Stream::Backoffice) {
        let tokens: Vec<&str> = message.subject.split('.').collect();
        assert!(matches!(tokens.as_slice(), ["backoffice", "v1", "wms", _, "movement_reported"]));
    }
    world.stop().await;
}

#[tokio::test]
async fn a_rejected_report_can_be_sent_again_once_its_cause_is_gone() {
    let world = World::start().await;
    let mut item = movement("again", "1");
    item["occurred_at"] = json!("2026-11-26T10:00:00Z");
    let batch = movements(&[item]);
    let early = world.post_json(MOVEMENTS, &batch).await;
    assert_eq!(early.fates(), ["ERROR_CODE_VALIDATION"]);
    world.clock.advance(jiff::SignedDuration::from_hours(48));
    assert_eq!(world.post_json(MOVEMENTS, &batch).await.fates(), ["ITEM_STATUS_ACCEPTED"]);
    world.stop().await;
}

#[tokio::test]
async fn what_is_no_call_gets_a_problem_too() {
    let world = World::start().await;
    let compressed = Request::post(COUNTS)
        .header("authorization", format!("Bearer {}", world.token))
        .header("content-encoding", "gzip")
        .body(Body::from("x"))
        .expect("a request");
    let get = |path: &str| Request::get(path).body(Body::empty()).expect("a request");
    let rows = [
        (compressed, 400, "content-encoding"),
        (get("/v1/stock"), 404, "path"),
        (get(MOVEMENTS), 405, "method"),
    ];
    for (request, status, field) in rows {
        let answer = send(world.rest(), request).await;
        assert_eq!((answer.status.as_u16(), &answer.body["field"]), (status, &json!(field)));
        assert_eq!(answer.body["code"], "ERROR_CODE_VALIDATION");
    }
    world.stop().await;
}
