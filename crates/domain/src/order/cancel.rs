//! A cancellation at Shopify that a back office asked for. It has no key at Shopify, so its
//! outcome is told by the order's state: it is sent again only after two readings that show none.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::OrderEvent;
use super::report::{Refusal, ReportId, Says};
use super::state::Order;
use crate::ids::EffectId;

/// The second reading that shows no cancellation begins at least this long after the first.
pub const ABSENT_APART: SignedDuration = SignedDuration::from_secs(60);
/// A cancellation that Shopify took and has not carried out by then has failed.
pub const TAKEN_MAX: SignedDuration = SignedDuration::from_mins(10);

/// A cancellation that was asked for and is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// The report that asked for it.
    pub asked_by: ReportId,
    /// Where it stands.
    pub stage: Stage,
}

/// Where a cancellation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// It is to be sent.
    Due,
    /// It was committed, and perhaps sent.
    InTheAir {
        /// The effect.
        effect: EffectId,
    },
    /// Shopify took it, and carries it out in its own time.
    Taken {
        /// When it was taken, as far as that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// The first reading that showed no cancellation when it was high time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        absent_at: Option<Timestamp>,
    },
    /// Nobody knows.
    Unknown {
        /// A reading that begins before this tells nothing: the call may still arrive.
        readable_from: Timestamp,
        /// The first reading that showed no cancellation.
        absent_at: Option<Timestamp>,
    },
}

/// What became of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// Shopify took it.
    Taken {
        /// When.
        at: Timestamp,
    },
    /// It was certainly not executed, and may be sent again.
    NotApplied,
    /// Shopify refuses it.
    Refused {
        /// Its words.
        message: String,
    },
    /// Nobody knows; readings tell from this moment on.
    Unknown {
        /// When the call can no longer arrive.
        readable_from: Timestamp,
    },
}

/// The call was answered, or not.
pub(super) fn conclude(
    order: &Order,
    effect: &EffectId,
    outcome: &CancelOutcome,
) -> Vec<OrderEvent> {
    let Some(cancel) = &order.cancel else { return Vec::new() };
    if cancel.stage != (Stage::InTheAir { effect: effect.clone() }) {
        return Vec::new();
    }
    match outcome {
        CancelOutcome::Taken { at } => {
            moved(cancel, Stage::Taken { since: Some(*at), absent_at: None })
        }
        CancelOutcome::NotApplied => moved(cancel, Stage::Due),
        CancelOutcome::Unknown { readable_from } => {
            moved(cancel, Stage::Unknown { readable_from: *readable_from, absent_at: None })
        }
        CancelOutcome::Refused { message } => vec![OrderEvent::ReportRefused {
            id: cancel.asked_by.clone(),
            says: Says::ReleaseAndCancel,
            refusal: Refusal::Shopify { message: message.clone() },
        }],
    }
}

/// The order was shown: cancelled now, or at `begun` still not.
pub(super) fn follow(order: &Order, cancelled: bool, begun: Option<Timestamp>) -> Vec<OrderEvent> {
    let Some(cancel) = &order.cancel else { return Vec::new() };
    if cancelled {
        return vec![OrderEvent::CancelDone { id: cancel.asked_by.clone() }];
    }
    let Some(begun) = begun else { return Vec::new() };
    let (readable_from, absent_at) = match &cancel.stage {
        Stage::Taken { since, absent_at } => return overdue(cancel, *since, *absent_at, begun),
        Stage::Unknown { readable_from, absent_at } => (readable_from, absent_at),
        Stage::Due | Stage::InTheAir { .. } => return Vec::new(),
    };
    if begun < *readable_from {
        return Vec::new();
    }
    match absent_at {
        None => {
            let (readable_from, absent_at) = (*readable_from, Some(begun));
            moved(cancel, Stage::Unknown { readable_from, absent_at })
        }
        Some(first) if begun.duration_since(*first) >= ABSENT_APART => moved(cancel, Stage::Due),
        Some(_) => Vec::new(),
    }
}

/// Shopify's job is waited for, and not for ever: its failure is told to nobody.
fn overdue(
    cancel: &Cancel,
    since: Option<Timestamp>,
    absent_at: Option<Timestamp>,
    begun: Timestamp,
) -> Vec<OrderEvent> {
    let taken = |since, absent_at| moved(cancel, Stage::Taken { since: Some(since), absent_at });
    let Some(since) = since else { return taken(begun, None) };
    if begun.duration_since(since) < TAKEN_MAX {
        return Vec::new();
    }
    let Some(first) = absent_at else { return taken(since, Some(begun)) };
    if begun.duration_since(first) < ABSENT_APART {
        return Vec::new();
    }
    let message = "it took the cancellation, and has not carried it out".to_owned();
    vec![OrderEvent::ReportRefused {
        id: cancel.asked_by.clone(),
        says: Says::ReleaseAndCancel,
        refusal: Refusal::Shopify { message },
    }]
}

pub(super) fn moved(cancel: &Cancel, stage: Stage) -> Vec<OrderEvent> {
    vec![OrderEvent::CancelMoved { cancel: Cancel { stage, ..cancel.clone() } }]
}
