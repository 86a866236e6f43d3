//! What a shipment must see of its order: what is left to be sent, from where, and what was sent.

use lockstep_domain::shipment::{
    Readiness, ShownFulfillment, ShownLine, ShownOrder, ShownRoute, Units,
};
use lockstep_domain::{FulfillmentId, FulfillmentOrderId, OrderId};
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::order_parts::{Node, routed_line, sent_line};
use super::order_read::{FULFILLMENT_LINES, FULFILLMENT_ORDER_LINES};
use super::read;

pub(super) const ORDER: Document = Document {
    operation: "ShipmentsOfOrder",
    text: include_str!("operations/shipments_of_order.graphql"),
    cost: 174,
    mutation: false,
    idempotent: false,
};
pub(super) const ROUTES: Document = Document {
    operation: "RoutesOfOrder",
    text: include_str!("operations/routes_of_order.graphql"),
    cost: 148,
    mutation: false,
    idempotent: false,
};

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

#[derive(Serialize)]
struct Variables<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

/// Asks for an order's fulfillment orders and fulfillments.
#[must_use]
pub fn shipments_of_order(order: OrderId) -> Call {
    ORDER.call(&Variables { id: order.gid(), after: None })
}

#[cfg(test)]
pub(super) fn routes_page(order: OrderId, after: &str) -> Call {
    ROUTES.call(&Variables { id: order.gid(), after: Some(after) })
}

/// Reads the answer to [`shipments_of_order`]; `None` when the store shows no such order.
///
/// # Errors
/// What must be there is missing, or of a kind that is not known.
pub fn decode_shipments_of_order(data: &Value) -> Result<Option<ShipmentPages>, DecodeError> {
    if data.get("order").is_some_and(Value::is_null) {
        return Ok(None);
    }
    let node = Node::new(&ORDER, read::root(data, &ORDER, "order")?, "order");
    let mut pages = ShipmentPages {
        order: node.id()?,
        updated_at: node.moment("updatedAt")?,
        shown: ShownOrder::default(),
        rest: Vec::new(),
    };
    for fulfillment in node.list("fulfillments") {
        pages.add_fulfillment(&fulfillment)?;
    }
    pages.add_routes(&node.object("fulfillmentOrders")?)?;
    Ok(Some(pages))
}

