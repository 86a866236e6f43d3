//! Webhooks about orders: the whole order's numbers, or only that something happened.
//!
//! Bodies hold personal data; nothing of it is read here, and no refusal repeats any of a body.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lockstep_domain::order::facts::{
    AtLocation, LineNumbers, OrderFacts, Refund, RefundLine, Restock,
};
use lockstep_domain::{
    CustomerId, FulfillmentOrderId, LineItemId, LocationId, OrderId, RefundId, VariantId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Invalid;
use crate::shopify::topic;

/// Topics whose body is the whole order.
pub const WHOLE: [&str; 6] = [
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "orders/paid",
    "orders/fulfilled",
    "orders/partially_fulfilled",
];
/// Topics that name the order by `order_id`.
const NAMING: [&str; 3] = ["refunds/create", "fulfillments/create", "fulfillments/update"];
/// Topics about fulfillment orders; most do not name the order.
const ROUTING: [&str; 9] = [
    "fulfillment_orders/order_routing_complete",
    "fulfillment_orders/moved",
    "fulfillment_orders/split",
    "fulfillment_orders/merged",
    "fulfillment_orders/cancelled",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/rescheduled",
    "fulfillment_orders/scheduled_fulfillment_order_ready",
];
const EDITED: &str = "orders/edited";
const DELETED: &str = "orders/delete";
/// Fulfillment orders that one webhook may name; any of them leads to the order.
const NAMED_MAX: usize = 3;

/// Every topic that says something of orders and can be subscribed to.
#[must_use]
pub fn topics() -> Vec<&'static str> {
    let all = WHOLE.iter().chain(&NAMING).chain(&ROUTING).chain(&[EDITED, DELETED]);
    all.copied().collect()
}

/// What a webhook tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// An order's numbers.
    Order {
        /// The order.
        order: OrderId,
        /// Its numbers.
        facts: Box<OrderFacts>,
    },
    /// Something happened to an order.
    Doubt {
        /// The order.
        order: OrderId,
    },
    /// Something happened to the order of a fulfillment order.
    Routing {
        /// Any of these leads to the order.
        fulfillment_orders: Vec<FulfillmentOrderId>,
    },
    /// An order was deleted.
    Deleted {
        /// The order.
        order: OrderId,
    },
    /// A customer's data is to be erased.
    RedactCustomer {
        /// The customer; nothing for one that never had an account.
        customer: Option<CustomerId>,
        /// Orders whose data is to be erased.
        orders: BTreeSet<OrderId>,
    },
    /// A store's data is to be erased.
    RedactShop,
}

/// Reads a body. `sent_at` is when Shopify sent it, for a state without a version.
///
/// # Errors
/// The first field that is wrong, by its path in the body.
pub fn news(topic: &str, body: &[u8], sent_at: Option<Timestamp>) -> Result<News, Invalid> {
    // What the parser says would repeat a part of the body.
    let value: Value = serde_json::from_slice(body).map_err(|_| {
        Invalid::validation("body", "it is not JSON", "look at the raw webhook in SHOPIFY")
    })?;
    let body = Field::root(&value);
    match topic {
        _ if WHOLE.contains(&topic) => whole(&body, sent_at),
        _ if NAMING.contains(&topic) => Ok(News::Doubt { order: body.id("order_id")? }),
        _ if ROUTING.contains(&topic) => routing(&value),
        EDITED => Ok(News::Doubt { order: body.object("order_edit")?.id("order_id")? }),
        DELETED => Ok(News::Deleted { order: body.id("id")? }),
        topic::CUSTOMERS_REDACT => redact(&body),
        topic::SHOP_REDACT => Ok(News::RedactShop),
        _ => Err(Invalid::validation("topic", "it is not about orders", "report it")),
    }
}

fn whole(body: &Field<'_>, sent_at: Option<Timestamp>) -> Result<News, Invalid> {
    let order = body.id("id")?;
    let updated_at = body.moment("updated_at")?.or(sent_at);
    let refunds = body.list("refunds")?.iter().map(refund).collect::<Result<Vec<_>, _>>()?;
    let sent = fulfilled(body)?;
    let lines = body.list("line_items")?;
    if body.get("line_items").is_none() {
        return Err(body.wrong("line_items", "it is missing"));
    }
    let lines =
        lines.iter().map(|line| numbers(line, &refunds, &sent)).collect::<Result<Vec<_>, _>>()?;
    let facts = OrderFacts {
        updated_at: updated_at.ok_or_else(|| {
            body.wrong("updated_at", "it is missing, so the state has no version")
        })?,
        cancelled_at: body.moment("cancelled_at")?,
        closed_at: body.moment("closed_at")?,
        lines,
        refunds,
    };
    Ok(News::Order { order, facts: Box::new(facts.sorted()) })
}

