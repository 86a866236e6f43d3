//! The end: everything comes to rest, and both sides are laid beside each other.

use std::time::Instant;

use anyhow::Result;

use super::{MOVEMENTS, Play};
use crate::cast::{HOT, STORES};
use crate::compare::{differences, rows, show};
use crate::setup::World;
use crate::shopify::Levels;
use crate::tell::{many, seconds};
use crate::trade::{self, Trade};
use crate::wait::until;
use crate::wms::Ledger;

impl World<'_> {
    /// Where each store's journal ends now.
    pub(super) async fn journal_ends(&self) -> Result<Vec<i64>> {
        let mut ends = Vec::new();
        for shop in &self.shops {
            ends.push(self.shopify.journal_end(shop.store).await?);
        }
        Ok(ends)
    }

    /// Waits until every level, and every order, is equal and stays so. Not being equal in time is
    /// no error here: the tables will tell what is not.
    pub(super) async fn settle(&self, play: Play) -> Result<()> {
        let hold = play.settle_hold();
        self.tell.say("Nothing happens any more. The last windows close within 30 s.");
        let mut equal_since: Option<Instant> = None;
        let settled = until("all levels are equal", play.settle_wait(), async || {
            let (ledger, levels) = (self.wms.ledger().await?, self.shopify.levels().await?);
            let equal = ledger.waiting == 0
                && differences(&ledger, &levels).is_empty()
                && self.orders_equal(&ledger).await?;
            equal_since = if equal { equal_since.or_else(|| Some(Instant::now())) } else { None };
            let held = equal_since.filter(|since| since.elapsed() >= hold);
            Ok(held.map(|_| ()))
        })
        .await;
        match settled {
            Ok(()) => {
                let held = seconds(hold);
                self.tell.say(format!("All levels are equal, and stayed so for {held}."));
            }
            Err(error) => self.tell.say(format!("They do not come to rest: {error:#}")),
        }
        Ok(())
    }

    async fn orders_equal(&self, ledger: &Ledger) -> Result<bool> {
        Ok(!self.orders
            || trade::has_equal_lines(&ledger.trade(), &self.shopify.order_lines().await?))
    }

    /// What the rush cost at Shopify.
    pub(super) async fn tell_costs(&self, marks: &[i64]) -> Result<()> {
        let (mut calls, mut lines) = (0, 0);
        for (shop, mark) in self.shops.iter().zip(marks) {
            let (more_calls, more_lines) = self.shopify.stock_writes(shop, *mark, &HOT).await?;
            calls += more_calls;
            lines += more_lines;
        }
        self.tell.say(format!(
            "The rush of {MOVEMENTS} movements, shown in two stores, cost {} with {}.",
            many(calls, "Shopify write", "Shopify writes"),
            many(lines, "line", "lines"),
        ));
        Ok(())
    }

    /// The table, read from both ends, and the violations; true when both are good.
    pub(super) async fn judge(&self) -> Result<bool> {
        self.tell.part("Both sides: the warehouse's ledger, and Shopify's Admin GraphQL API");
        let mut levels = Levels::new();
        for shop in &self.shops {
            levels.extend(self.shopify.admin_levels(shop).await?);
        }
        let ledger = self.wms.ledger().await?;
        let mut equal = show(self.tell, &rows(&ledger, &levels));
        if self.orders {
            let mut stores = Trade::default();
            for shop in &self.shops {
                stores.extend(self.shopify.admin_orders(shop).await?);
            }
            equal &= trade::show(self.tell, &ledger.trade(), &stores);
        }
        let mut violations = Vec::new();
        for store in STORES {
            let found = self.shopify.violations(store).await?;
            violations.extend(found.into_iter().map(|one| format!("{}: {one}", store.id)));
        }
        let text = match violations.len() {
            0 => "No violation of Shopify's rules".to_owned(),
            count => format!("{} of Shopify's rules", many(count, "violation", "violations")),
        };
        self.tell.verdict(violations.is_empty(), &text);
        for violation in &violations {
            self.tell.line(format!("  {violation}"));
        }
        Ok(equal && violations.is_empty())
    }
}
