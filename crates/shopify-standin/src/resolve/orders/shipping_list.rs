//! Connections of fulfillment orders.

use super::super::Front;
use super::super::page::{Element, Query, Sort, connection, unknown_field, unknown_sort};
use super::super::record::{Obj, Record};
use super::super::text;
use super::Kind;
use super::list::visible;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::{Answer, Out};
use crate::model::{FulfillmentOrder, LevelKey, Order};
use crate::search::{Held, Term};
use serde_json::Value;

/// `Order.fulfillmentOrders`.
pub(super) fn of_order(front: &Front<'_>, order: &Order, arguments: &Arguments) -> Answer<Obj> {
    let query = Query::read(front, arguments)?;
    let mut elements = Vec::new();
    for one in &order.fulfillment_orders {
        if query.finds(one.updated_at, |term| matches(one, term))? {
            elements.push(element(Sort::Id, one.id));
        }
    }
    connection(front, "FulfillmentOrder", elements, arguments)
}

/// The root connection `fulfillmentOrders`: closed ones only when asked for.
///
/// # Errors
/// For searches and sort keys that are not there.
pub fn fulfillment_orders(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    let query = Query::read(front, arguments)?;
    let closed = arguments.get("includeClosed") == Some(&Value::Bool(true));
    let key = text(arguments, "sortKey").unwrap_or("ID");
    let mut elements = Vec::new();
    let orders = front.shop.orders.values().filter(|order| visible(front, order));
    for one in orders.flat_map(|order| &order.fulfillment_orders) {
        let wanted = closed || one.status() != "CLOSED";
        if wanted && query.finds(one.updated_at, |term| matches(one, term))? {
            let sort = match key {
                "ID" => Sort::Id,
                "UPDATED_AT" => Sort::Time(one.updated_at),
                key => return Err(unknown_sort("fulfillment orders", key)),
            };
            elements.push(element(sort, one.id));
        }
    }
    connection(front, "FulfillmentOrder", elements, arguments)
}

fn element(sort: Sort, id: i64) -> Element {
    Element { sort, id, object: Obj::Part(Kind::FulfillmentOrder, id) }
}

fn matches(one: &FulfillmentOrder, term: &Term) -> Result<bool, GraphqlError> {
    let held = match term.field.as_deref() {
        Some("id") => Held::Number(one.id),
        Some("status") => Held::Word(one.status().to_owned()),
        Some("assigned_location_id") => Held::Number(one.location),
        Some("updated_at") => Held::Moment(one.updated_at),
        field => return Err(unknown_field("fulfillment orders", field.unwrap_or("text"))),
    };
    Ok(held.matches(term))
}

/// `locationsForMove`: every other active location, and whether it stocks all items.
pub(super) fn destinations(front: &Front<'_>, order: &Order, one: &FulfillmentOrder) -> Out<Obj> {
    let stocks = |location: i64| {
        let lines = one.lines.iter().filter(|line| line.remaining > 0);
        let mut items = lines.filter_map(|line| order.line(line.line)?.item);
        items.all(|item| {
            let level = front.shop.levels.get(&LevelKey { location, item });
            level.is_some_and(|level| level.active)
        })
    };
    let others = front.shop.locations.values();
    let others = others.filter(|location| location.active && location.id != one.location);
    let nodes: Vec<Out<Obj>> = others
        .map(|location| {
            let movable = one.is_active() && stocks(location.id);
            let message = (!movable).then_some("Some items aren't stocked at this location.");
            Record::new("FulfillmentOrderLocationForMove")
                .with("location", Out::Object(Obj::Location(location.id)))
                .with("movable", Out::leaf(movable))
                .with("message", Out::leaf(message))
                .object()
        })
        .collect();
    let edges = nodes.iter().enumerate().map(|(index, node)| {
        Record::new("FulfillmentOrderLocationForMoveEdge")
            .with("cursor", Out::leaf(index.to_string()))
            .with("node", node.clone())
            .object()
    });
    let info = Record::new("PageInfo")
        .with("hasNextPage", Out::leaf(false))
        .with("hasPreviousPage", Out::leaf(false))
        .with("startCursor", Out::Null)
        .with("endCursor", Out::Null);
    Record::new("FulfillmentOrderLocationForMoveConnection")
        .with("edges", Out::List(edges.collect()))
        .with("nodes", Out::List(nodes))
        .with("pageInfo", info.object())
        .object()
}
