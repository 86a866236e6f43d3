//! Locations: which warehouses serve them, and the one default.

use rstest::rstest;
use serde_json::{Value, json};

use crate::world::World;

async fn map(world: &World, location: &str, body: Value) -> crate::world::Answer {
    world.call("PUT", &format!("/stores/north/locations/{location}"), body).await
}

#[tokio::test]
async fn every_location_of_shopify_is_shown_with_its_mapping() {
    let world = World::furnished().await;
    let body = json!({"warehouses": ["wms/MAIN"], "shipping_process": "parcel", "buffer": 2});
    let mapped = map(&world, "71", body).await.ok();
    assert_eq!(mapped["name"], "Berlin");
    assert_eq!(mapped["pending"], json!([]));
    let shown = world.get("/stores/north/locations").await.ok();
    let berlin = json!({"location_id": "71", "name": "Berlin", "exists": true, "is_active": true,
        "warehouses": ["wms/MAIN"], "shipping_process": "parcel", "default": true, "buffer": 2});
    let lyon = json!({"location_id": "72", "name": "Lyon", "exists": true, "is_active": true,
        "warehouses": [], "shipping_process": "", "default": false, "buffer": null});
    assert_eq!(shown["locations"], json!([berlin, lyon]));
    world.shops.with("shpat_north", |shop| shop.locations.clear());
    let shown = world.get("/stores/north/locations").await.ok();
    assert_eq!(shown["locations"][0]["exists"], false);
}

#[tokio::test]
async fn exactly_one_location_is_the_default() {
    let world = World::furnished().await;
    assert_eq!(map(&world, "71", json!({"warehouses": ["wms/MAIN"]})).await.ok()["default"], true);
    assert_eq!(map(&world, "72", json!({"warehouses": ["wms/SIDE"]})).await.ok()["default"], false);
    let away = json!({"warehouses": ["wms/MAIN"], "default": false});
    let refused = map(&world, "71", away).await;
    assert_eq!(refused.problem(), (422, "DEFAULT_NEEDED".into(), "default".into()));
    let refused = map(&world, "71", json!({"warehouses": []})).await;
    assert_eq!(refused.problem().1, "DEFAULT_NEEDED");

    let taken = json!({"warehouses": ["wms/SIDE"], "default": true});
    assert_eq!(map(&world, "72", taken).await.ok()["default"], true);
    let store = world.get("/stores/north").await.ok();
    let defaults: Vec<_> = store["locations"].as_array().unwrap().iter().collect();
    assert_eq!((&defaults[0]["default"], &defaults[1]["default"]), (&json!(false), &json!(true)));
    map(&world, "71", json!({"warehouses": []})).await.ok();
    map(&world, "72", json!({"warehouses": []})).await.ok();
    assert_eq!(world.get("/stores/north").await.ok()["locations"], json!([]));
}

#[tokio::test]
async fn a_store_that_works_keeps_its_last_location() {
    let world = World::furnished().await;
    map(&world, "71", json!({"warehouses": ["wms/MAIN"]})).await.ok();
    world.call("PATCH", "/stores/north", json!({"enabled": true})).await.ok();
    let refused = map(&world, "71", json!({"warehouses": []})).await;
    assert_eq!(refused.problem(), (422, "DEFAULT_NEEDED".into(), "default".into()));
}

#[tokio::test]
async fn a_warehouse_serves_one_location_of_a_store() {
    let world = World::furnished().await;
    map(&world, "71", json!({"warehouses": ["wms/MAIN", "wms/SIDE"]})).await.ok();
    let refused = map(&world, "72", json!({"warehouses": ["wms/SIDE"]})).await;
    assert_eq!(refused.problem(), (422, "WAREHOUSE_TAKEN".into(), "warehouses[0]".into()));
    map(&world, "71", json!({"warehouses": ["wms/MAIN"]})).await.ok();
    map(&world, "72", json!({"warehouses": ["wms/SIDE"]})).await.ok();
}

#[rstest]
#[case("71", json!({"warehouses": ["wms/NONE"]}), (422, "UNKNOWN_WAREHOUSE", "warehouses[0]"))]
#[case("71", json!({"warehouses": ["wms/MAIN", "erp/A"]}),
       (422, "UNKNOWN_BACK_OFFICE", "warehouses[1]"))]
#[case("71", json!({"warehouses": ["MAIN"]}), (422, "VALIDATION", "warehouses[0]"))]
#[case("71", json!({"warehouses": ["wms/MAIN", "wms/MAIN"]}),
       (422, "VALIDATION", "warehouses[1]"))]
#[case("71", json!({"warehouses": "wms/MAIN"}), (422, "VALIDATION", "warehouses"))]
#[case("71", json!({}), (422, "VALIDATION", "warehouses"))]
#[case("71", json!({"warehouses": ["wms/MAIN"], "buffer": -1}), (422, "VALIDATION", "buffer"))]
#[case("71", json!({"warehouses": ["wms/MAIN"], "bufer": 1}), (422, "UNKNOWN_FIELD", "bufer"))]
#[case("99", json!({"warehouses": ["wms/MAIN"]}), (404, "UNKNOWN_LOCATION", ""))]
#[case("Berlin", json!({"warehouses": ["wms/MAIN"]}), (404, "UNKNOWN_LOCATION", ""))]
#[tokio::test]
async fn a_mapping_that_cannot_be_is_refused(
    #[case] location: &str,
    #[case] body: Value,
    #[case] expected: (u16, &str, &str),
) {
    let world = World::furnished().await;
    let (status, code, field) = map(&world, location, body).await.problem();
    assert_eq!((status, code.as_str(), field.as_str()), expected);
    assert_eq!(world.get("/stores/north").await.ok()["locations"], json!([]));
}
