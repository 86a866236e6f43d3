//! Items that a mapped location does not stock, and items that are gone.

use jiff::SignedDuration;
use lockstep_contracts::settings::v1::{StockMode, StockSettings};
use lockstep_domain::stock::level::Verdict;

use crate::shopify::Fault;
use crate::world::{PLACE, World, live};

const LAMP: i64 = 7;

/// LAMP is linked and counted at twenty, and stocked nowhere.
async fn unstocked(stock: StockSettings) -> World {
    let world = World::start().await;
    world.shopify.unstock(LAMP);
    world.link(LAMP, 1).await;
    world.count(LAMP, "20").await;
    world.adopt_store(1, stock).await;
    world
}

#[tokio::test]
async fn an_unstocked_level_is_activated_and_in_absolute_set() {
    let world = unstocked(live(StockMode::Absolute)).await;
    world.settle().await;
    assert_eq!(world.shopify.calls("Activate").len(), 1);
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(20));
    assert_eq!(world.at_place(LAMP).await.verdict, None);
}

#[tokio::test]
async fn in_delta_an_activated_level_starts_from_what_it_shows_then() {
    let world = unstocked(live(StockMode::Delta)).await;
    world.settle().await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(0));
    world.adjust(LAMP, "5").await;
    world.settle().await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(5));
}

#[tokio::test]
async fn what_moved_while_nothing_could_be_written_is_not_sent_behind_an_activation() {
    let forbids = StockSettings { activate_at_location: Some(false), ..live(StockMode::Delta) };
    let world = unstocked(forbids).await;
    world.settle().await;
    world.adjust(LAMP, "5").await;
    world.settle().await;
    assert!(world.shopify.calls("Activate").is_empty());
    assert_eq!(world.at_place(LAMP).await.verdict, Some(Verdict::NotStocked));
    world.adopt_store(2, live(StockMode::Delta)).await;
    world.settle().await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(0));
    world.adjust(LAMP, "1").await;
    world.settle().await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(1));
}

#[tokio::test]
async fn an_activation_without_an_answer_is_repeated_by_its_key() {
    let world = unstocked(live(StockMode::Absolute)).await;
    world.shopify.fault(Fault::LostAnswer);
    world.shopify.fault(Fault::Throttled);
    world.pass(SignedDuration::from_mins(5)).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(20));
    let calls = world.shopify.calls("Activate");
    assert!(calls.windows(2).all(|two| two[0]["key"] == two[1]["key"]), "{calls:?}");
}

#[tokio::test]
async fn an_activation_that_was_never_answered_is_given_up_and_read() {
    let world = unstocked(live(StockMode::Absolute)).await;
    world.clock.advance(SignedDuration::from_secs(1));
    world.shopify.fault(Fault::LostAnswer);
    while world.shopify.calls("Activate").is_empty() {
        world.turn().await;
        world.clock.advance(SignedDuration::from_millis(300));
    }
    world.shopify.lock(true);
    world.pass(SignedDuration::from_hours(24)).await;
    world.shopify.lock(false);
    world.pass(SignedDuration::from_mins(15)).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(20));
}

#[tokio::test]
async fn a_refused_activation_is_a_verdict_in_shopifys_words() {
    let world = unstocked(live(StockMode::Absolute)).await;
    world.shopify.refuse_activation();
    world.pass(SignedDuration::from_mins(10)).await;
    assert_eq!(world.shopify.calls("Activate").len(), 1, "not again and again");
    let verdict = world.at_place(LAMP).await.verdict;
    let Some(Verdict::Refused { message, .. }) = &verdict else { panic!("{verdict:?}") };
    assert_eq!(message, "not here");
}

#[tokio::test]
async fn a_repetition_that_is_refused_says_nothing_about_the_first_attempt() {
    let world = unstocked(live(StockMode::Delta)).await;
    world.shopify.fault(Fault::LostAnswerAndForget);
    world.clock.advance(SignedDuration::from_secs(1));
    while world.shopify.calls("Activate").is_empty() {
        world.turn().await;
        world.clock.advance(SignedDuration::from_millis(300));
    }
    world.adjust(LAMP, "5").await;
    world.shopify.refuse_activation();
    world.pass(SignedDuration::from_mins(5)).await;
    let known = world.at_place(LAMP).await;
    assert_eq!((&known.verdict, &known.activation), (&None, &None));
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(0), "it starts from what it shows");
    world.adjust(LAMP, "1").await;
    world.settle().await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(1));
}

#[tokio::test]
async fn many_activations_leave_room_for_falls() {
    let world = World::live(StockMode::Absolute, &[LAMP]).await;
    for item in 100..160 {
        world.shopify.unstock(item);
        world.link(item, 1).await;
        world.count(item, "3").await;
    }
    world.clock.advance(SignedDuration::from_secs(40));
    // Reads first; the next turn finds sixty to activate.
    world.turn().await;
    world.adjust(LAMP, "-1").await;
    world.clock.advance(SignedDuration::from_millis(300));
    world.turn().await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(9));
    assert!(world.shopify.calls("Activate").len() <= 10);
    world.pass(SignedDuration::from_mins(3)).await;
    for item in 100..160 {
        assert_eq!(world.shopify.available(item, PLACE), Some(3), "item {item}");
    }
    assert_eq!(world.shopify.calls("Activate").len(), 60);
}

#[tokio::test]
async fn an_item_that_a_read_does_not_find_is_deleted() {
    let world = World::live(StockMode::Absolute, &[LAMP]).await;
    world.shopify.delete(LAMP);
    let message = crate::world::disconnected(LAMP);
    world.take(&message).await;
    world.settle().await;
    assert_eq!(world.at_place(LAMP).await.verdict, Some(Verdict::Deleted));
    assert!(world.shopify.calls("Activate").is_empty());
}
