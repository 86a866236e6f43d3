//! What the warehouse says to Lockstep, in the words of the contract.

use std::borrow::Cow;

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
    Return,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Receiving => "MOVEMENT_KIND_RECEIVING",
            Self::Picking => "MOVEMENT_KIND_PICKING",
            Self::Adjustment => "MOVEMENT_KIND_ADJUSTMENT",
            Self::Return => "MOVEMENT_KIND_RETURN",
        }
    }
}

/// The line of a store's order for which something was picked, or came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub order_key: String,
    pub line_id: String,
}

/// Pieces of one line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    pub line_id: String,
    pub sku: String,
    pub quantity: i64,
}

/// An answer to what the feed asks of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub order_key: String,
    pub warehouse: String,
    /// The revision that was read.
    pub revision: u32,
    /// The cancellation is answered, not the order.
    #[serde(default)]
    pub cancel: bool,
    /// What is meant; all of it when it is empty.
    pub units: Vec<Units>,
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub tracking_number: String,
    pub carrier: String,
    pub units: Vec<Units>,
}

/// Goods that left for one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    pub shipment_id: String,
    pub order_key: String,
    pub warehouse: String,
    pub packages: Vec<Package>,
}

/// Pieces that came back, and whether they are on the shelf again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedUnits {
    #[serde(flatten)]
    pub units: Units,
    pub restock: bool,
}

/// Goods that came back from one order, looked at and decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    pub return_id: String,
    pub order_key: String,
    pub warehouse: String,
    pub lines: Vec<ReturnedUnits>,
}

/// What happened, in pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happened {
    Moved { sku: String, kind: Kind, warehouse: String, quantity: i64, order: Option<OrderLine> },
    Transferred { sku: String, from: String, to: String, quantity: i64 },
    Counted { sku: String, warehouse: String, quantity: i64 },
    Accepted(Answer),
    Rejected(Answer),
    Shipped(Shipment),
    CameBack(Return),
}

/// One report, under an id that never names another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub event_id: String,
    pub at: Timestamp,
    #[serde(flatten)]
    pub happened: Happened,
}

/// The call that a report travels with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    Movements,
    Counts,
    Accept { order_key: String },
    Reject { order_key: String },
    Shipment,
    Return,
}

impl Call {
    pub fn path(&self) -> Cow<'static, str> {
        match self {
            Self::Movements => "/v1/stock/movements".into(),
            Self::Counts => "/v1/stock/counts".into(),
            Self::Accept { order_key } => format!("/v1/orders/{}/accept", token(order_key)).into(),
            Self::Reject { order_key } => format!("/v1/orders/{}/reject", token(order_key)).into(),
            Self::Shipment => "/v1/shipments".into(),
            Self::Return => "/v1/returns".into(),
        }
    }

    /// True when one call takes many reports, in a list.
    pub fn takes_many(&self) -> bool {
        matches!(self, Self::Movements | Self::Counts)
    }

    /// The field of the body that holds the reports, or the report.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Movements => "movements",
            Self::Counts => "counts",
            Self::Accept { .. } => "acceptance",
            Self::Reject { .. } => "rejection",
            Self::Shipment => "shipment",
            Self::Return => "return_report",
        }
    }
}

/// A text as a part of a path.
fn token(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

impl Report {
    pub fn call(&self) -> Call {
        match &self.happened {
            Happened::Moved { .. } | Happened::Transferred { .. } => Call::Movements,
            Happened::Counted { .. } => Call::Counts,
            Happened::Accepted(answer) => Call::Accept { order_key: answer.order_key.clone() },
            Happened::Rejected(answer) => Call::Reject { order_key: answer.order_key.clone() },
            Happened::Shipped(_) => Call::Shipment,
            Happened::CameBack(_) => Call::Return,
        }
    }

    /// The item as the contract's JSON.
    pub fn to_json(&self) -> Value {
        let (mut item, at) = match &self.happened {
            Happened::Moved { sku, kind, warehouse, quantity, order } => {
                let mut item = json!({
                    "kind": kind.name(),
                    "quantity": quantity.to_string(),
                    "sku": sku,
                    "warehouse_code": warehouse,
                });
                if let (Some(order), Some(fields)) = (order, item.as_object_mut()) {
                    fields.insert("order".to_owned(), json!(order));
                }
                (item, "occurred_at")
            }
            Happened::Transferred { sku, from, to, quantity } => {
                let item = json!({
                    "kind": "MOVEMENT_KIND_TRANSFER",
                    "quantity": quantity.to_string(),
                    "sku": sku,
                    "from_warehouse_code": from,
                    "to_warehouse_code": to,
                });
                (item, "occurred_at")
            }
            Happened::Counted { sku, warehouse, quantity } => {
                let quantity = quantity.to_string();
                let item = json!({ "sku": sku, "warehouse_code": warehouse, "quantity": quantity });
                (item, "counted_at")
            }
            Happened::Accepted(answer) | Happened::Rejected(answer) => {
                (answer.to_json(), "occurred_at")
            }
            Happened::Shipped(shipment) => (shipment.to_json(), "occurred_at"),
            Happened::CameBack(back) => (back.to_json(), "occurred_at"),
        };
        if let Some(fields) = item.as_object_mut() {
            fields.insert("event_id".to_owned(), json!(self.event_id));
            fields.insert(at.to_owned(), json!(self.at));
        }
        item
    }
}

impl Units {
    fn to_json(&self) -> Value {
        json!({
            "line_id": self.line_id, "sku": self.sku, "quantity": self.quantity.to_string(),
        })
    }
}

impl Answer {
    fn to_json(&self) -> Value {
        let lines = self.units.iter().map(|units| {
            json!({
                "line_id": units.line_id,
                "quantity": units.quantity.to_string(),
                "warehouse_code": self.warehouse,
            })
        });
        let lines: Vec<Value> = lines.collect();
        json!({
            "answers": if self.cancel { "ORDER_REQUEST_CANCEL" } else { "ORDER_REQUEST_FULFIL" },
            "order_revision": self.revision,
            "whole_order": lines.is_empty(),
            "lines": lines,
        })
    }
}

impl Shipment {
    fn to_json(&self) -> Value {
        let packages = self.packages.iter().map(|package| {
            json!({
                "carrier_name": package.carrier,
                "tracking_number": package.tracking_number,
                "lines": package.units.iter().map(Units::to_json).collect::<Vec<_>>(),
            })
        });
        json!({
            "shipment_id": self.shipment_id,
            "revision": 1,
            "order_key": self.order_key,
            "warehouse_code": self.warehouse,
            "status": "SHIPMENT_STATUS_SHIPPED",
            "packages": packages.collect::<Vec<_>>(),
        })
    }
}

impl Return {
    fn to_json(&self) -> Value {
        let lines = self.lines.iter().map(|line| {
            let disposition = if line.restock { "RESTOCK" } else { "SCRAP" };
            json!({
                "line_id": line.units.line_id,
                "sku": line.units.sku,
                "quantity_received": line.units.quantity.to_string(),
                "disposition": format!("RETURN_DISPOSITION_{disposition}"),
                "warehouse_code": self.warehouse,
            })
        });
        json!({
            "return_id": self.return_id,
            "revision": 1,
            "order_key": self.order_key,
            "status": "RETURN_STATUS_INSPECTED",
            "lines": lines.collect::<Vec<_>>(),
        })
    }
}
