//! `/healthz` tells whether the loops turn.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};
use lockstep_ports::{
    AggregateKey, EffectRow, EffectState, Kv, KvEntry, KvEvent, PortError, Timer,
};
use lockstep_runtime::health::Health;
use lockstep_runtime::processor::process_batch;
use lockstep_runtime::{Hosted, LaneWorker, Lifecycle, Recovery, Sent, Stop, Work, start};
use tower::ServiceExt;

use crate::counter::{Counting, Sending, World, consumer, movement, settle, world};

fn sending() -> Sending {
    let (answers, sent) = (Mutex::default(), Mutex::default());
    Sending { answers, sent, recovery: Recovery::Resend }
}

async fn healthz(life: &Lifecycle) -> (StatusCode, String) {
    let request = Request::get("/healthz").body(Body::empty()).unwrap();
    let response = Health::of(life).router().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn pass(world: &World, seconds: i64) {
    world.clock.advance(SignedDuration::from_secs(seconds));
    // The broker in memory waits by the runtime's own time.
    tokio::time::advance(Duration::from_secs(seconds.unsigned_abs())).await;
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_loop_is_late_when_it_has_not_turned_for_a_minute() {
    let world = world();
    let life = world.life();
    assert_eq!(healthz(&life).await, (StatusCode::OK, "ok\n".to_owned()));
    let (slow, long) = (life.pulse("slow"), life.pulse("long"));
    long.allow(Duration::from_secs(600));
    pass(&world, 60).await;
    assert_eq!(healthz(&life).await.0, StatusCode::OK);
    pass(&world, 5).await;
    let (status, text) = healthz(&life).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text, "does not turn: slow (5 s late)\n");
    slow.beat();
    assert_eq!(healthz(&life).await.0, StatusCode::OK);
    pass(&world, 536).await;
    assert_eq!(healthz(&life).await.1, "does not turn: slow (476 s late), long (1 s late)\n");
    drop(slow);
    assert_eq!(healthz(&life).await.1, "does not turn: long (1 s late)\n");
    drop(long);
    assert_eq!(healthz(&life).await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_makes_no_loop_late_and_hides_none() {
    let world = world();
    let life = world.life();
    let _hangs = life.pulse("loop");
    let now = world.engine.now();
    world.clock.set(now + SignedDuration::from_hours(1));
    assert_eq!(healthz(&life).await.0, StatusCode::OK);
    world.clock.set(now - SignedDuration::from_hours(1));
    pass(&world, 61).await;
    assert_eq!(healthz(&life).await.1, "does not turn: loop (1 s late)\n");
}

#[tokio::test(start_paused = true)]
async fn a_service_with_nothing_to_do_is_well() {
    let world = world();
    let life = world.life();
    world.host(Some(Arc::new(sending())), &life);
    settle().await;
    for _ in 0..60 {
        pass(&world, 20).await;
        assert_eq!(healthz(&life).await, (StatusCode::OK, "ok\n".to_owned()));
    }
    life.shutdown.cancel();
    assert!(life.finish().await);
}

/// A worker whose calls do not come back.
struct Hanging(Sending);

#[async_trait]
impl LaneWorker for Hanging {
    fn keys(&self, lane: &str, due: &[Timer]) -> Vec<AggregateKey> {
        self.0.keys(lane, due)
    }

    fn plan(&self, lane: &str, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
        self.0.plan(lane, due, work)
    }

    async fn send(&self, _: &EffectRow) -> Sent {
        std::future::pending().await
    }

    fn recover(&self, effect: &EffectRow, now: Timestamp) -> Recovery {
        self.0.recover(effect, now)
    }

    fn conclude(
        &self,
        effect: &EffectRow,
        sent: &Sent,
        work: &mut Work<'_>,
    ) -> Result<EffectState, Stop> {
        self.0.conclude(effect, sent, work)
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_within_its_time_is_well_and_one_that_hangs_is_named() {
    let world = world();
    let batch = world.deliver(vec![movement("1", "push-a", "5", "")]).await;
    process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
    let life = world.life();
    world.host(Some(Arc::new(Hanging(sending()))), &life);
    settle().await;
    for _ in 0..3 {
        pass(&world, 20).await;
        assert_eq!(healthz(&life).await.0, StatusCode::OK);
    }
    pass(&world, 1).await;
    let (status, text) = healthz(&life).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text, "does not turn: counter lane lane (1 s late)\n");
}

/// A bucket that never answers.
struct Silent;

#[async_trait]
impl Kv for Silent {
    async fn get(&self, _: &str, _: &str) -> Result<Option<KvEntry>, PortError> {
        std::future::pending().await
    }

    async fn put(&self, _: &str, _: &str, _: Bytes, _: u64) -> Result<u64, PortError> {
        std::future::pending().await
    }

    async fn delete(&self, _: &str, _: &str, _: Option<u64>) -> Result<(), PortError> {
        std::future::pending().await
    }

    async fn list(&self, _: &str, _: &str) -> Result<Vec<KvEntry>, PortError> {
        std::future::pending().await
    }

    async fn history(&self, _: &str, _: &str) -> Result<Vec<KvEntry>, PortError> {
        std::future::pending().await
    }

    async fn history_of(&self, _: &str, _: &str, _: usize) -> Result<Vec<KvEntry>, PortError> {
        std::future::pending().await
    }

    async fn watch(&self, _: &str, _: &str) -> Result<BoxStream<'static, KvEvent>, PortError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_be_followed_are_named() {
    let world = world();
    let life = world.life();
    let hosted = Hosted {
        engine: world.engine.clone(),
        processor: Arc::new(Counting),
        worker: None,
        keep_inbox: false,
    };
    start(hosted, Arc::new(Silent), Arc::new(world.bus.clone()), &life);
    settle().await;
    for _ in 0..4 {
        assert_eq!(healthz(&life).await.0, StatusCode::OK);
        pass(&world, 20).await;
    }
    assert_eq!(healthz(&life).await.1, "does not turn: counter settings (20 s late)\n");
    life.shutdown.cancel();
    assert!(life.finish().await);
}
