//! An order's pages, whole and broken.

use lockstep_domain::order::facts::Restock;
use serde_json::json;

use super::*;

fn money(amount: &str) -> Value {
    let one = |currency: &str| json!({"amount": amount, "currencyCode": currency});
    json!({"shopMoney": one("EUR"), "presentmentMoney": one("USD")})
}

fn page(nodes: Value, after: Option<&str>) -> Value {
    json!({"pageInfo": {"hasNextPage": after.is_some(), "endCursor": after}, "nodes": nodes})
}

fn line(id: i64) -> Value {
    json!({
        "id": format!("gid://shopify/LineItem/{id}"), "sku": "LAMP", "title": "Lamp",
        "variantTitle": "red", "quantity": 3, "currentQuantity": 2, "unfulfilledQuantity": 1,
        "requiresShipping": true,
        "variant": {"id": "gid://shopify/ProductVariant/61",
            "inventoryItem": {"id": "gid://shopify/InventoryItem/62"}},
        "originalUnitPriceSet": money("10.00"),
        "discountAllocations": [{"allocatedAmountSet": money("1.00")},
            {"allocatedAmountSet": money("0.50")}],
        "taxLines": [],
    })
}

fn of_line(id: i64, mut node: Value) -> Value {
    node["lineItem"] = json!({"id": format!("gid://shopify/LineItem/{id}")});
    node
}

fn refund_line(id: i64, restock: &str) -> Value {
    of_line(
        id,
        json!({"quantity": 1, "restockType": restock,
        "location": {"id": "gid://shopify/Location/71"},
        "subtotalSet": money("8.4"), "totalTaxSet": money("1.6")}),
    )
}

fn routed(id: i64, after: Option<&str>) -> Value {
    json!({
        "id": format!("gid://shopify/FulfillmentOrder/{id}"), "status": "ON_HOLD",
        "assignedLocation": {"location": {"id": "gid://shopify/Location/71"}},
        "fulfillmentHolds": [{"reason": "HIGH_RISK_OF_FRAUD"}],
        "lineItems": page(json!([of_line(11, json!({
            "id": "gid://shopify/FulfillmentOrderLineItem/92", "remainingQuantity": 1}))]), after),
    })
}

fn order(after: Option<&str>) -> Value {
    json!({"order": {
        "id": "gid://shopify/Order/5", "name": "#1001", "createdAt": "2026-11-24T10:00:00Z",
        "updatedAt": "2026-11-24T10:01:00Z", "cancelledAt": null, "closedAt": null,
        "cancelReason": null, "test": false, "sourceName": "web", "tags": ["gift"],
        "displayFinancialStatus": null, "displayFulfillmentStatus": "PARTIALLY_FULFILLED",
        "currentTotalPriceSet": money("34.90"),
        "shippingLines": page(json!([
            {"title": "Standard", "code": null, "discountedPriceSet": money("4.90")}]), None),
        "lineItems": page(json!([line(11)]), after),
        "refunds": [{"id": "gid://shopify/Refund/81", "createdAt": "2026-11-24T10:00:30Z",
            "processedAt": "2026-11-24T10:00:30Z", "totalRefundedSet": money("10"),
            "refundLineItems": page(json!([refund_line(11, "RETURN")]), after)}],
        "fulfillments": [
            {"id": "gid://shopify/Fulfillment/31", "status": "SUCCESS",
             "location": {"id": "gid://shopify/Location/71"},
             "fulfillmentLineItems": page(json!([of_line(11, json!({"quantity": 1}))]), after)},
            {"id": "gid://shopify/Fulfillment/32", "status": "CANCELLED",
             "fulfillmentLineItems": page(json!([of_line(11, json!({"quantity": 1}))]), None)},
        ],
        "fulfillmentOrders": page(json!([
            routed(91, after),
            {"id": "gid://shopify/FulfillmentOrder/90", "status": "CLOSED"},
        ]), after),
    }})
}

fn whole() -> OrderRead {
    decode_order_numbers(&order(None)).unwrap().unwrap().into_read()
}

/// One call of each kind of page, in the order in which they are asked.
pub(in super::super) fn page_calls() -> Vec<Call> {
    let mut pages = decode_order_numbers(&order(Some("c1"))).unwrap().unwrap();
    let mut calls = Vec::new();
    while let Some(call) = pages.next_call() {
        calls.push(call);
        pages.rest.remove(0);
    }
    calls.sort_by_key(|call| call.operation);
    calls
}

