//! What a service says reaches the broker once, and what the broker refuses blocks nothing.

use jiff::SignedDuration;
use lockstep_contracts::stock::v1::LevelPushed;
use lockstep_contracts::{Partition, Stream};
use lockstep_ports::{Clock, OutboxRow, Outgoing, Store};
use lockstep_runtime::{Origin, Published, Work};

use crate::counter::{World, settle, world};

/// Says that levels were pushed, of stores with names of these lengths.
async fn say(world: &World, lengths: &[usize]) -> Published {
    let decide = |work: &mut Work<'_>, _: &[Option<Vec<u8>>]| {
        for length in lengths {
            let event = LevelPushed { store: "x".repeat(*length), ..LevelPushed::default() };
            let subject = LevelPushed::subject("north", Partition::of("x"));
            work.publish(&event, subject, &format!("level-{length}"), 1);
        }
        Ok(())
    };
    let origin = Origin::new("test", None);
    world.engine.transact_inbox(Vec::new(), origin, &[], decide).await.unwrap().1
}

fn lengths(world: &World) -> Vec<usize> {
    let published = world.bus.published(Stream::Stock);
    let read = |message: &Outgoing| {
        let event: LevelPushed = prost::Message::decode(message.body.as_ref()).unwrap();
        event.store.len()
    };
    published.iter().map(read).collect()
}

const LARGE: usize = 2 * 1024 * 1024;

#[tokio::test]
async fn an_event_that_the_broker_refuses_is_put_aside_and_its_neighbours_go_on() {
    let world = world();
    assert_eq!(say(&world, &[1, 2, 3, LARGE, 5, 6, 7]).await, Published::Refused);
    let mut arrived = lengths(&world);
    arrived.sort_unstable();
    assert_eq!(arrived, [1, 2, 3, 5, 6, 7]);
    let refused = world.store.refused_outbox(10).await.unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].stream, Stream::Stock);
    assert!(refused[0].reason.contains("limit"), "{}", refused[0].reason);
    // It no longer waits, and is not tried again.
    assert!(world.engine.publish_leftovers().await.unwrap());
    assert_eq!(say(&world, &[8]).await, Published::All);
    assert_eq!(lengths(&world).len(), 7);
}

#[tokio::test]
async fn the_sweep_puts_aside_what_can_never_leave() {
    let world = world();
    world.bus.with_faults(|faults| faults.is_away = true);
    assert_eq!(say(&world, &[LARGE]).await, Published::Pending);
    assert_eq!(say(&world, &[2]).await, Published::Pending);
    assert!(!world.engine.publish_leftovers().await.unwrap());
    assert!(world.store.refused_outbox(10).await.unwrap().is_empty(), "away is no refusal");
    world.bus.with_faults(|faults| faults.is_away = false);
    assert!(world.engine.publish_leftovers().await.unwrap());
    assert_eq!(lengths(&world), [2]);
    assert_eq!(world.store.refused_outbox(10).await.unwrap().len(), 1);
}

/// Commits a row as another process does that is about to publish it.
async fn commit_elsewhere(world: &World, id: &str) {
    let message = Outgoing {
        stream: Stream::Stock,
        subject: LevelPushed::subject("north", Partition::of("x")).into(),
        headers: vec![("ce-id".to_owned(), id.to_owned())],
        body: prost::Message::encode_to_vec(&LevelPushed::default()).into(),
    };
    let mut tx = world.store.begin().await.unwrap();
    tx.outbox(&[OutboxRow { message, id: id.to_owned() }], world.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_was_refused_is_tried_once_more_by_the_next_process() {
    let world = world();
    commit_elsewhere(&world, "sound by now").await;
    world.store.refuse_outbox("sound by now", "above the limit").await.unwrap();
    assert_eq!(say(&world, &[LARGE]).await, Published::Refused);
    let life = world.life();
    world.host(None, &life);
    settle().await;
    assert_eq!(lengths(&world).len(), 1);
    let refused = world.store.refused_outbox(10).await.unwrap();
    assert_eq!(refused.len(), 1, "what is too large still is");
    assert!(refused[0].reason.contains("limit"), "{}", refused[0].reason);
    life.shutdown.cancel();
    assert!(life.finish().await);
}

#[tokio::test]
async fn the_sweep_leaves_alone_what_is_just_being_sent() {
    let world = world();
    let life = world.life();
    world.host(None, &life);
    settle().await;
    commit_elsewhere(&world, "on its way").await;
    for _ in 0..2 {
        world.clock.advance(SignedDuration::from_secs(5));
        settle().await;
        assert_eq!(lengths(&world).len(), 0);
    }
    world.clock.advance(SignedDuration::from_secs(5));
    settle().await;
    assert_eq!(lengths(&world).len(), 1, "its process must have ended");
    life.shutdown.cancel();
    assert!(life.finish().await);
}

#[tokio::test]
async fn what_is_known_to_wait_is_swept_at_once_when_the_broker_is_back() {
    let world = world();
    let life = world.life();
    world.host(None, &life);
    settle().await;
    world.bus.with_faults(|faults| faults.is_away = true);
    assert_eq!(say(&world, &[3]).await, Published::Pending);
    settle().await;
    world.bus.with_faults(|faults| faults.is_away = false);
    // The first wait of a broker that is away.
    world.clock.advance(SignedDuration::from_millis(100));
    settle().await;
    assert_eq!(lengths(&world), [3]);
    life.shutdown.cancel();
    assert!(life.finish().await);
}

/// Publishes a row long ago, so that it is old by now.
async fn publish_long_ago(world: &World, id: &str) {
    commit_elsewhere(world, id).await;
    let long_ago = world.clock.now() - SignedDuration::from_hours(24 * 31);
    world.store.mark_published(&[id.to_owned()], long_ago).await.unwrap();
}

#[tokio::test]
async fn what_is_left_of_a_pruning_goes_after_the_next_sweep() {
    let world = world();
    publish_long_ago(&world, "old").await;
    let life = world.life();
    world.host(None, &life);
    settle().await;
    publish_long_ago(&world, "old, too").await;
    world.clock.advance(SignedDuration::from_secs(5));
    settle().await;
    // An id that is gone can be given again.
    publish_long_ago(&world, "old, too").await;
    life.shutdown.cancel();
    assert!(life.finish().await);
}

#[tokio::test]
async fn a_clean_stop_publishes_what_it_can() {
    let world = world();
    let life = world.life();
    world.host(None, &life);
    settle().await;
    commit_elsewhere(&world, "the last word").await;
    life.shutdown.cancel();
    assert!(life.finish().await);
    assert_eq!(lengths(&world).len(), 1);
}
