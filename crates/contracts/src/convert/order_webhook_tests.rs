//! Bodies of every topic, and bodies that are wrong.

use serde_json::{Value, json};

use super::*;

fn order() -> Value {
    json!({
        "id": 9_007_199_254_740_993_i64, "name": "#1001", "email": "ann@example.com",
        "updated_at": "2026-11-24T09:10:45-05:00", "cancelled_at": null, "closed_at": null,
        "shipping_address": {"name": "Ann Example"}, "tags": "gift, vip", "total_price": "12.00",
        "line_items": [
            {"id": 12, "variant_id": null, "quantity": 1, "current_quantity": 1,
             "fulfillable_quantity": 1},
            {"id": 11, "variant_id": 61, "quantity": 3, "current_quantity": 1,
             "fulfillable_quantity": 1, "price": "10.00"},
        ],
        "fulfillments": [
            {"id": 31, "status": "success", "location_id": 71,
             "line_items": [{"id": 11, "quantity": 1}]},
            {"id": 32, "status": "cancelled", "location_id": 71,
             "line_items": [{"id": 11, "quantity": 1}]},
        ],
        "refunds": [
            {"id": 82, "created_at": "2026-11-24T14:00:00Z", "refund_line_items": [
                {"line_item_id": 11, "quantity": 1, "restock_type": "return", "location_id": 71,
                 "subtotal": 10.0, "total_tax": 1.6}]},
            {"id": 81, "created_at": "2026-11-24T13:00:00Z", "refund_line_items": [
                {"line_item_id": 11, "quantity": 1, "restock_type": "no_restock",
                 "location_id": null}]},
        ],
    })
}

fn read(topic: &str, body: &Value) -> Result<News, Invalid> {
    news(topic, body.to_string().as_bytes(), None)
}

