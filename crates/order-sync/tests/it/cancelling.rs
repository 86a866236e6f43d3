//! A release that cancels: sent once, whatever happens to the answer.

use jiff::SignedDuration;
use lockstep_contracts::backoffice::v1::{ReleaseOutcome, VerdictOutcome};

use crate::shop::{ORDER, Shop};
use crate::shopify::Fault;
use crate::world::{World, released};

async fn cancelling(fault: Option<Fault>) -> World {
    let world = World::start().await;
    world.happens(&Shop::routed()).await;
    world.settle().await;
    world.accept("a1", &[]).await;
    if let Some(fault) = fault {
        world.shopify.fault(fault);
    }
    world.take(&released("x1", ReleaseOutcome::Cancel)).await;
    world
}

async fn last(world: &World) -> (VerdictOutcome, String) {
    let verdicts = world.verdicts().await;
    let last = verdicts.last().expect("a verdict");
    (last.outcome(), last.message.clone())
}

#[tokio::test]
async fn it_is_sent_once_and_done_when_the_order_shows_it() {
    let world = cancelling(None).await;
    assert_eq!(last(&world).await.0, VerdictOutcome::Parked);
    assert!(world.view(ORDER).await.cancelling);
    world.pass(SignedDuration::from_mins(1)).await;
    assert_eq!(world.shopify.calls("OrderCancel"), 1);
    assert_eq!(last(&world).await.0, VerdictOutcome::Done);
    let lines = world.lines().await;
    assert!(lines.last().expect("told").cancelled);
    assert!(!world.view(ORDER).await.cancelling);
}

#[tokio::test]
async fn asked_for_before_its_order_it_is_sent_when_the_order_comes() {
    let world = World::start().await;
    world.take(&released("x1", ReleaseOutcome::Cancel)).await;
    world.happens(&Shop::routed()).await;
    world.settle().await;
    world.pass(SignedDuration::from_mins(1)).await;
    let outcomes: Vec<_> = world.verdicts().await.iter().map(|v| v.outcome()).collect();
    let parked = VerdictOutcome::Parked;
    assert_eq!(outcomes, [parked, parked, VerdictOutcome::Done], "for the order, for Shopify");
    assert_eq!(world.shopify.calls("OrderCancel"), 1);
}

#[tokio::test]
async fn a_cancellation_that_takes_its_time_is_waited_for() {
    let world = cancelling(Some(Fault::Slow)).await;
    world.pass(SignedDuration::from_mins(1)).await;
    assert_eq!(last(&world).await.0, VerdictOutcome::Parked);
    let mut shop = world.shopify.order(ORDER);
    shop.cancel();
    shop.second += 5;
    world.shopify.show(&shop);
    world.pass(SignedDuration::from_mins(15)).await;
    assert_eq!(last(&world).await.0, VerdictOutcome::Done);
    assert_eq!(world.shopify.calls("OrderCancel"), 1);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_by_reading() {
    let world = cancelling(Some(Fault::LostAnswer)).await;
    world.pass(SignedDuration::from_mins(5)).await;
    assert_eq!(world.shopify.calls("OrderCancel"), 1);
    assert_eq!(last(&world).await.0, VerdictOutcome::Done);
}

#[tokio::test]
async fn a_call_that_was_lost_is_made_again_after_two_readings_apart() {
    let world = cancelling(Some(Fault::LostCall)).await;
    world.pass(SignedDuration::from_secs(75)).await;
    assert_eq!(world.shopify.calls("OrderCancel"), 1, "one reading is not enough");
    world.pass(SignedDuration::from_secs(60)).await;
    assert_eq!(world.shopify.calls("OrderCancel"), 2);
    world.pass(SignedDuration::from_mins(1)).await;
    assert_eq!(last(&world).await.0, VerdictOutcome::Done);
}

#[tokio::test]
async fn what_shopify_refuses_is_refused_with_its_words() {
    let world = cancelling(Some(Fault::Refused)).await;
    world.pass(SignedDuration::from_mins(1)).await;
    let (outcome, message) = last(&world).await;
    assert_eq!(outcome, VerdictOutcome::Refused);
    assert!(message.contains("Cannot cancel this order"), "{message}");
    assert_eq!(world.shopify.calls("OrderCancel"), 1);
    assert!(!world.view(ORDER).await.cancelling);
}
