//! Dead letters, gathered from their services and decided there.

use lockstep_contracts::operations::v1::{
    CloseDeadLetterRequest, CloseDeadLetterResponse, CloseOutcome, DeadLetter,
    ListDeadLettersRequest, ListDeadLettersResponse,
};
use serde_json::{Value, json};

use crate::world::World;

fn letter(id: &str, service: &str, state: &str, second: i64) -> DeadLetter {
    DeadLetter {
        id: id.to_owned(),
        service: service.to_owned(),
        stream: "BACKOFFICE".to_owned(),
        stream_sequence: u64::MAX,
        state: state.to_owned(),
        opened_at: Some(pbjson_types::Timestamp { seconds: second, nanos: 0 }),
        ..DeadLetter::default()
    }
}

/// stock-sync has the letters a (open), b (fails again) and c (dismissed before); the gateway has
/// d; product-sync is silent.
async fn with_letters() -> World {
    let mut world = World::new().await;
    let list = |request: ListDeadLettersRequest| {
        let all = vec![
            letter("a", "stock-sync", "open", 100),
            letter("b", "stock-sync", "open", 300),
            letter("c", "stock-sync", "dismissed", 50),
        ];
        let shown = all.into_iter().filter(|one| request.include_closed || one.state == "open");
        ListDeadLettersResponse { letters: shown.collect() }
    };
    world.answers(ListDeadLettersRequest::subject("stock-sync"), list).await;
    let list = |_: ListDeadLettersRequest| ListDeadLettersResponse {
        letters: vec![letter("d", "backoffice-gateway", "open", 200)],
    };
    world.answers(ListDeadLettersRequest::subject("backoffice-gateway"), list).await;
    let close = |request: CloseDeadLetterRequest| {
        let mut answer = CloseDeadLetterResponse::default();
        answer.set_outcome(match request.id.as_str() {
            "a" => CloseOutcome::Closed,
            "b" if request.retry => CloseOutcome::FailedAgain,
            "b" => CloseOutcome::Closed,
            _ => CloseOutcome::NotFound,
        });
        if answer.outcome() == CloseOutcome::FailedAgain {
            answer.reason = "the quantity is no number".to_owned();
        }
        answer
    };
    world.answers(CloseDeadLetterRequest::subject("stock-sync"), close).await;
    let close = |_: CloseDeadLetterRequest| CloseDeadLetterResponse {
        outcome: CloseOutcome::NotFound.into(),
        reason: String::new(),
    };
    world.answers(CloseDeadLetterRequest::subject("backoffice-gateway"), close).await;
    world
}

#[tokio::test]
async fn letters_of_all_services_are_listed_newest_first_and_the_silent_are_named() {
    let world = with_letters().await;
    let listed = world.get("/dead-letters").await.ok();
    let ids = |listed: &Value| -> Vec<String> {
        let letters = listed["dead_letters"].as_array().unwrap().clone();
        letters.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&listed), ["b", "d", "a"]);
    assert_eq!(listed["silent"], json!(["product-sync"]));
    assert_eq!(listed["dead_letters"][0]["stream_sequence"], u64::MAX.to_string());
    assert_eq!(ids(&world.get("/dead-letters?state=all&limit=4").await.ok()), ["b", "d", "a", "c"]);
    assert_eq!(ids(&world.get("/dead-letters?limit=1").await.ok()), ["b"]);
}

#[tokio::test]
async fn the_owner_decides_a_letter() {
    let world = with_letters().await;
    let post = |path: &'static str| world.call("POST", path, Value::Null);
    let retried = post("/dead-letters/a/retry").await.ok();
    assert_eq!(retried, json!({"id": "a", "service": "stock-sync", "state": "retried"}));
    let failed = post("/dead-letters/b/retry").await;
    assert_eq!(failed.problem(), (409, "FAILED_AGAIN".into(), String::new()));
    assert_eq!(failed.json()["detail"], "the quantity is no number");
    assert_eq!(post("/dead-letters/b/dismiss").await.ok()["state"], "dismissed");
    let again = post("/dead-letters/c/dismiss").await.ok();
    assert_eq!(again["service"], "stock-sync", "what was closed so before is no error");
}

#[tokio::test]
async fn an_unknown_letter_may_be_a_silent_services() {
    let mut world = with_letters().await;
    let silent = world.call("POST", "/dead-letters/x/retry", Value::Null).await;
    assert_eq!(silent.problem(), (503, "SERVICE_SILENT".into(), String::new()));
    assert!(silent.text.contains("product-sync"));
    let none = |_: CloseDeadLetterRequest| CloseDeadLetterResponse {
        outcome: CloseOutcome::NotFound.into(),
        reason: String::new(),
    };
    world.answers(CloseDeadLetterRequest::subject("product-sync"), none).await;
    let unknown = world.call("POST", "/dead-letters/x/retry", Value::Null).await;
    assert_eq!(unknown.problem(), (404, "UNKNOWN_DEAD_LETTER".into(), String::new()));
}
