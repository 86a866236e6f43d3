//! Decides requests to an order's shipments.

use jiff::Timestamp;

use super::command::{CallOutcome, Reading, ShipmentCommand};
use super::event::ShipmentEvent;
use super::evolve::evolve;
use super::names;
use super::plan::{self, Next};
use super::probe::{self, Found};
use super::report::{Origin, Says, Statement};
use super::resolve::{Codes, resolve};
use super::settle::Settled;
use super::shown::ShownOrder;
use super::state::{
    Arrival, CallKind, KnownOrder, Refusal, Shipment, Shipments, Stage, Standing, UNHEARD_FOR,
    WaitsFor,
};
use crate::ids::EffectId;

/// Arrivals of an order's unreported shipments that are kept.
const EARLY_MAX: usize = 100;

pub(super) fn decide(state: &Shipments, command: &ShipmentCommand) -> Vec<ShipmentEvent> {
    let mut fold = Fold { state: state.clone(), events: Vec::new() };
    match command {
        ShipmentCommand::Report { key, statement, enabled, codes, now } => {
            fold.report((key, statement), (*enabled, codes), *now);
        }
        ShipmentCommand::SeeOrder { order, codes } => fold.see_order(order, codes),
        ShipmentCommand::RecordRead(reading) => fold.record_read(reading),
        ShipmentCommand::Intend { effect } => {
            if matches!(fold.state.stage, Stage::Planned { .. }) {
                fold.push(ShipmentEvent::Intended { effect: effect.clone() });
            }
        }
        ShipmentCommand::DropPlan => {
            if matches!(fold.state.stage, Stage::Planned { .. }) {
                fold.push(ShipmentEvent::PlanDropped);
            }
        }
        ShipmentCommand::Conclude { effect, outcome } => fold.conclude(effect, outcome),
        ShipmentCommand::Settle { asks, said } => fold.settle(asks, *said),
        ShipmentCommand::GiveUp { now } => fold.give_up(*now),
    }
    fold.tell_lines();
    fold.events
}

/// Events one after the other, each decided on what the former made.
struct Fold {
    state: Shipments,
    events: Vec<ShipmentEvent>,
}

impl Fold {
    fn push(&mut self, event: ShipmentEvent) {
        self.state = evolve(std::mem::take(&mut self.state), &event);
        self.events.push(event);
    }

    fn shipment(&self, key: &str) -> Option<&Shipment> {
        self.state.shipments.get(key)
    }

    fn stand(&mut self, key: &str, standing: Standing) {
        if self.shipment(key).is_some_and(|shipment| shipment.standing != standing) {
            self.push(ShipmentEvent::Stood { key: key.to_owned(), standing });
        }
    }

    fn report(
        &mut self,
        (key, statement): (&String, &Statement),
        (enabled, codes): (bool, &Codes),
        now: Timestamp,
    ) {
        if statement.says == Says::Arrived {
            return self.arrive(key, statement, now);
        }
        let (key, event_id) = (key.clone(), statement.event_id.clone());
        let known = self.shipment(&key).cloned();
        if let Some(known) = known.as_ref().filter(|known| statement.revision <= known.heard) {
            if known.said.event_id != event_id {
                self.push(ShipmentEvent::ReportStale { key, event_id, known: known.heard });
            }
            return;
        }
        let pending = known.filter(|known| {
            let is_open = matches!(known.standing, Standing::Due | Standing::Waits(_));
            is_open && known.said.origin == Origin::Report
        });
        if let Some(pending) = pending {
            let (event_id, by) = (pending.said.event_id, statement.revision);
            self.push(ShipmentEvent::Superseded { key: key.clone(), event_id, by });
        }
        let is_sent = self.shipment(&key).is_some_and(|known| known.live().next().is_some())
            || self.state.stage.sent_call().is_some_and(|call| call.shipment == key);
        let resolved = resolve(&self.state, (&key, statement), codes);
        let standing = match (&resolved, statement.says) {
            _ if !enabled => Standing::NotEnabled,
            (_, Says::Cancelled) if is_sent => Standing::Due,
            (_, Says::Cancelled) => Standing::Done,
            (Ok(_), _) => Standing::Due,
            (Err(waits), _) => waits.clone(),
        };
        let statement = Box::new(statement.clone());
        self.push(ShipmentEvent::Adopted { key: key.clone(), statement, standing, at: now });
        if let Some(early) = self.state.early.get(&key).cloned() {
            let Arrival { event_id, revision } = early.arrival;
            self.push(ShipmentEvent::Arrived { key: key.clone(), event_id, revision });
        }
        if let Ok(parcels) = resolved {
            self.push(ShipmentEvent::Resolved { key, parcels });
        }
    }

