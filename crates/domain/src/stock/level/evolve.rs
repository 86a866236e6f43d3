//! How facts become the state of a level.

use super::event::{LevelEvent, LevelRead};
use super::state::{Activation, Asked, InFlight, Level, LevelLocation, Verdict, Write};
use crate::ids::EffectId;

pub(super) fn evolve(mut level: Level, event: &LevelEvent) -> Level {
    match event {
        LevelEvent::Linked { variant, backoffice, sku } => {
            level.variant = Some(*variant);
            let is_new = level.links.insert((backoffice.clone(), sku.clone()));
            for known in level.locations.values_mut().filter(|_| is_new) {
                reframe(known);
                // A new link is the one thing that lifts the verdict on a bundle's parent.
                known.verdict.take_if(|verdict| *verdict == Verdict::BundleParent);
            }
        }
        LevelEvent::Unlinked { backoffice, sku } => {
            level.links.remove(&(backoffice.clone(), sku.clone()));
            level.locations.values_mut().for_each(reframe);
        }
        LevelEvent::LevelRead(read) => {
            level.tracked = Some(read.tracked);
            record(level.locations.entry(read.location).or_default(), read);
        }
        LevelEvent::RulesFollowed { revision } => level.followed = *revision,
        LevelEvent::ConflictHeard(told) => level.doubtful = *told,
        LevelEvent::BaselineTaken { location, .. }
        | LevelEvent::BaselineDropped { location }
        | LevelEvent::FallsSettled { location, .. }
        | LevelEvent::Bounded { location, .. }
        | LevelEvent::PushIntended { location, .. }
        | LevelEvent::PushApplied { location, .. }
        | LevelEvent::PushDropped { location, .. }
        | LevelEvent::PushUnknown { location, .. }
        | LevelEvent::PushStale { location, .. }
        | LevelEvent::PushRefused { location, .. }
        | LevelEvent::PushAsked { location, .. }
        | LevelEvent::ActivationIntended { location, .. }
        | LevelEvent::ActivationEnded { location, .. }
        | LevelEvent::ActivationDropped { location, .. }
        | LevelEvent::ActivationRefused { location, .. }
        | LevelEvent::EchoSeen { location, .. }
        | LevelEvent::AvailableMoved { location, .. }
        | LevelEvent::VerdictGiven { location, .. }
        | LevelEvent::Remapped { location }
        | LevelEvent::ReadNeeded { location }
        | LevelEvent::TriedAgain { location, .. }
        | LevelEvent::Doubted { location } => {
            evolve_location(level.locations.entry(*location).or_default(), event);
        }
    }
    level
}

fn evolve_location(known: &mut LevelLocation, event: &LevelEvent) {
    match event {
        LevelEvent::BaselineTaken { delta_target, .. } => known.booked = Some(*delta_target),
        LevelEvent::BaselineDropped { .. } => drop_baseline(known),
        LevelEvent::Remapped { .. } => {
            drop_baseline(known);
            reframe(known);
            known.verdict.take_if(|verdict| *verdict == Verdict::NotMapped);
        }
        LevelEvent::FallsSettled { edited, .. } => {
            let sold = known.fallen.saturating_sub(*edited);
            known.sold = known.sold.map(|known| known.saturating_add(sold));
            known.fallen = 0;
            if let Some(watch) = &mut known.watch {
                watch.settle(*edited);
            }
        }
        LevelEvent::Bounded { bound, .. } => {
            if let Some(watch) = &mut known.watch {
                watch.bound = Some(*bound);
            }
        }
        LevelEvent::PushIntended { effect, write, .. } => intend(known, effect, *write),
        LevelEvent::PushApplied { effect, write, .. } => {
            let echo_seen = land(known, effect).is_some_and(|flight| flight.echo_seen);
            known.awaits_echo = Some(effect.clone()).filter(|_| !echo_seen);
            apply(known, *write);
        }
        LevelEvent::PushDropped { effect, .. } => give_back(known, effect),
        LevelEvent::PushUnknown { effect, .. } => {
            for flight in known.in_flight.iter_mut().filter(|flight| flight.effect == *effect) {
                flight.unknown = true;
            }
        }
        LevelEvent::PushStale { effect, .. } => {
            give_back(known, effect);
            known.needs_read = true;
        }
        LevelEvent::PushRefused { effect, verdict, .. } => {
            give_back(known, effect);
            known.verdict = Some(verdict.clone());
        }
        LevelEvent::PushAsked { effect, shown, at, .. } => {
            for flight in known.in_flight.iter_mut().filter(|flight| flight.effect == *effect) {
                flight.asked = Some(Asked { at: *at, shown: *shown });
            }
        }
        LevelEvent::ActivationIntended { effect, .. } => {
            known.activation = Some(Activation { effect: effect.clone(), ended: None });
        }
        LevelEvent::ActivationEnded { end, .. } => {
            if let Some(pending) = &mut known.activation {
                pending.ended = Some(*end);
            }
            known.needs_read = true;
        }
        LevelEvent::ActivationDropped { .. } => known.activation = None,
        LevelEvent::ActivationRefused { verdict, .. } => {
            known.activation = None;
            known.verdict = Some(verdict.clone());
        }
        LevelEvent::EchoSeen { effect, updated_at, .. } => {
            known.awaits_echo.take_if(|awaited| awaited == effect);
            if let Some(shown) = &mut known.shown {
                shown.at = *updated_at;
            }
            for flight in known.in_flight.iter_mut().filter(|flight| flight.effect == *effect) {
                flight.echo_seen = true;
            }
        }
        LevelEvent::AvailableMoved { from, to, updated_at, in_doubt, .. } => {
            if let Some(shown) = &mut known.shown {
                shown.available = *to;
                shown.at = *updated_at;
            }
            known.unread = known.unread.saturating_add(to.saturating_sub(*from));
            known.needs_read = true;
            known.in_doubt |= *in_doubt;
        }
        LevelEvent::VerdictGiven { verdict, .. } => known.verdict = Some(verdict.clone()),
        LevelEvent::ReadNeeded { .. } => known.needs_read = true,
        LevelEvent::TriedAgain { wanted, .. } => {
            known.tried = Some(*wanted);
            known.needs_read = true;
            known.in_doubt = true;
        }
        LevelEvent::Doubted { .. } => {
            known.needs_read = true;
            known.in_doubt = true;
        }
        // The item's own facts are folded above.
        LevelEvent::Linked { .. }
        | LevelEvent::Unlinked { .. }
        | LevelEvent::RulesFollowed { .. }
        | LevelEvent::ConflictHeard(_)
        | LevelEvent::LevelRead(_) => {}
    }
}

