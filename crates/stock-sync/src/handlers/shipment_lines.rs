//! A shipment's lines are as shipment-push says.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_contracts::shipments::v1::ShipmentLinesChanged;
use lockstep_domain::stock::demand::{DemandCommand, Hear, HearShipment};
use lockstep_domain::stock::report::ReportKind;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{HeardOrderKind, HeardShipmentKind, heard_order_id, heard_shipment_id};
use crate::demand::{Told, lowers, never};
use crate::facts::shipment_lines;

/// Books what left, of every line that any revision of the shipment named.
pub fn apply(event: &ShipmentLinesChanged, work: &mut Work<'_>) -> Result<(), Stop> {
    let mut facts = shipment_lines(event)?;
    facts.said.lowers = lowers(work, &facts.said.warehouse.backoffice, ReportKind::Shipment)?;
    let id = heard_shipment_id(&facts.store, &facts.shipment);
    let hear = HearShipment { revision: facts.revision, said: facts.said.clone() };
    never(work.execute::<HeardShipmentKind>(&id, &hear)?);
    let named = work.state::<HeardShipmentKind>(&id)?.steps();
    let items: BTreeSet<_> = named.keys().map(|(item, _)| *item).collect();
    let mut told = Told::load(work, &facts.store, &items)?;
    let heard = heard_order_id(&facts.store, facts.said.order);
    let before = work.state::<HeardOrderKind>(&heard)?.clone();
    let lines = named.keys().map(|(_, line)| line.line).collect();
    let hear = Hear { lines, closed: BTreeMap::new(), revision: 0, whole: false };
    never(work.execute::<HeardOrderKind>(&heard, &hear)?);
    for ((item, line), steps) in named {
        let was_told = before.knows(line.line);
        let shipment = facts.shipment.clone();
        let tell = DemandCommand::TellShipment { line, shipment, steps, was_told };
        if let Some(refused) = told.tell(work, (item, line), &tell)? {
            work.refuse_part(format!("line {}, inventory item {item}: {refused}", line.line));
        }
    }
    told.book(work)
}