#[test]
fn reads_numbers_prices_and_routing() {
    let read = whole();
    let numbers = &read.facts.lines[0];
    assert_eq!((numbers.quantity, numbers.current, numbers.open), (3, 2, 1));
    assert_eq!(numbers.fulfilled, [AtLocation { location: Some(LocationId(71)), units: 1 }]);
    assert_eq!(numbers.item.map(|item| item.get()), Some(62));
    let details = &read.details.lines[0];
    assert_eq!((details.title.as_str(), details.sku.as_str()), ("Lamp / red", "LAMP"));
    assert_eq!(details.discount.shop.amount.to_string(), "1.5");
    assert_eq!(details.tax.presentment.amount.to_string(), "0");
    assert_eq!(read.facts.refunds[0].lines[0].restock, Restock::Return);
    assert_eq!(read.details.refunds[0].lines[0].amount.shop.amount.to_string(), "10");
    assert_eq!(read.routing.len(), 1);
    assert_eq!(read.routing[0].hold.as_deref(), Some("HIGH_RISK_OF_FRAUD"));
    assert_eq!(read.routing[0].lines[0].remaining, 1);
    assert_eq!((read.details.financial.as_str(), read.contact_read), ("", false));
}

#[test]
fn an_order_that_the_store_does_not_show_is_none() {
    assert_eq!(decode_order_numbers(&json!({"order": null})), Ok(None));
    assert!(decode_order_numbers(&json!({})).is_err());
}

#[test]
fn every_page_is_read_and_added_where_it_belongs() {
    let mut pages = decode_order_numbers(&order(Some("c1"))).unwrap().unwrap();
    let at = "2026-11-24T10:01:00Z";
    let order = |mut connection: Value, key: &str| {
        let page = connection[key].take();
        json!({"order": {"id": "gid://shopify/Order/5", "updatedAt": at, key: page}})
    };
    let below = |name: &str, id: &str, key: &str, page: Value| {
        let body = json!({"id": id, "order": {"updatedAt": at}, key: page});
        json!({name: body})
    };
    let routed_line = of_line(
        12,
        json!({
        "id": "gid://shopify/FulfillmentOrderLineItem/93", "remainingQuantity": 2}),
    );
    for _ in 0..5 {
        let call = pages.next_call().unwrap();
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!(body["variables"]["after"], "c1");
        let data = match call.operation {
            "OrderLines" => order(json!({"lineItems": page(json!([line(12)]), None)}), "lineItems"),
            "OrderFulfillmentOrders" => order(
                json!({"fulfillmentOrders": page(json!([routed(95, None)]), None)}),
                "fulfillmentOrders",
            ),
            "FulfillmentOrderLines" => below(
                "fulfillmentOrder",
                "gid://shopify/FulfillmentOrder/91",
                "lineItems",
                page(json!([routed_line]), None),
            ),
            "RefundLines" => below(
                "refund",
                "gid://shopify/Refund/81",
                "refundLineItems",
                page(json!([refund_line(12, "NO_RESTOCK")]), None),
            ),
            "FulfillmentLines" => below(
                "fulfillment",
                "gid://shopify/Fulfillment/31",
                "fulfillmentLineItems",
                page(json!([of_line(12, json!({"quantity": 2}))]), None),
            ),
            other => panic!("{other}"),
        };
        assert_eq!(pages.add(&data), Ok(true), "{}", call.operation);
    }
    assert_eq!(pages.next(), None);
    let read = pages.into_read();
    assert_eq!(read.facts.lines.len(), 2);
    assert_eq!(read.facts.lines[1].fulfilled_units(), 2);
    assert_eq!(read.facts.refunds[0].lines[1].location, None, "nothing came back");
    assert_eq!(read.routing.iter().map(|r| r.lines.len()).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn pages_of_two_states_are_not_one_order() {
    let mut pages = decode_order_numbers(&order(Some("c1"))).unwrap().unwrap();
    let data = json!({"order": {"id": "gid://shopify/Order/5",
        "updatedAt": "2026-11-24T10:02:00Z", "lineItems": page(json!([]), None)}});
    assert_eq!(pages.add(&data), Ok(false));
}

#[test]
fn what_is_missing_or_unknown_is_refused_by_path() {
    let wrong = [
        ("/order/updatedAt", json!(null), "order.updatedAt"),
        (
            "/order/lineItems/nodes/0/id",
            json!("gid://shopify/Product/1"),
            "order.lineItems.nodes[0].id",
        ),
        ("/order/lineItems/nodes/0/quantity", json!(-1), "order.lineItems.nodes[0].quantity"),
        (
            "/order/refunds/0/refundLineItems/nodes/0/restockType",
            json!("BURN"),
            "order.refunds[0].refundLineItems.nodes[0].restockType",
        ),
        ("/order/fulfillments/0/status", json!("LOST"), "order.fulfillments[0].status"),
        (
            "/order/fulfillmentOrders/nodes/0/status",
            json!("ODD"),
            "order.fulfillmentOrders.nodes[0].status",
        ),
        (
            "/order/currentTotalPriceSet/shopMoney/amount",
            json!("ten"),
            "order.currentTotalPriceSet.shopMoney.amount",
        ),
    ];
    for (pointer, value, path) in wrong {
        let mut data = order(None);
        *data.pointer_mut(pointer).unwrap() = value;
        assert_eq!(decode_order_numbers(&data).unwrap_err().path, path);
    }
}
