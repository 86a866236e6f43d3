//! Turns what is due into effects.

use jiff::SignedDuration;
use lockstep_contracts::TraceContext;
use lockstep_contracts::shopify::admin;
use lockstep_domain::shipment::{Call, CallKind, ShipmentCommand, Stage};
use lockstep_domain::{EffectId, OrderId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{EFFECT_LEASE, Stop, Work};
use tracing::{error, warn};

use crate::aggregates::{ShipmentsKind, shipments_id};
use crate::announce::{decide, rules};
use crate::pusher::context::{Does, open};
use crate::schedule::{self, ALARM, ALARM_AGAIN, Due};
use crate::translate::poison;

/// A call is made from a reading that is younger than this.
const READING_LIFE: SignedDuration = SignedDuration::from_secs(10);
/// What is due in a store that is not connected is looked at again after this: it may be connected.
const CONNECTED_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// Plans everything that is due in a store's lane.
pub fn plan(store: &StoreId, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
    work.want_timers(due.iter().map(|t| (store.to_string(), t.key.clone())).collect())?;
    for timer in due {
        // Each call belongs to the trace of what asked for it.
        let trace = timer.trace.as_deref();
        work.in_trace(trace.and_then(|trace| TraceContext::try_new(trace, None)));
        match Due::parse(&timer.key) {
            Some(Due::Order(order)) => plan_order(work, store, order)?,
            Some(Due::Alarm(order)) => alarm(work, store, order)?,
            None => {
                warn!(%store, key = timer.key, "due, and not known to this version");
                work.set_timer(Timer { due_at: None, ..timer.clone() });
            }
        }
    }
    Ok(())
}

fn plan_order(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    let due = Due::Order(order);
    if !rules(work, store)?.orders.connected {
        return schedule::at(work, store, due, CONNECTED_AGAIN);
    }
    let id = shipments_id(store, order);
    if let Stage::Planned { read_at, .. } = &work.state::<ShipmentsKind>(&id)?.stage {
        let read_at = *read_at;
        if work.now().duration_since(read_at) > READING_LIFE {
            decide(work, store, order, &ShipmentCommand::DropPlan)?;
        }
    }
    let state = work.state::<ShipmentsKind>(&id)?.clone();
    match &state.stage {
        Stage::Planned { call, .. } => intend(work, store, (order, call))?,
        Stage::Idle | Stage::Unclear { .. } if state.wants_read() => {
            let id = work.next_id();
            let call = admin::shipments_of_order(order);
            open(work, store, (id, &Does::Read { order }), &call)?;
        }
        Stage::Idle | Stage::Unclear { .. } => return schedule::done(work, store, due),
        // Its outcome makes the next moment.
        Stage::InTheAir { .. } => {}
    }
    // Longer than an effect can take: for the case that its outcome never comes.
    schedule::at(work, store, due, SignedDuration::try_from(EFFECT_LEASE).unwrap_or_default())
}

fn intend(
    work: &mut Work<'_>,
    store: &StoreId,
    (order, call): (OrderId, &Call),
) -> Result<(), Stop> {
    let id = work.next_id();
    let effect = EffectId::try_new(id.to_string()).map_err(|e| poison("effect", e))?;
    decide(work, store, order, &ShipmentCommand::Intend { effect })?;
    let does = Does::Change { order, call: Box::new(call.clone()) };
    open(work, store, (id, &does), &request(call))
}

/// The exact bytes of a call.
fn request(call: &Call) -> admin::Call {
    match &call.kind {
        CallKind::Create { takes, .. } => {
            admin::fulfillment_create(takes, &call.tracking, call.notify)
        }
        CallKind::Track { fulfillment } => {
            admin::fulfillment_tracking(*fulfillment, &call.tracking, call.notify)
        }
        CallKind::Cancel { fulfillment } => admin::fulfillment_cancel(*fulfillment),
    }
}

fn alarm(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    let due = Due::Alarm(order);
    decide(work, store, order, &ShipmentCommand::GiveUp { now: work.now() })?;
    let state = work.state::<ShipmentsKind>(&shipments_id(store, order))?.clone();
    let is_looked_for = state.in_want_of_order(work.now()).next().is_some();
    if is_looked_for && rules(work, store)?.orders.connected {
        // Only Shopify can say that there is no such order; it is asked until it does.
        let id = work.next_id();
        open(work, store, (id, &Does::Read { order }), &admin::shipments_of_order(order))?;
    }
    let oldest = state.waiting().min_by_key(|(_, _, since)| *since);
    let oldest = oldest.map(|(key, what, since)| (key.clone(), format!("{what:?}"), since));
    let Some((shipment, waits_for, since)) = oldest else {
        return schedule::done(work, store, due);
    };
    let age = work.now().duration_since(since);
    if age < ALARM {
        return schedule::at(work, store, due, ALARM - age);
    }
    error!(code = "LS0902", %store, %order, shipment, waits_for, "a shipment waits");
    schedule::at(work, store, due, ALARM_AGAIN)
}