    /// The goods arrived: said of what a shipment holds or not, before or after it.
    fn arrive(&mut self, key: &str, statement: &Statement, at: Timestamp) {
        let Statement { event_id, revision, .. } = statement.clone();
        let (key, is_reported) = (key.to_owned(), self.state.shipments.contains_key(key));
        let known = self.state.arrival(&key).cloned();
        if let Some(known) = known.as_ref().filter(|known| revision <= known.revision) {
            if known.event_id != event_id {
                self.push(ShipmentEvent::ReportStale { key, event_id, known: known.revision });
            }
            return;
        }
        if is_reported {
            self.push(ShipmentEvent::Arrived { key, event_id, revision });
            return;
        }
        if known.is_none() && self.state.early.len() >= EARLY_MAX {
            let refusal = Refusal::UnknownShipment;
            self.push(ShipmentEvent::ReportRefused { key, event_id, refusal });
            return;
        }
        if let Some(known) = known {
            let (key, event_id) = (key.clone(), known.event_id);
            self.push(ShipmentEvent::Superseded { key, event_id, by: revision });
        }
        self.push(ShipmentEvent::ArrivedEarly { key, event_id, revision, at });
    }

    fn see_order(&mut self, order: &KnownOrder, codes: &Codes) {
        let known = self.state.order.as_ref().map(|known| known.revision);
        if known.is_some_and(|known| known >= order.revision) {
            return;
        }
        self.push(ShipmentEvent::OrderSeen { order: order.clone() });
        let keys: Vec<_> = self.state.shipments.keys().cloned().collect();
        for key in keys {
            self.resolve(&key, codes);
        }
    }

    /// Finds the lines of a shipment whose lines are not known yet.
    fn resolve(&mut self, key: &str, codes: &Codes) {
        let Some(shipment) = self.shipment(key) else { return };
        if shipment.resolved.is_some() || shipment.said.says != Says::Left {
            return;
        }
        // Its order came after all.
        let was_given_up = shipment.standing == Standing::Refused(Refusal::UnknownOrder);
        let waits = was_given_up || matches!(shipment.standing, Standing::Waits(_));
        match resolve(&self.state, (key, &shipment.said), codes) {
            Ok(parcels) => {
                self.push(ShipmentEvent::Resolved { key: key.to_owned(), parcels });
                if waits {
                    self.stand(key, Standing::Due);
                }
            }
            Err(standing) if waits => self.stand(key, standing),
            Err(_) => {}
        }
    }

    /// Finds what was sent already in what is stated now.
    fn rename(&mut self, key: &str) {
        let Some(shipment) = self.shipment(key).filter(|one| one.said.says == Says::Left) else {
            return;
        };
        let parcels = names::renamed(shipment);
        if !parcels.is_empty() {
            self.push(ShipmentEvent::Renamed { key: key.to_owned(), parcels });
        }
    }

    fn record_read(&mut self, reading: &Reading) {
        match &self.state.stage {
            Stage::Planned { .. } | Stage::InTheAir { .. } => return,
            Stage::Unclear { .. } => self.probe(reading),
            Stage::Idle if reading.shown.is_none() => self.give_up_order(reading.begun),
            Stage::Idle => {}
        }
        if self.state.stage != Stage::Idle {
            return;
        }
        // What was said after the reading began is for the next one: this one may show what no
        // longer is.
        let is_shown = |one: &Shipment| one.wants_read() && one.since <= reading.begun;
        let wanting = self.state.shipments.iter().filter(|(_, shipment)| is_shown(shipment));
        let mut wanting: Vec<_> = wanting.map(|(key, one)| (one.since, key.clone())).collect();
        wanting.sort();
        for (_, key) in wanting {
            self.resolve(&key, &reading.codes);
            let shipment = self.shipment(&key);
            let is_clear =
                |one: &Shipment| one.resolved.is_some() || one.said.says == Says::Cancelled;
            if !shipment.is_some_and(is_clear) {
                continue;
            }
            self.rename(&key);
            match plan::next(&self.state, &key, reading) {
                Some(Next::Call(call)) => {
                    self.stand(&key, Standing::Due);
                    self.push(ShipmentEvent::Planned { call, read_at: reading.begun });
                    return;
                }
                Some(Next::Stand(standing)) => self.stand(&key, standing),
                None => {}
            }
        }
    }

    /// Looks for a call whose outcome nobody knows.
    fn probe(&mut self, reading: &Reading) {
        let Stage::Unclear { effect, call, readable_from, absent_at, asks, candidates: known } =
            &self.state.stage
        else {
            return;
        };
        let (effect, key) = (effect.clone(), call.shipment.clone());
        let nothing = ShownOrder::default();
        let shown = reading.shown.as_ref().unwrap_or(&nothing);
        match probe::probe(&self.state, call, shown) {
            Found::Ours(fulfillment) => {
                self.applied(&effect, fulfillment);
            }
            // The call may still arrive.
            Found::Absent | Found::Ambiguous(_) if reading.begun < *readable_from => {}
            Found::Absent => match absent_at {
                None => self.push(ShipmentEvent::SeenAbsent { at: reading.begun }),
                Some(first) if reading.begun.duration_since(*first) >= probe::ABSENT_APART => {
                    self.push(ShipmentEvent::NotApplied);
                    self.no_person(&key);
                }
                Some(_) => {}
            },
            Found::Ambiguous(candidates) if asks.is_some() => {
                if candidates != *known || absent_at.is_some() {
                    self.push(ShipmentEvent::MayBe { candidates });
                }
            }
            Found::Ambiguous(candidates) => {
                self.push(ShipmentEvent::Asked { effect: reading.effect.clone(), candidates });
                self.stand(&key, Standing::Waits(WaitsFor::Person));
            }
        }
    }

