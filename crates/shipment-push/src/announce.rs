//! Facts of shipments become public events, in the transaction that made them.

use std::collections::BTreeMap;

use lockstep_contracts::backoffice::v1::FeedVerdict;
use lockstep_contracts::convert::order_lines::order_key;
use lockstep_contracts::convert::shipment_report::lines_changed;
use lockstep_contracts::shipments::v1::{
    FulfillmentSent, ShipmentLinesChanged, ShipmentReportJudged,
};
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Event, Subject};
use lockstep_domain::order::VariantCodes;
use lockstep_domain::shipment::settings::StoreShipments;
use lockstep_domain::shipment::{
    Call, CallKind, Codes, Origin, Refusal, ShipmentCommand, ShipmentEvent, Shipments, Standing,
    Statement, WaitsFor,
};
use lockstep_domain::{BackOfficeId, EffectId, FulfillmentId, OrderId, StoreId, VariantId};
use lockstep_runtime::{About, Stop, Work};
use tracing::error;

use crate::aggregates::{CodesKind, ShipmentsKind, StoreKind, codes_id, partition, shipments_id};
use crate::schedule::{self, ALARM, Due};
use crate::translate::sure;
use crate::verdicts;

/// Decides a command of an order's shipments and tells what follows.
pub fn decide(
    work: &mut Work<'_>,
    store: &StoreId,
    order: OrderId,
    command: &ShipmentCommand,
) -> Result<Vec<ShipmentEvent>, Stop> {
    let id = shipments_id(store, order);
    let before = work.state::<ShipmentsKind>(&id)?.clone();
    let first = work.version::<ShipmentsKind>(&id)? + 1;
    let events = sure(work.execute::<ShipmentsKind>(&id, command)?);
    let mut teller = Teller { store, order, order_key: order_key(store, order), state: before };
    for (version, event) in (first..).zip(&events) {
        teller.tell(work, version, event);
    }
    if teller.state.waiting().next().is_some() {
        schedule::soon(work, store, Due::Alarm(order), ALARM)?;
    }
    Ok(events)
}

/// Tells of events, one after the other; the state is that before the event.
struct Teller<'t> {
    store: &'t StoreId,
    order: OrderId,
    order_key: String,
    state: Shipments,
}

