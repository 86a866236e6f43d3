//! What an outcome means.

use std::time::Duration;

use jiff::SignedDuration;
use lockstep_contracts::shopify::admin::{Fulfilled, decode_fulfilled};
use lockstep_domain::shipment::{
    CallOutcome, Reading, ShipmentCommand, ShipmentEvent, Stage, Standing,
};
use lockstep_domain::{EffectId, OrderId, StoreId};
use lockstep_ports::{EffectRow, EffectState};
use lockstep_runtime::{CALL_TIME_MAX, Sent, Stop, Work};
use serde::Deserialize;
use serde_json::Value;
use tracing::{error, warn};
use uuid::Uuid;

use crate::aggregates::{ShipmentsKind, shipments_id};
use crate::announce::{codes_of_order, decide, rules};
use crate::pusher::context::Does;
use crate::pusher::send::ReadAnswer;
use crate::schedule::{self, Due, later};
use crate::translate::{effect_id, poison, store};

/// What is refused as a whole is a mistake of ours or of the settings: it is tried again after
/// this, and the log says so each time.
const REFUSED_WAIT: SignedDuration = SignedDuration::from_mins(10);
/// What nobody answered is tried again after this.
const AWAY_WAIT: SignedDuration = SignedDuration::from_secs(5);
/// What was reported while the order was read is for a reading that begins after this.
const NEWER_WAIT: SignedDuration = SignedDuration::from_secs(1);
/// A first reading that does not show a call, and the second one, begin this far apart.
const ABSENT_WAIT: SignedDuration = SignedDuration::from_secs(60);
/// What a person must decide is looked at again after this: Shopify may tell by then.
const PERSON_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// Decides the outcome of an effect; gives where it stands then.
pub fn conclude(effect: &EffectRow, sent: &Sent, work: &mut Work<'_>) -> Result<EffectState, Stop> {
    let store = store(&effect.lane)?;
    match Does::read(effect).map_err(Stop::Poison)? {
        Does::Read { order } => read(work, (&store, order), (effect, sent)),
        Does::Change { order, .. } => {
            change(work, (&store, order), (effect, sent))?;
            Ok(EffectState::Closed)
        }
    }
}

fn read(
    work: &mut Work<'_>,
    (store, order): (&StoreId, OrderId),
    (effect, sent): (&EffectRow, &Sent),
) -> Result<EffectState, Stop> {
    let due = Due::Order(order);
    let wait = match sent {
        Sent::Answered(answer) => {
            let ReadAnswer { shown } =
                ReadAnswer::deserialize(answer).map_err(|e| poison("answer", e))?;
            let codes = codes_of_order(work, store, order)?;
            let rules = rules(work, store)?;
            let begun = effect.created_at;
            let reading = Reading { effect: effect_id(effect)?, begun, shown, rules, codes };
            let before = asking(work, store, order)?;
            let command = ShipmentCommand::RecordRead(Box::new(reading));
            let events = decide(work, store, order, &command)?;
            next(work, store, order)?;
            let now = asking(work, store, order)?;
            close_asking(work, before, now.as_ref())?;
            let asks = events.iter().any(|event| matches!(event, ShipmentEvent::Asked { .. }));
            if asks {
                error!(code = "LS0903", %store, %order, "a fulfillment may be there twice");
                return Ok(EffectState::Asks);
            }
            return Ok(EffectState::Closed);
        }
        Sent::NotApplied { wait, .. } => span(*wait),
        Sent::Unknown(_) => AWAY_WAIT,
        Sent::Refused(reason) => {
            error!(code = "LS0901", %store, %order, reason, "shipments cannot be read");
            REFUSED_WAIT
        }
    };
    schedule::at(work, store, due, wait)?;
    Ok(EffectState::Closed)
}

/// The effect that waits for a person.
fn asking(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<Option<EffectId>, Stop> {
    let state = work.state::<ShipmentsKind>(&shipments_id(store, order))?;
    Ok(match &state.stage {
        Stage::Unclear { asks, .. } => asks.clone(),
        _ => None,
    })
}

/// What waited for a person was told by a reading after all.
fn close_asking(
    work: &mut Work<'_>,
    before: Option<EffectId>,
    now: Option<&EffectId>,
) -> Result<(), Stop> {
    let Some(effect) = before.filter(|before| now != Some(before)) else {
        return Ok(());
    };
    let id = Uuid::parse_str(effect.as_str()).map_err(|e| poison("effect", e))?;
    work.move_effect(id, EffectState::Closed, "a later reading told");
    Ok(())
}

/// When the order is seen to next.
fn next(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    let due = Due::Order(order);
    let now = work.now();
    let state = work.state::<ShipmentsKind>(&shipments_id(store, order))?;
    let has_due = state.shipments.values().any(|one| one.standing == Standing::Due);
    match &state.stage {
        Stage::Planned { .. } => schedule::at(work, store, due, SignedDuration::ZERO),
        Stage::Unclear { asks: Some(_), .. } => schedule::at(work, store, due, PERSON_WAIT),
        Stage::Unclear { readable_from, absent_at, .. } => {
            let until = absent_at.map_or(*readable_from, |first| later(first, ABSENT_WAIT));
            let wait = until.duration_since(now).max(AWAY_WAIT);
            schedule::at(work, store, due, wait)
        }
        Stage::InTheAir { .. } => Ok(()),
        Stage::Idle if has_due => schedule::at(work, store, due, NEWER_WAIT),
        Stage::Idle if state.wants_read() => schedule::again(work, store, due),
        Stage::Idle => schedule::done(work, store, due),
    }
}

fn change(
    work: &mut Work<'_>,
    (store, order): (&StoreId, OrderId),
    (effect, sent): (&EffectRow, &Sent),
) -> Result<(), Stop> {
    let call_time = span(CALL_TIME_MAX);
    let unknown = CallOutcome::Unknown { readable_from: later(work.now(), call_time) };
    let (outcome, wait) = match sent {
        Sent::Answered(answer) => {
            match decode_fulfilled(answer.get("data").unwrap_or(&Value::Null)) {
                Ok(Fulfilled::Done(fulfillment)) => {
                    (CallOutcome::Applied { fulfillment }, SignedDuration::ZERO)
                }
                Ok(Fulfilled::Refused(message)) => {
                    (CallOutcome::Refused { message }, SignedDuration::ZERO)
                }
                Err(e) => {
                    warn!(%store, %order, error = %e, "outcome of a fulfillment is unknown");
                    (unknown, call_time)
                }
            }
        }
        Sent::NotApplied { wait, .. } => (CallOutcome::NotApplied, span(*wait)),
        Sent::Refused(reason) => {
            error!(code = "LS0901", %store, %order, reason, "a fulfillment cannot be sent");
            (CallOutcome::NotApplied, REFUSED_WAIT)
        }
        Sent::Unknown(reason) => {
            warn!(%store, %order, reason, "outcome of a fulfillment is unknown");
            (unknown, call_time)
        }
    };
    let effect = effect_id(effect)?;
    decide(work, store, order, &ShipmentCommand::Conclude { effect, outcome })?;
    schedule::at(work, store, Due::Order(order), wait)
}

fn span(wait: Duration) -> SignedDuration {
    SignedDuration::try_from(wait).unwrap_or(REFUSED_WAIT)
}
