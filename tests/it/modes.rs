//! Delta and Absolute, switching on, and what must never be written.

use lockstep_tests::world::{World, count, movement};
use serde_json::json;

#[tokio::test]
async fn b132_absolute_overwrites_what_somebody_typed() {
    let (world, wms, shop) = World::with_one_level(99).await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "21")]).await;
    world.go_live(&shop, "absolute").await;
    world
        .until("Berlin shows 21", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 21
        })
        .await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.act("edit_stock", json!({"sku": "LAMP", "location": "Berlin", "available": 99}))
        .expect("an edit");
    world.report(&wms, "movements", &[movement("m1", "ADJUSTMENT", "LAMP", "MAIN", "-1")]).await;
    world
        .until("Berlin shows 20", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 20
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
async fn b135_a_new_store_is_in_delta_and_writes_nothing_at_first() {
    let (world, wms, shop) = World::with_one_level(99).await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "20")]).await;
    let live = json!({"enabled": true, "stock": {"enabled": "live"}});
    world.patient(world.admin.patch("/api/v1/stores/north", &live)).await.ok();
    world.settle(&shop).await;
    let store = world.admin.get("/api/v1/stores/north").await.ok();
    assert_eq!(store["stock"]["mode"], "delta", "{store:#}");
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 99);
    for call in ["SetQuantities", "AdjustQuantities", "Activate"] {
        assert!(world.calls(&shop, call).is_empty(), "{call}");
    }
}

#[tokio::test]
async fn b108_nothing_is_written_while_stock_is_off() {
    let (world, wms, shop) = World::with_one_level(1000).await;
    let off = json!({"enabled": true, "stock": {"enabled": "off"}});
    world.patient(world.admin.patch("/api/v1/stores/north", &off)).await.ok();
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "1000")]).await;
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "200")]).await;
    world.until_position(&shop, "LAMP", "wms/MAIN", Some("1200")).await;
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 1000);
}

#[tokio::test]
async fn b107_only_the_chosen_warehouse_counts() {
    let world = World::start().await;
    let wms = world.backoffice("wms", "physical", &["DEPOZIT", "MAGAZIN"]).await;
    let shop = world.store("north", "wms", &["Berlin"], &[("LAMP", 10)]).await;
    world.map(&shop, "Berlin", &["wms/DEPOZIT"]).await;
    world.link(&shop, "wms", "LAMP").await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "DEPOZIT", "1000")]).await;
    world.report(&wms, "counts", &[count("c2", "LAMP", "MAGAZIN", "50")]).await;
    world.go_live(&shop, "absolute").await;
    world
        .until("Berlin shows 1000", async || {
            world.shown(&shop, "Berlin", "LAMP", "on_hand").await == 1000
        })
        .await;
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "on_hand").await, 1000);
}

#[tokio::test]
async fn b155_what_happened_while_off_is_not_replayed() {
    let (world, wms, shop) = World::with_one_level(10).await;
    let path = format!("/api/v1/stores/{}", shop.id);
    let enabled = world.patient(world.admin.patch(&path, &json!({"enabled": true}))).await.ok();
    assert_eq!(enabled["stock"]["enabled"], "off", "{enabled:#}");
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    world.until_position(&shop, "LAMP", "wms/MAIN", None).await;
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 10);
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

#[tokio::test]
async fn one_stale_line_of_several_spoils_no_other() {
    let world = World::start().await;
    let wms = world.backoffice("wms", "physical", &["MAIN"]).await;
    let items = [("LAMP", 20), ("BULB", 20), ("SHADE", 20)];
    let shop = world.store("north", "wms", &["Berlin"], &items).await;
    world.map(&shop, "Berlin", &["wms/MAIN"]).await;
    for (sku, _) in items {
        world.link(&shop, "wms", sku).await;
        world.report(&wms, "counts", &[count(sku, sku, "MAIN", "20")]).await;
    }
    world.go_live(&shop, "absolute").await;
    world.settle(&shop).await;
    // Somebody types a number, and its webhook never comes.
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.fault(json!({"fault": "webhook_lose", "topic": "inventory_levels/update"})).expect("lost");
    at.act("edit_stock", json!({"sku": "BULB", "location": "Berlin", "available": 99}))
        .expect("an edit");
    let before = world.calls(&shop, "SetQuantities").len();
    let moved: Vec<_> = items
        .iter()
        .map(|(sku, _)| movement(&format!("m-{sku}"), "RECEIVING", sku, "MAIN", "1"))
        .collect();
    world.report(&wms, "movements", &moved).await;
    world
        .until("all three show 21", async || {
            let mut shows = true;
            for (sku, _) in items {
                shows &= world.shown(&shop, "Berlin", sku, "available").await == 21;
            }
            shows
        })
        .await;
    world.settle(&shop).await;
    // The spoiled call, and another when all were read; where the movements fell into several
    // plans, at most each item alone and the stale one again.
    let calls = world.calls(&shop, "SetQuantities").len() - before;
    assert!((2..=items.len() + 1).contains(&calls), "{calls} calls");
    for (sku, _) in items {
        assert_eq!(world.shown(&shop, "Berlin", sku, "available").await, 21);
    }
}

