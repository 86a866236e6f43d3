//! How facts change what is known of an order's shipments.

use super::event::ShipmentEvent;
use super::state::{
    Arrival, Call, CallKind, EarlyArrival, SentParcel, Shipment, Shipments, Stage, Standing,
    ToldLines,
};
use crate::ids::FulfillmentId;

pub(super) fn evolve(mut state: Shipments, event: &ShipmentEvent) -> Shipments {
    match event {
        ShipmentEvent::OrderSeen { order } => state.order = Some(order.clone()),
        ShipmentEvent::Adopted { key, statement, standing, at } => {
            let is_planned =
                matches!(&state.stage, Stage::Planned { call, .. } if call.shipment == *key);
            if is_planned {
                state.stage = Stage::Idle;
            }
            let known = state.shipments.remove(key);
            let (sent, told, arrived) =
                known.map(|known| (known.sent, known.told, known.arrived)).unwrap_or_default();
            let shipment = Shipment {
                said: (**statement).clone(),
                heard: statement.revision,
                arrived,
                since: *at,
                standing: standing.clone(),
                resolved: None,
                sent,
                told,
                doubted: None,
            };
            state.shipments.insert(key.clone(), shipment);
        }
        ShipmentEvent::Superseded { .. } | ShipmentEvent::ReportStale { .. } => {}
        ShipmentEvent::ReportRefused { key, event_id, .. } => {
            // An arrival that was given up no longer waits.
            if state.early.get(key).is_some_and(|early| early.arrival.event_id == *event_id) {
                state.early.remove(key);
            }
        }
        ShipmentEvent::Arrived { key, event_id, revision } => {
            state.early.remove(key);
            let arrival = Arrival { event_id: event_id.clone(), revision: *revision };
            change(&mut state, key, |shipment| shipment.arrived = Some(arrival));
        }
        ShipmentEvent::ArrivedEarly { key, event_id, revision, at } => {
            let arrival = Arrival { event_id: event_id.clone(), revision: *revision };
            state.early.insert(key.clone(), EarlyArrival { arrival, since: *at });
        }
        ShipmentEvent::Resolved { key, parcels } => {
            change(&mut state, key, |shipment| shipment.resolved = Some(parcels.clone()));
        }
        ShipmentEvent::Renamed { key, parcels } => {
            change(&mut state, key, |shipment| {
                for renamed in parcels {
                    let is_it = |sent: &&mut SentParcel| sent.fulfillment == renamed.fulfillment;
                    if let Some(sent) = shipment.sent.iter_mut().find(is_it) {
                        sent.parcel.clone_from(&renamed.parcel);
                    }
                }
            });
        }
        ShipmentEvent::Stood { key, standing } => stand(&mut state, key, standing),
        ShipmentEvent::LinesTold { key, revision, lines } => {
            let told = ToldLines { revision: *revision, lines: lines.clone() };
            change(&mut state, key, |shipment| shipment.told = Some(told));
        }
        _ => call(&mut state, event),
    }
    state
}

fn call(state: &mut Shipments, event: &ShipmentEvent) {
    let stage = std::mem::take(&mut state.stage);
    state.stage = match (event, stage) {
        (ShipmentEvent::Planned { call, read_at }, _) => {
            Stage::Planned { call: call.clone(), read_at: *read_at }
        }
        (ShipmentEvent::Intended { effect }, Stage::Planned { call, .. }) => {
            Stage::InTheAir { effect: effect.clone(), call }
        }
        (ShipmentEvent::BecameUnclear { readable_from }, Stage::InTheAir { effect, call }) => {
            let (readable_from, absent_at, asks) = (*readable_from, None, None);
            let candidates = Vec::new();
            Stage::Unclear { effect, call, readable_from, absent_at, asks, candidates }
        }
        (
            ShipmentEvent::SeenAbsent { at },
            Stage::Unclear { effect, call, readable_from, asks, candidates, .. },
        ) => {
            let absent_at = Some(*at);
            Stage::Unclear { effect, call, readable_from, absent_at, asks, candidates }
        }
        (
            ShipmentEvent::Asked { effect: asks, candidates },
            Stage::Unclear { effect, call, readable_from, .. },
        ) => {
            let (absent_at, asks) = (None, Some(asks.clone()));
            let candidates = candidates.clone();
            Stage::Unclear { effect, call, readable_from, absent_at, asks, candidates }
        }
        (
            ShipmentEvent::MayBe { candidates },
            Stage::Unclear { effect, call, readable_from, asks, .. },
        ) => {
            let (absent_at, candidates) = (None, candidates.clone());
            Stage::Unclear { effect, call, readable_from, absent_at, asks, candidates }
        }
        (ShipmentEvent::Applied { fulfillment, .. }, stage) => {
            if let Some(call) = stage.call() {
                applied(state, call, *fulfillment);
            }
            Stage::Idle
        }
        (ShipmentEvent::Doubted { message }, stage) => {
            if let Some(call) = stage.call() {
                let doubted = |shipment: &mut Shipment| shipment.doubted = Some(message.clone());
                change(state, &call.shipment, doubted);
            }
            Stage::Idle
        }
        (ShipmentEvent::NotApplied | ShipmentEvent::PlanDropped, _) => Stage::Idle,
        (_, stage) => stage,
    };
}

fn applied(state: &mut Shipments, call: &Call, fulfillment: FulfillmentId) {
    change(state, &call.shipment, |shipment| {
        shipment.doubted = None;
        let sent = shipment.sent.iter_mut().find(|sent| sent.fulfillment == fulfillment);
        match (&call.kind, sent) {
            (CallKind::Create { units, .. }, None) => shipment.sent.push(SentParcel {
                parcel: call.parcel.clone(),
                fulfillment,
                units: units.clone(),
                tracking: call.tracking.clone(),
                cancelled: false,
            }),
            (CallKind::Track { .. }, Some(sent)) => sent.tracking = call.tracking.clone(),
            (CallKind::Cancel { .. }, Some(sent)) => sent.cancelled = true,
            _ => {}
        }
    });
}

fn stand(state: &mut Shipments, key: &str, standing: &Standing) {
    change(state, key, |shipment| shipment.standing = standing.clone());
}

fn change(state: &mut Shipments, key: &str, change: impl FnOnce(&mut Shipment)) {
    if let Some(shipment) = state.shipments.get_mut(key) {
        change(shipment);
    }
}
