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
use crate::wait::until;
use crate::wms::Wms;

const REPORT_WAIT: Duration = Duration::from_secs(20);
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
}

/// Sets everything up.
///
/// # Errors
/// When somebody refuses.
pub async fn set_up<'a>(stage: &'a Stage, tell: &'a Teller) -> Result<World<'a>> {
    let admin_base = format!("{}/api/v1", stage.addresses.console);
    let admin = Admin(Http::new(&admin_base, Some(&stage.secrets.admin_token))?);
    let shopify = Shopify::at(&stage.addresses.shopify)?;

    let token = admin.back_office().await?;
    let wms = Wms::at(&stage.start_warehouse(&token).await?)?;
    tell.say("Back office wms with warehouses BER and LYO; the warehouse got its token.");

    let mut shops = Vec::new();
    for store in STORES {
        let access_token = format!("shpat_{}", random_hex(32));
        let secret = &stage.secrets.shopify_secret;
        let shop = shopify.open(store, &access_token, secret).await?;
        admin.store(&shop).await?;
        shops.push(shop);
        tell.say(format!(
            "Store {}: token checked, webhooks subscribed, {} mapped.",
            store.id,
            many(store.places.len(), "location was", "locations were"),
        ));
    }
    let world = World { stage, tell, shopify, wms, shops };
    world.link(&admin).await?;
    world.count().await?;
    world.go_live(&admin).await?;
    Ok(world)
}

impl World<'_> {
    /// One link by hand, the rest by a file per store.
    async fn link(&self, admin: &Admin) -> Result<()> {
        let mut linked = 0;
        for (number, shop) in self.shops.iter().enumerate() {
            let id = shop.store.id;
            let by_hand = usize::from(number == 0);
            for variant in shop.variants.iter().take(by_hand) {
                let path = format!("/stores/{id}/links/{}", variant.variant_id);
                let body = json!({ "backoffice": BACK_OFFICE, "sku": variant.sku });
                let made = admin.call(Method::PUT, &path, &body).await?;
                if at(&made, "/outcome") != "linked" {
                    bail!("the link by hand was not made: {made}");
                }
            }
            let mut file = String::from("variant_id,backoffice,sku\n");
            for variant in shop.variants.iter().skip(by_hand) {
                file.push_str(&format!("{},{BACK_OFFICE},{}\n", variant.variant_id, variant.sku));
            }
            let made = admin.csv(&format!("/stores/{id}/links"), file).await?;
            let count = at(&made, "/linked").as_u64().unwrap_or_default();
            if count != u64::try_from(shop.variants.len() - by_hand)? {
                bail!("the file did not link all: {made}");
            }
            linked += shop.variants.len();
        }
        self.tell
            .say(format!("{linked} links from variants to SKUs: one by hand, the rest by CSV."));
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
            let shown = |levels: &crate::shopify::Levels| levels.get(&key).map(|one| one.on_hand);
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
    async fn store(&self, shop: &Shop) -> Result<()> {
        let store = shop.store;
        let body = json!({
            "id": store.id, "shop_domain": store.domain, "access_token": shop.access_token,
            "backoffices": [{ "id": BACK_OFFICE, "roles": ["stock"] }],
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
