//! Turns what is due into effects.

use jiff::SignedDuration;
use lockstep_contracts::shopify::admin::{
    order_cancel, order_numbers, orders_of_fulfillment_orders,
};
use lockstep_domain::order::OrderCommand;
use lockstep_domain::order::cancel::Stage;
use lockstep_domain::{EffectId, FulfillmentOrderId, OrderId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{EFFECT_LEASE, Stop, Work};
use tracing::{error, warn};

use crate::aggregates::{OrderKind, RedactionKind, order_id};
use crate::handlers::settings::Pass;
use crate::handlers::webhook::Kept;
use crate::reader::context::{Does, open};
use crate::schedule::{self, ALARM, ALARM_AGAIN, Due};
use crate::settle::{decide, rules, settle, wants_read};
use crate::sweep;
use crate::swept;
use crate::translate::poison;

/// Whether a store is served by now is looked at after this.
const UNSERVED_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// Plans everything that is due in a store's lane.
pub fn plan(store: &StoreId, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
    work.want_timers(due.iter().map(|t| (store.to_string(), t.key.clone())).collect())?;
    let mut routing = Vec::new();
    for timer in due {
        // Each call belongs to the trace of what asked for it.
        work.in_trace(timer.trace.as_deref().and_then(trace));
        match Due::parse(&timer.key) {
            Some(Due::Order(order)) => plan_order(work, store, order)?,
            Some(Due::Alarm(order)) => alarm(work, store, order)?,
            Some(Due::Telling(order)) => tell(work, store, order)?,
            Some(Due::Routing(id)) => routing.push(id),
            Some(Due::Body(object)) => fetch(work, store, object)?,
            Some(Due::Redaction(customer)) => destroy(work, store, customer)?,
            Some(Due::Recheck) => recheck(work, store)?,
            Some(Due::Sweep) => sweep::plan(work, store)?,
            Some(Due::Silence(topic)) => sweep::silent(work, store, &topic)?,
            Some(Due::Swept) => swept::tell(work, store)?,
            None => {
                warn!(%store, key = timer.key, "due, and not known to this version");
                work.set_timer(Timer { due_at: None, ..timer.clone() });
            }
        }
    }
    route(work, store, routing)
}

fn trace(traceparent: &str) -> Option<lockstep_contracts::TraceContext> {
    lockstep_contracts::TraceContext::try_new(traceparent, None)
}

/// Longer than an effect can take: it makes the next moment itself, and this is for the case that
/// it never comes.
fn lease() -> SignedDuration {
    SignedDuration::try_from(EFFECT_LEASE).unwrap_or_default()
}

fn plan_order(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    let rules = rules(work, store)?;
    let due = Due::Order(order);
    if !rules.connected {
        return schedule::done(work, store, &due);
    }
    let state = work.state::<OrderKind>(&order_id(store, order))?.clone();
    let lines = state.lines(&rules);
    let cancel = state.cancel.as_ref().filter(|cancel| cancel.stage == Stage::Due);
    if let Some(cancel) = cancel.filter(|_| !state.is_cancelled()) {
        let note = format!("released by {}", cancel.asked_by.backoffice);
        let id = work.next_id();
        let effect = EffectId::try_new(id.to_string()).map_err(|e| poison("effect", e))?;
        decide(work, store, order, &OrderCommand::IntendCancel { effect })?;
        open(work, store, id, &Does::Cancel { order }, Some(&order_cancel(order, &note)))?;
    } else if wants_read(&state, lines.as_ref()) {
        let contact = rules.enabled && !state.redacted;
        let does = Does::Read { order, news: state.news, contact };
        let id = work.next_id();
        open(work, store, id, &does, Some(&order_numbers(order)))?;
    } else {
        return schedule::done(work, store, &due);
    }
    let timer = work.timer(store.as_str(), &due.key())?;
    schedule::under_way(work, timer, lease());
    Ok(())
}

/// A code that the order lacked is known. Of a store that is not served every order is told of when
/// it is served again.
fn tell(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    if rules(work, store)?.connected {
        settle(work, store, order)?;
    }
    schedule::done(work, store, &Due::Telling(order))
}

fn alarm(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    let waiting = work.state::<OrderKind>(&order_id(store, order))?.waiting.clone();
    let due = Due::Alarm(order);
    let Some(oldest) = waiting.iter().min_by_key(|waiting| waiting.since) else {
        return schedule::done(work, store, &due);
    };
    let age = work.now().duration_since(oldest.since);
    if age < ALARM {
        return schedule::at(work, store, &due, ALARM - age);
    }
    let id = &oldest.report.id;
    let (backoffice, event_id) = (id.backoffice.as_str(), id.event_id.as_str());
    error!(code = "LS0803", %store, %order, backoffice, event_id, "a report waits for its order");
    schedule::at(work, store, &due, ALARM_AGAIN)
}

fn route(
    work: &mut Work<'_>,
    store: &StoreId,
    fulfillment_orders: Vec<FulfillmentOrderId>,
) -> Result<(), Stop> {
    if fulfillment_orders.is_empty() {
        return Ok(());
    }
    // A store that is not served is not asked; which order was meant is not forgotten.
    let is_served = rules(work, store)?.connected;
    let wait = if is_served { lease() } else { UNSERVED_WAIT };
    for id in &fulfillment_orders {
        let timer = work.timer(store.as_str(), &Due::Routing(*id).key())?;
        schedule::under_way(work, timer, wait);
    }
    if !is_served {
        return Ok(());
    }
    let call = orders_of_fulfillment_orders(&fulfillment_orders);
    let id = work.next_id();
    open(work, store, id, &Does::Route { fulfillment_orders }, Some(&call))
}

fn fetch(work: &mut Work<'_>, store: &StoreId, object: String) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Body(object.clone()).key())?;
    let kept: Kept = serde_json::from_str(&timer.note).map_err(|e| poison("body", e))?;
    schedule::under_way(work, timer, lease());
    let id = work.next_id();
    open(work, store, id, &Does::Fetch { object, kept }, None)
}

fn destroy(work: &mut Work<'_>, store: &StoreId, customer: Option<i64>) -> Result<(), Stop> {
    let scope = match customer {
        Some(customer) => format!("{store}/{customer}"),
        None => store.to_string(),
    };
    let due = Due::Redaction(customer);
    let keys = work.state::<RedactionKind>(&scope)?.keys.clone();
    if keys.is_empty() {
        return schedule::done(work, store, &due);
    }
    let timer = work.timer(store.as_str(), &due.key())?;
    schedule::under_way(work, timer, lease());
    let id = work.next_id();
    open(work, store, id, &Does::Destroy { scope, customer, keys }, None)
}

fn recheck(work: &mut Work<'_>, store: &StoreId) -> Result<(), Stop> {
    if !rules(work, store)?.connected {
        return schedule::done(work, store, &Due::Recheck);
    }
    let timer = work.timer(store.as_str(), &Due::Recheck.key())?;
    let pass = Pass::of(&timer.note);
    schedule::under_way(work, timer, lease());
    let id = work.next_id();
    open(work, store, id, &Does::Recheck { pass }, None)
}
