//! Goods that came back: where they go, and what is done about the money.

use super::exchange;
use super::refund::{self, Funds, Given};
use super::returns::opened;
use super::route::commit;
use super::{Refused, Work};
use crate::model::order::{Disposition, Restock};
use crate::model::{LevelKey, QuantityName, Shop, Step};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// Values of `ReverseFulfillmentOrderDispositionType`.
const KINDS: [&str; 4] = ["RESTOCKED", "NOT_RESTOCKED", "MISSING", "PROCESSING_REQUIRED"];

/// Units of which somebody says where they went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposed {
    /// The line of the goods that come back.
    pub reverse_line: i64,
    /// How many.
    pub quantity: i64,
    /// Value of the enum.
    pub kind: String,
    /// Where they are put back.
    pub location: Option<i64>,
}

/// Units that are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processed {
    /// The line of the return.
    pub line: i64,
    /// How many.
    pub quantity: i64,
    /// Where they went.
    pub dispositions: Vec<Disposed>,
}

/// Money that is given back with it.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// From which payments.
    pub given: Vec<Given>,
    /// More than was paid may be given back.
    pub over: bool,
    /// Part of the shipping, in the customer's currency.
    pub shipping: i64,
}

/// All that is done at once with a return.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Units that came back.
    pub lines: Vec<Processed>,
    /// Exchange lines of which units are sent, and how many.
    pub exchanges: Vec<(i64, i64)>,
    /// Money.
    pub transfer: Option<Transfer>,
    /// What else is said.
    pub words: Words,
}

/// What else is said.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// In words.
    pub note: Option<String>,
    /// The customer is told.
    pub notify: bool,
}

/// Says where goods went, all or nothing.
///
/// # Errors
/// Too many units, goods of two returns, places that cannot take them.
pub fn dispose(
    shop: &mut Shop,
    now: Timestamp,
    all: &[Disposed],
    action: &mut Action,
) -> Result<(), Refused> {
    let first = all.first().ok_or_else(|| {
        Refused::new("The array cannot be empty.").code("BLANK").at(&["dispositionInputs"])
    })?;
    let missing = || {
        Refused::missing("Reverse fulfillment order line item does not exist.").code("NOT_FOUND")
    };
    let order = shop.owner(first.reverse_line).map(|order| order.id).ok_or_else(missing)?;
    let mut work = Work::open(shop, now, order)?;
    let owner = |work: &Work<'_>, reverse_line: i64| {
        let mut returns = work.order.returns.iter();
        let has = |one: &&crate::model::order::Return| {
            one.lines.iter().any(|line| line.reverse_line == reverse_line)
        };
        returns.find(has).map(|one| one.id)
    };
    let id = owner(&work, first.reverse_line).ok_or_else(missing)?;
    if all.iter().any(|one| owner(&work, one.reverse_line) != Some(id)) {
        let message = "Cannot dispose items from more than one reverse fulfillment order.";
        return Err(Refused::new(message).code("INVALID").at(&["dispositionInputs"]));
    }
    go(&mut work, id, all)?;
    commit(work, action).map(drop)
}

/// Confirms units that came back, says where they went, sends others instead, and gives money
/// back.
///
/// # Errors
/// Returns that are not open, more units than are left, and what dispositions and refunds
/// refuse.
pub fn process(
    shop: &mut Shop,
    now: Timestamp,
    id: i64,
    asked: &Process,
    action: &mut Action,
) -> Result<(), Refused> {
    let (mut work, status) = opened(shop, now, id)?;
    if status != "OPEN" {
        let message = "Return is not processable. Only returns with status OPEN can be processed.";
        return Err(Refused::new(message).code("INVALID_STATE").blameless());
    }
    let (lines, words) = (&asked.lines, &asked.words);
    let mut units = Vec::new();
    for one in lines {
        let line = confirm(&mut work, id, one)?;
        units.push(refund::Units {
            line,
            quantity: one.quantity,
            restock: Restock::Nothing,
            location: None,
        });
    }
    let all: Vec<Disposed> = lines.iter().flat_map(|one| one.dispositions.clone()).collect();
    if !all.is_empty() {
        go(&mut work, id, &all)?;
    }
    exchange::release(&mut work, id, &asked.exchanges)?;
    if let Some(transfer) = &asked.transfer {
        let ask = refund::Ask {
            lines: units,
            shipping: transfer.shipping,
            funds: Funds::Given(transfer.given.clone()),
            over: transfer.over,
            note: words.note.clone(),
            notify: words.notify,
            processed_at: None,
        };
        refund::enact(&mut work, &ask, Some(id))?;
        if let Some(found) = work.order.returns.iter_mut().find(|one| one.id == id) {
            for one in lines {
                let line = found.lines.iter_mut().find(|line| line.id == one.line);
                if let Some(line) = line {
                    line.refunded += one.quantity;
                }
            }
        }
    }
    let order = work.order.id;
    work.tell(Fact::ReturnProcessed { order, id });
    commit(work, action).map(drop)
}

