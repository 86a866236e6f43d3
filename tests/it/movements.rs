//! Movements of a warehouse become levels of the stores.

use jiff::SignedDuration;
use lockstep_tests::http::Api;
use lockstep_tests::world::{Shop, World, count, movement};
use serde_json::json;

/// A physical back office and a Delta store that shows 10 of LAMP at Berlin, both at 10, and has
/// been live for a while.
async fn delta_world() -> (World, Api, Shop) {
    delta_world_of(10, 10).await
}

/// The same with other numbers at Berlin and Lyon.
async fn delta_world_of(berlin: i64, lyon: i64) -> (World, Api, Shop) {
    let world = World::start().await;
    let wms = world.backoffice("wms", "physical", &["MAIN", "SIDE"]).await;
    let shop = world.store("north", "wms", &["Berlin", "Lyon"], &[("LAMP", berlin)]).await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    at.act("edit_stock", json!({"sku": "LAMP", "location": "Lyon", "available": lyon}))
        .expect("an edit");
    world.map(&shop, "Berlin", &["wms/MAIN"]).await;
    world.map(&shop, "Lyon", &["wms/SIDE"]).await;
    world.link(&shop, "wms", "LAMP").await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", &berlin.to_string())]).await;
    world.report(&wms, "counts", &[count("c2", "LAMP", "SIDE", &lyon.to_string())]).await;
    world.go_live(&shop, "delta").await;
    world.settle(&shop).await;
    (world, wms, shop)
}

#[tokio::test]
async fn b126_receiving_raises_available_within_ten_seconds() {
    let (world, wms, shop) = delta_world().await;
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    let took = world
        .until("Berlin shows 15", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 15
        })
        .await;
    assert!(took <= SignedDuration::from_secs(10), "{took}");
    assert_eq!(world.shown(&shop, "Lyon", "LAMP", "available").await, 10);
}

#[tokio::test]
async fn b127_a_pick_for_an_order_does_not_fall_twice() {
    let (world, wms, shop) = delta_world_of(17, 10).await;
    let at = world.standin.shop(&shop.domain).expect("a shop");
    let order = at
        .act("checkout", json!({"lines": [{"sku": "LAMP", "quantity": 2}], "location": "Berlin"}))
        .expect("a checkout");
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 15);
    let mut pick = movement("m1", "PICKING", "LAMP", "MAIN", "-2");
    pick["order"] = json!({
        "order_key": format!("north:{}", order["order_id"]),
        "line_id": order["lines"][0]["line_item_id"].to_string(),
    });
    let other = movement("m2", "PICKING", "LAMP", "MAIN", "-3");
    world.report(&wms, "movements", &[pick]).await;
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 15);
    world.report(&wms, "movements", &[other]).await;
    world
        .until("Berlin shows 12", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 12
        })
        .await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "committed").await, 2);
    assert_eq!(world.calls(&shop, "AdjustQuantities").len(), 1);
}

#[tokio::test]
async fn b128_an_adjustment_lowers_and_raises() {
    let (world, wms, shop) = delta_world_of(12, 10).await;
    world.report(&wms, "movements", &[movement("m1", "ADJUSTMENT", "LAMP", "MAIN", "-4")]).await;
    world
        .until("Berlin shows 8", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 8
        })
        .await;
    world.report(&wms, "movements", &[movement("m2", "ADJUSTMENT", "LAMP", "MAIN", "3")]).await;
    world
        .until("Berlin shows 11", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 11
        })
        .await;
}

#[tokio::test]
async fn b129_a_transfer_moves_both_locations() {
    let (world, wms, shop) = delta_world_of(8, 0).await;
    let transfer = json!({
        "event_id": "t1", "kind": "MOVEMENT_KIND_TRANSFER", "sku": "LAMP", "quantity": "3",
        "from_warehouse_code": "MAIN", "to_warehouse_code": "SIDE",
        "occurred_at": "2026-11-24T10:00:01Z",
    });
    world.report(&wms, "movements", &[transfer]).await;
    world
        .until("Berlin shows 5 and Lyon 3", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 5
                && world.shown(&shop, "Lyon", "LAMP", "available").await == 3
        })
        .await;
}

#[tokio::test]
async fn b130_forty_movements_cost_two_writes() {
    let (world, wms, shop) = delta_world().await;
    world.report(&wms, "movements", &[movement("m0", "RECEIVING", "LAMP", "MAIN", "1")]).await;
    let first = world
        .until("Berlin shows 11", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 11
        })
        .await;
    assert!(first <= SignedDuration::from_secs(2), "the first change leaves at once: {first}");
    for n in 1..40 {
        let one = movement(&format!("m{n}"), "RECEIVING", "LAMP", "MAIN", "1");
        world.report(&wms, "movements", &[one]).await;
        world.advance(SignedDuration::from_millis(640));
    }
    let took = world
        .until("Berlin shows 50", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 50
        })
        .await;
    // 25 s have passed; a change waits at most a second for others of its store.
    assert!(took <= SignedDuration::from_secs(6), "right when the window ends, took {took} more");
    assert!(world.calls(&shop, "AdjustQuantities").len() <= 2);
}

