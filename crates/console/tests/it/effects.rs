//! Writes of unknown outcome: shown with what a person needs, settled by a person's word.

use jiff::SignedDuration;
use lockstep_contracts::shipments::v1::{
    CallSettledAs, CandidateView, ListUnknownCallsRequest, ListUnknownCallsResponse,
    SettleCallOutcome, SettleCallRequest, SettleCallResponse, ShippedLine, UnknownCall,
};
use lockstep_contracts::stock::v1::{
    ListUnknownEffectsRequest, ListUnknownEffectsResponse, SettleEffectRequest,
    SettleEffectResponse, SettleOutcome, SettledAs, UnknownEffect, UnknownLine,
};
use lockstep_contracts::time::to_proto;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::{NOON, World};

fn effect(id: &str, asks: bool) -> UnknownEffect {
    UnknownEffect {
        id: id.to_owned(),
        store: "north".to_owned(),
        kind: "adjust".to_owned(),
        asks,
        since: Some(to_proto(NOON)),
        read_at: None,
        attempts: 3,
        note: "no answer".to_owned(),
        lines: vec![UnknownLine {
            inventory_item_id: i64::MAX,
            location_id: 71,
            skus: vec!["wms/LAMP-1".to_owned()],
            delta: -2,
            explained_available: Some(5),
            ..UnknownLine::default()
        }],
        line_count: 1,
    }
}

async fn with_effects() -> World {
    let mut world = World::furnished().await;
    let list = |request: ListUnknownEffectsRequest| {
        assert!((1..=200).contains(&request.limit));
        let all = [effect("e1", true), effect("e2", false)];
        let shown = all.into_iter().filter(|one| one.asks || !request.only_asking);
        let of_store = |one: &UnknownEffect| request.store.is_empty() || one.store == request.store;
        ListUnknownEffectsResponse { effects: shown.filter(of_store).collect(), has_more: true }
    };
    world.answers(ListUnknownEffectsRequest::subject(), list).await;
    let settle = |request: SettleEffectRequest| {
        assert_eq!(request.by, "admin");
        let outcome = match (request.id.as_str(), request.settled_as()) {
            ("e1", SettledAs::Applied | SettledAs::NotApplied) => SettleOutcome::Settled,
            ("e2", _) => SettleOutcome::StillRepeated,
            _ => SettleOutcome::NotFound,
        };
        SettleEffectResponse { outcome: outcome.into() }
    };
    world.answers(SettleEffectRequest::subject(), settle).await;
    let list = |request: ListUnknownCallsRequest| {
        let is_asked = request.store.is_empty() || request.store == "north";
        let calls = if is_asked { vec![call()] } else { Vec::new() };
        ListUnknownCallsResponse { calls, has_more: false }
    };
    world.answers(ListUnknownCallsRequest::subject(), list).await;
    let settle = |request: SettleCallRequest| {
        let outcome = match (request.id.as_str(), request.settled_as(), request.fulfillment_id) {
            ("c1", CallSettledAs::Applied, 9001) | ("c1", CallSettledAs::NotApplied, 0) => {
                SettleCallOutcome::Settled
            }
            ("c1", CallSettledAs::Applied, 0) => SettleCallOutcome::WhichOne,
            ("c1", ..) => SettleCallOutcome::NotIt,
            _ => SettleCallOutcome::NotFound,
        };
        SettleCallResponse { outcome: outcome.into(), message: "it was there before".to_owned() }
    };
    world.answers(SettleCallRequest::subject(), settle).await;
    world
}

fn call() -> UnknownCall {
    let candidate = CandidateView {
        fulfillment_id: 9001,
        quantity: 2,
        numbers: vec!["N1".to_owned()],
        cancelled: false,
    };
    UnknownCall {
        id: "c1".to_owned(),
        store: "north".to_owned(),
        order_key: "north:1001".to_owned(),
        shipment: "wms/S1".to_owned(),
        parcel: "P1".to_owned(),
        since: Some(to_proto(NOON + SignedDuration::from_secs(60))),
        lines: vec![ShippedLine { line_id: 5, inventory_item_id: 7, quantity: 2 }],
        company: "DHL".to_owned(),
        numbers: vec!["N1".to_owned()],
        candidates: vec![candidate],
    }
}

