//! The local Shopify: what merchants and customers do, and what its Admin API says.

mod orders;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::cast::{STORES, Store};
use crate::http::Http;
use crate::json::{at, id, list, text};
use crate::stage::random_hex;
use crate::wms::Pieces;

/// It may be killed, and is back soon.
const PATIENCE: Duration = Duration::from_secs(30);

/// Processes of the story are killed, so that an answer is heard and forgotten: so often for one
/// key.
const REFUSALS_LOST: u32 = 8;

/// A number in a store that a customer can see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LevelKey {
    pub store: &'static str,
    pub location: String,
    pub sku: String,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub on_hand: i64,
    pub available: i64,
    pub committed: i64,
}

/// All levels that are stocked.
pub type Levels = BTreeMap<LevelKey, Shown>;

/// Ids that a store gave to a thing.
#[derive(Debug, Clone)]
pub struct Variant {
    pub sku: String,
    pub variant_id: i64,
    pub item_id: i64,
}

/// A store as it was made.
#[derive(Debug, Clone)]
pub struct Shop {
    pub store: &'static Store,
    pub access_token: String,
    pub locations: Vec<(String, i64)>,
    pub variants: Vec<Variant>,
}

/// An order of a customer, of one line.
#[derive(Debug, Clone)]
pub struct Order {
    pub name: String,
    /// As the back-office contract names it: `north:1001`.
    pub key: String,
    pub order_id: i64,
    pub line_id: String,
    pub sku: String,
    pub quantity: i64,
}

impl Order {
    /// Some of its pieces, for a warehouse.
    #[must_use]
    pub fn pieces<'a>(&'a self, warehouse: &'a str, quantity: i64) -> Pieces<'a> {
        let Self { key, line_id, sku, .. } = self;
        Pieces { order_key: key, warehouse, line_id, sku, quantity }
    }
}

