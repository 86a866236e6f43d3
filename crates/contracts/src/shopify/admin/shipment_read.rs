//! What a shipment must see of its order: what is left to be sent, from where, and what was sent.

use lockstep_domain::shipment::{
    Readiness, ShownFulfillment, ShownLine, ShownOrder, ShownRoute, Units,
};
use lockstep_domain::{FulfillmentId, FulfillmentOrderId, OrderId};
use serde_json::Value;

use super::answers::parts::{
    FulfillmentLineItemConnection, FulfillmentOrderConnectionOfRoutesOfOrder as RouteConnection,
    FulfillmentOrderLineItemConnection, FulfillmentOrderOfRoutesOfOrder as Route, PageInfo,
};
pub(super) use super::answers::routes_of_order::DOCUMENT as ROUTES;
pub(super) use super::answers::shipments_of_order::DOCUMENT as ORDER;
use super::answers::words::{FulfillmentOrderAction, FulfillmentOrderStatus, FulfillmentStatus};
use super::answers::{
    fulfillment_lines, fulfillment_order_lines, routes_of_order, shipments_of_order as shown_of,
};
use super::document::{Call, DecodeError};
use super::order_parts::{routed_line, sent_line};
use super::pages::next_page;
use super::view::Given;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rest {
    part: Part,
    after: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Routes,
    RouteLines(FulfillmentOrderId),
    SentLines(FulfillmentId),
}

/// An order's shipments as far as they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShipmentPages {
    order: OrderId,
    updated_at: jiff::Timestamp,
    shown: ShownOrder,
    rest: Vec<Rest>,
}

/// Asks for an order's fulfillment orders and fulfillments.
#[must_use]
pub fn shipments_of_order(order: OrderId) -> Call {
    shown_of::call(&shown_of::Variables { id: order.gid() })
}

pub(super) fn routes_page(order: OrderId, after: &str) -> Call {
    let after = Given::Value(after.to_owned());
    routes_of_order::call(&routes_of_order::Variables { id: order.gid(), after })
}

/// Reads the answer to [`shipments_of_order`]; `None` when the store shows no such order.
///
/// # Errors
/// What must be there is missing, or of a kind that is not known.
pub fn decode_shipments_of_order(data: &Value) -> Result<Option<ShipmentPages>, DecodeError> {
    let Some(order) = shown_of::answer(data).order()? else { return Ok(None) };
    let mut pages = ShipmentPages {
        order: order.id()?,
        updated_at: order.updated_at()?,
        shown: ShownOrder::default(),
        rest: Vec::new(),
    };
    for fulfillment in order.fulfillments()? {
        pages.add_fulfillment(&fulfillment)?;
    }
    pages.add_routes(&order.fulfillment_orders()?)?;
    Ok(Some(pages))
}

impl ShipmentPages {
    /// Forgets the next page.
    #[cfg(test)]
    pub(super) fn skip(&mut self) {
        self.rest.remove(0);
    }

    /// Asks for the next page; `None` when all is there.
    #[must_use]
    pub fn next_call(&self) -> Option<Call> {
        let Rest { part, after } = self.rest.first()?;
        let given = Given::Value(after.clone());
        Some(match part {
            Part::Routes => routes_page(self.order, after),
            Part::RouteLines(id) => {
                let variables = fulfillment_order_lines::Variables { id: id.gid(), after: given };
                fulfillment_order_lines::call(&variables)
            }
            Part::SentLines(id) => {
                let variables = fulfillment_lines::Variables { id: id.gid(), after: given };
                fulfillment_lines::call(&variables)
            }
        })
    }

    /// Adds the answer to [`ShipmentPages::next_call`]. False when the order changed meanwhile, so
    /// that its pages are not of one state.
    ///
    /// # Errors
    /// What must be there is missing, or of a kind that is not known.
    pub fn add(&mut self, data: &Value) -> Result<bool, DecodeError> {
        if self.rest.is_empty() {
            return Ok(true);
        }
        let Rest { part, .. } = self.rest.remove(0);
        match part {
            Part::Routes => {
                let answer = routes_of_order::answer(data);
                let order = answer.order()?.ok_or_else(|| answer.wrong("order"))?;
                let is_same = order.updated_at()? == self.updated_at;
                if is_same {
                    self.add_routes(&order.fulfillment_orders()?)?;
                }
                Ok(is_same)
            }
            Part::RouteLines(id) => {
                let answer = fulfillment_order_lines::answer(data);
                let route = answer.fulfillment_order()?;
                let route = route.ok_or_else(|| answer.wrong("fulfillmentOrder"))?;
                let is_same = route.order()?.updated_at()? == self.updated_at;
                if is_same {
                    let lines = self.lines(id, &route.line_items()?)?;
                    if let Some(known) = self.shown.routes.iter_mut().find(|one| one.id == id) {
                        known.lines.extend(lines);
                    }
                }
                Ok(is_same)
            }
            Part::SentLines(id) => {
                let answer = fulfillment_lines::answer(data);
                let sent = answer.fulfillment()?.ok_or_else(|| answer.wrong("fulfillment"))?;
                let is_same = sent.order()?.updated_at()? == self.updated_at;
                if is_same {
                    let more = self.units(id, &sent.fulfillment_line_items()?)?;
                    let known = self.shown.fulfillments.iter_mut().find(|one| one.id == id);
                    if let Some(known) = known {
                        add(&mut known.units, more);
                    }
                }
                Ok(is_same)
            }
        }
    }

