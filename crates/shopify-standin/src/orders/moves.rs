//! Moving fulfillment orders to another location.

use super::holds::{open, part};
use super::route::{add, commit};
use super::split::{Piece, take};
use super::{Refused, Work};
use crate::model::order::{Ended, FulfillmentOrderLine};
use crate::model::{LevelKey, Shop, Step};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// What a move made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The fulfillment order that was asked to move.
    pub original: i64,
    /// The one that holds the moved units.
    pub moved: i64,
}

/// Moves the given units, or all that are left. All of a fulfillment order of which nothing was
/// shipped moves as it is, unless another one of the order waits at the destination: that one
/// closes, and a new one holds both.
///
/// # Errors
/// It ended, progress was reported, or the destination does not stock an item.
pub fn relocate(
    shop: &mut Shop,
    now: Timestamp,
    (fulfillment_order, to): (i64, i64),
    pieces: &[Piece],
    action: &mut Action,
) -> Result<Moved, Refused> {
    let mut work = open(shop, now, fulfillment_order)?;
    let pieces = checked(&mut work, fulfillment_order, to, pieces)?;
    let one = part(&mut work, fulfillment_order)?;
    let from = one.location;
    let whole = one.shipped() == 0
        && pieces.iter().map(|piece| piece.units).sum::<i64>() == one.remaining();
    let mut waiting = work.order.fulfillment_orders.iter();
    let waiting = waiting
        .find(|other| other.location == to && other.is_active() && other.id != fulfillment_order)
        .map(|other| other.id);
    for piece in &pieces {
        let line = part(&mut work, fulfillment_order)?.line(piece.line).map(|line| line.line);
        let line = line.unwrap_or_default();
        work.step(line, from, Step::Restocked(piece.units));
        work.step(line, to, Step::Sold(piece.units));
    }
    let moved = if whole && waiting.is_none() {
        part(&mut work, fulfillment_order)?.location = to;
        fulfillment_order
    } else {
        regroup(&mut work, (fulfillment_order, to), &pieces, waiting)?
    };
    let order = work.order.id;
    work.tell(Fact::Moved { order, original: fulfillment_order, moved, from, to });
    commit(work, action)?;
    Ok(Moved { original: fulfillment_order, moved })
}

/// Puts units, and those that waited at the destination, into a new fulfillment order there.
fn regroup(
    work: &mut Work<'_>,
    (id, to): (i64, i64),
    pieces: &[Piece],
    waiting: Option<i64>,
) -> Result<i64, Refused> {
    let mut units: Vec<(i64, i64)> = Vec::new();
    for piece in pieces {
        units.push((take(work, id, *piece)?, piece.units));
    }
    if let Some(waiting) = waiting {
        let there = part(work, waiting)?;
        let all = there.lines.iter().filter(|line| line.remaining > 0);
        let all: Vec<Piece> =
            all.map(|line| Piece { line: line.id, units: line.remaining }).collect();
        for piece in all {
            units.push((take(work, waiting, piece)?, piece.units));
        }
        part(work, waiting)?.ended = Some(Ended::Closed);
    }
    let mut lines: Vec<FulfillmentOrderLine> = Vec::new();
    for (line, units) in units {
        match lines.iter_mut().find(|known| known.line == line) {
            Some(known) => {
                known.total += units;
                known.remaining += units;
            }
            None => {
                let id = work.shop.new_id();
                lines.push(FulfillmentOrderLine { id, line, total: units, remaining: units });
            }
        }
    }
    let fresh = add(work, to, lines);
    if let Some(waiting) = waiting {
        part(work, waiting)?.replacement = Some(fresh);
    }
    Ok(fresh)
}

/// Checks a move and answers its pieces.
fn checked(work: &mut Work<'_>, id: i64, to: i64, pieces: &[Piece]) -> Result<Vec<Piece>, Refused> {
    let open = work.shop.locations.get(&to).is_some_and(|location| location.active);
    let (changed, now) = (work.order.updated_at, work.now);
    let one = part(work, id)?;
    if !one.is_active() {
        let message = "Fulfillment order is closed and cannot be moved.";
        return Err(Refused::new(message).at(&["id"]).unless_known(changed, now));
    }
    if one.progress {
        let message = "Cannot move a fulfillment order that has had progress reported.";
        let code = "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS";
        return Err(Refused::new(message).code(code).at(&["id"]).unless_known(changed, now));
    }
    if !open {
        let message = "Location could not be found or is not active.";
        return Err(Refused::new(message).at(&["newLocationId"]).unless_known(changed, now));
    }
    if one.location == to {
        let message = "The fulfillment order is assigned to this location already.";
        return Err(Refused::new(message).at(&["newLocationId"]).unless_known(changed, now));
    }
    let all = one.lines.iter().filter(|line| line.remaining > 0);
    let all: Vec<Piece> = all.map(|line| Piece { line: line.id, units: line.remaining }).collect();
    let pieces = if pieces.is_empty() { all } else { pieces.to_vec() };
    for piece in &pieces {
        let same = pieces.iter().filter(|other| other.line == piece.line);
        let asked: i64 = same.map(|other| other.units).sum();
        let line = part(work, id)?.line(piece.line).filter(|line| asked <= line.remaining);
        let Some(line) = line.filter(|_| piece.units > 0) else {
            let message = "Invalid fulfillment order line item quantity requested.";
            return Err(Refused::new(message)
                .at(&["fulfillmentOrderLineItems"])
                .unless_known(changed, now));
        };
        let line = line.line;
        let item = work.order.line(line).and_then(|line| line.item);
        let stocked = item.is_none_or(|item| {
            let level = work.shop.levels.get(&LevelKey { location: to, item });
            level.is_some_and(|level| level.active)
        });
        if !stocked {
            let message = "The destination location doesn't stock the requested inventory item.";
            return Err(Refused::new(message).at(&["newLocationId"]).unless_known(changed, now));
        }
    }
    Ok(pieces)
}
