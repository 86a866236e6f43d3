//! Points as money: what a store's Admin API lets us spend, shared by every process that spends it.
//!
//! Shopify counts the points of a shop in a bucket that refills with time. [`Ledger`] is what all
//! processes know of one bucket together: what is free, what each of them holds reserved for calls
//! that it is making, and what was ever spent. A call is made only from points that were reserved
//! before, so that what is spent is never more than what is there.
//!
//! Nothing here reads a clock or knows where the ledger is kept; it is stored as JSON of these
//! types, and written by compare-and-set.

mod ledger;
mod meter;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use ledger::{
    CLOCKS_APART_MAX, HOLDERS_MAX, Holder, Ledger, MEMBER_KEEP, Observed, RESERVED_MAX, Wish,
};
pub use meter::{Meter, Report};

/// Which work goes first when the points are short: the first is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Decreases of stock.
    StockDown,
    /// Shipments and their tracking.
    Tracking,
    /// Increases of stock.
    StockUp,
    /// Orders.
    Orders,
    /// Products.
    Catalogue,
    /// Comparison with the live store.
    Drift,
}

impl Urgency {
    /// Share of the bucket that this lane leaves to the more urgent ones. It is what keeps lanes
    /// apart over processes that do not see each other's queues: whatever an import spends, more
    /// than half of the bucket is there for a decrease. A bucket that rests at such a floor still
    /// gives all that flows in to whoever asks.
    #[must_use]
    pub const fn leaves(self) -> f64 {
        match self {
            Self::StockDown => 0.0,
            Self::Tracking => 0.05,
            Self::StockUp => 0.1,
            Self::Orders => 0.2,
            Self::Catalogue => 0.55,
            Self::Drift => 0.6,
        }
    }
}

/// A store's bucket, as an answer of Shopify tells it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its size.
    pub maximum: f64,
    /// Points in it.
    pub available: f64,
    /// Points that flow in per second.
    pub restore_rate: f64,
}

impl Bucket {
    /// Whether the figures can be reckoned with.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        positive(self.maximum) && positive(self.restore_rate) && self.available.is_finite()
    }

    /// A part of it, for a process that must not count on more.
    #[must_use]
    pub fn part(self, share: f64) -> Self {
        Self {
            maximum: self.maximum * share,
            available: self.available * share,
            restore_rate: self.restore_rate * share,
        }
    }
}

fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn as_wait(seconds: f64) -> Duration {
    /// A wait that rounds to nothing would be no wait.
    const WAIT_MIN: Duration = Duration::from_millis(1);
    Duration::try_from_secs_f64(seconds).unwrap_or_default().max(WAIT_MIN)
}
