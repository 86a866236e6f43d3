//! Many requests, one acknowledgement.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::StatusCode;
use lockstep_contracts::Stream;
use lockstep_ports::{Bus, Checkpoint, ConsumerSpec, Delivered, Outgoing, PortError, PublishAck};
use lockstep_testkit::bus::MemoryBus;
use lockstep_webhook_ingest::Config;
use lockstep_webhook_ingest::group::{Group, NotPublished};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::World;
use crate::support::{BODY, Post, config};

const PLENTY: Duration = Duration::from_secs(60);

/// A broker whose acknowledgements a test lets through one by one.
struct Gated {
    memory: MemoryBus,
    gate: Semaphore,
    groups: Mutex<Vec<usize>>,
}

impl Gated {
    fn new() -> Arc<Self> {
        let groups = Mutex::default();
        Arc::new(Self { memory: MemoryBus::new(), gate: Semaphore::new(0), groups })
    }

    fn groups(&self) -> Vec<usize> {
        self.groups.lock().expect("no panic").clone()
    }
}

#[async_trait]
impl Bus for Gated {
    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<PublishAck>, PortError> {
        self.groups.lock().expect("no panic").push(batch.len());
        self.gate.acquire().await.expect("open").forget();
        self.memory.publish(batch).await
    }

    async fn pull(
        &self,
        consumer: &ConsumerSpec,
        start_after: u64,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivered>, PortError> {
        self.memory.pull(consumer, start_after, max, wait).await
    }

    async fn ack(&self, messages: &[Delivered]) -> Result<(), PortError> {
        self.memory.ack(messages).await
    }

    async fn rewind(
        &self,
        consumer: &ConsumerSpec,
        checkpoint: &dyn Checkpoint,
    ) -> Result<(), PortError> {
        self.memory.rewind(consumer, checkpoint).await
    }

    async fn lag(&self, consumer: &ConsumerSpec) -> Result<u64, PortError> {
        self.memory.lag(consumer).await
    }

    async fn is_ready(&self) -> bool {
        true
    }
}

fn message(subject: &str, bytes: usize) -> Outgoing {
    Outgoing {
        stream: Stream::Shopify,
        subject: subject.to_owned(),
        headers: Vec::new(),
        body: vec![0; bytes].into(),
    }
}

fn webhook() -> Outgoing {
    message("shopify.v1.north.orders%2Fcreate", 10)
}

/// Lets every task that can go on go on.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn results(mut tasks: JoinSet<Result<(), NotPublished>>) -> Vec<Result<(), NotPublished>> {
    let mut results = Vec::new();
    while let Some(result) = tasks.join_next().await {
        results.push(result.expect("no panic"));
    }
    results
}

#[tokio::test]
async fn what_arrives_while_a_group_is_on_its_way_is_the_next_group() {
    let bus = Gated::new();
    let (group, publisher) = Group::new(bus.clone(), 1_000, PLENTY);
    let mut tasks = JoinSet::new();
    let mut publishing = JoinSet::new();
    publishing.spawn(publisher.run());
    let mut send = |count: usize| {
        for _ in 0..count {
            let group = group.clone();
            tasks.spawn(async move { group.publish(webhook()).await });
        }
    };
    send(1);
    settle().await;
    assert_eq!(bus.groups(), [1], "alone, a message goes at once");
    send(50);
    settle().await;
    assert_eq!(bus.groups(), [1], "one group at a time");
    bus.gate.add_permits(1);
    settle().await;
    assert_eq!(bus.groups(), [1, 50], "all that waited goes together");
    send(700);
    settle().await;
    bus.gate.add_permits(3);
    assert!(results(tasks).await.iter().all(Result::is_ok));
    assert_eq!(bus.groups(), [1, 50, 500, 200], "up to the most that a group may hold");
    drop(group);
    publishing.join_next().await.expect("it ends with its last user").expect("no panic");
    assert_eq!(bus.memory.published(Stream::Shopify).len(), 751);
}

