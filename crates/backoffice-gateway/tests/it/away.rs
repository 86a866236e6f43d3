//! The broker or the database goes away and comes back.

use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::future::join_all;
use jiff::SignedDuration;
use lockstep_testkit::bus::MemoryBus;
use tokio::task::unconstrained;

use crate::store::CutStore;
use crate::world::{MOVEMENTS, World, movement, movements};

#[tokio::test]
async fn nothing_is_accepted_before_the_broker_holds_it() {
    let world = World::start().await;
    let batch = movements(&[movement("e-1", "3")]);
    world.bus.with_faults(|faults| faults.is_away = true);
    for _ in 0..3 {
        let answer = world.post_json(MOVEMENTS, &batch).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.retry_after.as_deref(), Some("2"));
        assert_eq!(answer.body["code"], "ERROR_CODE_UNAVAILABLE");
    }
    assert_eq!(world.published_ids(), Vec::<String>::new());
    world.bus.with_faults(|faults| faults.is_away = false);
    let answer = world.post_json(MOVEMENTS, &batch).await;
    assert_eq!(answer.fates(), ["ITEM_STATUS_DUPLICATE"], "the first call had been stored");
    assert_eq!(world.published_ids(), ["wms:e-1"]);
    world.stop().await;
}

#[tokio::test]
async fn an_outage_stores_at_most_one_group() {
    let world = World::start().await;
    world.bus.with_faults(|faults| faults.is_away = true);
    for number in 0..5 {
        let batch = movements(&[movement(&format!("e-{number}"), "3")]);
        let answer = world.post_json(MOVEMENTS, &batch).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    world.bus.with_faults(|faults| faults.is_away = false);
    let batch: Vec<_> = (0..5).map(|number| movement(&format!("e-{number}"), "3")).collect();
    let answer = world.post_json(MOVEMENTS, &movements(&batch)).await;
    let mut expected = vec!["ITEM_STATUS_DUPLICATE"];
    expected.extend(["ITEM_STATUS_ACCEPTED"; 4]);
    assert_eq!(answer.fates(), expected);
    assert_eq!(world.published_ids().len(), 5);
    world.stop().await;
}

#[tokio::test]
async fn a_lost_acknowledgement_is_no_loss_and_no_double() {
    let world = World::start().await;
    world.bus.with_faults(|faults| faults.loses_publish_ack = true);
    let batch = movements(&[movement("e-1", "3")]);
    let answer = world.post_json(MOVEMENTS, &batch).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.post_json(MOVEMENTS, &batch).await.fates(), ["ITEM_STATUS_DUPLICATE"]);
    // The stream may hold it twice, under one id: consumers take it once.
    assert!(world.published_ids().iter().all(|id| id == "wms:e-1"));
    world.stop().await;
}

#[tokio::test]
async fn refusals_need_no_broker() {
    let world = World::start().await;
    world.bus.with_faults(|faults| faults.is_away = true);
    let answer = world.post_json(MOVEMENTS, &movements(&[movement("e-1", "0")])).await;
    assert_eq!(answer.fates(), ["ERROR_CODE_QUANTITY_ZERO"]);
    world.stop().await;
}

#[tokio::test]
async fn calls_that_wait_at_a_stop_are_still_answered() {
    let world = World::start().await;
    let batches: Vec<_> =
        (0..20).map(|number| movements(&[movement(&format!("e-{number}"), "1")])).collect();
    // The first call is answered, so its writer is at work; the others wait when the stop comes.
    let call = |batch| Box::pin(unconstrained(world.post_json(MOVEMENTS, batch)));
    let mut calls: Vec<_> = batches.iter().map(call).collect();
    let first = calls.remove(0).await;
    assert_eq!(first.fates(), ["ITEM_STATUS_ACCEPTED"]);
    for call in &mut calls {
        assert!(futures_util::poll!(call).is_pending(), "it waits for its group");
    }
    world.life.shutdown.cancel();
    let answers = join_all(calls).await;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        assert_eq!(answer.fates(), ["ITEM_STATUS_ACCEPTED"]);
    }
    let mut published = world.published_ids();
    published.sort();
    let mut expected: Vec<_> = (0..20).map(|number| format!("wms:e-{number}")).collect();
    expected.sort();
    assert_eq!(published, expected, "none is lost, none comes twice");
    let late = world.post_json(MOVEMENTS, &movements(&[movement("late", "1")])).await;
    assert_eq!(late.status, StatusCode::SERVICE_UNAVAILABLE, "nothing new is taken");
    world.stop().await;
}

#[tokio::test]
async fn without_its_database_the_gateway_asks_to_wait() {
    let store = CutStore::default();
    let world = World::over(MemoryBus::new(), Arc::new(store.clone())).await;
    let batch = movements(&[movement("e-1", "3")]);
    let refused = movements(&[movement("e-2", "0")]);
    // The token is known for some seconds; then it cannot be checked any more.
    assert_eq!(world.post_json(MOVEMENTS, &refused).await.status, StatusCode::ACCEPTED);
    store.set_away(true);
    for seconds in [0, 60] {
        world.clock.advance(SignedDuration::from_secs(seconds));
        let answer = world.post_json(MOVEMENTS, &batch).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{seconds}");
        assert_eq!(answer.retry_after.as_deref(), Some("2"));
    }
    store.set_away(false);
    assert_eq!(world.post_json(MOVEMENTS, &batch).await.fates(), ["ITEM_STATUS_ACCEPTED"]);
    assert_eq!(world.published_ids(), ["wms:e-1"]);
    world.stop().await;
}
