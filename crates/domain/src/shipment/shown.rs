//! What Shopify shows of an order when it is read for shipments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::Units;
use crate::ids::{
    FulfillmentId, FulfillmentOrderId, FulfillmentOrderLineId, LineItemId, LocationId,
};

/// An order as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownOrder {
    /// What is still to be sent, and from where.
    pub routes: Vec<ShownRoute>,
    /// What was sent, the cancelled ones too.
    pub fulfillments: Vec<ShownFulfillment>,
}

/// A fulfillment order with something left to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRoute {
    /// Shopify's id of it.
    pub id: FulfillmentOrderId,
    /// From where it is sent; nothing when the location was deleted.
    pub location: Option<LocationId>,
    /// Whether it can be fulfilled now.
    pub readiness: Readiness,
    /// What is left of it.
    pub lines: Vec<ShownLine>,
}

/// Whether a fulfillment order can be fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// It can.
    Ready,
    /// Not yet: Shopify's word for why.
    Held(String),
}

/// A line of a fulfillment order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownLine {
    /// Shopify's id of it.
    pub id: FulfillmentOrderLineId,
    /// The line of the order.
    pub line: LineItemId,
    /// Units left, above zero.
    pub remaining: i64,
}

/// A fulfillment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownFulfillment {
    /// Shopify's id of it.
    pub id: FulfillmentId,
    /// It was taken back, or failed.
    pub cancelled: bool,
    /// What it holds.
    #[serde(with = "crate::pairs")]
    pub units: Units,
    /// The numbers by which it is followed.
    pub numbers: Vec<String>,
    /// The pages where it is followed.
    pub urls: Vec<String>,
}

impl ShownOrder {
    /// A fulfillment by its id.
    #[must_use]
    pub fn fulfillment(&self, id: FulfillmentId) -> Option<&ShownFulfillment> {
        self.fulfillments.iter().find(|one| one.id == id)
    }
}

/// Adds units, line by line.
pub(super) fn add(to: &mut Units, line: LineItemId, units: i64) {
    let sum = to.entry(line).or_default();
    *sum = sum.saturating_add(units);
}

/// The sum of several.
pub(super) fn sum<'u>(all: impl IntoIterator<Item = &'u Units>) -> Units {
    let mut total = BTreeMap::new();
    for (line, units) in all.into_iter().flatten() {
        add(&mut total, *line, *units);
    }
    total
}

/// What is left of some units after others; lines with nothing left are not in it.
pub(super) fn less(from: &Units, taken: &Units) -> Units {
    let rest = from.iter().map(|(line, units)| (*line, units - taken.get(line).unwrap_or(&0)));
    rest.filter(|(_, units)| *units > 0).collect()
}
