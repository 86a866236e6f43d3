//! One row per thing that can be wrong with a call for the feed.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::announce::{announce_item, items};
use crate::world::{Answer, World, send};

async fn with_two_entries() -> World {
    let world = World::start().await;
    for number in ["1", "2"] {
        let item = json!({ "number": number, "verdict": { "event_id": number } });
        announce_item(&world, serde_json::from_value(item).expect("an entry")).await;
    }
    world
}

fn assert_refused(what: &str, answer: &Answer, status: u16, (code, field): (&str, &str)) {
    assert_eq!(answer.status.as_u16(), status, "{what}: {answer:?}");
    assert_eq!(answer.media, "application/problem+json", "{what}");
    assert_eq!(answer.body["code"], code, "{what}: {answer:?}");
    assert_eq!(answer.body["field"], field, "{what}: {answer:?}");
    for part in ["detail", "fix"] {
        assert!(answer.body[part].as_str().is_some_and(|t| !t.is_empty()), "{what}: {part}");
    }
}

const VALIDATION: &str = "ERROR_CODE_VALIDATION";

#[tokio::test]
async fn a_read_that_asks_for_nonsense_is_refused() {
    let world = with_two_entries().await;
    let rows = [
        ("after=-1", "after"),
        ("after=3", "after"),
        ("after=18446744073709551615", "after"),
        ("after=18446744073709551616", "after"),
        ("after=", "after"),
        ("after", "after"),
        ("after=1.0", "after"),
        ("after=+1", "after"),
        ("after=%31", "after"),
        ("after=0x1", "after"),
        ("after=one", "after"),
        ("after=0&after=1", "after"),
        ("limit=0", "limit"),
        ("limit=-5", "limit"),
        ("limit=501", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=many", "limit"),
        ("wait=-1", "wait"),
        ("wait=31", "wait"),
        ("wait=0.5", "wait"),
        ("wait=20s", "wait"),
        ("from=1", "from"),
        ("After=1", "After"),
        ("limit=5&colour=red", "colour"),
        ("=1", ""),
    ];
    for (query, field) in rows {
        let answer = world.get(&format!("/v1/feed?{query}")).await;
        assert_refused(query, &answer, 400, (VALIDATION, field));
    }
    for query in ["", "?", "?after=2", "?after=0&limit=500&wait=30", "?limit=1&"] {
        let answer = world.get(&format!("/v1/feed{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        assert_eq!(items(&answer).is_empty(), query == "?after=2", "{query}");
    }
    world.stop().await;
}

#[tokio::test]
async fn an_acknowledgement_that_is_none_moves_nothing() {
    let world = with_two_entries().await;
    let rows = [
        ("nothing", "", "", ""),
        ("no JSON", "{number:1}", "", ""),
        ("a bare number", "1", "", ""),
        ("a list", r#"[{"number":"1"}]"#, "", ""),
        ("no number", "{}", "number", ""),
        ("null", r#"{"number":null}"#, "number", ""),
        ("negative", r#"{"number":"-1"}"#, "number", ""),
        ("negative without quotes", r#"{"number":-1}"#, "number", ""),
        ("a fraction", r#"{"number":1.5}"#, "number", ""),
        ("a word", r#"{"number":"one"}"#, "number", ""),
        ("an empty text", r#"{"number":""}"#, "number", ""),
        ("an object", r#"{"number":{}}"#, "number", ""),
        ("true", r#"{"number":true}"#, "number", ""),
        ("too large to be read", r#"{"number":"18446744073709551616"}"#, "number", ""),
        ("the largest", r#"{"number":"18446744073709551615"}"#, "number", "send at most 2"),
        ("beyond the end", r#"{"number":"3"}"#, "number", "send at most 2"),
        ("an unknown field", r#"{"number":"1","until":"2"}"#, "until", ""),
        ("another name", r#"{"acknowledged":"1"}"#, "acknowledged", ""),
        ("twice", r#"{"number":"1","number":"2"}"#, "number", ""),
    ];
    for (what, body, field, fix) in rows {
        let answer = world.post("/v1/feed/ack", body).await;
        assert_refused(what, &answer, 400, (VALIDATION, field));
        assert!(answer.body["fix"].as_str().is_some_and(|f| f.contains(fix)), "{answer:?}");
    }
    let page = world.get("/v1/feed").await;
    assert_eq!(items(&page).len(), 2, "the cursor stands at the beginning");
    for (body, cursor) in
        [(r#"{"number":0}"#, "0"), (r#"{"number":2}"#, "2"), (r#"{"number":"1"}"#, "2")]
    {
        let answer = world.post("/v1/feed/ack", body).await;
        let expected = if cursor == "0" { json!({}) } else { json!({ "acknowledged": cursor }) };
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &expected), "{body}");
    }
    world.stop().await;
}

#[tokio::test]
async fn strangers_and_wrong_methods_are_refused() {
    let world = World::start().await;
    let bare = |method: &str, path: &str| {
        Request::builder().method(method).uri(path).body(Body::empty()).expect("a request")
    };
    for path in ["/v1/feed", "/v1/feed?limit=0"] {
        let answer = send(world.rest(), bare("GET", path)).await;
        assert_refused(path, &answer, 401, ("ERROR_CODE_UNAUTHENTICATED", "authorization"));
    }
    let answer = world.post_as(Some("wrong"), "/v1/feed/ack", "{}").await;
    assert_refused("ack", &answer, 401, ("ERROR_CODE_UNAUTHENTICATED", "authorization"));
    for (method, path) in [("POST", "/v1/feed"), ("DELETE", "/v1/feed"), ("GET", "/v1/feed/ack")] {
        let answer = send(world.rest(), bare(method, path)).await;
        assert_refused(path, &answer, 405, (VALIDATION, "method"));
    }
    let answer = world.get("/v1/feed/ack/1").await;
    assert_refused("a path below", &answer, 404, (VALIDATION, "path"));
    world.stop().await;
}