type Sent = Vec<(LineItemId, AtLocation)>;

fn numbers(line: &Field<'_>, refunds: &[Refund], sent: &Sent) -> Result<LineNumbers, Invalid> {
    let id: LineItemId = line.id("id")?;
    let quantity =
        line.units("quantity")?.ok_or_else(|| line.wrong("quantity", "it is missing"))?;
    let refunded = |restock: Option<Restock>| -> i64 {
        let lines = refunds.iter().flat_map(|refund| &refund.lines);
        let meant = |l: &&RefundLine| l.line == id && restock.is_none_or(|r| l.restock == r);
        lines.filter(meant).map(|l| l.units).sum()
    };
    let fulfilled: Vec<_> = sent.iter().filter(|(l, _)| *l == id).map(|(_, at)| *at).collect();
    let current = line.units("current_quantity")?.unwrap_or((quantity - refunded(None)).max(0));
    let gone: i64 = fulfilled.iter().map(|at| at.units).sum();
    // Units that came back are neither current nor open.
    let kept = (gone - refunded(Some(Restock::Return))).max(0);
    let open = line.units("fulfillable_quantity")?.unwrap_or((current - kept).max(0));
    let variant = line.optional_id::<VariantId>("variant_id")?;
    Ok(LineNumbers { line: id, variant, item: None, quantity, current, open, fulfilled })
}

/// What was sent, by line and location; a fulfillment that was cancelled or failed sent nothing.
fn fulfilled(body: &Field<'_>) -> Result<Sent, Invalid> {
    let mut sent = Vec::new();
    for fulfillment in body.list("fulfillments")? {
        let stands = match fulfillment.text("status")?.unwrap_or("success") {
            "success" | "open" | "pending" => true,
            "cancelled" | "error" | "failure" => false,
            _ => return Err(fulfillment.wrong("status", "it is no status that is known")),
        };
        if !stands {
            continue;
        }
        let location = fulfillment.optional_id::<LocationId>("location_id")?;
        for line in fulfillment.list("line_items")? {
            let units = line.units("quantity")?.unwrap_or(0);
            sent.push((line.id("id")?, AtLocation { location, units }));
        }
    }
    Ok(sent)
}

fn refund(refund: &Field<'_>) -> Result<Refund, Invalid> {
    let lines = refund.list("refund_line_items")?;
    let at = refund.moment("created_at")?;
    let at = match at {
        Some(at) => at,
        None => refund
            .moment("processed_at")?
            .ok_or_else(|| refund.wrong("created_at", "it is missing"))?,
    };
    Ok(Refund {
        id: refund.id::<RefundId>("id")?,
        at,
        lines: lines.iter().map(refund_line).collect::<Result<_, _>>()?,
    })
}

fn refund_line(line: &Field<'_>) -> Result<RefundLine, Invalid> {
    let restock = match line.text("restock_type")? {
        None | Some("no_restock") => Restock::NoRestock,
        Some("cancel") => Restock::Cancel,
        // The old form of a refund: what came back had been sent.
        Some("return" | "legacy_restock") => Restock::Return,
        Some(_) => return Err(line.wrong("restock_type", "it is no restock type that is known")),
    };
    let location = line.optional_id::<LocationId>("location_id")?;
    Ok(RefundLine {
        line: line.id("line_item_id")?,
        units: line.units("quantity")?.ok_or_else(|| line.wrong("quantity", "it is missing"))?,
        restock,
        location: location.filter(|_| restock != Restock::NoRestock),
    })
}

fn redact(body: &Field<'_>) -> Result<News, Invalid> {
    let customer = match body.get("customer") {
        Some(customer) => customer.optional_id("id")?,
        None => None,
    };
    let orders = body.list("orders_to_redact")?;
    let orders = orders.iter().map(|order| order.as_id()).collect::<Result<_, _>>()?;
    Ok(News::RedactCustomer { customer, orders })
}