fn facts(body: &Value) -> OrderFacts {
    match read("orders/updated", body).expect("readable") {
        News::Order { facts, .. } => *facts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_topic_of_a_whole_order_brings_its_numbers() {
    for topic in WHOLE {
        let News::Order { order, facts } = read(topic, &order()).unwrap() else {
            panic!("{topic}")
        };
        assert_eq!(order, OrderId(9_007_199_254_740_993));
        assert_eq!(facts.updated_at, "2026-11-24T14:10:45Z".parse().unwrap());
        assert_eq!(facts.lines.iter().map(|l| l.line.get()).collect::<Vec<_>>(), [11, 12]);
        let line = &facts.lines[0];
        assert_eq!((line.quantity, line.current, line.open), (3, 1, 1));
        assert_eq!(line.fulfilled, [AtLocation { location: Some(LocationId(71)), units: 1 }]);
        assert_eq!((line.variant, facts.lines[1].variant), (Some(VariantId(61)), None));
        assert_eq!(facts.refunds.iter().map(|r| r.id.get()).collect::<Vec<_>>(), [81, 82]);
        assert_eq!(facts.refunds[1].lines[0].location, Some(LocationId(71)));
        assert_eq!(facts.refunds[0].lines[0].restock, Restock::NoRestock);
    }
}

#[test]
fn what_older_versions_leave_out_is_computed() {
    let mut body = order();
    for line in body["line_items"].as_array_mut().unwrap() {
        let line = line.as_object_mut().unwrap();
        line.remove("current_quantity");
        line.remove("fulfillable_quantity");
    }
    let line = &facts(&body).lines[0];
    // Three ordered, two refunded; the one that was sent came back, and one was never sent.
    assert_eq!((line.current, line.open), (1, 1));
}

#[test]
fn a_state_without_a_version_has_that_of_its_sending() {
    let mut body = order();
    body["updated_at"] = Value::Null;
    assert_eq!(read("orders/create", &body).unwrap_err().field, "updated_at");
    let sent_at: Timestamp = "2026-11-24T15:00:00Z".parse().unwrap();
    let read = news("orders/create", body.to_string().as_bytes(), Some(sent_at)).unwrap();
    let News::Order { facts, .. } = read else { panic!("an order") };
    assert_eq!(facts.updated_at, sent_at);
}

#[test]
fn every_other_topic_is_a_doubt() {
    let doubt = Ok(News::Doubt { order: OrderId(5) });
    for topic in NAMING {
        assert_eq!(read(topic, &json!({"id": 1, "order_id": 5})), doubt, "{topic}");
    }
    assert_eq!(read("orders/edited", &json!({"order_edit": {"id": 1, "order_id": 5}})), doubt);
    assert_eq!(read("orders/delete", &json!({"id": 5})), Ok(News::Deleted { order: OrderId(5) }));
}

#[test]
fn fulfillment_orders_are_found_however_they_are_named() {
    let gid = |number: i64| format!("gid://shopify/FulfillmentOrder/{number}");
    let bodies = [
        ("order_routing_complete", json!({"fulfillment_order": {"id": gid(7), "status": "open"}})),
        (
            "moved",
            json!({"original_fulfillment_order": {"id": gid(7)},
                   "moved_fulfillment_order": {"id": gid(7)}, "source_location": {"id": 1}}),
        ),
        (
            "merged",
            json!({"fulfillment_order_merges": [{"fulfillment_order": {"id": gid(7)}}],
                   "merge_intents": [{"fulfillment_order_id": 7}]}),
        ),
        ("split", json!({"remaining_fulfillment_order": {"id": 7, "line_items": [{"id": 3}]}})),
    ];
    for (topic, body) in bodies {
        let found = read(&format!("fulfillment_orders/{topic}"), &body);
        let fulfillment_orders = vec![FulfillmentOrderId(7)];
        assert_eq!(found, Ok(News::Routing { fulfillment_orders }), "{topic}");
    }
    let named = json!({"remaining_fulfillment_order": {"id": 7, "order_id": 5}});
    let doubt = Ok(News::Doubt { order: OrderId(5) });
    assert_eq!(read("fulfillment_orders/split", &named), doubt);
    let none = read("fulfillment_orders/cancelled", &json!({})).unwrap_err();
    assert_eq!(none.field, "fulfillment_order.id");
}

#[test]
fn redactions_name_customers_and_orders() {
    let body = json!({"shop_id": 1, "customer": {"id": 9, "email": "ann@example.com"},
        "orders_to_redact": [5, 6]});
    let orders = BTreeSet::from([OrderId(5), OrderId(6)]);
    let customer = Some(CustomerId(9));
    assert_eq!(read("customers/redact", &body), Ok(News::RedactCustomer { customer, orders }));
    assert_eq!(read("shop/redact", &json!({"shop_id": 1})), Ok(News::RedactShop));
    let wrong = json!({"orders_to_redact": ["5"]});
    assert_eq!(read("customers/redact", &wrong).unwrap_err().field, "orders_to_redact[0]");
}

#[test]
fn wrong_bodies_are_refused_by_path_and_never_repeated() {
    let secret = "ann@example.com";
    let wrong: [(&str, Value, &str); 12] = [
        ("/id", json!(secret), "id"),
        ("/id", json!(1.5), "id"),
        ("/updated_at", json!(secret), "updated_at"),
        ("/cancelled_at", json!(17), "cancelled_at"),
        ("/line_items", json!(secret), "line_items"),
        ("/line_items", Value::Null, "line_items"),
        ("/line_items/0/id", json!("12"), "line_items[0].id"),
        ("/line_items/1/quantity", json!("3"), "line_items[1].quantity"),
        ("/line_items/1/quantity", json!(-3), "line_items[1].quantity"),
        ("/fulfillments/0/status", json!(secret), "fulfillments[0].status"),
        (
            "/refunds/1/refund_line_items/0/restock_type",
            json!("burn"),
            "refunds[1].refund_line_items[0].restock_type",
        ),
        (
            "/refunds/0/refund_line_items/0/location_id",
            json!(secret),
            "refunds[0].refund_line_items[0].location_id",
        ),
    ];
    for (pointer, value, field) in wrong {
        let mut body = order();
        *body.pointer_mut(pointer).unwrap() = value;
        let refused = read("orders/updated", &body).unwrap_err();
        assert_eq!(refused.field, field);
        assert!(!format!("{refused:?}").contains(secret), "{refused:?}");
        assert!(!refused.message.is_empty() && !refused.fix.is_empty());
    }
    let refused = news("orders/updated", b"{\"email\": \"ann@example.com\" ", None).unwrap_err();
    assert_eq!(refused.field, "body");
    assert!(!format!("{refused:?}").contains(secret));
}

#[test]
fn each_topic_that_is_subscribed_is_one_of_shopifys() {
    for topic in topics() {
        assert!(crate::shopify::topic::by_rest(topic).is_some(), "{topic}");
    }
}

#[test]
fn units_beyond_reason_are_refused_with_their_field() {
    let mut body = order();
    body["line_items"][1]["quantity"] = json!(i64::MAX);
    let refused = read("orders/updated", &body).unwrap_err();
    assert_eq!(refused.field, "line_items[1].quantity");
}