    /// What was read, when it is whole.
    #[must_use]
    pub fn into_shown(mut self) -> ShownOrder {
        self.shown.routes.retain(|route| !route.lines.is_empty());
        self.shown.routes.sort_by_key(|route| route.id);
        self.shown.fulfillments.sort_by_key(|one| one.id);
        self.shown
    }

    fn more(&mut self, part: Part, info: &PageInfo<'_>) -> Result<(), DecodeError> {
        self.rest.extend(next_page(info)?.map(|after| Rest { part, after }));
        Ok(())
    }

    fn add_fulfillment(&mut self, node: &shown_of::Fulfillment<'_>) -> Result<(), DecodeError> {
        use FulfillmentStatus as Status;
        let id = node.id()?;
        let cancelled = match node.status()? {
            Status::Success | Status::Open | Status::Pending => false,
            Status::Cancelled | Status::Error | Status::Failure => true,
            Status::NotInSchema(_) => return Err(node.wrong("status")),
        };
        let units = self.units(id, &node.fulfillment_line_items()?)?;
        let (mut numbers, mut urls) = (Vec::new(), Vec::new());
        for tracking in node.tracking_info()? {
            numbers.extend(tracking.number()?.filter(|number| !number.is_empty()));
            urls.extend(tracking.url()?.filter(|url| !url.is_empty()));
        }
        self.shown.fulfillments.push(ShownFulfillment { id, cancelled, units, numbers, urls });
        Ok(())
    }

    fn units(
        &mut self,
        id: FulfillmentId,
        page: &FulfillmentLineItemConnection<'_>,
    ) -> Result<Units, DecodeError> {
        let mut units = Units::new();
        for node in page.nodes()? {
            let (line, at) = sent_line(&node, None)?;
            add(&mut units, Units::from([(line, at.units)]));
        }
        units.retain(|_, units| *units > 0);
        self.more(Part::SentLines(id), &page.page_info()?)?;
        Ok(units)
    }

    fn add_routes(&mut self, page: &RouteConnection<'_>) -> Result<(), DecodeError> {
        for node in page.nodes()? {
            let Some(readiness) = readiness(&node)? else { continue };
            let id = node.id()?;
            let location = node.assigned_location()?.location()?;
            let location = location.map(|location| location.id()).transpose()?;
            let lines = self.lines(id, &node.line_items()?)?;
            self.shown.routes.push(ShownRoute { id, location, readiness, lines });
        }
        self.more(Part::Routes, &page.page_info()?)
    }

    fn lines(
        &mut self,
        id: FulfillmentOrderId,
        page: &FulfillmentOrderLineItemConnection<'_>,
    ) -> Result<Vec<ShownLine>, DecodeError> {
        let mut lines = Vec::new();
        for node in page.nodes()? {
            let line = routed_line(&node)?;
            if line.remaining > 0 {
                let (id, remaining) = (line.id, line.remaining);
                lines.push(ShownLine { id, line: line.line, remaining });
            }
        }
        self.more(Part::RouteLines(id), &page.page_info()?)?;
        Ok(lines)
    }
}

fn add(to: &mut Units, more: Units) {
    for (line, units) in more {
        let sum = to.entry(line).or_default();
        *sum = sum.saturating_add(units);
    }
}

