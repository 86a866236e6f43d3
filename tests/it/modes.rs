//! Delta and Absolute, switching on, and what must never be written.

use lockstep_tests::world::{World, count, movement};
use serde_json::json;

#[tokio::test]
async fn b132_absolute_overwrites_what_somebody_typed() {
    let (world, wms, shop) = World::with_one_level(99).await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "20")]).await;
    world.go_live(&shop, "absolute").await;
    world
        .until("Berlin shows 20", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 20
        })
        .await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.act("edit_stock", json!({"sku": "LAMP", "location": "Berlin", "available": 99}))
        .expect("an edit");
    world.report(&wms, "movements", &[movement("m1", "ADJUSTMENT", "LAMP", "MAIN", "1")]).await;
    world
        .until("Berlin shows 21", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 21
        })
        .await;
}

#[tokio::test]
async fn b134_delta_sends_only_the_difference() {
    let (world, wms, shop) = World::with_one_level(99).await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "20")]).await;
    world.go_live(&shop, "delta").await;
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 99);
    world.report(&wms, "movements", &[movement("m1", "ADJUSTMENT", "LAMP", "MAIN", "-3")]).await;
    world
        .until("Berlin shows 96", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 96
        })
        .await;
}

#[tokio::test]
async fn b155_what_happened_while_off_is_not_replayed() {
    let (world, wms, shop) = World::with_one_level(10).await;
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    world.until_position(&shop, "LAMP", "wms/MAIN", None).await;
    world.go_live(&shop, "delta").await;
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 10);
    world.report(&wms, "movements", &[movement("m2", "RECEIVING", "LAMP", "MAIN", "2")]).await;
    world
        .until("Berlin shows 12", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 12
        })
        .await;
}

#[tokio::test]
async fn an_unknown_position_is_never_written_in_absolute() {
    let (world, wms, shop) = World::with_one_level(10).await;
    world.go_live(&shop, "absolute").await;
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    world.settle(&shop).await;
    assert!(world.calls(&shop, "SetQuantities").is_empty());
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "7")]).await;
    world
        .until("Berlin shows the count and the later movement", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 12
        })
        .await;
}

#[tokio::test]
async fn a_bad_item_gets_its_verdict_and_its_neighbours_go_on() {
    let world = World::start().await;
    let wms = world.backoffice("wms", "physical", &["MAIN"]).await;
    let items = [("LAMP", 10), ("BULB", 10), ("SHADE", 10)];
    let shop = world.store("north", "wms", &["Berlin"], &items).await;
    world.map(&shop, "Berlin", &["wms/MAIN"]).await;
    for (sku, _) in items {
        world.link(&shop, "wms", sku).await;
    }
    world.go_live(&shop, "delta").await;
    world.settle(&shop).await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.act("delete_product", json!({"sku": "BULB"})).expect("a product is deleted");
    let moved: Vec<_> = items
        .iter()
        .map(|(sku, _)| movement(&format!("m-{sku}"), "RECEIVING", sku, "MAIN", "1"))
        .collect();
    world.report(&wms, "movements", &moved).await;
    world
        .until("the neighbours show 11", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 11
                && world.shown(&shop, "Berlin", "SHADE", "available").await == 11
        })
        .await;
    let stock = world.admin.get("/api/v1/stores/north/stock/BULB").await.ok();
    let verdict = stock["levels"][0]["verdict"].as_str().unwrap_or_default();
    assert!(verdict.starts_with("DELETED"), "{stock:#}");
}