    fn settle(&mut self, asks: &EffectId, said: Settled) {
        let Stage::Unclear { effect, call, .. } = &self.state.stage else { return };
        let (effect, key) = (effect.clone(), call.shipment.clone());
        match self.state.settled(asks, said) {
            Ok(Some(fulfillment)) => self.applied(&effect, fulfillment),
            Ok(None) => {
                self.push(ShipmentEvent::NotApplied);
                self.no_person(&key);
            }
            Err(_) => {}
        }
    }

    fn give_up(&mut self, now: Timestamp) {
        let is_over = |since: Timestamp| now.duration_since(since) >= UNHEARD_FOR;
        let early = self.state.early.iter().filter(|(_, early)| is_over(early.since));
        let early: Vec<_> =
            early.map(|(key, early)| (key.clone(), early.arrival.event_id.clone())).collect();
        for (key, event_id) in early {
            let refusal = Refusal::UnknownShipment;
            self.push(ShipmentEvent::ReportRefused { key, event_id, refusal });
        }
    }

    /// Shopify shows no such order: what waits for it for so long waits in vain.
    fn give_up_order(&mut self, now: Timestamp) {
        let over: Vec<_> = self.state.in_want_of_order(now).cloned().collect();
        for key in over {
            self.stand(&key, Standing::Refused(Refusal::UnknownOrder));
        }
    }

    fn no_person(&mut self, key: &str) {
        let person = Standing::Waits(WaitsFor::Person);
        if self.shipment(key).is_some_and(|shipment| shipment.standing == person) {
            self.stand(key, Standing::Due);
        }
    }

    fn conclude(&mut self, effect: &EffectId, outcome: &CallOutcome) {
        let Stage::InTheAir { effect: known, call } = &self.state.stage else { return };
        if known != effect {
            return;
        }
        let key = call.shipment.clone();
        match outcome {
            CallOutcome::Applied { fulfillment } => self.applied(effect, *fulfillment),
            CallOutcome::NotApplied => self.push(ShipmentEvent::NotApplied),
            CallOutcome::Unknown { readable_from } => {
                self.push(ShipmentEvent::BecameUnclear { readable_from: *readable_from });
            }
            CallOutcome::Refused { message } => {
                let message = message.clone();
                if self.shipment(&key).is_some_and(|shipment| shipment.doubted.is_none()) {
                    self.push(ShipmentEvent::Doubted { message });
                } else {
                    self.push(ShipmentEvent::NotApplied);
                    self.stand(&key, Standing::Refused(Refusal::Shopify { message }));
                }
            }
        }
    }

    fn applied(&mut self, effect: &EffectId, fulfillment: crate::ids::FulfillmentId) {
        let Some(call) = self.state.stage.call().cloned() else { return };
        self.push(ShipmentEvent::Applied { fulfillment, effect: effect.clone() });
        let key = call.shipment;
        self.no_person(&key);
        let completes = matches!(call.kind, CallKind::Create { completes: true, .. });
        if self.shipment(&key).is_some_and(|shipment| is_done(shipment, completes)) {
            self.stand(&key, Standing::Done);
        }
    }

    fn tell_lines(&mut self) {
        let keys: Vec<_> = self.state.shipments.keys().cloned().collect();
        for key in keys {
            let Some(lines) = self.state.lines_of(&key) else { continue };
            let told = self.shipment(&key).and_then(|shipment| shipment.told.as_ref());
            let (known, revision) = match told {
                Some(told) => (told.lines.as_slice(), told.revision),
                None => ([].as_slice(), 0),
            };
            if known != lines.as_slice() {
                let revision = revision + 1;
                self.push(ShipmentEvent::LinesTold { key, revision, lines });
            }
        }
    }
}

/// Whether Shopify has all of it; of a whole order the last call says so.
fn is_done(shipment: &Shipment, completes: bool) -> bool {
    if shipment.standing != Standing::Due {
        return false;
    }
    if shipment.said.says == Says::Cancelled {
        return shipment.live().next().is_none();
    }
    let has_all = if shipment.said.whole {
        completes
    } else {
        shipment.resolved.is_some() && shipment.needs().is_empty()
    };
    has_all && shipment.outdated().is_none()
}