#[tokio::test]
async fn they_are_listed_with_what_a_person_looks_for() {
    let world = with_effects().await;
    let listed = world.get("/effects?outcome=unknown").await.ok();
    assert_eq!(listed["has_more"], true);
    let line = json!({"inventory_item_id": i64::MAX.to_string(), "location_id": "71",
        "skus": ["wms/LAMP-1"], "delta": -2, "explained_available": 5, "explained_on_hand": null,
        "read_available": null, "read_on_hand": null, "read_committed": null});
    let first = json!({"id": "e1", "store": "north", "kind": "adjust", "asks": true,
        "since": NOON.to_string(), "read_at": null, "attempts": 3, "note": "no answer",
        "reference": "gid://lockstep/Push/e1", "lines": [line], "line_count": 1});
    assert_eq!(listed["effects"][0], first);
    let third = json!({"id": "c1", "store": "north", "kind": "fulfillment", "asks": true,
        "since": (NOON + SignedDuration::from_secs(60)).to_string(), "order_key": "north:1001",
        "shipment": "wms/S1", "parcel": "P1", "units": [{"line_id": "5", "quantity": 2}],
        "company": "DHL", "numbers": ["N1"], "candidates": [{"fulfillment_id": "9001",
        "quantity": 2, "numbers": ["N1"], "cancelled": false}]});
    assert_eq!(listed["effects"][2], third);
    assert_eq!(listed["effects"].as_array().unwrap().len(), 3);
    assert_eq!(listed["silent"], json!([]));
    let asking = world.get("/effects?asking=true&store=north&limit=5").await.ok();
    assert_eq!(asking["effects"].as_array().unwrap().len(), 2);
    let none = world.get("/effects?store=south").await.ok();
    assert_eq!(none["effects"], json!([]));
}

#[rstest]
#[case("e1", json!({"applied": true}), (200, ""))]
#[case("e1", json!({"applied": false}), (200, ""))]
#[case("e2", json!({"applied": true}), (409, "STILL_REPEATED"))]
#[case("e3", json!({"applied": true}), (404, "UNKNOWN_EFFECT"))]
#[case("e1", json!({}), (422, "VALIDATION"))]
#[case("e1", json!({"applied": "yes"}), (422, "VALIDATION"))]
#[case("e1", json!({"applied": true, "by": "me"}), (422, "UNKNOWN_FIELD"))]
#[case("c1", json!({"applied": false}), (200, ""))]
#[case("c1", json!({"applied": true, "fulfillment_id": "9001"}), (200, ""))]
#[case("c1", json!({"applied": true}), (422, "VALIDATION"))]
#[case("c1", json!({"applied": true, "fulfillment_id": 9}), (422, "VALIDATION"))]
#[case("c1", json!({"applied": true, "fulfillment_id": "#F1"}), (422, "VALIDATION"))]
#[case("c1", json!({"applied": false, "fulfillment_id": "9001"}), (422, "VALIDATION"))]
#[tokio::test]
async fn a_person_says_what_became_of_one(
    #[case] id: &str,
    #[case] body: Value,
    #[case] expected: (u16, &str),
) {
    let world = with_effects().await;
    let said = body["applied"].clone();
    let answer = world.call("POST", &format!("/effects/{id}/settle"), body).await;
    if expected.0 == 200 {
        assert_eq!(answer.ok(), json!({"id": id, "applied": said}));
    } else {
        let (status, code, _) = answer.problem();
        assert_eq!((status, code.as_str()), expected);
    }
}

#[tokio::test]
async fn a_silent_owner_is_named_and_the_other_one_answers() {
    let mut world = World::furnished().await;
    assert_eq!(world.get("/effects").await.problem().1, "SERVICE_SILENT");
    let list = |_: ListUnknownCallsRequest| ListUnknownCallsResponse {
        calls: vec![call()],
        has_more: false,
    };
    world.answers(ListUnknownCallsRequest::subject(), list).await;
    let listed = world.get("/effects").await.ok();
    assert_eq!(listed["effects"].as_array().unwrap().len(), 1);
    assert_eq!(listed["silent"], json!(["stock-sync"]));
}

#[rstest]
#[case("outcome=closed", "outcome")]
#[case("store=No%20Such", "store")]
#[case("limit=201", "limit")]
#[case("asking=maybe", "asking")]
#[case("after=x", "after")]
#[tokio::test]
async fn a_wrong_question_is_refused(#[case] query: &str, #[case] field: &str) {
    let world = with_effects().await;
    let answer = world.get(&format!("/effects?{query}")).await;
    assert_eq!(answer.problem(), (400, "BAD_QUERY".into(), field.into()));
}

#[tokio::test]
async fn the_doctor_asks_for_the_word() {
    let world = with_effects().await;
    let examined = world.get("/doctor").await.ok();
    let findings = examined["findings"].as_array().unwrap();
    let found = findings.iter().find(|one| one["subject"] == "writes of unknown outcome").unwrap();
    assert_eq!((&found["severity"], &found["service"]), (&json!("warning"), &json!("stock-sync")));
    assert!(found["message"].as_str().unwrap().starts_with("1 or more writes to Shopify ask"));
    assert!(found["fix"].as_str().unwrap().contains("POST /api/v1/effects/e1/settle"));
    let subject = "fulfillments of unknown outcome";
    let found = findings.iter().find(|one| one["subject"] == subject).unwrap();
    assert_eq!((&found["severity"], &found["service"]), (&json!("error"), &json!("shipment-push")));
    assert!(found["fix"].as_str().unwrap().contains("POST /api/v1/effects/c1/settle"));
}
