//! Shipping: partial, complete, corrected, taken back, and refused.

use super::{SHIP, counts, refusal};
use crate::world::Fixture;
use serde_json::{Value, json};
use std::time::Duration;

const TRACK: &str = "mutation($id:ID!,$t:FulfillmentTrackingInput!,$n:Boolean){\
    fulfillmentTrackingInfoUpdate(fulfillmentId:$id,trackingInfoInput:$t,notifyCustomer:$n){\
    fulfillment{id status trackingInfo{company number url}} userErrors{field message}}}";
const UNSHIP: &str = "mutation($id:ID!){fulfillmentCancel(id:$id){fulfillment{id status} \
    userErrors{field message}}}";

#[tokio::test]
async fn parts_of_a_line_leave_until_nothing_is_left() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 3);
    let goods = fixture.goods(&id).await.remove(0);
    let made = fixture.ship(&goods, Some(2), "N-1").await;
    assert_eq!(made["userErrors"], json!([]));
    assert_eq!(made["fulfillment"]["name"], "#1001-F1");
    assert_eq!(made["fulfillment"]["status"], "SUCCESS");
    let tracking = &made["fulfillment"]["trackingInfo"][0];
    assert_eq!((&tracking["number"], &tracking["company"]), (&json!("N-1"), &json!("DPD")));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [2, 1, 3]);
    let order = fixture.order(&id).await;
    assert_eq!(order["displayFulfillmentStatus"], "PARTIALLY_FULFILLED");
    let goods = &order["fulfillmentOrders"]["nodes"][0];
    assert_eq!(goods["status"], "IN_PROGRESS");
    assert_eq!(goods["lineItems"]["nodes"][0]["totalQuantity"], 3);
    assert_eq!(goods["lineItems"]["nodes"][0]["remainingQuantity"], 1);
    assert_eq!(counts(&order), [3, 3, 1, 3, 0]);

    // Without lines the rest leaves.
    let made = fixture.ship(goods, None, "N-2").await;
    assert_eq!(made["fulfillment"]["name"], "#1001-F2");
    let order = fixture.order(&id).await;
    assert_eq!(order["displayFulfillmentStatus"], "FULFILLED");
    assert_eq!(order["fulfillmentOrders"]["nodes"][0]["status"], "CLOSED");
    assert_ne!(order["closedAt"], Value::Null, "paid and shipped orders are archived");
    assert_eq!(order["fulfillments"][1]["fulfillmentLineItems"]["nodes"][0]["quantity"], 1);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [2, 0, 2]);
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn more_than_is_open_is_refused_whole() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 2);
    let goods = fixture.goods(&id).await.remove(0);
    fixture.clock.advance(Duration::from_secs(60));
    let payload = fixture.ship(&goods, Some(3), "N").await;
    assert_eq!(refusal(&payload), "Invalid fulfillment order line item quantity requested.");
    assert_eq!(payload["userErrors"][0]["field"], json!(["fulfillment"]));
    assert_eq!(payload["fulfillment"], Value::Null);
    // The same line twice counts together.
    let line = &goods["lineItems"]["nodes"][0]["id"];
    let twice = json!([{"id": line, "quantity": 1}, {"id": line, "quantity": 2}]);
    let part = json!({"fulfillmentOrderId": goods["id"], "fulfillmentOrderLineItems": twice});
    let payload =
        fixture.payload(SHIP, json!({"f": {"lineItemsByFulfillmentOrder": [part]}})).await;
    assert_eq!(refusal(&payload), "Invalid fulfillment order line item quantity requested.");
    let payload = fixture.ship(&goods, Some(0), "N").await;
    assert_eq!(refusal(&payload), "Quantity must be greater than 0");
    assert_eq!(payload["userErrors"][0]["field"].as_array().unwrap().len(), 6);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [3, 2, 5]);
    assert_eq!(fixture.kinds(), ["refused", "refused", "refused"]);
}

