//! Everything that a person sets up, by the public API alone: back office, warehouses, token,
//! stores, locations, links, first counts, and then stock goes live.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::{BACK_OFFICE, BERLIN, LYON, STORES, THINGS};
use crate::http::Http;
use crate::json::{at, text};
use crate::shopify::{Shop, Shopify};
use crate::stage::{Stage, random_hex};
use crate::tell::{Teller, many, seconds};
use crate::wait::{Hopeless, until};
use crate::wms::Wms;

const REPORT_WAIT: Duration = Duration::from_secs(20);
/// How long the catalogues may take to be linked: what was reported must have arrived.
const LINKS_WAIT: Duration = Duration::from_secs(30);
/// Links of a store that are made by a file.
const BY_FILE: usize = 2;
/// What the first look shows is corrected within one window.
const FIRST_PUSH_WAIT: Duration = Duration::from_secs(45);

/// Everybody whom the story talks to.
#[derive(Debug)]
pub struct World<'a> {
    pub stage: &'a Stage,
    pub tell: &'a Teller,
    pub shopify: Shopify,
    pub wms: Wms,
    pub shops: Vec<Shop>,
    /// The warehouse serves the stores' orders.
    pub orders: bool,
}

/// Sets everything up, with orders or without.
///
/// # Errors
/// When somebody refuses.
pub async fn set_up<'a>(stage: &'a Stage, tell: &'a Teller, orders: bool) -> Result<World<'a>> {
    let admin_base = format!("{}/api/v1", stage.addresses.console);
    let admin = Admin(Http::new(&admin_base, Some(&stage.secrets.admin_token))?);
    let shopify = Shopify::at(&stage.addresses.shopify)?;

    let token = admin.back_office().await?;
    let wms = Wms::at(&stage.start_warehouse(&token, orders).await?)?;
    tell.say("Back office wms with warehouses BER and LYO; the warehouse got its token.");

    let mut shops = Vec::new();
    for store in STORES {
        let access_token = format!("shpat_{}", random_hex(32));
        let secret = &stage.secrets.shopify_secret;
        let shop = shopify.open(store, &access_token, secret).await?;
        admin.store(&shop, orders).await?;
        shops.push(shop);
        tell.say(format!(
            "Store {}: token checked, webhooks subscribed, {} mapped.",
            store.id,
            many(store.places.len(), "location was", "locations were"),
        ));
    }
    let world = World { stage, tell, shopify, wms, shops, orders };
    world.count().await?;
    world.link(&admin).await?;
    world.go_live(&admin).await?;
    if orders {
        world.take_orders(&admin).await?;
    }
    Ok(world)
}

impl World<'_> {
    /// Some links by hand and by a file per store, and all others by syncing products.
    async fn link(&self, admin: &Admin) -> Result<()> {
        let (mut by_hand, mut by_file) = (0, 0);
        for (number, shop) in self.shops.iter().enumerate() {
            let id = shop.store.id;
            let some = usize::from(number == 0);
            for variant in shop.variants.iter().take(some) {
                let path = format!("/stores/{id}/links/{}", variant.variant_id);
                let body = json!({ "backoffice": BACK_OFFICE, "sku": variant.sku });
                let made = admin.call(Method::PUT, &path, &body).await?;
                if at(&made, "/outcome") != "linked" {
                    bail!("the link by hand was not made: {made}");
                }
            }
            let mut file = String::from("variant_id,backoffice,sku\n");
            for variant in shop.variants.iter().skip(some).take(BY_FILE) {
                file.push_str(&format!("{},{BACK_OFFICE},{}\n", variant.variant_id, variant.sku));
            }
            let made = admin.csv(&format!("/stores/{id}/links"), file).await?;
            if at(&made, "/linked").as_u64() != u64::try_from(BY_FILE).ok() {
                bail!("the file did not link all: {made}");
            }
            by_hand += some;
            by_file += BY_FILE;
        }
        self.tell
            .say(format!("{by_hand} link by hand, {by_file} by CSV. Then products are synced:"));
        for shop in &self.shops {
            let synced = admin.sync_products(shop).await?;
            self.tell.detail(format!("{}: {synced} linked by SKU", shop.store.id));
        }
        Ok(())
    }

    /// The first counts: from here on Lockstep knows what the warehouses hold.
    async fn count(&self) -> Result<()> {
        let lines = THINGS.iter().flat_map(|thing| {
            [(BERLIN, thing.berlin), (LYON, thing.lyon)].map(|(warehouse, quantity)| {
                json!({ "sku": thing.sku, "warehouse": warehouse, "quantity": quantity })
            })
        });
        let lines: Vec<Value> = lines.collect();
        let counted = lines.len();
        self.wms.command("count", Value::Array(lines)).await?;
        until("the first counts are accepted", REPORT_WAIT, async || {
            Ok((self.wms.ledger().await?.waiting == 0).then_some(()))
        })
        .await?;
        self.tell.say(format!("The warehouse counted {counted} shelves and reported them."));
        Ok(())
    }

    /// From here on the warehouse is told of orders, and its parcels reach the stores.
    async fn take_orders(&self, admin: &Admin) -> Result<()> {
        for shop in &self.shops {
            let body = json!({ "orders": { "enabled": true }, "shipments": { "enabled": true } });
            admin.call(Method::PATCH, &format!("/stores/{}", shop.store.id), &body).await?;
        }
        self.tell.say("The warehouse reads the orders of both stores in its feed, and ships them.");
        Ok(())
    }

    async fn go_live(&self, admin: &Admin) -> Result<()> {
        let before = self.shopify.levels().await?;
        let started = Instant::now();
        for shop in &self.shops {
            let store = shop.store;
            let stock = json!({
                "enabled": "live", "mode": store.mode, "activate_at_location": store.activates,
            });
            let body = json!({ "enabled": true, "stock": stock });
            admin.call(Method::PATCH, &format!("/stores/{}", store.id), &body).await?;
            self.tell.say(format!("Stock of {} goes live in mode {}.", store.id, store.mode));
        }
        let wrong = crate::compare::differences(&self.wms.ledger().await?, &before);
        until("both stores show what the warehouses hold", FIRST_PUSH_WAIT, async || {
            let levels = self.shopify.levels().await?;
            let ledger = self.wms.ledger().await?;
            Ok(crate::compare::differences(&ledger, &levels).is_empty().then_some(()))
        })
        .await?;
        let after = self.shopify.levels().await?;
        let took = seconds(started.elapsed());
        self.tell.say(format!("What was wrong is right {took} later:"));
        for key in wrong {
            let shown = |levels: &crate::shopify::Levels| levels.get(&key).map(|one| one.available);
            if let (Some(was), Some(is)) = (shown(&before), shown(&after)) {
                self.tell.detail(crate::compare::change_line(&key, was, is));
            }
        }
        Ok(())
    }
}

