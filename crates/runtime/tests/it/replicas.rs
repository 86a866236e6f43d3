//! Two processes of one service over one database: each call is in the air once, whoever hangs,
//! stops or takes over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_ports::{AggregateKey, EffectRow, EffectState, Store, Timer};
use lockstep_runtime::lanes::run_lanes;
use lockstep_runtime::processor::process_batch;
use lockstep_runtime::{LaneWorker, Recovery, Sent, Stop, Work};
use tokio::sync::Semaphore;

use crate::counter::{Counting, Sending, World, consumer, movement, settle, until, world};

/// Calls of all processes, as the other side sees them.
#[derive(Default)]
struct Calls {
    log: Mutex<Vec<(&'static str, String)>>,
    in_the_air: Mutex<BTreeMap<String, usize>>,
    twice_in_the_air: Mutex<Vec<String>>,
}

impl Calls {
    fn of(&self, who: &str) -> Vec<String> {
        let log = self.log.lock().unwrap();
        log.iter().filter(|(by, _)| *by == who).map(|(_, text)| text.clone()).collect()
    }

    fn count(&self) -> usize {
        self.log.lock().unwrap().len()
    }
}

/// One process's worker; a call takes as long as the test wants.
struct Process {
    who: &'static str,
    inner: Sending,
    calls: Arc<Calls>,
    /// Permits to come back from a call.
    gate: Semaphore,
}

fn process(who: &'static str, calls: &Arc<Calls>, recovery: Recovery, gate: usize) -> Arc<Process> {
    let inner = Sending { answers: Mutex::default(), sent: Mutex::default(), recovery };
    Arc::new(Process { who, inner, calls: calls.clone(), gate: Semaphore::new(gate) })
}

#[async_trait]
impl LaneWorker for Process {
    fn keys(&self, lane: &str, due: &[Timer]) -> Vec<AggregateKey> {
        self.inner.keys(lane, due)
    }

    fn plan(&self, lane: &str, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
        self.inner.plan(lane, due, work)
    }

    async fn send(&self, effect: &EffectRow) -> Sent {
        let text = String::from_utf8(effect.request.to_vec()).unwrap();
        self.calls.log.lock().unwrap().push((self.who, text.clone()));
        {
            let mut air = self.calls.in_the_air.lock().unwrap();
            let count = air.entry(text.clone()).or_default();
            *count += 1;
            if *count > 1 {
                self.calls.twice_in_the_air.lock().unwrap().push(text.clone());
            }
        }
        self.gate.acquire().await.expect("open").forget();
        if let Some(count) = self.calls.in_the_air.lock().unwrap().get_mut(&text) {
            *count -= 1;
        }
        self.inner.send(effect).await
    }

    fn recover(&self, effect: &EffectRow, now: Timestamp) -> Recovery {
        self.inner.recover(effect, now)
    }

