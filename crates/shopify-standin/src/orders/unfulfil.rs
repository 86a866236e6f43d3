//! Cancelling a shipment: its units are to be shipped again.

use super::route::{add, commit};
use super::{Refused, Work};
use crate::model::order::{FulfilledLine, FulfillmentOrderLine};
use crate::model::{Shop, Step};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// Cancels a fulfillment and answers the numbers of new fulfillment orders. One that was shipped
/// as a whole stays closed and a new one takes its units; one that was shipped in part gets them
/// back. A repeat succeeds and changes nothing.
///
/// # Errors
/// When there is no such fulfillment.
pub fn cancel(
    shop: &mut Shop,
    now: Timestamp,
    fulfillment: i64,
    action: &mut Action,
) -> Result<Vec<i64>, Refused> {
    let unknown = || Refused::missing("Fulfillment not found.");
    let order = shop.owner(fulfillment).map(|order| order.id).ok_or_else(unknown)?;
    let mut work = Work::open(shop, now, order)?;
    let found = work.order.fulfillments.iter_mut().find(|one| one.id == fulfillment);
    let found = found.ok_or_else(unknown)?;
    if !found.stands {
        return Ok(Vec::new());
    }
    found.stands = false;
    found.updated_at = now;
    let (location, lines) = (found.location, found.lines.clone());
    let mut homeless: Vec<(i64, i64)> = Vec::new();
    for shipped in lines {
        let Some(line) = work.order.line_mut(shipped.line) else {
            continue;
        };
        // Units that were refunded meanwhile are not shipped again.
        let open = shipped.quantity.min(line.returnable());
        line.fulfilled -= shipped.quantity;
        line.returned -= shipped.quantity - open;
        line.removed += shipped.quantity - open;
        work.step(shipped.line, location, Step::Unfulfilled(open));
        if !give_back(&mut work, &shipped, open) && open > 0 {
            homeless.push((shipped.line, open));
        }
    }
    let mut made = Vec::new();
    if !homeless.is_empty() {
        let lines = homeless.into_iter().map(|(line, units)| {
            let id = work.shop.new_id();
            FulfillmentOrderLine { id, line, total: units, remaining: units }
        });
        let lines = lines.collect();
        made.push(add(&mut work, location, lines));
    }
    work.order.closed_at = None;
    work.tell(Fact::FulfillmentUpdated { order, fulfillment });
    commit(work, action)?;
    Ok(made)
}

/// Gives units back to a fulfillment order that is still active; false when it is not.
fn give_back(work: &mut Work<'_>, shipped: &FulfilledLine, open: i64) -> bool {
    let now = work.now;
    let found = work.order.fulfillment_order_mut(shipped.fulfillment_order);
    let Some(one) = found.filter(|one| one.is_active()) else {
        return false;
    };
    one.updated_at = now;
    match one.lines.iter_mut().find(|known| known.line == shipped.line) {
        Some(known) => {
            known.remaining += open;
            known.total -= shipped.quantity - open;
            true
        }
        None => false,
    }
}
