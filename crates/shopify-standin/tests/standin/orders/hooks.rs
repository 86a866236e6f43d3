//! What is told of orders: bodies, order of arrival, faults per topic.

use crate::world::{Fixture, Hooks};
use serde_json::{Value, json};
use std::time::Duration;

async fn start() -> (Fixture, Hooks) {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    (fixture, hooks)
}

#[tokio::test]
async fn an_order_is_told_as_the_rest_api_shapes_it() {
    let (fixture, hooks) = start().await;
    let body = json!({
        "lines": [{"sku": "LAMP-1", "quantity": 2, "properties": {"wish": "red"}}],
        "tags": ["a", "b"], "attributes": {"gift": "yes"}, "shipping": "4.90",
        "tax_rate": "0.19", "source_identifier": "s-9",
    });
    let made = fixture.act("checkout", body);
    let told = hooks.wait("orders/create", 1).await.remove(0).json();
    assert_eq!(told["id"], made["order_id"]);
    assert_eq!(told["admin_graphql_api_id"], made["order_gid"]);
    assert_eq!(told["created_at"], "2026-11-24T13:00:00+01:00");
    assert_eq!(told["financial_status"], "paid");
    assert_eq!(told["fulfillment_status"], Value::Null);
    assert_eq!(told["tags"], "a, b");
    assert_eq!(told["note_attributes"], json!([{"name": "gift", "value": "yes"}]));
    assert_eq!(told["source_identifier"], "s-9");
    assert_eq!(told["total_price"], "28.90");
    assert_eq!(told["total_price_set"]["presentment_money"]["amount"], "28.90");
    assert_eq!(told["shipping_lines"][0]["price"], "4.90");
    let line = &told["line_items"][0];
    assert_eq!(line["id"], made["lines"][0]["line_item_id"]);
    assert_eq!((&line["quantity"], &line["current_quantity"]), (&json!(2), &json!(2)));
    assert_eq!(line["fulfillable_quantity"], 2);
    assert_eq!(line["properties"], json!([{"name": "wish", "value": "red"}]));
    assert_eq!(told["customer"]["email"], "buyer-1001@example.com");
    assert_eq!(told["shipping_address"]["country_code"], "DE");
    for topic in ["orders/paid", "orders/updated", "order_transactions/create"] {
        let other = hooks.wait(topic, 1).await.remove(0);
        assert_eq!(other.header("x-shopify-event-id"), made["event_id"].as_str().unwrap());
    }
    // The routing tells of ids only, as an event of its own.
    let routed = hooks.wait("fulfillment_orders/order_routing_complete", 1).await.remove(0);
    assert_ne!(routed.header("x-shopify-event-id"), made["event_id"].as_str().unwrap());
    let goods = fixture.goods(made["order_gid"].as_str().unwrap()).await;
    let expected = json!({"fulfillment_order": {"id": goods[0]["id"], "status": "open"}});
    assert_eq!(routed.json(), expected);
}

#[tokio::test]
async fn shipments_and_refunds_are_told() {
    let (fixture, hooks) = start().await;
    let id = fixture.buy("LAMP-1", 2);
    let lines = json!([{"sku": "LAMP-1", "quantity": 1}]);
    let ship = json!({"order": id, "lines": lines, "tracking_company": "DPD",
        "tracking_numbers": ["N-1", "N-2"], "tracking_url": "https://example.com/n"});
    let made = fixture.act("fulfill", ship);
    let told = hooks.wait("fulfillments/create", 1).await.remove(0).json();
    assert_eq!(told["id"], made["fulfillment_id"]);
    assert_eq!(told["name"], "#1001-F1");
    assert_eq!(told["status"], "success");
    assert_eq!(told["tracking_numbers"], json!(["N-1", "N-2"]));
    assert_eq!(told["tracking_number"], "N-1");
    assert_eq!(told["line_items"][0]["quantity"], 1);
    assert_eq!(
        hooks.wait("orders/partially_fulfilled", 1).await[0].json()["fulfillment_status"],
        "partial"
    );
    let fix = json!({"fulfillment": made["fulfillment_id"], "tracking_number": "N-3"});
    fixture.act("update_tracking", fix);
    let told = hooks.wait("fulfillments/update", 1).await.remove(0).json();
    assert_eq!(told["tracking_numbers"], json!(["N-3"]));

    let back = json!([{"sku": "LAMP-1", "quantity": 1, "restock_type": "return",
        "location": "Lyon"}]);
    let refund = fixture.act("refund", json!({"order": id, "lines": back, "note": "broken"}));
    let told = hooks.wait("refunds/create", 1).await.remove(0).json();
    assert_eq!(told["id"], refund["refund_id"]);
    assert_eq!(told["restock"], true);
    let line = &told["refund_line_items"][0];
    assert_eq!(line["restock_type"], "return");
    assert_eq!(line["location_id"], fixture.level("LAMP-1", "Lyon")["location_id"]);
    assert_eq!(line["subtotal"], 12.0, "a number, unlike all others");
    assert_eq!(line["line_item"]["current_quantity"], 1);
    assert_eq!(told["transactions"][0]["kind"], "refund");
    fixture.act("cancel_fulfillment", json!({"fulfillment": made["fulfillment_id"]}));
    let told = hooks.wait("fulfillments/update", 2).await.remove(1).json();
    assert_eq!(told["status"], "cancelled");
    fixture.act("cancel", json!({"order": id, "restock": true, "reason": "inventory"}));
    let told = hooks.wait("orders/cancelled", 1).await.remove(0).json();
    assert_eq!(told["cancel_reason"], "inventory");
    assert_eq!(told["refunds"].as_array().unwrap().len(), 2);
    hooks.wait("fulfillment_orders/cancelled", 1).await;
    fixture.act("delete_order", json!({"order": id}));
    let told = hooks.wait("orders/delete", 1).await.remove(0).json();
    assert_eq!(told, json!({"id": id.rsplit('/').next().unwrap().parse::<i64>().unwrap()}));
}

