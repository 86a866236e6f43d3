//! One order in full: its numbers, prices and routing, page after page. Who ordered is another
//! call ([`super::order_contact()`]), so that it is asked only where it is needed.

use lockstep_domain::order::facts::{
    AtLocation, FulfillmentOrder, FulfillmentOrderLine, OrderDetails, OrderFacts, OrderRead,
    Refund, RefundDetails, ShippingLine,
};
use lockstep_domain::{
    FulfillmentId, FulfillmentOrderId, LineItemId, LocationId, OrderId, RefundId,
};
use serde_json::Value;

pub(super) use super::answers::fulfillment_lines::DOCUMENT as FULFILLMENT_LINES;
pub(super) use super::answers::fulfillment_order_lines::DOCUMENT as FULFILLMENT_ORDER_LINES;
pub(super) use super::answers::order_fulfillment_orders::DOCUMENT as FULFILLMENT_ORDERS;
pub(super) use super::answers::order_lines::DOCUMENT as LINES;
use super::answers::order_numbers as numbers;
pub(super) use super::answers::order_numbers::DOCUMENT as NUMBERS;
use super::answers::parts::{
    FulfillmentLineItemConnection, FulfillmentOrder as ShownFulfillmentOrder,
    FulfillmentOrderConnection, FulfillmentOrderLineItemConnection, LineItemConnection, PageInfo,
    RefundLineItemConnection,
};
pub(super) use super::answers::refund_lines::DOCUMENT as REFUND_LINES;
use super::answers::words::{FulfillmentOrderStatus, FulfillmentStatus};
use super::answers::{
    fulfillment_lines, fulfillment_order_lines, order_fulfillment_orders, order_lines, refund_lines,
};
use super::document::{Call, DecodeError};
use super::order_parts::{line, money, refund_line, routed_line, sent_line};
use super::pages::next_page;
use super::view::Given;

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

/// Asks for an order.
#[must_use]
pub fn order_numbers(order: OrderId) -> Call {
    numbers::call(&numbers::Variables { id: order.gid() })
}

/// Reads the answer to [`order_numbers`]; `None` when the store shows no such order.
///
/// # Errors
/// What must be there is missing, or of a kind that is not known.
pub fn decode_order_numbers(data: &Value) -> Result<Option<OrderPages>, DecodeError> {
    let Some(order) = numbers::answer(data).order()? else { return Ok(None) };
    let mut pages = OrderPages {
        order: order.id()?,
        facts: OrderFacts {
            updated_at: order.updated_at()?,
            cancelled_at: order.cancelled_at()?,
            closed_at: order.closed_at()?,
            lines: Vec::new(),
            refunds: Vec::new(),
        },
        details: details(&order)?,
        routing: Vec::new(),
        sent: Vec::new(),
        rest: Vec::new(),
    };
    pages.add_lines(&order.line_items()?)?;
    for refund in order.refunds()? {
        pages.add_refund(&refund)?;
    }
    for fulfillment in order.fulfillments()? {
        pages.add_fulfillment(&fulfillment)?;
    }
    pages.add_fulfillment_orders(&order.fulfillment_orders()?)?;
    Ok(Some(pages))
}

