//! One order by Shopify's arithmetic: what webhooks and answers show of it.

use serde_json::{Value, json};

pub const ORDER: i64 = 1001;
/// Berlin, served by `wms/MAIN`.
pub const BERLIN: i64 = 71;
/// Lyon, served by `wms/SIDE`.
pub const LYON: i64 = 72;
/// Whoever ordered. Nothing of it may be anywhere in the clear.
pub const SECRETS: [&str; 4] = ["Ann Example", "ann@example.com", "Ringstrasse 7", "+49 30 1234"];

#[derive(Clone, Debug)]
pub struct Line {
    pub id: i64,
    pub quantity: i64,
    pub removed: i64,
    pub refunded: i64,
    pub sent: i64,
    pub location: i64,
    pub requires_shipping: bool,
}

impl Line {
    fn open(&self) -> i64 {
        self.quantity - self.removed - self.refunded - self.sent
    }
}

/// An order.
#[derive(Clone, Debug)]
pub struct Shop {
    pub id: i64,
    /// Seconds after ten o'clock.
    pub second: i64,
    pub lines: Vec<Line>,
    pub routed: bool,
    pub cancelled: bool,
    pub tags: Vec<String>,
    pub customer: Option<i64>,
    /// Units refunded before they were sent, by line.
    pub refunds: Vec<(i64, i64)>,
    /// Answers come in pages of so many lines.
    pub page: usize,
}

