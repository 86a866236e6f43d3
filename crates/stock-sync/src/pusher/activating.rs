//! Stocking an item at a location, whose outcome is decided.

use lockstep_contracts::shopify::admin::decode_activate;
use lockstep_domain::stock::level::{LevelCommand, Outcome, Verdict};
use lockstep_domain::{EffectId, InventoryItemId, LocationId, StoreId};
use lockstep_ports::EffectState;
use lockstep_runtime::{Sent, Stop, Work};
use serde_json::Value;
use tracing::{error, warn};

use crate::aggregates::{LevelKind, level_id};
use crate::pusher::conclude::{REFUSED_WAIT, after};
use crate::pusher::telling::Told;
use crate::translate::poison;
use crate::windows::{later, redo};

/// An activation.
pub struct Activating<'a> {
    /// The store.
    pub store: &'a StoreId,
    /// The effect that carries it.
    pub effect: EffectId,
    /// The item.
    pub item: InventoryItemId,
    /// The location.
    pub location: LocationId,
}

impl Activating<'_> {
    /// Records the outcome of an attempt. One that was never answered is repeated by its key; when
    /// Shopify knows the key no more, a read shows what came of it.
    pub fn conclude(
        &self,
        work: &mut Work<'_>,
        sent: &Sent,
        (attempts, is_old): (u32, bool),
    ) -> Result<EffectState, Stop> {
        let now = work.now();
        let (outcome, until) = match sent {
            Sent::Answered(answer) => {
                match decode_activate(answer.get("data").unwrap_or(&Value::Null)) {
                    Ok(made) if made.errors.is_empty() && made.level.is_some() => {
                        (Outcome::Applied, now)
                    }
                    // What is refused now may be the repetition, after the first attempt applied.
                    Ok(_) if attempts > 1 => (Outcome::Unknown, now),
                    Ok(made) => {
                        let error = made.errors.first();
                        let message = error.map(|e| e.message.clone()).unwrap_or_default();
                        let code = error.and_then(|e| e.code.as_ref());
                        let code = code.map_or_else(String::new, |c| c.as_str().to_owned());
                        return self.refused(work, Verdict::Refused { code, message });
                    }
                    Err(e) => return self.unknown(work, &e.to_string(), is_old),
                }
            }
            // An earlier attempt under this key may have applied.
            Sent::NotApplied { reason, .. } | Sent::Refused(reason) if attempts > 1 => {
                return self.unknown(work, reason, is_old);
            }
            Sent::NotApplied { wait, .. } => (Outcome::NotApplied, after(now, *wait)),
            Sent::Refused(reason) => {
                error!(code = "LS0403", store = %self.store, reason, "a write is refused");
                (Outcome::NotApplied, later(now, REFUSED_WAIT))
            }
            Sent::Unknown(reason) => return self.unknown(work, reason, is_old),
        };
        self.record(work, outcome)?;
        redo(work, self.store, self.item, until)?;
        Ok(EffectState::Closed)
    }

    fn unknown(
        &self,
        work: &mut Work<'_>,
        reason: &str,
        is_old: bool,
    ) -> Result<EffectState, Stop> {
        if !is_old {
            return Ok(EffectState::Unknown);
        }
        let (store, effect) = (self.store, &self.effect);
        warn!(%store, %effect, reason, "an activation was never answered; a read decides");
        self.record(work, Outcome::Unknown)?;
        redo(work, self.store, self.item, work.now())?;
        Ok(EffectState::Closed)
    }

    /// Tried again when its numbers change, or a webhook tells of it.
    fn refused(&self, work: &mut Work<'_>, verdict: Verdict) -> Result<EffectState, Stop> {
        let told = Told { store: self.store, effect: &self.effect };
        told.refused(work, (self.item, self.location), &verdict)?;
        self.record(work, Outcome::Refused(verdict))?;
        Ok(EffectState::Closed)
    }

    fn record(&self, work: &mut Work<'_>, outcome: Outcome) -> Result<(), Stop> {
        let (effect, location) = (self.effect.clone(), self.location);
        let command = LevelCommand::RecordActivation { effect, location, outcome };
        let id = level_id(self.store, self.item);
        work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("activation", e))?;
        Ok(())
    }
}
