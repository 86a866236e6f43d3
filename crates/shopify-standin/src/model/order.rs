//! Orders, as far as stock and webhooks need them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Number of its GID.
    pub id: i64,
    /// 1001, 1002, ...
    pub number: i64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// `customer`, `inventory`, ...
    pub cancel_reason: Option<String>,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// Its shipments.
    pub fulfillments: Vec<Fulfillment>,
}

/// A line of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderLine {
    /// Number of its GID.
    pub id: i64,
    /// The variant, which may be gone.
    pub variant: i64,
    /// The product, which may be gone.
    pub product: i64,
    /// The inventory item.
    pub item: i64,
    /// Where the units were claimed.
    pub location: i64,
    /// Code at the time of the order.
    pub sku: Option<String>,
    /// Shown name at the time of the order.
    pub title: String,
    /// Unit price at the time of the order.
    pub price: String,
    /// Units ordered.
    pub quantity: i64,
    /// Units shipped.
    pub fulfilled: i64,
    /// Units cancelled.
    pub cancelled: i64,
    /// False when the item was not tracked: nothing was claimed.
    pub claimed: bool,
}

impl OrderLine {
    /// Units still to be shipped.
    #[must_use]
    pub fn remaining(&self) -> i64 {
        self.quantity - self.fulfilled - self.cancelled
    }
}

/// A shipment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fulfillment {
    /// Number of its GID.
    pub id: i64,
    /// 1 for `#1001-F1`.
    pub number: usize,
    /// Where it left.
    pub location: i64,
    /// Line id and units.
    pub lines: Vec<(i64, i64)>,
    /// Carrier.
    pub tracking_company: Option<String>,
    /// Number.
    pub tracking_number: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Order {
    /// `#1001`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("#{}", self.number)
    }

    /// A fulfilment's name, `#1001-F1`.
    #[must_use]
    pub fn fulfillment_name(&self, number: usize) -> String {
        format!("{}-F{number}", self.name())
    }

    /// `fulfillment_status` of the webhook body.
    #[must_use]
    pub fn fulfillment_status(&self) -> Option<&'static str> {
        let shipped: i64 = self.lines.iter().map(|line| line.fulfilled).sum();
        let left: i64 = self.lines.iter().map(OrderLine::remaining).sum();
        match (shipped, left) {
            (0, _) => None,
            (_, 0) => Some("fulfilled"),
            _ => Some("partial"),
        }
    }
}
