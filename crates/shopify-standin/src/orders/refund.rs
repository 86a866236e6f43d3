//! Refunds: money, and units that are put back or not.

use super::route::commit;
use super::units::remove;
use super::{Refused, Work};
use crate::model::order::{Money, Refund, RefundLine, Restock, Transaction, TransactionKind};
use crate::model::{LevelKey, Order, QuantityName, Shop, Step, Unfulfilled};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// Units to be refunded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// The order's line.
    pub line: i64,
    /// How many.
    pub quantity: i64,
    /// What happens to them.
    pub restock: Restock,
    /// Where they are put back.
    pub location: Option<i64>,
}

/// Money to be given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Funds {
    /// The value of the units and of the shipping, as far as it was paid.
    Value,
    /// These amounts of the customer's currency, each of a sale or capture.
    Given(Vec<Given>),
}

/// An amount of a sale or capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// In the customer's currency, minor units.
    pub amount: i64,
    /// The sale or capture.
    pub parent: Option<i64>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Units.
    pub lines: Vec<Units>,
    /// Part of the shipping, in the customer's currency.
    pub shipping: i64,
    /// Money.
    pub funds: Funds,
    /// More than was paid may be given back.
    pub over: bool,
    /// In words.
    pub note: Option<String>,
    /// The customer is told.
    pub notify: bool,
    /// When it is said to have happened.
    pub processed_at: Option<Timestamp>,
}

/// Refunds, all or nothing, and answers the number of the refund.
///
/// # Errors
/// More than can be refunded, restocked or given back; places that do not stock the item.
pub fn refund(
    shop: &mut Shop,
    now: Timestamp,
    order: i64,
    ask: &Ask,
    action: &mut Action,
) -> Result<i64, Refused> {
    let mut work = Work::open(shop, now, order)?;
    let id = enact(&mut work, ask, None)?;
    commit(work, action)?;
    Ok(id)
}

/// Refunds within a change that does more.
pub(super) fn enact(
    work: &mut Work<'_>,
    ask: &Ask,
    belongs_to: Option<i64>,
) -> Result<i64, Refused> {
    let (now, order) = (work.now, work.order.id);
    for (index, units) in ask.lines.iter().enumerate() {
        let at = index.to_string();
        checked(work, ask, units).map_err(|refused| refused.at(&["refundLineItems", &at]))?;
    }
    let shipping = work.order.currencies.presentment_amount(ask.shipping);
    let left = work.order.shipping_price() - work.order.refunded_shipping();
    if shipping.presentment > left.presentment {
        let message = "Shipping amount cannot be greater than the remaining shipping amount";
        return Err(Refused::new(message).at(&["shipping"]));
    }
    let lines = priced(work, &ask.lines);
    let value: Money = lines.iter().map(|line| line.subtotal + line.tax_on_top(&work.order)).sum();
    let transactions = pay_back(work, ask, value + shipping)?;
    for units in &ask.lines {
        put_back(work, units);
    }
    let id = work.shop.new_id();
    work.order.refunds.push(Refund {
        id,
        created_at: now,
        processed_at: ask.processed_at.unwrap_or(now),
        note: ask.note.clone(),
        lines,
        shipping,
        transactions,
        belongs_to,
    });
    work.notify(ask.notify, "refund_created", id);
    work.tell(Fact::RefundCreated { order, refund: id });
    Ok(id)
}

impl RefundLine {
    fn tax_on_top(&self, order: &Order) -> Money {
        order.on_top(self.tax)
    }
}

/// Checks one line, with all that is asked for of the same line.
fn checked(work: &Work<'_>, ask: &Ask, units: &Units) -> Result<(), Refused> {
    let unknown = || Refused::missing("Refund line item could not be found").at(&[]);
    let line = work.order.line(units.line).ok_or_else(unknown)?;
    if units.quantity <= 0 {
        return Err(Refused::new("Quantity must be greater than 0"));
    }
    let same = || ask.lines.iter().filter(|other| other.line == units.line);
    let of = |restock: Restock| -> i64 {
        same().filter(|other| other.restock == restock).map(|other| other.quantity).sum()
    };
    let all: i64 = same().map(|other| other.quantity).sum();
    if all > line.current() {
        let message = "Quantity cannot refund more items than were purchased";
        return Err(Refused::new(message).unless_known(work.order.updated_at, work.now));
    }
    if of(Restock::Cancel) > line.remaining() {
        let message = "Quantity cannot cancel more items than are unfulfilled";
        return Err(Refused::new(message).unless_known(work.order.updated_at, work.now));
    }
    if of(Restock::Return) > line.returnable() {
        let message = "Quantity cannot return more items than were fulfilled";
        return Err(Refused::new(message).unless_known(work.order.updated_at, work.now));
    }
    match (units.restock, units.location) {
        (Restock::Nothing, None) => Ok(()),
        (Restock::Nothing, Some(_)) => {
            Err(Refused::new("Location must be blank when nothing is restocked"))
        }
        (_, None) => Err(Refused::new("Location must be present when items are restocked")),
        (_, Some(location)) => stocks(work, line.item, location),
    }
}

