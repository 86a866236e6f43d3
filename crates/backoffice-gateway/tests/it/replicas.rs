//! Two replicas over one real database: each id is still taken once.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::future::join_all;
use lockstep_testkit::TestDatabase;
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::nats::eventually;

use crate::world::{MOVEMENTS, World, movement, movements};

const CALLS: usize = 100;
const IDS: usize = 40;

async fn until_ready(world: &World, token: &str) {
    let refused = movements(&[movement("e", "0")]).to_string();
    eventually("the replica knows its settings", async || {
        let answer = world.post_as(Some(token), MOVEMENTS, refused.clone()).await;
        answer.status == StatusCode::ACCEPTED
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_replicas_each_id_is_accepted_once() {
    let database = TestDatabase::create().await;
    let bus = MemoryBus::new();
    let open = || async { Arc::new(database.store("backoffice_gateway").await) };
    let first = World::over(bus.clone(), open().await).await;
    let second = World::over(bus.clone(), open().await).await;
    let token = second.issue("both").await.token;
    until_ready(&first, &token).await;
    until_ready(&second, &token).await;

    let ids = |call: usize| (0..5).map(move |item| (call * 7 + item * 13) % IDS);
    let calls = (0..CALLS).map(|call| {
        let batch: Vec<_> = ids(call).map(|id| movement(&format!("id-{id}"), "1")).collect();
        let (world, token) = (if call % 2 == 0 { &first } else { &second }, token.as_str());
        let body = movements(&batch).to_string();
        async move { world.post_as(Some(token), MOVEMENTS, body).await }
    });
    let answers = join_all(calls).await;
    let mut accepted: BTreeMap<usize, usize> = BTreeMap::new();
    for (call, answer) in answers.iter().enumerate() {
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        for (id, fate) in ids(call).zip(answer.fates()) {
            match fate {
                "ITEM_STATUS_ACCEPTED" => *accepted.entry(id).or_default() += 1,
                "ITEM_STATUS_DUPLICATE" => {}
                other => panic!("{other}"),
            }
        }
    }
    assert_eq!(accepted.len(), IDS, "every id was taken");
    assert!(accepted.values().all(|times| *times == 1), "{accepted:?}");
    first.stop().await;
    second.stop().await;
}
