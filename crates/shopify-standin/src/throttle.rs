//! The bucket of points per app and shop.

use crate::model::Plan;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A leaking bucket in reverse: full at first, refilled with time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    available: f64,
    at: Timestamp,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub fn full(plan: Plan, now: Timestamp) -> Self {
        Self { available: plan.bucket(), at: now }
    }

    /// Refills for the time that has passed.
    fn refill(&mut self, plan: Plan, now: Timestamp) {
        let passed = now.duration_since(self.at).as_secs_f64().max(0.0);
        self.available = (self.available + passed * plan.restore_rate()).min(plan.bucket());
        self.at = now.max(self.at);
    }

    /// Takes the requested points, or leaves the bucket as it is when they are not there.
    pub fn take(&mut self, plan: Plan, points: f64, now: Timestamp) -> bool {
        self.refill(plan, now);
        let enough = self.available >= points;
        if enough {
            self.available -= points;
        }
        enough
    }

    /// Gives back what a request did not use.
    pub fn give_back(&mut self, plan: Plan, points: f64, now: Timestamp) {
        self.refill(plan, now);
        self.available = (self.available + points.max(0.0)).min(plan.bucket());
    }

    /// Points left now.
    pub fn available(&mut self, plan: Plan, now: Timestamp) -> f64 {
        self.refill(plan, now);
        self.available
    }

    /// `throttleStatus`.
    pub fn status(&mut self, plan: Plan, now: Timestamp) -> Value {
        json!({
            "maximumAvailable": plan.bucket(),
            "currentlyAvailable": self.available(plan, now).floor(),
            "restoreRate": plan.restore_rate(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use std::time::Duration;

    #[test]
    fn a_bucket_empties_refuses_and_refills() {
        let start = Timestamp::UNIX_EPOCH;
        let mut bucket = Bucket::full(Plan::Standard, start);
        assert!(bucket.take(Plan::Standard, 1990.0, start));
        assert!(!bucket.take(Plan::Standard, 11.0, start));
        assert_eq!(bucket.available(Plan::Standard, start), 10.0);
        let ready = clock::later(start, Duration::from_secs(1));
        assert!(bucket.take(Plan::Standard, 110.0, ready));
        let long = clock::later(ready, Duration::from_secs(3600));
        assert_eq!(bucket.available(Plan::Standard, long), 2000.0);
    }

    #[test]
    fn what_was_not_used_comes_back_and_never_overfills() {
        let start = Timestamp::UNIX_EPOCH;
        let mut bucket = Bucket::full(Plan::Plus, start);
        assert!(bucket.take(Plan::Plus, 36.0, start));
        bucket.give_back(Plan::Plus, 24.0, start);
        assert_eq!(bucket.available(Plan::Plus, start), 19_988.0);
        bucket.give_back(Plan::Plus, 100.0, start);
        assert_eq!(bucket.available(Plan::Plus, start), 20_000.0);
    }
}