#[tokio::test]
async fn closed_unknown_and_foreign_fulfillment_orders_are_refused() {
    let fixture = Fixture::start().await;
    let (first, second) = (fixture.buy("LAMP-1", 1), fixture.buy("BULB", 1));
    let one = fixture.goods(&first).await.remove(0);
    let other = fixture.goods(&second).await.remove(0);
    let both = json!({"lineItemsByFulfillmentOrder": [
        {"fulfillmentOrderId": one["id"]}, {"fulfillmentOrderId": other["id"]}]});
    let payload = fixture.payload(SHIP, json!({"f": both})).await;
    assert!(refusal(&payload).contains("belong to the same order"));
    fixture.ship(&one, None, "N").await;
    let payload = fixture.ship(&one, None, "N").await;
    let number = one["id"].as_str().unwrap().rsplit('/').next().unwrap();
    let closed = format!("Fulfillment order {number} has an unfulfillable status= closed.");
    assert_eq!(refusal(&payload), closed);
    let unknown = json!({"lineItemsByFulfillmentOrder": [
        {"fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1"}]});
    let payload = fixture.payload(SHIP, json!({"f": unknown})).await;
    assert_eq!(refusal(&payload), "Fulfillment order does not exist.");
    let wrong = json!({"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": first}]});
    assert_eq!(fixture.code(SHIP, json!({"f": wrong})).await, "RESOURCE_NOT_FOUND");
    let lyon = json!([
        {"sku": "LAMP-1", "quantity": 1, "location": "Lyon"},
        {"sku": "LAMP-1", "quantity": 1, "location": "Berlin"}]);
    let made = fixture.act("checkout", json!({"lines": lyon}));
    let goods = fixture.goods(made["order_gid"].as_str().unwrap()).await;
    let mixed = json!({"lineItemsByFulfillmentOrder": [
        {"fulfillmentOrderId": goods[0]["id"]}, {"fulfillmentOrderId": goods[1]["id"]}]});
    let payload = fixture.payload(SHIP, json!({"f": mixed})).await;
    assert!(refusal(&payload).contains("single location"));
}

#[tokio::test]
async fn what_is_held_is_not_shipped() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 1);
    fixture.act("hold", json!({"order": id, "reason": "HIGH_RISK_OF_FRAUD"}));
    let goods = fixture.goods(&id).await.remove(0);
    assert_eq!(goods["status"], "ON_HOLD");
    assert_eq!(goods["fulfillmentHolds"][0]["reason"], "HIGH_RISK_OF_FRAUD");
    let actions = goods["supportedActions"].to_string();
    assert!(!actions.contains("CREATE_FULFILLMENT") && actions.contains("RELEASE_HOLD"));
    assert_eq!(fixture.order(&id).await["displayFulfillmentStatus"], "ON_HOLD");
    fixture.clock.advance(Duration::from_secs(60));
    let payload = fixture.ship(&goods, None, "N").await;
    assert!(refusal(&payload).ends_with("unfulfillable status= on_hold."));
    assert_eq!(fixture.kinds(), ["refused"]);
    fixture.act("release", json!({"order": id}));
    let payload = fixture.ship(&goods, None, "N").await;
    assert_eq!(payload["userErrors"], json!([]));
}

#[tokio::test]
async fn a_refusal_that_nobody_could_foresee_is_no_violation() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 1);
    let goods = fixture.goods(&id).await.remove(0);
    fixture.act("fulfill", json!({"order": id}));
    let payload = fixture.ship(&goods, None, "N").await;
    assert!(refusal(&payload).contains("closed"));
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn several_packages_and_their_numbers() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 1);
    let goods = fixture.goods(&id).await.remove(0);
    let part = json!([{"fulfillmentOrderId": goods["id"]}]);
    for wrong in [json!({"number": "1", "numbers": ["2"]}), json!({"url": "https://example.com/1"})]
    {
        let input = json!({"lineItemsByFulfillmentOrder": part, "trackingInfo": wrong});
        let payload = fixture.payload(SHIP, json!({"f": input})).await;
        assert_eq!(payload["userErrors"][0]["field"], json!(["fulfillment", "trackingInfo"]));
    }
    let tracking = json!({"company": "Own van", "numbers": ["A", "B"],
        "urls": ["https://example.com/a", "https://example.com/b"]});
    let input = json!({"lineItemsByFulfillmentOrder": part, "trackingInfo": tracking,
        "notifyCustomer": true});
    let payload = fixture.payload(SHIP, json!({"f": input})).await;
    let info = payload["fulfillment"]["trackingInfo"].as_array().unwrap();
    assert_eq!(info.len(), 2);
    assert_eq!(info[1]["url"], "https://example.com/b");
    let told = &fixture.shop.snapshot()["notifications"];
    assert_eq!(told[0]["kind"], "fulfillment_created");

    // A correction replaces everything, and tells nobody unless it is asked to.
    let made = payload["fulfillment"]["id"].clone();
    let update = json!({"id": made, "t": {"company": "UPS", "number": "1Z"}});
    let payload = fixture.payload(TRACK, update).await;
    let info = &payload["fulfillment"]["trackingInfo"];
    assert_eq!(info.as_array().unwrap().len(), 1);
    assert!(info[0]["url"].as_str().unwrap().starts_with("https://www.ups.com/"));
    assert_eq!(fixture.shop.snapshot()["notifications"].as_array().unwrap().len(), 1);
    let gone = json!({"id": "gid://shopify/Fulfillment/1", "t": {"number": "1"}});
    let payload = fixture.payload(TRACK, gone).await;
    assert_eq!(refusal(&payload), "Fulfillment does not exist.");
    assert_eq!(payload["userErrors"][0]["field"], json!(["fulfillmentId"]));
}

