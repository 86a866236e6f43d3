//! Returns, as far as orders show them: opened, requested, closed. Nothing here moves stock.

use super::route::commit;
use super::{Refused, Work};
use crate::model::Shop;
use crate::model::order::{Return, ReturnLine};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// Units to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// The order's line.
    pub line: i64,
    /// How many.
    pub quantity: i64,
    /// In words.
    pub reason: String,
}

/// Opens a return, or writes a customer's request down, and answers its number.
///
/// # Errors
/// Units that were not shipped, or are on their way back already.
pub fn begin(
    shop: &mut Shop,
    now: Timestamp,
    order: i64,
    (lines, requested): (&[Units], bool),
    action: &mut Action,
) -> Result<i64, Refused> {
    let mut work = Work::open(shop, now, order)?;
    let mut made = Vec::new();
    for units in lines {
        made.extend(back(&mut work, units)?);
    }
    if made.is_empty() {
        return Err(Refused::new("A return needs at least one line item.").code("BLANK"));
    }
    let id = work.shop.new_id();
    work.order.returns.push(Return {
        id,
        number: work.order.returns.len() + 1,
        status: if requested { "REQUESTED" } else { "OPEN" }.to_owned(),
        created_at: now,
        closed_at: None,
        lines: made,
    });
    work.order.closed_at = None;
    work.tell(if requested {
        Fact::ReturnRequested { order, id }
    } else {
        Fact::ReturnApproved { order, id }
    });
    commit(work, action)?;
    Ok(id)
}

/// Finds the shipments from which units come back.
fn back(work: &mut Work<'_>, units: &Units) -> Result<Vec<ReturnLine>, Refused> {
    let coming = |order: &crate::model::Order, line: i64| -> i64 {
        let open = order.returns.iter();
        let open = open.filter(|one| matches!(one.status.as_str(), "OPEN" | "REQUESTED"));
        let lines = open.flat_map(|one| &one.lines).filter(|known| known.line == line);
        lines.map(|known| known.quantity).sum()
    };
    let line = work.order.line(units.line);
    let most = line.map_or(0, |line| line.returnable()) - coming(&work.order, units.line);
    if units.quantity <= 0 || units.quantity > most {
        let message = "Return line item has an invalid quantity.";
        return Err(Refused::new(message).code("INVALID").blameless());
    }
    let mut left = units.quantity;
    let mut made = Vec::new();
    let standing = work.order.fulfillments.iter().filter(|one| one.stands);
    let shipped: Vec<(i64, i64, i64)> = standing
        .flat_map(|one| one.lines.iter().map(|line| (one.id, line)))
        .filter(|(_, line)| line.line == units.line)
        .map(|(fulfillment, line)| (fulfillment, line.id, line.quantity))
        .collect();
    for (fulfillment, fulfilled_line, quantity) in shipped {
        let taken = quantity.min(left);
        if taken > 0 {
            left -= taken;
            made.push(ReturnLine {
                id: work.shop.new_id(),
                fulfillment,
                fulfilled_line,
                line: units.line,
                quantity: taken,
                reason: units.reason.clone(),
            });
        }
    }
    Ok(made)
}

/// Ends a return.
///
/// # Errors
/// When it does not exist.
pub fn end(
    shop: &mut Shop,
    now: Timestamp,
    id: i64,
    status: &str,
    action: &mut Action,
) -> Result<(), Refused> {
    let missing = || Refused::missing("Return does not exist.").code("NOT_FOUND");
    let order = shop.owner(id).map(|order| order.id).ok_or_else(missing)?;
    let mut work = Work::open(shop, now, order)?;
    let found = work.order.returns.iter_mut().find(|one| one.id == id).ok_or_else(missing)?;
    if found.status == status {
        return Ok(());
    }
    found.status = status.to_owned();
    found.closed_at = (status == "CLOSED").then_some(now);
    work.tell(match status {
        "CLOSED" => Fact::ReturnClosed { order, id },
        "CANCELED" => Fact::ReturnCancelled { order, id },
        "DECLINED" => Fact::ReturnDeclined { order, id },
        _ => Fact::ReturnReopened { order, id },
    });
    commit(work, action).map(drop)
}
