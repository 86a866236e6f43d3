//! What a read of a level shows to have happened.

use jiff::Timestamp;

use super::event::{LevelEvent, LevelRead, ReadChange};
use super::state::{InFlight, Level, LevelLocation, Shown, Verdict};
use super::{Outcome, activate, decide, evolve, watch};
use crate::ids::LocationId;

/// What a read brings.
pub(super) struct Facts {
    pub(super) found: bool,
    pub(super) shown: Option<Shown>,
    pub(super) tracked: bool,
    pub(super) known_sold: i64,
    pub(super) known_open: i64,
    pub(super) begun: Timestamp,
    pub(super) at: Timestamp,
}

/// Records a read, after it has judged a set of unknown outcome. A read beside any other write in
/// the air cannot tell whether it holds it, and is wanted again afterwards.
pub(super) fn record(level: &Level, location: LocationId, facts: &Facts) -> Vec<LevelEvent> {
    let before = level.location(location).cloned().unwrap_or_default();
    match (before.in_flight.as_slice(), facts.shown) {
        ([], _) => vec![read(location, &before, facts)],
        ([flight], shown) if flight.unknown => {
            let answer = judge(flight, shown.as_ref())
                .and_then(|outcome| decide::answer(level, &flight.effect, location, &outcome));
            let Some(answer) = answer else { return wanted_again(location, &before) };
            let judged = evolve::evolve(level.clone(), &answer);
            let before = judged.location(location).cloned().unwrap_or_default();
            vec![answer, read(location, &before, facts)]
        }
        _ => wanted_again(location, &before),
    }
}

fn judge(flight: &InFlight, shown: Option<&Shown>) -> Option<Outcome> {
    match shown {
        Some(shown) => flight.judge(shown),
        // There is no level that a set could have written. An adjust is repeated by its key.
        None => flight.write.is_set().then_some(Outcome::NotApplied),
    }
}

fn wanted_again(location: LocationId, before: &LevelLocation) -> Vec<LevelEvent> {
    if before.needs_read { Vec::new() } else { vec![LevelEvent::ReadNeeded { location }] }
}

fn read(location: LocationId, before: &LevelLocation, facts: &Facts) -> LevelEvent {
    let changes = match (before.shown, facts.shown) {
        (Some(explained), Some(shown)) => compare(&explained, before.unread, &shown),
        _ => Vec::new(),
    };
    let (sold, fallen) = sold(before, facts, &changes);
    let watch = watch::after(before, facts, (sold, fallen), &changes);
    LevelEvent::LevelRead(LevelRead {
        location,
        shown: facts.shown,
        tracked: facts.tracked,
        sold,
        fallen,
        verdict: verdict(before, facts),
        changes,
        watch: watch.map(Box::new),
    })
}

/// The first read takes all that is committed and of no known order as sold and not yet taken, the
/// way that leaves least to sell. Later ones add sales and subtract cancellations. A fulfillment
/// changes nothing: the units stay owed until the back office takes them. An unexplained fall is
/// presumed sold: it may be a sale over the counter, or one that was fulfilled before this read.
fn sold(before: &LevelLocation, facts: &Facts, changes: &[ReadChange]) -> (Option<i64>, i64) {
    let Some(shown) = facts.shown else { return (before.sold, before.fallen) };
    let (Some(mut sold), Some(_)) = (before.sold, before.shown) else {
        let unheard = shown.committed.saturating_sub(facts.known_open).max(0);
        return (Some(facts.known_sold.saturating_add(unheard)), 0);
    };
    let mut fallen = before.fallen;
    for change in changes {
        match change {
            ReadChange::Sold { units } => sold = sold.saturating_add(*units),
            ReadChange::Cancelled { units } => sold = sold.saturating_sub(*units),
            ReadChange::Lowered { units } => fallen = fallen.saturating_add(*units),
            ReadChange::Fulfilled { .. }
            | ReadChange::SetAside { .. }
            | ReadChange::Released { .. }
            | ReadChange::Raised { .. } => {}
        }
    }
    (Some(sold), fallen)
}

fn verdict(before: &LevelLocation, facts: &Facts) -> Option<Verdict> {
    if !facts.found {
        return Some(Verdict::Deleted);
    }
    if !facts.tracked {
        return Some(Verdict::Untracked);
    }
    if !facts.shown.is_some_and(|shown| shown.active) {
        return activate::shows_nothing(before).or(Some(Verdict::NotStocked));
    }
    // A read shows the parent of a bundle like any other level.
    before.verdict.clone().filter(|verdict| *verdict == Verdict::BundleParent)
}

/// Sorts the change of (available, committed) since the last read and our answered writes.
/// What webhooks moved since is taken back first, since this read holds it, too.
pub(super) fn compare(explained: &Shown, unread: i64, shown: &Shown) -> Vec<ReadChange> {
    let committed = shown.committed.saturating_sub(explained.committed);
    let available = shown.available.saturating_sub(explained.available).saturating_add(unread);
    // What the change of available and committed together means for the shelf.
    let shelf = available.saturating_add(committed);

    let sold = committed.max(0);
    let gone = committed.saturating_neg().max(0);
    // Of units that left committed, as many as possible left the shelf: that leaves least to sell.
    let fulfilled = shelf.saturating_neg().clamp(0, gone);
    let cancelled = gone.saturating_sub(fulfilled);
    let rest = available.saturating_add(sold).saturating_sub(cancelled);

    let kept_back = |shown: &Shown| shown.unavailable().saturating_sub(shown.committed);
    let aside = kept_back(shown).saturating_sub(kept_back(explained));
    let set_aside = aside.min(rest.saturating_neg()).max(0);
    let released = aside.saturating_neg().min(rest).max(0);
    let rest = rest.saturating_add(set_aside).saturating_sub(released);

    let found = [
        ReadChange::Sold { units: sold },
        ReadChange::Cancelled { units: cancelled },
        ReadChange::Fulfilled { units: fulfilled },
        ReadChange::SetAside { units: set_aside },
        ReadChange::Released { units: released },
        ReadChange::Lowered { units: rest.saturating_neg() },
        ReadChange::Raised { units: rest },
    ];
    found.into_iter().filter(|change| change.units() > 0).collect()
}

impl ReadChange {
    /// How many units it is about.
    #[must_use]
    pub const fn units(&self) -> i64 {
        match self {
            Self::Sold { units }
            | Self::Cancelled { units }
            | Self::Fulfilled { units }
            | Self::SetAside { units }
            | Self::Released { units }
            | Self::Lowered { units }
            | Self::Raised { units } => *units,
        }
    }
}
