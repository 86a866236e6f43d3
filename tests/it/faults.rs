//! Shopify fails in its many ways; no unit is written twice and none is lost.

use lockstep_tests::http::Api;
use lockstep_tests::world::{Shop, World, count, movement};
use serde_json::json;

async fn world_in(mode: &str) -> (World, Api, Shop) {
    let (world, wms, shop) = World::with_one_level(10).await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "10")]).await;
    world.go_live(&shop, mode).await;
    world.settle(&shop).await;
    (world, wms, shop)
}

/// One fault on the next write; afterwards the level must be right, and stay so.
async fn survives(mode: &str, fault: &str) {
    let (world, wms, shop) = world_in(mode).await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.fault(json!({"fault": fault})).expect("a fault that the stand-in knows");
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    world
        .until("Berlin shows 15", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 15
        })
        .await;
    world.report(&wms, "movements", &[movement("m2", "PICKING", "LAMP", "MAIN", "-1")]).await;
    world
        .until("Berlin shows 14", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 14
        })
        .await;
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 14);
    let violations = serde_json::to_value(at.violations()).expect("violations");
    assert_eq!(violations.as_array().map(Vec::len).unwrap_or_default(), 0, "{violations:#}");
}

#[tokio::test]
async fn delta_survives_an_error_before_shopify_applied() {
    survives("delta", "api_502_before").await;
}

#[tokio::test]
async fn delta_survives_an_error_after_shopify_applied() {
    survives("delta", "api_502_after").await;
}

#[tokio::test]
async fn absolute_survives_an_error_before_shopify_applied() {
    survives("absolute", "api_502_before").await;
}

#[tokio::test]
async fn absolute_survives_an_error_after_shopify_applied() {
    survives("absolute", "api_502_after").await;
}

#[tokio::test]
async fn delta_survives_a_throttled_call() {
    survives("delta", "api_throttled").await;
}

#[tokio::test]
async fn a_repeated_adjust_that_is_throttled_is_not_taken_for_dropped() {
    let (world, wms, shop) = world_in("delta").await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.fault(json!({"fault": "api_502_after"})).expect("a fault");
    at.fault(json!({"fault": "api_throttled", "count": 2})).expect("a fault");
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    for _ in 0..6 {
        world.settle(&shop).await;
    }
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 15);
    let stock = world.admin.get("/api/v1/stores/north/stock/LAMP").await.ok();
    assert_eq!(stock["levels"][0]["in_flight"], "", "{stock:#}");
}

/// Whatever befalls the repetition says nothing about the first attempt.
async fn repeats_until_answered(second: &str) {
    let (world, wms, shop) = world_in("delta").await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.fault(json!({"fault": "api_502_after"})).expect("a fault");
    at.fault(json!({"fault": second, "count": 3})).expect("a fault");
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    for _ in 0..8 {
        world.settle(&shop).await;
    }
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 15);
    let stock = world.admin.get("/api/v1/stores/north/stock/LAMP").await.ok();
    let in_flight = stock.pointer("/levels/0/in_flight").and_then(|id| id.as_str());
    assert_eq!(in_flight, Some(""), "{stock:#}");
    world.report(&wms, "movements", &[movement("m2", "PICKING", "LAMP", "MAIN", "-2")]).await;
    world
        .until("Berlin shows 13", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 13
        })
        .await;
}

#[tokio::test]
async fn a_repeated_adjust_whose_connection_breaks_is_not_taken_for_dropped() {
    repeats_until_answered("api_reset_before").await;
}

#[tokio::test]
async fn a_repeated_adjust_that_is_refused_for_its_rate_is_not_taken_for_dropped() {
    repeats_until_answered("api_429").await;
}

#[tokio::test]
async fn a_disconnect_is_looked_into_and_a_late_one_changes_nothing() {
    let (world, wms, shop) = world_in("delta").await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    let late = json!({"fault": "webhook_hold", "topic": "inventory_levels/disconnect"});
    at.fault(late).expect("a fault");
    let level = json!({"sku": "LAMP", "location": "Berlin"});
    at.act("disconnect", level.clone()).expect("an act");
    at.act("connect", level).expect("an act");
    world.settle(&shop).await;
    let before = world.shown(&shop, "Berlin", "LAMP", "available").await;
    at.fault(json!({"fault": "webhook_release"})).expect("a release");
    world.settle(&shop).await;
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    world
        .until("Berlin shows five more", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == before + 5
        })
        .await;
}

#[tokio::test]
async fn a_webhook_that_comes_twice_or_late_changes_nothing() {
    let (world, wms, shop) = world_in("delta").await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.fault(json!({"fault": "webhook_duplicate"})).expect("a fault");
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    world
        .until("Berlin shows 15", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 15
        })
        .await;
    at.fault(json!({"fault": "webhook_delay", "seconds": 120})).expect("a fault");
    world.report(&wms, "movements", &[movement("m2", "RECEIVING", "LAMP", "MAIN", "1")]).await;
    world.settle(&shop).await;
    world.report(&wms, "movements", &[movement("m3", "RECEIVING", "LAMP", "MAIN", "1")]).await;
    world
        .until("Berlin shows 17", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 17
        })
        .await;
    for _ in 0..5 {
        world.settle(&shop).await;
    }
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 17);
}
