//! What orders and shipments say of a line.

use super::command::{Claim, ClaimLine, Restocked, Taking};
use super::compact::Mark;
use super::event::{FactTaken, PoolEvent};
use super::line::{Left, Line, Report};
use super::rejection::PoolRejection;
use super::state::WarehouseStock;
use crate::quantity::Quantity;
use crate::stock::report::ReportKind;

/// Opens the line where it must be, notes what is claimed and what Shopify put back, and brings
/// what was told of goods taken to what is told now: each step by itself, with what it does to the
/// position.
pub(super) fn claim_line(
    stock: &WarehouseStock,
    told: &ClaimLine,
) -> Result<Vec<PoolEvent>, PoolRejection> {
    if told.claim.as_ref().is_some_and(|claim| claim.sold < 0) {
        return Err(PoolRejection::SoldNegative);
    }
    let known = stock.ledger.line(&told.line);
    // A claim of nothing is one, too: without it a movement would be of an order that is not known.
    let says = told.claim.is_some() || told.taken.values().any(|takings| !takings.is_empty());
    let mut line = known.cloned().unwrap_or_default();
    let restocked = restocked(&line, told);
    // A settled line left with its sums: what comes back of it later is all that is news.
    let has_left = line.has_only_returns() && !told.opens;
    if restocked.is_none() && known.is_none() && (has_left || !says) {
        return Ok(Vec::new());
    }
    let mut events = Vec::new();
    if known.is_none() {
        let (warehouse, line) = (told.warehouse.clone(), told.line.clone());
        events.push(PoolEvent::LineOpened { warehouse, line });
    }
    events.extend(restocked);
    if let Some(returned) = returned(&line, told) {
        if let PoolEvent::LineReturned { counted, taken, .. } = &returned {
            line.left = Left { counted: *counted, taken: *taken };
        }
        events.push(returned);
    }
    if !has_left {
        events.extend(claimed(&line, told));
        take(stock, line, told, &mut events)?;
    }
    Ok(events)
}

/// What the sums hold of a line that had left. All of it was taken, but for what was released; what
/// acceptance took is told again.
fn returned(line: &Line, told: &ClaimLine) -> Option<PoolEvent> {
    let is_gone = line.claim.is_none() && line.left == Left::default() && told.opens;
    let left = told.left.as_ref().filter(|_| is_gone)?;
    let takings = told.taken.values().flatten().filter(|taking| taking.kind == ReportKind::Accept);
    let accepted = takings.map(|taking| taking.quantity).sum::<Quantity>().floor_units();
    Some(PoolEvent::LineReturned {
        warehouse: told.warehouse.clone(),
        line: told.line.clone(),
        counted: left.counted_here(),
        taken: left.sold.saturating_sub(left.released).max(accepted).max(0),
        elsewhere: left.elsewhere.clone(),
    })
}

fn restocked(line: &Line, told: &ClaimLine) -> Option<PoolEvent> {
    let Restocked { units, revision, as_of } = told.restocked?;
    let units = units.max(0);
    let is_news = line.restocked.map_or(units != 0, |known| {
        known.revision < revision || (known.revision == revision && known.units != units)
    });
    is_news.then(|| PoolEvent::LineRestocked {
        warehouse: told.warehouse.clone(),
        line: told.line.clone(),
        units,
        revision,
        as_of,
    })
}

fn claimed(line: &Line, told: &ClaimLine) -> Option<PoolEvent> {
    let claim = told.claim.as_ref()?;
    let is_news = line
        .claim
        .as_ref()
        .is_none_or(|known| known.revision <= claim.revision && !known.says_same(claim));
    let Claim { sold, fulfilled, released, dropped, elsewhere, revision, as_of } = claim.clone();
    is_news.then(|| PoolEvent::LineClaimed {
        warehouse: told.warehouse.clone(),
        line: told.line.clone(),
        sold,
        fulfilled,
        released,
        dropped,
        elsewhere,
        revision,
        as_of,
    })
}

fn take(
    stock: &WarehouseStock,
    mut line: Line,
    told: &ClaimLine,
    events: &mut Vec<PoolEvent>,
) -> Result<(), PoolRejection> {
    let counted_at = stock.position.counted_at();
    let mut position = stock.position.running();
    for (source, takings) in &told.taken {
        for (withdrawn, taking) in changes(&line, source, takings) {
            let Taking { kind, occurred_at, quantity } = taking;
            let report = report(source, taking);
            let after = if withdrawn { line.without(report) } else { line.with(report) };
            let applied =
                line.taken_after(counted_at).saturating_sub(after.taken_after(counted_at));
            position = position.checked_add(applied).ok_or(PoolRejection::PositionTooLarge)?;
            line = after;
            events.push(PoolEvent::FactTaken(FactTaken {
                source: source.clone(),
                warehouse: told.warehouse.clone(),
                line: told.line.clone(),
                report: kind,
                quantity,
                occurred_at,
                withdrawn,
                taken: line.taken(),
                applied,
                position_after: stock.position.quantity().map(|_| position),
            }));
        }
    }
    Ok(())
}

/// What is told, as the ledger keeps it.
pub(super) fn report(source: &str, taking: Taking) -> Report {
    let Taking { kind, occurred_at, quantity } = taking;
    Report { mark: Mark::of_text(source), kind, told: true, occurred_at, quantity }
}

/// What of a source was told and is no more, then what is told newly.
fn changes(line: &Line, source: &str, takings: &[Taking]) -> Vec<(bool, Taking)> {
    let known: Vec<Taking> = line.told_by(Mark::of_text(source));
    let gone = known.iter().filter(|taking| !takings.contains(taking)).map(|t| (true, *t));
    let new = takings.iter().filter(|taking| !known.contains(taking)).map(|t| (false, *t));
    gone.chain(new).collect()
}
