//! What changes a shipment.

use lockstep_contracts::backoffice::v1::{ReturnReported, ShipmentReported};
use lockstep_contracts::catalog::v1::{VariantLinked, VariantUnlinked};
use lockstep_contracts::convert::link::{self, LinkChange};
use lockstep_contracts::convert::shipment_report::{
    ShipmentSaid, known_order, released, reported, store_shipments,
};
use lockstep_contracts::orders::v1::{OrderLinesChanged, OrderReleased};
use lockstep_contracts::shipments::v1::ShipmentReportJudged;
use lockstep_contracts::{Partition, Subject};
use lockstep_domain::order::CodesCommand;
use lockstep_domain::shipment::settings::AdoptShipments;
use lockstep_domain::shipment::{Origin, ShipmentCommand};
use lockstep_domain::{OrderId, StoreId};
use lockstep_runtime::{About, Settings, SettingsChange, Stop, Work};

use crate::aggregates::{CodesKind, ShipmentsKind, StoreKind, codes_id, shipments_id};
use crate::announce::{codes, codes_of_order, decide, rules};
use crate::schedule::{self, Due};
use crate::translate::{invalid, poison, store, sure};
use crate::verdicts;

/// A back office reports a shipment.
pub fn shipment(event: &ShipmentReported, work: &mut Work<'_>) -> Result<(), Stop> {
    say(reported(event).map_err(invalid)?, work)
}

/// A back office released units that count as fulfilled.
pub fn release(event: &OrderReleased, work: &mut Work<'_>) -> Result<(), Stop> {
    say(released(event).map_err(invalid)?, work)
}

fn say(said: ShipmentSaid, work: &mut Work<'_>) -> Result<(), Stop> {
    let ShipmentSaid { store, order, key, statement } = said;
    // The order is locked first: whoever tells of it meanwhile waits, or was seen.
    let codes = codes_of_order(work, &store, order)?;
    // What was released was answered as done already, and counts as fulfilled: it is carried out
    // whether the store takes shipments or not.
    let enabled = statement.origin == Origin::Release
        || rules(work, &store)?.takes(&statement.warehouse.backoffice);
    let (statement, now) = (Box::new(statement), work.now());
    let command = ShipmentCommand::Report { key, statement, enabled, codes, now };
    decide(work, &store, order, &command)?;
    due_if_wanted(work, &store, order)
}

/// An order was told of.
pub fn order(event: &OrderLinesChanged, work: &mut Work<'_>) -> Result<(), Stop> {
    let (store, id, known) = known_order(event).map_err(invalid)?;
    work.state::<ShipmentsKind>(&shipments_id(&store, id))?;
    let codes = codes(work, &store, known.lines.iter().filter_map(|line| line.variant))?;
    let seen = decide(work, &store, id, &ShipmentCommand::SeeOrder { order: known, codes })?;
    if seen.is_empty() { Ok(()) } else { due_if_wanted(work, &store, id) }
}

fn due_if_wanted(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    let state = work.state::<ShipmentsKind>(&shipments_id(store, order))?;
    let has_more = state.wants_read() && state.stage.call().is_none();
    if has_more { schedule::news(work, store, Due::Order(order)) } else { Ok(()) }
}

/// A return: nobody takes it yet, and whoever reported it is told so.
pub fn returned(event: &ReturnReported, work: &mut Work<'_>) -> Result<(), Stop> {
    let report = event.return_report.as_ref();
    let report = report.ok_or_else(|| poison("return_report", "it is missing"))?;
    let verdict = verdicts::return_not_enabled(&report.event_id, &report.order_key);
    let judged =
        ShipmentReportJudged { backoffice: event.backoffice.clone(), verdict: Some(verdict) };
    let partition = Partition::of(&report.return_id);
    let subject: Subject = ShipmentReportJudged::subject(&event.backoffice, partition);
    let aggregate = format!("return/{}/{}", event.backoffice, report.return_id);
    let id = format!("shipment-push:return:{}:{}", event.backoffice, report.event_id);
    work.publish_as(id, &judged, subject, About { aggregate: &aggregate, sequence: None });
    Ok(())
}

/// A variant and a SKU became one thing.
pub fn linked(event: &VariantLinked, work: &mut Work<'_>) -> Result<(), Stop> {
    note(&link::linked(event).map_err(invalid)?, true, work)
}

/// They ceased to be.
pub fn unlinked(event: &VariantUnlinked, work: &mut Work<'_>) -> Result<(), Stop> {
    note(&link::unlinked(event).map_err(invalid)?, false, work)
}

/// Shipments that wait for a link look again in their own time.
fn note(link: &LinkChange, is_linked: bool, work: &mut Work<'_>) -> Result<(), Stop> {
    let command = CodesCommand::Note {
        backoffice: link.backoffice.clone(),
        sku: is_linked.then(|| link.sku.clone()),
        revision: link.revision,
    };
    sure(work.execute::<CodesKind>(&codes_id(&link.store, link.variant), &command)?);
    Ok(())
}

/// Settings become rules of this service's own log. A revision that is known changes nothing.
pub fn adopt(change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop> {
    let Settings::Store(settings) = &change.value else { return Ok(()) };
    let id = store(&settings.id)?;
    let settings = store_shipments(settings, change.revision).map_err(invalid)?;
    sure(work.execute::<StoreKind>(id.as_str(), &AdoptShipments { settings })?);
    Ok(())
}
