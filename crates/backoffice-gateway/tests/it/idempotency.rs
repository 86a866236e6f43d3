//! The same report is taken once, however often and however concurrently it is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use lockstep_contracts::Event;
use lockstep_contracts::backoffice::v1::{CountReported, MovementReported};
use lockstep_contracts::{Metadata, Stream, decode};
use lockstep_testkit::MemoryStore;
use lockstep_testkit::bus::MemoryBus;
use serde_json::json;

use crate::world::{COUNTS, MOVEMENTS, World, movement, movements};

#[tokio::test]
async fn a_repeat_is_a_duplicate_and_other_content_a_conflict() {
    let world = World::start().await;
    let send = |quantity: &str| movements(&[movement("e-1", quantity)]);
    assert_eq!(world.post_json(MOVEMENTS, &send("3")).await.fates(), ["ITEM_STATUS_ACCEPTED"]);
    assert_eq!(world.post_json(MOVEMENTS, &send("3.0")).await.fates(), ["ITEM_STATUS_DUPLICATE"]);
    let conflict = world.post_json(MOVEMENTS, &send("4")).await;
    assert_eq!(conflict.fates(), ["ERROR_CODE_CONFLICT"]);
    assert_eq!(conflict.body["items"][0]["error"]["field"], "movements[0].event_id");
    let count = json!({ "counts": [{
        "event_id": "e-1", "sku": "TEE", "warehouse_code": "MAIN", "quantity": "3",
        "counted_at": "2026-11-24T10:00:00Z",
    }] });
    assert_eq!(world.post_json(COUNTS, &count).await.fates(), ["ERROR_CODE_CONFLICT"]);
    assert_eq!(world.published_ids(), ["wms:e-1"]);
    world.stop().await;
}

#[tokio::test]
async fn a_duplicate_stays_one_after_a_restart() {
    let (bus, store) = (MemoryBus::new(), Arc::new(MemoryStore::default()));
    let batch = movements(&[movement("e-1", "3")]);
    let first = World::over(bus.clone(), store.clone()).await;
    assert_eq!(first.post_json(MOVEMENTS, &batch).await.fates(), ["ITEM_STATUS_ACCEPTED"]);
    first.stop().await;
    let second = World::over(bus, store).await;
    assert_eq!(second.post_json(MOVEMENTS, &batch).await.fates(), ["ITEM_STATUS_DUPLICATE"]);
    assert_eq!(second.published_ids(), ["wms:e-1"]);
    second.stop().await;
}

#[tokio::test]
async fn what_is_published_is_the_checked_report() {
    let world = World::start().await;
    let mut item = movement("e-1", "3.50");
    item["sku"] = json!("a b");
    world.post_json(MOVEMENTS, &movements(&[item])).await;
    let counts = json!({ "counts": [{
        "event_id": "e-2", "sku": "a b", "warehouse_code": "MAIN", "quantity": "7",
        "counted_at": "2026-11-24T10:00:00Z",
    }] });
    world.post_json(COUNTS, &counts).await;
    let published = world.bus.published(Stream::Backoffice);
    let metadata = |number: usize| {
        let headers = published[number].headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        Metadata::from_headers(headers).expect("metadata")
    };
    let moved: MovementReported = decode(&metadata(0), &published[0].body).expect("a movement");
    let movement = moved.movement.expect("the movement");
    assert_eq!((moved.backoffice.as_str(), movement.quantity.as_str()), ("wms", "3.5"));
    assert_eq!(metadata(0).subject.as_deref(), Some("sku/wms/a b"));
    assert_eq!(metadata(0).event_type, MovementReported::TYPE);
    assert!(moved.accepted_at.is_some());
    let counted: CountReported = decode(&metadata(1), &published[1].body).expect("a count");
    assert_eq!(counted.count.expect("the count").quantity, "7");
    let partition = |number: usize| published[number].subject.split('.').nth(3).map(str::to_owned);
    assert_eq!(partition(0), partition(1), "reports of one SKU share a partition");
    world.stop().await;
}

/// The cause of an event names the call that opened its transaction.
#[tokio::test]
async fn calls_that_arrive_together_share_a_transaction() {
    let world = World::start().await;
    let batches: Vec<_> =
        (0..30).map(|number| movements(&[movement(&format!("e-{number}"), "1")])).collect();
    let answers = join_all(batches.iter().map(|batch| world.post_json(MOVEMENTS, batch))).await;
    assert!(answers.iter().all(|answer| answer.fates() == ["ITEM_STATUS_ACCEPTED"]));
    let published = world.bus.published(Stream::Backoffice);
    let causes: BTreeSet<_> = published
        .iter()
        .flat_map(|message| &message.headers)
        .filter(|(name, _)| name == "ce-causationid")
        .collect();
    assert_eq!(published.len(), 30);
    assert!(causes.len() < 10, "{} transactions for 30 calls", causes.len());
    world.stop().await;
}

/// 100 calls at once, each with 5 of 40 ids in an order of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_concurrent_calls_each_id_is_accepted_once() {
    let world = World::start().await;
    let ids = |call: usize| (0..5).map(move |item| (call * 7 + item * 13) % 40);
    let calls = (0..100).map(|call| {
        let batch: Vec<_> = ids(call).map(|id| movement(&format!("id-{id}"), "1")).collect();
        let world = &world;
        async move { world.post_json(MOVEMENTS, &movements(&batch)).await }
    });
    let answers = join_all(calls).await;
    let mut accepted: BTreeMap<usize, usize> = BTreeMap::new();
    for (call, answer) in answers.iter().enumerate() {
        for (id, fate) in ids(call).zip(answer.fates()) {
            match fate {
                "ITEM_STATUS_ACCEPTED" => *accepted.entry(id).or_default() += 1,
                "ITEM_STATUS_DUPLICATE" => {}
                other => panic!("{other}"),
            }
        }
    }
    assert_eq!(accepted.len(), 40, "every id was taken");
    assert!(accepted.values().all(|times| *times == 1), "{accepted:?}");
    let published = world.published_ids();
    assert_eq!(published.iter().collect::<BTreeSet<_>>().len(), 40);
    world.stop().await;
}

/// Of two contents under one id, one wins and keeps winning.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_concurrent_contents_one_wins() {
    let world = World::start().await;
    let calls = (0..60).map(|call| {
        let batch = movements(&[movement("one", if call % 2 == 0 { "1" } else { "2" })]);
        let world = &world;
        async move { world.post_json(MOVEMENTS, &batch).await }
    });
    let answers = join_all(calls).await;
    let fates: Vec<&str> = answers.iter().flat_map(|answer| answer.fates()).collect();
    let count = |wanted: &str| fates.iter().filter(|fate| **fate == wanted).count();
    assert_eq!(count("ITEM_STATUS_ACCEPTED"), 1);
    assert_eq!(count("ITEM_STATUS_DUPLICATE"), 29);
    assert_eq!(count("ERROR_CODE_CONFLICT"), 30);
    world.stop().await;
}
