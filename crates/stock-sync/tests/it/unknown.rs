//! Adjusts that are never answered: repeated for as long as Shopify knows their key, then looked
//! at, then asked about.

use jiff::SignedDuration;
use lockstep_contracts::settings::v1::StockMode;
use lockstep_contracts::stock::v1::{
    ListUnknownEffectsRequest, ListUnknownEffectsResponse, SettleEffectRequest, SettleOutcome,
    SettledAs,
};
use lockstep_ports::Store as _;
use lockstep_stock_sync::effects::{list_unknown_effects, settle_effect};

use crate::shopify::Fault;
use crate::world::{PLACE, World};

const LAMP: i64 = 7;
const BULB: i64 = 8;

async fn listed(world: &World, only_asking: bool) -> ListUnknownEffectsResponse {
    let request = ListUnknownEffectsRequest { store: "north".to_owned(), only_asking, limit: 10 };
    list_unknown_effects(&world.engine, &request).await.expect("a list")
}

async fn settled(world: &World, id: &str, settled_as: SettledAs) -> SettleOutcome {
    let settled_as = settled_as.into();
    let request = SettleEffectRequest { id: id.to_owned(), settled_as, by: "ada".to_owned() };
    settle_effect(&world.engine, &request).await.expect("an answer").outcome()
}

/// A movement whose adjust meets a fault and is then, for a day, not let in: its key is forgotten.
async fn a_day_without_an_answer(world: &World, quantity: &str, fault: Fault) {
    unanswered(world, quantity, fault).await;
    a_day_later(world).await;
}

async fn unanswered(world: &World, quantity: &str, fault: Fault) {
    world.pass(SignedDuration::from_mins(10)).await;
    world.adjust(LAMP, quantity).await;
    world.shopify.fault(fault);
    world.clock.advance(SignedDuration::from_secs(1));
    world.turn().await;
    world.shopify.lock(true);
}

async fn a_day_later(world: &World) {
    world.pass(SignedDuration::from_hours(24)).await;
    world.shopify.lock(false);
    world.pass(SignedDuration::from_mins(15)).await;
}

#[tokio::test]
async fn a_rise_that_applied_is_found_by_a_read_and_not_sent_again() {
    let world = World::live(StockMode::Delta, &[LAMP]).await;
    a_day_without_an_answer(&world, "5", Fault::LostAnswer).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(15));
    assert!(world.at_place(LAMP).await.in_flight.is_empty());
    assert!(listed(&world, false).await.effects.is_empty());
    world.adjust(LAMP, "1").await;
    world.settle().await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(16));
}

#[tokio::test]
async fn a_rise_is_found_among_orders_that_came_meanwhile() {
    let world = World::live(StockMode::Delta, &[LAMP]).await;
    unanswered(&world, "5", Fault::LostAnswer).await;
    world.shopify.sell(LAMP, PLACE, 1, false);
    a_day_later(&world).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(14));
    assert!(world.at_place(LAMP).await.in_flight.is_empty());
}

#[tokio::test]
async fn a_fall_that_applied_may_be_a_sale_that_was_fulfilled_so_a_person_is_asked() {
    for fault in [Fault::LostAnswer, Fault::LostCall] {
        let world = World::live(StockMode::Delta, &[LAMP]).await;
        unanswered(&world, "-2", fault).await;
        if fault == Fault::LostCall {
            world.shopify.sell(LAMP, PLACE, 2, true);
        }
        a_day_later(&world).await;
        assert_eq!(world.shopify.available(LAMP, PLACE), Some(8));
        assert_eq!(listed(&world, true).await.effects.len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn what_shopify_never_touched_is_sent_again_by_a_new_key() {
    let world = World::live(StockMode::Delta, &[LAMP]).await;
    a_day_without_an_answer(&world, "5", Fault::LostCall).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(15));
    let calls = world.shopify.calls("AdjustQuantities");
    let keys: std::collections::BTreeSet<_> =
        calls.iter().map(|variables| variables["key"].to_string()).collect();
    assert_eq!(keys.len(), 2, "the forgotten key never reaches Shopify again");
    assert!(world.at_place(LAMP).await.in_flight.is_empty());
}

#[tokio::test]
async fn the_same_bytes_go_again_until_they_are_answered() {
    let world = World::live(StockMode::Delta, &[LAMP]).await;
    world.adjust(LAMP, "5").await;
    world.shopify.fault(Fault::LostAnswer);
    world.shopify.fault(Fault::Throttled);
    world.shopify.fault(Fault::LostCall);
    world.pass(SignedDuration::from_mins(5)).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(15));
    assert!(world.at_place(LAMP).await.in_flight.is_empty());
    assert_eq!(world.at_place(LAMP).await.shown.expect("shown").available, 15);
}

#[tokio::test]
async fn a_refused_repetition_says_nothing_about_the_first_attempt() {
    let world = World::live(StockMode::Delta, &[LAMP]).await;
    world.adjust(LAMP, "5").await;
    world.shopify.fault(Fault::LostAnswer);
    world.shopify.fault(Fault::Unavailable);
    world.pass(SignedDuration::from_mins(5)).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(15), "applied once");
    assert!(world.at_place(LAMP).await.in_flight.is_empty());
    let calls = world.shopify.calls("AdjustQuantities");
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|variables| variables["key"] == calls[0]["key"]), "one key");
}

