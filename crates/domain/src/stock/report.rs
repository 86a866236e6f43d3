//! What a back office reports about goods.

use serde::{Deserialize, Serialize};

/// The kind of a movement as its back office names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Goods came in.
    Receiving,
    /// Goods were picked; negative, or positive when put back.
    Picking,
    /// A correction.
    Adjustment,
    /// One side of a transfer between two warehouses.
    Transfer,
    /// Goods came back.
    Return,
    /// Goods were set aside for an order; negative.
    Allocation,
    /// Goods are no longer set aside for an order; positive.
    Deallocation,
    /// Goods were thrown away.
    Scrap,
    /// An order was accepted; negative.
    Accept,
    /// Goods left; negative.
    Shipment,
    /// An invoice discharged goods; negative.
    Invoice,
    /// Anything else.
    Other,
}

impl MovementKind {
    /// The report that a back office's settings may let lower its number; nothing for the kinds
    /// that always change it.
    #[must_use]
    pub const fn report(self) -> Option<ReportKind> {
        match self {
            Self::Accept => Some(ReportKind::Accept),
            Self::Allocation | Self::Deallocation => Some(ReportKind::Allocation),
            Self::Picking => Some(ReportKind::Pick),
            Self::Shipment => Some(ReportKind::Shipment),
            Self::Invoice => Some(ReportKind::Invoice),
            Self::Receiving
            | Self::Adjustment
            | Self::Transfer
            | Self::Return
            | Self::Scrap
            | Self::Other => None,
        }
    }
}

/// The stages of an order at a back office, any of which may lower its number
/// (`stock.lowered_by`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// The order was accepted.
    Accept,
    /// Goods were allocated to it.
    Allocation,
    /// Goods were picked for it.
    Pick,
    /// Goods left for it.
    Shipment,
    /// It was invoiced.
    Invoice,
}

/// The state of the goods that moved.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum StockStatus {
    /// May be sold; the only status that changes a position.
    #[default]
    Good,
    /// Broken.
    Damaged,
    /// Waiting for an inspection.
    Quarantine,
    /// Set aside.
    Reserved,
}
