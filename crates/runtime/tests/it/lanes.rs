//! An effect is committed before it is sent, sent once, and concluded once.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_ports::{AggregateKey, EffectRow, EffectState, Store, Timer};
use lockstep_runtime::processor::process_batch;
use lockstep_runtime::{Lane, LaneWorker, Origin, Recovery, Sent, Stop, Work};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::counter::{Counting, Sending, World, consumer, movement, settle, until, world};

fn sending(recovery: Recovery, answers: Vec<Sent>) -> Sending {
    Sending { answers: Mutex::new(answers), sent: Mutex::new(Vec::new()), recovery }
}

async fn counted(world: &World) {
    let messages = vec![movement("1", "push-a", "5", ""), movement("2", "push-b", "7", "")];
    count(world, messages).await;
}

async fn count(world: &World, messages: Vec<lockstep_ports::Outgoing>) {
    let batch = world.deliver(messages).await;
    process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
}

async fn once(world: &World, worker: &dyn LaneWorker) -> Result<bool, lockstep_ports::PortError> {
    let (holder, shutdown) = (uuid::Uuid::from_u128(99), &CancellationToken::new());
    let (engine, pulse) = (&world.engine, &world.life().pulse("lane"));
    Lane { engine, worker, name: "lane", holder, shutdown, pulse }.turn().await
}

async fn long(world: &World, worker: &dyn LaneWorker) -> Result<bool, lockstep_ports::PortError> {
    let (holder, shutdown) = (uuid::Uuid::from_u128(99), &CancellationToken::new());
    let (engine, pulse) = (&world.engine, &world.life().pulse("lane"));
    Lane { engine, worker, name: "lane", holder, shutdown, pulse }.long_turn().await
}

/// Commits intents as a process does that dies before it sends.
async fn plan_and_die(world: &World, worker: &Sending) {
    let due = world.store.due("lane", world.engine.now(), 10).await.unwrap();
    let keys = worker.keys("lane", &due);
    let origin = Origin::new("test", None);
    let plan = |w: &mut lockstep_runtime::Work<'_>| worker.plan("lane", &due, w);
    world.engine.transact(origin, &keys, plan).await.unwrap();
}

/// What is not concluded.
async fn open(world: &World) -> Vec<EffectRow> {
    world.store.effects_of(&[EffectState::Intended], 10).await.unwrap()
}

