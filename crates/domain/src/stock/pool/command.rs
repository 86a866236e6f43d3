//! Requests to a pool.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::line::LineKey;
use crate::ids::{EventId, InventoryItemId, LocationId, StoreId, WarehouseCode};
use crate::quantity::Quantity;
use crate::stock::report::{MovementKind, ReportKind, StockStatus};

/// A request to a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolCommand {
    /// A back office moved goods.
    BookMovement(BookMovement),
    /// A back office counted goods.
    BookCount(BookCount),
    /// What a store's order and its shipments say of a line at a warehouse.
    ClaimLine(ClaimLine),
    /// Units of a line have no location yet, and so no warehouse.
    HoldBack {
        /// The order line.
        line: LineKey,
        /// Units. A state, not a change.
        units: i64,
    },
    /// A store's level shows sales whose orders are not all known here.
    SeeSold {
        /// The warehouse that serves the level.
        warehouse: WarehouseCode,
        /// The store that sold.
        store: StoreId,
        /// The location of the level.
        location: LocationId,
        /// `LevelLocation::sold`, in units. A state, not a change.
        units: i64,
    },
    /// A store's inventory item is bound to this SKU.
    Link {
        /// The store.
        store: StoreId,
        /// Shopify's inventory item.
        item: InventoryItemId,
    },
    /// The binding ends.
    Unlink {
        /// The store.
        store: StoreId,
        /// Shopify's inventory item.
        item: InventoryItemId,
    },
}

/// One change of stock in one warehouse. A transfer is two of these, one per warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookMovement {
    /// The reporter's id; the same id for the same warehouse, line and time is booked once.
    pub event_id: EventId,
    /// The warehouse that sees the change.
    pub warehouse: WarehouseCode,
    /// What happened.
    pub kind: MovementKind,
    /// The change as the warehouse sees it: negative when its number falls.
    pub quantity: Quantity,
    /// The state of the goods.
    pub status: StockStatus,
    /// The order line that it belongs to.
    pub order: Option<LineKey>,
    /// Whether this report changes the back office's number (`BackOfficeRules::lowers`).
    pub lowers: bool,
    /// When it happened, by the reporter's clock. The gateway refuses times in the future.
    pub occurred_at: Timestamp,
    /// What the warehouse says it holds afterwards.
    pub on_hand_after: Option<Quantity>,
}

/// A statement of how much a warehouse holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookCount {
    /// The reporter's id.
    pub event_id: EventId,
    /// The warehouse that was counted.
    pub warehouse: WarehouseCode,
    /// What it holds.
    pub quantity: Quantity,
    /// The moment for which the statement holds, by the reporter's clock.
    pub counted_at: Timestamp,
}

/// What a store's order and its shipments say of a line at a warehouse. A state, not a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLine {
    /// The warehouse that serves the line.
    pub warehouse: WarehouseCode,
    /// The order line.
    pub line: LineKey,
    /// What its order says; nothing while the order was not heard of.
    pub claim: Option<Claim>,
    /// What lowered the back office's number, by what said so. Of a source that is not named here
    /// everything stays as it is.
    pub taken: BTreeMap<String, Vec<Taking>>,
    /// What of it Shopify put back there; nothing while the order was not heard of.
    pub restocked: Option<Restocked>,
    /// Whether the line may be opened. One that was claimed before and is gone was settled.
    pub opens: bool,
    /// What it had claimed here when it was settled and left; nothing if it never did. A pool that
    /// let it go has that in its sums.
    pub left: Option<Claim>,
}

/// What an order claims of a line, in units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Claimed at Shopify, less what was cancelled, removed or refunded before fulfillment.
    #[serde(rename = "units")]
    pub sold: i64,
    /// Of them fulfilled, and so no longer committed at Shopify.
    #[serde(default)]
    pub fulfilled: i64,
    /// Released by the back office: owed no more, taken or not.
    #[serde(default)]
    pub released: i64,
    /// Sold no more and yet not put back for sale: Shopify's level stays as low as if they were.
    #[serde(default)]
    pub dropped: i64,
    /// What of all this Shopify counts at a location that this warehouse does not serve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
    /// The revision of the order's lines that says so; an older one is ignored.
    #[serde(default)]
    pub revision: u64,
    /// The version of the order.
    pub as_of: Timestamp,
}

/// Units of a claim that Shopify counts at a location whose own warehouse does not send them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The location whose level they lowered.
    pub location: LocationId,
    /// Sold.
    pub sold: i64,
    /// Of them fulfilled.
    pub fulfilled: i64,
    /// Sold no more and yet not put back for sale.
    pub dropped: i64,
}

/// Units of a line that were sent, came back and were put back by Shopify itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restocked {
    /// Units, in all.
    pub units: i64,
    /// The revision of the order's lines that says so; an older one is ignored.
    pub revision: u64,
    /// The version of the order.
    pub as_of: Timestamp,
}

/// By how much a fact lowered the back office's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taking {
    /// The stage.
    pub kind: ReportKind,
    /// When, by the reporter's clock.
    pub occurred_at: Timestamp,
    /// Units; negative when it gives back.
    pub quantity: Quantity,
}
