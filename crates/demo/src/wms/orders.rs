//! The warehouse's orders, as its ledger tells them, and what people do about them.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;
use serde_json::json;

use super::{Ledger, Wms};
use crate::stage::random_hex;
use crate::trade::{Line, Parcel, Refunded, Trade};

/// How the contract's names of restock types begin.
const RESTOCK: &str = "RESTOCK_TYPE_";

/// The part of an order that one warehouse serves.
#[derive(Debug, Clone, Deserialize)]
pub struct Part {
    pub order_key: String,
    pub warehouse: String,
    pub request: String,
    lines: Vec<PartLine>,
}

#[derive(Debug, Clone, Deserialize)]
struct PartLine {
    line_id: String,
    sku: String,
    quantity_open: i64,
    accepted: i64,
    shipped: i64,
}

/// Pieces that are promised and still on the shelf.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reservation {
    warehouse: String,
    sku: String,
    quantity: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Shipment {
    order_key: String,
    packages: Vec<Package>,
}

#[derive(Debug, Clone, Deserialize)]
struct Package {
    tracking_number: String,
    units: Vec<Units>,
}

#[derive(Debug, Clone, Deserialize)]
struct Units {
    line_id: String,
    quantity: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Refund {
    order_key: String,
    refund_id: String,
    lines: Vec<RefundLine>,
}

#[derive(Debug, Clone, Deserialize)]
struct RefundLine {
    line_id: String,
    quantity: i64,
    restock_type: String,
}

impl Part {
    /// It is to be sent, all or a part of it.
    fn is_wanted(&self) -> bool {
        self.request == "ORDER_REQUEST_FULFIL"
            && self.lines.iter().any(|line| line.quantity_open > 0)
    }
}

impl Ledger {
    /// Pieces of a shelf that are promised to orders.
    #[must_use]
    pub fn promised(&self, warehouse: &str, sku: &str) -> i64 {
        let all = self.reservations.iter();
        let mine = all.filter(|one| one.warehouse == warehouse && one.sku == sku);
        mine.map(|one| one.quantity).sum()
    }

    /// True when a warehouse was asked to send an order.
    #[must_use]
    pub fn is_asked_for(&self, order_key: &str) -> bool {
        self.orders.iter().any(|part| part.order_key == order_key && part.is_wanted())
    }

    /// True when nothing of an order was promised yet.
    #[must_use]
    pub fn is_unpromised(&self, order_key: &str) -> bool {
        let mut parts = self.orders.iter().filter(|part| part.order_key == order_key);
        parts.all(|part| part.lines.iter().all(|line| line.accepted == 0))
    }

    /// True when a warehouse was told that an order is cancelled, and it promises nothing of it.
    #[must_use]
    pub fn gave_up(&self, order_key: &str) -> bool {
        let mut parts = self.orders.iter().filter(|part| part.order_key == order_key).peekable();
        let is_given_up = |part: &Part| {
            part.request == "ORDER_REQUEST_CANCEL"
                && part.lines.iter().all(|line| line.accepted == line.shipped)
        };
        parts.peek().is_some() && parts.all(is_given_up)
    }

    /// True when the warehouse was told of a refund.
    #[must_use]
    pub fn knows_refund(&self, order_key: &str) -> bool {
        self.refunds.iter().any(|refund| refund.order_key == order_key)
    }

    /// What the warehouse knows of orders.
    #[must_use]
    pub fn trade(&self) -> Trade {
        let mut trade = Trade::default();
        for part in &self.orders {
            for line in &part.lines {
                let id = (part.order_key.clone(), line.line_id.clone());
                let known = trade
                    .lines
                    .entry(id)
                    .or_insert_with(|| Line { sku: line.sku.clone(), ..Line::default() });
                known.shipped += line.shipped;
                known.open += line.accepted - line.shipped;
            }
        }
        for shipment in &self.shipments {
            let parcels = shipment.packages.iter().map(|package| Parcel {
                order_key: shipment.order_key.clone(),
                tracking_number: package.tracking_number.clone(),
                units: units(package),
            });
            trade.parcels.extend(parcels);
        }
        for refund in &self.refunds {
            let lines = refund.lines.iter().map(|line| Refunded {
                order_key: refund.order_key.clone(),
                refund_id: refund.refund_id.clone(),
                line_id: line.line_id.clone(),
                quantity: line.quantity,
                restock: line.restock_type.trim_start_matches(RESTOCK).to_owned(),
            });
            trade.refunded.extend(lines);
        }
        trade
    }
}

fn units(package: &Package) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for one in &package.units {
        *sums.entry(one.line_id.clone()).or_default() += one.quantity;
    }
    sums
}

/// Pieces of one line of an order in one warehouse.
#[derive(Debug, Clone, Copy)]
pub struct Pieces<'a> {
    pub order_key: &'a str,
    pub warehouse: &'a str,
    pub line_id: &'a str,
    pub sku: &'a str,
    pub quantity: i64,
}

impl Wms {
    /// Everything that is asked of an order is promised.
    ///
    /// # Errors
    /// When the warehouse refuses it, or does not answer for a while.
    pub async fn accept(&self, order_key: &str) -> Result<()> {
        let body = json!({ "request_id": random_hex(16), "order_key": order_key });
        self.http.post("/accept", &body).await.map(drop)
    }

    /// Takes promised pieces off their shelf.
    ///
    /// # Errors
    /// When the warehouse refuses it, or does not answer for a while.
    pub async fn pick(&self, pieces: Pieces<'_>) -> Result<()> {
        let Pieces { order_key, warehouse, line_id, sku, quantity } = pieces;
        let order = json!({ "order_key": order_key, "line_id": line_id });
        let line =
            json!({ "sku": sku, "warehouse": warehouse, "quantity": quantity, "order": order });
        self.command("pick", json!([line])).await
    }

    /// Sends picked pieces in a parcel.
    ///
    /// # Errors
    /// When the warehouse refuses it, or does not answer for a while.
    pub async fn ship(&self, pieces: Pieces<'_>, tracking_number: &str) -> Result<()> {
        let Pieces { order_key, warehouse, line_id, quantity, .. } = pieces;
        let lines = json!([{ "line_id": line_id, "quantity": quantity }]);
        let package =
            json!({ "tracking_number": tracking_number, "carrier": "DHL", "lines": lines });
        let body = json!({
            "request_id": random_hex(16), "order_key": order_key, "warehouse": warehouse,
            "packages": [package],
        });
        self.http.post("/ship", &body).await.map(drop)
    }

    /// Puts pieces that came back on their shelf.
    ///
    /// # Errors
    /// When the warehouse refuses it, or does not answer for a while.
    pub async fn take_back(&self, pieces: Pieces<'_>) -> Result<()> {
        let Pieces { order_key, warehouse, line_id, quantity, .. } = pieces;
        let body = json!({
            "request_id": random_hex(16), "order_key": order_key, "warehouse": warehouse,
            "lines": [{ "line_id": line_id, "quantity": quantity, "restock": true }],
        });
        self.http.post("/return", &body).await.map(drop)
    }
}
