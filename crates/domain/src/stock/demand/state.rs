//! What is known of the demand for an item.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{BackOfficeId, LineItemId, LocationId, OrderId, RefundId, Sku, Warehouse};

/// A line of an order of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineRef {
    /// The order.
    pub order: OrderId,
    /// The line.
    pub line: LineItemId,
}

/// What an order says of one line, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineSaid {
    /// Of two the higher one holds.
    pub revision: u64,
    /// The version of the order.
    pub as_of: Timestamp,
    /// Who serves how much of it.
    pub shares: Vec<ShareSaid>,
    /// Units that were refunded before they were sent, and not put back for sale.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped: i64,
    /// Units that were taken off the line and not refunded, by edits or by a cancellation.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub removed: i64,
    /// Units that were ever ordered; nothing where an earlier version did not keep it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ordered: i64,
    /// Whether the order was cancelled: it tells of what it puts back by a refund, and an edit does
    /// not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// What of it Shopify put back by itself, after it had been sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restocked: Vec<RestockSaid>,
    /// Whether the line was settled and left before: then only what came back is told of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub settled: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(units: &i64) -> bool {
    *units == 0
}

/// Units of a line that one refund put back at a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestockSaid {
    /// The refund.
    pub refund: RefundId,
    /// The location.
    pub location: LocationId,
    /// The warehouse that serves it. It stays as it was when the refund was first heard of.
    pub warehouse: Warehouse,
    /// Units.
    pub units: i64,
}

/// What one warehouse, or nobody yet, has of a line; in units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareSaid {
    /// Where it comes from; nothing until the line is routed, and while the location is not mapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warehouse: Option<Warehouse>,
    /// Whether it has a location.
    pub routed: bool,
    /// The location at which Shopify counts it, where the warehouse serves another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_at: Option<LocationId>,
    /// Claimed at Shopify; fulfilled units stay counted.
    pub sold: i64,
    /// Of them fulfilled.
    pub fulfilled: i64,
    /// Accepted by the back office, and neither rejected nor released since.
    pub accepted: i64,
    /// Released by it: owed no more.
    pub released: i64,
    /// When the last two changed; nothing when never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
    /// How both came about, by time, when in more than one step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<AcceptedAt>,
}

/// What a warehouse had of a line when nothing of it was open any more; in units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftShare {
    /// The warehouse.
    pub warehouse: Warehouse,
    /// The location at which Shopify counts it, where the warehouse serves another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_at: Option<LocationId>,
    /// Claimed at Shopify, and fulfilled.
    pub sold: i64,
    /// Released by the back office.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub released: i64,
}

/// How many units had been accepted or released in all, from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedAt {
    /// When.
    pub at: Timestamp,
    /// Units.
    pub units: i64,
}

/// How many units of a line a warehouse had taken, by one revision of what said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The revision.
    pub revision: u64,
    /// The warehouse.
    pub warehouse: Warehouse,
    /// Units, in all.
    pub units: i64,
    /// Since when.
    pub at: Timestamp,
    /// Whether it lowers the back office's number. It stays as it was when this was first heard.
    pub lowers: bool,
}

/// The inventory item of a store; keyed by (store, inventory item).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Demand {
    pub(super) skus: BTreeMap<BackOfficeId, Sku>,
    #[serde(with = "crate::pairs")]
    pub(super) lines: BTreeMap<LineRef, Line>,
    /// The newest word about a line that was let go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gone: Option<Timestamp>,
}

/// A line of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    /// Nothing while only shipments spoke of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<LineSaid>,
    /// Where its units ever were, whichever word came first: what is dropped was dropped there.
    #[serde(with = "crate::pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<Place, Placed>,
    /// By the newest revision before the order was cancelled: what edits had taken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited: Option<(u64, i64)>,
    /// What was accepted or released, by revision.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepts: Vec<Step>,
    /// What each shipment holds, by revision.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub shipments: BTreeMap<String, Vec<Step>>,
    /// With what it left before it was opened again: a pool that let it go has that in its sums.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftShare>,
}

