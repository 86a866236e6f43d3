//! Splitting and merging fulfillment orders.

use super::holds::{open, part};
use super::route::{add, commit};
use super::{Refused, Work};
use crate::model::Shop;
use crate::model::order::{Ended, FulfillmentOrderLine};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// Units of a fulfillment order's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The line.
    pub line: i64,
    /// Units.
    pub units: i64,
}

/// What a split made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The fulfillment order that was split.
    pub original: i64,
    /// The new one with the given units.
    pub fresh: i64,
    /// The one that took the place of the original, where that was shipped in part.
    pub replacement: Option<i64>,
}

/// Moves the given units to a new fulfillment order at the same location. One that was shipped
/// in part is closed, and another one takes the place of its rest.
///
/// # Errors
/// It is not open, more than is left is asked for, or all of it.
pub fn split(
    shop: &mut Shop,
    now: Timestamp,
    fulfillment_order: i64,
    pieces: &[Piece],
    action: &mut Action,
) -> Result<Split, Refused> {
    let mut work = open(shop, now, fulfillment_order)?;
    let one = part(&mut work, fulfillment_order)?;
    if pieces.is_empty() {
        let message = "No line items provided to split.";
        return Err(Refused::new(message).code("NO_LINE_ITEMS_PROVIDED_TO_SPLIT"));
    }
    if !one.is_fulfillable() {
        let message = "The fulfillment order is not in a state to be split.";
        let refused = Refused::new(message).code("INVALID_LINE_ITEM_QUANTITY");
        return Err(refused.blameless());
    }
    let asked: i64 = pieces.iter().map(|piece| piece.units).sum();
    if asked >= one.remaining() {
        let message = "The quantity to split must be lower than the fulfillment order's \
                       remaining quantity.";
        return Err(Refused::new(message).code("INVALID_LINE_ITEM_QUANTITY").blameless());
    }
    let in_part = one.shipped() > 0;
    let fresh = apart(&mut work, fulfillment_order, pieces)?;
    let replacement = if in_part { Some(replace(&mut work, fulfillment_order)?) } else { None };
    let order = work.order.id;
    work.tell(Fact::Split { order, fulfillment_order, fresh, replacement });
    commit(work, action)?;
    Ok(Split { original: fulfillment_order, fresh, replacement })
}

/// Moves what is left of a fulfillment order to a new one.
fn replace(work: &mut Work<'_>, id: i64) -> Result<i64, Refused> {
    let one = part(work, id)?;
    let left = one.lines.iter().filter(|line| line.remaining > 0);
    let left: Vec<Piece> =
        left.map(|line| Piece { line: line.id, units: line.remaining }).collect();
    let fresh = apart(work, id, &left)?;
    part(work, id)?.replacement = Some(fresh);
    Ok(fresh)
}

/// Moves units to a new fulfillment order at the same location and answers its number.
pub(super) fn apart(work: &mut Work<'_>, id: i64, pieces: &[Piece]) -> Result<i64, Refused> {
    let mut lines: Vec<FulfillmentOrderLine> = Vec::new();
    for piece in pieces {
        let line = take(work, id, *piece)?;
        match lines.iter_mut().find(|known| known.line == line) {
            Some(known) => {
                known.total += piece.units;
                known.remaining += piece.units;
            }
            None => lines.push(FulfillmentOrderLine {
                id: work.shop.new_id(),
                line,
                total: piece.units,
                remaining: piece.units,
            }),
        }
    }
    let location = part(work, id)?.location;
    Ok(add(work, location, lines))
}

/// Takes units off a line and answers the order's line.
pub(super) fn take(work: &mut Work<'_>, id: i64, piece: Piece) -> Result<i64, Refused> {
    let one = part(work, id)?;
    let line = one.lines.iter_mut().find(|line| line.id == piece.line);
    let line = line.ok_or_else(|| {
        let message = "Fulfillment order line item does not exist.";
        Refused::missing(message).code("INVALID_LINE_ITEM_QUANTITY")
    })?;
    if piece.units <= 0 {
        let message = "Quantity must be greater than 0";
        return Err(Refused::new(message).code("GREATER_THAN"));
    }
    if piece.units > line.remaining {
        let message = "Invalid fulfillment order line item quantity requested.";
        return Err(Refused::new(message).code("INVALID_LINE_ITEM_QUANTITY").blameless());
    }
    line.remaining -= piece.units;
    line.total -= piece.units;
    Ok(line.line)
}

/// Merges open fulfillment orders of one order and location into the first; the others close.
///
/// # Errors
/// They are not open, or not of one order and location.
pub fn merge(
    shop: &mut Shop,
    now: Timestamp,
    all: &[i64],
    action: &mut Action,
) -> Result<i64, Refused> {
    let [into, others @ ..] = all else {
        return Err(Refused::new("There is nothing to merge.").code("GREATER_THAN"));
    };
    let mut work = open(shop, now, *into)?;
    let location = part(&mut work, *into)?.location;
    let order = work.order.id;
    for id in all {
        let fits = work
            .order
            .fulfillment_order(*id)
            .is_some_and(|one| one.location == location && one.status() == "OPEN");
        let twice = all.iter().filter(|other| *other == id).count() > 1;
        if !fits || twice || others.is_empty() {
            let message = "The fulfillment orders cannot be merged.";
            return Err(Refused::new(message).code("FULFILLMENT_ORDER_NOT_FOUND").blameless());
        }
    }
    for id in others {
        let one = part(&mut work, *id)?;
        let pieces: Vec<Piece> = one
            .lines
            .iter()
            .filter(|line| line.remaining > 0)
            .map(|line| Piece { line: line.id, units: line.remaining })
            .collect();
        for piece in &pieces {
            let line = take(&mut work, *id, *piece)?;
            let fresh = work.shop.new_id();
            let target = part(&mut work, *into)?;
            match target.lines.iter_mut().find(|known| known.line == line) {
                Some(known) => {
                    known.total += piece.units;
                    known.remaining += piece.units;
                }
                None => target.lines.push(FulfillmentOrderLine {
                    id: fresh,
                    line,
                    total: piece.units,
                    remaining: piece.units,
                }),
            }
        }
        let one = part(&mut work, *id)?;
        one.ended = Some(Ended::Closed);
        one.replacement = Some(*into);
        let units = pieces.iter().map(|piece| (piece.line, piece.units)).collect();
        part(&mut work, *into)?.merged.push((*id, units));
    }
    work.tell(Fact::Merged { order, fulfillment_order: *into });
    commit(work, action)?;
    Ok(*into)
}
