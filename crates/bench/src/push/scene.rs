//! Two stores with as many levels each: one over a back office of physical numbers, one over one
//! of sellable numbers. Everything is counted, linked, read and live, and nothing waits.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use lockstep_demo::http::Http;
use lockstep_demo::json::{at, id, list, text};
use lockstep_demo::stage::random_hex;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use tokio::time::Instant;

use crate::reports;
use crate::shop::{self, LOCATION, WAREHOUSE};
use crate::stage::Stage;

/// What each call takes the local Shopify.
pub const LATENCY_MS: u64 = 150;
/// Variants of one product at the local Shopify.
const VARIANTS: usize = 500;
/// Rows of one file of links.
const ROWS: usize = 1_000;
/// The longest that everything may take to come to rest.
const QUIET_MAX: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_millis(100);
/// Nothing waits for so long.
const QUIET: Duration = Duration::from_secs(3);
const GRAPHQL: &str = "admin/api/2026-10/graphql.json";

/// A store of the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Store {
    /// Its id.
    pub id: &'static str,
    /// The back office behind it.
    pub back_office: &'static str,
    /// The kind of its numbers.
    pub basis: &'static str,
}

const STORES: [Store; 2] = [
    Store { id: "north", back_office: "wms", basis: "physical" },
    Store { id: "south", back_office: "erp", basis: "sellable" },
];

/// A level that is pushed.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// The back office's code.
    pub sku: String,
    /// Shopify's number of the item.
    pub item: i64,
    variant: i64,
}

/// What runs, and what is in it.
pub struct Scene {
    /// The processes.
    pub stage: Stage,
    database: PgConnection,
    places: Vec<Place>,
}

/// One store's own.
pub struct Place {
    store: Store,
    /// The contract's API for its back office.
    pub gateway: Http,
    /// Its levels.
    pub shelves: Vec<Shelf>,
}

impl Scene {
    /// Everything from nothing.
    pub async fn set(levels: usize) -> Result<Self> {
        let stage = Stage::start().await?;
        let database = PgConnection::connect(&stage.database_url()).await?;
        let mut scene = Self { stage, database, places: Vec::new() };
        for store in STORES {
            let begun = Instant::now();
            let place = scene.place(store, levels).await?;
            scene.places.push(place);
            scene.quiet(store.id).await?;
            println!("  {} has {levels} levels after {:.0?}", store.id, begun.elapsed());
        }
        Ok(scene)
    }

    /// The stores.
    pub fn stores(&self) -> [Store; 2] {
        STORES
    }

    /// What a store has.
    pub fn of(&self, store: Store) -> Result<&Place> {
        let mut places = self.places.iter();
        places.find(|place| place.store == store).context("a store of the scene")
    }

    /// Puts a store into a mode, and waits until it rests.
    pub async fn switch(&mut self, store: Store, mode: &str) -> Result<()> {
        self.shopify(store, &json!({ "plan": "enterprise", "latency_ms": 0 })).await?;
        let stock = json!({ "enabled": "live", "mode": mode, "window_edge": "trailing" });
        let body = json!({ "enabled": true, "stock": stock });
        shop::call(&self.stage, Method::PATCH, &format!("/stores/{}", store.id), &body).await?;
        self.quiet(store.id).await
    }

    /// Changes settings of a store's shop at the local Shopify.
    pub async fn shopify(&self, store: Store, settings: &Value) -> Result<()> {
        let path = format!("/_standin/{}/settings", shop::domain(store.id));
        self.stage.shopify.post(&path, settings).await.map(drop)
    }

