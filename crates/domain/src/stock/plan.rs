//! What to do about a level now: nothing, read it, write it, or wait for a write.

use super::level::{LevelLocation, Shown, Verdict, Write};
use super::settings::{Enabled, StockMode, StoreStock};

/// What a level must show, as [`target`](super::target) computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// Absolute: the available target; nothing while a position is unknown.
    pub available: Option<i64>,
    /// Delta: the delta target.
    pub delta: i64,
    /// Units that are sold and have no location yet: nothing rises by as many.
    pub held_back: i64,
}

/// What to do about a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, for a reason.
    Nothing(Reason),
    /// Read it by id first, then plan again.
    Read,
    /// Write it.
    Push(Write),
    /// Stock the item at the location first, then read it.
    Activate,
    /// A write is in the air; plan again when it is answered.
    Wait,
}

/// Why nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The store's stock is off.
    Off,
    /// The level cannot be written.
    Verdict,
    /// Absolute does not write from an unknown position.
    UnknownPosition,
    /// Delta has nothing to start from.
    NoBaseline,
    /// It shows what it must.
    AtTarget,
    /// The write would go below zero, or lift what Shopify's own orders took below zero.
    BelowZero,
}

/// Plans one level.
///
/// A write never raises available by more than the target exceeds what is explained, and without
/// `allow_negative` never ends below zero.
#[must_use]
pub fn plan(rules: &StoreStock, location: &LevelLocation, targets: &Targets) -> Decision {
    if rules.enabled == Enabled::Off {
        return Decision::Nothing(Reason::Off);
    }
    if let Some(decision) = before_write(rules, location) {
        return decision;
    }
    // Checked by `before_write`: without a read there is nothing to plan from.
    let Some(shown) = location.shown else { return Decision::Read };
    match rules.mode {
        StockMode::Absolute => plan_absolute(rules, &shown, targets),
        StockMode::Delta => plan_delta(rules, location, &shown, targets),
    }
}

/// What must happen before a write can be computed, whatever the targets are.
fn before_write(rules: &StoreStock, location: &LevelLocation) -> Option<Decision> {
    let set_in_flight = location.in_flight.iter().find(|flight| flight.write.is_set());
    if let Some(set) = set_in_flight {
        return Some(if set.unknown { Decision::Read } else { Decision::Wait });
    }
    if let Some(activation) = &location.activation {
        return Some(if activation.ended.is_some() { Decision::Read } else { Decision::Wait });
    }
    let absolute = rules.mode == StockMode::Absolute;
    let in_air = !location.in_flight.is_empty();
    // An adjust of unknown outcome may stay so for a day, and a read beside it ends no doubt: in
    // Delta the falls of the level go at once all the same.
    let is_stuck = !absolute && in_air && location.in_flight.iter().all(|flight| flight.unknown);
    let in_doubt = location.in_doubt && !is_stuck;
    // Something happened since: the verdict may be past.
    let past = location.needs_read && location.verdict.as_ref().is_some_and(Verdict::may_be_past);
    // A read beside an adjust could not tell whether it holds it.
    if in_air && (absolute || in_doubt || past) {
        return Some(Decision::Wait);
    }
    if let Some(verdict) = location.verdict.as_ref().filter(|_| !past) {
        let stocks = *verdict == Verdict::NotStocked && rules.activate_at_location && !in_air;
        return Some(if stocks { Decision::Activate } else { Decision::Nothing(Reason::Verdict) });
    }
    let unread = location.shown.is_none() || in_doubt || past;
    (unread || (absolute && location.needs_read)).then_some(Decision::Read)
}

fn plan_absolute(rules: &StoreStock, shown: &Shown, targets: &Targets) -> Decision {
    let Some(mut target) = targets.available else {
        return Decision::Nothing(Reason::UnknownPosition);
    };
    if !rules.allow_negative && target <= 0 {
        if shown.available < 0 {
            return Decision::Nothing(Reason::BelowZero);
        }
        target = 0;
    }
    let rise = target.saturating_sub(shown.available);
    if rise > 0 {
        target = shown.available.saturating_add(held(rise, targets.held_back));
    }
    if target == shown.available {
        return Decision::Nothing(Reason::AtTarget);
    }
    // By the same difference as available: so a level whose states do not add up is still never
    // raised beyond its target.
    let change = target.saturating_sub(shown.available);
    let to = shown.on_hand.saturating_add(change);
    if to < 0 {
        // Shopify refuses on_hand below zero, and takes available.
        return Decision::Push(Write::SetAvailable { to: target, from: shown.available });
    }
    Decision::Push(Write::SetOnHand { to, from: shown.on_hand })
}

/// What is left of a rise.
fn held(rise: i64, held_back: i64) -> i64 {
    rise.saturating_sub(held_back.max(0)).max(0)
}

fn plan_delta(
    rules: &StoreStock,
    location: &LevelLocation,
    shown: &Shown,
    targets: &Targets,
) -> Decision {
    let Some(booked) = location.booked else {
        return Decision::Nothing(Reason::NoBaseline);
    };
    let mut change = targets.delta.saturating_sub(booked);
    if change > 0 {
        change = held(change, targets.held_back);
    }
    if change == 0 {
        return Decision::Nothing(Reason::AtTarget);
    }
    // Falls of a level whose adjust has an unknown outcome go at once; rises wait for it.
    let waits = |unknown: bool| !unknown || change > 0;
    if location.in_flight.iter().any(|flight| waits(flight.unknown)) {
        return Decision::Wait;
    }
    if change > 0 || rules.allow_negative {
        return Decision::Push(Write::Adjust { delta: change });
    }
    // The least it may show: falls in the air count, rises in the air do not.
    let falls = location.in_flight.iter().map(|flight| flight.write.change().min(0));
    let least = falls.fold(shown.available, i64::saturating_add);
    let fall = change.max(least.max(0).saturating_neg());
    if fall == 0 {
        return Decision::Nothing(Reason::BelowZero);
    }
    Decision::Push(Write::Adjust { delta: fall })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
