//! Cancelling an order: what is not shipped is taken off.

use super::refund::{cancel_units, refundable, transact};
use super::route::commit;
use super::units::remove;
use super::{Refused, Work};
use crate::model::order::{Ended, Money, Refund, RefundLine, Restock, TransactionKind};
use crate::model::{Order, Shop, Step};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// `customer`, `inventory`, ...
    pub reason: String,
    /// Units are for sale again.
    pub restock: bool,
    /// Everything that was paid is given back.
    pub refund: bool,
    /// The customer is told.
    pub notify: bool,
    /// The staff's note.
    pub note: Option<String>,
}

/// Says what forbids a cancellation.
///
/// # Errors
/// It was cancelled before, has a return that is open, or its goods cannot be put back.
pub fn possible(shop: &Shop, order: &Order, ask: &Ask) -> Result<(), Refused> {
    if order.cancelled_at.is_some() {
        let message = "Cannot cancel an order that has already been canceled";
        return Err(Refused::new(message).code("INVALID").at(&["orderId"]).blameless());
    }
    if order.returns.iter().any(|one| matches!(one.status.as_str(), "OPEN" | "REQUESTED")) {
        let message = "Cannot cancel an order with active returns";
        return Err(Refused::new(message).code("INVALID").at(&["orderId"]).blameless());
    }
    let paid = order.paid().received.presentment > 0;
    if ask.restock && paid && places(order).any(|place| !is_active(shop, place)) {
        let message = "Cannot restock inventory at a deactivated location";
        return Err(Refused::new(message).code("INVALID").at(&["restock"]).blameless());
    }
    Ok(())
}

/// Locations at which units wait to be shipped.
fn places(order: &Order) -> impl Iterator<Item = i64> {
    let routed = order.fulfillment_orders.iter().filter(|one| one.is_active());
    let unrouted = order.lines.iter().filter(|line| !order.routed && line.remaining() > 0);
    routed.map(|one| one.location).chain(unrouted.map(|line| line.location))
}

fn is_active(shop: &Shop, location: i64) -> bool {
    shop.locations.get(&location).is_some_and(|one| one.active)
}

/// Cancels, and answers the number of the refund, if there is one.
///
/// # Errors
/// As [`possible`].
pub fn cancel(
    shop: &mut Shop,
    now: Timestamp,
    order: i64,
    ask: &Ask,
    action: &mut Action,
) -> Result<Option<i64>, Refused> {
    let mut work = Work::open(shop, now, order)?;
    possible(work.shop, &work.order, ask)?;
    let active = work.order.fulfillment_orders.iter().filter(|one| one.is_active());
    let active: Vec<i64> = active.map(|one| one.id).collect();
    let lines = take_off(&mut work, ask.restock);
    for id in active {
        let one = work.order.fulfillment_order_mut(id).filter(|one| one.shipped() == 0);
        if let Some(one) = one {
            one.ended = Some(Ended::Cancelled);
            one.updated_at = now;
            let replacement = None;
            let fulfillment_order = id;
            work.tell(Fact::FulfillmentOrderCancelled { order, fulfillment_order, replacement });
        }
    }
    let transactions = money_back(&mut work, ask.refund);
    let wanted = ask.restock || !transactions.is_empty();
    let refund = (wanted && !(lines.is_empty() && transactions.is_empty())).then(|| {
        let id = work.shop.new_id();
        let (note, shipping) = (ask.note.clone(), shipping_back(&work.order, ask.refund));
        work.order.refunds.push(Refund {
            id,
            created_at: now,
            processed_at: now,
            note,
            lines,
            shipping,
            transactions,
            belongs_to: None,
        });
        work.tell(Fact::RefundCreated { order, refund: id });
        id
    });
    work.order.cancelled_at = Some(now);
    work.order.closed_at = work.order.closed_at.or(Some(now));
    work.order.cancel_reason = Some(ask.reason.to_lowercase());
    work.order.cancel_note.clone_from(&ask.note);
    work.notify(ask.notify, "order_cancelled", order);
    work.tell(Fact::OrderCancelled(order));
    commit(work, action)?;
    Ok(refund)
}

fn shipping_back(order: &Order, refund: bool) -> Money {
    if refund { order.shipping_price() - order.refunded_shipping() } else { Money::default() }
}

/// Takes all open units off, and answers them as lines of a refund.
fn take_off(work: &mut Work<'_>, restock: bool) -> Vec<RefundLine> {
    let open: Vec<(i64, i64)> = work
        .order
        .lines
        .iter()
        .filter(|line| line.remaining() > 0)
        .map(|line| (line.id, line.remaining()))
        .collect();
    let mut lines = Vec::new();
    for (id, units) in open {
        let (subtotal, tax) = match work.order.line(id) {
            Some(line) => (line.value(units), work.order.tax(line, units)),
            None => continue,
        };
        for (stood, taken) in remove(work, id, units, None) {
            // Goods at a deactivated location are put back nowhere.
            if restock && is_active(work.shop, stood) {
                cancel_units(work, id, (stood, stood), taken);
            } else {
                work.step(id, stood, Step::Dropped(taken));
            }
            let location = restock.then_some(stood);
            lines.push(RefundLine {
                id: work.shop.new_id(),
                line: id,
                quantity: taken,
                restock: if restock { Restock::Cancel } else { Restock::Nothing },
                location,
                subtotal: subtotal.share(taken, units),
                tax: tax.share(taken, units),
            });
        }
    }
    lines
}

/// Gives back what was paid, if asked for; what was only set aside is let go in any case.
fn money_back(work: &mut Work<'_>, refund: bool) -> Vec<i64> {
    let authorized = work.order.paid().authorized;
    if authorized.presentment > 0 {
        let of = work.order.transactions.iter().rev();
        let mut aside = of.filter(|one| one.kind == TransactionKind::Authorization);
        let parent = aside.next().map(|one| one.id);
        transact(work, TransactionKind::Void, authorized, parent);
    }
    let left = if refund { refundable(&work.order) } else { Vec::new() };
    let left = left.into_iter().filter(|(_, amount)| *amount > 0);
    left.map(|(parent, amount)| {
        let amount = work.order.currencies.presentment_amount(amount);
        transact(work, TransactionKind::Refund, amount, Some(parent))
    })
    .collect()
}