fn gid(kind: &str, id: i64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

fn money(amount: &str) -> Value {
    let one = |currency: &str| json!({"amount": amount, "currencyCode": currency});
    json!({"shopMoney": one("EUR"), "presentmentMoney": one("EUR")})
}

impl Shop {
    /// Three of variant 1 in Berlin and two of variant 2 in Lyon, not routed yet.
    pub fn new() -> Self {
        let line = |id, quantity, location| Line {
            id,
            quantity,
            removed: 0,
            refunded: 0,
            sent: 0,
            location,
            requires_shipping: true,
        };
        Self {
            id: ORDER,
            second: 0,
            lines: vec![line(1, 3, BERLIN), line(2, 2, LYON)],
            routed: false,
            cancelled: false,
            tags: Vec::new(),
            customer: Some(9),
            refunds: Vec::new(),
            page: 250,
        }
    }

    /// As [`Shop::new`], routed.
    pub fn routed() -> Self {
        Self { routed: true, second: 1, ..Self::new() }
    }

    pub fn cancel(&mut self) {
        self.cancelled = true;
        for line in &mut self.lines {
            line.removed += line.open();
        }
    }

    pub fn at(&self) -> String {
        format!("2026-11-24T10:{:02}:{:02}Z", self.second / 60, self.second % 60)
    }

    fn cancelled_at(&self) -> Value {
        if self.cancelled { json!(self.at()) } else { Value::Null }
    }

    /// The body of a webhook of the whole order.
    pub fn webhook(&self) -> Value {
        let line = |line: &Line| {
            json!({
                "id": line.id, "variant_id": line.id, "quantity": line.quantity,
                "current_quantity": line.quantity - line.removed - line.refunded,
                "fulfillable_quantity": line.open(), "title": "Thing", "price": "10.00",
            })
        };
        let sent = |line: &Line| {
            json!({
                "id": 3000 + line.id, "status": "success", "location_id": line.location,
                "line_items": [{"id": line.id, "quantity": line.sent}],
            })
        };
        let refund = |(index, (line, units)): (usize, &(i64, i64))| {
            json!({
                "id": 8000 + index, "created_at": self.at(), "refund_line_items": [
                    {"line_item_id": line, "quantity": units, "restock_type": "cancel",
                     "location_id": BERLIN}],
            })
        };
        let [name, email, street, phone] = SECRETS;
        json!({
            "id": self.id, "name": format!("#{}", self.id), "updated_at": self.at(),
            "created_at": "2026-11-24T10:00:00Z", "cancelled_at": self.cancelled_at(),
            "email": email, "phone": phone, "tags": self.tags.join(", "),
            "customer": {"id": self.customer, "first_name": "Ann", "last_name": "Example"},
            "shipping_address": {"name": name, "address1": street, "phone": phone},
            "line_items": self.lines.iter().map(line).collect::<Vec<_>>(),
            "fulfillments": self.lines.iter().filter(|l| l.sent > 0).map(sent).collect::<Vec<_>>(),
            "refunds": self.refunds.iter().enumerate().map(refund).collect::<Vec<_>>(),
        })
    }

    /// A page of a connection that begins at `after`.
    fn paged(&self, nodes: Vec<Value>, after: usize) -> Value {
        let end = nodes.len().min(after + self.page);
        let more = end < nodes.len();
        let nodes: Vec<_> = nodes.into_iter().skip(after).take(self.page).collect();
        json!({"pageInfo": {"hasNextPage": more, "endCursor": end.to_string()}, "nodes": nodes})
    }

    fn lines_page(&self, after: usize) -> Value {
        let line = |line: &Line| {
            json!({
                "id": gid("LineItem", line.id), "sku": format!("S{}", line.id), "title": "Thing",
                "variantTitle": null, "quantity": line.quantity,
                "currentQuantity": line.quantity - line.removed - line.refunded,
                "unfulfilledQuantity": line.open(), "requiresShipping": line.requires_shipping,
                "variant": {"id": gid("ProductVariant", line.id),
                    "inventoryItem": {"id": gid("InventoryItem", line.id + 100)}},
                "originalUnitPriceSet": money("10.00"), "discountAllocations": [], "taxLines": [],
            })
        };
        self.paged(self.lines.iter().map(line).collect(), after)
    }

    fn routing(&self) -> Vec<Value> {
        let at = |location: i64| {
            let lines = self.lines.iter().filter(|l| l.location == location && l.open() > 0);
            let lines: Vec<_> = lines
                .map(|line| {
                    json!({
                        "id": gid("FulfillmentOrderLineItem", line.id * 10),
                        "remainingQuantity": line.open(),
                        "lineItem": {"id": gid("LineItem", line.id)},
                    })
                })
                .collect();
            (!lines.is_empty()).then(|| {
                json!({
                    "id": gid("FulfillmentOrder", self.id * 100 + location), "status": "OPEN",
                    "assignedLocation": {"location": {"id": gid("Location", location)}},
                    "fulfillmentHolds": [],
                    "lineItems": {"pageInfo": {"hasNextPage": false}, "nodes": lines},
                })
            })
        };
        if self.routed { [at(BERLIN), at(LYON)].into_iter().flatten().collect() } else { vec![] }
    }

    /// The answer to a query about the order.
    pub fn answer(&self, operation: &str, variables: &Value) -> Value {
        let after = variables["after"].as_str().and_then(|a| a.parse().ok()).unwrap_or(0);
        match operation {
            "OrderNumbers" => json!({"order": self.numbers()}),
            "OrderLines" => json!({"order": {
                "id": gid("Order", self.id), "updatedAt": self.at(),
                "lineItems": self.lines_page(after),
            }}),
            "OrderContact" => json!({"order": self.contact()}),
            other => panic!("{other} is not asked of an order"),
        }
    }

    fn numbers(&self) -> Value {
        let refund = |(index, (line, units)): (usize, &(i64, i64))| {
            json!({
                "id": gid("Refund", 8000 + i64::try_from(index).expect("few")),
                "createdAt": self.at(), "processedAt": self.at(),
                "totalRefundedSet": money("10.00"),
                "refundLineItems": {"pageInfo": {"hasNextPage": false}, "nodes": [{
                    "quantity": units, "restockType": "CANCEL",
                    "location": {"id": gid("Location", BERLIN)},
                    "lineItem": {"id": gid("LineItem", *line)},
                    "subtotalSet": money("10.00"), "totalTaxSet": money("0.00")}]},
            })
        };
        let sent = |line: &Line| {
            json!({
                "id": gid("Fulfillment", 3000 + line.id), "status": "SUCCESS",
                "location": {"id": gid("Location", line.location)},
                "fulfillmentLineItems": {"pageInfo": {"hasNextPage": false}, "nodes": [
                    {"quantity": line.sent, "lineItem": {"id": gid("LineItem", line.id)}}]},
            })
        };
        json!({
            "id": gid("Order", self.id), "name": format!("#{}", self.id),
            "createdAt": "2026-11-24T10:00:00Z", "updatedAt": self.at(),
            "cancelledAt": self.cancelled_at(), "closedAt": null,
            "cancelReason": if self.cancelled { json!("OTHER") } else { Value::Null },
            "test": false, "sourceName": "web", "tags": self.tags,
            "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "UNFULFILLED",
            "currentTotalPriceSet": money("50.00"),
            "shippingLines": {"nodes": []},
            "lineItems": self.lines_page(0),
            "refunds": self.refunds.iter().enumerate().map(refund).collect::<Vec<_>>(),
            "fulfillments": self.lines.iter().filter(|l| l.sent > 0).map(sent).collect::<Vec<_>>(),
            "fulfillmentOrders": {"pageInfo": {"hasNextPage": false}, "nodes": self.routing()},
        })
    }

    fn contact(&self) -> Value {
        let [name, email, street, phone] = SECRETS;
        let shown = |id| json!({"id": gid("Customer", id), "displayName": name});
        let customer = self.customer.map(shown);
        json!({
            "id": gid("Order", self.id), "email": email, "phone": phone, "note": null,
            "customer": customer,
            "shippingAddress": {"name": name, "company": null, "address1": street,
                "address2": null, "city": null, "province": null, "provinceCode": null,
                "zip": null, "countryCodeV2": "DE", "phone": null},
            "billingAddress": null,
        })
    }
}
