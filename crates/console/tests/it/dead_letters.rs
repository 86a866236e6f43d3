//! Dead letters, gathered from their services and decided there.

use std::collections::BTreeSet;

use lockstep_contracts::operations::v1::{
    CloseDeadLetterRequest, CloseDeadLetterResponse, CloseOutcome, DeadLetter,
    GetDeadLetterRequest, GetDeadLetterResponse, ListDeadLettersRequest, ListDeadLettersResponse,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::World;

fn letter(id: &str, state: &str, second: i64) -> DeadLetter {
    DeadLetter {
        id: id.to_owned(),
        stream: "BACKOFFICE".to_owned(),
        stream_sequence: u64::MAX,
        state: state.to_owned(),
        opened_at: Some(pbjson_types::Timestamp { seconds: second, nanos: 0 }),
        ..DeadLetter::default()
    }
}

/// A service that keeps these letters, newest first.
async fn keeps(world: &mut World, service: &'static str, letters: Vec<DeadLetter>) {
    let letters: Vec<_> =
        letters.into_iter().map(|one| DeadLetter { service: service.to_owned(), ..one }).collect();
    let all = letters.clone();
    let list = move |request: ListDeadLettersRequest| {
        assert!((1..=200).contains(&request.limit), "a service gives at most 200");
        let shown = all.iter().filter(|one| request.include_closed || one.state == "open");
        let shown = shown.skip_while(|one| !request.after.is_empty() && one.id != request.after);
        let skip = usize::from(!request.after.is_empty());
        let letters = shown.skip(skip).take(request.limit as usize).cloned().collect();
        ListDeadLettersResponse { letters }
    };
    world.answers(ListDeadLettersRequest::subject(service), list).await;
    let all = letters.clone();
    let get = move |request: GetDeadLetterRequest| GetDeadLetterResponse {
        letter: all.iter().find(|one| one.id == request.id).cloned(),
    };
    world.answers(GetDeadLetterRequest::subject(service), get).await;
    let close = move |request: CloseDeadLetterRequest| {
        let known = letters.iter().any(|one| one.id == request.id && one.state == "open");
        let mut answer = CloseDeadLetterResponse::default();
        answer.set_outcome(match request.id.as_str() {
            "b" if request.retry => CloseOutcome::FailedAgain,
            _ if known => CloseOutcome::Closed,
            _ => CloseOutcome::NotFound,
        });
        if answer.outcome() == CloseOutcome::FailedAgain {
            answer.reason = "the quantity is no number".to_owned();
        }
        answer
    };
    world.answers(CloseDeadLetterRequest::subject(service), close).await;
}

/// stock-sync has the letters a (open), b (fails again) and c (dismissed before); the gateway has
/// d; product-sync is silent.
async fn with_letters() -> World {
    let mut world = World::new().await;
    let of_stock =
        vec![letter("b", "open", 300), letter("a", "open", 100), letter("c", "dismissed", 50)];
    keeps(&mut world, "stock-sync", of_stock).await;
    keeps(&mut world, "backoffice-gateway", vec![letter("d", "open", 200)]).await;
    world
}

fn ids(listed: &Value) -> Vec<String> {
    let letters = listed["dead_letters"].as_array().unwrap().iter();
    letters.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn letters_of_all_services_are_listed_newest_first_and_the_silent_are_named() {
    let world = with_letters().await;
    let listed = world.get("/dead-letters").await.ok();
    assert_eq!(ids(&listed), ["b", "d", "a"]);
    assert_eq!((&listed["silent"], &listed["next"]), (&json!(["product-sync"]), &Value::Null));
    assert_eq!(listed["dead_letters"][0]["stream_sequence"], u64::MAX.to_string());
    assert_eq!(ids(&world.get("/dead-letters?state=all&limit=5").await.ok()), ["b", "d", "a", "c"]);
    assert_eq!(ids(&world.get("/dead-letters?limit=1").await.ok()), ["b"]);
}

#[tokio::test]
async fn a_service_that_answers_nonsense_is_named_and_the_others_are_shown() {
    let mut world = with_letters().await;
    world.garbles(ListDeadLettersRequest::subject("product-sync")).await;
    let listed = world.get("/dead-letters").await.ok();
    assert_eq!(ids(&listed), ["b", "d", "a"]);
    assert_eq!(listed["silent"], json!(["product-sync"]));
}

#[rstest]
#[case(1)]
#[case(7)]
#[case(200)]
#[tokio::test]
async fn every_letter_is_reached_page_by_page_and_shown_once(#[case] limit: usize) {
    let mut world = World::new().await;
    let mut expected = BTreeSet::new();
    // Many at one moment, so that the order between services is not that of the moments alone.
    for (service, count) in [("stock-sync", 450), ("backoffice-gateway", 230), ("product-sync", 3)]
    {
        let count = if limit == 1 { count / 10 } else { count };
        let letters = (0..count).rev();
        let letters = letters.map(|at| letter(&format!("{service}-{at}"), "open", at / 3));
        expected.extend((0..count).map(|at| format!("{service}-{at}")));
        keeps(&mut world, service, letters.collect()).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/dead-letters?limit={limit}{after}")).await.ok();
        let shown = ids(&page);
        assert!(shown.len() <= limit);
        seen.extend(shown);
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
        assert!(seen.len() < 1_000, "it goes round");
    }
    assert_eq!(seen.len(), expected.len(), "none is shown twice");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[rstest]
#[case("after=x", "after")]
#[case("after=nobody:1", "after")]
#[case("after=stock-sync:a%20b", "after")]
#[case("limit=201", "limit")]
#[case("state=closed", "state")]
#[tokio::test]
async fn a_wrong_question_is_refused(#[case] query: &str, #[case] field: &str) {
    let world = with_letters().await;
    let answer = world.get(&format!("/dead-letters?{query}")).await;
    assert_eq!(answer.problem(), (400, "BAD_QUERY".into(), field.into()));
}

#[tokio::test]
async fn one_letter_is_one_question() {
    let world = with_letters().await;
    let shown = world.get("/dead-letters/c").await.ok();
    assert_eq!((&shown["state"], &shown["service"]), (&json!("dismissed"), &json!("stock-sync")));
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
    let other = post("/dead-letters/c/retry").await;
    assert_eq!(other.problem(), (404, "UNKNOWN_DEAD_LETTER".into(), String::new()));
}

#[tokio::test]
async fn a_letter_behind_the_first_pages_is_decided() {
    let mut world = World::new().await;
    let letters = (0..500).rev().map(|at| letter(&format!("l{at}"), "open", at));
    keeps(&mut world, "stock-sync", letters.collect()).await;
    let oldest = world.call("POST", "/dead-letters/l0/retry", Value::Null).await.ok();
    assert_eq!(oldest["state"], "retried");
}

#[tokio::test]
async fn an_unknown_letter_may_be_a_silent_services() {
    let mut world = with_letters().await;
    let silent = world.call("POST", "/dead-letters/x/retry", Value::Null).await;
    assert_eq!(silent.problem(), (503, "SERVICE_SILENT".into(), String::new()));
    assert!(silent.text.contains("product-sync"));
    keeps(&mut world, "product-sync", Vec::new()).await;
    let unknown = world.call("POST", "/dead-letters/x/retry", Value::Null).await;
    assert_eq!(unknown.problem(), (404, "UNKNOWN_DEAD_LETTER".into(), String::new()));
}
