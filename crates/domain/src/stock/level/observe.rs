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
    let Some(available) = available else {
        let silent = known.verdict.is_some();
        return (!silent)
            .then_some(LevelEvent::VerdictGiven { location, verdict: Verdict::Untracked });
    };
    let lifted = matches!(known.verdict, Some(Verdict::Untracked | Verdict::NotStocked));
    let Some(shown) = known.shown.filter(|_| !lifted) else {
        return (lifted && !known.needs_read).then_some(LevelEvent::ReadNeeded { location });
    };
    // A webhook that arrives late.
    if updated_at < shown.at {
        return None;
    }
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
