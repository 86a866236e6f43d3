//! Returns: asked for, opened, declined, closed. Nothing here moves stock; that is what
//! dispositions do.

use super::exchange::{self, Exchanged};
use super::route::commit;
use super::{Refused, Work};
use crate::model::Shop;
use crate::model::order::{Removal, Return, ReturnLine};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;

/// Units to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// The order's line.
    pub line: i64,
    /// The shipment's line; any of the order's line when it is not said.
    pub fulfilled_line: Option<i64>,
    /// How many.
    pub quantity: i64,
    /// In words.
    pub reason: String,
    /// Number of the reason among those of every shop.
    pub definition: Option<i64>,
}

/// What is taken off a return: lines or exchange lines, and how many units.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// Of what was to come back.
    pub lines: Vec<(i64, i64)>,
    /// Of what was to be sent instead.
    pub exchanges: Vec<(i64, i64)>,
}

/// What is to come back, and what is sent instead.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Units to come back.
    pub lines: &'a [Units],
    /// Units that are sent instead, once that is processed.
    pub exchanges: &'a [Exchanged],
    /// A customer asks for it.
    pub requested: bool,
}

/// Opens a return, or writes a customer's request down, and answers its number.
///
/// # Errors
/// Units that were not shipped, or are on their way back already.
pub fn begin(
    shop: &mut Shop,
    now: Timestamp,
    order: i64,
    asked: Asked<'_>,
    action: &mut Action,
) -> Result<i64, Refused> {
    let mut work = Work::open(shop, now, order)?;
    let mut made = Vec::new();
    for units in asked.lines {
        let fresh = back(&mut work, &made, units)?;
        made.extend(fresh);
    }
    if made.is_empty() {
        return Err(Refused::new("A return needs at least one line item.").code("BLANK"));
    }
    let exchanges = exchange::lines(&mut work, asked.exchanges)?;
    let id = work.shop.new_id();
    work.order.returns.push(Return {
        id,
        number: work.order.returns.len() + 1,
        status: "REQUESTED".to_owned(),
        created_at: now,
        closed_at: None,
        lines: made,
        reverse: None,
        decline: None,
        exchanges,
        deliveries: Vec::new(),
        removals: Vec::new(),
    });
    work.order.closed_at = None;
    if asked.requested {
        work.tell(Fact::ReturnRequested { order, id });
    } else {
        open(&mut work, id);
        work.tell(Fact::ReturnApproved { order, id });
    }
    commit(work, action)?;
    Ok(id)
}

/// A return is on its way: its goods have an order of their own.
fn open(work: &mut Work<'_>, id: i64) {
    let reverse = work.shop.new_id();
    let found = work.order.returns.iter_mut().find(|one| one.id == id);
    let Some(one) = found else {
        return;
    };
    one.status = "OPEN".to_owned();
    one.reverse = Some(reverse);
    for line in &mut one.lines {
        line.reverse_line = work.shop.new_id();
    }
}

