//! A store that trades: its orders are told to a back office, which reads its feed and reports.

use serde_json::{Value, json};

use crate::http::Api;
use crate::world::{Shop, World};

/// Entries of the feed that are read at once.
const FEED_MAX: usize = 500;

/// The store `north` with a hundred LAMP and a hundred SHADE in Berlin and in Lyon, both linked;
/// behind it the back office `wms` with the warehouses MAIN and SIDE.
pub struct Trade {
    /// Everything around it.
    pub world: World,
    /// The contract's API, as the back office calls it.
    pub wms: Api,
    /// The store.
    pub shop: Shop,
}

impl Trade {
    /// Berlin is served by `wms/MAIN` and Lyon by `wms/SIDE`, as far as they are named; the back
    /// office has these roles, and the store is enabled.
    pub async fn start(roles: &[&str], mapped: &[&str]) -> Self {
        Self::on(World::start().await, roles, mapped).await
    }

    /// The same in a world that is there already.
    pub async fn on(world: World, roles: &[&str], mapped: &[&str]) -> Self {
        let wms = world.backoffice("wms", "physical", &["MAIN", "SIDE"]).await;
        let items = [("LAMP", 100), ("SHADE", 100)];
        let shop = world.store("north", "wms", &["Berlin", "Lyon"], &items).await;
        let trade = Self { world, wms, shop };
        trade.patch(json!({"backoffices": [{"id": "wms", "roles": roles}]})).await;
        for (location, warehouse) in [("Berlin", "wms/MAIN"), ("Lyon", "wms/SIDE")] {
            if mapped.contains(&location) {
                trade.world.map(&trade.shop, location, &[warehouse]).await;
            }
        }
        for sku in ["LAMP", "SHADE"] {
            trade.world.link(&trade.shop, "wms", sku).await;
        }
        trade.patch(json!({"enabled": true})).await;
        trade
    }

    /// Changes settings of the store; they are adopted by every service then.
    pub async fn patch(&self, body: Value) {
        let path = format!("/api/v1/stores/{}", self.shop.id);
        self.world.patient(self.world.admin.patch(&path, &body)).await.ok();
    }

    /// Something happens in Shopify.
    pub fn act(&self, act: &str, body: Value) -> Value {
        let shop = self.world.standin.shop(&self.shop.domain).expect("a shop");
        shop.act(act, body).unwrap_or_else(|refused| panic!("{act}: {refused:?}"))
    }

    /// A customer buys; gives the order's id.
    pub fn checkout(&self, purchase: Value) -> i64 {
        self.act("checkout", purchase)["order_id"].as_i64().expect("an id")
    }

    /// The stand-in fails in a way from here on.
    pub fn fault(&self, body: Value) {
        let shop = self.world.standin.shop(&self.shop.domain).expect("a shop");
        shop.fault(body).expect("a fault that the stand-in knows");
    }

    /// Everything in the feed, from its beginning.
    pub async fn feed(&self) -> Vec<Value> {
        let page = self.wms.get(&format!("/v1/feed?after=0&limit={FEED_MAX}")).await.ok();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        assert!(items.len() < FEED_MAX, "a test that tells so much reads page by page");
        items
    }

    /// Verdicts on a report, in the order in which they were given.
    pub async fn verdicts(&self, event_id: &str) -> Vec<Value> {
        let items = self.feed().await.into_iter().map(|mut item| item["verdict"].take());
        items.filter(|verdict| verdict["event_id"] == event_id).collect()
    }

    /// Waits until the last verdict on a report is this one; gives it.
    pub async fn until_verdict(&self, event_id: &str, outcome: &str) -> Value {
        let outcome = format!("VERDICT_OUTCOME_{outcome}");
        self.world
            .until("the report is judged", async || {
                let verdicts = self.verdicts(event_id).await;
                verdicts.last().is_some_and(|verdict| verdict["outcome"] == outcome.as_str())
            })
            .await;
        self.verdicts(event_id).await.pop().unwrap_or_default()
    }

    /// Stops the product as SIGTERM does, and starts it again over the same data.
    pub async fn restart(&mut self) {
        self.world.restart().await;
        // The token of the contract's API lives on; its address is another.
        self.wms = self.world.again(&self.wms);
    }
}