/// Counts units of a line as processed and answers the order's line.
fn confirm(work: &mut Work<'_>, id: i64, one: &Processed) -> Result<i64, Refused> {
    let missing = || Refused::missing("Return line item does not exist.").code("NOT_FOUND");
    let found = work.order.returns.iter_mut().find(|known| known.id == id).ok_or_else(missing)?;
    let line = found.lines.iter_mut().find(|line| line.id == one.line).ok_or_else(missing)?;
    if one.quantity <= 0 || one.quantity > line.quantity - line.processed {
        let message = "Quantity is not processable: more than the return line item has left.";
        return Err(Refused::new(message)
            .code("INVALID")
            .unless_known(work.order.updated_at, work.now));
    }
    let strange = one.dispositions.iter().any(|other| other.reverse_line != line.reverse_line);
    if strange {
        let message = "The disposition is of another return line item.";
        return Err(Refused::new(message).code("INVALID"));
    }
    line.processed += one.quantity;
    Ok(line.line)
}

/// Writes down where goods of a return went, and moves the stock.
fn go(work: &mut Work<'_>, id: i64, all: &[Disposed]) -> Result<(), Refused> {
    let first = work.shop.next_id;
    for (row, one) in all.iter().enumerate() {
        let row = row.to_string();
        let key = checked(work, id, one).map_err(|no| no.at(&["dispositionInputs", &row]))?;
        let disposition = Disposition {
            id: work.shop.new_id(),
            kind: one.kind.clone(),
            quantity: one.quantity,
            location: one.location,
            created_at: work.now,
        };
        let found = work.order.returns.iter_mut().find(|known| known.id == id);
        let mut lines = found.into_iter().flat_map(|known| known.lines.iter_mut());
        if let Some(line) = lines.find(|line| line.reverse_line == one.reverse_line) {
            line.dispositions.push(disposition);
        }
        if let Some(key) = key {
            let step = Step::Adjust(QuantityName::Available, one.quantity);
            work.steps.push((key, step));
        }
    }
    let order = work.order.id;
    work.tell(Fact::Disposed { order, id, first });
    Ok(())
}

/// Checks one disposition; answers the level that gets its units.
fn checked(work: &Work<'_>, id: i64, one: &Disposed) -> Result<Option<LevelKey>, Refused> {
    let invalid = |message: &str| Refused::new(message).code("INVALID");
    if !KINDS.contains(&one.kind.as_str()) {
        return Err(invalid("The disposition type does not exist."));
    }
    let found = work.order.returns.iter().find(|known| known.id == id);
    let line = found
        .and_then(|known| known.lines.iter().find(|line| line.reverse_line == one.reverse_line));
    let line = line.ok_or_else(|| invalid("The line item does not exist."))?;
    if one.quantity <= 0 || one.quantity > line.quantity - line.disposed() {
        let message = "Quantity must be positive and not more than what is left to dispose.";
        return Err(invalid(message).unless_known(work.order.updated_at, work.now));
    }
    if one.kind != "RESTOCKED" {
        return Ok(None);
    }
    let item = work.order.line(line.line).and_then(|line| line.item);
    let message = "RESTOCKED is an invalid disposition type for a custom line item.";
    let item = item.ok_or_else(|| invalid(message))?;
    let location = one.location.ok_or_else(|| {
        Refused::new("Location must be present when items are restocked.").code("BLANK")
    })?;
    let key = LevelKey { location, item };
    if work.shop.levels.get(&key).is_some_and(|level| level.active) {
        return Ok(Some(key));
    }
    Err(invalid("The location does not stock the item.")
        .unless_known(work.order.updated_at, work.now))
}
