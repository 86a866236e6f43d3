//! An input that fails, or must be run again, leaves of earlier inputs everything and of itself
//! nothing.

use lockstep_ports::{AggregateKey, ConsumerSpec, ErrorKind, PortError, Store as _};
use lockstep_runtime::processor::{BatchOutcome, process_batch};
use lockstep_runtime::{
    Aggregate, Directory, Evolver, Inbound, Origin, Processor, SettingsChange, Stop, Work,
};

use crate::counter::{Add, CounterKind, Counting, consumer, movement, settle, world};

/// Changes one counter with each message, then needs something that is not loaded, and takes
/// exception to some.
struct Demanding;

impl Processor for Demanding {
    fn consumers(&self, _: &Directory) -> Vec<ConsumerSpec> {
        vec![consumer()]
    }

    fn keys(&self, _: &Inbound) -> Vec<AggregateKey> {
        Vec::new()
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        let id = message.metadata.id.clone();
        for by in [1, 10] {
            work.execute::<CounterKind>("A", &Add(by, id.clone()))?.map_err(Stop::Poison)?;
        }
        work.state::<CounterKind>(&format!("other-{id}"))?;
        work.timer("lane", &id)?;
        if id.ends_with("bad") {
            return Err(Stop::Poison("bad".to_owned()));
        }
        Ok(())
    }

    fn adopt(&self, _: &SettingsChange, _: &mut Work<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        Vec::new()
    }
}

#[tokio::test]
async fn what_is_undone_is_folded_again_from_what_stays() {
    let world = world();
    let ids = ["1", "2", "3-bad", "4", "5-bad", "6"];
    let messages = ids.map(|id| movement(id, "A", "1", "")).to_vec();
    let batch = world.deliver(messages).await;
    let outcome =
        process_batch(&world.engine, &Demanding, &consumer().durable, &batch).await.unwrap();
    assert_eq!(outcome, BatchOutcome { decided: 4, doubles: 0, dead: 2 });
    let counter = world.counter("A").await;
    assert_eq!(counter.sum, 44);
    assert_eq!(counter.texts.len(), 8);
    let events = world.store.events(0, 100).await.unwrap();
    let versions: Vec<_> = events.iter().map(|event| event.version).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn who_lost_a_race_holds_nothing_while_it_waits() {
    let world = world();
    let keys = [CounterKind::key("A")];
    let count = |work: &mut Work<'_>, by: i64| {
        let add = Add(by, String::new());
        work.execute::<CounterKind>("A", &add)?.map_err(Stop::Poison).map(drop)
    };
    let mut has_lost = false;
    let loser = world.engine.transact(Origin::new("loser", None), &keys, |work| {
        if !std::mem::replace(&mut has_lost, true) {
            return Err(Stop::Fault(PortError::plain(ErrorKind::Conflict, "lost")));
        }
        count(work, 1)
    });
    let winner = async {
        settle().await;
        let other = world.engine.transact(Origin::new("winner", None), &keys, |w| count(w, 20));
        tokio::select! {
            biased;
            done = other => done.unwrap(),
            () = settle() => panic!("it waits for a lock of who waits"),
        }
        world.clock.advance(jiff::SignedDuration::from_secs(10));
    };
    let (lost, ()) = tokio::join!(loser, winner);
    lost.unwrap();
    assert_eq!(world.counter("A").await.sum, 21);
}

#[tokio::test]
async fn a_timer_that_is_as_it_was_is_not_written() {
    let world = world();
    for (round, written) in [(1, 1), (2, 0)] {
        world.store.take_tally();
        let messages: Vec<_> =
            (0..3).map(|n| movement(&format!("{round}-{n}"), "push-A", "1", "")).collect();
        let batch = world.deliver(messages).await;
        process_batch(&world.engine, &Counting, &consumer().durable, &batch).await.unwrap();
        assert_eq!(world.store.take_tally().timers_written, written, "round {round}");
    }
}
