//! What a return has beside its lines: parcels on their way back, units that are sent instead,
//! and what was taken off it.

use super::changes::{Disposition, Return, ReturnLine};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Units that are sent instead of those that come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeLine {
    /// Number of its GID.
    pub id: i64,
    /// The variant, which may be gone.
    pub variant: i64,
    /// Its product, which may be gone.
    pub product: i64,
    /// Its inventory item.
    pub item: i64,
    /// Code when the return was made.
    pub sku: Option<String>,
    /// The product's name when the return was made.
    pub title: String,
    /// The variant's name when the return was made.
    pub variant_title: Option<String>,
    /// Discount, in millionths of the price.
    pub discount: i64,
    /// Units.
    pub quantity: i64,
    /// Units that were sent.
    pub processed: i64,
    /// The order's lines that they became, one for each time.
    pub lines: Vec<i64>,
}

/// Goods of a return on their way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReverseDelivery {
    /// Number of its GID.
    pub id: i64,
    /// What.
    pub lines: Vec<ReverseDeliveryLine>,
    /// Number and address of the parcel.
    pub tracking: Option<ReverseTracking>,
    /// Where its label is.
    pub label: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Units of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReverseDeliveryLine {
    /// Number of its GID.
    pub id: i64,
    /// The line of the reverse fulfillment order.
    pub reverse_line: i64,
    /// How many are expected.
    pub quantity: i64,
}

/// A parcel's number and where it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReverseTracking {
    /// Number.
    pub number: Option<String>,
    /// Address.
    pub url: Option<String>,
}

/// What was taken off a return at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// Its number.
    pub id: i64,
    /// Lines that lost units, and how many.
    pub lines: Vec<(i64, i64)>,
    /// Exchange lines that lost units, and how many.
    pub exchanges: Vec<(i64, i64)>,
}

impl Return {
    /// Status of its reverse fulfillment order.
    #[must_use]
    pub fn reverse_status(&self) -> &'static str {
        match self.status.as_str() {
            "CANCELED" => "CANCELED",
            "CLOSED" => "CLOSED",
            _ => "OPEN",
        }
    }

    /// True once goods were looked at, or sent instead.
    #[must_use]
    pub fn is_processed(&self) -> bool {
        let touched = |line: &ReturnLine| line.processed > 0 || !line.dispositions.is_empty();
        self.lines.iter().any(touched) || self.exchanges.iter().any(|line| line.processed > 0)
    }

    /// Numbers of what belongs to it and is found by its own id.
    pub(super) fn parts(&self) -> impl Iterator<Item = i64> {
        let lines = self.lines.iter().flat_map(|line| [line.id, line.reverse_line]);
        let deliveries = self.deliveries.iter();
        std::iter::once(self.id)
            .chain(self.reverse)
            .chain(lines)
            .chain(self.exchanges.iter().map(|one| one.id))
            .chain(deliveries.clone().map(|one| one.id))
            .chain(deliveries.flat_map(|one| one.lines.iter().map(|line| line.id)))
    }
}

impl ReturnLine {
    /// Units of which it is known for good where they went.
    #[must_use]
    pub fn disposed(&self) -> i64 {
        let last = |one: &&Disposition| one.kind != "PROCESSING_REQUIRED";
        self.dispositions.iter().filter(last).map(|one| one.quantity).sum()
    }

    /// Units with which nothing was done yet.
    #[must_use]
    pub fn untouched(&self) -> i64 {
        self.quantity - self.processed.max(self.disposed())
    }
}

impl ExchangeLine {
    /// Units that were not sent yet.
    #[must_use]
    pub fn unprocessed(&self) -> i64 {
        self.quantity - self.processed
    }
}
