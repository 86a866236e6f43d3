//! The rush, and what happens meanwhile: orders, webhooks that arrive twice and late, a bad
//! line, a crash.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use super::{LATE_SECONDS, MOVEMENTS, Play, RUSH};
use crate::cast::{BERLIN, HOT, LYON, NORTH, SOUTH, Store, UNDECLARED};
use crate::compare::change_line;
use crate::setup::World;
use crate::shopify::{LevelKey, Order};
use crate::stage::lock;
use crate::tell::{many, seconds};
use crate::wait::until;

const READY_WAIT: Duration = Duration::from_secs(30);
/// Reports that the warehouse keeps before Lockstep comes back.
const WAITING_WHILE_AWAY: usize = 5;

impl World<'_> {
    pub(super) async fn rush(&self, play: Play) -> Result<()> {
        self.tell.say(format!(
            "A rush in Berlin: {MOVEMENTS} movements of {} in {} s.",
            HOT.join(", "),
            RUSH.as_secs(),
        ));
        self.wms.burst(&HOT, BERLIN, MOVEMENTS, RUSH).await?;
        self.rush_reaches(play, 10).await?;
        self.order_with_double_webhooks(play).await?;
        self.rush_reaches(play, 40).await?;
        self.order_with_late_webhooks(play).await?;
        self.rush_reaches(play, 55).await?;
        self.bad_lines(play).await?;
        if play.chaos.is_none() {
            self.rush_reaches(play, 70).await?;
            self.crash().await?;
        }
        self.rush_reaches(play, 100).await?;
        self.tell.say("The rush is over.");
        Ok(())
    }

    /// Waits until so many hundredths of the rush were made.
    async fn rush_reaches(&self, play: Play, percent: u32) -> Result<()> {
        let what = format!("{percent} % of the rush was made");
        until(&what, RUSH + play.step_wait(), async || {
            let (made, all) = self.wms.ledger().await?.burst_progress();
            Ok((made * 100 >= all * percent).then_some(()))
        })
        .await
    }

    /// A customer of one store buys; the other store must show less.
    async fn order_with_double_webhooks(&self, play: Play) -> Result<()> {
        let twice = json!({ "fault": "webhook_duplicate", "count": 12 });
        self.shopify.fault(&NORTH, twice).await?;
        let key = LevelKey { store: "south", location: "Depot".into(), sku: "CHAIR-1".into() };
        let before = self.shopify.levels().await?.get(&key).map_or(0, |shown| shown.available);
        let order = self.shopify.checkout(&NORTH, "CHAIR-1", 2, "Berlin").await?;
        self.tell.say(format!(
            "A customer buys 2 oak chairs in north (order {}). Every webhook arrives twice.",
            order.name
        ));
        self.serve(play, &NORTH, &order).await?;
        let started = Instant::now();
        let what = "south shows 2 chairs less, since north sold them";
        until(what, play.step_wait(), async || {
            let levels = self.shopify.levels().await?;
            let now = levels.get(&key).map_or(0, |shown| shown.available);
            Ok((now == before - 2).then_some(()))
        })
        .await?;
        self.tell.detail(change_line(&key, before, before - 2));
        self.tell.detail(format!("seen in the other store {} later", seconds(started.elapsed())));
        Ok(())
    }

    /// What Shopify tells about this order arrives after the warehouse has picked it.
    async fn order_with_late_webhooks(&self, play: Play) -> Result<()> {
        let late = json!({ "fault": "webhook_delay", "count": 4, "seconds": LATE_SECONDS });
        self.shopify.fault(&SOUTH, late).await?;
        let order = self.shopify.checkout(&SOUTH, "VASE-1", 1, "Depot").await?;
        self.tell.say(format!(
            "A customer buys a vase in south (order {}). Its webhooks are {LATE_SECONDS} s late.",
            order.name
        ));
        self.serve(play, &SOUTH, &order).await
    }

    /// Berlin sends all of an order: as the feed asks, or, as long as no orders come to it, because
    /// somebody in the warehouse looks into the store.
    async fn serve(&self, play: Play, store: &Store, order: &Order) -> Result<()> {
        if play.orders {
            return self.send_all(play, order).await;
        }
        let order_key = &order.key;
        self.wms.pick(order.pieces(BERLIN, order.quantity)).await?;
        let id = json!({ "order": order.order_id });
        self.shopify.act(store, "fulfill", id).await?;
        self.tell.detail(format!("Berlin picks and ships it as {order_key}."));
        Ok(())
    }

    /// Two lines that cannot go on, in one batch with two that can.
    async fn bad_lines(&self, play: Play) -> Result<()> {
        let settings = format!("/_standin/{}/settings", NORTH.domain);
        self.shopify.http.post(&settings, &json!({ "unconnected": "error" })).await?;
        let gone = json!({ "sku": "POSTER-1", "location": "Lyon" });
        self.shopify.act(&NORTH, "disconnect", gone).await?;
        self.tell
            .say("North stops stocking POSTER-1 in Lyon. Then one batch of the warehouse holds");
        self.tell
            .detail("that poster, a line of a warehouse that nobody declared, and two good lines.");
        let line = |sku: &str, warehouse: &str, quantity: i64| -> Value {
            json!({ "sku": sku, "warehouse": warehouse, "quantity": quantity })
        };
        let before = self.shopify.levels().await?;
        let lines = json!([
            line("POSTER-1", LYON, 3),
            line("BOOK-1", LYON, 2),
            line("RUG-1", UNDECLARED, 9),
            line("BELL-1", BERLIN, 4),
        ]);
        self.wms.command("adjust", lines).await?;
        let good = |key: &LevelKey| ["BOOK-1", "BELL-1"].contains(&key.sku.as_str());
        let (ledger, after) = until("the good lines are seen", play.step_wait(), async || {
            let (ledger, levels) = (self.wms.ledger().await?, self.shopify.levels().await?);
            let wrong = crate::compare::differences(&ledger, &levels);
            let seen = !wrong.iter().any(good) && !ledger.refused.is_empty();
            Ok(seen.then_some((ledger, levels)))
        })
        .await?;
        self.tell_changes(&before, &after, good);
        for refused in &ledger.refused {
            self.tell.detail(format!("refused  {} {}", refused.code, refused.field));
            self.tell.detail(format!("         {} ({})", refused.message, refused.event_id));
        }
        Ok(())
    }

    /// Lockstep is killed in the middle of the rush; the warehouse goes on.
    async fn crash(&self) -> Result<()> {
        lock(&self.stage.lockstep).kill()?;
        self.tell.say("kill -9 lockstep, in the middle of the rush. The warehouse goes on.");
        let waiting = until("reports wait in the warehouse", READY_WAIT, async || {
            let ledger = self.wms.ledger().await?;
            let (made, all) = ledger.burst_progress();
            Ok((ledger.waiting >= WAITING_WHILE_AWAY || made == all).then_some(ledger.waiting))
        })
        .await?;
        lock(&self.stage.lockstep).launch()?;
        let started = Instant::now();
        self.tell.detail(format!(
            "{} in its outbox; lockstep is started again.",
            many(waiting, "report waits", "reports wait")
        ));
        self.stage.lockstep_ready(READY_WAIT).await?;
        self.tell.say(format!("Lockstep is ready after {}.", seconds(started.elapsed())));
        until("the outbox is empty", READY_WAIT, async || {
            Ok((self.wms.ledger().await?.waiting == 0).then_some(()))
        })
        .await?;
        self.tell.detail("The warehouse's outbox is empty.");
        Ok(())
    }
}