impl ShipmentPages {
    /// Asks for the next page; `None` when all is there.
    #[must_use]
    pub fn next_call(&self) -> Option<Call> {
        let rest = self.rest.first()?;
        let (document, id) = match rest.part {
            Part::Routes => (&ROUTES, self.order.gid()),
            Part::RouteLines(id) => (&FULFILLMENT_ORDER_LINES, id.gid()),
            Part::SentLines(id) => (&FULFILLMENT_LINES, id.gid()),
        };
        Some(document.call(&Variables { id, after: Some(&rest.after) }))
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
        let root = |document, key: &str| -> Result<Node<'_>, DecodeError> {
            Ok(Node::new(document, read::root(data, document, key)?, key))
        };
        let (node, order) = match part {
            Part::Routes => {
                let node = root(&ROUTES, "order")?;
                (node.clone(), node)
            }
            Part::RouteLines(_) => {
                let node = root(&FULFILLMENT_ORDER_LINES, "fulfillmentOrder")?;
                (node.clone(), node.object("order")?)
            }
            Part::SentLines(_) => {
                let node = root(&FULFILLMENT_LINES, "fulfillment")?;
                (node.clone(), node.object("order")?)
            }
        };
        if order.moment("updatedAt")? != self.updated_at {
            return Ok(false);
        }
        match part {
            Part::Routes => self.add_routes(&node.object("fulfillmentOrders")?)?,
            Part::RouteLines(id) => {
                let lines = self.lines(id, &node.object("lineItems")?)?;
                let known = self.shown.routes.iter_mut().find(|route| route.id == id);
                if let Some(known) = known {
                    known.lines.extend(lines);
                }
            }
            Part::SentLines(id) => {
                let more = self.units(id, &node.object("fulfillmentLineItems")?)?;
                let known = self.shown.fulfillments.iter_mut().find(|one| one.id == id);
                if let Some(known) = known {
                    add(&mut known.units, more);
                }
            }
        }
        Ok(true)
    }

    /// What was read, when it is whole.
    #[must_use]
    pub fn into_shown(mut self) -> ShownOrder {
        self.shown.routes.retain(|route| !route.lines.is_empty());
        self.shown.routes.sort_by_key(|route| route.id);
        self.shown.fulfillments.sort_by_key(|one| one.id);
        self.shown
    }

    fn more(&mut self, part: Part, connection: &Node<'_>) {
        let next = read::next_page(connection.value);
        self.rest.extend(next.map(|after| Rest { part, after }));
    }

    fn add_fulfillment(&mut self, node: &Node<'_>) -> Result<(), DecodeError> {
        let id = node.id()?;
        let cancelled = match node.text("status").as_str() {
            "SUCCESS" | "OPEN" | "PENDING" => false,
            "CANCELLED" | "ERROR" | "FAILURE" => true,
            _ => return Err(node.wrong("status")),
        };
        let units = self.units(id, &node.object("fulfillmentLineItems")?)?;
        let tracking = read::list(node.value, "trackingInfo");
        let texts = |key| tracking.iter().filter_map(|one| read::filled(one, key)).collect();
        let (numbers, urls) = (texts("number"), texts("url"));
        self.shown.fulfillments.push(ShownFulfillment { id, cancelled, units, numbers, urls });
        Ok(())
    }

    fn units(&mut self, id: FulfillmentId, connection: &Node<'_>) -> Result<Units, DecodeError> {
        let mut units = Units::new();
        for node in connection.list("nodes") {
            let (line, at) = sent_line(&node, None)?;
            add(&mut units, Units::from([(line, at.units)]));
        }
        units.retain(|_, units| *units > 0);
        self.more(Part::SentLines(id), connection);
        Ok(units)
    }

    fn add_routes(&mut self, connection: &Node<'_>) -> Result<(), DecodeError> {
        for node in connection.list("nodes") {
            let Some(readiness) = readiness(&node)? else { continue };
            let id = node.id()?;
            let location = node.object("assignedLocation")?.id_of("location")?;
            let lines = self.lines(id, &node.object("lineItems")?)?;
            self.shown.routes.push(ShownRoute { id, location, readiness, lines });
        }
        self.more(Part::Routes, connection);
        Ok(())
    }

    fn lines(
        &mut self,
        id: FulfillmentOrderId,
        connection: &Node<'_>,
    ) -> Result<Vec<ShownLine>, DecodeError> {
        let mut lines = Vec::new();
        for node in connection.list("nodes") {
            let line = routed_line(&node)?;
            if line.remaining > 0 {
                let (id, remaining) = (line.id, line.remaining);
                lines.push(ShownLine { id, line: line.line, remaining });
            }
        }
        self.more(Part::RouteLines(id), connection);
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
fn readiness(node: &Node<'_>) -> Result<Option<Readiness>, DecodeError> {
    let word = match node.text("status").as_str() {
        "OPEN" | "IN_PROGRESS" | "INCOMPLETE" => {
            let actions = node.list("supportedActions").map(|action| action.text("action"));
            let can = actions.into_iter().any(|action| action == "CREATE_FULFILLMENT");
            if can {
                return Ok(Some(Readiness::Ready));
            }
            "NOT_SUPPORTED".to_owned()
        }
        "ON_HOLD" => {
            let mut reasons = node.list("fulfillmentHolds").map(|hold| hold.text("reason"));
            reasons.find(|reason| !reason.is_empty()).unwrap_or_else(|| "ON_HOLD".to_owned())
        }
        status @ "SCHEDULED" => status.to_owned(),
        "CLOSED" | "CANCELLED" => return Ok(None),
        _ => return Err(node.wrong("status")),
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
