//! Units of a line that are taken off or added before they are shipped, wherever they stand.

use super::Work;
use super::route::add;
use crate::model::order::FulfillmentOrderLine;

/// Takes units of a line off the order that were not shipped, from the preferred location
/// first, and answers where they stood.
pub(super) fn remove(
    work: &mut Work<'_>,
    line: i64,
    units: i64,
    preferred: Option<i64>,
) -> Vec<(i64, i64)> {
    let now = work.now;
    let mut left = units;
    let mut from = Vec::new();
    let mut active: Vec<(bool, i64)> = work
        .order
        .fulfillment_orders
        .iter()
        .filter(|one| one.is_active())
        .map(|one| (Some(one.location) != preferred, one.id))
        .collect();
    active.sort_unstable();
    for (_, id) in active {
        let Some(one) = work.order.fulfillment_order_mut(id) else {
            continue;
        };
        for known in one.lines.iter_mut().filter(|known| known.line == line) {
            let taken = known.remaining.min(left);
            if taken > 0 {
                known.remaining -= taken;
                known.total -= taken;
                left -= taken;
                one.updated_at = now;
                from.push((one.location, taken));
            }
        }
    }
    if let Some(known) = work.order.line_mut(line) {
        known.removed += units;
        if left > 0 {
            from.push((known.location, left));
        }
    }
    from
}

/// Adds units of a line that are to be shipped from its location: to an open fulfillment order
/// there, or to a new one, whose number is answered. Before the routing there is nothing to do.
pub(super) fn append(work: &mut Work<'_>, line: i64, units: i64) -> Option<i64> {
    let known = work.order.line(line).filter(|known| known.requires_shipping)?;
    let location = known.location;
    if !work.order.routed {
        return None;
    }
    let now = work.now;
    let id = work.shop.new_id();
    let fresh = FulfillmentOrderLine { id, line, total: units, remaining: units };
    let mut open = work.order.fulfillment_orders.iter_mut();
    let open = open.find(|one| one.location == location && one.status() == "OPEN");
    let Some(one) = open else {
        return Some(add(work, location, vec![fresh]));
    };
    one.updated_at = now;
    match one.lines.iter_mut().find(|known| known.line == line) {
        Some(known) => {
            known.total += units;
            known.remaining += units;
        }
        None => one.lines.push(fresh),
    }
    None
}
