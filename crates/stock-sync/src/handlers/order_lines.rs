//! An order's lines are as order-sync says.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_contracts::orders::v1::OrderLinesChanged;
use lockstep_domain::stock::demand::{
    DemandCommand, Hear, HeardOrder, LeftShare, LineRef, RestockSaid, TellLine,
};
use lockstep_domain::stock::report::ReportKind;
use lockstep_domain::{InventoryItemId, LineItemId, LocationId, StoreId, Warehouse};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{DemandKind, HeardOrderKind, StoreKind, demand_id, heard_order_id};
use crate::demand::{Told, lowers, never};
use crate::facts::{LineTold, OrderFacts, RestockTold, order_lines};

/// Notes what the order sells where, and books what was accepted, in one transaction. A line that
/// its item has no room for keeps no other line of the order out.
pub fn apply(event: &OrderLinesChanged, work: &mut Work<'_>) -> Result<(), Stop> {
    let facts = order_lines(event)?;
    let items: BTreeSet<InventoryItemId> = facts.lines.iter().map(|line| line.item).collect();
    let mut told = Told::load(work, &facts.store, &items)?;
    let heard = heard_order_id(&facts.store, facts.order);
    let before = work.state::<HeardOrderKind>(&heard)?.clone();
    let closed = closed(work, &facts, &before)?;
    let mut whole = true;
    let mut lines: BTreeSet<LineItemId> = facts.lines.iter().map(|line| line.line).collect();
    for LineTold { line, item, mut said, served, restocks } in facts.lines {
        said.restocked = restocked(work, &facts.store, &served, restocks)?;
        let backoffices = said.shares.iter().filter_map(|share| share.warehouse.as_ref());
        let backoffices: BTreeSet<_> = backoffices.map(|w| w.backoffice.clone()).collect();
        let mut lowered_by_accept = BTreeSet::new();
        for backoffice in backoffices {
            if lowers(work, &backoffice, ReportKind::Accept)? {
                lowered_by_accept.insert(backoffice);
            }
        }
        let (was_told, closed_by) = (before.knows(line), before.closed_by(line));
        let left = before.left_with(line);
        let line = LineRef { order: facts.order, line };
        let tell = TellLine { line, said, lowered_by_accept, was_told, closed_by, left };
        if let Some(refused) = told.tell(work, (item, line), &DemandCommand::TellLine(tell))? {
            let LineRef { order, line } = line;
            work.refuse_part(format!(
                "line {line} of order {order}, inventory item {item}: {refused}"
            ));
            lines.remove(&line);
            whole = false;
        }
    }
    let hear = Hear { lines, closed, revision: facts.revision, whole };
    never(work.execute::<HeardOrderKind>(&heard, &hear)?);
    told.book(work)
}

/// The lines of which nothing is open. What one left with stays as it was when it left.
fn closed(
    work: &mut Work<'_>,
    facts: &OrderFacts,
    before: &HeardOrder,
) -> Result<BTreeMap<LineItemId, Vec<LeftShare>>, Stop> {
    let mut closed = BTreeMap::new();
    for told in facts.lines.iter().filter(|line| line.said.open() == 0) {
        let (line, was_told) = (told.line, before.knows(told.line));
        let demand = work.state::<DemandKind>(&demand_id(&facts.store, told.item))?;
        let has_left = demand.has_left(LineRef { order: facts.order, line }, was_told);
        let leaves = if has_left { before.left_with(line) } else { told.said.leaves() };
        closed.insert(line, leaves);
    }
    Ok(closed)
}

/// Where units came back: at the warehouse that serves the location by now, of several at one that
/// has a share of the line. While stock knows of none, the share of the location says it.
fn restocked(
    work: &mut Work<'_>,
    store: &StoreId,
    served: &[(LocationId, Warehouse)],
    restocks: Vec<RestockTold>,
) -> Result<Vec<RestockSaid>, Stop> {
    let mut said = Vec::with_capacity(restocks.len());
    for RestockTold { refund, location, units } in restocks {
        let settings = work.peek::<StoreKind>(store.as_str())?.settings.as_ref();
        let mapping = settings.and_then(|settings| settings.mapping(location));
        let today = mapping.map_or(&[][..], |mapping| &mapping.warehouses);
        let has_share = |warehouse: &&Warehouse| served.iter().any(|(_, of)| of == *warehouse);
        let of_share = || served.iter().find(|(at, _)| *at == location).map(|(_, of)| of);
        let warehouse = today.iter().find(has_share).or_else(|| today.first()).or_else(of_share);
        if let Some(warehouse) = warehouse.cloned() {
            said.push(RestockSaid { refund, location, warehouse, units });
        }
    }
    Ok(said)
}