#[tokio::test]
async fn a_level_that_is_gone_does_not_speak_for_the_others_of_its_call() {
    let world = World::live(StockMode::Delta, &[LAMP, BULB]).await;
    world.pass(SignedDuration::from_mins(10)).await;
    world.adjust(BULB, "-2").await;
    unanswered_beside(&world).await;
    world.shopify.delete(BULB);
    a_day_later(&world).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(8), "not written again");
    let list = listed(&world, true).await;
    let [asks] = list.effects.as_slice() else { panic!("one asks: {list:?}") };
    assert_eq!(asks.line_count, 2);
}

/// A fall of the lamp joins what waits, in one call whose answer is lost.
async fn unanswered_beside(world: &World) {
    world.adjust(LAMP, "-2").await;
    world.shopify.fault(Fault::LostAnswer);
    world.clock.advance(SignedDuration::from_secs(1));
    world.turn().await;
    world.shopify.lock(true);
}

#[tokio::test]
async fn what_nothing_can_tell_asks_a_person_and_blocks_no_fall() {
    let world = World::live(StockMode::Delta, &[LAMP, BULB]).await;
    a_day_without_an_answer(&world, "5", Fault::LostAnswerAndEdit(-2)).await;
    let list = listed(&world, true).await;
    let [asks] = list.effects.as_slice() else { panic!("one asks: {list:?}") };
    assert_eq!((asks.store.as_str(), asks.kind.as_str(), asks.line_count), ("north", "adjust", 1));
    let line = &asks.lines[0];
    assert_eq!((line.inventory_item_id, line.location_id, line.delta), (LAMP, PLACE, 5));
    assert_eq!(line.skus, ["wms/SKU-7"]);
    assert_eq!((line.explained_available, line.read_available), (Some(10), Some(13)));
    assert!(asks.read_at.is_some() && asks.since.is_some());
    // It is taken no more, and holds up nobody else.
    let calls = world.shopify.calls("LevelsOfItems").len();
    world.adjust(BULB, "3").await;
    world.adjust(LAMP, "-4").await;
    world.settle().await;
    assert_eq!(world.shopify.available(BULB, PLACE), Some(13));
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(9), "a fall goes at once");
    world.adjust(LAMP, "6").await;
    world.pass(SignedDuration::from_mins(30)).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(9), "a rise waits");
    assert_eq!(world.shopify.calls("LevelsOfItems").len(), calls);
    // A person looks into Shopify's history.
    let id = asks.id.clone();
    assert_eq!(settled(&world, &id, SettledAs::Unspecified).await, SettleOutcome::Invalid);
    assert_eq!(settled(&world, &id, SettledAs::Applied).await, SettleOutcome::Settled);
    assert_eq!(settled(&world, &id, SettledAs::Applied).await, SettleOutcome::NotFound);
    assert!(listed(&world, false).await.effects.is_empty());
    world.settle().await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(15), "the rise went after the answer");
    let last = world.store.events(0, 100_000).await.expect("events");
    assert!(last.iter().any(|event| event.cause == "settle:ada"));
}

#[tokio::test]
async fn what_a_person_says_did_not_apply_is_sent_again() {
    let world = World::live(StockMode::Delta, &[LAMP]).await;
    a_day_without_an_answer(&world, "5", Fault::LostAnswerAndEdit(-2)).await;
    let id = listed(&world, true).await.effects[0].id.clone();
    assert_eq!(settled(&world, &id, SettledAs::NotApplied).await, SettleOutcome::Settled);
    world.settle().await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(18));
}

#[tokio::test]
async fn falls_go_at_once_and_rises_wait_while_an_adjust_is_repeated() {
    let world = World::live(StockMode::Delta, &[LAMP]).await;
    world.adjust(LAMP, "5").await;
    world.shopify.fault(Fault::LostAnswer);
    world.clock.advance(SignedDuration::from_secs(1));
    world.turn().await;
    let list = listed(&world, false).await;
    let [open] = list.effects.as_slice() else { panic!("one is open: {list:?}") };
    assert!(!open.asks);
    assert_eq!(settled(&world, &open.id, SettledAs::Applied).await, SettleOutcome::StillRepeated);
    assert!(listed(&world, true).await.effects.is_empty());
    world.adjust(LAMP, "-3").await;
    world.pass(SignedDuration::from_secs(1)).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(12), "a fall does not wait for it");
    // Its answers stay away for some minutes more.
    (0..6).for_each(|_| world.shopify.fault(Fault::LostAnswer));
    world.adjust(LAMP, "4").await;
    world.settle().await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(12), "a rise waits");
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(world.shopify.available(LAMP, PLACE), Some(16));
    assert!(world.at_place(LAMP).await.in_flight.is_empty());
}

#[tokio::test]
async fn an_unknown_effect_of_no_id_is_not_found() {
    let world = World::live(StockMode::Delta, &[LAMP]).await;
    let nobody = uuid::Uuid::from_u128(77).to_string();
    assert_eq!(settled(&world, &nobody, SettledAs::Applied).await, SettleOutcome::NotFound);
    assert_eq!(settled(&world, "no id", SettledAs::Applied).await, SettleOutcome::Invalid);
}