/// Finds the shipments from which units come back, beside those that come back already.
fn back(
    work: &mut Work<'_>,
    same: &[ReturnLine],
    units: &Units,
) -> Result<Vec<ReturnLine>, Refused> {
    let invalid = || {
        let message = "Return line item has an invalid quantity.";
        Refused::new(message).code("INVALID").blameless()
    };
    if units.quantity <= 0 {
        return Err(invalid());
    }
    let coming = |fulfilled_line: i64| -> i64 {
        let known = work
            .order
            .returns
            .iter()
            .flat_map(|one| one.lines.iter().map(|line| (one.status.as_str(), line)));
        let known = known.chain(same.iter().map(|line| ("OPEN", line)));
        let of_line = known.filter(|(_, line)| line.fulfilled_line == fulfilled_line);
        of_line
            .map(|(status, line)| match status {
                "OPEN" | "REQUESTED" => line.quantity,
                "CLOSED" => line.processed,
                _ => 0,
            })
            .sum()
    };
    // Units that were refunded by hand do not come back either.
    let by_hand = work.order.line(units.line).map_or(0, |line| line.returned)
        - work
            .order
            .returns
            .iter()
            .flat_map(|one| &one.lines)
            .filter(|line| line.line == units.line)
            .map(|line| line.refunded)
            .sum::<i64>();
    let standing = work.order.fulfillments.iter().filter(|one| one.stands);
    let shipped: Vec<(i64, i64, i64)> = standing
        .flat_map(|one| one.lines.iter().map(|line| (one.id, line)))
        .filter(|(_, line)| line.line == units.line)
        .filter(|(_, line)| units.fulfilled_line.is_none_or(|wanted| wanted == line.id))
        .map(|(fulfillment, line)| (fulfillment, line.id, line.quantity - coming(line.id)))
        .collect();
    let most: i64 = shipped.iter().map(|(_, _, left)| *left).sum();
    if units.quantity > most - by_hand.max(0) {
        return Err(invalid());
    }
    let mut left = units.quantity;
    let mut made = Vec::new();
    for (fulfillment, fulfilled_line, most) in shipped {
        let quantity = most.min(left);
        if quantity > 0 {
            left -= quantity;
            made.push(ReturnLine {
                id: work.shop.new_id(),
                fulfillment,
                fulfilled_line,
                line: units.line,
                quantity,
                reason: units.reason.clone(),
                definition: units.definition,
                reverse_line: 0,
                processed: 0,
                refunded: 0,
                dispositions: Vec::new(),
            });
        }
    }
    Ok(made)
}

/// Says yes to a request.
///
/// # Errors
/// When it is none.
pub fn approve(
    shop: &mut Shop,
    now: Timestamp,
    id: i64,
    action: &mut Action,
) -> Result<(), Refused> {
    let (mut work, status) = opened(shop, now, id)?;
    if status != "REQUESTED" {
        let message = "Return is not approvable. Only returns with status REQUESTED can be \
                       approved.";
        return Err(Refused::new(message).code("INVALID_STATE"));
    }
    open(&mut work, id);
    let order = work.order.id;
    work.tell(Fact::ReturnApproved { order, id });
    commit(work, action).map(drop)
}

/// Says no to a request.
///
/// # Errors
/// When it is none.
pub fn decline(
    shop: &mut Shop,
    now: Timestamp,
    id: i64,
    why: (String, Option<String>),
    action: &mut Action,
) -> Result<(), Refused> {
    let (mut work, status) = opened(shop, now, id)?;
    if status != "REQUESTED" {
        let message = "Return is not declinable. Only returns with status REQUESTED can be \
                       declined.";
        return Err(Refused::new(message).code("INVALID_STATE"));
    }
    if let Some(one) = work.order.returns.iter_mut().find(|one| one.id == id) {
        one.status = "DECLINED".to_owned();
        one.decline = Some(why);
    }
    let order = work.order.id;
    work.tell(Fact::ReturnDeclined { order, id });
    commit(work, action).map(drop)
}

/// The order of a return, and where the return stands.
///
/// # Errors
/// When it does not exist.
pub(super) fn opened(
    shop: &mut Shop,
    now: Timestamp,
    id: i64,
) -> Result<(Work<'_>, String), Refused> {
    let missing = || Refused::missing("Return does not exist.").code("NOT_FOUND");
    let order = shop.owner(id).map(|order| order.id).ok_or_else(missing)?;
    let work = Work::open(shop, now, order)?;
    let status = work.order.returns.iter().find(|one| one.id == id).map(|one| one.status.clone());
    Ok((work, status.ok_or_else(missing)?))
}

