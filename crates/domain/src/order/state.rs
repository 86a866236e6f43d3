//! What is known of an order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cancel::Cancel;
use super::facts::{AtLocation, FulfillmentOrder, OrderDetails, OrderFacts, SealedContact};
use super::fold::Said;
use super::parts::Part;
use super::report::{Report, ReportId};
use super::shares::OrderLines;
use crate::ids::{BackOfficeId, CustomerId, InventoryItemId, LineItemId, RefundId, Warehouse};

/// An order of a store. Keyed by (store, order).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// Its numbers, at the newest version that was told; nothing before the first.
    pub facts: Option<OrderFacts>,
    /// What the newest read showed beside them.
    pub details: Option<OrderDetails>,
    /// Where its open units were routed at the newest read.
    pub routing: Option<Routing>,
    /// The inventory items of its lines, as reads told them: webhooks do not.
    pub items: BTreeMap<LineItemId, InventoryItemId>,
    /// Its customer.
    pub customer: Option<CustomerId>,
    /// Whether it was ever asked who ordered.
    pub contact_read: bool,
    /// Who ordered, sealed.
    pub contact: Option<SealedContact>,
    /// Its personal data was to be erased: none is kept any more.
    pub redacted: bool,
    /// Pieces of news that only a read can tell.
    pub news: u64,
    /// How many of them a read has told.
    pub read: u64,
    /// Reads in a row that showed an older version than a webhook had.
    pub stale_reads: u32,
    /// Shopify said that it is deleted.
    pub deleted: bool,
    /// Shopify showed nothing when it was read last.
    pub absent: bool,
    /// Reads in a row that showed nothing.
    pub absent_reads: u32,
    /// What others were told of its lines.
    pub told: Option<Told>,
    /// What back offices were told, per warehouse that ever served it.
    #[serde(with = "crate::pairs")]
    pub parts: BTreeMap<Warehouse, Part>,
    /// The refunds that back offices were told.
    pub refunds_told: BTreeSet<(RefundId, BackOfficeId)>,
    /// What reports came to that were added up when they came, as an earlier version did.
    #[serde(with = "crate::pairs")]
    pub bookings: BTreeMap<(LineItemId, Warehouse), Booking>,
    /// What back offices said of it since, by when it happened.
    pub said: Vec<Said>,
    /// Reports that were decided.
    pub reports: BTreeSet<ReportId>,
    /// Reports that wait for the order or for its routing.
    pub waiting: Vec<Waiting>,
    /// A cancellation at Shopify that a back office asked for.
    pub cancel: Option<Cancel>,
    /// What each back office answered last, to the order or to a cancellation in Shopify.
    pub answers: BTreeMap<BackOfficeId, Answer>,
}

/// Routing as a read showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// The fulfillment orders with something left, by id.
    pub orders: Vec<FulfillmentOrder>,
    /// What was fulfilled by then: what was sent since is no longer left.
    pub fulfilled: BTreeMap<LineItemId, Vec<AtLocation>>,
}

/// What others were told of an order's lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Raised by one with each change.
    pub revision: u64,
    /// The lines.
    pub lines: OrderLines,
    /// Whether those who heard it noted the revision. What an earlier version told was heard, and
    /// nobody can say so.
    #[serde(default)]
    pub noted: bool,
}

/// What a back office said of units of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Accepted, and neither rejected nor released since.
    pub accepted: i64,
    /// Released: owed no more.
    pub released: i64,
    /// When that last changed, by the reporter's clock.
    pub at: Timestamp,
}

/// A report that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The report.
    pub report: Report,
    /// Since when.
    pub since: Timestamp,
}

/// What a back office last answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It takes the order on.
    Accepted,
    /// It does not take the order on.
    Rejected,
    /// Nothing will leave: the cancellation is agreed to.
    CancellationAgreed,
    /// It is too late to cancel.
    TooLate,
    /// What it had accepted it gave back.
    Released,
}

impl Order {
    /// Whether Shopify must be asked: something happened that only a read can tell.
    #[must_use]
    pub fn needs_read(&self) -> bool {
        self.read < self.news
    }

    /// Whether Shopify shows or showed it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.facts.is_some()
    }

    /// Whether it was cancelled, or deleted.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.is_gone() || self.facts.as_ref().is_some_and(|facts| facts.cancelled_at.is_some())
    }

    /// Deleted at Shopify: it said so, and shows nothing any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.deleted && self.absent
    }

    /// Whether it was told to the back office.
    #[must_use]
    pub fn is_told_to(&self, backoffice: &BackOfficeId) -> bool {
        self.parts.keys().any(|warehouse| warehouse.backoffice == *backoffice)
    }

    /// The highest revision that a back office was told; 0 before the first.
    #[must_use]
    pub fn revision_of(&self, backoffice: &BackOfficeId) -> u32 {
        let parts = self.parts.iter().filter(|(w, _)| w.backoffice == *backoffice);
        parts.map(|(_, part)| part.revision).max().unwrap_or(0)
    }
}
