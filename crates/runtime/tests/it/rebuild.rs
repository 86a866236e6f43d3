//! A rebuilt projection equals the live one, and nobody works on it meanwhile.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use lockstep_ports::{Bus, Clock, NewEvent, SaveState, Store, SystemClock, TimeOrderedIds, Timer};
use lockstep_runtime::processor::process_batch;
use lockstep_runtime::rebuild::{RebuildError, Rebuilt, STATES_LEASE, differences, rebuild};
use lockstep_runtime::{Aggregate, Processor};
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::{SequenceIds, TestDatabase};
use uuid::Uuid;

use crate::counter::{CounterKind, Counting, World, consumer, engine, movement, settle, world};

/// Twenty movements of three SKUs.
async fn counted() -> World {
    let world = world();
    let messages = (0..20).map(|n| movement(&format!("{n}"), &format!("S{}", n % 3), "2", "t"));
    let batch = world.deliver(messages.collect()).await;
    process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
    world
}

async fn rebuilt(world: &World) -> Result<Rebuilt, RebuildError> {
    let ids = SequenceIds::of_series(5);
    rebuild(&world.store, &Counting.evolvers(), (&world.clock, &ids)).await
}

async fn save(world: &World, id: &str) {
    let state = serde_json::value::to_raw_value(&serde_json::json!({"sum": 1, "texts": []}));
    let (key, state) = (CounterKind::key(id), state.unwrap());
    let mut tx = world.store.begin().await.unwrap();
    tx.save(&[SaveState { key, version: 7, state }]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn rebuilt_equals_live_and_a_difference_is_found() {
    let world = counted().await;
    let live = world.counter("S0").await;
    let evolvers = Counting.evolvers();
    assert!(differences(&world.store, &evolvers).await.unwrap().is_empty());

    save(&world, "S0").await;
    assert_eq!(differences(&world.store, &evolvers).await.unwrap(), ["counter/S0"]);
    save(&world, "never heard of").await;
    let found = differences(&world.store, &evolvers).await.unwrap();
    assert_eq!(found, ["counter/S0", "counter/never heard of"]);

    let done = rebuilt(&world).await.unwrap();
    assert_eq!(done, Rebuilt { events: 20, aggregates: 3 });
    assert!(differences(&world.store, &evolvers).await.unwrap().is_empty());
    assert_eq!(world.counter("S0").await, live);
    assert_eq!(world.counter("never heard of").await.sum, 0);
}

#[tokio::test]
async fn a_state_that_is_missing_is_a_difference() {
    let world = counted().await;
    let mut tx = world.store.begin().await.unwrap();
    tx.drop_states().await.unwrap();
    tx.commit().await.unwrap();
    let found = differences(&world.store, &Counting.evolvers()).await.unwrap();
    assert_eq!(found, ["counter/S0", "counter/S1", "counter/S2"]);
}

#[tokio::test]
async fn a_service_that_runs_is_not_rebuilt() {
    let world = counted().await;
    let life = world.life();
    world.host(None, &life);
    settle().await;
    save(&world, "S0").await;
    let refusal = rebuilt(&world).await.unwrap_err();
    let is_present = |lease: &str| lease.starts_with("states:");
    assert!(matches!(&refusal, RebuildError::Held { lease } if is_present(lease)), "{refusal:?}");
    assert!(refusal.to_string().contains("stop it"), "{refusal}");
    assert_eq!(world.counter("S0").await.sum, 1, "nothing was changed");

    // It goes on running, and says so again and again.
    for _ in 0..10 {
        world.clock.advance(SignedDuration::try_from(STATES_LEASE / 3).unwrap());
        settle().await;
        assert!(rebuilt(&world).await.is_err());
    }
    life.shutdown.cancel();
    assert!(life.finish().await, "it stops");
    rebuilt(&world).await.unwrap();
    assert_eq!(world.counter("S0").await.sum, 14);
}

#[tokio::test]
async fn a_service_of_two_processes_is_not_rebuilt_when_one_of_them_stops() {
    let world = counted().await;
    let other = World { engine: world.replica(2), ..world.clone() };
    let (life_a, life_b) = (world.life(), world.life());
    world.host(None, &life_a);
    other.host(None, &life_b);
    settle().await;
    life_a.shutdown.cancel();
    assert!(life_a.finish().await, "one stops");
    let refusal = rebuilt(&world).await.unwrap_err();
    assert!(matches!(&refusal, RebuildError::Held { lease } if lease != "states"), "{refusal:?}");
    life_b.shutdown.cancel();
    assert!(life_b.finish().await, "the other one, too");
    rebuilt(&world).await.unwrap();
    assert!(world.store.leases("states").await.unwrap().is_empty(), "no trace is left");
}

#[tokio::test]
async fn a_process_that_was_killed_is_waited_for_and_its_trace_goes() {
    let world = counted().await;
    let (dead, now) = (Uuid::from_u128(4), world.clock.now());
    let until = now + SignedDuration::try_from(STATES_LEASE).unwrap();
    assert!(world.store.lease("states:dead", dead, now, until).await.unwrap());
    assert!(rebuilt(&world).await.is_err());
    world.clock.advance(SignedDuration::from_hours(2));
    rebuilt(&world).await.unwrap();
    let life = world.life();
    world.host(None, &life);
    settle().await;
    let present = world.store.leases("states").await.unwrap();
    assert!(present.len() == 1 && present[0].holder != dead, "{present:?}");
    life.shutdown.cancel();
    assert!(life.finish().await);
}

#[tokio::test]
async fn a_log_with_a_gap_is_not_folded() {
    let world = counted().await;
    let mut tx = world.store.begin().await.unwrap();
    let body = serde_json::json!({"type": "added", "by": 1, "text": ""});
    let event = NewEvent {
        key: CounterKind::key("S0"),
        version: 99,
        kind: "added".to_owned(),
        body: serde_json::value::to_raw_value(&body).unwrap(),
        at: world.clock.now(),
        cause: "test".to_owned(),
    };
    tx.append(&[event]).await.unwrap();
    tx.commit().await.unwrap();
    let live = world.counter("S0").await;
    let refusal = rebuilt(&world).await.unwrap_err();
    assert!(matches!(&refusal, RebuildError::Port(e) if e.what.contains("from 7 to 99")));
    assert_eq!(world.counter("S0").await, live, "nothing was changed");
}

#[tokio::test]
async fn a_lane_that_somebody_works_in_keeps_the_rebuild_away() {
    let world = counted().await;
    let mut tx = world.store.begin().await.unwrap();
    let now = world.clock.now();
    let due = Timer {
        lane: "north".to_owned(),
        key: "S0".to_owned(),
        due_at: Some(now),
        ..Timer::default()
    };
    tx.save_timers(&[due]).await.unwrap();
    tx.commit().await.unwrap();
    let (holder, wait) = (Uuid::from_u128(9), Duration::from_secs(30));
    let until = now + SignedDuration::try_from(wait).unwrap();
    assert!(world.store.lease("lane:north", holder, now, until).await.unwrap());
    let refusal = rebuilt(&world).await.unwrap_err();
    assert!(matches!(&refusal, RebuildError::Held { lease } if lease == "lane:north"));
    // What it had taken by then it gave back: the one who was killed is waited for, no longer.
    world.clock.advance(SignedDuration::from_secs(31));
    rebuilt(&world).await.unwrap();
    let now = world.clock.now();
    for lease in ["states", "lane:north"] {
        assert!(world.store.lease(lease, holder, now, now).await.unwrap(), "{lease} is free");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_postgres_nothing_is_lost_even_to_a_process_that_does_not_know_of_the_rebuild() {
    let database = TestDatabase::create().await;
    let store = Arc::new(database.store("stock_sync").await);
    let bus = MemoryBus::new();
    let service = engine(store.clone(), Arc::new(bus.clone()), Arc::new(SystemClock), 0);
    // A process that was cut off from its lease goes on deciding while states are made anew.
    let working = async {
        for number in 0..200 {
            let message = movement(&format!("{number}"), &format!("S{}", number % 7), "1", "t");
            bus.publish(vec![message]).await.unwrap();
            let wait = Duration::from_millis(1);
            let batch = bus.pull(&consumer(), 0, 500, wait).await.unwrap();
            process_batch(&service, &Counting, &consumer().durable, &batch).await.unwrap();
        }
    };
    let rebuilding = async {
        let mut events = 0;
        while events < 200 {
            let by = (&SystemClock as &dyn Clock, &TimeOrderedIds as _);
            events = rebuild(&*store, &Counting.evolvers(), by).await.unwrap().events;
        }
    };
    tokio::join!(working, rebuilding);
    let evolvers = Counting.evolvers();
    assert_eq!(differences(&*store, &evolvers).await.unwrap(), Vec::<String>::new());
    let states = service.scan::<CounterKind>("", "", 10).await.unwrap();
    assert_eq!(states.iter().map(|(_, state)| state.sum).sum::<i64>(), 200);
}
