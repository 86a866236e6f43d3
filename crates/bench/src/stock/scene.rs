//! One back office with two warehouses, three stores that show both, everything counted, linked,
//! read and live, and a fourth shop whose variants are yet to be imported.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use lockstep_demo::http::Http;
use lockstep_demo::json::{at, id, list, text};
use lockstep_demo::stage::random_hex;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::database::Database;
use crate::reports::{self, BATCH};
use crate::shop::{self, BACK_OFFICE, LOCATION, WAREHOUSE};
use crate::stage::Stage;

/// What each call takes the local Shopify while something is measured.
pub const LATENCY_MS: u64 = 150;
/// The stores that are linked.
pub const STORES: [&str; 3] = ["north", "south", "west"];
/// The store whose variants are imported.
pub const NEWCOMER: &str = "east";
/// The warehouses behind each location.
pub const WAREHOUSES: [&str; 2] = [WAREHOUSE, "SPARE"];
/// Variants of one product at the local Shopify.
const VARIANTS: usize = 500;
/// Rows of one file of links.
const ROWS: usize = 1_000;
/// The longest that everything may take to come to rest.
const QUIET_MAX: Duration = Duration::from_secs(1_800);
const POLL: Duration = Duration::from_millis(200);
/// Nothing waits for so long.
const QUIET: Duration = Duration::from_secs(3);
const GRAPHQL: &str = "admin/api/2026-10/graphql.json";

/// A variant at a shop.
#[derive(Clone, Copy, Debug)]
pub struct Shelf {
    /// Shopify's number of the item.
    pub item: i64,
    variant: i64,
}

/// A store with its variants, in the order of the SKUs.
pub struct Shop {
    /// The store.
    pub id: &'static str,
    /// Its variants.
    pub shelves: Vec<Shelf>,
}

/// What runs, and what is in it.
pub struct Scene {
    /// The processes.
    pub stage: Stage,
    /// What the product has committed.
    pub database: Database,
    /// The contract's API for the back office.
    pub gateway: Http,
    /// All SKUs.
    pub skus: Vec<String>,
    /// The linked stores.
    pub shops: Vec<Shop>,
}

impl Scene {
    /// Everything from nothing.
    pub async fn set(skus: usize) -> Result<Self> {
        let stage = Stage::start().await?;
        let database = Database::open(&stage).await?;
        let gateway = shop::back_office(&stage).await?;
        let [_, spare] = WAREHOUSES;
        let path = format!("/backoffices/{BACK_OFFICE}/warehouses/{spare}");
        shop::call(&stage, Method::PUT, &path, &json!({ "name": "Spare" })).await?;
        let skus: Vec<String> = (0..skus).map(|number| format!("LAMP-{number:06}")).collect();
        let mut scene = Self { stage, database, gateway, skus, shops: Vec::new() };
        scene.count_all().await?;
        for store in STORES {
            let begun = Instant::now();
            let shelves = scene.open(store).await?;
            scene.link(store, &shelves).await?;
            scene.shops.push(Shop { id: store, shelves });
            scene.go_live(store).await?;
            scene.quiet(&[store]).await?;
            scene.shopify(store, &json!({ "plan": "standard", "latency_ms": LATENCY_MS })).await?;
            println!("  {store} has {} links after {:.0?}", scene.skus.len(), begun.elapsed());
        }
        Ok(scene)
    }

    /// Adds a shop and its store, mapped but not linked.
    pub async fn open(&self, store: &'static str) -> Result<Vec<Shelf>> {
        let stage = &self.stage;
        let token = format!("shpat_{}", random_hex(32));
        let (location, shelves) = self.shelves(store, &token).await?;
        let roles = json!([{ "id": BACK_OFFICE, "roles": ["stock"] }]);
        let body = json!({ "id": store, "shop_domain": shop::domain(store),
            "access_token": token, "backoffices": roles });
        shop::call(stage, Method::POST, "/stores", &body).await?;
        self.deafen(store, &token).await?;
        let path = format!("/stores/{store}/locations/{location}");
        let warehouses = WAREHOUSES.map(|code| format!("{BACK_OFFICE}/{code}"));
        shop::call(stage, Method::PUT, &path, &json!({ "warehouses": warehouses })).await?;
        Ok(shelves)
    }

    /// Windows and mode are those by default.
    pub async fn go_live(&self, store: &str) -> Result<()> {
        let body = json!({ "enabled": true, "stock": { "enabled": "live" } });
        let path = format!("/stores/{store}");
        shop::call(&self.stage, Method::PATCH, &path, &body).await.map(drop)
    }

    /// Changes settings of a store's shop at the local Shopify.
    pub async fn shopify(&self, store: &str, settings: &Value) -> Result<()> {
        let path = format!("/_standin/{}/settings", shop::domain(store));
        self.stage.shopify.post(&path, settings).await.map(drop)
    }

