//! Webhooks that were missed: levels are read again.

use jiff::SignedDuration;
use lockstep_contracts::settings::v1::{StockMode, StockSettings};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::stock::v1::ReadLevelsRequest;
use lockstep_contracts::time::to_proto;
use lockstep_stock_sync::rereading::read_levels;

use crate::world::{PLACE, World, live};

async fn ask(world: &World) {
    let request = ReadLevelsRequest { store: "north".to_owned() };
    read_levels(&world.engine, &request).await.expect("it is taken on");
}

fn reads(world: &World) -> usize {
    world.shopify.calls("LevelsOfItems").len()
}

#[tokio::test]
async fn an_edit_whose_webhook_was_missed_is_seen_when_levels_are_read_again() {
    let world = World::live(StockMode::Absolute, &[1, 2]).await;
    world.shopify.edit(1, PLACE, 3);
    world.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(world.shopify.available(1, PLACE), Some(13), "nobody told of it");
    let before = reads(&world);
    ask(&world).await;
    world.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(world.shopify.available(1, PLACE), Some(10), "Absolute overwrites an edit");
    assert_eq!(world.shopify.available(2, PLACE), Some(10));
    assert_eq!(reads(&world), before + 1, "both in one call");
}

#[tokio::test]
async fn reading_levels_again_writes_nothing_by_itself() {
    let world = World::live(StockMode::Delta, &[1, 2]).await;
    world.shopify.edit(1, PLACE, 3);
    let before = reads(&world);
    ask(&world).await;
    ask(&world).await;
    world.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(world.shopify.available(1, PLACE), Some(13), "Delta keeps an edit");
    assert_eq!(world.at_place(1).await.shown.map(|shown| shown.available), Some(13));
    assert!(world.shopify.calls("AdjustQuantities").is_empty());
    assert_eq!(reads(&world), before + 1, "asked twice, read once");
}

#[tokio::test]
async fn of_a_store_whose_stock_is_off_nothing_is_read() {
    let world = World::live(StockMode::Delta, &[1]).await;
    let off = StockSettings { enabled: 1, ..live(StockMode::Delta) };
    world.adopt_store(2, off).await;
    world.settle().await;
    let before = reads(&world);
    ask(&world).await;
    world.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(reads(&world), before);
}

#[tokio::test]
async fn many_levels_are_read_page_by_page() {
    let items: Vec<i64> = (1..=1_100).collect();
    let world = World::live(StockMode::Absolute, &items).await;
    world.pass(SignedDuration::from_mins(5)).await;
    for item in [1, 600, 1_100] {
        world.shopify.edit(item, PLACE, 3);
    }
    ask(&world).await;
    world.pass(SignedDuration::from_mins(5)).await;
    for item in [1, 600, 1_100] {
        assert_eq!(world.shopify.available(item, PLACE), Some(10), "item {item}");
    }
}

/// Shopify's webhook about a level, sent now.
fn updated(world: &World, item: i64, available: i64) -> WebhookReceived {
    let now = world.engine.now();
    let body = format!(
        r#"{{"inventory_item_id":{item},"location_id":{PLACE},"available":{available},
            "updated_at":"{now}"}}"#
    );
    WebhookReceived {
        store: "north".to_owned(),
        topic: "inventory_levels/update".to_owned(),
        triggered_at: Some(to_proto(now)),
        body: body.into_bytes().into(),
        ..WebhookReceived::default()
    }
}

#[tokio::test]
async fn a_topic_that_falls_silent_has_levels_read_and_one_that_is_heard_has_not() {
    let world = World::live(StockMode::Absolute, &[1, 2]).await;
    for _ in 0..12 {
        world.take(&updated(&world, 2, 10)).await;
        world.pass(SignedDuration::from_mins(10)).await;
    }
    let before = reads(&world);
    world.shopify.edit(1, PLACE, 3);
    world.pass(SignedDuration::from_mins(15)).await;
    assert_eq!(reads(&world), before, "its own history explains it");
    world.pass(SignedDuration::from_mins(10)).await;
    assert_eq!(world.shopify.available(1, PLACE), Some(10), "nobody else would have noticed");
    let first = reads(&world);
    world.pass(SignedDuration::from_mins(20)).await;
    assert_eq!(reads(&world), first, "and it is waited for longer");
}