/// Ends a return, or opens it again. Doing it once more changes nothing.
///
/// # Errors
/// When it does not exist, or was processed and is to be cancelled.
pub fn end(
    shop: &mut Shop,
    now: Timestamp,
    id: i64,
    status: &str,
    action: &mut Action,
) -> Result<(), Refused> {
    let (mut work, known) = opened(shop, now, id)?;
    if known == status {
        return Ok(());
    }
    let order = work.order.id;
    if let Some(found) = work.order.returns.iter_mut().find(|one| one.id == id) {
        if status == "CANCELED" && found.is_processed() {
            let message = "Return cannot be canceled after it was processed.";
            return Err(Refused::new(message).code("INVALID_STATE"));
        }
        found.status = status.to_owned();
        found.closed_at = (status == "CLOSED").then_some(now);
    }
    work.tell(match status {
        "CLOSED" => Fact::ReturnClosed { order, id },
        "CANCELED" => Fact::ReturnCancelled { order, id },
        "DECLINED" => Fact::ReturnDeclined { order, id },
        _ => Fact::ReturnReopened { order, id },
    });
    commit(work, action).map(drop)
}

/// Takes units off a return with which nothing was done yet, all or nothing.
///
/// # Errors
/// Returns that have ended, units that were processed, and the last of them all.
pub fn remove(
    shop: &mut Shop,
    now: Timestamp,
    id: i64,
    taken: &Taken,
    action: &mut Action,
) -> Result<(), Refused> {
    let (mut work, status) = opened(shop, now, id)?;
    if !matches!(status.as_str(), "OPEN" | "REQUESTED") {
        let message = "Return is not editable. Only returns with status OPEN or REQUESTED can be \
                       edited.";
        return Err(Refused::new(message).code("INVALID_STATE").blameless());
    }
    let Taken { lines, exchanges } = taken;
    if lines.is_empty() && exchanges.is_empty() {
        let message = "At least one return line item or exchange line item must be given.";
        return Err(Refused::new(message).code("BLANK"));
    }
    let removal = work.shop.new_id();
    let (changed, order) = (work.order.updated_at, work.order.id);
    let missing =
        |what: &str| Refused::missing(format!("{what} does not exist.")).code("NOT_FOUND");
    let found = work.order.returns.iter_mut().find(|one| one.id == id);
    let found = found.ok_or_else(|| missing("Return"))?;
    let most = |asked: i64, most: i64| {
        let message = "Quantity must be positive and not more than what is unprocessed.";
        let refused = || Refused::new(message).code("INVALID").unless_known(changed, now);
        if asked > 0 && asked <= most { Ok(asked) } else { Err(refused()) }
    };
    for (row, (line, units)) in lines.iter().enumerate() {
        let known = found.lines.iter_mut().find(|one| one.id == *line);
        let row = row.to_string();
        let place = ["returnLineItems", row.as_str()];
        let known = known.ok_or_else(|| missing("Return line item").at(&place))?;
        known.quantity -= most(*units, known.untouched()).map_err(|no| no.at(&place))?;
    }
    for (row, (line, units)) in exchanges.iter().enumerate() {
        let known = found.exchanges.iter_mut().find(|one| one.id == *line);
        let row = row.to_string();
        let place = ["exchangeLineItems", row.as_str()];
        let known = known.ok_or_else(|| missing("Exchange line item").at(&place))?;
        known.quantity -= most(*units, known.unprocessed()).map_err(|no| no.at(&place))?;
    }
    found.lines.retain(|line| line.quantity > 0);
    if found.lines.is_empty() {
        let message = "A return needs at least one line item; cancel it instead.";
        return Err(Refused::new(message).code("INVALID"));
    }
    let kept: Vec<i64> = found.lines.iter().map(|line| line.reverse_line).collect();
    for parcel in &mut found.deliveries {
        parcel.lines.retain(|line| kept.contains(&line.reverse_line));
    }
    let (lines, exchanges) = (lines.clone(), exchanges.clone());
    found.removals.push(Removal { id: removal, lines, exchanges });
    work.tell(Fact::ReturnUpdated { order, id, removal });
    commit(work, action).map(drop)
}
