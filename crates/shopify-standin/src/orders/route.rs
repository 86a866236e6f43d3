//! Routing: an order's lines become fulfillment orders, one per location, some time after the
//! order was placed.

use super::{Refused, Work};
use crate::jobs::{self, Job};
use crate::model::order::FulfillmentOrderLine;
use crate::model::{FulfillmentOrder, Shop};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// Plans the routing of a new order.
pub fn plan(shop: &mut Shop, now: Timestamp, order: i64) {
    let wait = Duration::from_millis(shop.settings.routing_delay_ms);
    jobs::plan(shop, now, wait, Job::Route { order });
}

/// Makes the fulfillment orders of an order that has none yet.
///
/// # Errors
/// When there is no such order.
pub fn route(
    shop: &mut Shop,
    now: Timestamp,
    order: i64,
    action: &mut Action,
) -> Result<(), Refused> {
    let mut work = Work::open(shop, now, order)?;
    if work.order.routed {
        return Ok(());
    }
    work.order.routed = true;
    for id in make(&mut work, None) {
        work.tell(Fact::RoutingComplete { order, fulfillment_order: id });
    }
    commit(work, action).map(drop)
}

/// Makes fulfillment orders for units that are in none: of all lines, or of the given ones.
pub(super) fn make(work: &mut Work<'_>, only: Option<&[(i64, i64)]>) -> Vec<i64> {
    let mut by_location: BTreeMap<i64, Vec<FulfillmentOrderLine>> = BTreeMap::new();
    let wanted: Vec<(i64, i64, i64)> = match only {
        Some(units) => units
            .iter()
            .filter_map(|(id, units)| Some((*id, *units, work.order.line(*id)?.location)))
            .collect(),
        None => {
            let lines = work.order.lines.iter().filter(|line| line.requires_shipping);
            lines.map(|line| (line.id, line.remaining(), line.location)).collect()
        }
    };
    for (line, units, location) in wanted.into_iter().filter(|(_, units, _)| *units > 0) {
        let id = work.shop.new_id();
        let made = FulfillmentOrderLine { id, line, total: units, remaining: units };
        by_location.entry(location).or_default().push(made);
    }
    let made = by_location.into_iter().map(|(location, lines)| add(work, location, lines));
    made.collect()
}

/// Adds a fulfillment order and answers its number.
pub(super) fn add(work: &mut Work<'_>, location: i64, lines: Vec<FulfillmentOrderLine>) -> i64 {
    let id = work.shop.new_id();
    work.order.fulfillment_orders.push(FulfillmentOrder {
        id,
        location,
        created_at: work.now,
        updated_at: work.now,
        ended: None,
        scheduled: None,
        progress: false,
        holds: Vec::new(),
        lines,
        merged: Vec::new(),
        replacement: None,
    });
    id
}

/// Puts a change in place.
///
/// # Errors
/// When the arithmetic breaks.
pub(super) fn commit(work: Work<'_>, action: &mut Action) -> Result<i64, Refused> {
    work.commit(action).map_err(|broken| Refused::new(broken.to_string()))
}