/// ADR 0016: until a store's orders are read for it, a fall that nothing explains may be a sale.
#[tokio::test]
async fn an_edit_downwards_stays_until_orders_are_read() {
    let (world, wms, shop) = World::with_one_level(20).await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "20")]).await;
    world.go_live(&shop, "absolute").await;
    world.settle(&shop).await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.act("edit_stock", json!({"sku": "LAMP", "location": "Berlin", "available": 15}))
        .expect("an edit");
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 15);
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "4")]).await;
    world
        .until("Berlin shows four more and no more", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 19
        })
        .await;
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 19);
}

#[tokio::test]
async fn delta_keeps_what_somebody_typed() {
    let (world, wms, shop) = World::with_one_level(20).await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "20")]).await;
    world.go_live(&shop, "delta").await;
    world.settle(&shop).await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    for typed in [15, 40] {
        at.act("edit_stock", json!({"sku": "LAMP", "location": "Berlin", "available": typed}))
            .expect("an edit");
        world.settle(&shop).await;
        assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, typed);
    }
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "1")]).await;
    world
        .until("Berlin shows one more", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 41
        })
        .await;
}

#[tokio::test]
async fn what_a_location_does_not_stock_is_stocked_there() {
    let world = World::start().await;
    let wms = world.backoffice("wms", "physical", &["MAIN", "SIDE"]).await;
    let shop = world.store("north", "wms", &["Berlin", "Lyon"], &[("LAMP", 10)]).await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.act("disconnect", json!({"sku": "LAMP", "location": "Lyon"})).expect("an act");
    world.map(&shop, "Berlin", &["wms/MAIN"]).await;
    world.map(&shop, "Lyon", &["wms/SIDE"]).await;
    world.link(&shop, "wms", "LAMP").await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "10")]).await;
    world.report(&wms, "counts", &[count("c2", "LAMP", "SIDE", "7")]).await;
    world.go_live(&shop, "absolute").await;
    world
        .until("the location stocks it", async || !world.calls(&shop, "Activate").is_empty())
        .await;
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Lyon", "LAMP", "available").await, 7);
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 10);
    assert_eq!(world.calls(&shop, "Activate").len(), 1);
    let violations = serde_json::to_value(at.violations()).expect("violations");
    assert_eq!(violations, json!([]));
}

#[tokio::test]
async fn a_store_may_forbid_that_a_location_stocks_more() {
    let world = World::start().await;
    let wms = world.backoffice("wms", "physical", &["MAIN"]).await;
    let shop = world.store("north", "wms", &["Berlin", "Lyon"], &[("LAMP", 10)]).await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.act("disconnect", json!({"sku": "LAMP", "location": "Berlin"})).expect("an act");
    world.map(&shop, "Berlin", &["wms/MAIN"]).await;
    world.link(&shop, "wms", "LAMP").await;
    let forbids = json!({"stock": {"activate_at_location": false}});
    world.patient(world.admin.patch("/api/v1/stores/north", &forbids)).await.ok();
    world.go_live(&shop, "absolute").await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "10")]).await;
    world.settle(&shop).await;
    let stock = world.admin.get("/api/v1/stores/north/stock/LAMP").await.ok();
    let verdict = stock["levels"][0]["verdict"].as_str().unwrap_or_default();
    assert!(verdict.starts_with("NOT_STOCKED"), "{stock:#}");
    assert!(verdict.contains("stock.activate_at_location"), "the fix in words: {verdict}");
    assert!(world.calls(&shop, "Activate").is_empty());
}