/// Read with the store's own token, as anybody could.
const LEVELS_QUERY: &str = "query DemoLevels {
  locations(first: 10) {
    nodes {
      name
      inventoryLevels(first: 60) {
        nodes {
          item { sku tracked }
          quantities(names: [\"on_hand\", \"available\", \"committed\"]) { name quantity }
        }
        pageInfo { hasNextPage }
      }
    }
  }
}";

/// A client of the stand-in.
#[derive(Debug)]
pub struct Shopify {
    pub http: Http,
}

impl Shopify {
    /// The stand-in at this address.
    ///
    /// # Errors
    /// When there is no HTTP client to be had.
    pub fn at(base: &str) -> Result<Self> {
        Ok(Self { http: Http::new(base, None)?.patient(PATIENCE) })
    }

    /// Opens a store with what it shows at the beginning.
    ///
    /// # Errors
    /// When the stand-in refuses.
    pub async fn open(&self, store: &'static Store, token: &str, secret: &str) -> Result<Shop> {
        let locations: Vec<Value> =
            store.places.iter().map(|place| json!({ "name": place.location })).collect();
        let products = store.things().map(|thing| {
            let quantities = store.places.iter().map(|place| {
                json!({ "location": place.location, "available": store.shows_first(thing, place) })
            });
            let quantities: Vec<Value> = quantities.collect();
            json!({ "title": thing.title, "status": "ACTIVE", "variants": [{
                "sku": thing.sku, "title": "Default Title", "price": "12.00", "tracked": true,
                "policy": "DENY", "quantities": quantities,
            }]})
        });
        let body = json!({
            "shop_domain": store.domain,
            "access_token": token,
            "api_secret": secret,
            "locations": locations,
            "products": products.collect::<Vec<_>>(),
        });
        let made = self.http.post("/_standin/shops", &body).await?;
        let path = format!("/_standin/{}/settings", store.domain);
        let settings = json!({ "refusals_may_be_lost": REFUSALS_LOST });
        self.http.post(&path, &settings).await.context("the settings of a shop")?;
        let locations =
            list(&made, "locations").map(|one| Ok((text(one, "name")?, id(one, "id")?)));
        let variants = list(&made, "products").flat_map(|product| list(product, "variants"));
        let variants = variants.map(|one| {
            let (variant_id, item_id) = (id(one, "id")?, id(one, "inventory_item_id")?);
            Ok(Variant { sku: text(one, "sku")?, variant_id, item_id })
        });
        Ok(Shop {
            store,
            access_token: token.to_owned(),
            locations: locations.collect::<Result<_>>()?,
            variants: variants.collect::<Result<_>>()?,
        })
    }

    /// Something that a merchant or a customer does: once, even when the answer is not heard.
    ///
    /// # Errors
    /// When the stand-in refuses.
    pub async fn act(&self, store: &Store, act: &str, body: Value) -> Result<Value> {
        self.once(&format!("/_standin/{}/act/{act}", store.domain), body).await
    }

    /// A fault that the stand-in plays: once, even when the answer is not heard.
    ///
    /// # Errors
    /// When the stand-in refuses.
    pub async fn fault(&self, store: &Store, body: Value) -> Result<()> {
        self.once(&format!("/_standin/{}/faults", store.domain), body).await.map(drop)
    }

    async fn once(&self, path: &str, mut body: Value) -> Result<Value> {
        if let Some(fields) = body.as_object_mut() {
            fields.insert("request_id".to_owned(), random_hex(16).into());
        }
        self.http.post(path, &body).await
    }

    /// A customer buys.
    ///
    /// # Errors
    /// When the store has not enough.
    pub async fn checkout(
        &self,
        store: &Store,
        sku: &str,
        quantity: i64,
        location: &str,
    ) -> Result<Order> {
        let lines = json!([{ "sku": sku, "quantity": quantity }]);
        let body = json!({ "lines": lines, "location": location });
        let made = self.act(store, "checkout", body).await?;
        let line = list(&made, "lines").next().context("an order has lines")?;
        let order_id = id(&made, "order_id")?;
        Ok(Order {
            name: text(&made, "name")?,
            key: format!("{}:{order_id}", store.id),
            order_id,
            line_id: id(line, "line_item_id")?.to_string(),
            sku: sku.to_owned(),
            quantity,
        })
    }

    /// Every stocked level, as the stand-in keeps it. For following the story: the comparison at
    /// the end reads the Admin API.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn levels(&self) -> Result<Levels> {
        let mut levels = Levels::new();
        for store in STORES {
            let seen = self.http.get(&format!("/_standin/{}", store.domain)).await?;
            for level in list(&seen, "levels").filter(|level| at(level, "/active") == true) {
                let location = text(level, "location")?;
                let key = LevelKey { store: store.id, location, sku: text(level, "sku")? };
                let number = |name| id(level, name);
                let (available, committed) = (number("available")?, number("committed")?);
                levels.insert(key, Shown { on_hand: number("on_hand")?, available, committed });
            }
        }
        Ok(levels)
    }

    /// Every stocked level of one store by the Admin GraphQL API.
    ///
    /// # Errors
    /// When the query fails or the page is not the only one.
    pub async fn admin_levels(&self, shop: &Shop) -> Result<Levels> {
        let answer = self.admin(shop, &json!({ "query": LEVELS_QUERY })).await?;
        let mut levels = Levels::new();
        for location in list(at(&answer, "/data/locations"), "nodes") {
            let page = at(location, "/inventoryLevels");
            if at(page, "/pageInfo/hasNextPage") != false {
                bail!("the store has more levels than one page: {answer}");
            }
            for node in list(page, "nodes") {
                let quantity = |name: &str| {
                    let mut all = list(node, "quantities");
                    let found = all.find(|one| at(one, "/name") == name);
                    found.map(|one| id(one, "quantity")).context("a quantity")?
                };
                let (location, sku) = (text(location, "name")?, text(at(node, "/item"), "sku")?);
                let key = LevelKey { store: shop.store.id, location, sku };
                let (available, committed) = (quantity("available")?, quantity("committed")?);
                levels.insert(key, Shown { on_hand: quantity("on_hand")?, available, committed });
            }
        }
        Ok(levels)
    }

    /// A query of the Admin GraphQL API, with the store's own token.
    async fn admin(&self, shop: &Shop, body: &Value) -> Result<Value> {
        let path = format!("/{}/admin/api/2026-10/graphql.json", shop.store.domain);
        let token = &shop.access_token;
        let shape = |request: reqwest::RequestBuilder| {
            request.header("X-Shopify-Access-Token", token).json(body)
        };
        let answer = self.http.call(reqwest::Method::POST, &path, shape).await?;
        if let Some(errors) = answer.get("errors") {
            bail!("Shopify answers {errors}");
        }
        Ok(answer)
    }

    /// The number of the last entry of a store's journal.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn journal_end(&self, store: &Store) -> Result<i64> {
        let path = format!("/_standin/{}/journal?limit=1", store.domain);
        id(&self.http.get(&path).await?, "last")
    }

    /// How many calls wrote stock of these things since the journal's entry, and how many lines
    /// those calls had.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn stock_writes(
        &self,
        shop: &Shop,
        after: i64,
        skus: &[&str],
    ) -> Result<(usize, usize)> {
        let domain = shop.store.domain;
        let path = format!("/_standin/{domain}/journal?after={after}&kind=api&limit=50000");
        let journal = self.http.get(&path).await?;
        let items: Vec<String> = shop
            .variants
            .iter()
            .filter(|variant| skus.contains(&variant.sku.as_str()))
            .map(|variant| format!("gid://shopify/InventoryItem/{}", variant.item_id))
            .collect();
        let (mut calls, mut lines) = (0, 0);
        for entry in list(&journal, "entries").filter(|entry| writes_stock(entry)) {
            let mut named = Vec::new();
            item_ids(at(entry, "/variables"), &mut named);
            if named.iter().any(|id| items.contains(id)) {
                calls += 1;
                lines += named.len();
            }
        }
        Ok((calls, lines))
    }

    /// What the stand-in holds against its client.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn violations(&self, store: &Store) -> Result<Vec<String>> {
        let path = format!("/_standin/{}/violations", store.domain);
        let answer = self.http.get(&path).await?;
        let told = list(&answer, "violations").map(|one| {
            let operation = at(one, "/operation").as_str().unwrap_or("no operation");
            Ok(format!("{}: {} ({operation})", text(one, "kind")?, text(one, "message")?))
        });
        told.collect()
    }
}

fn writes_stock(entry: &Value) -> bool {
    let roots = list(entry, "roots").filter_map(Value::as_str);
    roots
        .into_iter()
        .any(|root| ["inventorySetQuantities", "inventoryAdjustQuantities"].contains(&root))
}

fn item_ids(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(id) if name == "inventoryItemId" => found.push(id.to_owned()),
                    _ => item_ids(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| item_ids(value, found)),
        _ => {}
    }
}