/// The bodies differ by topic and version, and agree in how they name fulfillment orders.
fn routing(body: &Value) -> Result<News, Invalid> {
    let mut found = Named::default();
    found.walk("", body);
    if let Some(order) = found.order {
        return Ok(News::Doubt { order });
    }
    if found.fulfillment_orders.is_empty() {
        let message = "no fulfillment order is named";
        return Err(Invalid::validation("fulfillment_order.id", message, FIX));
    }
    Ok(News::Routing { fulfillment_orders: found.fulfillment_orders })
}

#[derive(Default)]
struct Named {
    order: Option<OrderId>,
    fulfillment_orders: Vec<FulfillmentOrderId>,
}

impl Named {
    fn walk(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let is_id = key == "id" && name.ends_with("fulfillment_order");
                    if is_id || key == "fulfillment_order_id" {
                        self.note(value);
                    }
                    if key == "order_id" {
                        self.order = self.order.or(number(value).map(OrderId));
                    }
                    self.walk(key, value);
                }
            }
            Value::Array(list) => list.iter().for_each(|value| self.walk(name, value)),
            _ => {}
        }
    }

    fn note(&mut self, value: &Value) {
        let id = number(value).map(FulfillmentOrderId).or_else(|| value.as_str()?.parse().ok());
        let Some(id) = id else { return };
        if !self.fulfillment_orders.contains(&id) && self.fulfillment_orders.len() < NAMED_MAX {
            self.fulfillment_orders.push(id);
        }
    }
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().filter(|number| *number > 0)
}

const FIX: &str = "look at the raw webhook in SHOPIFY and report it";

/// No order has more units of anything; sums of what is below cannot overflow.
const UNITS_MAX: i64 = 1_000_000_000;

/// A part of a body with its path. Refusals name the path and never the value.
struct Field<'v> {
    value: &'v Value,
    path: String,
}

impl<'v> Field<'v> {
    fn root(value: &'v Value) -> Self {
        Self { value, path: String::new() }
    }

    fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn wrong(&self, key: &str, message: &str) -> Invalid {
        Invalid::validation(self.at(key), message, FIX)
    }

    /// A field; nothing when it is absent or null.
    fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Self { value, path: self.at(key) })
    }

    fn object(&self, key: &str) -> Result<Self, Invalid> {
        let found = self.get(key).filter(|field| field.value.is_object());
        found.ok_or_else(|| self.wrong(key, "it is missing, or no object"))
    }

    fn list(&self, key: &str) -> Result<Vec<Self>, Invalid> {
        let Some(field) = self.get(key) else { return Ok(Vec::new()) };
        let list = field.value.as_array().ok_or_else(|| self.wrong(key, "it is no list"))?;
        let one = |(index, value)| Self { value, path: format!("{}[{index}]", field.path) };
        Ok(list.iter().enumerate().map(one).collect())
    }

    fn as_id<T: From<i64>>(&self) -> Result<T, Invalid> {
        let wrong = || Invalid::validation(self.path.as_str(), "it is no id", FIX);
        number(self.value).map(T::from).ok_or_else(wrong)
    }

    fn id<T: From<i64>>(&self, key: &str) -> Result<T, Invalid> {
        self.get(key).ok_or_else(|| self.wrong(key, "it is missing"))?.as_id()
    }

    fn optional_id<T: From<i64>>(&self, key: &str) -> Result<Option<T>, Invalid> {
        self.get(key).map(|field| field.as_id()).transpose()
    }

    fn units(&self, key: &str) -> Result<Option<i64>, Invalid> {
        let Some(field) = self.get(key) else { return Ok(None) };
        let units = field.value.as_i64().filter(|units| (0..=UNITS_MAX).contains(units));
        units.map(Some).ok_or_else(|| self.wrong(key, "it is no number of units"))
    }

    fn text(&self, key: &str) -> Result<Option<&'v str>, Invalid> {
        let Some(field) = self.get(key) else { return Ok(None) };
        field.value.as_str().map(Some).ok_or_else(|| self.wrong(key, "it is no text"))
    }

    fn moment(&self, key: &str) -> Result<Option<Timestamp>, Invalid> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.wrong(key, "it is no moment"))
    }
}

#[cfg(test)]
#[path = "order_webhook_tests.rs"]
mod tests;