    /// Waits until nothing of these stores waits.
    pub async fn quiet(&mut self, stores: &[&str]) -> Result<()> {
        let begun = Instant::now();
        let mut last_busy = begun;
        while last_busy.elapsed() < QUIET {
            if self.database.is_busy(stores).await? {
                last_busy = Instant::now();
            }
            if begun.elapsed() > QUIET_MAX {
                bail!("{stores:?} do not come to rest within {QUIET_MAX:?}");
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Waits until nothing of any linked store waits.
    pub async fn quiet_all(&mut self) -> Result<()> {
        self.quiet(&STORES).await
    }

    /// Mistakes that the local Shopify saw.
    pub async fn violations(&self) -> Result<u64> {
        let mut all = 0;
        for store in STORES.into_iter().chain([NEWCOMER]) {
            let path = format!("/_standin/{}/violations", shop::domain(store));
            let found = self.stage.shopify.get(&path).await?;
            all += at(&found, "/count").as_u64().context("a count")?;
        }
        Ok(all)
    }

    /// Counts every SKU in both warehouses, so that all positions are known.
    async fn count_all(&self) -> Result<()> {
        for warehouse in WAREHOUSES {
            for batch in self.skus.chunks(BATCH) {
                let count = |sku: &String| {
                    json!({ "event_id": format!("count-{warehouse}-{sku}"), "sku": sku,
                        "quantity": "1000", "warehouse_code": warehouse,
                        "counted_at": Timestamp::now() })
                };
                let counts: Vec<Value> = batch.iter().map(count).collect();
                let body = json!({ "counts": counts }).to_string();
                reports::post(&self.gateway, "counts", body.into()).await?;
            }
        }
        Ok(())
    }

    async fn link(&self, store: &str, shelves: &[Shelf]) -> Result<()> {
        for (skus, shelves) in self.skus.chunks(ROWS).zip(shelves.chunks(ROWS)) {
            let mut file = String::from("variant_id,backoffice,sku\n");
            for (sku, Shelf { variant, .. }) in skus.iter().zip(shelves) {
                file.push_str(&format!("{variant},{BACK_OFFICE},{sku}\n"));
            }
            let shape = |request: RequestBuilder| {
                request.header("Content-Type", "text/csv").body(file.clone())
            };
            let path = format!("/stores/{store}/links");
            let done = self.stage.admin.call(Method::POST, &path, shape).await?;
            let linked = done.get("linked").and_then(Value::as_u64).unwrap_or_default();
            ensure!(linked == skus.len() as u64, "not all is linked: {done}");
        }
        Ok(())
    }

    /// A shop with a variant for every SKU, stocked at one location; gives the location.
    async fn shelves(&self, store: &str, token: &str) -> Result<(i64, Vec<Shelf>)> {
        let domain = shop::domain(store);
        let shop = json!({
            "shop_domain": domain, "access_token": token, "api_secret": self.stage.api_secret,
            "plan": "enterprise", "locations": [{ "name": LOCATION }],
        });
        let shop = self.stage.shopify.post("/_standin/shops", &shop).await?;
        let location = list(&shop, "locations").next().context("the shop has a location")?;
        let location = id(location, "id")?;
        let mut shelves = Vec::with_capacity(self.skus.len());
        for part in self.skus.chunks(VARIANTS) {
            let variant = |sku: &String| {
                json!({ "sku": sku, "title": sku, "price": "12.00", "tracked": true,
                    "policy": "DENY",
                    "quantities": [{ "location": LOCATION, "available": 2_000 }] })
            };
            let variants: Vec<Value> = part.iter().map(variant).collect();
            let product =
                json!({ "title": part.first(), "status": "ACTIVE", "variants": variants });
            let path = format!("/_standin/{domain}/act/add_product");
            let made = self.stage.shopify.post(&path, &product).await?;
            for (made, sku) in list(&made, "variants").zip(part) {
                ensure!(text(made, "sku")? == *sku, "variants are in another order: {made}");
                let (variant, item) = (id(made, "id")?, id(made, "inventory_item_id")?);
                shelves.push(Shelf { item, variant });
            }
        }
        ensure!(shelves.len() == self.skus.len(), "the shop has {} variants", shelves.len());
        Ok((location, shelves))
    }

    /// Ends the subscriptions of a shop: what is measured is what is sent to it.
    async fn deafen(&self, store: &str, token: &str) -> Result<()> {
        let path = format!("/{}/{GRAPHQL}", shop::domain(store));
        let ask = async |query: String| {
            let body = json!({ "query": query });
            let shape = |request: RequestBuilder| {
                request.header("X-Shopify-Access-Token", token).json(&body)
            };
            self.stage.shopify.call(Method::POST, &path, shape).await
        };
        let found = ask("{ webhookSubscriptions(first: 100) { nodes { id } } }".to_owned()).await?;
        for known in list(at(&found, "/data/webhookSubscriptions"), "nodes") {
            let id = text(known, "id")?;
            let end = format!(
                "mutation {{ webhookSubscriptionDelete(id: \"{id}\") \
                 {{ userErrors {{ message }} }} }}"
            );
            let ended = ask(end).await?;
            let refused = list(at(&ended, "/data/webhookSubscriptionDelete"), "userErrors").count();
            ensure!(refused == 0, "a subscription cannot be ended: {ended}");
        }
        Ok(())
    }
}