/// Who served units of a line, and where Shopify counted them if that is elsewhere.
pub(super) type Place = (Warehouse, Option<LocationId>);

/// What a place had of a line: revisions with its units, of which no newer one has as many. So the
/// units fall from one to the next, and any order of the words leaves the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredPlaced")]
pub(super) struct Placed {
    had: Vec<(u64, i64)>,
}

/// As it is stored, or was: only the most that it had, and the newest revision with any.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredPlaced {
    Had { had: Vec<(u64, i64)> },
    Most { most: i64, revision: u64 },
}

impl From<StoredPlaced> for Placed {
    fn from(stored: StoredPlaced) -> Self {
        match stored {
            StoredPlaced::Had { had } => Self { had },
            StoredPlaced::Most { most, revision } => Self { had: vec![(revision, most)] },
        }
    }
}

impl Placed {
    /// Units, at most.
    pub fn most(&self) -> i64 {
        self.had.first().map_or(0, |(_, units)| *units)
    }

    /// The newest revision by which it had more.
    pub fn had_more_than(&self, units: i64) -> Option<u64> {
        self.had.iter().rev().find(|(_, had)| *had > units).map(|(revision, _)| *revision)
    }

    pub fn note(&mut self, revision: u64, units: i64) {
        if self.had.iter().any(|(newer, had)| *newer >= revision && *had >= units) {
            return;
        }
        self.had.retain(|(older, had)| *older > revision || *had > units);
        let place = self.had.partition_point(|(older, _)| *older < revision);
        self.had.insert(place, (revision, units));
    }
}

impl Demand {
    /// The SKU by which a back office knows the item, or did last.
    #[must_use]
    pub fn sku(&self, backoffice: &BackOfficeId) -> Option<&Sku> {
        self.skus.get(backoffice)
    }

    /// Every SKU by which a back office knows the item, or did last.
    pub fn skus(&self) -> impl Iterator<Item = (&BackOfficeId, &Sku)> {
        self.skus.iter()
    }

    /// The lines that are kept.
    pub fn lines(&self) -> impl Iterator<Item = LineRef> {
        self.lines.keys().copied()
    }

    /// Whether nothing more may be told of a line than what came back of it.
    #[must_use]
    pub fn has_left(&self, line: LineRef, was_told: bool) -> bool {
        self.lines.get(&line).map_or(was_told, Line::is_settled)
    }

    /// Lines that are not done with.
    pub(super) fn open_lines(&self) -> usize {
        let is_open = |line: &&Line| line.said.as_ref().is_some_and(|said| said.open() > 0);
        self.lines.values().filter(is_open).count()
    }

    /// Whether a line is kept.
    #[must_use]
    pub fn has(&self, line: LineRef) -> bool {
        self.lines.contains_key(&line)
    }
}

impl Line {
    pub(super) fn is_settled(&self) -> bool {
        self.said.as_ref().is_some_and(|said| said.settled)
    }
}

impl LineSaid {
    /// Units that are still to be fulfilled.
    #[must_use]
    pub fn open(&self) -> i64 {
        self.shares.iter().map(|share| share.sold.saturating_sub(share.fulfilled).max(0)).sum()
    }

    /// What a line of which nothing is open leaves with.
    #[must_use]
    pub fn leaves(&self) -> Vec<LeftShare> {
        let left = |share: &ShareSaid| {
            (share.sold > 0).then_some(LeftShare {
                warehouse: share.warehouse.clone()?,
                counted_at: share.counted_at,
                sold: share.sold,
                released: share.released.max(0),
            })
        };
        self.shares.iter().filter_map(left).collect()
    }

    /// Units that have no location yet.
    #[must_use]
    pub fn unrouted(&self) -> i64 {
        let unrouted = self.shares.iter().filter(|share| !share.routed);
        unrouted.map(|share| share.sold.saturating_sub(share.fulfilled).max(0)).sum()
    }
}