    fn conclude(
        &self,
        effect: &EffectRow,
        sent: &Sent,
        work: &mut Work<'_>,
    ) -> Result<EffectState, Stop> {
        let state = self.inner.conclude(effect, sent, work)?;
        let stays = matches!(sent, Sent::Unknown(_)) && self.inner.recovery == Recovery::Resend;
        Ok(if stays { EffectState::Unknown } else { state })
    }
}

async fn counted(world: &World, skus: usize) {
    let messages = (0..skus).map(|n| movement(&format!("m{n}"), &format!("push-{n:04}"), "5", ""));
    for part in messages.collect::<Vec<_>>().chunks(500) {
        let batch = world.deliver(part.to_vec()).await;
        process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
    }
}

async fn pass(world: &World, seconds: i64) {
    for _ in 0..seconds {
        world.clock.advance(SignedDuration::from_secs(1));
        settle().await;
    }
}

#[tokio::test]
async fn a_lane_whose_call_is_in_the_air_is_nobody_elses() {
    let world = world();
    counted(&world, 2).await;
    let calls = Arc::new(Calls::default());
    let (a, b) = (
        process("a", &calls, Recovery::Resend, 0),
        process("b", &calls, Recovery::Resend, usize::MAX >> 4),
    );
    let (life_a, life_b) = (world.life(), world.life());
    life_a.tracker.spawn(run_lanes(world.engine.clone(), a.clone(), life_a.clone()));
    until("a sends", || calls.count() == 1).await;
    life_b.tracker.spawn(run_lanes(world.replica(2), b, life_b.clone()));
    // As long as a call may take, and then some.
    pass(&world, 25).await;
    assert_eq!(calls.count(), 1, "b keeps away");
    a.gate.add_permits(2);
    until("a goes on", || calls.count() == 2).await;
    pass(&world, 60).await;
    assert_eq!(calls.of("a"), ["push-0000=5", "push-0001=5"]);
    assert!(calls.of("b").is_empty());
    for life in [life_a, life_b] {
        life.shutdown.cancel();
        assert!(life.finish().await);
    }
}

#[tokio::test]
async fn who_hangs_beyond_its_lease_sends_nothing_more_and_decides_nothing() {
    // The second was planned and never attempted: that it did not leave is certain.
    for (recovery, of_b, outcomes) in [
        (Recovery::Resend, vec!["push-0000=5", "push-0001=5"], ["answered"].as_slice()),
        (Recovery::Conclude, vec!["push-0001=1005"], &["not applied", "answered"]),
    ] {
        let outcome_of_first = if recovery == Recovery::Resend { "answered" } else { "unknown" };
        let world = world();
        counted(&world, 2).await;
        let calls = Arc::new(Calls::default());
        let a = process("a", &calls, recovery, 0);
        let b = process("b", &calls, recovery, usize::MAX >> 4);
        let (life_a, life_b) = (world.life(), world.life());
        life_a.tracker.spawn(run_lanes(world.engine.clone(), a.clone(), life_a.clone()));
        until("a sends", || calls.count() == 1).await;
        life_b.tracker.spawn(run_lanes(world.replica(2), b, life_b.clone()));
        pass(&world, 40).await;
        assert_eq!(calls.of("b"), of_b, "{recovery:?}: b has taken the lane over");
        assert!(world.store.lanes().await.unwrap().is_empty(), "{recovery:?}: nothing is left");

        a.gate.add_permits(10);
        pass(&world, 60).await;
        assert_eq!(calls.of("a"), ["push-0000=5"], "{recovery:?}: the second was not its any more");
        let texts = world.counter("push-0000").await.texts;
        assert_eq!(texts, ["", outcome_of_first], "{recovery:?}: decided once");
        let texts = world.counter("push-0001").await.texts;
        assert_eq!(texts, [&[""], outcomes].concat(), "{recovery:?}: decided once");
        for life in [life_a, life_b] {
            life.shutdown.cancel();
            assert!(life.finish().await);
        }
    }
}

/// The lane is free again when the slow process wakes; what it had planned is not its own any more.
#[tokio::test]
async fn who_wakes_after_another_attempt_neither_concludes_nor_sends() {
    let world = world();
    counted(&world, 2).await;
    let calls = Arc::new(Calls::default());
    let a = process("a", &calls, Recovery::Resend, 0);
    let b = process("b", &calls, Recovery::Resend, usize::MAX >> 4);
    b.inner.answers.lock().unwrap().extend(vec![Sent::Unknown("no answer".to_owned()); 2]);
    let (life_a, life_b) = (world.life(), world.life());
    life_a.tracker.spawn(run_lanes(world.engine.clone(), a.clone(), life_a.clone()));
    until("a sends", || calls.count() == 1).await;
    life_b.tracker.spawn(run_lanes(world.replica(2), b.clone(), life_b.clone()));
    pass(&world, 40).await;
    assert_eq!(calls.of("b"), ["push-0000=5", "push-0001=5"], "b has taken the lane over");

    a.inner.answers.lock().unwrap().push(Sent::Refused("too late".to_owned()));
    a.gate.add_permits(10);
    pass(&world, 5).await;
    assert_eq!(calls.of("a"), ["push-0000=5"]);
    for sku in ["push-0000", "push-0001"] {
        assert_eq!(world.counter(sku).await.texts, ["", "unknown"], "only b's outcome counts");
    }
    let rows = world.store.effects_of(&[EffectState::Unknown], 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.attempts).collect::<Vec<_>>(), [2, 1]);
    for life in [life_a, life_b] {
        life.shutdown.cancel();
        assert!(life.finish().await);
    }
}

#[tokio::test]
async fn two_processes_over_one_lane_make_each_call_once() {
    let world = world();
    counted(&world, 1_000).await;
    let calls = Arc::new(Calls::default());
    let lives = [world.life(), world.life()];
    for (life, (who, series)) in lives.iter().zip([("a", 11), ("b", 12)]) {
        let worker = process(who, &calls, Recovery::Resend, usize::MAX >> 4);
        life.tracker.spawn(run_lanes(world.replica(series), worker, life.clone()));
    }
    while calls.count() < 1_000 {
        pass(&world, 1).await;
    }
    pass(&world, 60).await;
    assert_eq!(calls.count(), 1_000);
    assert!(calls.twice_in_the_air.lock().unwrap().is_empty());
    for life in lives {
        life.shutdown.cancel();
        assert!(life.finish().await);
    }
}

#[tokio::test]
async fn a_stop_under_load_ends_with_the_present_call_and_the_next_process_goes_on() {
    let world = world();
    counted(&world, 1_000).await;
    let calls = Arc::new(Calls::default());
    let a = process("a", &calls, Recovery::Resend, 7);
    let life = world.life();
    life.tracker.spawn(run_lanes(world.replica(11), a.clone(), life.clone()));
    until("the eighth call is in the air", || calls.count() == 8).await;
    life.shutdown.cancel();
    settle().await;
    a.gate.add_permits(1_000);
    assert!(life.finish().await, "it ends in time");
    assert_eq!(calls.count(), 8, "no further call was made");
    // What it had planned and not sent is free at once: no lease is waited for.
    let next = world.life();
    let b = process("b", &calls, Recovery::Resend, usize::MAX >> 4);
    next.tracker.spawn(run_lanes(world.replica(12), b, next.clone()));
    while calls.count() < 1_000 {
        settle().await;
    }
    assert_eq!(calls.of("b").len(), 992);
    let mut keys: Vec<_> =
        calls.log.lock().unwrap().iter().map(|(_, t)| t[..9].to_owned()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 1_000, "each was sent, and none twice");
    next.shutdown.cancel();
    assert!(next.finish().await);
}