/// Whether a fulfillment order can be fulfilled; nothing when there is nothing left of it.
fn readiness(node: &Route<'_>) -> Result<Option<Readiness>, DecodeError> {
    use FulfillmentOrderStatus as Status;
    let status = node.status()?;
    let word = match status {
        Status::Open | Status::InProgress | Status::Incomplete => {
            for action in node.supported_actions()? {
                if action.action()? == FulfillmentOrderAction::CreateFulfillment {
                    return Ok(Some(Readiness::Ready));
                }
            }
            "NOT_SUPPORTED".to_owned()
        }
        Status::OnHold => {
            let holds = node.fulfillment_holds()?;
            let reason = holds.first().map(|hold| hold.reason()).transpose()?;
            reason.as_ref().map_or(status.as_str(), |reason| reason.as_str()).to_owned()
        }
        Status::Scheduled => status.as_str().to_owned(),
        Status::Closed | Status::Cancelled => return Ok(None),
        Status::NotInSchema(_) => return Err(node.wrong("status")),
    };
    Ok(Some(Readiness::Held(word)))
}

#[cfg(test)]
mod tests {
    use lockstep_domain::{FulfillmentOrderLineId, LineItemId, LocationId};
    use serde_json::json;

    use super::*;

    fn route(id: i64, status: &str, actions: &[&str]) -> Value {
        let actions: Vec<_> = actions.iter().map(|action| json!({"action": action})).collect();
        json!({
            "id": format!("gid://shopify/FulfillmentOrder/{id}"), "status": status,
            "supportedActions": actions, "fulfillmentHolds": [{"reason": "OTHER"}],
            "assignedLocation": {"location": {"id": "gid://shopify/Location/71"}},
            "lineItems": {"pageInfo": {"hasNextPage": false}, "nodes": [
                {"id": format!("gid://shopify/FulfillmentOrderLineItem/{id}"),
                 "remainingQuantity": 2, "lineItem": {"id": "gid://shopify/LineItem/1"}}]},
        })
    }

    fn answer(routes: &[Value], more: bool) -> Value {
        json!({"order": {
            "id": "gid://shopify/Order/5", "updatedAt": "2026-11-24T10:00:00Z",
            "fulfillments": [{
                "id": "gid://shopify/Fulfillment/3", "status": "SUCCESS",
                "trackingInfo": [{"number": "N1", "url": null}],
                "fulfillmentLineItems": {"pageInfo": {"hasNextPage": false}, "nodes": [
                    {"quantity": 1, "lineItem": {"id": "gid://shopify/LineItem/1"}}]}}],
            "fulfillmentOrders": {
                "pageInfo": {"hasNextPage": more, "endCursor": "c"}, "nodes": routes},
        }})
    }

    #[test]
    fn what_is_left_is_ready_or_held_and_what_is_over_is_not_there() {
        let routes = [
            route(7, "OPEN", &["MOVE", "CREATE_FULFILLMENT"]),
            route(8, "ON_HOLD", &["RELEASE_HOLD"]),
            route(9, "CLOSED", &[]),
            route(10, "OPEN", &["MOVE"]),
        ];
        let pages = decode_shipments_of_order(&answer(&routes, false)).unwrap().unwrap();
        assert_eq!(pages.next_call(), None);
        let shown = pages.into_shown();
        let readiness: Vec<_> =
            shown.routes.iter().map(|r| (r.id.get(), r.readiness.clone())).collect();
        let held = |word: &str| Readiness::Held(word.to_owned());
        let expected = [(7, Readiness::Ready), (8, held("OTHER")), (10, held("NOT_SUPPORTED"))];
        assert_eq!(readiness, expected);
        assert_eq!(shown.routes[0].location, Some(LocationId(71)));
        let line = ShownLine { id: FulfillmentOrderLineId(7), line: LineItemId(1), remaining: 2 };
        assert_eq!(shown.routes[0].lines, [line]);
        let sent = &shown.fulfillments[0];
        assert_eq!(
            (sent.numbers.as_slice(), sent.cancelled),
            (["N1".to_owned()].as_slice(), false)
        );
        assert_eq!(sent.units, Units::from([(LineItemId(1), 1)]));
    }

    #[test]
    fn pages_of_another_state_are_noticed() {
        let first = [route(7, "OPEN", &["CREATE_FULFILLMENT"])];
        let mut pages = decode_shipments_of_order(&answer(&first, true)).unwrap().unwrap();
        assert_eq!(pages.next_call().unwrap().operation, "RoutesOfOrder");
        let second = [route(8, "OPEN", &["CREATE_FULFILLMENT"])];
        let mut moved = answer(&second, false);
        moved["order"]["updatedAt"] = json!("2026-11-24T10:00:01Z");
        assert_eq!(pages.clone().add(&moved), Ok(false));
        assert_eq!(pages.add(&answer(&second, false)), Ok(true));
        assert_eq!(pages.into_shown().routes.len(), 2);
        assert_eq!(decode_shipments_of_order(&json!({"order": null})), Ok(None));
        assert!(decode_shipments_of_order(&json!({})).is_err());
    }
}
