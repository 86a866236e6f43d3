//! Stores that take no calls.

use jiff::SignedDuration;
use lockstep_contracts::settings::v1::StockMode;
use lockstep_ports::Urgency;

use crate::shopify::Fault;
use crate::world::{PLACE, World};

#[tokio::test]
async fn a_store_that_lets_nobody_in_costs_one_intent_and_then_a_read_now_and_then() {
    let items: Vec<i64> = (1..=40).collect();
    let world = World::live(StockMode::Delta, &items).await;
    world.shopify.lock(true);
    for item in &items {
        world.adjust(*item, "1").await;
    }
    world.pass(SignedDuration::from_mins(1)).await;
    let log = world.position().await;
    let calls = |operation| world.shopify.calls(operation).len();
    let (writes, reads) = (calls("AdjustQuantities"), calls("LevelsOfItems"));
    assert_eq!(writes, 1);
    for item in &items {
        world.adjust(*item, "1").await;
    }
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(calls("AdjustQuantities"), writes, "no intent is written while it rests");
    // One, two, four, eight minutes, then every ten.
    let probes = calls("LevelsOfItems") - reads;
    assert!((12..=16).contains(&probes), "{probes} probes in two hours");
    let told = world.kinds_after(log).await;
    assert!(told.iter().all(|kind| kind == "movement_booked"), "{told:?}");
    world.shopify.lock(false);
    world.pass(SignedDuration::from_mins(11)).await;
    for item in &items {
        assert_eq!(world.shopify.available(*item, PLACE), Some(12));
    }
    let after = calls("AdjustQuantities") - writes;
    assert!(after <= 2, "the item of the probe, then all others: {after}");
}

#[tokio::test]
async fn a_throttled_store_goes_on_as_soon_as_shopify_says() {
    let world = World::live(StockMode::Delta, &[1]).await;
    world.shopify.fault(Fault::Throttled);
    world.adjust(1, "1").await;
    world.pass(SignedDuration::from_secs(5)).await;
    assert_eq!(world.shopify.available(1, PLACE), Some(11));
}

#[tokio::test]
async fn a_rise_that_waits_for_points_keeps_no_decrease_waiting() {
    let world = World::live(StockMode::Delta, &[1, 2]).await;
    world.shopify.fault(Fault::OutOfPoints);
    let reads = world.shopify.calls("LevelsOfItems").len();
    world.adjust(1, "1").await;
    world.pass(SignedDuration::from_secs(1)).await;
    assert_eq!(world.shopify.calls("AdjustQuantities").len(), 1);
    world.adjust(2, "-1").await;
    world.pass(SignedDuration::from_secs(1)).await;
    assert_eq!(world.shopify.available(2, PLACE), Some(9));
    assert_eq!(world.shopify.available(1, PLACE), Some(10));
    world.pass(SignedDuration::from_secs(5)).await;
    assert_eq!(world.shopify.available(1, PLACE), Some(11));
    let probes = world.shopify.calls("LevelsOfItems").len() - reads;
    assert_eq!(probes, 0, "nothing rested");
}

#[tokio::test]
async fn after_a_rest_the_first_call_is_as_urgent_as_the_falls_behind_it() {
    let world = World::live(StockMode::Delta, &[1, 2]).await;
    for (item, quantity, expected) in [(1, "1", Urgency::StockUp), (2, "-1", Urgency::StockDown)] {
        world.shopify.fault(Fault::Throttled);
        world.adjust(item, quantity).await;
        let before = world.shopify.urgencies("LevelsOfItems").len();
        world.pass(SignedDuration::from_secs(5)).await;
        let asked = world.shopify.urgencies("LevelsOfItems").split_off(before);
        assert_eq!(asked, [expected], "the probe");
    }
}

#[tokio::test]
async fn a_bad_line_that_nobody_names_is_found_by_halves() {
    let items: Vec<i64> = (1..=20).collect();
    let world = World::live(StockMode::Delta, &items).await;
    world.shopify.curse(7);
    world.shopify.lock(true);
    for item in &items {
        world.adjust(*item, "1").await;
    }
    world.pass(SignedDuration::from_mins(1)).await;
    world.shopify.lock(false);
    world.pass(SignedDuration::from_mins(5)).await;
    let shown = |item: &i64| world.shopify.available(*item, PLACE);
    let unwritten: Vec<_> = items.iter().filter(|item| shown(item) != Some(11)).collect();
    assert_eq!(unwritten, [&7], "every other line is written");
    let verdict = world.at_place(7).await.verdict;
    assert!(format!("{verdict:?}").contains("A_NEW_CODE"), "{verdict:?}");
    let calls = world.shopify.calls("AdjustQuantities").len();
    world.pass(SignedDuration::from_hours(1)).await;
    let after = world.shopify.calls("AdjustQuantities").len();
    assert_eq!(after, calls, "what can never be set is remembered");
}

#[tokio::test]
async fn a_fault_of_the_whole_call_is_blamed_on_no_line() {
    let items: Vec<i64> = (1..=40).collect();
    let world = World::live(StockMode::Delta, &items).await;
    world.shopify.refuse_all(true);
    for item in &items {
        world.adjust(*item, "1").await;
    }
    // All are due now, and go together.
    world.clock.advance(SignedDuration::from_secs(1));
    world.pass(SignedDuration::from_secs(30)).await;
    let calls = || world.shopify.calls("AdjustQuantities").len();
    assert_eq!(calls(), 3, "the call, and its halves");
    for item in &items {
        assert_eq!(world.at_place(*item).await.verdict, None);
    }
    world.pass(SignedDuration::from_mins(10)).await;
    assert!(calls() <= 3 * 12, "again after a minute: {} calls", calls());
    world.shopify.refuse_all(false);
    world.pass(SignedDuration::from_mins(2)).await;
    for item in &items {
        assert_eq!(world.shopify.available(*item, PLACE), Some(11));
    }
}
