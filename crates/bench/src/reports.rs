//! What a back office reports, in batches as large as a call may be.

use anyhow::{Result, ensure};
use bytes::Bytes;
use jiff::Timestamp;
use lockstep_demo::http::Http;
use lockstep_demo::json::list;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::shop::WAREHOUSE;

/// Items in one call: the most that the contract allows.
pub const BATCH: usize = 1_000;

/// One movement, as a row too.
#[derive(Clone, Debug)]
pub struct Movement {
    pub event_id: String,
    /// Its kind in the contract.
    pub kind: &'static str,
    pub sku: String,
    pub quantity: i64,
    pub occurred_at: Timestamp,
}

impl Movement {
    /// Every fifth receives what the others pick.
    pub fn numbered(number: usize, skus: &[String]) -> Self {
        let sku = number.checked_rem(skus.len()).and_then(|place| skus.get(place));
        let (sku, occurred_at) = (sku.cloned().unwrap_or_default(), Timestamp::now());
        let (kind, quantity) = if number.is_multiple_of(5) {
            ("MOVEMENT_KIND_RECEIVING", 4)
        } else {
            ("MOVEMENT_KIND_PICKING", -1)
        };
        Self { event_id: format!("movement-{number:08}"), kind, sku, quantity, occurred_at }
    }

    fn report(&self) -> Value {
        json!({
            "event_id": self.event_id, "kind": self.kind, "quantity": self.quantity.to_string(),
            "sku": self.sku, "warehouse_code": WAREHOUSE, "occurred_at": self.occurred_at,
        })
    }
}

/// The body of a call, made before the clock runs.
pub fn movements(batch: &[Movement]) -> Bytes {
    let reports: Vec<Value> = batch.iter().map(Movement::report).collect();
    json!({ "movements": reports }).to_string().into()
}

/// Counts every SKU once, so that all positions are known.
pub async fn count_all(gateway: &Http, skus: &[String]) -> Result<()> {
    for batch in skus.chunks(BATCH) {
        let count = |sku: &String| {
            json!({ "event_id": format!("count-{sku}"), "sku": sku, "quantity": "1000",
                "warehouse_code": WAREHOUSE, "counted_at": Timestamp::now() })
        };
        let counts: Vec<Value> = batch.iter().map(count).collect();
        post(gateway, "counts", json!({ "counts": counts }).to_string().into()).await?;
    }
    Ok(())
}

/// Reports; every item must be accepted.
pub async fn post(gateway: &Http, kind: &str, body: Bytes) -> Result<()> {
    let shape = |request: RequestBuilder| {
        request.header("Content-Type", "application/json").body(body.clone())
    };
    let answer = gateway.call(Method::POST, &format!("/v1/stock/{kind}"), shape).await?;
    let refused = list(&answer, "items")
        .find(|item| item.get("status").and_then(Value::as_str) != Some("ITEM_STATUS_ACCEPTED"));
    ensure!(refused.is_none(), "a report was not accepted: {refused:?}");
    Ok(())
}
