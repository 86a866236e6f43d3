//! Facts of an order, stored for good.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cancel::Cancel;
use super::facts::{OrderFacts, OrderRead};
use super::fold::Said;
use super::parts::PartContent;
use super::refunds::ToldRefund;
use super::report::{Booked, Refusal, ReportId, Says, WaitsFor};
use super::shares::OrderLines;
use super::state::{Answer, Waiting};
use crate::ids::Warehouse;

/// A fact of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OrderEvent {
    /// A webhook brought a newer version; what it does not tell is to be read.
    Seen {
        /// The numbers.
        facts: Box<OrderFacts>,
    },
    /// Something happened that only a read can tell.
    Doubted,
    /// Shopify said that the order is deleted; a read must show it.
    DeletionSeen,
    /// A read showed something new.
    Read {
        /// How much of the news it tells.
        news: u64,
        /// What it showed.
        shown: Box<OrderRead>,
    },
    /// A read showed what was known.
    ReadConfirmed {
        /// How much of the news it tells.
        news: u64,
    },
    /// A read showed an older version than a webhook had: it is repeated.
    ReadStale,
    /// A read showed nothing.
    ReadAbsent {
        /// How much of the news it tells.
        news: u64,
    },
    /// Others are told these lines.
    LinesTold {
        /// Raised by one with each of these.
        revision: u64,
        /// The lines.
        lines: Box<OrderLines>,
        /// Whether those who hear it note the revision. Not in older histories.
        #[serde(default)]
        noted: bool,
    },
    /// A back office is told of the order, or of what changed of it.
    PartTold {
        /// The warehouse.
        warehouse: Warehouse,
        /// Raised by one with each word to the back office about the order.
        revision: u32,
        /// What it is told.
        content: Box<PartContent>,
    },
    /// A back office is told of a refund.
    RefundTold {
        /// What it is told.
        told: Box<ToldRefund>,
    },
    /// A report waits.
    ReportParked {
        /// The report.
        waiting: Waiting,
        /// For what.
        waits_for: WaitsFor,
    },
    /// A report was carried out.
    ReportBooked {
        /// Its name.
        id: ReportId,
        /// What it said.
        says: Says,
        /// What it answers.
        answer: Answer,
        /// The units that are released. An earlier version put here what was accepted as well.
        booked: Vec<Booked>,
        /// When, by the reporter's clock.
        at: Timestamp,
        /// The report as it is folded; nothing when an earlier version added it up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<Box<Said>>,
    },
    /// A report was refused.
    ReportRefused {
        /// Its name.
        id: ReportId,
        /// What it said.
        says: Says,
        /// Why.
        refusal: Refusal,
    },
    /// A back office gave its units back and asks that the order be cancelled.
    CancelAsked {
        /// The cancellation.
        cancel: Cancel,
        /// The units.
        booked: Vec<Booked>,
        /// When, by the reporter's clock.
        at: Timestamp,
        /// The report as it is folded; nothing when an earlier version added it up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<Box<Said>>,
    },
    /// The cancellation went on.
    CancelMoved {
        /// Where it stands.
        cancel: Cancel,
    },
    /// The order is cancelled, as was asked.
    CancelDone {
        /// The report that asked for it.
        id: ReportId,
    },
    /// Its personal data is erased.
    Redacted,
}
