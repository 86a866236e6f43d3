//! Whatever happens to orders, their units, their fulfillment orders and the stock agree.

use crate::world::Fixture;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

/// One thing that happens to an order.
fn happening() -> impl Strategy<Value = (&'static str, Value)> {
    let order = (1001..1004_i64).prop_map(|number| format!("#{number}"));
    let sku = prop::sample::select(vec!["LAMP-1", "BULB"]);
    let place = prop::sample::select(vec!["Berlin", "Lyon"]);
    let units = (sku.clone(), 1..4_i64)
        .prop_map(|(sku, quantity)| json!([{"sku": sku, "quantity": quantity}]));
    let restock = prop::sample::select(vec!["no_restock", "cancel", "return"]);
    let refunded = (sku.clone(), 1..3_i64, restock).prop_map(|(sku, quantity, restock)| {
        json!([{"sku": sku, "quantity": quantity, "restock_type": restock}])
    });
    prop_oneof![
        3 => units.clone().prop_map(|lines| ("checkout", json!({"lines": lines}))),
        3 => (order.clone(), units.clone())
            .prop_map(|(order, lines)| ("fulfill", json!({"order": order, "lines": lines}))),
        1 => order.clone().prop_map(|order| ("fulfill", json!({"order": order}))),
        3 => (order.clone(), refunded)
            .prop_map(|(order, lines)| ("refund", json!({"order": order, "lines": lines}))),
        1 => (order.clone(), any::<bool>())
            .prop_map(|(order, restock)| ("cancel", json!({"order": order, "restock": restock}))),
        2 => (order.clone(), sku.clone(), 0..5_i64, any::<bool>()).prop_map(
            |(order, sku, quantity, restock)| {
                let set = json!([{"sku": sku, "quantity": quantity, "restock": restock}]);
                ("edit", json!({"order": order, "set": set}))
            }
        ),
        1 => (order.clone(), sku, 1..3_i64).prop_map(|(order, sku, quantity)| {
            ("edit", json!({"order": order, "add": [{"sku": sku, "quantity": quantity}]}))
        }),
        2 => (order.clone(), place)
            .prop_map(|(order, place)| ("move", json!({"order": order, "location": place}))),
        2 => (order.clone(), units)
            .prop_map(|(order, lines)| ("split", json!({"order": order, "lines": lines}))),
        1 => order.clone().prop_map(|order| ("merge", json!({"order": order}))),
        1 => order.clone().prop_map(|order| ("hold", json!({"order": order}))),
        1 => order.prop_map(|order| ("release", json!({"order": order}))),
        2 => (0..12_i64).prop_map(|number| ("cancel_fulfillment", json!({"nth": number}))),
    ]
}

/// Committed units by SKU and location must be those of the active fulfillment orders.
fn agree(shop: &Value) {
    let orders = shop["orders"].as_array().unwrap();
    for order in orders {
        for line in order["lines"].as_array().unwrap() {
            let count = |name: &str| line[name].as_i64().unwrap();
            let open = count("quantity") - count("fulfilled") - count("cancelled");
            assert!(open >= 0 && count("current_quantity") >= 0, "{order}");
            let held: i64 = order["fulfillment_orders"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|one| one["lines"].as_array().unwrap())
                .filter(|one| one["line_item_id"] == line["id"])
                .map(|one| one["remaining"].as_i64().unwrap())
                .sum();
            assert_eq!(held, open, "{order}");
        }
    }
    for level in shop["levels"].as_array().unwrap() {
        let committed: i64 = orders
            .iter()
            .flat_map(|order| order["fulfillment_orders"].as_array().unwrap())
            .filter(|one| one["location_id"] == level["location_id"])
            .flat_map(|one| one["lines"].as_array().unwrap())
            .filter(|line| line["sku"] == level["sku"])
            .map(|line| line["remaining"].as_i64().unwrap())
            .sum();
        assert_eq!(level["committed"], committed, "{level}");
    }
}

#[tokio::test]
async fn units_goods_and_stock_agree_whatever_happens() {
    let story = prop::collection::vec(happening(), 20..80);
    let mut runner = TestRunner::new(Config::default());
    for _ in 0..15 {
        let products = json!([
            {"title": "Lamp", "variants": [{"sku": "LAMP-1", "quantities": [
                {"location": "Berlin", "available": 40}, {"location": "Lyon", "available": 40}]}]},
            {"title": "Bulb", "variants": [{"sku": "BULB", "policy": "CONTINUE", "quantities": [
                {"location": "Berlin", "available": 1}, {"location": "Lyon"}]}]}]);
        let fixture = Fixture::with(json!({"products": products})).await;
        for _ in 0..2 {
            let lines = json!([{"sku": "LAMP-1", "quantity": 5}, {"sku": "BULB", "quantity": 3}]);
            fixture.act("checkout", json!({"lines": lines}));
        }
        let mut done = 0;
        for (act, mut body) in story.new_tree(&mut runner).unwrap().current() {
            if let Some(number) = body.get("nth").and_then(Value::as_u64) {
                let shop = fixture.shop.snapshot();
                let all: Vec<&Value> = shop["orders"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .flat_map(|order| order["fulfillments"].as_array().unwrap())
                    .collect();
                let nth = usize::try_from(number).unwrap() % all.len().max(1);
                body = json!({"fulfillment": all.get(nth).map(|one| one["id"].clone())});
            }
            // What is refused must leave everything as it was.
            done += i32::from(fixture.shop.act(act, body).is_ok());
            // Everything that is due has happened before the next look.
            fixture.data("{shop{id}}", json!({})).await;
            agree(&fixture.shop.snapshot());
        }
        assert!(done > 3, "{done}");
        assert!(!fixture.kinds().contains(&"arithmetic".to_owned()));
    }
}
