//! Stock arithmetic seen from outside: acts, mutations and reads together.

use crate::world::{ADJUST, Fixture, SET, merge};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

/// available, committed and on hand of LAMP-1 in Berlin.
fn lamp(fixture: &Fixture) -> [i64; 3] {
    numbers(&fixture.level("LAMP-1", "Berlin"))
}

fn numbers(level: &Value) -> [i64; 3] {
    ["available", "committed", "on_hand"].map(|name| level[name].as_i64().unwrap())
}

#[tokio::test]
async fn an_order_from_checkout_to_shipment_and_cancellation() {
    let fixture = Fixture::start().await;
    let buy = |quantity: i64| {
        let lines = json!([{"sku": "LAMP-1", "quantity": quantity}]);
        fixture.shop.act("checkout", json!({"lines": lines})).unwrap()
    };
    let order = buy(3);
    assert_eq!(order["name"], "#1001");
    assert_eq!(lamp(&fixture), [2, 3, 5]);
    let part = json!({"order": "#1001", "lines": [{"sku": "LAMP-1", "quantity": 1}]});
    let made = fixture.shop.act("fulfill", part).unwrap();
    assert_eq!(made["name"], "#1001-F1");
    assert_eq!(lamp(&fixture), [2, 2, 4]);
    let too_much = json!({"order": "#1001", "lines": [{"sku": "LAMP-1", "quantity": 3}]});
    assert!(fixture.shop.act("fulfill", too_much).is_err());
    // What is shipped is not put back by a cancellation.
    fixture.shop.act("cancel", json!({"order": "#1001", "restock": true})).unwrap();
    assert_eq!(lamp(&fixture), [4, 0, 4]);
    assert!(fixture.shop.act("cancel", json!({"order": "#1001", "restock": true})).is_err());

    buy(2);
    fixture.shop.act("cancel", json!({"order": "#1002", "restock": false})).unwrap();
    assert_eq!(lamp(&fixture), [2, 0, 2]);
    buy(2);
    fixture.shop.act("fulfill", json!({"order": "#1003"})).unwrap();
    assert_eq!(lamp(&fixture), [0, 0, 0]);
    // Berlin is empty, so the next one is taken in Lyon.
    let lyon = buy(1);
    assert_eq!(lyon["lines"][0]["location_id"], fixture.level("LAMP-1", "Lyon")["location_id"]);
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn a_policy_decides_whether_zero_is_the_end() {
    let fixture = Fixture::start().await;
    let buy =
        |sku: &str| fixture.shop.act("checkout", json!({"lines": [{"sku": sku, "quantity": 9}]}));
    assert!(buy("BULB").is_err());
    buy("LAMP-1-RED").unwrap();
    let level = fixture.level("LAMP-1-RED", "Berlin");
    assert_eq!(numbers(&level), [-9, 9, 0]);
    fixture.shop.act("set_policy", json!({"sku": "BULB", "policy": "CONTINUE"})).unwrap();
    buy("BULB").unwrap();
    assert_eq!(numbers(&fixture.level("BULB", "Berlin")), [-1, 11, 11]);
}

#[tokio::test]
async fn on_hand_moves_available_and_keeps_committed() {
    let fixture = Fixture::start().await;
    let lines = json!([{"sku": "LAMP-1", "quantity": 2}]);
    fixture.shop.act("checkout", json!({"lines": lines})).unwrap();
    let mut variables =
        fixture.set("k", "LAMP-1", "Berlin", json!({"quantity": 10, "changeFromQuantity": 5}));
    variables["i"]["name"] = "on_hand".into();
    let payload = fixture.payload(SET, variables).await;
    assert_eq!(
        payload["inventoryAdjustmentGroup"]["changes"],
        json!([{"name": "available", "delta": 5}, {"name": "on_hand", "delta": 5}])
    );
    assert_eq!(lamp(&fixture), [8, 2, 10]);
}

#[tokio::test]
async fn the_same_value_changes_nothing() {
    let fixture = Fixture::start().await;
    let same = fixture.set("a", "LAMP-1", "Berlin", json!({"quantity": 5}));
    let payload = fixture.payload(SET, same).await;
    assert_eq!(payload, json!({"inventoryAdjustmentGroup": null, "userErrors": []}));
    let zero = fixture.adjust("b", "available", json!({"delta": 0}));
    let payload = fixture.payload(ADJUST, zero).await;
    assert_eq!(payload, json!({"inventoryAdjustmentGroup": null, "userErrors": []}));
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn other_names_move_on_hand_except_incoming() {
    let fixture = Fixture::start().await;
    for (name, on_hand) in [
        ("damaged", 6),
        ("reserved", 7),
        ("safety_stock", 8),
        ("quality_control", 9),
        ("incoming", 9),
    ] {
        let line = json!({"delta": 1, "ledgerDocumentUri": "gid://x/D/1"});
        let payload = fixture.payload(ADJUST, fixture.adjust(name, name, line)).await;
        assert_eq!(payload["userErrors"], json!([]), "{name}");
        assert_eq!(fixture.level("LAMP-1", "Berlin")["on_hand"], on_hand, "{name}");
        assert_eq!(fixture.level("LAMP-1", "Berlin")["available"], 5, "{name}");
    }
}

#[tokio::test]
async fn an_untracked_item_keeps_no_quantities() {
    let fixture = Fixture::start().await;
    let set = fixture.set("a", "CARD", "Berlin", json!({"quantity": 7}));
    let payload = fixture.payload(SET, set).await;
    assert_eq!(payload, json!({"inventoryAdjustmentGroup": null, "userErrors": []}));
    assert_eq!(fixture.level("CARD", "Berlin")["available"], 0);
    assert_eq!(fixture.kinds(), ["write_untracked"]);
    // A moment after a merchant switched tracking off, a client cannot know.
    fixture.shop.act("set_tracked", json!({"sku": "BULB", "tracked": false})).unwrap();
    let set = fixture.set("b", "BULB", "Berlin", json!({"quantity": 7}));
    fixture.payload(SET, set).await;
    assert_eq!(fixture.kinds().len(), 1);
}

#[tokio::test]
async fn a_level_that_is_not_connected() {
    for (setting, available) in [("connect", json!(3)), ("ignore", Value::Null)] {
        let fixture = Fixture::start().await;
        fixture.shop.settings(json!({"unconnected": setting})).unwrap();
        let set = fixture.set("k", "BULB", "Lyon", json!({"quantity": 3}));
        let payload = fixture.payload(SET, set).await;
        assert_eq!(payload["userErrors"], json!([]));
        assert_eq!(fixture.level("BULB", "Lyon")["available"], available, "{setting}");
        assert_eq!(fixture.kinds(), ["write_unconnected"]);
    }
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"unconnected": "error"})).unwrap();
    let set = fixture.set("k", "BULB", "Lyon", json!({"quantity": 3}));
    let payload = fixture.payload(SET, set).await;
    assert_eq!(payload["userErrors"][0]["code"], "ITEM_NOT_STOCKED_AT_LOCATION");
    assert_eq!(payload["userErrors"][0]["field"][3], "locationId");
    // A disconnection of a moment ago is nobody's mistake.
    let gone = json!({"sku": "LAMP-1", "location": "Lyon"});
    fixture.shop.act("disconnect", gone).unwrap();
    let set = fixture.set("l", "LAMP-1", "Lyon", json!({"quantity": 3}));
    let payload = fixture.payload(SET, set).await;
    assert_eq!(payload["userErrors"][0]["code"], "ITEM_NOT_STOCKED_AT_LOCATION");
    assert_eq!(fixture.kinds(), ["write_unconnected"]);
}

