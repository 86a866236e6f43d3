//! Parcels in which goods of a return come back: their numbers and labels. They move no stock.

use super::route::commit;
use super::{Refused, Work};
use crate::model::Shop;
use crate::model::order::{Return, ReverseDelivery, ReverseDeliveryLine, ReverseTracking};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// What is said of a parcel.
#[derive(Clone, Debug, Default)]
pub struct Slip {
    /// Number and address.
    pub tracking: Option<ReverseTracking>,
    /// Where its label is.
    pub label: Option<String>,
    /// The customer is told.
    pub notify: bool,
}

impl Slip {
    fn is_empty(&self) -> bool {
        self.tracking.is_none() && self.label.is_none()
    }
}

/// Makes a parcel of goods that come back and answers its number. No lines: all that is in none.
///
/// # Errors
/// Goods that nobody waits for, or more of them than there are.
pub fn create(
    shop: &mut Shop,
    now: Timestamp,
    reverse: i64,
    (lines, slip): (&[(i64, i64)], Slip),
    action: &mut Action,
) -> Result<i64, Refused> {
    let missing = || {
        let refused = Refused::missing("Reverse fulfillment order does not exist.");
        refused.code("NOT_FOUND").at(&["reverseFulfillmentOrderId"])
    };
    let order = shop.owner(reverse).map(|order| order.id).ok_or_else(missing)?;
    let mut work = Work::open(shop, now, order)?;
    let known = work.order.returns.iter().find(|one| one.reverse == Some(reverse));
    let known = known.ok_or_else(missing)?;
    let id = known.id;
    if known.reverse_status() != "OPEN" {
        let message = "Reverse fulfillment order is not open.";
        let refused = Refused::new(message).code("INVALID_STATE").blameless();
        return Err(refused.at(&["reverseFulfillmentOrderId"]));
    }
    let wanted = if lines.is_empty() { left(known) } else { checked(known, lines)? };
    if wanted.is_empty() {
        let message = "Everything is on its way already.";
        return Err(Refused::new(message).code("INVALID").at(&["reverseDeliveryLineItems"]));
    }
    let delivery = work.shop.new_id();
    let fresh = |(reverse_line, quantity)| ReverseDeliveryLine {
        id: work.shop.new_id(),
        reverse_line,
        quantity,
    };
    let lines = wanted.into_iter().map(fresh).collect();
    let attached = !slip.is_empty();
    let notify = slip.notify && work.order.email.is_some();
    if let Some(known) = work.order.returns.iter_mut().find(|one| one.id == id) {
        known.deliveries.push(ReverseDelivery {
            id: delivery,
            lines,
            tracking: slip.tracking,
            label: slip.label,
            created_at: now,
            updated_at: now,
        });
    }
    work.notify(notify, "return_shipping", delivery);
    if attached {
        work.tell(Fact::DeliverableAttached { order, id, delivery });
    }
    commit(work, action)?;
    Ok(delivery)
}

/// Units of a return that are in no parcel.
fn left(known: &Return) -> Vec<(i64, i64)> {
    let left = known.lines.iter().map(|line| {
        let parcels = known.deliveries.iter().flat_map(|one| &one.lines);
        let sent = parcels.filter(|one| one.reverse_line == line.reverse_line);
        (line.reverse_line, line.quantity - sent.map(|one| one.quantity).sum::<i64>())
    });
    left.filter(|(_, units)| *units > 0).collect()
}

fn checked(known: &Return, lines: &[(i64, i64)]) -> Result<Vec<(i64, i64)>, Refused> {
    let left = left(known);
    for (row, (line, _)) in lines.iter().enumerate() {
        let row = row.to_string();
        let place = ["reverseDeliveryLineItems", row.as_str()];
        if !known.lines.iter().any(|one| one.reverse_line == *line) {
            let message = "Reverse fulfillment order line item does not exist.";
            return Err(Refused::missing(message).code("NOT_FOUND").at(&place));
        }
        let same = lines.iter().filter(|(other, _)| other == line);
        let asked: i64 = same.map(|(_, units)| *units).sum();
        let most = left.iter().find(|(other, _)| other == line).map_or(0, |(_, units)| *units);
        if asked > most || lines.iter().any(|(_, units)| *units <= 0) {
            let message = "Quantity must be positive and not more than what is in no delivery.";
            return Err(Refused::new(message).code("INVALID").at(&place));
        }
    }
    Ok(lines.to_vec())
}

/// Writes a parcel's number or label anew.
///
/// # Errors
/// When there is no such parcel.
pub fn update(
    shop: &mut Shop,
    now: Timestamp,
    delivery: i64,
    slip: Slip,
    action: &mut Action,
) -> Result<(), Refused> {
    let missing = || {
        let refused = Refused::missing("Reverse delivery does not exist.");
        refused.code("NOT_FOUND").at(&["reverseDeliveryId"])
    };
    let order = shop.owner(delivery).map(|order| order.id).ok_or_else(missing)?;
    let mut work = Work::open(shop, now, order)?;
    let attached = !slip.is_empty();
    let mut all = work.order.returns.iter_mut().flat_map(|known| {
        let id = known.id;
        known.deliveries.iter_mut().map(move |one| (id, one))
    });
    let (id, known) = all.find(|(_, one)| one.id == delivery).ok_or_else(missing)?;
    known.tracking = slip.tracking.or(known.tracking.take());
    known.label = slip.label.or(known.label.take());
    known.updated_at = now;
    let notify = slip.notify && work.order.email.is_some();
    work.notify(notify, "return_shipping", delivery);
    if attached {
        work.tell(Fact::DeliverableAttached { order, id, delivery });
    }
    commit(work, action).map(drop)
}
