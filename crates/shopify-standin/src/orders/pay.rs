//! Paying, closing, and other changes that touch neither units nor shipping.

use super::refund::transact;
use super::route::commit;
use super::{Refused, Work};
use crate::model::Shop;
use crate::model::order::{Address, Customer, TransactionKind};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// Takes what is outstanding, or a part of it in the customer's currency.
///
/// # Errors
/// Nothing is outstanding.
pub fn pay(
    shop: &mut Shop,
    now: Timestamp,
    order: i64,
    amount: Option<i64>,
    action: &mut Action,
) -> Result<(), Refused> {
    let mut work = Work::open(shop, now, order)?;
    let paid = work.order.paid();
    let net = paid.received.presentment - paid.refunded.presentment;
    let outstanding = work.order.current_total().presentment - net;
    let amount = amount.unwrap_or(outstanding);
    if amount <= 0 || amount > outstanding || work.order.cancelled_at.is_some() {
        return Err(Refused::new("Order cannot be marked as paid.").at(&["id"]).blameless());
    }
    let aside = work.order.transactions.iter().rev();
    let aside = aside.filter(|one| one.kind == TransactionKind::Authorization);
    let parent = aside.map(|one| one.id).next().filter(|_| paid.authorized.presentment >= amount);
    let kind = if parent.is_some() { TransactionKind::Capture } else { TransactionKind::Sale };
    let amount = work.order.currencies.presentment_amount(amount);
    transact(&mut work, kind, amount, parent);
    if work.order.financial_status() == Some("PAID") {
        work.tell(Fact::OrderPaid(order));
    }
    commit(work, action).map(drop)
}

/// What a person or an app writes on an order.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// All tags.
    pub tags: Option<Vec<String>>,
    /// In words.
    pub note: Option<String>,
    /// All free fields.
    pub attributes: Option<Vec<(String, String)>>,
    /// The customer's own number.
    pub po_number: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// Who buys.
    pub customer: Option<Customer>,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
}

/// Writes on an order. Without anything it only looks changed.
///
/// # Errors
/// When there is no such order.
pub fn write(
    shop: &mut Shop,
    now: Timestamp,
    order: i64,
    notes: Notes,
    action: &mut Action,
) -> Result<(), Refused> {
    let mut work = Work::open(shop, now, order)?;
    let kept = &mut work.order;
    kept.tags = notes.tags.unwrap_or_else(|| std::mem::take(&mut kept.tags));
    kept.note = notes.note.or(kept.note.take());
    kept.attributes = notes.attributes.unwrap_or_else(|| std::mem::take(&mut kept.attributes));
    kept.po_number = notes.po_number.or(kept.po_number.take());
    kept.email = notes.email.or(kept.email.take());
    kept.phone = notes.phone.or(kept.phone.take());
    kept.customer = notes.customer.or(kept.customer.take());
    kept.shipping_address = notes.shipping_address.or(kept.shipping_address.take());
    commit(work, action).map(drop)
}

/// Closes an order or opens it again. What is so already stays so, silently.
///
/// # Errors
/// When there is no such order.
pub fn close(
    shop: &mut Shop,
    now: Timestamp,
    order: i64,
    closed: bool,
    action: &mut Action,
) -> Result<(), Refused> {
    let mut work = Work::open(shop, now, order)?;
    if work.order.closed_at.is_some() == closed {
        return Ok(());
    }
    work.order.closed_at = closed.then_some(now);
    commit(work, action).map(drop)
}

/// Deletes an order that is cancelled or closed. Its stock stays as it is.
///
/// # Errors
/// When it is open, or does not exist.
pub fn delete(shop: &mut Shop, order: i64, action: &mut Action) -> Result<(), Refused> {
    let found = shop.orders.get(&order);
    let found = found.ok_or_else(|| Refused::missing("Order does not exist"))?;
    if found.closed_at.is_none() && found.cancelled_at.is_none() {
        return Err(Refused::new("Order cannot be deleted").blameless());
    }
    let parts: Vec<i64> = found.parts().chain([order]).collect();
    for part in parts {
        shop.owners.remove(&part);
        shop.gone.insert(part, ());
    }
    shop.orders.remove(&order);
    action.add(Fact::OrderDeleted(order));
    Ok(())
}