#[tokio::test]
async fn a_deleted_product_is_no_mistake_of_the_client() {
    let fixture = Fixture::start().await;
    fixture.shop.act("delete_product", json!({"sku": "BULB"})).unwrap();
    let set = fixture.set("k", "BULB", "Berlin", json!({"quantity": 3}));
    let payload = fixture.payload(SET, set).await;
    assert_eq!(payload["userErrors"][0]["code"], "INVALID_INVENTORY_ITEM");
    assert!(fixture.kinds().is_empty());
    assert_eq!(fixture.level("BULB", "Berlin"), Value::Null);
}

#[tokio::test]
async fn two_hundred_and_fifty_lines_go_in_one_call() {
    let variants: Vec<Value> = (0..250)
        .map(|n| json!({"sku": format!("V{n}"), "quantities": [{"location": "Berlin"}]}))
        .collect();
    let fixture = Fixture::with(json!({"products": [{"title": "P", "variants": variants}]})).await;
    let mut all = fixture.set("k", "V0", "Berlin", json!({"quantity": 4}));
    let lines: Vec<Value> = (0..250)
        .map(|n| {
            let sku = format!("V{n}");
            let one = fixture.set("k", &sku, "Berlin", json!({"quantity": 4}));
            one["i"]["quantities"][0].clone()
        })
        .collect();
    all["i"]["quantities"] = lines.into();
    let answer = fixture.call(&SET.replace(" changes{name delta}", ""), all).await;
    assert_eq!(answer["body"]["extensions"]["cost"]["requestedQueryCost"], 10);
    for sku in ["V0", "V123", "V249"] {
        assert_eq!(fixture.level(sku, "Berlin")["available"], 4);
    }
}

