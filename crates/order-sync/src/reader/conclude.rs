//! What an outcome means.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::convert::order_webhook::News;
use lockstep_contracts::shopify::admin::{
    decode_order_cancel, decode_orders_of_fulfillment_orders,
};
use lockstep_domain::order::cancel::{ABSENT_APART, CancelOutcome, Stage};
use lockstep_domain::order::facts::OrderRead;
use lockstep_domain::order::{OrderCommand, RedactionCommand};
use lockstep_domain::{EffectId, FulfillmentOrderId, OrderId, StoreId};
use lockstep_ports::{EffectRow, EffectState, Timer};
use lockstep_runtime::{CALL_TIME_MAX, Sent, Stop, Work};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::{error, warn};

use crate::aggregates::{OrderKind, RedactionKind, order_id, redaction_id};
use crate::handlers::settings::{Pass, SECOND_PASS};
use crate::handlers::webhook::{Kept, heard};
use crate::reader::context::Does;
use crate::reader::send::{ReadAnswer, RecheckAnswer};
use crate::schedule::{self, Due, later};
use crate::settle::{decide, rules, settle, wants_read};
use crate::sweep;
use crate::translate::{poison, store, sure};

/// What is refused as a whole is a mistake of ours or of the settings: it is tried again after
/// this, and the log says so each time.
const REFUSED_WAIT: SignedDuration = SignedDuration::from_mins(10);
/// Something of ours that is away is tried again after this.
const AWAY_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// Decides the outcome of an effect; gives where it stands then.
pub fn conclude(effect: &EffectRow, sent: &Sent, work: &mut Work<'_>) -> Result<EffectState, Stop> {
    let store = store(&effect.lane)?;
    match Does::read(effect).map_err(Stop::Poison)? {
        Does::Read { order, news, .. } => {
            let reading = Reading { store: &store, order, news, begun: effect.created_at };
            reading.conclude(work, sent)?;
        }
        Does::Route { fulfillment_orders } => route(work, &store, &fulfillment_orders, sent)?,
        Does::Cancel { order } => cancel(work, &store, (order, effect), sent)?,
        Does::Fetch { object, kept } => fetched(work, &store, (object, kept), sent)?,
        Does::Recheck { pass } => recheck(work, &store, &pass, sent)?,
        Does::Sweep { walk } => sweep::conclude(work, &store, &walk, sent)?,
        Does::Destroy { scope, customer, keys } => {
            destroyed(work, &store, (&scope, customer), (&keys, sent))?;
        }
    }
    Ok(EffectState::Closed)
}

/// A read of an order whose outcome is decided.
struct Reading<'r> {
    store: &'r StoreId,
    order: OrderId,
    news: u64,
    begun: Timestamp,
}

impl Reading<'_> {
    fn conclude(&self, work: &mut Work<'_>, sent: &Sent) -> Result<(), Stop> {
        let Self { store, order, .. } = self;
        let due = Due::Order(*order);
        let answer = match sent {
            Sent::Answered(answer) => answer,
            Sent::NotApplied { wait, .. } => return retry(work, store, &due, span(*wait)),
            Sent::Unknown(_) => return retry(work, store, &due, AWAY_WAIT),
            Sent::Refused(reason) => {
                error!(code = "LS0801", %store, %order, reason, "an order cannot be read");
                return retry(work, store, &due, REFUSED_WAIT);
            }
        };
        let ReadAnswer { shown } = decode(answer)?;
        let shown = match shown {
            Some(shown) => Some(Box::new(self.without_erased(work, shown)?)),
            None => None,
        };
        let command = OrderCommand::RecordRead { news: self.news, begun: self.begun, shown };
        decide(work, store, *order, &command)?;
        settle(work, store, *order)?;
        self.next(work)
    }

    /// Of what was placed before an erasure was asked for, no personal data is kept.
    fn without_erased(&self, work: &mut Work<'_>, mut shown: OrderRead) -> Result<OrderRead, Stop> {
        if shown.contact.is_none() {
            return Ok(shown);
        }
        let placed_at = shown.details.created_at;
        let customer = redaction_id(self.store, shown.customer);
        // The order is locked first: an erasure that comes meanwhile waits for it, or was seen.
        work.state::<OrderKind>(&order_id(self.store, self.order))?;
        let of_store = work.peek::<RedactionKind>(self.store.as_str())?.covers(placed_at);
        let of_customer =
            shown.customer.is_some() && work.peek::<RedactionKind>(&customer)?.covers(placed_at);
        if of_store || of_customer {
            shown.contact = None;
        }
        Ok(shown)
    }

    /// When Shopify is asked again, if at all.
    fn next(&self, work: &mut Work<'_>) -> Result<(), Stop> {
        let Self { store, order, .. } = self;
        let rules = rules(work, store)?;
        let state = work.state::<OrderKind>(&order_id(store, *order))?.clone();
        let lines = state.lines(&rules);
        let due = Due::Order(*order);
        match state.cancel.as_ref().map(|cancel| &cancel.stage) {
            Some(Stage::Due) => return schedule::at(work, store, &due, SignedDuration::ZERO),
            Some(Stage::Taken { absent_at: Some(first), .. }) => {
                let wait = later(*first, ABSENT_APART).duration_since(work.now()).max(AWAY_WAIT);
                return schedule::at(work, store, &due, wait);
            }
            Some(Stage::Unknown { readable_from, absent_at }) => {
                let until = absent_at.map_or(*readable_from, |first| later(first, ABSENT_APART));
                let wait = until.duration_since(work.now()).max(AWAY_WAIT);
                return schedule::at(work, store, &due, wait);
            }
            _ => {}
        }
        if state.needs_read() && state.news > self.news {
            // Something happened while it was read.
            return schedule::at(work, store, &due, schedule::GATHER);
        }
        if wants_read(&state, lines.as_ref()) {
            return schedule::again(work, store, *order);
        }
        schedule::done(work, store, &due)
    }
}

