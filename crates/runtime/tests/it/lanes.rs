//! An effect is committed before it is sent, sent once, and concluded once.

use std::sync::Mutex;

use jiff::SignedDuration;
use lockstep_ports::{EffectRow, EffectState, Store};
use lockstep_runtime::processor::process_batch;
use lockstep_runtime::{Lane, LaneWorker, Origin, Recovery, Sent};

use tokio_util::sync::CancellationToken;

use crate::counter::{Counting, Sending, World, consumer, movement, world};

fn sending(recovery: Recovery, answers: Vec<Sent>) -> Sending {
    Sending { answers: Mutex::new(answers), sent: Mutex::new(Vec::new()), recovery }
}

async fn counted(world: &World) {
    let messages = vec![movement("1", "push-a", "5", ""), movement("2", "push-b", "7", "")];
    let batch = world.deliver(messages).await;
    process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
}

async fn once(world: &World, worker: &Sending) -> Result<bool, lockstep_ports::PortError> {
    let (holder, shutdown) = (uuid::Uuid::from_u128(99), &CancellationToken::new());
    let (engine, pulse) = (&world.engine, &world.life().pulse("lane"));
    Lane { engine, worker, name: "lane", holder, shutdown, pulse }.turn().await
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
