//! One order in full: its numbers, prices and routing, page after page. Who ordered is another
//! call ([`super::order_contact`]), so that it is asked only where it is needed.

use lockstep_domain::order::facts::{
    AtLocation, FulfillmentOrder, OrderDetails, OrderFacts, OrderRead, Refund, RefundDetails,
    ShippingLine,
};
use lockstep_domain::{
    FulfillmentId, FulfillmentOrderId, LineItemId, LocationId, OrderId, RefundId,
};
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::order_parts::{Node, line, refund_line, routed_line, sent_line};
use super::read;

pub(super) const NUMBERS: Document = Document {
    operation: "OrderNumbers",
    text: include_str!("operations/order_numbers.graphql"),
    cost: 269,
    mutation: false,
    idempotent: false,
};
pub(super) const LINES: Document = Document {
    operation: "OrderLines",
    text: include_str!("operations/order_lines.graphql"),
    cost: 58,
    mutation: false,
    idempotent: false,
};
pub(super) const FULFILLMENT_ORDERS: Document = Document {
    operation: "OrderFulfillmentOrders",
    text: include_str!("operations/order_fulfillment_orders.graphql"),
    cost: 143,
    mutation: false,
    idempotent: false,
};
pub(super) const FULFILLMENT_ORDER_LINES: Document = Document {
    operation: "FulfillmentOrderLines",
    text: include_str!("operations/fulfillment_order_lines.graphql"),
    cost: 26,
    mutation: false,
    idempotent: false,
};
pub(super) const REFUND_LINES: Document = Document {
    operation: "RefundLines",
    text: include_str!("operations/refund_lines.graphql"),
    cost: 37,
    mutation: false,
    idempotent: false,
};
pub(super) const FULFILLMENT_LINES: Document = Document {
    operation: "FulfillmentLines",
    text: include_str!("operations/fulfillment_lines.graphql"),
    cost: 26,
    mutation: false,
    idempotent: false,
};

/// A page of an order that is still to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    part: Part,
    after: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Lines,
    FulfillmentOrders,
    FulfillmentOrderLines(FulfillmentOrderId),
    RefundLines(RefundId),
    FulfillmentLines(FulfillmentId, Option<LocationId>),
}

/// An order as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPages {
    order: OrderId,
    facts: OrderFacts,
    details: OrderDetails,
    routing: Vec<FulfillmentOrder>,
    sent: Vec<(LineItemId, AtLocation)>,
    rest: Vec<Rest>,
}

#[derive(Serialize)]
struct Variables<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

/// Asks for an order.
#[must_use]
pub fn order_numbers(order: OrderId) -> Call {
    NUMBERS.call(&Variables { id: order.gid(), after: None })
}

/// Reads the answer to [`order_numbers`]; `None` when the store shows no such order.
///
/// # Errors
/// What must be there is missing, or of a kind that is not known.
pub fn decode_order_numbers(data: &Value) -> Result<Option<OrderPages>, DecodeError> {
    if data.get("order").is_some_and(Value::is_null) {
        return Ok(None);
    }
    let node = Node::new(&NUMBERS, read::root(data, &NUMBERS, "order")?, "order");
    let mut pages = OrderPages {
        order: node.id()?,
        facts: OrderFacts {
            updated_at: node.moment("updatedAt")?,
            cancelled_at: node.optional_moment("cancelledAt")?,
            closed_at: node.optional_moment("closedAt")?,
            lines: Vec::new(),
            refunds: Vec::new(),
        },
        details: details(&node)?,
        routing: Vec::new(),
        sent: Vec::new(),
        rest: Vec::new(),
    };
    pages.add_lines(&node.object("lineItems")?)?;
    for refund in node.list("refunds") {
        pages.add_refund(&refund)?;
    }
    for fulfillment in node.list("fulfillments") {
        pages.add_fulfillment(&fulfillment)?;
    }
    pages.add_fulfillment_orders(&node.object("fulfillmentOrders")?)?;
    Ok(Some(pages))
}