/// Units are only put back where the item is stocked.
fn stocks(work: &Work<'_>, item: Option<i64>, location: i64) -> Result<(), Refused> {
    let open = work.shop.locations.get(&location).is_some_and(|one| one.active);
    if !open {
        return Err(Refused::new("Location could not be found or is not active")
            .unless_known(work.order.updated_at, work.now));
    }
    // A custom line, or a product that is gone, has no stock to be put back.
    let Some(item) = item.filter(|item| work.shop.items.contains_key(item)) else {
        return Ok(());
    };
    let level = work.shop.levels.get(&LevelKey { location, item });
    if level.is_some_and(|level| level.active) {
        Ok(())
    } else {
        Err(Refused::new("Inventory is not stocked at the location")
            .unless_known(work.order.updated_at, work.now))
    }
}

fn priced(work: &mut Work<'_>, asked: &[Units]) -> Vec<RefundLine> {
    let mut lines = Vec::new();
    for units in asked {
        let id = work.shop.new_id();
        let Some(line) = work.order.line(units.line) else {
            continue;
        };
        lines.push(RefundLine {
            id,
            line: units.line,
            quantity: units.quantity,
            restock: units.restock,
            location: units.location,
            subtotal: line.value(units.quantity),
            tax: work.order.tax(line, units.quantity),
        });
    }
    lines
}

/// Counts the units and moves the stock.
fn put_back(work: &mut Work<'_>, units: &Units) {
    let keeps = work.shop.settings.no_restock_unfulfilled == Unfulfilled::Keep;
    let Some(line) = work.order.line_mut(units.line) else {
        return;
    };
    match units.restock {
        Restock::Return => {
            line.returned += units.quantity;
            if let Some(location) = units.location {
                let step = Step::Adjust(QuantityName::Available, units.quantity);
                work.step(units.line, location, step);
            }
        }
        Restock::Cancel => {
            for (stood, taken) in remove(work, units.line, units.quantity, units.location) {
                cancel_units(work, units.line, (stood, units.location.unwrap_or(stood)), taken);
            }
        }
        Restock::Nothing => {
            let shipped = units.quantity.min(line.returnable());
            let open = units.quantity - shipped;
            line.returned += shipped;
            if keeps {
                line.returned += open;
            } else if open > 0 {
                for (stood, taken) in remove(work, units.line, open, None) {
                    work.step(units.line, stood, Step::Dropped(taken));
                }
            }
        }
    }
}

/// Units that stood at one location are for sale again, there or elsewhere.
pub(super) fn cancel_units(work: &mut Work<'_>, line: i64, (stood, to): (i64, i64), units: i64) {
    if stood == to {
        work.step(line, stood, Step::Restocked(units));
    } else {
        work.step(line, stood, Step::Dropped(units));
        work.step(line, to, Step::Adjust(QuantityName::Available, units));
    }
}

/// Gives money back, and answers the numbers of the transactions.
fn pay_back(work: &mut Work<'_>, ask: &Ask, value: Money) -> Result<Vec<i64>, Refused> {
    let left = refundable(&work.order);
    let mut wanted = Vec::new();
    match &ask.funds {
        Funds::Value => {
            let mut rest = value.presentment;
            for (parent, most) in left {
                let amount = rest.min(most);
                rest -= amount;
                wanted.push((parent, amount));
            }
        }
        Funds::Given(given) => {
            for one in given {
                let parent = one.parent.filter(|id| left.iter().any(|(known, _)| known == id));
                let parent = parent.ok_or_else(|| {
                    let message = "Transactions require a parent_id associated with the order";
                    Refused::new(message).at(&["transactions"])
                })?;
                wanted.push((parent, one.amount));
            }
            let all: i64 = wanted.iter().map(|(_, amount)| amount).sum();
            let most: i64 = left.iter().map(|(_, most)| most).sum();
            if all > most && !ask.over {
                let message = "Refund amount cannot be greater than the remaining refundable \
                               amount";
                return Err(Refused::new(message).unless_known(work.order.updated_at, work.now));
            }
        }
    }
    let wanted = wanted.into_iter().filter(|(_, amount)| *amount > 0);
    let kind = TransactionKind::Refund;
    let numbers: Vec<i64> = wanted
        .map(|(parent, amount)| {
            let amount = work.order.currencies.presentment_amount(amount);
            transact(work, kind, amount, Some(parent))
        })
        .collect();
    Ok(numbers)
}

/// What is left of each sale and capture, in the customer's currency.
#[must_use]
pub fn refundable(order: &Order) -> Vec<(i64, i64)> {
    let back = |parent: i64| -> i64 {
        let refunds = order.transactions.iter().filter(|one| {
            one.succeeded() && one.kind == TransactionKind::Refund && one.parent == Some(parent)
        });
        refunds.map(|one| one.amount.presentment).sum()
    };
    let taken = order.transactions.iter().filter(|one| one.takes());
    taken.map(|one| (one.id, one.amount.presentment - back(one.id))).collect()
}

/// Adds a transaction that succeeded and answers its number.
pub(super) fn transact(
    work: &mut Work<'_>,
    kind: TransactionKind,
    amount: Money,
    parent: Option<i64>,
) -> i64 {
    let id = work.shop.new_id();
    let of_parent = work.order.transactions.iter().find(|one| Some(one.id) == parent);
    let gateway = of_parent.map_or_else(|| "bogus".to_owned(), |one| one.gateway.clone());
    let transaction = Transaction {
        id,
        kind,
        status: "SUCCESS".to_owned(),
        gateway,
        amount,
        parent,
        created_at: work.now,
        test: work.order.test,
    };
    work.order.transactions.push(transaction);
    let order = work.order.id;
    work.tell(Fact::TransactionCreated { order, transaction: id });
    id
}
