//! What is said of a shipment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{EventId, LineItemId, Sku, Warehouse};

/// What a statement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// The goods left; of two such statements the later one states the whole shipment again.
    Left,
    /// The goods arrived.
    Arrived,
    /// They did not leave after all.
    Cancelled,
}

/// Who asks for the fulfillment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A back office that shipped.
    Report,
    /// A back office that released what it had accepted: no tracking, no notice, no verdict.
    Release,
}

/// One statement about a shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The reporter's id of it.
    pub event_id: EventId,
    /// Its number: the highest stands.
    pub revision: u32,
    /// What it says.
    pub says: Says,
    /// Who asks.
    pub origin: Origin,
    /// Where the goods left.
    pub warehouse: Warehouse,
    /// What becomes one fulfillment each.
    pub parcels: Vec<Parcel>,
    /// True when everything that is open for the warehouse left: one parcel without lines.
    pub whole: bool,
    /// Whether the customer is told, when it is said.
    pub notify: Option<bool>,
    /// When the goods left, by the reporter's clock.
    pub shipped_at: Timestamp,
}

/// What becomes one fulfillment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// Its name within the shipment.
    pub name: String,
    /// What is inside.
    pub lines: Vec<Wanted>,
    /// How it is followed.
    pub tracking: Tracking,
}

/// Units that left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Path of the entry in the report, for refusals.
    pub field: String,
    /// Which line of the order.
    pub of: LineOf,
    /// How many; above zero.
    pub units: i64,
}

/// How a report names a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineOf {
    /// By Shopify's id of the line.
    Line(LineItemId),
    /// By the back office's code.
    Sku(Sku),
}

/// How a parcel is followed. All may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    /// The carrier, one for all numbers.
    pub company: String,
    /// Numbers.
    pub numbers: Vec<String>,
    /// Pages, one per number; empty when a number has none.
    pub urls: Vec<String>,
}

impl Tracking {
    /// Nothing is known of how it is followed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }
}