fn details(node: &Node<'_>) -> Result<OrderDetails, DecodeError> {
    let shipping_lines = node.object("shippingLines")?;
    let shipping_lines = shipping_lines.list("nodes").map(|line| {
        Ok(ShippingLine {
            title: line.text("title"),
            code: line.text("code"),
            price: line.money("discountedPriceSet")?,
        })
    });
    let tags = read::list(node.value, "tags").iter().filter_map(Value::as_str);
    Ok(OrderDetails {
        name: node.text("name"),
        created_at: node.moment("createdAt")?,
        test: read::flag(node.value, "test").unwrap_or(false),
        financial: node.text("displayFinancialStatus"),
        fulfillment: node.text("displayFulfillmentStatus"),
        source: node.text("sourceName"),
        tags: tags.map(str::to_owned).collect(),
        cancel_reason: node.text("cancelReason"),
        total: node.money("currentTotalPriceSet")?,
        shipping_lines: shipping_lines.collect::<Result<_, _>>()?,
        lines: Vec::new(),
        refunds: Vec::new(),
    })
}

impl OrderPages {
    /// The next page to be read; `None` when the order is whole.
    #[must_use]
    pub fn next(&self) -> Option<&Rest> {
        self.rest.first()
    }

    /// Asks for the next page; `None` when the order is whole.
    #[must_use]
    pub fn next_call(&self) -> Option<Call> {
        let rest = self.next()?;
        let (document, id) = match rest.part {
            Part::Lines => (&LINES, self.order.gid()),
            Part::FulfillmentOrders => (&FULFILLMENT_ORDERS, self.order.gid()),
            Part::FulfillmentOrderLines(id) => (&FULFILLMENT_ORDER_LINES, id.gid()),
            Part::RefundLines(id) => (&REFUND_LINES, id.gid()),
            Part::FulfillmentLines(id, _) => (&FULFILLMENT_LINES, id.gid()),
        };
        Some(document.call(&Variables { id, after: Some(&rest.after) }))
    }