#[tokio::test]
async fn ids_beyond_doubles_survive() {
    let fixture = Fixture::with(json!({"first_id": 9_007_199_254_740_993_i64})).await;
    let id = fixture.item("LAMP-1");
    assert!(id.ends_with("9007199254740998"), "{id}");
    let read = "query($i:ID!){inventoryItem(id:$i){id legacyResourceId sku}}";
    let data = fixture.data(read, json!({"i": id})).await;
    assert_eq!(data["inventoryItem"]["legacyResourceId"], "9007199254740998");
}

/// One thing that happens to the shop.
#[derive(Clone, Debug)]
enum Happening {
    Act(&'static str, Value),
    Set(&'static str, i64),
    Adjust(&'static str, i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let sku = prop::sample::select(vec!["LAMP-1", "LAMP-1-RED", "BULB", "CARD"]);
    let order = (1001..1006_i64).prop_map(|number| format!("#{number}"));
    prop_oneof![
        (sku.clone(), 1..4_i64).prop_map(|(sku, quantity)| {
            let lines = json!([{"sku": sku, "quantity": quantity}]);
            Happening::Act("checkout", json!({"lines": lines}))
        }),
        order.clone().prop_map(|order| Happening::Act("fulfill", json!({"order": order}))),
        (order, any::<bool>()).prop_map(|(order, restock)| {
            Happening::Act("cancel", json!({"order": order, "restock": restock}))
        }),
        (sku.clone(), -3..9_i64).prop_map(|(sku, delta)| {
            let body = json!({"sku": sku, "location": "Berlin", "delta": delta});
            Happening::Act("edit_stock", body)
        }),
        (sku.clone(), any::<bool>()).prop_map(|(sku, tracked)| {
            Happening::Act("set_tracked", json!({"sku": sku, "tracked": tracked}))
        }),
        sku.clone().prop_map(|sku| {
            Happening::Act("disconnect", json!({"sku": sku, "location": "Lyon"}))
        }),
        sku.prop_map(|sku| Happening::Act("connect", json!({"sku": sku, "location": "Lyon"}))),
        (prop::sample::select(vec!["available", "on_hand"]), 0..30_i64)
            .prop_map(|(name, to)| Happening::Set(name, to)),
        (prop::sample::select(vec!["available", "damaged", "reserved", "incoming"]), -9..9_i64)
            .prop_map(|(name, by)| Happening::Adjust(name, by)),
    ]
}

#[tokio::test]
async fn whatever_happens_on_hand_is_the_sum() {
    let story = prop::collection::vec(happening(), 1..40);
    let mut runner = TestRunner::new(Config { cases: 1, ..Config::default() });
    for round in 0..12 {
        let fixture = Fixture::start().await;
        let tree = story.new_tree(&mut runner).unwrap();
        for (step, happening) in tree.current().into_iter().enumerate() {
            let key = format!("{round}-{step}");
            match &happening {
                // Some acts are refused, which must leave the sums whole as well.
                Happening::Act(act, body) => drop(fixture.shop.act(act, body.clone())),
                Happening::Set(name, to) => {
                    let line = json!({"quantity": to});
                    let mut set = fixture.set(&key, "LAMP-1", "Berlin", line);
                    merge(&mut set["i"], json!({"name": name}));
                    fixture.payload(SET, set).await;
                }
                Happening::Adjust(name, by) => {
                    let document = (*name != "available").then_some("gid://x/D/1");
                    let line = json!({"delta": by, "ledgerDocumentUri": document});
                    fixture.payload(ADJUST, fixture.adjust(&key, name, line)).await;
                }
            }
            for level in fixture.shop.snapshot()["levels"].as_array().unwrap() {
                let parts = [
                    "available",
                    "committed",
                    "reserved",
                    "damaged",
                    "safety_stock",
                    "quality_control",
                ];
                let sum: i64 = parts.iter().map(|name| level[name].as_i64().unwrap()).sum();
                assert_eq!(level["on_hand"], sum, "after {happening:?}: {level}");
            }
        }
        assert!(!fixture.kinds().contains(&"arithmetic".to_owned()));
    }
}
