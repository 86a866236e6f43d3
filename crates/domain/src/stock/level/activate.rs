//! Stocking an item at a location where it is not stocked yet.

use super::command::Outcome;
use super::event::LevelEvent;
use super::rejection::LevelRejection;
use super::state::{ActivationEnd, Level, LevelLocation, Verdict};
use crate::ids::{EffectId, LocationId};

pub(super) fn intend(
    level: &Level,
    effect: &EffectId,
    location: LocationId,
) -> Result<Vec<LevelEvent>, LevelRejection> {
    let known = level.location(location).ok_or(LevelRejection::NeverRead)?;
    if known.verdict != Some(Verdict::NotStocked) {
        return Err(LevelRejection::Stocked);
    }
    if known.activation.is_some() || !known.in_flight.is_empty() {
        return Err(LevelRejection::InFlight);
    }
    Ok(vec![LevelEvent::ActivationIntended { effect: effect.clone(), location }])
}

/// An answer to an activation that is no longer in the air was already recorded.
pub(super) fn answer(
    level: &Level,
    effect: &EffectId,
    location: LocationId,
    outcome: &Outcome,
) -> Option<LevelEvent> {
    let pending = level.location(location).and_then(|known| known.activation.as_ref())?;
    if pending.effect != *effect || pending.ended.is_some() {
        return None;
    }
    let effect = effect.clone();
    Some(match outcome {
        Outcome::Applied => {
            LevelEvent::ActivationEnded { effect, location, end: ActivationEnd::Applied }
        }
        Outcome::Unknown => {
            LevelEvent::ActivationEnded { effect, location, end: ActivationEnd::Unclear }
        }
        Outcome::NotApplied | Outcome::Stale => LevelEvent::ActivationDropped { effect, location },
        Outcome::Refused(verdict) => {
            LevelEvent::ActivationRefused { effect, location, verdict: verdict.clone() }
        }
    })
}

/// The verdict on a level that was activated and that a read does not show. Without it, it would be
/// activated again at once, and so on.
pub(super) fn shows_nothing(known: &LevelLocation) -> Option<Verdict> {
    let applied = known.activation.as_ref()?.ended == Some(ActivationEnd::Applied);
    applied.then(|| Verdict::Refused {
        code: "NOT_ACTIVATED".to_owned(),
        message: "Shopify said that the item is stocked there now, and does not show it".to_owned(),
    })
}
