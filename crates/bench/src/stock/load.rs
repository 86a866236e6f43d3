//! One part of the load: a movement of every SKU, from the first call until all are committed.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::database::Marks;
use super::scene::{Scene, WAREHOUSES};
use crate::reports::{self, BATCH};

/// Calls at once: while the gateway commits one, the next arrives.
const CALLS: usize = 2;

/// What a part was, and where its rows are.
#[derive(Clone, Debug)]
pub struct Part {
    /// Which it was.
    pub number: usize,
    /// From the first call until the last movement was committed as a position.
    pub took: Duration,
    /// The ends of the logs before it and after it.
    pub marks: (Marks, Marks),
}

/// One movement, as the plain insert stores it too.
#[derive(Clone, Debug)]
pub struct Movement {
    /// The reporter's id, which names the part.
    pub event_id: String,
    pub sku: String,
    pub warehouse: &'static str,
    pub quantity: i64,
    pub occurred_at: Timestamp,
}

impl Movement {
    /// Every fifth receives what the others pick, and the warehouses take turns.
    pub fn of(part: usize, place: usize, sku: &str) -> Self {
        let [first, second] = WAREHOUSES;
        let warehouse = if (part + place).is_multiple_of(2) { first } else { second };
        let quantity = if (part + place).is_multiple_of(5) { 4 } else { -1 };
        Self {
            event_id: format!("{}{place:08}", prefix(part)),
            sku: sku.to_owned(),
            warehouse,
            quantity,
            occurred_at: Timestamp::now(),
        }
    }

    /// Its kind in the contract.
    pub fn kind(&self) -> &'static str {
        if self.quantity < 0 { "MOVEMENT_KIND_PICKING" } else { "MOVEMENT_KIND_RECEIVING" }
    }

    /// As the contract's REST API takes it.
    pub fn report(&self) -> Value {
        json!({
            "event_id": self.event_id, "kind": self.kind(), "quantity": self.quantity.to_string(),
            "sku": self.sku, "warehouse_code": self.warehouse, "occurred_at": self.occurred_at,
        })
    }
}

/// How the ids of a part begin.
pub fn prefix(part: usize) -> String {
    format!("stock-{part:02}-")
}

/// The movements of a part.
pub fn movements(skus: &[String], part: usize) -> Vec<Movement> {
    skus.iter().enumerate().map(|(place, sku)| Movement::of(part, place, sku)).collect()
}

/// Bodies of calls, made before the clock runs.
pub fn bodies(movements: &[Movement]) -> Vec<Bytes> {
    let body = |batch: &[Movement]| {
        let reports: Vec<Value> = batch.iter().map(Movement::report).collect();
        json!({ "movements": reports }).to_string().into()
    };
    movements.chunks(BATCH).map(body).collect()
}

/// Reports the movements of a part, waits until they are committed, and keeps the states that they
/// left: the next part overwrites them.
pub async fn part(scene: &mut Scene, number: usize) -> Result<Part> {
    let began = Timestamp::now();
    let bodies = bodies(&movements(&scene.skus, number));
    let count = i64::try_from(scene.skus.len())?;
    let before = scene.database.marks().await?;
    let start = Instant::now();
    let mut calls = JoinSet::new();
    for first in 0..CALLS {
        let mine: Vec<Bytes> = bodies.iter().skip(first).step_by(CALLS).cloned().collect();
        let gateway = scene.gateway.clone();
        calls.spawn(async move {
            for body in mine {
                reports::post(&gateway, "movements", body).await?;
            }
            anyhow::Ok(())
        });
    }
    let accepting = async {
        while let Some(done) = calls.join_next().await {
            done??;
        }
        anyhow::Ok(())
    };
    let ((), committed) = tokio::try_join!(accepting, scene.database.committed(before, count))?;
    let took = committed.duration_since(start);
    scene.database.keep_states(number, began).await?;
    let after = scene.database.marks().await?;
    Ok(Part { number, took, marks: (before, after) })
}
