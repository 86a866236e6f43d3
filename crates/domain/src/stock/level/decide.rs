//! The rules of a level.

use super::command::{LevelCommand, Outcome};
use super::event::LevelEvent;
use super::rejection::LevelRejection;
use super::state::{Level, Write};
use super::{observe, read};
use crate::ids::{EffectId, LocationId};

/// Decides a command.
///
/// # Errors
/// The rule that forbids it.
pub fn decide(level: &Level, command: &LevelCommand) -> Result<Vec<LevelEvent>, LevelRejection> {
    match command {
        LevelCommand::Link { variant, backoffice, sku } => {
            let linked = level.links.contains(&(backoffice.clone(), sku.clone()));
            if linked && level.variant == Some(*variant) {
                return Ok(Vec::new());
            }
            let mut events = if linked { Vec::new() } else { drop_baselines(level) };
            events.push(LevelEvent::Linked {
                variant: *variant,
                backoffice: backoffice.clone(),
                sku: sku.clone(),
            });
            Ok(events)
        }
        LevelCommand::Unlink { backoffice, sku } => {
            if !level.links.contains(&(backoffice.clone(), sku.clone())) {
                return Ok(Vec::new());
            }
            let mut events = drop_baselines(level);
            events.push(LevelEvent::Unlinked { backoffice: backoffice.clone(), sku: sku.clone() });
            Ok(events)
        }
        LevelCommand::TakeBaseline { location, delta_target, at } => {
            let (location, delta_target, at) = (*location, *delta_target, *at);
            let taken = LevelEvent::BaselineTaken { location, delta_target, at };
            Ok(if has_baseline(level, location) { Vec::new() } else { vec![taken] })
        }
        LevelCommand::DropBaseline { location } => {
            let dropped = LevelEvent::BaselineDropped { location: *location };
            Ok(if has_baseline(level, *location) { vec![dropped] } else { Vec::new() })
        }
        LevelCommand::Remap { location } => {
            let known = level.location(*location);
            Ok(known.map(|_| LevelEvent::Remapped { location: *location }).into_iter().collect())
        }
        LevelCommand::RecordRead { location, shown, tracked, known_sold } => {
            let facts = read::Facts { shown: *shown, tracked: *tracked, known_sold: *known_sold };
            Ok(read::record(level, *location, &facts))
        }
        LevelCommand::SettleFalls { location, edited } => {
            let known = level.location(*location).filter(|known| known.fallen > 0);
            let settled = known.map(|known| LevelEvent::FallsSettled {
                location: *location,
                edited: (*edited).clamp(0, known.fallen),
            });
            Ok(settled.into_iter().collect())
        }
        LevelCommand::IntendPush { effect, location, write } => {
            intend(level, effect, *location, *write)
        }
        LevelCommand::RecordAnswer { effect, location, outcome } => {
            Ok(answer(level, effect, *location, outcome).into_iter().collect())
        }
        LevelCommand::Observe { location, available, updated_at } => {
            Ok(observe::observe(level, *location, *available, *updated_at).into_iter().collect())
        }
        LevelCommand::Doubt { location } => {
            Ok(observe::doubt(level, *location).into_iter().collect())
        }
    }
}

fn has_baseline(level: &Level, location: LocationId) -> bool {
    level.location(location).is_some_and(|known| known.booked.is_some())
}

fn drop_baselines(level: &Level) -> Vec<LevelEvent> {
    let standing = level.locations.iter().filter(|(_, known)| known.booked.is_some());
    standing.map(|(location, _)| LevelEvent::BaselineDropped { location: *location }).collect()
}

fn intend(
    level: &Level,
    effect: &EffectId,
    location: LocationId,
    write: Write,
) -> Result<Vec<LevelEvent>, LevelRejection> {
    let known = level.location(location).ok_or(LevelRejection::NeverRead)?;
    if known.in_flight(effect).is_some() {
        return Ok(Vec::new());
    }
    if known.verdict.is_some() {
        return Err(LevelRejection::HasVerdict);
    }
    if known.shown.is_none() {
        return Err(LevelRejection::NeverRead);
    }
    if write.change() == 0 && matches!(write, Write::Adjust { .. }) {
        return Err(LevelRejection::NothingToWrite);
    }
    let blocked = known.in_flight.iter().any(|flight| flight.write.is_set() || write.is_set());
    if blocked {
        return Err(LevelRejection::InFlight);
    }
    if !write.is_set() && known.booked.is_none() {
        return Err(LevelRejection::NoBaseline);
    }
    Ok(vec![LevelEvent::PushIntended { effect: effect.clone(), location, write }])
}

/// An answer to a write that is no longer in the air was already recorded.
pub(super) fn answer(
    level: &Level,
    effect: &EffectId,
    location: LocationId,
    outcome: &Outcome,
) -> Option<LevelEvent> {
    let flight = level.location(location).and_then(|known| known.in_flight(effect))?;
    let (effect, write) = (effect.clone(), flight.write);
    Some(match outcome {
        Outcome::Applied => LevelEvent::PushApplied { effect, location, write },
        Outcome::NotApplied => LevelEvent::PushDropped { effect, location, write },
        Outcome::Unknown if flight.unknown => return None,
        Outcome::Unknown => LevelEvent::PushUnknown { effect, location },
        Outcome::Stale => LevelEvent::PushStale { effect, location, write },
        Outcome::Refused(verdict) => {
            LevelEvent::PushRefused { effect, location, write, verdict: verdict.clone() }
        }
    })
}
