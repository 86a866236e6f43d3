//! What the local Shopify wrote down of a round.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use lockstep_demo::http::Http;
use lockstep_demo::json::{at, list, text};
use serde_json::Value;

/// Entries of a page: one holds a call of 250 lines with its answer.
const PAGE: usize = 20;
const READ: &str = "LevelsOfItems";
const WRITES: [(&str, &str); 2] = [
    ("SetQuantities", "/variables/input/quantities"),
    ("AdjustQuantities", "/variables/input/changes"),
];

/// The calls of a round that are about stock.
#[derive(Debug, Default)]
pub struct Calls {
    pub all: usize,
    pub reads: usize,
    pub refused: usize,
    pub throttled: usize,
    pub points: f64,
    written: HashSet<String>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// The number of the newest entry of a shop.
pub async fn last(shopify: &Http, domain: &str) -> Result<u64> {
    let found = shopify.get(&format!("/_standin/{domain}/journal?limit=1")).await?;
    at(&found, "/last").as_u64().context("the newest entry")
}

impl Calls {
    /// Those behind an entry.
    pub async fn read(shopify: &Http, domain: &str, mut after: u64) -> Result<Self> {
        let mut calls = Self::default();
        loop {
            let path = format!("/_standin/{domain}/journal?kind=api&after={after}&limit={PAGE}");
            let page = shopify.get(&path).await?;
            let mut is_empty = true;
            for entry in list(&page, "entries") {
                is_empty = false;
                after = at(entry, "/seq").as_u64().context("a number")?;
                calls.note(entry)?;
            }
            if is_empty {
                return Ok(calls);
            }
        }
    }

    /// Levels that were written.
    pub fn levels(&self) -> usize {
        self.written.len()
    }

    /// From the end of the first call to the end of the last one.
    pub fn took(&self) -> Duration {
        let took = self.first.zip(self.last).map(|(first, last)| last.duration_since(first));
        took.and_then(|took| took.try_into().ok()).unwrap_or_default()
    }

    fn note(&mut self, entry: &Value) -> Result<()> {
        let operation = at(entry, "/operation").as_str().unwrap_or_default();
        let write = WRITES.iter().find(|(name, _)| *name == operation);
        if operation != READ && write.is_none() {
            return Ok(());
        }
        self.all += 1;
        self.points += at(entry, "/actual_cost").as_f64().unwrap_or_default();
        let moment: Timestamp = text(entry, "at")?.parse()?;
        self.first = Some(self.first.map_or(moment, |first| first.min(moment)));
        self.last = Some(self.last.map_or(moment, |last| last.max(moment)));
        let answer = at(entry, "/answer");
        let mut codes = list(answer, "errors").map(|error| at(error, "/extensions/code"));
        let is_throttled = codes.any(|code| code == "THROTTLED");
        self.throttled += usize::from(is_throttled);
        let Some((_, lines)) = write else {
            self.reads += 1;
            return Ok(());
        };
        let payloads = at(answer, "/data").as_object().into_iter().flat_map(|data| data.values());
        let is_written = payloads.clone().count() > 0
            && payloads.clone().all(|payload| list(payload, "userErrors").count() == 0);
        if is_written {
            let items = at(entry, lines).as_array().into_iter().flatten();
            self.written.extend(items.filter_map(|line| text(line, "inventoryItemId").ok()));
        } else {
            self.refused += usize::from(!is_throttled);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(at: &str, operation: &str, errors: &Value, item: i64) -> Value {
        json!({
            "at": at, "operation": operation, "actual_cost": 10.0,
            "variables": { "input": { "changes": [{ "inventoryItemId": format!("gid/{item}") }] } },
            "answer": { "data": { "inventoryAdjustQuantities": { "userErrors": errors } } },
        })
    }

    #[test]
    fn what_was_written_is_counted_once() {
        let mut calls = Calls::default();
        let refused = json!([{ "message": "no" }]);
        for (at, errors, item) in [
            ("2026-11-24T10:00:01Z", &json!([]), 1),
            ("2026-11-24T10:00:02Z", &refused, 2),
            ("2026-11-24T10:00:03Z", &json!([]), 1),
        ] {
            calls.note(&entry(at, "AdjustQuantities", errors, item)).unwrap();
        }
        calls.note(&entry("2026-11-24T10:00:09Z", "OrdersUpdated", &json!([]), 3)).unwrap();
        assert_eq!((calls.all, calls.refused, calls.levels()), (3, 1, 1));
        assert_eq!(calls.took(), Duration::from_secs(2));
        assert!((calls.points - 30.0).abs() < 1e-9);
    }
}
