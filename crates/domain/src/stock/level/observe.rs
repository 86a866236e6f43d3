//! What a webhook about a level means.
//!
//! It carries only `available` and a version, and no cause. It is our own echo when it shows what
//! is explained with some of the writes in the air; what it shows otherwise has moved.

use jiff::Timestamp;

use super::event::LevelEvent;
use super::state::{InFlight, Level, LevelLocation, Verdict};
use crate::ids::{EffectId, LocationId};

pub(super) fn observe(
    level: &Level,
    location: LocationId,
    available: Option<i64>,
    updated_at: Timestamp,
) -> Option<LevelEvent> {
    let known = level.location(location)?;
    // A webhook that arrives late.
    if known.shown.is_some_and(|shown| updated_at < shown.at) {
        return None;
    }
    let Some(available) = available else {
        // Only a read may judge: where none showed a level, this may be late as well.
        let confirms = known.verdict == Some(Verdict::Untracked);
        return if confirms { None } else { doubt(level, location) };
    };
    let may_be_past = known.verdict.as_ref().is_some_and(Verdict::may_be_past);
    let Some(shown) = known.shown.filter(|_| !may_be_past) else {
        return (may_be_past && !known.needs_read).then_some(LevelEvent::ReadNeeded { location });
    };
    let echo_of = |effect: &EffectId| LevelEvent::EchoSeen {
        effect: effect.clone(),
        location,
        available,
        updated_at,
    };
    if available == shown.available {
        return known.awaits_echo.as_ref().map(echo_of);
    }
    if let Some(flight) = in_flight_by(known, available.saturating_sub(shown.available)) {
        return (!flight.echo_seen).then(|| echo_of(&flight.effect));
    }
    // Shopify's version counts in seconds: two changes of one second cannot be put in order.
    let in_doubt = !known.in_flight.is_empty() || updated_at == shown.at;
    Some(LevelEvent::AvailableMoved {
        location,
        from: shown.available,
        to: available,
        updated_at,
        in_doubt,
    })
}

/// What is in doubt already, and what nothing is known of and nobody linked, stays as it is.
pub(super) fn doubt(level: &Level, location: LocationId) -> Option<LevelEvent> {
    let news = match level.location(location) {
        Some(known) => !(known.needs_read && known.in_doubt),
        None => !level.links.is_empty(),
    };
    news.then_some(LevelEvent::Doubted { location })
}

/// The write whose echo a change of available is: one write alone, or the last of several that
/// left in this order.
fn in_flight_by(known: &LevelLocation, moved: i64) -> Option<&InFlight> {
    let alone = known
        .in_flight
        .iter()
        .filter(|flight| flight.write.change() == moved)
        .min_by_key(|flight| flight.echo_seen);
    let mut sum = 0_i64;
    alone.or_else(|| {
        known.in_flight.iter().find(|flight| {
            sum = sum.saturating_add(flight.write.change());
            sum == moved
        })
    })
}
