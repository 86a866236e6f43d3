//! Shipping: units of fulfillment orders leave a location.

use super::route::commit;
use super::{Refused, Work};
use crate::model::order::{FulfilledLine, Tracking};
use crate::model::{Fulfillment, Order, Shop, Step};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// Units of one fulfillment order; without lines, all that is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The fulfillment order.
    pub fulfillment_order: i64,
    /// Numbers of its lines, and units.
    pub lines: Option<Vec<(i64, i64)>>,
}

/// What a shipment says besides its units.
#[derive(Clone, Debug, Default)]
pub struct Slip {
    /// Carrier and numbers.
    pub tracking: Tracking,
    /// The customer is told.
    pub notify: bool,
}

/// Units that will leave: fulfillment order, its line, the order's line, units.
type Units = Vec<(i64, i64, i64, i64)>;

/// Ships, all or nothing, and answers the number of the fulfillment.
///
/// # Errors
/// What Shopify refuses: unknown or ended fulfillment orders, several orders or locations, more
/// than is left.
pub fn fulfil(
    shop: &mut Shop,
    now: Timestamp,
    parts: &[Part],
    slip: Slip,
    action: &mut Action,
) -> Result<i64, Refused> {
    let owner = owner_of(shop, parts)?;
    let mut work = Work::open(shop, now, owner)?;
    let (location, units) = checked(&work.order, parts, now)?;
    let mut lines: Vec<FulfilledLine> = Vec::new();
    for (fulfillment_order, id, line, quantity) in units {
        let known = lines
            .iter_mut()
            .find(|one| one.line == line && one.fulfillment_order == fulfillment_order);
        match known {
            Some(known) => known.quantity += quantity,
            None => {
                let id = work.shop.new_id();
                lines.push(FulfilledLine { id, line, fulfillment_order, quantity });
            }
        }
        take(&mut work, (fulfillment_order, id), quantity);
        if let Some(line) = work.order.line_mut(line) {
            line.fulfilled += quantity;
        }
        work.step(line, location, Step::Fulfilled(quantity));
    }
    let id = work.shop.new_id();
    work.order.fulfillments.push(Fulfillment {
        id,
        number: work.order.fulfillments.len() + 1,
        location,
        stands: true,
        lines,
        tracking: slip.tracking,
        created_at: now,
        updated_at: now,
    });
    work.notify(slip.notify, "fulfillment_created", id);
    let order = work.order.id;
    work.tell(Fact::FulfillmentCreated { order, fulfillment: id });
    work.tell(match work.order.fulfillment_status() {
        Some("fulfilled") => Fact::OrderFulfilled(order),
        _ => Fact::OrderPartiallyFulfilled(order),
    });
    commit(work, action)?;
    Ok(id)
}

/// Takes units off a fulfillment order's line.
fn take(work: &mut Work<'_>, (fulfillment_order, line): (i64, i64), units: i64) {
    let now = work.now;
    if let Some(one) = work.order.fulfillment_order_mut(fulfillment_order) {
        one.updated_at = now;
        let line = one.lines.iter_mut().find(|known| known.id == line);
        if let Some(line) = line {
            line.remaining -= units;
        }
    }
}

fn owner_of(shop: &Shop, parts: &[Part]) -> Result<i64, Refused> {
    let mut owner = None;
    for part in parts {
        let found = shop.owner(part.fulfillment_order);
        let found = found.filter(|order| order.fulfillment_order(part.fulfillment_order).is_some());
        let found = found.ok_or_else(|| {
            let refused = Refused::missing("Fulfillment order does not exist.");
            if shop.gone.contains_key(&part.fulfillment_order) {
                refused.blameless()
            } else {
                refused
            }
        })?;
        if *owner.get_or_insert(found.id) != found.id {
            let message = "All fulfillment orders must belong to the same order.";
            return Err(Refused::new(message));
        }
    }
    owner.ok_or_else(|| Refused::new("At least one fulfillment order is required."))
}

fn checked(order: &Order, parts: &[Part], now: Timestamp) -> Result<(i64, Units), Refused> {
    let mut location = None;
    let mut units: Units = Vec::new();
    for part in parts {
        let Some(one) = order.fulfillment_order(part.fulfillment_order) else {
            return Err(Refused::missing("Fulfillment order does not exist."));
        };
        if !one.is_fulfillable() {
            let status = one.status().to_lowercase();
            let message =
                format!("Fulfillment order {} has an unfulfillable status= {status}.", one.id);
            return Err(Refused::new(message).unless_known(one.updated_at, now));
        }
        if *location.get_or_insert(one.location) != one.location {
            let message = "All fulfillment orders must be assigned to a single location.";
            return Err(Refused::new(message));
        }
        let all = || {
            let left = one.lines.iter().filter(|line| line.remaining > 0);
            left.map(|line| (line.id, line.remaining)).collect::<Vec<_>>()
        };
        for (id, quantity) in part.lines.clone().unwrap_or_else(all) {
            let planned = units.iter().filter(|(_, known, _, _)| *known == id);
            let planned: i64 = planned.map(|(_, _, _, units)| units).sum();
            let line = one
                .line(id)
                .ok_or_else(|| Refused::new("Fulfillment order line item does not exist."))?;
            if quantity <= 0 || planned + quantity > line.remaining {
                let message = "Invalid fulfillment order line item quantity requested.";
                return Err(Refused::new(message).unless_known(one.updated_at, now));
            }
            units.push((one.id, id, line.line, quantity));
        }
    }
    match location {
        Some(location) if !units.is_empty() => Ok((location, units)),
        _ => Err(Refused::new("Fulfillment order line items must not be empty.")),
    }
}

/// Replaces carrier and numbers.
///
/// # Errors
/// When there is no such fulfillment.
pub fn update_tracking(
    shop: &mut Shop,
    now: Timestamp,
    fulfillment: i64,
    slip: Slip,
    action: &mut Action,
) -> Result<i64, Refused> {
    let unknown = || Refused::missing("Fulfillment does not exist.");
    let order = shop.owner(fulfillment).map(|order| order.id).ok_or_else(unknown)?;
    let mut work = Work::open(shop, now, order)?;
    let found = work.order.fulfillments.iter_mut().find(|one| one.id == fulfillment);
    let found = found.ok_or_else(unknown)?;
    found.tracking = slip.tracking;
    found.updated_at = now;
    work.notify(slip.notify, "tracking_updated", fulfillment);
    work.tell(Fact::FulfillmentUpdated { order, fulfillment });
    commit(work, action)?;
    Ok(fulfillment)
}
