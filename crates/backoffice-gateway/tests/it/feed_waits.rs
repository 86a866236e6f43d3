//! Long polls: woken by an entry, by the second, by the end of the wait and by the stop.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::SignedDuration;
use lockstep_backoffice_gateway::feed::append::Appender;
use lockstep_backoffice_gateway::feed::{READERS_MAX, Seats};
use lockstep_contracts::Partition;
use lockstep_contracts::orders::v1::OrderAnnounced;
use lockstep_ports::Delivered;
use lockstep_runtime::processor::process_batch;
use lockstep_testkit::nats::eventually;

use crate::announce::{announce_order, announced, items, numbers, order, outgoing};
use crate::feed_world::{FeedWorld, Process};
use crate::world::{Answer, get};

/// A reader for each seat, in tasks of their own.
fn readers(process: &Process, token: &str) -> Vec<tokio::task::JoinHandle<Answer>> {
    let reader = |_| {
        let (router, token) = (process.gateway.rest(), token.to_owned());
        process.life.tracker.spawn(async move {
            loop {
                let answer = get(router.clone(), &token, "/v1/feed?after=0&wait=30").await;
                // The look whether all are seated takes a seat for a moment.
                if answer.status != 503 {
                    return answer;
                }
                tokio::task::yield_now().await;
            }
        })
    };
    (0..READERS_MAX).map(reader).collect()
}

/// Every seat of the feed is taken.
async fn until_full(process: &Process, token: &str) {
    eventually("every seat is taken", async || {
        process.get(token, "/v1/feed?after=0").await.status == 503
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_readers_are_bounded_and_woken_by_an_entry() {
    let world = FeedWorld::start().await;
    let process = world.run();
    let token = process.token("wms").await;
    let waiting = readers(&process, &token);
    until_full(&process, &token).await;
    let refused = process.get(&token, "/v1/feed?after=0").await;
    assert_eq!(refused.body["code"], "ERROR_CODE_UNAVAILABLE");
    assert_eq!(refused.retry_after.as_deref(), Some("2"));
    let other = process.token("erp").await;
    assert_eq!(process.get(&other, "/v1/feed").await.status, 200, "others have their own seats");
    // The clock stands still: what wakes them is the entry alone.
    announce_order(&*world.bus, &announced("wms", order(1, 1, "MAIN"))).await;
    for reader in join_all(waiting).await {
        assert_eq!(numbers(&reader.expect("an answer")), [1]);
    }
    assert_eq!(process.get(&token, "/v1/feed?after=0").await.status, 200, "seats are free again");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_of_another_process_is_seen_within_a_second() {
    let world = FeedWorld::start().await;
    let process = world.run();
    let token = process.token("wms").await;
    let waiting = readers(&process, &token);
    until_full(&process, &token).await;
    let event = announced("wms", order(1, 1, "MAIN"));
    let message = outgoing("m", &event, OrderAnnounced::subject("wms", Partition::of("any")));
    let delivered = Delivered {
        stream: message.stream,
        sequence: 1,
        subject: message.subject,
        headers: message.headers,
        body: message.body,
        attempt: 1,
        ack_subject: String::new(),
    };
    let elsewhere = Appender { seats: Arc::new(Seats::default()) };
    let done = process_batch(&world.engine(), &elsewhere, "elsewhere", &[delivered]).await;
    assert_eq!(done.expect("appended").decided, 1);
    world.clock.advance(SignedDuration::from_secs(1));
    for reader in join_all(waiting).await {
        assert_eq!(numbers(&reader.expect("an answer")), [1]);
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_ends_with_its_time_and_with_the_stop() {
    let world = FeedWorld::start().await;
    let process = world.run();
    let token = process.token("wms").await;
    let waiting = readers(&process, &token);
    until_full(&process, &token).await;
    world.clock.advance(SignedDuration::from_secs(29));
    until_full(&process, &token).await;
    world.clock.advance(SignedDuration::from_secs(1));
    for reader in join_all(waiting).await {
        let answer = reader.expect("an answer");
        assert_eq!((answer.status.as_u16(), items(&answer).len()), (200, 0));
    }
    let waiting = readers(&process, &token);
    until_full(&process, &token).await;
    process.stop().await;
    for reader in join_all(waiting).await {
        let answer = reader.expect("an answer");
        assert_eq!((answer.status.as_u16(), items(&answer).len()), (200, 0));
    }
}
