//! Topics of products that are silent for longer than their own history explains.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Event as _;
use lockstep_contracts::operations::v1::JobState;
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::time::to_proto;
use lockstep_ports::{Bus as _, Clock as _, Delivered, Kv as _, Outgoing};
use lockstep_runtime::Lifecycle;
use lockstep_testkit::SequenceIds;
use prost::Message as _;

use crate::upkeep::{readers, runs, world};
use crate::world::World;

fn event(topic: &str, at: Timestamp) -> WebhookReceived {
    WebhookReceived {
        store: "north".to_owned(),
        topic: topic.to_owned(),
        triggered_at: Some(to_proto(at)),
        body: b"{}".to_vec().into(),
        ..WebhookReceived::default()
    }
}

/// What happened less than this ago may still be on its way.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(60);

/// A topic is heard, of a moment since which nothing else may be on its way.
async fn hear(world: &World, topic: &str) {
    let told = Delivered {
        stream: WebhookReceived::STREAM,
        sequence: 1,
        subject: String::new(),
        headers: Vec::new(),
        body: event(topic, world.clock.now() - UNDER_WAY).encode_to_vec().into(),
        attempt: 1,
        ack_subject: String::new(),
    };
    world.service.listen(&[told]).await.unwrap();
}

/// Every ten minutes, so often; ten minutes ago for the last time.
async fn history(world: &World, topic: &str, times: usize) {
    for _ in 0..times {
        hear(world, topic).await;
        pass(world, 10).await;
    }
}

/// Time passes, and nothing is heard.
async fn pass(world: &World, minutes: i64) {
    world.clock.advance(SignedDuration::from_mins(minutes));
    world.service.listen(&[]).await.unwrap();
    world.service.look_after_all().await.unwrap();
}

#[tokio::test]
async fn a_silence_that_nothing_explains_has_products_read_and_nothing_else() {
    let (mut world, sweeps) = world().await;
    let asked = readers(&mut world, true, Arc::default()).await;
    let (state, _) = runs(&mut world).await;
    *state.lock().unwrap() = JobState::Done;
    history(&world, "products/update", 9).await;
    pass(&world, 19).await;
    assert!(asked.lock().unwrap().is_empty(), "three times the longest break is explained");
    pass(&world, 1).await;
    assert_eq!(*asked.lock().unwrap(), ["products"]);
    pass(&world, 29).await;
    assert_eq!(asked.lock().unwrap().len(), 1, "what was read is waited for again");
    pass(&world, 1).await;
    pass(&world, 59).await;
    assert_eq!(asked.lock().unwrap().len(), 2, "and then for longer");
    pass(&world, 1).await;
    assert_eq!(asked.lock().unwrap().len(), 3);
    hear(&world, "products/update").await;
    pass(&world, 60).await;
    assert_eq!(asked.lock().unwrap().len(), 3, "it is heard again");
    assert!(sweeps.lock().unwrap().is_empty());
}

#[tokio::test]
async fn two_silent_topics_of_products_cost_one_run() {
    let (mut world, _) = world().await;
    let asked = readers(&mut world, true, Arc::default()).await;
    let (state, _) = runs(&mut world).await;
    *state.lock().unwrap() = JobState::Done;
    for _ in 0..9 {
        hear(&world, "products/delete").await;
        hear(&world, "products/update").await;
        pass(&world, 10).await;
    }
    for _ in 0..8 {
        pass(&world, 5).await;
    }
    assert_eq!(*asked.lock().unwrap(), ["products"]);
}

#[tokio::test]
async fn what_has_no_history_or_was_not_listened_to_is_not_silent() {
    let (mut world, _) = world().await;
    let asked = readers(&mut world, true, Arc::default()).await;
    history(&world, "products/delete", 5).await;
    pass(&world, 3 * 24 * 60).await;
    assert!(asked.lock().unwrap().is_empty(), "five times are no history");
    history(&world, "products/update", 9).await;
    // The process was away, or has not caught up yet.
    world.clock.advance(SignedDuration::from_hours(5));
    world.service.look_after_all().await.unwrap();
    assert!(asked.lock().unwrap().is_empty());
    // What came meanwhile is taken.
    hear(&world, "products/update").await;
    world.service.look_after_all().await.unwrap();
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_silence_that_is_usual_has_nothing_read_however_long_it_is() {
    let (mut world, _) = world().await;
    let asked = readers(&mut world, true, Arc::default()).await;
    let (state, _) = runs(&mut world).await;
    *state.lock().unwrap() = JobState::Done;
    let week = 7 * 24 * 60;
    for _ in 0..9 {
        hear(&world, "products/delete").await;
        pass(&world, week).await;
    }
    for _ in 0..13 {
        pass(&world, 24 * 60).await;
    }
    assert!(asked.lock().unwrap().is_empty());
    pass(&world, 24 * 60).await;
    assert_eq!(*asked.lock().unwrap(), ["products"], "three times the longest break");
}

#[tokio::test]
async fn a_silence_that_goes_on_while_it_is_read_about_costs_no_other_run() {
    let (mut world, _) = world().await;
    let asked = readers(&mut world, true, Arc::default()).await;
    let (state, _) = runs(&mut world).await;
    history(&world, "products/update", 9).await;
    pass(&world, 20).await;
    for _ in 0..30 {
        pass(&world, 10).await;
    }
    assert_eq!(*asked.lock().unwrap(), ["products"], "the run is on");
    *state.lock().unwrap() = JobState::Done;
    pass(&world, 1).await;
    let entry = world.bus.get("shopify", "north.subscriptions").await.unwrap().unwrap();
    let known: serde_json::Value = serde_json::from_slice(&entry.value).unwrap();
    assert_eq!(known.get("products_since"), None, "{known}");
    // What was lost meanwhile, the run may have passed.
    pass(&world, 1).await;
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_hole_of_silence_is_kept_until_somebody_reads_it() {
    let (mut world, _) = world().await;
    history(&world, "products/update", 9).await;
    pass(&world, 21).await;
    // product-sync was away.
    let asked = readers(&mut world, true, Arc::default()).await;
    pass(&world, 1).await;
    assert_eq!(*asked.lock().unwrap(), ["products"]);
}

#[tokio::test]
async fn the_process_listens_to_the_topics_of_products_alone() {
    let (world, _) = world().await;
    let told = |topic: &str| Outgoing {
        stream: WebhookReceived::STREAM,
        subject: WebhookReceived::subject("north", topic).into(),
        headers: Vec::new(),
        body: event(topic, world.clock.now()).encode_to_vec().into(),
    };
    let topics = ["products/update", "orders/create", "products/delete"];
    world.bus.publish(topics.map(told).to_vec()).await.unwrap();
    let ids = Arc::new(SequenceIds::default());
    let life = Lifecycle::by(Arc::new(world.clock.clone()), ids);
    world.service.run(&life);
    let known = loop {
        let entry = world.bus.get("shopify", "north.subscriptions").await.unwrap().unwrap();
        let known: serde_json::Value = serde_json::from_slice(&entry.value).unwrap();
        if known["heard"].as_object().is_some_and(|heard| heard.len() > 1) {
            break known;
        }
        tokio::task::yield_now().await;
    };
    let heard: Vec<_> = known["heard"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(heard, ["products/delete", "products/update"]);
    life.shutdown.cancel();
    assert!(life.finish().await);
}
