//! Edits, returns, and what a customer was told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A committed edit of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edit {
    /// Its number.
    pub id: i64,
    /// When it was made.
    pub at: Timestamp,
    /// Lines that got more units, and how many.
    pub additions: Vec<(i64, i64)>,
    /// Lines that lost units, and how many.
    pub removals: Vec<(i64, i64)>,
    /// The customer was told.
    pub notify: bool,
    /// In words.
    pub note: Option<String>,
}

/// A return.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Return {
    /// Number of its GID.
    pub id: i64,
    /// 1 for `#1001-R1`.
    pub number: usize,
    /// Value of `ReturnStatus`.
    pub status: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// What is to come back.
    pub lines: Vec<ReturnLine>,
}

/// Units of a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLine {
    /// Number of its GID.
    pub id: i64,
    /// The shipment.
    pub fulfillment: i64,
    /// The shipment's line.
    pub fulfilled_line: i64,
    /// The order's line.
    pub line: i64,
    /// Units.
    pub quantity: i64,
    /// In words.
    pub reason: String,
}

/// Something that a customer was told, because it was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// `fulfillment_created`, `tracking_updated`, `order_cancelled`, `refund_created`,
    /// `order_edited`.
    pub kind: String,
    /// The number of what it is about.
    pub about: i64,
}

/// A metafield of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metafield {
    /// Number of its GID.
    pub id: i64,
    /// First part of its name.
    pub namespace: String,
    /// Second part of its name.
    pub key: String,
    /// Type of its value.
    pub kind: String,
    /// Its value.
    pub value: String,
}