    /// Adds the answer to [`OrderPages::next_call`]. False when the order changed meanwhile, so
    /// that its pages are not of one state.
    ///
    /// # Errors
    /// What must be there is missing, or of a kind that is not known.
    pub fn add(&mut self, data: &Value) -> Result<bool, DecodeError> {
        if self.rest.is_empty() {
            return Ok(true);
        }
        let Rest { part, .. } = self.rest.remove(0);
        let root = |document, key: &str| -> Result<Node<'_>, DecodeError> {
            Ok(Node::new(document, read::root(data, document, key)?, key))
        };
        let (node, of_order) = match part {
            Part::Lines => (root(&LINES, "order")?, true),
            Part::FulfillmentOrders => (root(&FULFILLMENT_ORDERS, "order")?, true),
            Part::FulfillmentOrderLines(_) => {
                (root(&FULFILLMENT_ORDER_LINES, "fulfillmentOrder")?, false)
            }
            Part::RefundLines(_) => (root(&REFUND_LINES, "refund")?, false),
            Part::FulfillmentLines(..) => (root(&FULFILLMENT_LINES, "fulfillment")?, false),
        };
        let order = if of_order { node.clone() } else { node.object("order")? };
        if order.moment("updatedAt")? != self.facts.updated_at {
            return Ok(false);
        }
        match part {
            Part::Lines => self.add_lines(&node.object("lineItems")?)?,
            Part::FulfillmentOrders => {
                self.add_fulfillment_orders(&node.object("fulfillmentOrders")?)?;
            }
            Part::FulfillmentOrderLines(id) => {
                let lines = self.add_routed(id, &node.object("lineItems")?)?;
                let known = self.routing.iter_mut().find(|order| order.id == id);
                if let Some(known) = known {
                    known.lines.extend(lines);
                }
            }
            Part::RefundLines(id) => self.add_refund_lines(id, &node.object("refundLineItems")?)?,
            Part::FulfillmentLines(id, location) => {
                self.add_sent((id, location), &node.object("fulfillmentLineItems")?)?;
            }
        }
        Ok(true)
    }

    /// The order, when it is whole: without the contact, which is another call.
    #[must_use]
    pub fn into_read(mut self) -> OrderRead {
        for line in &mut self.facts.lines {
            let sent = self.sent.iter().filter(|(id, _)| *id == line.line);
            line.fulfilled = sent.map(|(_, at)| *at).collect();
        }
        self.routing.retain(|order| !order.lines.is_empty());
        self.routing.sort_by_key(|order| order.id);
        self.details.lines.sort_by_key(|line| line.line);
        self.details.refunds.sort_by_key(|refund| refund.id);
        OrderRead {
            facts: self.facts.sorted(),
            details: self.details,
            routing: self.routing,
            customer: None,
            contact_read: false,
            contact: None,
        }
    }

    fn more(&mut self, part: Part, connection: &Node<'_>) {
        let next = read::next_page(connection.value);
        self.rest.extend(next.map(|after| Rest { part, after }));
    }

    fn add_lines(&mut self, connection: &Node<'_>) -> Result<(), DecodeError> {
        for node in connection.list("nodes") {
            let (numbers, details) = line(&node)?;
            self.facts.lines.push(numbers);
            self.details.lines.push(details);
        }
        self.more(Part::Lines, connection);
        Ok(())
    }

    fn add_refund(&mut self, node: &Node<'_>) -> Result<(), DecodeError> {
        let id: RefundId = node.id()?;
        let at = match node.optional_moment("createdAt")? {
            Some(at) => at,
            None => node.moment("processedAt")?,
        };
        self.facts.refunds.push(Refund { id, at, lines: Vec::new() });
        let amount = node.money("totalRefundedSet")?;
        self.details.refunds.push(RefundDetails { id, amount, lines: Vec::new() });
        self.add_refund_lines(id, &node.object("refundLineItems")?)
    }

    fn add_refund_lines(&mut self, id: RefundId, node: &Node<'_>) -> Result<(), DecodeError> {
        let (mut lines, mut money) = (Vec::new(), Vec::new());
        for node in node.list("nodes") {
            let (line, amount) = refund_line(&node)?;
            lines.push(line);
            money.push(amount);
        }
        if let Some(refund) = self.facts.refunds.iter_mut().find(|refund| refund.id == id) {
            refund.lines.extend(lines);
        }
        if let Some(refund) = self.details.refunds.iter_mut().find(|refund| refund.id == id) {
            refund.lines.extend(money);
        }
        self.more(Part::RefundLines(id), node);
        Ok(())
    }

    fn add_fulfillment(&mut self, node: &Node<'_>) -> Result<(), DecodeError> {
        match node.text("status").as_str() {
            "SUCCESS" | "OPEN" | "PENDING" => {
                let place = (node.id()?, node.id_of("location")?);
                self.add_sent(place, &node.object("fulfillmentLineItems")?)
            }
            // It sent nothing, or what it sent was taken back.
            "CANCELLED" | "ERROR" | "FAILURE" => Ok(()),
            _ => Err(node.wrong("status")),
        }
    }

    fn add_sent(
        &mut self,
        (id, location): (FulfillmentId, Option<LocationId>),
        connection: &Node<'_>,
    ) -> Result<(), DecodeError> {
        for node in connection.list("nodes") {
            self.sent.push(sent_line(&node, location)?);
        }
        self.more(Part::FulfillmentLines(id, location), connection);
        Ok(())
    }

    fn add_fulfillment_orders(&mut self, connection: &Node<'_>) -> Result<(), DecodeError> {
        for node in connection.list("nodes") {
            let hold = match node.text("status").as_str() {
                "OPEN" | "IN_PROGRESS" | "INCOMPLETE" => None,
                "ON_HOLD" => {
                    let reason = node.list("fulfillmentHolds").map(|hold| hold.text("reason"));
                    Some(reason.into_iter().find(|r| !r.is_empty()).unwrap_or("ON_HOLD".to_owned()))
                }
                status @ "SCHEDULED" => Some(status.to_owned()),
                // Nothing is left to be sent of it.
                "CLOSED" | "CANCELLED" => continue,
                _ => return Err(node.wrong("status")),
            };
            let id = node.id()?;
            let location = node.object("assignedLocation")?.id_of("location")?;
            let lines = self.add_routed(id, &node.object("lineItems")?)?;
            self.routing.push(FulfillmentOrder { id, location, hold, lines });
        }
        self.more(Part::FulfillmentOrders, connection);
        Ok(())
    }

    fn add_routed(
        &mut self,
        id: FulfillmentOrderId,
        connection: &Node<'_>,
    ) -> Result<Vec<lockstep_domain::order::facts::FulfillmentOrderLine>, DecodeError> {
        let lines = connection.list("nodes").map(|node| routed_line(&node));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        self.more(Part::FulfillmentOrderLines(id), connection);
        Ok(lines.into_iter().filter(|line| line.remaining > 0).collect())
    }
}

#[cfg(test)]
#[path = "order_read_tests.rs"]
mod tests;
#[cfg(test)]
pub(super) use tests::page_calls;