#[tokio::test]
async fn changes_of_fulfillment_orders_are_told() {
    let (fixture, hooks) = start().await;
    let id = fixture.buy("LAMP-1", 2);
    let one = json!([{"sku": "LAMP-1", "quantity": 1}]);
    let split = fixture.act("split", json!({"order": id, "lines": one}));
    let told = hooks.wait("fulfillment_orders/split", 1).await.remove(0).json();
    assert_eq!(told["remaining_fulfillment_order"]["id"], split["new"]["fulfillment_order_gid"]);
    assert_eq!(told["split_line_items"][0]["quantity"], 1);
    fixture.act("merge", json!({"order": id}));
    let told = hooks.wait("fulfillment_orders/merged", 1).await.remove(0).json();
    let intent = &told["merge_intents"][0];
    assert_eq!(intent["fulfillment_order_id"], split["new"]["fulfillment_order_id"]);
    fixture.act("move", json!({"order": id, "location": "Lyon"}));
    let told = hooks.wait("fulfillment_orders/moved", 1).await.remove(0).json();
    assert_eq!(told["destination_location_id"], fixture.location("Lyon"));
    assert_eq!(told["source_location"]["id"], fixture.location("Berlin"));
    fixture.act("hold", json!({"order": id, "notes": "look"}));
    let told = hooks.wait("fulfillment_orders/placed_on_hold", 1).await.remove(0).json();
    assert_eq!(told["created_fulfillment_hold"]["reason_notes"], "look");
    // Each of these changes the order too.
    assert!(hooks.wait("orders/updated", 5).await.len() >= 5);
}

#[tokio::test]
async fn topics_can_be_doubled_delayed_lost_and_turned_round() {
    let (fixture, hooks) = start().await;
    for fault in [
        json!({"fault": "webhook_duplicate", "topic": "orders/create"}),
        json!({"fault": "webhook_lose", "topic": "orders/paid"}),
        json!({"fault": "webhook_delay", "topic": "orders/cancelled", "seconds": 3600}),
        json!({"fault": "webhook_shuffle", "topic": "orders/updated", "count": 4}),
    ] {
        fixture.shop.fault(fault).unwrap();
    }
    let id = fixture.buy("CARD", 1);
    let doubled = hooks.wait("orders/create", 2).await;
    let webhook = |one: &crate::world::Arrived| one.header("x-shopify-webhook-id").to_owned();
    assert_eq!(webhook(&doubled[0]), webhook(&doubled[1]));
    fixture.act("route", json!({"order": id}));
    fixture.clock.advance(Duration::from_secs(1));
    fixture.act("update_order", json!({"order": id, "note": "third"}));
    assert!(hooks.of("orders/updated").is_empty(), "kept until four are there");
    fixture.act("cancel", json!({"order": id}));
    let turned = hooks.wait("orders/updated", 4).await;
    let moments: Vec<String> =
        turned.iter().map(|one| one.json()["updated_at"].as_str().unwrap().to_owned()).collect();
    assert!(moments.first() > moments.last(), "{moments:?}");
    assert!(hooks.of("orders/paid").is_empty());
    assert!(hooks.of("orders/cancelled").is_empty());
    fixture.clock.advance(Duration::from_secs(3600));
    hooks.wait("orders/cancelled", 1).await;
}