/// Lockstep's admin API.
#[derive(Debug)]
struct Admin(Http);

impl Admin {
    /// Makes the back office and returns its token.
    async fn back_office(&self) -> Result<String> {
        let body = json!({
            "id": BACK_OFFICE, "kind": "contract", "name": "Demo warehouse",
            "stock": { "basis": "physical" },
        });
        self.call(Method::POST, "/backoffices", &body).await?;
        for (code, name) in [(BERLIN, "Berlin"), (LYON, "Lyon")] {
            let path = format!("/backoffices/{BACK_OFFICE}/warehouses/{code}");
            self.call(Method::PUT, &path, &json!({ "name": name })).await?;
        }
        let path = format!("/backoffices/{BACK_OFFICE}/tokens");
        let made = self.call(Method::POST, &path, &json!({ "label": "demo" })).await?;
        text(&made, "token")
    }

    /// Adds a store and maps its locations.
    async fn store(&self, shop: &Shop, orders: bool) -> Result<()> {
        let store = shop.store;
        let roles: &[&str] = if orders { &["stock", "orders", "shipments"] } else { &["stock"] };
        let body = json!({
            "id": store.id, "shop_domain": store.domain, "access_token": shop.access_token,
            "backoffices": [{ "id": BACK_OFFICE, "roles": roles }],
        });
        let made = self.call(Method::POST, "/stores", &body).await?;
        let refused = at(&made, "/webhooks/refused");
        if refused.as_array().is_none_or(|all| !all.is_empty()) {
            bail!("webhooks of {} were refused: {refused}", store.id);
        }
        for (name, location_id) in &shop.locations {
            let mut places = store.places.iter();
            let place = places.find(|place| place.location == name).context("a known location")?;
            let warehouse = format!("{BACK_OFFICE}/{}", place.warehouse);
            let path = format!("/stores/{}/locations/{location_id}", store.id);
            self.call(Method::PUT, &path, &json!({ "warehouses": [warehouse] })).await?;
        }
        Ok(())
    }

    /// Syncs products until every variant of a store is linked: the first run may come before what
    /// the warehouse counted. Answers how many links the runs made.
    async fn sync_products(&self, shop: &Shop) -> Result<u64> {
        let (id, all) = (shop.store.id, u64::try_from(shop.variants.len())?);
        let mut made = 0;
        until(&format!("every variant of {id} is linked"), LINKS_WAIT, async || {
            let path = format!("/stores/{id}/products/sync");
            let started = self.0.post(&path, &json!({})).await?;
            let job = text(at(&started, "/job"), "id")?;
            let done = self.job_done(&job).await?;
            let count = |name: &str| at(&done, &format!("/result/{name}")).as_u64().unwrap_or(0);
            made += count("linked_by_sku");
            Ok((count("linked_before") + count("linked_by_sku") == all).then_some(made))
        })
        .await
    }

    async fn job_done(&self, id: &str) -> Result<Value> {
        until(&format!("the job {id} is done"), LINKS_WAIT, async || {
            let answer = self.0.get(&format!("/jobs/{id}")).await?;
            let job = at(&answer, "/job");
            match at(job, "/state").as_str() {
                Some("done") => Ok(Some(job.clone())),
                Some("failed" | "cancelled") => Err(Hopeless(format!("it ended: {job}")).into()),
                _ => Ok(None),
            }
        })
        .await
    }

    /// A call whose change every service must have adopted.
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let answer = self.0.send(method, path, body).await?;
        let pending = answer.get("pending").and_then(Value::as_array);
        if pending.is_some_and(|services| !services.is_empty()) {
            bail!("{path}: services did not adopt the change: {answer}");
        }
        Ok(answer)
    }

    async fn csv(&self, path: &str, file: String) -> Result<Value> {
        let shape = |request: reqwest::RequestBuilder| {
            request.header("Content-Type", "text/csv").body(file.clone())
        };
        self.0.call(Method::POST, path, shape).await
    }
}