/// Makes an effect a process's own, as right before its call.
async fn hold(world: &World, effect: &EffectRow) {
    let mut tx = world.store.begin().await.unwrap();
    let until = world.engine.now() + SignedDuration::from_secs(30);
    assert!(tx.hold_effect(effect.id, effect.attempts, until).await.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_due_is_sent_once_and_concluded() {
    let world = world();
    counted(&world).await;
    let worker = sending(Recovery::Resend, vec![]);
    assert!(once(&world, &worker).await.unwrap());
    let mut sent = worker.sent.lock().unwrap().clone();
    sent.sort();
    assert_eq!(sent, ["push-a=5", "push-b=7"]);
    assert_eq!(world.counter("push-a").await.sum, 1005);
    assert!(!once(&world, &worker).await.unwrap());
    assert!(world.store.lanes().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_effect_of_a_dead_process_waits_for_its_lease() {
    let world = world();
    counted(&world).await;
    let worker = sending(Recovery::Resend, vec![]);
    plan_and_die(&world, &worker).await;
    assert!(!once(&world, &worker).await.unwrap());
    assert!(worker.sent.lock().unwrap().is_empty());
    world.clock.advance(SignedDuration::from_secs(31));
    assert!(once(&world, &worker).await.unwrap());
    assert_eq!(worker.sent.lock().unwrap().len(), 2);
    assert_eq!(world.counter("push-a").await.texts, ["", "answered"]);
}

#[tokio::test]
async fn an_effect_that_must_not_be_repeated_is_concluded_as_unknown() {
    let world = world();
    counted(&world).await;
    let worker = sending(Recovery::Conclude, vec![]);
    plan_and_die(&world, &worker).await;
    for effect in open(&world).await {
        hold(&world, &effect).await;
    }
    world.clock.advance(SignedDuration::from_secs(31));
    once(&world, &worker).await.unwrap();
    assert!(worker.sent.lock().unwrap().is_empty());
    assert_eq!(world.counter("push-b").await.texts, ["", "unknown"]);
}

#[tokio::test]
async fn an_effect_that_nobody_attempted_certainly_never_left() {
    let world = world();
    counted(&world).await;
    let worker = sending(Recovery::Conclude, vec![]);
    plan_and_die(&world, &worker).await;
    world.clock.advance(SignedDuration::from_secs(31));
    once(&world, &worker).await.unwrap();
    let planned_anew = ["", "not applied", "answered"];
    assert_eq!(world.counter("push-b").await.texts, planned_anew);
}

#[tokio::test]
async fn an_outcome_counts_once_whoever_brings_it() {
    let world = world();
    counted(&world).await;
    let worker = sending(Recovery::Resend, vec![]);
    plan_and_die(&world, &worker).await;
    let effect = open(&world).await.remove(0);
    world.clock.advance(SignedDuration::from_secs(31));
    once(&world, &worker).await.unwrap();
    let mut tx = world.store.begin().await.unwrap();
    assert!(!tx.move_effect(effect.id, EffectState::Closed, "again", None).await.unwrap());
    drop(tx);
    world.clock.advance(SignedDuration::from_secs(300));
    assert!(!once(&world, &worker).await.unwrap());
    assert_eq!(world.counter("push-a").await.sum, 1005);
}

/// Two calls at once; each is answered when the test says so.
struct Held {
    sending: Sending,
    answers: Semaphore,
}

/// What an effect pushes.
fn pushes(effect: &EffectRow, key: &str) -> bool {
    effect.request.starts_with(key.as_bytes())
}

impl Held {
    fn new(recovery: Recovery) -> Arc<Self> {
        Arc::new(Self { sending: sending(recovery, vec![]), answers: Semaphore::new(0) })
    }

    fn sent(&self) -> Vec<String> {
        let mut sent = self.sending.sent.lock().unwrap().clone();
        sent.sort();
        sent
    }
}

#[async_trait]
impl LaneWorker for Held {
    fn calls_at_once(&self) -> u32 {
        2
    }

    fn flies_alone(&self, effect: &EffectRow) -> bool {
        pushes(effect, "push-alone")
    }

    fn is_urgent(&self, effect: &EffectRow) -> bool {
        pushes(effect, "push-urgent")
    }

    fn keys(&self, lane: &str, due: &[Timer]) -> Vec<AggregateKey> {
        self.sending.keys(lane, due)
    }

    fn plan(&self, lane: &str, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
        self.sending.plan(lane, due, work)
    }

    async fn send(&self, effect: &EffectRow) -> Sent {
        let sent = self.sending.send(effect).await;
        self.answers.acquire().await.unwrap().forget();
        sent
    }

    fn recover(&self, effect: &EffectRow, now: Timestamp) -> Recovery {
        self.sending.recover(effect, now)
    }

    fn conclude(
        &self,
        effect: &EffectRow,
        sent: &Sent,
        work: &mut Work<'_>,
    ) -> Result<EffectState, Stop> {
        self.sending.conclude(effect, sent, work)
    }
}

fn begin(world: &World, worker: &Arc<Held>) -> tokio::task::JoinHandle<bool> {
    let (world, worker) = (world.clone(), worker.clone());
    TaskTracker::new().spawn(async move { long(&world, &*worker).await.unwrap() })
}

#[tokio::test]
async fn calls_of_one_plan_are_in_the_air_together_and_no_more_than_may_be() {
    let world = world();
    counted(&world).await;
    count(&world, vec![movement("3", "push-c", "9", "")]).await;
    let worker = Held::new(Recovery::Resend);
    let turn = begin(&world, &worker);
    until("two are in the air", || worker.sent().len() == 2).await;
    settle().await;
    assert_eq!(worker.sent().len(), 2);
    worker.answers.add_permits(3);
    assert!(turn.await.unwrap());
    assert_eq!(worker.sent(), ["push-a=5", "push-b=7", "push-c=9"]);
    for key in ["push-a", "push-b", "push-c"] {
        assert_eq!(world.counter(key).await.texts, ["", "answered"]);
    }
    assert!(open(&world).await.is_empty());
}

#[tokio::test]
async fn what_becomes_due_is_planned_and_sent_beside_a_call_that_is_slow() {
    let world = world();
    count(&world, vec![movement("1", "push-a", "5", "")]).await;
    let worker = Held::new(Recovery::Resend);
    let turn = begin(&world, &worker);
    until("the first is in the air", || worker.sent().len() == 1).await;
    count(&world, vec![movement("2", "push-b", "7", "")]).await;
    world.clock.wait_for_sleepers(1).await;
    world.clock.advance(SignedDuration::from_secs(1));
    until("the second is in the air", || worker.sent().len() == 2).await;
    worker.answers.add_permits(2);
    assert!(turn.await.unwrap());
}

/// A second passes over a turn that looks for what is due meanwhile.
async fn a_second(world: &World) {
    settle().await;
    world.clock.advance(SignedDuration::from_secs(1));
    settle().await;
}

#[tokio::test]
async fn beside_a_call_that_flies_alone_nothing_begins_and_nothing_is_planned() {
    let world = world();
    count(&world, vec![movement("1", "push-a", "5", "")]).await;
    let worker = Held::new(Recovery::Resend);
    let turn = begin(&world, &worker);
    until("the first is in the air", || worker.sent().len() == 1).await;
    count(&world, vec![movement("2", "push-alone", "7", "")]).await;
    a_second(&world).await;
    assert_eq!(open(&world).await.len(), 2, "it is planned");
    assert_eq!(worker.sent(), ["push-a=5"], "and waits for the first");
    worker.answers.add_permits(1);
    until("it is in the air", || worker.sent().len() == 2).await;
    count(&world, vec![movement("3", "push-c", "9", "")]).await;
    a_second(&world).await;
    assert_eq!(open(&world).await.len(), 1, "nothing is planned beside it");
    worker.answers.add_permits(2);
    assert!(turn.await.unwrap());
    assert_eq!(worker.sent().len(), 3);
}

#[tokio::test]
async fn what_is_urgent_is_planned_and_goes_before_what_waits() {
    let world = world();
    counted(&world).await;
    count(&world, vec![movement("3", "push-c", "9", "")]).await;
    let worker = Held::new(Recovery::Resend);
    let turn = begin(&world, &worker);
    until("two are in the air", || worker.sent().len() == 2).await;
    count(&world, vec![movement("4", "push-urgent", "1", "")]).await;
    a_second(&world).await;
    worker.answers.add_permits(1);
    until("a third is in the air", || worker.sent().len() == 3).await;
    assert!(worker.sent().contains(&"push-urgent=1".to_owned()));
    worker.answers.add_permits(3);
    assert!(turn.await.unwrap());
}

#[tokio::test]
async fn what_is_due_does_not_wait_for_what_was_left_behind() {
    let world = world();
    count(&world, vec![movement("1", "push-a", "5", "")]).await;
    let worker = Held::new(Recovery::Resend);
    plan_and_die(&world, &worker.sending).await;
    world.clock.advance(SignedDuration::from_secs(31));
    count(&world, vec![movement("2", "push-b", "7", "")]).await;
    let turn = begin(&world, &worker);
    until("both are in the air", || worker.sent().len() == 2).await;
    worker.answers.add_permits(2);
    assert!(turn.await.unwrap());
}

#[tokio::test]
async fn a_call_that_hangs_keeps_neither_what_is_due_waiting_nor_what_was_left_behind() {
    let world = world();
    count(&world, vec![movement("1", "push-a", "5", "")]).await;
    let worker = Held::new(Recovery::Conclude);
    plan_and_die(&world, &worker.sending).await;
    for effect in open(&world).await {
        hold(&world, &effect).await;
    }
    count(&world, vec![movement("2", "push-b", "7", "")]).await;
    let turn = begin(&world, &worker);
    until("a call is in the air", || worker.sent() == ["push-b=7"]).await;
    for _ in 0..45 {
        a_second(&world).await;
    }
    assert_eq!(world.counter("push-a").await.texts, ["", "unknown"]);
    count(&world, vec![movement("3", "push-c", "9", "")]).await;
    a_second(&world).await;
    until("what is due is in the air, too", || worker.sent().len() == 2).await;
    worker.answers.add_permits(2);
    assert!(turn.await.unwrap());
    assert_eq!(worker.sent(), ["push-b=7", "push-c=9"]);
}

/// Waits until no more than so many effects are not concluded.
async fn left_open(world: &World, most: usize) {
    for _ in 0..100 {
        if open(world).await.len() <= most {
            return;
        }
        settle().await;
    }
    panic!("more than {most} are not concluded");
}

/// A call is in the air, and another one that flies alone waits for it.
async fn one_waits_to_fly_alone() -> (World, Arc<Held>, tokio::task::JoinHandle<bool>) {
    let world = world();
    count(&world, vec![movement("1", "push-a", "5", "")]).await;
    let worker = Held::new(Recovery::Resend);
    let turn = begin(&world, &worker);
    until("the first is in the air", || worker.sent().len() == 1).await;
    count(&world, vec![movement("2", "push-alone", "7", "")]).await;
    a_second(&world).await;
    assert_eq!(open(&world).await.len(), 2, "it is planned");
    (world, worker, turn)
}

#[tokio::test]
async fn beside_a_call_that_hangs_others_pass_one_that_flies_alone() {
    let (world, worker, turn) = one_waits_to_fly_alone().await;
    count(&world, vec![movement("3", "push-urgent", "1", "")]).await;
    a_second(&world).await;
    until("it passed", || worker.sent() == ["push-a=5", "push-urgent=1"]).await;
    worker.answers.add_permits(3);
    assert!(turn.await.unwrap());
    assert_eq!(worker.sent().len(), 3);
}

#[tokio::test]
async fn a_rush_does_not_keep_a_call_that_flies_alone_from_its_turn() {
    let (world, worker, turn) = one_waits_to_fly_alone().await;
    count(&world, vec![movement("3", "push-urgent", "1", "")]).await;
    a_second(&world).await;
    until("one passes", || worker.sent().len() == 2).await;
    worker.answers.add_permits(1);
    left_open(&world, 2).await;
    count(&world, vec![movement("4", "push-urgent-too", "1", "")]).await;
    a_second(&world).await;
    worker.answers.add_permits(1);
    until("its turn came", || worker.sent().len() == 3).await;
    assert!(worker.sent().contains(&"push-alone=7".to_owned()), "{:?}", worker.sent());
    worker.answers.add_permits(2);
    assert!(turn.await.unwrap());
    assert_eq!(worker.sent().len(), 4);
}

#[tokio::test]
async fn the_next_calls_are_planned_while_all_places_are_taken_and_anew_when_they_wait_long() {
    let world = world();
    counted(&world).await;
    let worker = Held::new(Recovery::Resend);
    let turn = begin(&world, &worker);
    until("two are in the air", || worker.sent().len() == 2).await;
    count(&world, vec![movement("3", "push-c", "9", "")]).await;
    a_second(&world).await;
    assert_eq!(open(&world).await.len(), 3, "the third is planned");
    for _ in 0..6 {
        a_second(&world).await;
    }
    worker.answers.add_permits(3);
    assert!(turn.await.unwrap());
    assert_eq!(world.counter("push-c").await.texts, ["", "not applied", "answered"]);
    assert_eq!(worker.sent(), ["push-a=5", "push-b=7", "push-c=1009"]);
}

#[tokio::test]
async fn of_a_process_that_dies_with_several_calls_in_the_air_each_is_concluded() {
    let world = world();
    counted(&world).await;
    let worker = Held::new(Recovery::Conclude);
    let turn = begin(&world, &worker);
    until("two are in the air", || worker.sent().len() == 2).await;
    turn.abort();
    assert!(turn.await.unwrap_err().is_cancelled());
    assert_eq!(open(&world).await.len(), 2);
    world.clock.advance(SignedDuration::from_secs(31));
    once(&world, &*worker).await.unwrap();
    assert_eq!(worker.sent().len(), 2, "none is sent again");
    for key in ["push-a", "push-b"] {
        assert_eq!(world.counter(key).await.texts, ["", "unknown"]);
    }
}
