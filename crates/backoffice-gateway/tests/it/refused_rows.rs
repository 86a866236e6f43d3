//! A report that the database or the broker refuses for its content spoils neither its call nor
//! its neighbours, and is never told as taken.

use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::future::join_all;
use lockstep_contracts::Stream;
use lockstep_ports::{Clock as _, OutboxRow, Outgoing, Store as _};
use lockstep_testkit::MemoryStore;
use lockstep_testkit::bus::MemoryBus;
use serde_json::json;

use crate::picky::PickyBus;
use crate::store::CutStore;
use crate::world::{MOVEMENTS, World, movement, movements, shipment};

#[tokio::test]
async fn the_culprit_stands_alone_and_the_others_are_taken() {
    let store = CutStore::default();
    store.refuse(["wms:e-617", "wms:e-2"]);
    let world = World::over(MemoryBus::new(), Arc::new(store.clone())).await;
    let ids: Vec<String> = (0..1_000).map(|number| format!("e-{number}")).collect();
    let batch: Vec<_> = ids.iter().map(|id| movement(id, "1")).collect();
    let answer = world.post_json(MOVEMENTS, &movements(&batch)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    for (number, fate) in answer.fates().into_iter().enumerate() {
        let is_culprit = number == 617 || number == 2;
        let expected = if is_culprit { "ERROR_CODE_INTERNAL" } else { "ITEM_STATUS_ACCEPTED" };
        assert_eq!(fate, expected, "{number}");
    }
    let error = &answer.body["items"][617]["error"];
    assert_eq!(error["field"], "movements[617]");
    assert!(error["fix"].as_str().is_some_and(|fix| fix.contains("LS0201")), "{error}");
    assert_eq!(world.published_ids().len(), 998);
    let begun = store.begun();
    assert!(begun < 100, "{begun} transactions for two culprits among a thousand");

    // Once its cause is gone, the same report is taken.
    store.refuse([]);
    let answer = world.post_json(MOVEMENTS, &movements(&[movement("e-617", "1")])).await;
    assert_eq!(answer.fates(), ["ITEM_STATUS_ACCEPTED"]);
    world.stop().await;
}

#[tokio::test]
async fn other_calls_of_the_group_are_answered_as_if_nothing_were() {
    let store = CutStore::default();
    store.refuse(["wms:e-7"]);
    let world = World::over(MemoryBus::new(), Arc::new(store)).await;
    let batches: Vec<_> =
        (0..20).map(|number| movements(&[movement(&format!("e-{number}"), "1")])).collect();
    let answers = join_all(batches.iter().map(|batch| world.post_json(MOVEMENTS, batch))).await;
    for (number, answer) in answers.iter().enumerate() {
        let expected = if number == 7 { "ERROR_CODE_INTERNAL" } else { "ITEM_STATUS_ACCEPTED" };
        assert_eq!(answer.fates(), [expected], "{number}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_call_with_one_report_fails_when_it_is_refused() {
    let store = CutStore::default();
    store.refuse(["wms:s-1"]);
    let world = World::over(MemoryBus::new(), Arc::new(store)).await;
    let answer = world.post_json("/v1/shipments", &shipment("s-1")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.media, "application/problem+json");
    assert_eq!(answer.body["code"], json!("ERROR_CODE_INTERNAL"));
    assert_eq!(answer.body["field"], "shipment");
    let answer = world.post_json("/v1/shipments", &shipment("s-2")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(world.published_ids(), ["wms:s-2"]);
    world.stop().await;
}

#[tokio::test]
async fn what_the_broker_refuses_is_not_told_as_taken_not_even_later() {
    let bus = MemoryBus::new();
    let refuses = vec!["wms:e-1".to_owned()];
    let world = World::through(bus.clone(), Arc::new(PickyBus { inner: bus, refuses })).await;
    let batch = movements(&[movement("e-0", "1"), movement("e-1", "1"), movement("e-2", "1")]);
    let answer = world.post_json(MOVEMENTS, &batch).await;
    let expected = ["ITEM_STATUS_ACCEPTED", "ERROR_CODE_INTERNAL", "ITEM_STATUS_ACCEPTED"];
    assert_eq!(answer.fates(), expected);
    assert_eq!(world.published_ids(), ["wms:e-0", "wms:e-2"]);
    let again = world.post_json(MOVEMENTS, &batch).await;
    let expected = ["ITEM_STATUS_DUPLICATE", "ERROR_CODE_INTERNAL", "ITEM_STATUS_DUPLICATE"];
    assert_eq!(again.fates(), expected, "it is in the inbox, and nobody will ever read it");
    world.stop().await;
}

#[tokio::test]
async fn what_the_broker_refuses_is_found_among_any_number_of_others() {
    let (bus, store) = (MemoryBus::new(), MemoryStore::default());
    let world = World::over(bus.clone(), Arc::new(store.clone())).await;
    bus.with_faults(|faults| faults.is_away = true);
    let row = |number: u32| {
        let id = format!("other:{number}");
        let subject = "backoffice.v1.other.0.movement_reported".to_owned();
        let (headers, body) = (Vec::new(), "{}".into());
        OutboxRow { message: Outgoing { stream: Stream::Backoffice, subject, headers, body }, id }
    };
    let others: Vec<_> = (0..10_001).map(row).collect();
    let mut tx = store.begin().await.expect("begun");
    tx.outbox(&others, world.clock.now()).await.expect("added");
    tx.commit().await.expect("committed");
    for other in &others {
        store.refuse_outbox(&other.id, "larger than max_payload").await.expect("refused");
    }
    let batch = movements(&[movement("e-1", "1")]);
    let answer = world.post_json(MOVEMENTS, &batch).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    store.refuse_outbox("wms:e-1", "larger than max_payload").await.expect("refused");
    bus.with_faults(|faults| faults.is_away = false);
    let again = world.post_json(MOVEMENTS, &batch).await;
    assert_eq!(again.fates(), ["ERROR_CODE_INTERNAL"]);
    world.stop().await;
}