    /// Waits until nothing of a store waits: no level is due, and no call is open.
    pub async fn quiet(&mut self, store: &str) -> Result<()> {
        let query = "select exists (select 1 from stock_sync.timers \
                     where lane = $1 and due_at is not null) \
                     or exists (select 1 from stock_sync.effects \
                     where lane = $1 and state <> 'closed')";
        let begun = Instant::now();
        let mut last_busy = begun;
        while last_busy.elapsed() < QUIET {
            let asked = sqlx::query_scalar(query).bind(store);
            if asked.fetch_one(&mut self.database).await? {
                last_busy = Instant::now();
            }
            if begun.elapsed() > QUIET_MAX {
                bail!("{store} does not come to rest within {QUIET_MAX:?}");
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn place(&mut self, store: Store, levels: usize) -> Result<Place> {
        let stage = &self.stage;
        let gateway = shop::back_office_of(stage, store.back_office, store.basis).await?;
        let token = format!("shpat_{}", random_hex(32));
        let (location, shelves) = shelves(stage, store, &token, levels).await?;
        let skus: Vec<String> = shelves.iter().map(|shelf| shelf.sku.clone()).collect();
        reports::count_all(&gateway, &skus).await?;
        let roles = json!([{ "id": store.back_office, "roles": ["stock"] }]);
        let body = json!({ "id": store.id, "shop_domain": shop::domain(store.id),
            "access_token": token, "backoffices": roles });
        shop::call(stage, Method::POST, "/stores", &body).await?;
        deafen(stage, store, &token).await?;
        let path = format!("/stores/{}/locations/{location}", store.id);
        let warehouse = format!("{}/{WAREHOUSE}", store.back_office);
        shop::call(stage, Method::PUT, &path, &json!({ "warehouses": [warehouse] })).await?;
        for part in shelves.chunks(ROWS) {
            let mut file = String::from("variant_id,backoffice,sku\n");
            for Shelf { sku, variant, .. } in part {
                file.push_str(&format!("{variant},{},{sku}\n", store.back_office));
            }
            let shape = |request: RequestBuilder| {
                request.header("Content-Type", "text/csv").body(file.clone())
            };
            let path = format!("/stores/{}/links", store.id);
            let done = stage.admin.call(Method::POST, &path, shape).await?;
            ensure!(at(&done, "/linked") == part.len(), "not all is linked: {done}");
        }
        Ok(Place { store, gateway, shelves })
    }
}

/// A shop with so many variants, stocked at one location; gives the location.
async fn shelves(
    stage: &Stage,
    store: Store,
    token: &str,
    levels: usize,
) -> Result<(i64, Vec<Shelf>)> {
    let domain = shop::domain(store.id);
    let shop = json!({
        "shop_domain": domain, "access_token": token, "api_secret": stage.api_secret,
        "plan": "enterprise", "locations": [{ "name": LOCATION }],
    });
    let shop = stage.shopify.post("/_standin/shops", &shop).await?;
    let location = list(&shop, "locations").next().context("the shop has a location")?;
    let location = id(location, "id")?;
    let skus: Vec<String> =
        (0..levels).map(|n| format!("{}-{n:06}", store.back_office.to_uppercase())).collect();
    let mut shelves = Vec::with_capacity(levels);
    for part in skus.chunks(VARIANTS) {
        let variant = |sku: &String| {
            json!({ "sku": sku, "title": sku, "price": "12.00", "tracked": true, "policy": "DENY",
                "quantities": [{ "location": LOCATION, "available": 1_000 }] })
        };
        let variants: Vec<Value> = part.iter().map(variant).collect();
        let product = json!({ "title": part.first(), "status": "ACTIVE", "variants": variants });
        let path = format!("/_standin/{domain}/act/add_product");
        let made = stage.shopify.post(&path, &product).await?;
        for made in list(&made, "variants") {
            let (variant, item) = (id(made, "id")?, id(made, "inventory_item_id")?);
            shelves.push(Shelf { sku: text(made, "sku")?, item, variant });
        }
    }
    ensure!(shelves.len() == levels, "the shop has {} variants", shelves.len());
    Ok((location, shelves))
}

/// Ends the subscriptions of a shop: what is measured is what is sent to it.
async fn deafen(stage: &Stage, store: Store, token: &str) -> Result<()> {
    let path = format!("/{}/{GRAPHQL}", shop::domain(store.id));
    let ask = async |query: String| {
        let body = json!({ "query": query });
        let shape =
            |request: RequestBuilder| request.header("X-Shopify-Access-Token", token).json(&body);
        stage.shopify.call(Method::POST, &path, shape).await
    };
    let found = ask("{ webhookSubscriptions(first: 100) { nodes { id } } }".to_owned()).await?;
    for known in list(at(&found, "/data/webhookSubscriptions"), "nodes") {
        let id = text(known, "id")?;
        let end = format!(
            "mutation {{ webhookSubscriptionDelete(id: \"{id}\") {{ userErrors {{ message }} }} }}"
        );
        let ended = ask(end).await?;
        let refused = list(at(&ended, "/data/webhookSubscriptionDelete"), "userErrors").count();
        ensure!(refused == 0, "a subscription cannot be ended: {ended}");
    }
    Ok(())
}