impl Teller<'_> {
    fn tell(&mut self, work: &mut Work<'_>, version: u64, event: &ShipmentEvent) {
        use lockstep_domain::Decider as _;
        let call = self.state.stage.call().cloned();
        let before = std::mem::take(&mut self.state);
        self.state = Shipments::evolve(before, event);
        match event {
            ShipmentEvent::Adopted { key, standing, .. }
            | ShipmentEvent::Stood { key, standing } => {
                let Some(said) = self.said(key).cloned() else { return };
                match (said.origin, standing) {
                    (Origin::Release, Standing::Refused(refusal)) => {
                        self.not_released(work, version, (&said, refusal));
                    }
                    // Its verdict was given when it was released.
                    (Origin::Release, _) => {}
                    (Origin::Report, standing) => {
                        let verdict = verdicts::of(&said.event_id, &self.order_key, standing);
                        let Some(verdict) = verdict else { return };
                        let backoffice = said.warehouse.backoffice;
                        self.publish_verdict(work, version, (&backoffice, verdict));
                    }
                }
            }
            ShipmentEvent::Superseded { key, event_id, by } => {
                let verdict = verdicts::stale(event_id, &self.order_key, *by);
                self.judge_key(work, version, (key, verdict));
            }
            ShipmentEvent::ReportStale { key, event_id, known } => {
                let verdict = verdicts::stale(event_id, &self.order_key, *known);
                self.judge_key(work, version, (key, verdict));
            }
            ShipmentEvent::ReportRefused { key, event_id, refusal } => {
                let verdict = verdicts::refused(event_id, &self.order_key, refusal);
                self.judge_key(work, version, (key, verdict));
            }
            ShipmentEvent::Arrived { key, event_id, .. } => {
                let verdict = verdicts::done(event_id, &self.order_key);
                self.judge_key(work, version, (key, verdict));
            }
            ShipmentEvent::ArrivedEarly { key, event_id, .. } => {
                let verdict = verdicts::parked(event_id, &self.order_key, &WaitsFor::Shipment);
                self.judge_key(work, version, (key, verdict));
            }
            ShipmentEvent::Applied { fulfillment, effect } => {
                if let Some(call) = call {
                    self.sent(work, &call, (*fulfillment, effect));
                }
            }
            ShipmentEvent::LinesTold { key, revision, lines } => {
                let Some(said) = self.said(key) else { return };
                let place = (self.store, self.order, key.as_str());
                let event = lines_changed(place, *revision, lines, said);
                let subject =
                    ShipmentLinesChanged::subject(self.store.as_str(), partition(self.order));
                let name = format!("{key}:lines:{revision}");
                self.send(work, &event, subject, (&name, version));
            }
            _ => {}
        }
    }

    fn said(&self, key: &str) -> Option<&Statement> {
        self.state.shipments.get(key).map(|shipment| &shipment.said)
    }

    fn sent(
        &self,
        work: &mut Work<'_>,
        call: &Call,
        (fulfillment, effect): (FulfillmentId, &EffectId),
    ) {
        if !matches!(call.kind, CallKind::Create { .. }) {
            return;
        }
        let event = FulfillmentSent {
            store: self.store.to_string(),
            order_id: self.order.get(),
            shipment: call.shipment.clone(),
            fulfillment_id: fulfillment.get(),
            effect_id: effect.to_string(),
            sent_at: Some(to_proto(work.now())),
        };
        let subject = FulfillmentSent::subject(self.store.as_str(), partition(self.order));
        self.send(work, &event, subject, (&format!("sent:{fulfillment}"), 0));
    }

    /// The units count as released, and Shopify does not show them fulfilled: whoever released
    /// them hears of it, and a person does.
    fn not_released(
        &self,
        work: &mut Work<'_>,
        version: u64,
        (said, refusal): (&Statement, &Refusal),
    ) {
        let verdict = verdicts::refused(&said.event_id, &self.order_key, refusal);
        let verdict = FeedVerdict { report: verdicts::RELEASE.to_owned(), ..verdict };
        error!(
            code = "LS0904",
            store = %self.store,
            order = %self.order,
            reason = verdict.message,
            "what was released cannot be fulfilled"
        );
        self.publish_verdict(work, version, (&said.warehouse.backoffice, verdict));
    }

    fn judge_key(&self, work: &mut Work<'_>, version: u64, (key, verdict): (&str, FeedVerdict)) {
        // A back office's id has no slash.
        let backoffice = key.split('/').next().and_then(|id| BackOfficeId::try_new(id).ok());
        if let Some(backoffice) = backoffice {
            self.publish_verdict(work, version, (&backoffice, verdict));
        }
    }

    fn publish_verdict(
        &self,
        work: &mut Work<'_>,
        version: u64,
        (backoffice, verdict): (&BackOfficeId, FeedVerdict),
    ) {
        let event =
            ShipmentReportJudged { backoffice: backoffice.to_string(), verdict: Some(verdict) };
        let subject = ShipmentReportJudged::subject(backoffice.as_str(), partition(self.order));
        self.send(work, &event, subject, (&format!("verdict:{version}"), version));
    }

    fn send<E: Event>(
        &self,
        work: &mut Work<'_>,
        event: &E,
        subject: Subject,
        (name, version): (&str, u64),
    ) {
        let aggregate = format!("order_shipments/{}", self.order_key);
        let id = format!("shipment-push:{aggregate}:{name}");
        let sequence = Some(version).filter(|version| *version > 0);
        work.publish_as(id, event, subject, About { aggregate: &aggregate, sequence });
    }
}

/// The rules of a store; before its settings are adopted nothing is sent.
pub fn rules(work: &mut Work<'_>, store: &StoreId) -> Result<StoreShipments, Stop> {
    Ok(work.peek::<StoreKind>(store.as_str())?.settings.clone().unwrap_or_default())
}

/// The codes of an order's variants.
pub fn codes(
    work: &mut Work<'_>,
    store: &StoreId,
    variants: impl IntoIterator<Item = VariantId>,
) -> Result<Codes, Stop> {
    let ids: BTreeMap<_, _> =
        variants.into_iter().map(|variant| (variant, codes_id(store, variant))).collect();
    work.want_peeks::<CodesKind>(ids.values().map(String::as_str))?;
    let mut codes: BTreeMap<VariantId, VariantCodes> = BTreeMap::new();
    for (variant, id) in ids {
        codes.insert(variant, work.peek::<CodesKind>(&id)?.clone());
    }
    Ok(codes)
}

/// The codes of the order that is known.
pub fn codes_of_order(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<Codes, Stop> {
    let known = work.state::<ShipmentsKind>(&shipments_id(store, order))?.order.clone();
    let lines = known.into_iter().flat_map(|known| known.lines);
    codes(work, store, lines.filter_map(|line| line.variant))
}
