//! Requests to an order.

use jiff::Timestamp;

use super::cancel::CancelOutcome;
use super::facts::{OrderFacts, OrderRead};
use super::parts::Announcement;
use super::refunds::ToldRefund;
use super::report::Report;
use super::shares::OrderLines;
use crate::ids::EffectId;

/// A request to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderCommand {
    /// A webhook brought the order.
    Observe {
        /// Its numbers.
        facts: Box<OrderFacts>,
    },
    /// Something happened that only a read can tell.
    Doubt,
    /// Shopify says that it is deleted.
    SeeDeletion,
    /// A read was answered.
    RecordRead {
        /// The news that were known when it was decided.
        news: u64,
        /// When it was decided.
        begun: Timestamp,
        /// What it showed; nothing when Shopify shows no such order.
        shown: Option<Box<OrderRead>>,
    },
    /// Tell others of its lines, as [`super::Order::lines`] gave them.
    TellLines {
        /// The lines.
        lines: Box<OrderLines>,
    },
    /// The same, and once more where an earlier version told them: nobody noted that revision.
    TellNoted {
        /// The lines.
        lines: Box<OrderLines>,
    },
    /// Tell the back offices, as [`super::Order::announcement`] gave it.
    TellParts {
        /// What they are told.
        announcement: Box<Announcement>,
    },
    /// Tell back offices of refunds, as [`super::Order::refunds_to_tell`] gave them.
    TellRefunds {
        /// The refunds.
        refunds: Vec<ToldRefund>,
    },
    /// A back office reports.
    Report {
        /// What.
        report: Box<Report>,
        /// The lines as [`super::Order::lines`] gives them now.
        lines: Option<Box<OrderLines>>,
        /// Now.
        now: Timestamp,
    },
    /// The cancellation is about to be sent.
    IntendCancel {
        /// The effect.
        effect: EffectId,
    },
    /// The cancellation was sent.
    ConcludeCancel {
        /// The effect.
        effect: EffectId,
        /// What became of it.
        outcome: CancelOutcome,
    },
    /// Its personal data is to be erased.
    Redact,
}
