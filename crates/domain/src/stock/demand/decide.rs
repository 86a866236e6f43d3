//! The rules of demand.

use thiserror::Error;

use super::DemandEvent;
use super::command::{DemandCommand, TellLine};
use super::evolve::with_said;
use super::state::{Demand, LineSaid};

/// Lines of an item that are not done with, at most: the state is written whole each time.
const OPEN_MAX: usize = 5_000;

/// Why a word about an item is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DemandRejection {
    /// More lines are open than are kept.
    #[error(
        "{OPEN_MAX} order lines of this item are open, and no more are kept of one item; \
         fulfil or cancel some at Shopify, then retry"
    )]
    TooManyOpen,
}

pub(super) fn decide(
    demand: &Demand,
    command: &DemandCommand,
) -> Result<Vec<DemandEvent>, DemandRejection> {
    let events = events(demand, command);
    // One of which only shipments spoke is no open line: it opens when its order does.
    let opens = |event: &DemandEvent| match event {
        DemandEvent::LineTold { line, said, .. } => {
            said.open() > 0 && demand.lines.get(line).is_none_or(|known| known.said.is_none())
        }
        DemandEvent::Linked { .. } | DemandEvent::ShipmentTold { .. } => false,
    };
    // Few items have so many lines: the rest need not be looked through.
    let may_be_full = demand.lines.len() >= OPEN_MAX;
    let is_full = may_be_full && events.iter().any(opens) && demand.open_lines() >= OPEN_MAX;
    if is_full { Err(DemandRejection::TooManyOpen) } else { Ok(events) }
}

fn events(demand: &Demand, command: &DemandCommand) -> Vec<DemandEvent> {
    match command {
        DemandCommand::Link { backoffice, sku } => {
            let is_news = demand.sku(backoffice) != Some(sku);
            let (backoffice, sku) = (backoffice.clone(), sku.clone());
            is_news.then_some(DemandEvent::Linked { backoffice, sku }).into_iter().collect()
        }
        DemandCommand::TellLine(tell) => tell_line(demand, tell).into_iter().collect(),
        DemandCommand::TellShipment { line, shipment, steps, was_told } => {
            let known = demand.lines.get(line);
            let said = known.and_then(|known| known.shipments.get(shipment));
            // A line that left is settled; a late word about it would open it again. What it says
            // of goods reaches the pools all the same: see `Demand::shipped_late`.
            let is_settled = demand.has_left(*line, *was_told);
            let nothing = said.is_none() && steps.iter().all(|step| step.units == 0);
            if is_settled || nothing || said == Some(steps) {
                return Vec::new();
            }
            vec![DemandEvent::ShipmentTold {
                line: *line,
                shipment: shipment.clone(),
                steps: steps.clone(),
            }]
        }
    }
}

fn tell_line(demand: &Demand, tell: &TellLine) -> Option<DemandEvent> {
    let TellLine { line, said, lowered_by_accept, was_told, closed_by, left } = tell;
    let known = demand.lines.get(line);
    let mut said = said.clone();
    let has_left = demand.has_left(*line, *was_told);
    let newest = known.and_then(|known| known.said.as_ref()).map(|said| said.revision);
    if has_left && said.open() > 0 && newest.max(*closed_by) >= Some(said.revision) {
        // It was open then, and is not any more.
        return None;
    }
    if has_left && said.open() == 0 {
        if known.is_none() && said.restocked.is_empty() {
            return None;
        }
        said = LineSaid { shares: Vec::new(), settled: true, ..said };
    }
    let opens_again = has_left && said.open() > 0;
    let left = if opens_again { left.clone() } else { Vec::new() };
    let before = known.cloned().unwrap_or_default();
    let after = with_said(before.clone(), &said, lowered_by_accept);
    (known.is_none() || before != after).then(|| DemandEvent::LineTold {
        line: *line,
        said,
        lowered_by_accept: lowered_by_accept.clone(),
        left,
    })
}
