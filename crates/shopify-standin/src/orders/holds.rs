//! Holding fulfillment orders, scheduling them, and reporting progress.

use super::route::commit;
use super::split::{Piece, apart};
use super::{Refused, Work};
use crate::jobs::{self, Job};
use crate::model::order::{Ended, FulfillmentOrderLine, Hold};
use crate::model::{FulfillmentOrder, Shop};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;
use std::time::Duration;

/// Holds of one app on one fulfillment order.
const MOST_HOLDS: usize = 10;

/// Opens the order of a fulfillment order.
///
/// # Errors
/// When it does not exist.
pub(super) fn open(
    shop: &mut Shop,
    now: Timestamp,
    fulfillment_order: i64,
) -> Result<Work<'_>, Refused> {
    let missing = || {
        Refused::missing("Fulfillment order does not exist.").code("FULFILLMENT_ORDER_NOT_FOUND")
    };
    let owner = shop.owner(fulfillment_order);
    let owner = owner.filter(|order| order.fulfillment_order(fulfillment_order).is_some());
    let owner = owner.map(|order| order.id).ok_or_else(missing)?;
    Work::open(shop, now, owner)
}

/// A fulfillment order of a change to be changed.
///
/// # Errors
/// Never: the change was opened by it.
pub(super) fn part<'w>(
    work: &'w mut Work<'_>,
    fulfillment_order: i64,
) -> Result<&'w mut FulfillmentOrder, Refused> {
    let now = work.now;
    let found = work.order.fulfillment_order_mut(fulfillment_order);
    let found = found.ok_or_else(|| Refused::missing("Fulfillment order does not exist."))?;
    found.updated_at = now;
    Ok(found)
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The hold, without its number.
    pub hold: Hold,
    /// Only these units: the others go to another fulfillment order.
    pub only: Vec<Piece>,
}

/// Holds a fulfillment order; answers the number of the hold and, when only some units are
/// held, the fulfillment order with the others.
///
/// # Errors
/// It ended, the handle is taken, or there are too many holds.
pub fn hold(
    shop: &mut Shop,
    now: Timestamp,
    fulfillment_order: i64,
    ask: Ask,
    action: &mut Action,
) -> Result<(i64, Option<i64>), Refused> {
    let mut work = open(shop, now, fulfillment_order)?;
    let id = work.shop.new_id();
    let held = part(&mut work, fulfillment_order)?;
    if !matches!(held.status(), "OPEN" | "IN_PROGRESS" | "ON_HOLD") {
        let message = "The fulfillment order is not in a state to be placed on hold.";
        return Err(Refused::new(message).code("TAKEN").blameless());
    }
    if held.holds.iter().any(|known| known.by_app && known.handle == ask.hold.handle) {
        let message = "The handle provided for the fulfillment hold is already in use.";
        return Err(Refused::new(message).code("DUPLICATE_FULFILLMENT_HOLD_HANDLE"));
    }
    if held.holds.iter().filter(|known| known.by_app).count() >= MOST_HOLDS {
        let message = "The maximum number of fulfillment holds for this fulfillment order was \
                       reached.";
        return Err(Refused::new(message).code("FULFILLMENT_ORDER_HOLD_LIMIT_REACHED"));
    }
    let first = held.holds.is_empty();
    let rest = if ask.only.is_empty() {
        None
    } else {
        Some(others(&mut work, fulfillment_order, &ask.only)?)
    };
    part(&mut work, fulfillment_order)?.holds.push(Hold { id, ..ask.hold });
    if first {
        let order = work.order.id;
        let hold = id;
        work.tell(Fact::PlacedOnHold { order, fulfillment_order, hold, rest });
    }
    commit(work, action)?;
    Ok((id, rest))
}

/// Moves all units but the given ones to a new fulfillment order.
fn others(work: &mut Work<'_>, id: i64, kept: &[Piece]) -> Result<i64, Refused> {
    let held = part(work, id)?;
    let left = |line: &FulfillmentOrderLine| {
        let kept = kept.iter().filter(|piece| piece.line == line.id);
        line.remaining - kept.map(|piece| piece.units).sum::<i64>()
    };
    let rest: Vec<Piece> = held
        .lines
        .iter()
        .map(|line| Piece { line: line.id, units: left(line) })
        .filter(|piece| piece.units != 0)
        .collect();
    apart(work, id, &rest)
}

