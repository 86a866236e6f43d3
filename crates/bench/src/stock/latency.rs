//! From a movement to the start of the call that carries it to Shopify.
//!
//! The SKUs that are looked at rest before: their change opens a window, and is due at once. The
//! time runs from before the movement is reported, and ends when the local Shopify wrote the call
//! down, less what it takes for a call.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use jiff::Timestamp;
use lockstep_demo::json::{at, list, text};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::load::{self, Movement};
use super::scene::{LATENCY_MS, NEWCOMER, STORES, Scene};
use crate::reports;
use crate::shop;
use crate::stats::{per_second, percentile_ms};

/// Changes that are looked at while nothing else happens.
const SAMPLES: usize = 60;
const IDLE_EVERY: Duration = Duration::from_millis(500);
/// Under the import there are as many as it takes, and at least these.
const SAMPLES_MIN: usize = 200;
const IMPORT_EVERY: Duration = Duration::from_millis(250);
/// The longest that an import may take.
const IMPORT_MAX: Duration = Duration::from_secs(1_200);
/// How long one SKU moves all the time, and how often.
const HOT_FOR: Duration = Duration::from_secs(65);
const HOT_EVERY: Duration = Duration::from_millis(100);
const HOT_CALL: usize = 100;
/// Changes of others meanwhile: one of this many ticks.
const OTHERS_EVERY: usize = 10;
/// Entries of a page of the journal: one holds a call of 250 lines with its answer.
const PAGE: usize = 20;
const WRITES: [(&str, &str); 2] = [
    ("SetQuantities", "/variables/input/quantities"),
    ("AdjustQuantities", "/variables/input/changes"),
];

/// Latencies of some changes.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Changes that were looked at, each in every store.
    pub samples: usize,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// What came of a SKU that moved all the time.
#[derive(Clone, Copy, Debug)]
pub struct Hot {
    /// Movements of it.
    pub per_s: f64,
    /// Calls about it, of the store that had the most.
    pub calls: f64,
    /// Of others meanwhile.
    pub latency: Latency,
}

/// Changes when nothing else happens.
pub async fn idle(scene: &mut Scene) -> Result<Latency> {
    let mut probe = Probe::begin(scene, 100, 0).await?;
    let mut ticks = interval(IDLE_EVERY);
    for _ in 0..SAMPLES {
        ticks.tick().await;
        probe.change(scene).await?;
    }
    probe.end(scene).await
}

