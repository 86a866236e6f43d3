//! The rules of a level.

use super::command::{LevelCommand, Outcome};
use super::event::LevelEvent;
use super::rejection::LevelRejection;
use super::state::{Level, Verdict, Write};
use super::{activate, conflict, observe, read, watch};
use crate::ids::{EffectId, LocationId};
use crate::stock::rules::Turn;

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
        LevelCommand::RecordRead {
            location,
            found,
            shown,
            tracked,
            known_sold,
            known_open,
            begun,
            at,
        } => {
            let facts = read::Facts {
                found: *found,
                shown: *shown,
                tracked: *tracked,
                known_sold: *known_sold,
                known_open: *known_open,
                begun: *begun,
                at: *at,
            };
            Ok(read::record(level, *location, &facts))
        }
        LevelCommand::SettleFalls { location, read, known, now } => {
            let look = watch::Look { read, known, now: *now };
            let level = level.location(*location);
            Ok(level.map_or(Vec::new(), |level| watch::look(*location, level, &look)))
        }
        LevelCommand::IntendPush { effect, location, write } => {
            intend(level, effect, *location, *write)
        }
        LevelCommand::RecordAnswer { effect, location, outcome } => {
            Ok(answer(level, effect, *location, outcome).into_iter().collect())
        }
        LevelCommand::AskPush { effect, location, shown, at } => {
            let flight = level.location(*location).and_then(|known| known.in_flight(effect));
            let asks = flight.filter(|flight| flight.unknown && flight.asked.is_none());
            let asked = asks.map(|_| LevelEvent::PushAsked {
                effect: effect.clone(),
                location: *location,
                shown: *shown,
                at: *at,
            });
            Ok(asked.into_iter().collect())
        }
        LevelCommand::IntendActivation { effect, location } => {
            activate::intend(level, effect, *location)
        }
        LevelCommand::RecordActivation { effect, location, outcome } => {
            Ok(activate::answer(level, effect, *location, outcome).into_iter().collect())
        }
        LevelCommand::HearConflict(told) => Ok(conflict::hear(level, *told).into_iter().collect()),
        LevelCommand::FollowRules(turn) => Ok(follow(level, turn)),
        LevelCommand::Observe { location, available, updated_at } => {
            Ok(observe::observe(level, *location, *available, *updated_at).into_iter().collect())
        }
        LevelCommand::TryAgain { location, wanted } => {
            let known = level.location(*location);
            let refused = known.filter(|known| {
                let is_refused = known.verdict.as_ref().is_some_and(Verdict::is_refusal);
                is_refused && known.tried != Some(*wanted)
            });
            let (location, wanted) = (*location, *wanted);
            let again = refused.map(|_| LevelEvent::TriedAgain { location, wanted });
            Ok(again.into_iter().collect())
        }
        LevelCommand::Doubt { location } => {
            Ok(observe::doubt(level, *location).into_iter().collect())
        }
    }
}

/// What a change of the rules ends: with another mapping the level is of another frame, and a new
/// run of Delta starts anew.
fn follow(level: &Level, turn: &Turn) -> Vec<LevelEvent> {
    if level.followed >= turn.revision || level.followed >= turn.newest() {
        return Vec::new();
    }
    let mut events = Vec::new();
    for (location, known) in &level.locations {
        let location = *location;
        if turn.remapped_after(location, level.followed) {
            events.push(LevelEvent::Remapped { location });
        } else if turn.run_since > level.followed && known.booked.is_some() {
            events.push(LevelEvent::BaselineDropped { location });
        }
    }
    events.push(LevelEvent::RulesFollowed { revision: turn.revision });
    events
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
