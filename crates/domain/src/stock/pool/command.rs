//! Requests to a pool.

use jiff::Timestamp;

use super::ledger::LineKey;
use crate::ids::{EventId, InventoryItemId, StoreId, WarehouseCode};
use crate::quantity::Quantity;
use crate::stock::report::{MovementKind, StockStatus};

/// A request to a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolCommand {
    /// A back office moved goods.
    BookMovement(BookMovement),
    /// A back office counted goods.
    BookCount(BookCount),
    /// A store's order says how much of a line is sold from a warehouse.
    ClaimLine(ClaimLine),
    /// A store's level shows sales whose orders are not all known here.
    SeeSold {
        /// The warehouse that serves the level.
        warehouse: WarehouseCode,
        /// The store that sold.
        store: StoreId,
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

/// What a store's order claims from a warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLine {
    /// The warehouse that serves the line.
    pub warehouse: WarehouseCode,
    /// The order line.
    pub line: LineKey,
    /// Units claimed at Shopify, less what was cancelled, removed or refunded before
    /// fulfillment. A state, not a change.
    pub sold: i64,
    /// The version of the order that says so; an older one is ignored.
    pub as_of: Timestamp,
}
