//! The quiet steps: one thing happens, and one waits until the stores show it.

use std::future::Future;
use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use super::Play;
use crate::cast::{BERLIN, LYON};
use crate::compare::{change_line, differences};
use crate::setup::World;
use crate::shopify::{LevelKey, Levels};
use crate::tell::seconds;
use crate::wait::until;

impl World<'_> {
    pub(super) async fn receive(&self, play: Play) -> Result<()> {
        self.tell.say("Berlin receives 12 blue mugs.");
        let lines = json!([{ "sku": "MUG-1", "warehouse": BERLIN, "quantity": 12 }]);
        self.step(play, "MUG-1", self.wms.command("receive", lines)).await
    }

    pub(super) async fn adjust(&self, play: Play) -> Result<()> {
        self.tell.say("Lyon finds 2 oak chairs broken and books them out.");
        let lines = json!([{ "sku": "CHAIR-1", "warehouse": LYON, "quantity": -2 }]);
        self.step(play, "CHAIR-1", self.wms.command("adjust", lines)).await
    }

    pub(super) async fn transfer(&self, play: Play) -> Result<()> {
        self.tell.say("5 standing desks go from Berlin to Lyon.");
        let lines = json!([{ "sku": "DESK-1", "from": BERLIN, "to": LYON, "quantity": 5 }]);
        self.step(play, "DESK-1", self.wms.command("transfer", lines)).await
    }

    /// Does something about one SKU and waits until every store shows what the warehouse holds.
    async fn step(
        &self,
        play: Play,
        sku: &str,
        act: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        let before = self.shopify.levels().await?;
        act.await?;
        let started = Instant::now();
        let what = format!("the stores show what the warehouse holds of {sku}");
        let after = until(&what, play.step_wait(), async || {
            let levels = self.shopify.levels().await?;
            let wrong = differences(&self.wms.ledger().await?, &levels);
            Ok(wrong.iter().all(|key| key.sku != sku).then_some(levels))
        })
        .await?;
        let took = seconds(started.elapsed());
        self.tell_changes(&before, &after, |key| key.sku == sku);
        self.tell.detail(format!("seen in the stores {took} later"));
        Ok(())
    }

    /// Tells what the stores show now and did not show before.
    pub(super) fn tell_changes(
        &self,
        before: &Levels,
        after: &Levels,
        wanted: impl Fn(&LevelKey) -> bool,
    ) {
        for (key, now) in after.iter().filter(|(key, _)| wanted(key)) {
            if let Some(was) = before.get(key).filter(|was| was.available != now.available) {
                self.tell.detail(change_line(key, was.available, now.available));
            }
        }
    }
}
