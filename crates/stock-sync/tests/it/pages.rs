//! Settings reach many levels page by page.

use std::collections::BTreeMap;

use lockstep_contracts::settings::v1::{StockMode, StockSettings};
use lockstep_ports::Store as _;

use crate::world::{PLACE, World, live};

const LEVELS: i64 = 1_200;
/// Levels of a page and of a turn's own items for each call in the air, each with a few events.
const EVENTS_MAX: usize = (500 + 4 * 250) * 3;

async fn many() -> World {
    let world = World::start().await;
    for item in 1..=LEVELS {
        world.shopify.stock(item, PLACE, 10);
        world.link(item, 1).await;
        world.count(item, "20").await;
    }
    world
}

/// Events per transaction since a position of the log: one transaction has one moment and cause.
async fn sizes(world: &World, after: i64) -> Vec<usize> {
    let mut sizes: BTreeMap<_, usize> = BTreeMap::new();
    for event in world.store.events(after, 1_000_000).await.expect("events") {
        *sizes.entry((event.at, event.cause)).or_default() += 1;
    }
    sizes.into_values().collect()
}

/// Turns with a moment between them, so that transactions can be told apart.
async fn run(world: &World) {
    for _ in 0..400 {
        world.clock.advance(jiff::SignedDuration::from_millis(700));
        world.turn().await;
    }
}

#[tokio::test]
async fn going_live_with_many_levels_is_many_small_transactions() {
    let world = many().await;
    let log = world.position().await;
    world.adopt_store(1, live(StockMode::Absolute)).await;
    assert_eq!(world.kinds_after(log).await, ["adopted"], "the settings alone");
    assert!(world.is_turning().await);
    run(&world).await;
    assert!(!world.is_turning().await);
    for item in 1..=LEVELS {
        assert_eq!(world.shopify.available(item, PLACE), Some(20), "item {item}");
    }
    let sizes = sizes(&world, log).await;
    let largest = sizes.iter().max().copied().unwrap_or_default();
    assert!(largest <= EVENTS_MAX, "{largest} events in one transaction");
    assert!(world.shopify.calls("SetQuantities").len() <= 8);
}

#[tokio::test]
async fn a_movement_right_after_going_live_is_sent_wherever_its_level_stands() {
    let world = many().await;
    world.adopt_store(1, live(StockMode::Delta)).await;
    // No page was turned yet; the last level waits longest.
    world.adjust(1, "3").await;
    world.adjust(LEVELS, "5").await;
    run(&world).await;
    assert_eq!(world.shopify.available(1, PLACE), Some(13));
    assert_eq!(world.shopify.available(LEVELS, PLACE), Some(15));
    assert_eq!(world.shopify.available(600, PLACE), Some(10), "nothing is overwritten");
    assert!(!world.is_turning().await);
}

#[tokio::test]
async fn a_change_amid_the_pages_begins_again_and_ends_once() {
    let world = many().await;
    world.adopt_store(1, live(StockMode::Delta)).await;
    world.clock.advance(jiff::SignedDuration::from_millis(700));
    world.turn().await;
    let off = StockSettings { enabled: 1, ..live(StockMode::Delta) };
    world.adopt_store(2, off).await;
    world.adopt_store(3, live(StockMode::Delta)).await;
    // What moved while it was off is not replayed, and later movements are.
    run(&world).await;
    assert!(!world.is_turning().await);
    for item in [1, 400, 900, LEVELS] {
        world.adjust(item, "2").await;
    }
    run(&world).await;
    for item in [1, 400, 900, LEVELS] {
        assert_eq!(world.shopify.available(item, PLACE), Some(12));
        assert_eq!(world.level(item).await.followed, 3);
    }
}

/// The last page was found due, and before it was turned the rules changed: the levels of the pages
/// before do not follow them yet.
#[tokio::test]
async fn a_change_right_before_the_last_page_does_not_end_the_turn() {
    let world = many().await;
    world.adopt_store(1, live(StockMode::Delta)).await;
    let due = loop {
        let due = world.store.timer("north", "rules").await.expect("read").expect("a timer");
        if due.note == "north/818" {
            break due;
        }
        world.clock.advance(jiff::SignedDuration::from_millis(700));
        world.turn().await;
    };
    let off = StockSettings { enabled: 1, ..live(StockMode::Delta) };
    world.adopt_store(2, off).await;
    world.adopt_store(3, live(StockMode::Delta)).await;
    world.plan(&[due]).await;
    assert!(world.is_turning().await, "other pages are still to be turned");
    world.adjust(1, "3").await;
    run(&world).await;
    assert_eq!(world.shopify.available(1, PLACE), Some(13));
    assert!(!world.is_turning().await);
}

#[tokio::test]
async fn settings_that_end_nothing_leave_baselines_alone() {
    let world = World::live(StockMode::Delta, &[1]).await;
    let log = world.position().await;
    world.adopt_store(2, StockSettings { buffer: 4, ..live(StockMode::Delta) }).await;
    world.settle().await;
    let kinds = world.kinds_after(log).await;
    assert!(!kinds.iter().any(|kind| kind == "baseline_dropped"), "{kinds:?}");
    assert_eq!(world.shopify.available(1, PLACE), Some(6), "the buffer is kept back");
    let log = world.position().await;
    world.adopt_store(3, StockSettings { buffer: 4, ..live(StockMode::Delta) }).await;
    world.settle().await;
    assert_eq!(world.kinds_after(log).await, ["adopted"], "the same for stock moves no level");
}

#[tokio::test]
async fn a_back_office_that_counts_damaged_goods_differently_moves_its_stores() {
    let world = World::live(StockMode::Absolute, &[1]).await;
    let log = world.position().await;
    world.adopt_backoffice(2, false).await;
    let waits = world.store.timer("north", "rules").await.expect("a timer");
    assert!(waits.is_some_and(|timer| timer.due_at.is_some()));
    world.settle().await;
    assert_eq!(world.kinds_after(log).await, ["adopted"], "nothing is damaged");
}
