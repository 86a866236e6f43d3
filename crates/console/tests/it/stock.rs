//! The stock of one SKU, as stock-sync tells it.

use lockstep_contracts::stock::v1::{
    GetStockRequest, GetStockResponse, LevelView, WarehousePosition,
};
use lockstep_contracts::time::to_proto;
use serde_json::{Value, json};

use crate::world::{NOON, World};

async fn with_stock() -> World {
    let mut world = World::furnished().await;
    let answer = |request: GetStockRequest| GetStockResponse {
        found: request.sku == "LAMP/1 💡",
        positions: vec![
            WarehousePosition {
                warehouse: "wms/MAIN".to_owned(),
                position: Some("12.5".to_owned()),
                owed: 1,
                free: Some(11),
                sku: "LAMP/1 💡".to_owned(),
            },
            WarehousePosition {
                warehouse: "erp/SIDE".to_owned(),
                sku: "L-1".to_owned(),
                ..Default::default()
            },
        ],
        levels: vec![LevelView {
            inventory_item_id: i64::MAX,
            location_id: 71,
            warehouses: vec!["wms/MAIN".to_owned()],
            delta_target: 12,
            booked: Some(12),
            verdict: "UNTRACKED".to_owned(),
            ..Default::default()
        }],
        window_until: Some(to_proto(NOON)),
        dirty_since: None,
    };
    world.answers(GetStockRequest::subject(), answer).await;
    world
}

#[tokio::test]
async fn what_is_not_known_is_null_and_large_ids_are_whole() {
    let world = with_stock().await;
    let stock = world.get("/stores/north/stock/LAMP%2F1%20%F0%9F%92%A1").await.ok();
    assert_eq!((&stock["store"], &stock["sku"]), (&json!("north"), &json!("LAMP/1 💡")));
    let positions = json!([
        {"warehouse": "wms/MAIN", "sku": "LAMP/1 💡", "position": "12.5", "owed": 1, "free": 11},
        {"warehouse": "erp/SIDE", "sku": "L-1", "position": null, "owed": 0, "free": null}]);
    assert_eq!(stock["positions"], positions);
    let level = &stock["levels"][0];
    assert_eq!(level["inventory_item_id"], "9223372036854775807");
    assert_eq!((&level["booked"], &level["available_target"]), (&json!(12), &Value::Null));
    assert_eq!(level["verdict"], "UNTRACKED");
    assert_eq!(
        (&stock["window_until"], &stock["dirty_since"]),
        (&json!(NOON.to_string()), &Value::Null)
    );
}

#[tokio::test]
async fn a_sku_that_nothing_is_linked_to_is_unknown() {
    let world = with_stock().await;
    for sku in ["OTHER", "%20LAMP", "a%00b", &"x".repeat(500)] {
        let answer = world.get(&format!("/stores/north/stock/{sku}")).await;
        assert_eq!(answer.problem(), (404, "UNKNOWN_SKU".into(), String::new()), "{sku}");
    }
    let answer = world.get("/stores/none/stock/LAMP").await;
    assert_eq!(answer.problem().1, "UNKNOWN_STORE");
}

#[tokio::test]
async fn a_silent_stock_sync_is_named() {
    let world = World::furnished().await;
    let answer = world.get("/stores/north/stock/LAMP").await;
    assert_eq!(answer.problem(), (503, "SERVICE_SILENT".into(), String::new()));
    assert!(answer.text.contains("stock-sync"));
}