#[tokio::test]
async fn a_shipment_that_is_taken_back_is_to_be_shipped_again() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 3);
    let goods = fixture.goods(&id).await.remove(0);
    let first = fixture.ship(&goods, Some(1), "N-1").await;
    fixture.ship(&goods, Some(2), "N-2").await;
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [2, 0, 2]);
    // All of it was shipped, so it stays closed, and another one takes the units.
    let cancel = json!({"id": first["fulfillment"]["id"]});
    let payload = fixture.payload(UNSHIP, cancel.clone()).await;
    assert_eq!(payload["fulfillment"]["status"], "CANCELLED");
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [2, 1, 3]);
    let order = fixture.order(&id).await;
    let all = order["fulfillmentOrders"]["nodes"].as_array().unwrap();
    assert_eq!((&all[0]["status"], &all[1]["status"]), (&json!("CLOSED"), &json!("OPEN")));
    assert_ne!(all[0]["id"], all[1]["id"]);
    assert_eq!(counts(&order), [3, 3, 1, 3, 0]);
    assert_eq!(order["closedAt"], Value::Null);
    // A repeat succeeds and changes nothing.
    let payload = fixture.payload(UNSHIP, cancel).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(fixture.goods(&id).await.len(), 2);
    let gone = json!({"id": "gid://shopify/Fulfillment/1"});
    assert_eq!(refusal(&fixture.payload(UNSHIP, gone).await), "Fulfillment not found.");
    let fresh = fixture.ship(&all[1], None, "N-3").await;
    assert_eq!(fresh["fulfillment"]["name"], "#1001-F3");
}

#[tokio::test]
async fn a_part_that_is_taken_back_returns_to_what_is_open() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 3);
    let goods = fixture.goods(&id).await.remove(0);
    let first = fixture.ship(&goods, Some(1), "N-1").await;
    let number = first["fulfillment"]["id"].clone();
    fixture.act("cancel_fulfillment", json!({"fulfillment": number}));
    let goods = fixture.goods(&id).await;
    assert_eq!(goods.len(), 1);
    assert_eq!(goods[0]["status"], "OPEN");
    assert_eq!(goods[0]["lineItems"]["nodes"][0]["remainingQuantity"], 3);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [2, 3, 5]);
}

#[tokio::test]
async fn units_that_were_refunded_are_not_shipped_again() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 2);
    let made = fixture.act("fulfill", json!({"order": id}));
    let back = json!([{"sku": "LAMP-1", "quantity": 1, "restock_type": "return"}]);
    fixture.act("refund", json!({"order": id, "lines": back}));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [4, 0, 4]);
    fixture.act("cancel_fulfillment", json!({"fulfillment": made["fulfillment_id"]}));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [4, 1, 5]);
    assert_eq!(counts(&fixture.order(&id).await), [2, 1, 1, 1, 1]);
}

#[tokio::test]
async fn shipments_and_goods_are_found_by_their_own_ids() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 2);
    let goods = fixture.goods(&id).await.remove(0);
    let made = fixture.ship(&goods, Some(1), "N-1").await;
    let read = "query($g:ID!,$f:ID!,$l:ID!){fulfillmentOrder(id:$g){status orderId orderName \
        order{id} destination{countryCode} deliveryMethod{methodType} fulfillments(first:5){\
        nodes{id}}} fulfillment(id:$f){totalQuantity order{id} location{name} \
        fulfillmentOrders(first:5){nodes{id}}} node(id:$l){...on FulfillmentOrderLineItem{\
        remainingQuantity lineItem{sku}}} none:fulfillmentOrder(\
        id:\"gid://shopify/FulfillmentOrder/1\"){id}}";
    let variables = json!({"g": goods["id"], "f": made["fulfillment"]["id"],
        "l": goods["lineItems"]["nodes"][0]["id"]});
    let data = fixture.data(read, variables).await;
    assert_eq!(data["fulfillmentOrder"]["orderId"], json!(id));
    assert_eq!(
        data["fulfillmentOrder"]["fulfillments"]["nodes"][0],
        json!({"id": made["fulfillment"]["id"]})
    );
    assert_eq!(data["fulfillment"]["totalQuantity"], 1);
    assert_eq!(data["fulfillment"]["fulfillmentOrders"]["nodes"][0]["id"], goods["id"]);
    assert_eq!(data["node"]["remainingQuantity"], 1);
    assert_eq!(data["none"], Value::Null);
    let open = "{fulfillmentOrders(first:5){nodes{status}} \
        all:fulfillmentOrders(first:5,includeClosed:true,query:\"status:in_progress\"){nodes{id}}}";
    let data = fixture.data(open, json!({})).await;
    assert_eq!(data["fulfillmentOrders"]["nodes"], json!([{"status": "IN_PROGRESS"}]));
    assert_eq!(data["all"]["nodes"].as_array().unwrap().len(), 1);
    assert!(fixture.kinds().is_empty());
}