/// Releases the given holds, or all.
///
/// # Errors
/// When there is no such fulfillment order.
pub fn release(
    shop: &mut Shop,
    now: Timestamp,
    fulfillment_order: i64,
    only: Option<&[i64]>,
    action: &mut Action,
) -> Result<(), Refused> {
    let mut work = open(shop, now, fulfillment_order)?;
    let held = part(&mut work, fulfillment_order)?;
    let was = held.status();
    held.holds.retain(|hold| only.is_some_and(|only| !only.contains(&hold.id)));
    if was == "ON_HOLD" && held.holds.is_empty() {
        let order = work.order.id;
        work.tell(Fact::HoldReleased { order, fulfillment_order });
    }
    commit(work, action).map(drop)
}

/// Lets a fulfillment order wait for a moment.
///
/// # Errors
/// It is held, shipped in part, or ended.
pub fn schedule(
    shop: &mut Shop,
    now: Timestamp,
    fulfillment_order: i64,
    moment: Timestamp,
    action: &mut Action,
) -> Result<(), Refused> {
    let mut work = open(shop, now, fulfillment_order)?;
    let one = part(&mut work, fulfillment_order)?;
    if !matches!(one.status(), "OPEN" | "SCHEDULED") || moment <= now {
        let message = "The fulfillment order cannot be rescheduled.";
        return Err(Refused::new(message).blameless());
    }
    one.scheduled = Some(moment);
    let order = work.order.id;
    let wait = Duration::try_from(moment.duration_since(now)).unwrap_or_default();
    jobs::plan(work.shop, now, wait, Job::Ready { fulfillment_order, moment });
    work.tell(Fact::Rescheduled { order, fulfillment_order });
    commit(work, action).map(drop)
}

/// A scheduled fulfillment order's moment has come, or somebody opens it before. Progress that
/// was reported by hand ends too.
///
/// # Errors
/// When there is no such fulfillment order, or nothing to open.
pub fn open_up(
    shop: &mut Shop,
    now: Timestamp,
    fulfillment_order: i64,
    action: &mut Action,
) -> Result<(), Refused> {
    let mut work = open(shop, now, fulfillment_order)?;
    let one = part(&mut work, fulfillment_order)?;
    let was = one.status();
    let reported = std::mem::take(&mut one.progress);
    if was == "SCHEDULED" {
        one.scheduled = None;
        let order = work.order.id;
        work.tell(Fact::ScheduledReady { order, fulfillment_order });
    } else if !reported {
        let message = "The fulfillment order cannot be marked as open.";
        return Err(Refused::new(message).blameless());
    } else {
        let order = work.order.id;
        work.tell(Fact::ProgressStopped { order, fulfillment_order });
    }
    commit(work, action).map(drop)
}

/// Says by hand that somebody works on a fulfillment order.
///
/// # Errors
/// It is not open.
pub fn report_progress(
    shop: &mut Shop,
    now: Timestamp,
    fulfillment_order: i64,
    action: &mut Action,
) -> Result<(), Refused> {
    let mut work = open(shop, now, fulfillment_order)?;
    let one = part(&mut work, fulfillment_order)?;
    if !one.is_fulfillable() {
        let message = "Progress cannot be reported for the fulfillment order.";
        return Err(Refused::new(message).blameless());
    }
    one.progress = true;
    let order = work.order.id;
    work.tell(Fact::ProgressReported { order, fulfillment_order });
    commit(work, action).map(drop)
}

/// Cancels a fulfillment order: another one takes its place, whose number is answered.
///
/// # Errors
/// It ended, or was shipped in part.
pub fn cancel(
    shop: &mut Shop,
    now: Timestamp,
    fulfillment_order: i64,
    action: &mut Action,
) -> Result<i64, Refused> {
    let mut work = open(shop, now, fulfillment_order)?;
    let one = part(&mut work, fulfillment_order)?;
    if one.status() != "OPEN" {
        let message = "Fulfillment order is not in cancelable request state and can't be \
                       canceled.";
        return Err(Refused::new(message).blameless());
    }
    let all: Vec<Piece> = one
        .lines
        .iter()
        .map(|line| Piece { line: line.id, units: line.remaining })
        .filter(|piece| piece.units > 0)
        .collect();
    let fresh = apart(&mut work, fulfillment_order, &all)?;
    let one = part(&mut work, fulfillment_order)?;
    one.ended = Some(Ended::Cancelled);
    one.replacement = Some(fresh);
    let order = work.order.id;
    let replacement = Some(fresh);
    work.tell(Fact::FulfillmentOrderCancelled { order, fulfillment_order, replacement });
    commit(work, action)?;
    Ok(fresh)
}