/// What an effect's sender put into its answer.
fn decode<T: DeserializeOwned>(answer: &Value) -> Result<T, Stop> {
    T::deserialize(answer).map_err(|e| poison("answer", e))
}

fn retry(
    work: &mut Work<'_>,
    store: &StoreId,
    due: &Due,
    wait: SignedDuration,
) -> Result<(), Stop> {
    schedule::at(work, store, due, wait)
}

fn span(wait: Duration) -> SignedDuration {
    SignedDuration::try_from(wait).unwrap_or(REFUSED_WAIT)
}

fn route(
    work: &mut Work<'_>,
    store: &StoreId,
    fulfillment_orders: &[FulfillmentOrderId],
    sent: &Sent,
) -> Result<(), Stop> {
    let places = fulfillment_orders.iter().map(|id| Due::Routing(*id));
    work.want_timers(places.map(|due| (store.to_string(), due.key())).collect())?;
    let wait = match sent {
        Sent::Answered(answer) => {
            let data = answer.get("data").unwrap_or(&Value::Null);
            match decode_orders_of_fulfillment_orders(data) {
                Ok(orders) if orders.len() == fulfillment_orders.len() => {
                    return routed(work, store, fulfillment_orders, &orders);
                }
                Ok(_) => REFUSED_WAIT,
                Err(e) => {
                    error!(code = "LS0802", %store, error = %e, "routing cannot be read");
                    REFUSED_WAIT
                }
            }
        }
        Sent::NotApplied { wait, .. } => span(*wait),
        Sent::Unknown(_) => AWAY_WAIT,
        Sent::Refused(reason) => {
            error!(code = "LS0802", %store, reason, "routing cannot be read");
            REFUSED_WAIT
        }
    };
    for id in fulfillment_orders {
        schedule::at(work, store, &Due::Routing(*id), wait)?;
    }
    Ok(())
}

fn routed(
    work: &mut Work<'_>,
    store: &StoreId,
    fulfillment_orders: &[FulfillmentOrderId],
    orders: &[Option<OrderId>],
) -> Result<(), Stop> {
    let found: BTreeSet<_> = orders.iter().flatten().copied().collect();
    let keys: Vec<_> = found.iter().map(|order| order_id(store, *order)).collect();
    work.load_all::<OrderKind>(&keys)?;
    let places = found.iter().map(|order| (store.to_string(), Due::Order(*order).key()));
    work.want_timers(places.collect())?;
    for order in found {
        decide(work, store, order, &OrderCommand::Doubt)?;
        schedule::news(work, store, order)?;
    }
    for (id, order) in fulfillment_orders.iter().zip(orders) {
        if order.is_none() {
            warn!(%store, fulfillment_order = %id, "the store shows no such fulfillment order");
        }
        schedule::done(work, store, &Due::Routing(*id))?;
    }
    Ok(())
}