/// Changes while the variants of another store are imported.
pub async fn under_import(scene: &mut Scene) -> Result<Latency> {
    scene.open(NEWCOMER).await?;
    let settings = json!({ "plan": "standard", "latency_ms": LATENCY_MS });
    scene.shopify(NEWCOMER, &settings).await?;
    scene.go_live(NEWCOMER).await?;
    let mut probe = Probe::begin(scene, 101, SAMPLES).await?;
    let path = format!("/stores/{NEWCOMER}/products/sync");
    let started = scene.stage.admin.post(&path, &json!({})).await?;
    let job = format!("/jobs/{}", text(at(&started, "/job"), "id")?);
    let begun = Instant::now();
    let mut ticks = interval(IMPORT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_done = false;
    while !is_done || probe.sent.len() < SAMPLES_MIN {
        ensure!(begun.elapsed() < IMPORT_MAX, "the import takes more than {IMPORT_MAX:?}");
        ticks.tick().await;
        probe.change(scene).await?;
        let answer = scene.stage.admin.get(&job).await?;
        match at(&answer, "/job/state").as_str() {
            Some("done") => is_done = true,
            Some("failed" | "cancelled") => bail!("the import ended: {answer}"),
            _ => {}
        }
        if probe.is_at_its_end(scene) {
            break;
        }
    }
    println!("  the import took {:.0?}", begun.elapsed());
    probe.end(scene).await
}

/// Changes of others while one SKU moves a thousand times a second.
pub async fn beside_hot(scene: &mut Scene) -> Result<Hot> {
    scene.quiet(&[NEWCOMER]).await?;
    // Those at the end, of which none is looked at before.
    let hot = scene.skus.len() - 1;
    let sku = scene.skus.get(hot).context("a SKU")?.clone();
    let others = scene.skus.len() / 2;
    let mut probe = Probe::begin(scene, 102, others).await?;
    let (begun, began) = (Instant::now(), Timestamp::now());
    let mut ticks = interval(HOT_EVERY);
    let mut moved = 0;
    for tick in 0.. {
        ticks.tick().await;
        if begun.elapsed() >= HOT_FOR {
            break;
        }
        let movements: Vec<Movement> = (moved..moved + HOT_CALL)
            .map(|place| Movement { quantity: 1, ..Movement::of(103, place, &sku) })
            .collect();
        moved += movements.len();
        for body in load::bodies(&movements) {
            reports::post(&scene.gateway, "movements", body).await?;
        }
        if usize::is_multiple_of(tick, OTHERS_EVERY) {
            probe.change(scene).await?;
        }
    }
    let took = begun.elapsed();
    let ended = Timestamp::now();
    let afters = probe.afters;
    let latency = probe.end(scene).await?;
    let mut calls = 0;
    for (shop, after) in scene.shops.iter().zip(afters) {
        let item = shop.shelves.get(hot).context("an item")?.item;
        let written = writes(scene, shop.id, after).await?;
        let of_it = written
            .iter()
            .filter(|(written, start)| *written == item && (began..=ended).contains(start));
        calls = calls.max(of_it.count());
    }
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    let calls = calls as f64;
    Ok(Hot { per_s: per_second(moved, took), calls, latency })
}

/// Changes one SKU after the other and remembers when.
struct Probe {
    /// Names the movements.
    series: usize,
    /// The place of the next SKU.
    next: usize,
    /// Places of SKUs, with the moment before they were reported.
    sent: Vec<(usize, Timestamp)>,
    /// The newest entries of the journals before it began.
    afters: [u64; STORES.len()],
}

impl Probe {
    /// From the SKU at a place on, when every store rests and no window is open.
    async fn begin(scene: &mut Scene, series: usize, first: usize) -> Result<Self> {
        scene.quiet_all().await?;
        let mut afters = [0; STORES.len()];
        for (after, store) in afters.iter_mut().zip(STORES) {
            let path = format!("/_standin/{}/journal?limit=1", shop::domain(store));
            let found = scene.stage.shopify.get(&path).await?;
            *after = at(&found, "/last").as_u64().context("the newest entry")?;
        }
        // The window that a last push opened.
        tokio::time::sleep(Duration::from_secs(31)).await;
        Ok(Self { series, next: first, sent: Vec::new(), afters })
    }

    fn is_at_its_end(&self, scene: &Scene) -> bool {
        self.next + 1 >= scene.skus.len() / 2 && self.sent.len() >= SAMPLES_MIN
    }

    async fn change(&mut self, scene: &Scene) -> Result<()> {
        let sku = scene.skus.get(self.next).context("no SKU is left to be changed")?;
        let movement = Movement { quantity: -1, ..Movement::of(self.series, self.next, sku) };
        let body: Bytes = json!({ "movements": [movement.report()] }).to_string().into();
        self.sent.push((self.next, Timestamp::now()));
        self.next += 1;
        reports::post(&scene.gateway, "movements", body).await
    }

    /// Waits until all is written, and reads when each began to be.
    async fn end(self, scene: &mut Scene) -> Result<Latency> {
        scene.quiet_all().await?;
        let mut times = Vec::new();
        for (shop, after) in scene.shops.iter().zip(self.afters) {
            let mut starts: HashMap<i64, Vec<Timestamp>> = HashMap::new();
            for (item, start) in writes(scene, shop.id, after).await? {
                starts.entry(item).or_default().push(start);
            }
            for (place, sent) in &self.sent {
                let item = shop.shelves.get(*place).context("an item")?.item;
                let of_item = starts.get(&item).into_iter().flatten();
                let start = of_item.filter(|start| *start >= sent).min();
                let start = start.with_context(|| format!("item {item} is never written"))?;
                times.push(Duration::try_from(start.duration_since(*sent))?);
            }
        }
        let samples = self.sent.len();
        let p50_ms = percentile_ms(&mut times, 50);
        Ok(Latency { samples, p50_ms, p99_ms: percentile_ms(&mut times, 99) })
    }
}

/// What was written to a shop behind an entry: items, each with the start of the call.
async fn writes(scene: &Scene, store: &str, mut after: u64) -> Result<Vec<(i64, Timestamp)>> {
    let (domain, mut all) = (shop::domain(store), Vec::new());
    loop {
        let path = format!("/_standin/{domain}/journal?kind=api&after={after}&limit={PAGE}");
        let page = scene.stage.shopify.get(&path).await?;
        let mut is_empty = true;
        for entry in list(&page, "entries") {
            is_empty = false;
            after = at(entry, "/seq").as_u64().context("a number")?;
            all.extend(written(entry)?);
        }
        if is_empty {
            return Ok(all);
        }
    }
}

/// The journal tells when a call ended.
fn written(entry: &Value) -> Result<Vec<(i64, Timestamp)>> {
    let operation = at(entry, "/operation").as_str().unwrap_or_default();
    let Some((_, lines)) = WRITES.iter().find(|(name, _)| *name == operation) else {
        return Ok(Vec::new());
    };
    let ended: Timestamp = text(entry, "at")?.parse()?;
    let start = ended.checked_sub(Duration::from_millis(LATENCY_MS))?;
    let items = at(entry, lines).as_array().into_iter().flatten().map(|line| {
        let item = text(line, "inventoryItemId")?;
        let number = item.rsplit('/').next().unwrap_or_default().parse();
        Ok((number.with_context(|| format!("{item} is no item"))?, start))
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_tells_its_items_and_when_it_began() {
        let line = json!({ "inventoryItemId": "gid://shopify/InventoryItem/7" });
        let entry = json!({
            "at": "2026-11-24T10:00:01.150Z", "operation": "AdjustQuantities",
            "variables": { "input": { "changes": [line] } },
        });
        let start = "2026-11-24T10:00:01Z".parse().unwrap();
        assert_eq!(written(&entry).unwrap(), [(7, start)]);
        assert_eq!(written(&json!({ "operation": "LevelsOfItems" })).unwrap(), []);
    }
}
