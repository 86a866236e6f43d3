//! One round: every level of a store gets another target, and all of them are written.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use jiff::Timestamp;
use lockstep_demo::json::at;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Plan;
use super::journal::{self, Calls};
use super::scene::{LATENCY_MS, Scene, Store};
use crate::memory::megabytes;
use crate::reports::{self, BATCH, Movement};
use crate::shop::{self, LOCATION};

/// Calls of the back office at once.
const REPORTERS: usize = 2;
/// Of so many levels one is changed by somebody else, so that its line is stale.
const STALE_EVERY: usize = 100;
/// All targets are committed before the first window ends.
const WINDOW: Duration = Duration::from_secs(30);

/// What is done.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The store.
    pub store: Store,
    /// Its mode.
    pub mode: &'static str,
    /// The plan of its shop.
    pub plan: Plan,
    /// Whether some lines are stale.
    pub is_stale: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What was done.
    pub round: Round,
    /// Levels that were written.
    pub levels: usize,
    /// Calls about stock, reads included.
    pub calls: usize,
    /// Of those, reads of levels.
    pub reads: usize,
    /// Of those, writes that were refused.
    pub refused: usize,
    /// Of those, such as met an empty bucket.
    pub throttled: usize,
    /// What they cost.
    pub points: f64,
    /// From the first to the last.
    pub seconds: f64,
    /// The most resident memory of the product meanwhile.
    pub peak_mb: f64,
    /// Mistakes that the local Shopify saw.
    pub violations: usize,
}

impl Outcome {
    /// What a level cost.
    #[expect(clippy::cast_precision_loss, reason = "counts below a million")]
    pub fn points_per_level(&self) -> f64 {
        self.points / self.levels as f64
    }

    fn tell(&self) {
        let Round { store, mode, plan, is_stale } = self.round;
        println!(
            "  {mode:<8} {:<8} {:<8} {} {:>6} levels {:>4} calls {:>3} reads {:>3} refused \
             {:>2} throttled {:.4} points/level {:>6.2} s {:>6.1} MB",
            store.basis,
            plan.name(),
            if is_stale { "stale" } else { "     " },
            self.levels,
            self.calls,
            self.reads,
            self.refused,
            self.throttled,
            self.points_per_level(),
            self.seconds,
            self.peak_mb,
        );
    }
}

impl Round {
    /// Reports a movement of every SKU, waits until all is written, and reads what it took.
    pub async fn run(self, scene: &mut Scene) -> Result<Outcome> {
        let domain = shop::domain(self.store.id);
        let settings = json!({ "plan": self.plan.name(), "latency_ms": LATENCY_MS });
        scene.shopify(self.store, &settings).await?;
        let after = journal::last(&scene.stage.shopify, &domain).await?;
        let pid = scene.stage.pid().context("the process is gone")?;
        // The highest mark of resident memory begins anew.
        fs::write(format!("/proc/{pid}/clear_refs"), "5").context("cannot reset the mark")?;
        let begun = Instant::now();
        self.report(scene).await?;
        if self.is_stale {
            self.edit(scene, &domain).await?;
        }
        ensure!(begun.elapsed() < WINDOW, "the reports took {:?}", begun.elapsed());
        scene.quiet(self.store.id).await?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let calls = Calls::read(&scene.stage.shopify, &domain, after).await?;
        let levels = scene.of(self.store)?.shelves.len();
        ensure!(calls.levels() == levels, "{} of {levels} are written", calls.levels());
        let (refused, reads) = (calls.refused, calls.reads);
        let is_so = if self.is_stale { refused > 0 && reads > 0 } else { refused == 0 };
        ensure!(is_so, "{refused} writes are refused and {reads} calls read");
        let path = format!("/_standin/{domain}/violations");
        let violations = at(&scene.stage.shopify.get(&path).await?, "/count").as_u64();
        let latency = Duration::from_millis(LATENCY_MS);
        let outcome = Outcome {
            round: self,
            levels,
            calls: calls.all,
            reads: calls.reads,
            refused: calls.refused,
            throttled: calls.throttled,
            points: calls.points,
            // The journal tells when they ended.
            seconds: (calls.took() + latency).as_secs_f64(),
            peak_mb: megabytes(&status, "VmHWM")?,
            violations: usize::try_from(violations.context("a count")?)?,
        };
        outcome.tell();
        Ok(outcome)
    }

    /// Falls in Delta and rises in Absolute.
    async fn report(&self, scene: &Scene) -> Result<()> {
        let place = scene.of(self.store)?;
        let (now, quantity) = (Timestamp::now(), if self.mode == "delta" { -1 } else { 1 });
        let movement = |shelf: &super::scene::Shelf| Movement {
            event_id: format!("{}-{now}", shelf.sku),
            // Counts for numbers of every kind; a pick lowers physical ones alone.
            kind: "MOVEMENT_KIND_ADJUSTMENT",
            sku: shelf.sku.clone(),
            quantity,
            occurred_at: now,
        };
        let batches = place.shelves.chunks(BATCH);
        let bodies: Vec<Bytes> = batches
            .map(|batch| reports::movements(&batch.iter().map(movement).collect::<Vec<_>>()))
            .collect();
        let mut calls = JoinSet::new();
        for first in 0..REPORTERS {
            let mine: Vec<Bytes> = bodies.iter().skip(first).step_by(REPORTERS).cloned().collect();
            let gateway = place.gateway.clone();
            calls.spawn(async move {
                for body in mine {
                    reports::post(&gateway, "movements", body).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = calls.join_next().await {
            done??;
        }
        Ok(())
    }

    /// Somebody else changes one level in a hundred, and nobody says so.
    async fn edit(&self, scene: &Scene, domain: &str) -> Result<()> {
        let path = format!("/_standin/{domain}/act/edit_stock");
        for shelf in scene.of(self.store)?.shelves.iter().step_by(STALE_EVERY) {
            let body = json!({ "inventory_item_id": shelf.item, "location": LOCATION, "delta": 7 });
            scene.stage.shopify.post(&path, &body).await?;
        }
        Ok(())
    }
}
