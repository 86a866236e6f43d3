//! Facts of a pool, stored for good.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::command::Elsewhere;
use super::line::LineKey;
use crate::ids::{EventId, InventoryItemId, LocationId, StoreId, WarehouseCode};
use crate::quantity::Quantity;
use crate::stock::report::{MovementKind, ReportKind, StockStatus};

/// A fact of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PoolEvent {
    /// A movement was booked, with what it did to the position.
    MovementBooked(MovementBooked),
    /// A count fixed the position.
    PositionCounted(PositionCounted),
    /// A count was older than what is known.
    CountIgnored {
        /// The reporter's id.
        event_id: EventId,
        /// The warehouse.
        warehouse: WarehouseCode,
        /// What the count said.
        quantity: Quantity,
        /// The moment it speaks of.
        counted_at: Timestamp,
        /// Why it changes nothing.
        reason: CountIgnoredReason,
    },
    /// A report or an order named a line for the first time at this warehouse.
    LineOpened {
        /// The warehouse.
        warehouse: WarehouseCode,
        /// The line.
        line: LineKey,
    },
    /// A line that was settled and had left is opened again: this much of it is in the sums.
    LineReturned {
        /// The warehouse.
        warehouse: WarehouseCode,
        /// The line.
        line: LineKey,
        /// Units that had lowered the level that the warehouse serves.
        counted: i64,
        /// Units that the back office's number lacks for them.
        taken: i64,
        /// Units that had lowered levels elsewhere.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        elsewhere: Vec<Elsewhere>,
    },
    /// A store's order said how much of a line is sold.
    LineClaimed {
        /// The warehouse.
        warehouse: WarehouseCode,
        /// The line.
        line: LineKey,
        /// Units sold.
        sold: i64,
        /// Of them fulfilled.
        #[serde(default)]
        fulfilled: i64,
        /// Units that are owed no more, taken or not.
        #[serde(default)]
        released: i64,
        /// Units that are sold no more and were not put back for sale.
        #[serde(default, skip_serializing_if = "is_zero")]
        dropped: i64,
        /// What of all this Shopify counts at a location that the warehouse does not serve.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        elsewhere: Vec<Elsewhere>,
        /// The revision of the order's lines.
        #[serde(default)]
        revision: u64,
        /// The version of the order.
        as_of: Timestamp,
    },
    /// Acceptance or a shipment moved what is taken of a line.
    FactTaken(FactTaken),
    /// Units of a line have no warehouse yet: rises are held back by as many, until they have.
    LineHeldBack {
        /// The line.
        line: LineKey,
        /// Units; none when it holds back no more.
        units: i64,
    },
    /// A report that lowers the number named a line.
    LineTaken {
        /// The reporter's id.
        event_id: EventId,
        /// The warehouse.
        warehouse: WarehouseCode,
        /// The line.
        line: LineKey,
        /// The stage that reported.
        report: ReportKind,
        /// What this report takes; negative when it gives back.
        quantity: Quantity,
        /// When it happened.
        occurred_at: Timestamp,
        /// The greatest of the line's lowering reports, with this one.
        taken: Quantity,
    },
    /// Shopify put units of a line back by itself, after they had been sent.
    LineRestocked {
        /// The warehouse of the location where they came back.
        warehouse: WarehouseCode,
        /// The line.
        line: LineKey,
        /// Units, in all.
        units: i64,
        /// The revision of the order's lines.
        revision: u64,
        /// The version of the order.
        as_of: Timestamp,
    },
    /// The back office booked goods of a line back.
    LineBookedBack {
        /// The reporter's id.
        event_id: EventId,
        /// The warehouse.
        warehouse: WarehouseCode,
        /// The line.
        line: LineKey,
        /// What came back.
        quantity: Quantity,
        /// When it happened.
        occurred_at: Timestamp,
    },
    /// A store's level showed how much it has sold in all.
    SoldSeen {
        /// The warehouse.
        warehouse: WarehouseCode,
        /// The store.
        store: StoreId,
        /// The location of the level; nothing in what earlier versions stored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<LocationId>,
        /// Units.
        units: i64,
    },
    /// The back office's own number disagrees with the position. Informs; changes nothing.
    DriftReported {
        /// The reporter's id.
        event_id: EventId,
        /// The warehouse.
        warehouse: WarehouseCode,
        /// What the back office says it holds.
        reported: Quantity,
        /// What its reports add up to.
        expected: Quantity,
    },
    /// A store's inventory item was bound to this SKU.
    Linked {
        /// The store.
        store: StoreId,
        /// Shopify's inventory item.
        item: InventoryItemId,
    },
    /// The binding ended.
    Unlinked {
        /// The store.
        store: StoreId,
        /// Shopify's inventory item.
        item: InventoryItemId,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(units: &i64) -> bool {
    *units == 0
}

/// A booked movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementBooked {
    /// The reporter's id.
    pub event_id: EventId,
    /// The warehouse.
    pub warehouse: WarehouseCode,
    /// What happened.
    pub kind: MovementKind,
    /// The change as reported.
    pub quantity: Quantity,
    /// The state of the goods.
    pub status: StockStatus,
    /// The order line that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<LineKey>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// How it bears on the position.
    pub effect: MovementEffect,
    /// By how much the position changed.
    pub applied: Quantity,
    /// The position afterwards; nothing while it is unknown.
    pub position_after: Option<Quantity>,
}

/// What an order or a shipment told of goods that a line took, or that this was not so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactTaken {
    /// What said so.
    pub source: String,
    /// The warehouse.
    pub warehouse: WarehouseCode,
    /// The line.
    pub line: LineKey,
    /// The stage that reported.
    pub report: ReportKind,
    /// What it takes; negative when it gives back.
    pub quantity: Quantity,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Whether this was told before and is taken back now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// The greatest of the line's lowering reports, with this one.
    pub taken: Quantity,
    /// By how much the position changed.
    pub applied: Quantity,
    /// The position afterwards; nothing while it is unknown.
    pub position_after: Option<Quantity>,
}

/// How a movement bears on the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementEffect {
    /// It changes the position by its quantity.
    Moves,
    /// It belongs to an order line, whose greatest report counts.
    Line,
    /// It happened at or before the last count, which already holds it.
    BeforeCount,
    /// It only informs: not good stock, or a stage that does not lower this back office's number.
    Informs,
}

/// A count that fixed a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionCounted {
    /// The reporter's id.
    pub event_id: EventId,
    /// The warehouse.
    pub warehouse: WarehouseCode,
    /// What the count said.
    pub quantity: Quantity,
    /// The moment it speaks of.
    pub counted_at: Timestamp,
    /// Whether the position was unknown before.
    pub first: bool,
    /// The position before; nothing when unknown.
    pub before: Option<Quantity>,
    /// The count and every later movement.
    pub after: Quantity,
    /// Units by which the position and the running sum of movements differ since the first count.
    pub offset: i64,
}

/// Why a count changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum CountIgnoredReason {
    /// A later count is known.
    OlderThanLast {
        /// The moment of that count.
        last: Timestamp,
    },
    /// Single movements are no longer kept that far back, so what came after the count is unknown.
    BeyondJournal {
        /// From when on they are kept.
        kept_after: Timestamp,
    },
}
