//! An order's lines are as order-sync says.

use std::collections::BTreeSet;

use lockstep_contracts::orders::v1::OrderLinesChanged;
use lockstep_domain::InventoryItemId;
use lockstep_domain::stock::demand::{DemandCommand, Hear, LineRef, TellLine};
use lockstep_domain::stock::report::ReportKind;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{HeardOrderKind, heard_order_id};
use crate::demand::{Told, lowers, never};
use crate::facts::{LineTold, order_lines};

/// Notes what the order sells where, and books what was accepted, in one transaction.
pub fn apply(event: &OrderLinesChanged, work: &mut Work<'_>) -> Result<(), Stop> {
    let facts = order_lines(event)?;
    let items: BTreeSet<InventoryItemId> = facts.lines.iter().map(|line| line.item).collect();
    let mut told = Told::load(work, &facts.store, &items)?;
    let heard = heard_order_id(&facts.store, facts.order);
    let before = work.state::<HeardOrderKind>(&heard)?.clone();
    let lines = facts.lines.iter().map(|line| line.line).collect();
    never(work.execute::<HeardOrderKind>(&heard, &Hear { lines })?);
    for LineTold { line, item, said } in facts.lines {
        let backoffices = said.shares.iter().filter_map(|share| share.warehouse.as_ref());
        let backoffices: BTreeSet<_> = backoffices.map(|w| w.backoffice.clone()).collect();
        let mut lowered_by_accept = BTreeSet::new();
        for backoffice in backoffices {
            if lowers(work, &backoffice, ReportKind::Accept)? {
                lowered_by_accept.insert(backoffice);
            }
        }
        let was_told = before.knows(line);
        let line = LineRef { order: facts.order, line };
        let tell = TellLine { line, said, lowered_by_accept, was_told };
        told.tell(work, (item, line), &DemandCommand::TellLine(tell))?;
    }
    told.book(work)
}
