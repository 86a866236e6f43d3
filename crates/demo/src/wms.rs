//! A client of `demo-warehouse`. Every command has its own id, so that it can be repeated when
//! the warehouse was killed while it was answering.

mod orders;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::Http;
use crate::stage::random_hex;
pub use orders::{Part, Pieces};
use orders::{Refund, Reservation, Shipment};

/// It may be killed, and is back soon.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the warehouse says of itself.
#[derive(Debug, Deserialize)]
pub struct Ledger {
    levels: Vec<Level>,
    /// Reports that Lockstep has not answered yet.
    pub waiting: usize,
    /// Reports that Lockstep refused for good.
    pub refused: Vec<Refused>,
    bursts: Vec<Burst>,
    #[serde(default)]
    orders: Vec<Part>,
    #[serde(default)]
    reservations: Vec<Reservation>,
    #[serde(default)]
    shipments: Vec<Shipment>,
    #[serde(default)]
    refunds: Vec<Refund>,
}

#[derive(Debug, Deserialize)]
struct Level {
    warehouse: String,
    sku: String,
    quantity: i64,
}

/// A report that Lockstep will never take.
#[derive(Debug, Deserialize)]
pub struct Refused {
    pub event_id: String,
    pub code: String,
    pub field: String,
    pub message: String,
}

#[derive(Debug, Deserialize)]
struct Burst {
    made: u32,
    movements: u32,
}

impl Ledger {
    /// Pieces per warehouse and SKU.
    #[must_use]
    pub fn numbers(&self) -> BTreeMap<(&str, &str), i64> {
        let all = self.levels.iter();
        all.map(|one| ((one.warehouse.as_str(), one.sku.as_str()), one.quantity)).collect()
    }

    /// Pieces of one SKU in one warehouse.
    #[must_use]
    pub fn held(&self, warehouse: &str, sku: &str) -> i64 {
        self.numbers().get(&(warehouse, sku)).copied().unwrap_or_default()
    }

    /// How much of the bursts was made: movements, of how many.
    #[must_use]
    pub fn burst_progress(&self) -> (u32, u32) {
        let made = self.bursts.iter().map(|burst| burst.made).sum();
        (made, self.bursts.iter().map(|burst| burst.movements).sum())
    }
}

/// The client.
#[derive(Debug)]
pub struct Wms {
    pub http: Http,
}

impl Wms {
    /// The warehouse at this address.
    ///
    /// # Errors
    /// When there is no HTTP client to be had.
    pub fn at(base: &str) -> Result<Self> {
        Ok(Self { http: Http::new(base, None)?.patient(PATIENCE) })
    }

    /// # Errors
    /// When the warehouse does not answer, even after a while.
    pub async fn ledger(&self) -> Result<Ledger> {
        let answer = self.http.get("/ledger").await?;
        serde_json::from_value(answer).context("the ledger is not as expected")
    }

    /// A command with lines: `receive`, `adjust`, `transfer`, `pick`, `count`.
    ///
    /// # Errors
    /// When the warehouse refuses it, or does not answer for a while.
    pub async fn command(&self, name: &str, lines: Value) -> Result<()> {
        let body = json!({ "request_id": random_hex(16), "lines": lines });
        self.http.post(&format!("/{name}"), &body).await.map(drop)
    }

    /// A rush.
    ///
    /// # Errors
    /// When the warehouse refuses it, or does not answer for a while.
    pub async fn burst(
        &self,
        skus: &[&str],
        warehouse: &str,
        movements: u32,
        over: Duration,
    ) -> Result<()> {
        let body = json!({
            "request_id": random_hex(16), "skus": skus, "warehouse": warehouse,
            "movements": movements, "over_ms": u64::try_from(over.as_millis())?,
        });
        self.http.post("/burst", &body).await.map(drop)
    }
}