fn drop_baseline(known: &mut LevelLocation) {
    known.booked = None;
    // A write in the air that does not apply gives nothing back to a later baseline.
    for flight in &mut known.in_flight {
        flight.booked = false;
    }
}

/// Other pools stand behind the level: what it sold is measured anew by the next read.
fn reframe(known: &mut LevelLocation) {
    known.sold = None;
    known.fallen = 0;
    known.watch = None;
    known.needs_read = true;
}

fn record(known: &mut LevelLocation, read: &LevelRead) {
    let activated = known.activation.take_if(|activation| activation.ended.is_some()).is_some();
    if activated && read.shown.is_some() {
        // It starts from what it shows now, whatever was booked while nothing could be written.
        drop_baseline(known);
    }
    known.shown = read.shown;
    known.sold = read.sold;
    known.fallen = read.fallen;
    known.watch = read.watch.as_deref().copied();
    known.verdict = read.verdict.clone();
    known.tried.take_if(|_| read.verdict.is_none());
    known.unread = 0;
    known.needs_read = false;
    known.in_doubt = false;
}

fn intend(known: &mut LevelLocation, effect: &EffectId, write: Write) {
    let mut booked = false;
    if let (Write::Adjust { delta }, Some(amount)) = (write, &mut known.booked) {
        *amount = amount.saturating_add(delta);
        booked = true;
    }
    let effect = effect.clone();
    known.in_flight.push(InFlight {
        effect,
        write,
        booked,
        echo_seen: false,
        unknown: false,
        asked: None,
    });
}

/// Takes a write out of the air.
fn land(known: &mut LevelLocation, effect: &EffectId) -> Option<InFlight> {
    let place = known.in_flight.iter().position(|flight| flight.effect == *effect)?;
    Some(known.in_flight.remove(place))
}

/// Takes a write out of the air that did not apply, and un-books what Delta had booked for it.
fn give_back(known: &mut LevelLocation, effect: &EffectId) {
    if let Some(flight) = land(known, effect).filter(|flight| flight.booked) {
        let change = flight.write.change();
        known.booked = known.booked.map(|amount| amount.saturating_sub(change));
    }
}

fn apply(known: &mut LevelLocation, write: Write) {
    let Some(shown) = &mut known.shown else { return };
    match write {
        // Shopify checked the guard, so these are facts and not sums.
        Write::SetOnHand { to, .. } => shown.on_hand = to,
        Write::SetAvailable { .. } | Write::Adjust { .. } => {
            shown.on_hand = shown.on_hand.saturating_add(write.change());
        }
    }
    shown.available = shown.available.saturating_add(write.change());
}
