//! What must hold, and what does not.

use std::fmt;

use crate::history::{History, Level, Place};

/// Which number a back office tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// What lies on the shelf.
    Physical,
    /// What may still be promised.
    Sellable,
}

/// A level as Shopify shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What may be sold.
    pub available: i64,
    /// What is promised to orders and not sent.
    pub committed: i64,
}

/// From where the changes of a level are counted in Delta.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// What the level showed.
    pub available: i64,
    /// The delta target of that moment.
    pub target: i64,
    /// What Shopify's own orders and other people's edits changed since.
    pub by_others: i64,
}

/// Something that must hold and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A level at rest shows something else than it must.
    Shows {
        /// Of which level.
        level: String,
        /// What it must show; nothing where nothing may be known.
        expected: Option<i64>,
        /// What it shows.
        shown: i64,
    },
    /// What a warehouse holds and what its stores show do not add up.
    Unbalanced {
        /// Where, and of what.
        place: Place,
        /// What it holds, rounded down.
        held: i64,
        /// What one store can sell and all stores have promised.
        shown: i64,
    },
    /// A write promised more than was known to be there.
    Rises {
        /// Of which level.
        level: String,
        /// What it showed before.
        from: i64,
        /// What it shows after.
        to: i64,
        /// The most that the known facts allow.
        most: i64,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shows { level, expected: Some(expected), shown } => {
                write!(f, "{level} shows {shown} and must show {expected}")
            }
            Self::Shows { level, expected: None, shown } => {
                write!(f, "{level} shows {shown}, and nothing is known of it")
            }
            Self::Unbalanced { place: Place { warehouse, sku }, held, shown } => {
                write!(f, "{warehouse} holds {held} of {sku}, and its stores show {shown}")
            }
            Self::Rises { level, from, to, most } => {
                write!(f, "{level} was raised from {from} to {to}, and {most} was the most")
            }
        }
    }
}

/// Absolute, at rest: the level shows its target.
#[must_use]
pub fn absolute(facts: &History, name: &str, level: &Level, seen: Seen) -> Option<Violation> {
    judge(name, facts.available_target(level), seen.available)
}

/// Delta, at rest: the level moved as its target did, beside what others changed.
#[must_use]
pub fn delta(
    facts: &History,
    name: &str,
    level: &Level,
    baseline: Baseline,
    seen: Seen,
) -> Option<Violation> {
    let Baseline { available, target, by_others } = baseline;
    let expected = facts.delta_target(level).map(|now| available + (now - target) + by_others);
    judge(name, expected, seen.available)
}

fn judge(name: &str, expected: Option<i64>, shown: i64) -> Option<Violation> {
    let level = name.to_owned();
    (expected != Some(shown)).then_some(Violation::Shows { level, expected, shown })
}

/// At rest, where everything taken is sent and nothing is kept back: what a warehouse holds is what
/// any one store can sell and, where it tells what lies on the shelf, all stores have promised.
#[must_use]
pub fn at_rest(facts: &History, basis: Basis, place: &Place, seen: &[Seen]) -> Option<Violation> {
    let held = facts.position(place)?.floor();
    let promised: i64 = match basis {
        Basis::Physical => seen.iter().map(|level| level.committed).sum(),
        Basis::Sellable => 0,
    };
    let shown = seen.iter().map(|level| level.available + promised);
    let shown = shown.into_iter().find(|shown| *shown != held)?;
    Some(Violation::Unbalanced { place: place.clone(), held, shown })
}

/// A write by which a level shows `to` instead of `from` may raise it to `most` and no further.
#[must_use]
pub fn rise(name: &str, (from, to): (i64, i64), most: i64) -> Option<Violation> {
    let level = name.to_owned();
    (to > from && to > most).then_some(Violation::Rises { level, from, to, most })
}