fn details(order: &numbers::Order<'_>) -> Result<OrderDetails, DecodeError> {
    let mut shipping_lines = Vec::new();
    for line in order.shipping_lines()?.nodes()? {
        shipping_lines.push(ShippingLine {
            title: line.title()?,
            code: line.code()?.unwrap_or_default(),
            price: money(&line.discounted_price_set()?)?,
        });
    }
    let financial = order.display_financial_status()?;
    let cancel_reason = order.cancel_reason()?;
    Ok(OrderDetails {
        name: order.name()?,
        created_at: order.created_at()?,
        test: order.test()?,
        financial: financial.map(|word| word.as_str().to_owned()).unwrap_or_default(),
        fulfillment: order.display_fulfillment_status()?.as_str().to_owned(),
        source: order.source_name()?.unwrap_or_default(),
        tags: order.tags()?.into_iter().collect(),
        cancel_reason: cancel_reason.map(|word| word.as_str().to_owned()).unwrap_or_default(),
        total: money(&order.current_total_price_set()?)?,
        shipping_lines,
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

    /// Forgets the next page.
    #[cfg(test)]
    pub(super) fn skip(&mut self) {
        self.rest.remove(0);
    }

    /// Asks for the next page; `None` when the order is whole.
    #[must_use]
    pub fn next_call(&self) -> Option<Call> {
        let Rest { part, after } = self.next()?;
        let after = Given::Value(after.clone());
        let order = self.order.gid();
        Some(match part {
            Part::Lines => order_lines::call(&order_lines::Variables { id: order, after }),
            Part::FulfillmentOrders => {
                let variables = order_fulfillment_orders::Variables { id: order, after };
                order_fulfillment_orders::call(&variables)
            }
            Part::FulfillmentOrderLines(id) => {
                let variables = fulfillment_order_lines::Variables { id: id.gid(), after };
                fulfillment_order_lines::call(&variables)
            }
            Part::RefundLines(id) => {
                refund_lines::call(&refund_lines::Variables { id: id.gid(), after })
            }
            Part::FulfillmentLines(id, _) => {
                fulfillment_lines::call(&fulfillment_lines::Variables { id: id.gid(), after })
            }
        })
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
        let at = self.facts.updated_at;
        match part {
            Part::Lines => {
                let answer = order_lines::answer(data);
                let order = answer.order()?.ok_or_else(|| answer.wrong("order"))?;
                let is_same = order.updated_at()? == at;
                if is_same {
                    self.add_lines(&order.line_items()?)?;
                }
                Ok(is_same)
            }
            Part::FulfillmentOrders => {
                let answer = order_fulfillment_orders::answer(data);
                let order = answer.order()?.ok_or_else(|| answer.wrong("order"))?;
                let is_same = order.updated_at()? == at;
                if is_same {
                    self.add_fulfillment_orders(&order.fulfillment_orders()?)?;
                }
                Ok(is_same)
            }
            Part::FulfillmentOrderLines(id) => self.add_page_of_route(id, data),
            Part::RefundLines(id) => {
                let answer = refund_lines::answer(data);
                let refund = answer.refund()?.ok_or_else(|| answer.wrong("refund"))?;
                let is_same = refund.order()?.updated_at()? == at;
                if is_same {
                    self.add_refund_lines(id, &refund.refund_line_items()?)?;
                }
                Ok(is_same)
            }
            Part::FulfillmentLines(id, location) => {
                let answer = fulfillment_lines::answer(data);
                let sent = answer.fulfillment()?.ok_or_else(|| answer.wrong("fulfillment"))?;
                let is_same = sent.order()?.updated_at()? == at;
                if is_same {
                    self.add_sent((id, location), &sent.fulfillment_line_items()?)?;
                }
                Ok(is_same)
            }
        }
    }

    fn add_page_of_route(
        &mut self,
        id: FulfillmentOrderId,
        data: &Value,
    ) -> Result<bool, DecodeError> {
        let answer = fulfillment_order_lines::answer(data);
        let route = answer.fulfillment_order()?.ok_or_else(|| answer.wrong("fulfillmentOrder"))?;
        let is_same = route.order()?.updated_at()? == self.facts.updated_at;
        if is_same {
            let lines = self.add_routed(id, &route.line_items()?)?;
            if let Some(known) = self.routing.iter_mut().find(|order| order.id == id) {
                known.lines.extend(lines);
            }
        }
        Ok(is_same)
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

    fn more(&mut self, part: Part, info: &PageInfo<'_>) -> Result<(), DecodeError> {
        self.rest.extend(next_page(info)?.map(|after| Rest { part, after }));
        Ok(())
    }

    fn add_lines(&mut self, page: &LineItemConnection<'_>) -> Result<(), DecodeError> {
        for node in page.nodes()? {
            let (numbers, details) = line(&node)?;
            self.facts.lines.push(numbers);
            self.details.lines.push(details);
        }
        self.more(Part::Lines, &page.page_info()?)
    }

    fn add_refund(&mut self, node: &numbers::Refund<'_>) -> Result<(), DecodeError> {
        let id = node.id()?;
        let at = match node.created_at()? {
            Some(at) => at,
            None => node.processed_at()?,
        };
        self.facts.refunds.push(Refund { id, at, lines: Vec::new() });
        let amount = money(&node.total_refunded_set()?)?;
        self.details.refunds.push(RefundDetails { id, amount, lines: Vec::new() });
        self.add_refund_lines(id, &node.refund_line_items()?)
    }

    fn add_refund_lines(
        &mut self,
        id: RefundId,
        page: &RefundLineItemConnection<'_>,
    ) -> Result<(), DecodeError> {
        let (mut lines, mut money) = (Vec::new(), Vec::new());
        for node in page.nodes()? {
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
        self.more(Part::RefundLines(id), &page.page_info()?)
    }

    fn add_fulfillment(&mut self, node: &numbers::Fulfillment<'_>) -> Result<(), DecodeError> {
        use FulfillmentStatus as Status;
        match node.status()? {
            Status::Success | Status::Open | Status::Pending => {
                let location = node.location()?.map(|location| location.id()).transpose()?;
                self.add_sent((node.id()?, location), &node.fulfillment_line_items()?)
            }
            // It sent nothing, or what it sent was taken back.
            Status::Cancelled | Status::Error | Status::Failure => Ok(()),
            Status::NotInSchema(_) => Err(node.wrong("status")),
        }
    }

    fn add_sent(
        &mut self,
        (id, location): (FulfillmentId, Option<LocationId>),
        page: &FulfillmentLineItemConnection<'_>,
    ) -> Result<(), DecodeError> {
        for node in page.nodes()? {
            self.sent.push(sent_line(&node, location)?);
        }
        self.more(Part::FulfillmentLines(id, location), &page.page_info()?)
    }

    fn add_fulfillment_orders(
        &mut self,
        page: &FulfillmentOrderConnection<'_>,
    ) -> Result<(), DecodeError> {
        for node in page.nodes()? {
            let Some(hold) = hold(&node)? else { continue };
            let id = node.id()?;
            let location = node.assigned_location()?.location()?;
            let location = location.map(|location| location.id()).transpose()?;
            let lines = self.add_routed(id, &node.line_items()?)?;
            self.routing.push(FulfillmentOrder { id, location, hold, lines });
        }
        self.more(Part::FulfillmentOrders, &page.page_info()?)
    }

    fn add_routed(
        &mut self,
        id: FulfillmentOrderId,
        page: &FulfillmentOrderLineItemConnection<'_>,
    ) -> Result<Vec<FulfillmentOrderLine>, DecodeError> {
        let lines = page.nodes()?.iter().map(routed_line).collect::<Result<Vec<_>, _>>()?;
        self.more(Part::FulfillmentOrderLines(id), &page.page_info()?)?;
        Ok(lines.into_iter().filter(|line| line.remaining > 0).collect())
    }
}

/// What keeps a fulfillment order, if anything; nothing at all when nothing is left to be sent.
fn hold(node: &ShownFulfillmentOrder<'_>) -> Result<Option<Option<String>>, DecodeError> {
    use FulfillmentOrderStatus as Status;
    let status = node.status()?;
    Ok(Some(match status {
        Status::Open | Status::InProgress | Status::Incomplete => None,
        Status::OnHold => {
            let holds = node.fulfillment_holds()?;
            let reason = holds.first().map(|hold| hold.reason()).transpose()?;
            let reason = reason.as_ref().map_or(status.as_str(), |reason| reason.as_str());
            Some(reason.to_owned())
        }
        Status::Scheduled => Some(status.as_str().to_owned()),
        Status::Closed | Status::Cancelled => return Ok(None),
        Status::NotInSchema(_) => return Err(node.wrong("status")),
    }))
}

#[cfg(test)]
#[path = "order_read_tests.rs"]
mod tests;
#[cfg(test)]
pub(super) use tests::page_calls;
