//! What the points were spent on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Urgency;

/// Calls, points and levels of a store, ever.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meter {
    /// Calls that were answered.
    pub calls: u64,
    /// Calls that Shopify turned away because the bucket was empty.
    pub throttled: u64,
    /// Levels that were written.
    pub levels: u64,
    /// Points by urgency.
    pub points: BTreeMap<Urgency, f64>,
}

impl Meter {
    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.throttled += other.throttled;
        self.levels += other.levels;
        for (urgency, points) in &other.points {
            *self.points.entry(*urgency).or_default() += points;
        }
    }

    /// Points per level written: what writing stock cost, its reads included.
    #[must_use]
    pub fn points_per_level(&self) -> Option<f64> {
        let of = |urgency| self.points.get(&urgency).copied().unwrap_or_default();
        let spent = of(Urgency::StockDown) + of(Urgency::StockUp);
        #[expect(clippy::cast_precision_loss, reason = "a share to show, not to reckon with")]
        let levels = self.levels as f64;
        (self.levels > 0).then(|| spent / levels)
    }
}

/// What a process spent since it last told the ledger. It is numbered, since a write whose answer
/// was lost may have been done: the ledger takes each number once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Its number; each is one more than the last.
    pub number: u64,
    /// Points that are surely or possibly spent.
    pub spent: f64,
    /// On what.
    pub meter: Meter,
}

impl Report {
    /// True when there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spent == 0.0 && self.meter == Meter::default()
    }
}
