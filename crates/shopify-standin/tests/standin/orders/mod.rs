//! Orders: what they show, what moves their stock, what is told of them, and what is refused.

mod cancelling;
mod creating;
mod editing;
mod exchanging;
mod goods;
mod hooks;
mod life;
mod parcels;
mod people;
mod placing;
mod refunding;
mod returning;
mod searching;
mod shipping;

use crate::world::Fixture;
use serde_json::{Value, json};

/// An order as the product reads it.
pub const ORDER: &str = "query($id:ID!){order(id:$id){id name updatedAt cancelledAt closedAt \
    cancelReason displayFinancialStatus displayFulfillmentStatus sourceName test tags edited \
    currentTotalPriceSet{shopMoney{amount currencyCode} presentmentMoney{amount currencyCode}} \
    totalPriceSet{shopMoney{amount}} totalRefundedSet{shopMoney{amount}} \
    totalOutstandingSet{shopMoney{amount}} netPaymentSet{shopMoney{amount}} \
    lineItems(first:50){nodes{id sku quantity currentQuantity unfulfilledQuantity \
    refundableQuantity nonFulfillableQuantity variant{id inventoryItem{id}}}} \
    fulfillmentOrders(first:20){nodes{id status requestStatus assignedLocation{name \
    location{id}} supportedActions{action} fulfillmentHolds{id reason} lineItems(first:20){\
    nodes{id totalQuantity remainingQuantity sku inventoryItemId lineItem{id}}}}} \
    fulfillments{id name status trackingInfo{company number url} \
    fulfillmentLineItems(first:10){nodes{quantity lineItem{sku}}}} \
    refunds{id note totalRefundedSet{shopMoney{amount}} refundLineItems(first:10){nodes{quantity \
    restockType restocked location{name} lineItem{sku} subtotalSet{shopMoney{amount}}}}}}}";
pub const SHIP: &str = "mutation($f:FulfillmentInput!){fulfillmentCreate(fulfillment:$f){\
    fulfillment{id name status trackingInfo{number url company}} userErrors{field message}}}";
pub const REFUND: &str = "mutation($i:RefundInput!,$k:String!){refundCreate(input:$i)\
    @idempotent(key:$k){refund{id totalRefundedSet{shopMoney{amount}}} order{id} \
    userErrors{field message}}}";

impl Fixture {
    pub fn act(&self, act: &str, body: Value) -> Value {
        self.shop.act(act, body).unwrap_or_else(|error| panic!("{act}: {error}"))
    }

    /// Buys one SKU and answers the order's GID.
    pub fn buy(&self, sku: &str, quantity: i64) -> String {
        let made = self.act("checkout", json!({"lines": [{"sku": sku, "quantity": quantity}]}));
        made["order_gid"].as_str().unwrap().to_owned()
    }

    pub async fn order(&self, id: &str) -> Value {
        self.data(ORDER, json!({"id": id})).await["order"].clone()
    }

    /// The fulfillment orders of an order.
    pub async fn goods(&self, id: &str) -> Vec<Value> {
        let order = self.order(id).await;
        order["fulfillmentOrders"]["nodes"].as_array().unwrap().clone()
    }

    /// available, committed and on hand.
    pub fn numbers(&self, sku: &str, location: &str) -> [i64; 3] {
        let level = self.level(sku, location);
        ["available", "committed", "on_hand"].map(|name| level[name].as_i64().unwrap())
    }

    /// Ships units of one fulfillment order's first line by the API.
    pub async fn ship(&self, goods: &Value, quantity: Option<i64>, number: &str) -> Value {
        let line = &goods["lineItems"]["nodes"][0]["id"];
        let lines = quantity.map(|quantity| json!([{"id": line, "quantity": quantity}]));
        let mut part = json!({"fulfillmentOrderId": goods["id"]});
        if let Some(lines) = lines {
            part["fulfillmentOrderLineItems"] = lines;
        }
        let input = json!({
            "lineItemsByFulfillmentOrder": [part],
            "trackingInfo": {"company": "DPD", "number": number},
        });
        self.payload(SHIP, json!({"f": input})).await
    }
}

/// The first line's counts: ordered, current, unfulfilled, refundable, non-fulfillable.
pub fn counts(order: &Value) -> [i64; 5] {
    let line = &order["lineItems"]["nodes"][0];
    [
        "quantity",
        "currentQuantity",
        "unfulfilledQuantity",
        "refundableQuantity",
        "nonFulfillableQuantity",
    ]
    .map(|name| line[name].as_i64().unwrap())
}

/// The message of the first entry of `userErrors`.
pub fn refusal(payload: &Value) -> &str {
    payload["userErrors"][0]["message"].as_str().unwrap_or_else(|| panic!("{payload}"))
}