fn cancel(
    work: &mut Work<'_>,
    store: &StoreId,
    (order, effect): (OrderId, &EffectRow),
    sent: &Sent,
) -> Result<(), Stop> {
    let now = work.now();
    let unknown = || CancelOutcome::Unknown {
        readable_from: later(now, SignedDuration::try_from(CALL_TIME_MAX).unwrap_or(AWAY_WAIT)),
    };
    let (outcome, wait) = match sent {
        Sent::Answered(answer) => {
            match decode_order_cancel(answer.get("data").unwrap_or(&Value::Null)) {
                Ok(None) => (CancelOutcome::Taken { at: now }, schedule::GATHER),
                Ok(Some(message)) => (CancelOutcome::Refused { message }, schedule::GATHER),
                Err(e) => {
                    warn!(%store, %order, error = %e, "outcome of a cancellation is unknown");
                    (unknown(), span(CALL_TIME_MAX))
                }
            }
        }
        Sent::NotApplied { wait, .. } => (CancelOutcome::NotApplied, span(*wait)),
        Sent::Refused(reason) => {
            (CancelOutcome::Refused { message: reason.clone() }, schedule::GATHER)
        }
        Sent::Unknown(reason) => {
            warn!(%store, %order, reason, "outcome of a cancellation is unknown");
            (unknown(), span(CALL_TIME_MAX))
        }
    };
    let effect = EffectId::try_new(effect.id.to_string()).map_err(|e| poison("effect", e))?;
    decide(work, store, order, &OrderCommand::ConcludeCancel { effect, outcome })?;
    settle(work, store, order)?;
    schedule::at(work, store, &Due::Order(order), wait)
}

fn fetched(
    work: &mut Work<'_>,
    store: &StoreId,
    (object, kept): (String, Kept),
    sent: &Sent,
) -> Result<(), Stop> {
    let due = &Due::Body(object);
    match sent {
        Sent::Answered(answer) => {
            let news: News = decode(answer)?;
            heard(work, store, kept.heard_at, news)?;
            schedule::done(work, store, due)
        }
        Sent::NotApplied { wait, .. } => schedule::at(work, store, due, span(*wait)),
        Sent::Unknown(_) => schedule::at(work, store, due, AWAY_WAIT),
        Sent::Refused(reason) => {
            error!(code = "LS0804", %store, reason, "a large webhook cannot be processed");
            if let Some(message) = kept.message {
                work.give_up(message.delivered()?, reason);
            }
            schedule::done(work, store, due)
        }
    }
}

fn recheck(work: &mut Work<'_>, store: &StoreId, pass: &Pass, sent: &Sent) -> Result<(), Stop> {
    let Sent::Answered(answer) = sent else {
        return schedule::at(work, store, &Due::Recheck, AWAY_WAIT);
    };
    let RecheckAnswer { ids, more } = decode(answer)?;
    work.load_all::<OrderKind>(&ids)?;
    let mut orders: Vec<OrderId> = Vec::new();
    for id in &ids {
        let order = id.rsplit('/').next().and_then(|order| order.parse().ok());
        orders.push(order.ok_or_else(|| poison("order", "is no number"))?);
    }
    let places = orders.iter().map(|order| (store.to_string(), Due::Order(*order).key()));
    work.want_timers(places.collect())?;
    for order in orders {
        settle(work, store, order)?;
        take_up(work, store, order)?;
    }
    let timer = work.timer(store.as_str(), &Due::Recheck.key())?;
    if timer.note != pass.note() {
        // The rules changed again meanwhile: it begins anew by itself.
        return Ok(());
    }
    let (next, wait) = match ids.last().filter(|_| more) {
        Some(last) => (Pass { after: last.clone(), ..*pass }, SignedDuration::ZERO),
        None if pass.second => return schedule::done(work, store, &Due::Recheck),
        None => (Pass { second: true, after: String::new() }, SECOND_PASS),
    };
    schedule::under_way(work, Timer { note: next.note(), ..timer }, wait);
    Ok(())
}

/// What is still to be read was given up while the store was not served: it is asked for again.
fn take_up(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    if work.timer(store.as_str(), &Due::Order(order).key())?.due_at.is_some() {
        return Ok(());
    }
    let rules = rules(work, store)?;
    let state = work.state::<OrderKind>(&order_id(store, order))?;
    let lines = state.lines(&rules);
    if wants_read(state, lines.as_ref()) { schedule::news(work, store, order) } else { Ok(()) }
}

fn destroyed(
    work: &mut Work<'_>,
    store: &StoreId,
    (scope, customer): (&str, Option<i64>),
    (keys, sent): (&BTreeSet<String>, &Sent),
) -> Result<(), Stop> {
    let due = Due::Redaction(customer);
    match sent {
        Sent::Answered(_) => {
            let command = RedactionCommand::RecordDestroyed { keys: keys.clone() };
            sure(work.execute::<RedactionKind>(scope, &command)?);
            // Another erasure may have come meanwhile.
            schedule::at(work, store, &due, SignedDuration::ZERO)
        }
        Sent::NotApplied { wait, .. } => schedule::at(work, store, &due, span(*wait)),
        Sent::Unknown(_) => schedule::at(work, store, &due, AWAY_WAIT),
        Sent::Refused(reason) => {
            error!(code = "LS0805", %store, reason, "personal data is not erased yet");
            schedule::at(work, store, &due, AWAY_WAIT)
        }
    }
}
