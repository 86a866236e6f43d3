//! How facts become the demand for an item.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::DemandEvent;
use super::state::{Demand, LeftShare, Line, LineRef, LineSaid, Place, RestockSaid, Step};
use crate::ids::{BackOfficeId, Sku, Warehouse};

/// A line that is fulfilled or cancelled leaves this long after its last news.
const QUIET_SPAN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// And never more such lines than this are kept, since the state is written whole each time.
const CLOSED_MAX: usize = 200;
/// Lines of which only shipments spoke, at most: no act at Shopify ends one. What is let go the
/// pools have taken, and a later shipment reaches them all the same.
const SHIPPED_MAX: usize = 5_000;

pub(super) fn evolve(mut demand: Demand, event: &DemandEvent) -> Demand {
    match event {
        DemandEvent::Linked { backoffice, sku } => {
            demand.skus.insert(backoffice.clone(), sku.clone());
        }
        DemandEvent::LineTold { line, said, lowered_by_accept, left } => {
            let mut before = demand.lines.remove(line).unwrap_or_default();
            if !left.is_empty() {
                come_back(&mut before, left, &demand.skus);
            }
            demand.lines.insert(*line, with_said(before, said, lowered_by_accept));
            let_go(&mut demand, said.as_of, *line);
        }
        DemandEvent::ShipmentTold { line, shipment, steps } => {
            let known = demand.lines.entry(*line).or_default();
            known.shipments.insert(shipment.clone(), steps.clone());
            let_shipped_go(&mut demand.lines, *line);
        }
    }
    demand
}

/// A line with one more word of its order, whenever that was said.
pub(super) fn with_said(
    mut line: Line,
    said: &LineSaid,
    lowered_by_accept: &BTreeSet<BackOfficeId>,
) -> Line {
    let mut warehouses: BTreeSet<&Warehouse> =
        said.shares.iter().filter_map(|share| share.warehouse.as_ref()).collect();
    let known: Vec<_> = line.accepts.iter().map(|step| step.warehouse.clone()).collect();
    warehouses.extend(&known);
    // The newest may have come first, and then did not know that it speaks of this warehouse.
    let is_newer = |newest: &LineSaid| newest.revision > said.revision && !newest.settled;
    let newest = line.said.clone().filter(is_newer);
    for warehouse in warehouses {
        for said in [Some(said), newest.as_ref()].into_iter().flatten().filter(|s| !s.settled) {
            insert(&mut line.accepts, said, warehouse, lowered_by_accept);
        }
    }
    if let Some(known) = line.said.take() {
        // What an earlier version heard has no places yet.
        place(&mut line, &known);
        line.said = Some(known);
    }
    place(&mut line, said);
    if line.said.as_ref().is_none_or(|newest| newest.revision < said.revision) {
        line.said = Some(with_known_warehouses(said.clone(), line.said.as_ref()));
    }
    line
}

/// Opens a line again that left: its units were where they were, and a pool that had them has them
/// in its sums.
fn come_back(line: &mut Line, left: &[LeftShare], skus: &BTreeMap<BackOfficeId, Sku>) {
    for share in left {
        let place = line.places.entry((share.warehouse.clone(), share.counted_at)).or_default();
        place.note(0, share.sold);
    }
    let had_pool = left.iter().filter(|share| skus.contains_key(&share.warehouse.backoffice));
    line.left = had_pool.cloned().collect();
}

/// Notes where units of the line are or were.
fn place(line: &mut Line, said: &LineSaid) {
    let mut sold: BTreeMap<Place, i64> = BTreeMap::new();
    for share in said.shares.iter().filter(|share| share.sold > 0) {
        if let Some(warehouse) = &share.warehouse {
            let units = sold.entry((warehouse.clone(), share.counted_at)).or_default();
            *units = units.saturating_add(share.sold);
        }
    }
    for (place, units) in sold {
        line.places.entry(place).or_default().note(said.revision, units);
    }
    let is_newer = line.edited.is_none_or(|(revision, _)| revision < said.revision);
    if !said.cancelled && !said.settled && said.removed > 0 && is_newer {
        line.edited = Some((said.revision, said.removed));
    }
}

