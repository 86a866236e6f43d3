//! A store's points as the API shows them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lockstep_domain::points::{Ledger, Urgency};
use serde::Serialize;

/// What Shopify lets a store's calls cost, and what they cost so far.
#[derive(Serialize)]
pub struct PointsView {
    maximum: f64,
    restore_rate: f64,
    available: f64,
    reserved: f64,
    calls: u64,
    throttled_calls: u64,
    levels_written: u64,
    points_per_level: Option<f64>,
    spent: BTreeMap<Urgency, f64>,
}

impl PointsView {
    /// The ledger of a store at a moment.
    pub fn new(ledger: &Ledger, now: Timestamp) -> Self {
        let meter = &ledger.meter;
        let spent = meter.points.iter().map(|(urgency, points)| (*urgency, shown(*points)));
        Self {
            maximum: shown(ledger.maximum),
            restore_rate: shown(ledger.restore_rate),
            available: shown(ledger.left(now) * ledger.maximum),
            reserved: shown(ledger.reserved()),
            calls: meter.calls,
            throttled_calls: meter.throttled,
            levels_written: meter.levels,
            points_per_level: meter.points_per_level().map(shown),
            spent: spent.collect(),
        }
    }
}

/// With four digits after the point.
fn shown(points: f64) -> f64 {
    (points * 10_000.0).round() / 10_000.0
}