#[tokio::test]
async fn b148_two_stores_on_one_warehouse_hear_of_it_each_in_its_mode() {
    let (world, wms, north) = delta_world().await;
    let south = world.store("south", "wms", &["Madrid"], &[("LAMP", 10)]).await;
    world.map(&south, "Madrid", &["wms/MAIN"]).await;
    world.link(&south, "wms", "LAMP").await;
    world.go_live(&south, "absolute").await;
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    world
        .until("both show 15", async || {
            world.shown(&north, "Berlin", "LAMP", "available").await == 15
                && world.shown(&south, "Madrid", "LAMP", "available").await == 15
        })
        .await;
    assert!(world.calls(&north, "SetQuantities").is_empty());
    assert!(world.calls(&south, "AdjustQuantities").is_empty());
}

#[tokio::test]
async fn a_repeated_report_counts_once() {
    let (world, wms, shop) = delta_world().await;
    let one = movement("m1", "RECEIVING", "LAMP", "MAIN", "5");
    let first = world.report(&wms, "movements", std::slice::from_ref(&one)).await;
    assert_eq!(first["items"][0]["status"], "ITEM_STATUS_ACCEPTED");
    let second = world.report(&wms, "movements", std::slice::from_ref(&one)).await;
    assert_eq!(second["items"][0]["status"], "ITEM_STATUS_DUPLICATE");
    let other = movement("m1", "RECEIVING", "LAMP", "MAIN", "6");
    let third = world.report(&wms, "movements", &[other]).await;
    assert_eq!(third["items"][0]["error"]["code"], "ERROR_CODE_CONFLICT");
    world
        .until("Berlin shows 15", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 15
        })
        .await;
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 15);
}

#[tokio::test]
async fn a_busy_item_leaves_at_once_and_once_per_window() {
    let (world, wms, shop) = delta_world().await;
    for n in 0..150 {
        let one = movement(&format!("m{n}"), "RECEIVING", "LAMP", "MAIN", "1");
        world.report(&wms, "movements", &[one]).await;
        world.advance(SignedDuration::from_millis(100));
    }
    let calls = world.calls(&shop, "AdjustQuantities").len();
    assert_eq!(calls, 1, "within fifteen seconds the first change has left, and no other");
    world
        .until("Berlin shows 160", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 160
        })
        .await;
    assert_eq!(world.calls(&shop, "AdjustQuantities").len(), 2);
}

#[tokio::test]
async fn many_items_are_linked_by_one_file_and_pushed_in_one_call() {
    let world = World::start().await;
    let wms = world.backoffice("wms", "physical", &["MAIN"]).await;
    let skus: Vec<String> = (0..120).map(|n| format!("SKU-{n:03}")).collect();
    let items: Vec<(&str, i64)> = skus.iter().map(|sku| (sku.as_str(), 10)).collect();
    let shop = world.store("north", "wms", &["Berlin"], &items).await;
    world.map(&shop, "Berlin", &["wms/MAIN"]).await;
    let rows = skus.iter().map(|sku| format!("{},wms,{sku}\n", shop.variant_id(sku)));
    let csv = format!("variant_id,backoffice,sku\n{}", rows.collect::<String>());
    let sent = world.admin.post_text("/api/v1/stores/north/links", "text/csv", csv);
    let answer = world.patient(sent).await.ok();
    assert_eq!(answer["linked"], 120, "{answer:#}");
    world.go_live(&shop, "delta").await;
    let moved: Vec<_> =
        skus.iter().map(|sku| movement(sku, "RECEIVING", sku, "MAIN", "1")).collect();
    world.report(&wms, "movements", &moved).await;
    world
        .until("every item shows 11", async || {
            world.shown(&shop, "Berlin", "SKU-000", "available").await == 11
                && world.shown(&shop, "Berlin", "SKU-119", "available").await == 11
        })
        .await;
    assert!(world.calls(&shop, "AdjustQuantities").len() <= 3);
}

#[tokio::test]
async fn b82_a_goods_receipt_raises_the_level() {
    let (world, wms, shop) = delta_world_of(1000, 10).await;
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "200")]).await;
    world
        .until("Berlin shows 1200", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 1200
        })
        .await;
}

#[tokio::test]
async fn b22_b23_b24_a_refund_of_the_back_office_puts_goods_back_and_stays_there() {
    let (world, wms, shop) = delta_world_of(46, 10).await;
    world.report(&wms, "movements", &[movement("m1", "RETURN", "LAMP", "MAIN", "2")]).await;
    world
        .until("Berlin shows 48", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 48
        })
        .await;
    world.until_position(&shop, "LAMP", "wms/MAIN", Some("48")).await;
    assert!(world.calls(&shop, "RefundCreate").is_empty());
}

#[tokio::test]
async fn b133_what_is_not_linked_is_never_touched() {
    let world = World::start().await;
    let wms = world.backoffice("wms", "physical", &["MAIN"]).await;
    let items = [("LAMP", 10), ("BULB", 10), ("SHADE", 10)];
    let shop = world.store("north", "wms", &["Berlin"], &items).await;
    world.map(&shop, "Berlin", &["wms/MAIN"]).await;
    world.link(&shop, "wms", "LAMP").await;
    for (sku, _) in items {
        world.report(&wms, "counts", &[count(sku, sku, "MAIN", "0")]).await;
    }
    world.go_live(&shop, "absolute").await;
    let moved = items.map(|(sku, _)| movement(&format!("m-{sku}"), "RECEIVING", sku, "MAIN", "3"));
    world.report(&wms, "movements", &moved).await;
    world
        .until("the linked one shows 3", async || {
            world.shown(&shop, "Berlin", "LAMP", "available").await == 3
        })
        .await;
    world.settle(&shop).await;
    for sku in ["BULB", "SHADE"] {
        assert_eq!(world.shown(&shop, "Berlin", sku, "available").await, 10, "{sku}");
    }
}