/// A refund whose warehouse is known keeps it, whatever serves its location by now.
fn with_known_warehouses(mut said: LineSaid, before: Option<&LineSaid>) -> LineSaid {
    let known = before.map_or(&[][..], |before| &before.restocked);
    for restock in &mut said.restocked {
        let name = |of: &RestockSaid| (of.refund, of.location);
        if let Some(known) = known.iter().find(|known| name(known) == name(restock)) {
            restock.warehouse = known.warehouse.clone();
        }
    }
    said
}

/// Puts in its place what a warehouse had taken by acceptance. What was released had been accepted,
/// and is gone. Of equal neighbours the first stays: the state is the same whichever came last.
fn insert(
    steps: &mut Vec<Step>,
    said: &LineSaid,
    warehouse: &Warehouse,
    lowered_by_accept: &BTreeSet<BackOfficeId>,
) {
    let of_it = || said.shares.iter().filter(|share| share.warehouse.as_ref() == Some(warehouse));
    let reported_at = of_it().filter_map(|share| share.reported_at).max();
    let step = Step {
        revision: said.revision,
        warehouse: warehouse.clone(),
        units: of_it().map(|share| share.accepted.saturating_add(share.released)).sum(),
        at: reported_at.unwrap_or(said.as_of),
        lowers: lowered_by_accept.contains(&warehouse.backoffice),
    };
    let place = steps.partition_point(|known| name(known) < name(&step));
    let same = |known: &&Step| known.warehouse == *warehouse;
    let before = place.checked_sub(1).and_then(|before| steps.get(before)).filter(same);
    let after = steps.get(place).filter(same);
    let equals = |known: &Step| (known.units, known.at) == (step.units, step.at);
    // A warehouse of which nothing was ever said has no step; if something was, this ends it.
    let says_nothing = reported_at.is_none() && before.is_none_or(|before| before.units == 0);
    let is_known = after.is_some_and(|after| after.revision == step.revision);
    if says_nothing || is_known || before.is_some_and(equals) {
        return;
    }
    let replaces = after.is_some_and(equals);
    steps.insert(place, step);
    if replaces {
        steps.remove(place + 1);
    }
}

fn name(step: &Step) -> (&Warehouse, u64) {
    (&step.warehouse, step.revision)
}

/// Lets lines go that are fulfilled or cancelled. Never the one that was just told, however old the
/// news: what it came to is still to reach the pools.
fn let_go(demand: &mut Demand, newest: Timestamp, told: LineRef) {
    let Demand { lines, gone, .. } = demand;
    let closed = |line: &Line| line.said.as_ref().filter(|said| said.open() == 0).map(|s| s.as_of);
    let mut left: Vec<(Timestamp, LineRef)> =
        lines.iter().filter_map(|(id, line)| Some((closed(line)?, *id))).collect();
    left.retain(|(_, id)| *id != told);
    left.sort_unstable();
    let horizon = newest.checked_sub(QUIET_SPAN).unwrap_or(Timestamp::MIN);
    let over = left.len().saturating_sub(CLOSED_MAX);
    for (index, (heard, id)) in left.into_iter().enumerate() {
        if index < over || heard <= horizon {
            *gone = (*gone).max(Some(heard));
            lines.remove(&id);
        }
    }
}

/// Lets lines go of which only shipments spoke, those that left longest ago. Never the one that
/// was just told.
fn let_shipped_go(lines: &mut BTreeMap<LineRef, Line>, told: LineRef) {
    // Few items have so many lines: the rest need not be looked through.
    if lines.len() <= SHIPPED_MAX {
        return;
    }
    let newest = |line: &Line| line.shipments.values().flatten().map(|step| step.at).max();
    let unheard = lines.iter().filter(|(_, line)| line.said.is_none());
    let mut shipped: Vec<_> = unheard.map(|(id, line)| (newest(line), *id)).collect();
    let over = shipped.len().saturating_sub(SHIPPED_MAX);
    shipped.retain(|(_, id)| *id != told);
    shipped.sort_unstable();
    for (_, id) in shipped.into_iter().take(over) {
        lines.remove(&id);
    }
}
