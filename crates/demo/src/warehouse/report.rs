//! What the warehouse says to Lockstep, in the words of the contract.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Why stock changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Receiving,
    Picking,
    Adjustment,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Receiving => "MOVEMENT_KIND_RECEIVING",
            Self::Picking => "MOVEMENT_KIND_PICKING",
            Self::Adjustment => "MOVEMENT_KIND_ADJUSTMENT",
        }
    }
}

/// The line of a store's order for which something was picked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub order_key: String,
    pub line_id: String,
}

/// What happened, in pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happened {
    Moved { kind: Kind, warehouse: String, quantity: i64, order: Option<OrderLine> },
    Transferred { from: String, to: String, quantity: i64 },
    Counted { warehouse: String, quantity: i64 },
}

/// One report, under an id that never names another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub event_id: String,
    pub at: Timestamp,
    pub sku: String,
    #[serde(flatten)]
    pub happened: Happened,
}

/// The call that a report travels with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Movements,
    Counts,
}

impl Call {
    pub fn path(self) -> &'static str {
        match self {
            Self::Movements => "/v1/stock/movements",
            Self::Counts => "/v1/stock/counts",
        }
    }

    pub fn list(self) -> &'static str {
        match self {
            Self::Movements => "movements",
            Self::Counts => "counts",
        }
    }
}

impl Report {
    pub fn call(&self) -> Call {
        match self.happened {
            Happened::Moved { .. } | Happened::Transferred { .. } => Call::Movements,
            Happened::Counted { .. } => Call::Counts,
        }
    }

    /// The item as the contract's JSON.
    pub fn to_json(&self) -> Value {
        match &self.happened {
            Happened::Moved { kind, warehouse, quantity, order } => {
                let mut item = json!({
                    "event_id": self.event_id,
                    "kind": kind.name(),
                    "quantity": quantity.to_string(),
                    "sku": self.sku,
                    "warehouse_code": warehouse,
                    "occurred_at": self.at,
                });
                if let (Some(order), Some(fields)) = (order, item.as_object_mut()) {
                    fields.insert("order".to_owned(), json!(order));
                }
                item
            }
            Happened::Transferred { from, to, quantity } => json!({
                "event_id": self.event_id,
                "kind": "MOVEMENT_KIND_TRANSFER",
                "quantity": quantity.to_string(),
                "sku": self.sku,
                "from_warehouse_code": from,
                "to_warehouse_code": to,
                "occurred_at": self.at,
            }),
            Happened::Counted { warehouse, quantity } => json!({
                "event_id": self.event_id,
                "sku": self.sku,
                "warehouse_code": warehouse,
                "quantity": quantity.to_string(),
                "counted_at": self.at,
            }),
        }
    }
}
