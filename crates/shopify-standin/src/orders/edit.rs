//! Editing an order: more lines, more or fewer units.

use super::place::{self, Policy};
use super::refund::cancel_units;
use super::route::commit;
use super::units::{append, remove};
use super::{Refused, Work};
use crate::model::order::{CustomItem, Edit, OrderLine};
use crate::model::{LevelKey, Shop, Step};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A line more.
    Add {
        /// The inventory item.
        item: i64,
        /// Units.
        quantity: i64,
        /// Where they are taken from.
        location: Option<i64>,
    },
    /// A line of no variant more.
    Custom {
        /// What it is.
        what: CustomItem,
        /// Units.
        quantity: i64,
    },
    /// Another number of units, without those removed and refunded.
    Set {
        /// The line.
        line: i64,
        /// Units.
        quantity: i64,
        /// Units that are taken off are for sale again.
        restock: bool,
    },
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// In order.
    pub changes: Vec<Change>,
    /// The customer is told.
    pub notify: bool,
    /// The staff's note.
    pub note: Option<String>,
}

/// Edits, all or nothing, and answers the number of the edit.
///
/// # Errors
/// The order is cancelled, or units that were shipped would be taken off.
pub fn edit(
    shop: &mut Shop,
    now: Timestamp,
    order: i64,
    ask: &Ask,
    action: &mut Action,
) -> Result<i64, Refused> {
    let mut work = Work::open(shop, now, order)?;
    if work.order.cancelled_at.is_some() {
        return Err(Refused::new("The order cannot be edited.").blameless());
    }
    let (mut additions, mut removals) = (Vec::new(), Vec::new());
    for change in &ask.changes {
        let (line, delta) = match change {
            Change::Add { item, quantity, location } => {
                add_line(&mut work, *item, *quantity, *location)?
            }
            Change::Custom { what, quantity } => add_custom(&mut work, what, *quantity)?,
            Change::Set { line, quantity, restock } => {
                set_quantity(&mut work, *line, *quantity, *restock)?
            }
        };
        match delta {
            0 => {}
            more if more > 0 => additions.push((line, more)),
            fewer => removals.push((line, -fewer)),
        }
    }
    let id = work.shop.new_id();
    let (notify, note) = (ask.notify, ask.note.clone());
    work.order.edits.push(Edit { id, at: now, additions, removals, notify, note });
    work.notify(notify, "order_edited", id);
    work.order.closed_at = None;
    work.tell(Fact::OrderEdited { order, edit: id });
    commit(work, action)?;
    Ok(id)
}

fn positive(quantity: i64) -> Result<(), Refused> {
    if quantity > 0 { Ok(()) } else { Err(Refused::new("Quantity must be greater than 0")) }
}

fn add_line(
    work: &mut Work<'_>,
    item: i64,
    quantity: i64,
    location: Option<i64>,
) -> Result<(i64, i64), Refused> {
    positive(quantity)?;
    // A merchant may add what is not there.
    let policy = Policy::Ignored;
    let key = place::source(work.shop, item, quantity, (location, policy), &BTreeMap::new())?;
    let line = place::line_of(work.shop, key, quantity, &work.order.currencies)?;
    let id = line.id;
    work.order.lines.push(line);
    claim(work, id, key, quantity);
    Ok((id, quantity))
}

fn add_custom(
    work: &mut Work<'_>,
    what: &CustomItem,
    quantity: i64,
) -> Result<(i64, i64), Refused> {
    positive(quantity)?;
    let first = work.shop.locations.values().find(|one| one.active).map(|one| one.id);
    let location = what.location.or(first).unwrap_or_default();
    let id = work.shop.new_id();
    let CustomItem { price, requires_shipping, taxable, .. } = *what;
    let plain = OrderLine::custom(id, what.title.clone(), quantity, location);
    work.order.lines.push(OrderLine { price, requires_shipping, taxable, ..plain });
    // It claims nothing, but it may have to be shipped.
    claim(work, id, LevelKey { location, item: 0 }, quantity);
    Ok((id, quantity))
}

/// Claims units of a line and sees that they are shipped.
pub(super) fn claim(work: &mut Work<'_>, line: i64, key: LevelKey, units: i64) {
    work.step(line, key.location, Step::Sold(units));
    let order = work.order.id;
    if let Some(fulfillment_order) = append(work, line, units) {
        work.tell(Fact::RoutingComplete { order, fulfillment_order });
    }
}

fn set_quantity(
    work: &mut Work<'_>,
    id: i64,
    quantity: i64,
    restock: bool,
) -> Result<(i64, i64), Refused> {
    let line = work.order.line(id).ok_or_else(|| Refused::missing("Line item not found"))?;
    let delta = quantity - line.current();
    if quantity < 0 || -delta > line.remaining() {
        let message = "Quantity cannot be lower than the number of fulfilled items";
        return Err(Refused::new(message).blameless());
    }
    if delta > 0 {
        let key = LevelKey { location: line.location, item: line.item.unwrap_or_default() };
        if let Some(line) = work.order.line_mut(id) {
            line.quantity += delta;
        }
        claim(work, id, key, delta);
    } else if delta < 0 {
        for (stood, taken) in remove(work, id, -delta, None) {
            if restock {
                cancel_units(work, id, (stood, stood), taken);
            } else {
                work.step(id, stood, Step::Dropped(taken));
            }
        }
    }
    Ok((id, delta))
}