#[tokio::test]
async fn a_group_does_not_grow_beyond_its_bytes() {
    let bus = Gated::new();
    let (group, publisher) = Group::new(bus.clone(), 1_000, PLENTY);
    let mut tasks = JoinSet::new();
    for _ in 0..9 {
        let group = group.clone();
        let large = message("shopify.v1.north.orders%2Fcreate", 1024 * 1024);
        tasks.spawn(async move { group.publish(large).await });
    }
    settle().await;
    let mut publishing = JoinSet::new();
    publishing.spawn(publisher.run());
    bus.gate.add_permits(3);
    assert!(results(tasks).await.iter().all(Result::is_ok));
    assert_eq!(bus.groups(), [4, 4, 1]);
}

#[tokio::test]
async fn a_message_that_the_broker_refuses_fails_alone() {
    let bus = Gated::new();
    let (group, publisher) = Group::new(bus.clone(), 1_000, PLENTY);
    bus.gate.add_permits(100);
    let mut tasks = JoinSet::new();
    let too_large = 1024 * 1024 + 1;
    for (subject, bytes) in
        [("shopify.v1.north.a", 1), ("shopify.v1.north.b", too_large), ("shopify.v1.north.c", 1)]
    {
        let group = group.clone();
        tasks.spawn(async move { group.publish(message(subject, bytes)).await });
    }
    settle().await;
    let mut publishing = JoinSet::new();
    publishing.spawn(publisher.run());
    let results = results(tasks).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 2);
    assert!(results.contains(&Err(NotPublished::Refused)));
    assert_eq!(bus.groups(), [3, 1, 1, 1]);
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_published() {
    let bus = Gated::new();
    let (group, publisher) = Group::new(bus.clone(), 1_000, PLENTY);
    // Three whose requests have ended, first and last of all that wait, and one between them.
    let give_up = async |count: usize| {
        for _ in 0..count {
            let ended = group.publish(webhook());
            tokio::pin!(ended);
            assert!(futures_util::poll!(&mut ended).is_pending());
        }
    };
    give_up(2).await;
    let waiting = group.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { waiting.publish(webhook()).await });
    settle().await;
    give_up(1).await;
    let mut publishing = JoinSet::new();
    publishing.spawn(publisher.run());
    bus.gate.add_permits(10);
    assert_eq!(results(tasks).await, [Ok(())]);
    drop(group);
    publishing.join_next().await.expect("it ends").expect("no panic");
    assert_eq!(bus.groups(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_does_not_answer_is_not_waited_for_long() {
    let bus = Gated::new();
    let deadline = Duration::from_millis(200);
    let config = Config { publish_deadline: deadline, ..config() };
    let world = World::with(MemoryBus::new(), Some(bus.clone()), config).await;
    let start = tokio::time::Instant::now();
    let answer = world.send(Post::new(BODY)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(start.elapsed() < 2 * deadline, "{:?}", start.elapsed());
}

#[tokio::test]
async fn one_request_too_many_is_answered_503_and_the_others_are_finished() {
    let bus = Gated::new();
    let config = Config { requests_in_flight_max: 2, publish_deadline: PLENTY, ..config() };
    let world = World::with(MemoryBus::new(), Some(bus.clone()), config).await;
    let (router, mut tasks) = (world.router.clone(), JoinSet::new());
    for id in ["a", "b"] {
        let (router, request) = (router.clone(), Post::new(BODY).id(id).request());
        tasks.spawn(async move { super::answer(&router, request).await.status });
    }
    settle().await;
    let busy = world.send(Post::new(BODY).id("c")).await;
    assert_eq!(busy.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(busy.headers["retry-after"], "2");
    bus.gate.add_permits(10);
    while let Some(status) = tasks.join_next().await {
        assert_eq!(status.expect("no panic"), StatusCode::OK);
    }
    assert_eq!(world.send(Post::new(BODY).id("c")).await.status, StatusCode::OK);
    assert_eq!(bus.memory.published(Stream::Shopify).len(), 3);
}

#[tokio::test]
async fn a_clean_stop_ends_the_publisher() {
    let World { router, life, .. } = World::new().await;
    life.shutdown.cancel();
    drop(router);
    assert!(life.finish().await, "every task ends");
}
