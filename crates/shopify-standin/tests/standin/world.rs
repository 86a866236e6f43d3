//! What the tests share: a stand-in with one shop, calls, and a server that takes webhooks.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use lockstep_shopify_standin::{Clock, ShopHandle, Standin, StandinConfig, Violation};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

pub const SHOP: &str = "alpha.myshopify.com";
pub const SECRET: &str = "lockstep-test-secret";
pub const SET: &str = "mutation Set($i:InventorySetQuantitiesInput!,$k:String!){\
    inventorySetQuantities(input:$i)@idempotent(key:$k){\
    inventoryAdjustmentGroup{id createdAt changes{name delta}} userErrors{code field message}}}";
pub const ADJUST: &str = "mutation Adjust($i:InventoryAdjustQuantitiesInput!,$k:String!){\
    inventoryAdjustQuantities(input:$i)@idempotent(key:$k){\
    inventoryAdjustmentGroup{id changes{name delta ledgerDocumentUri}} \
    userErrors{code field message}}}";

/// The published schema: where the environment says, or fetched once.
pub fn schema() -> PathBuf {
    if let Some(path) = std::env::var_os("LOCKSTEP_SHOPIFY_SCHEMA") {
        return path.into();
    }
    let cache = lockstep_devservices::Cache::open().expect("a cache folder");
    lockstep_devservices::ensure_shopify_schema(&cache, "2026-10").expect("the published schema")
}

/// A stand-in with one shop: Berlin holds 5 of LAMP-1 and 8 of BULB, Lyon 2 of LAMP-1; CARD is
/// not tracked, SET is a bundle, and nothing but LAMP-1 is connected in Lyon.
pub struct Fixture {
    pub standin: Standin,
    pub shop: ShopHandle,
    pub made: Value,
    pub clock: Clock,
}

impl Fixture {
    pub async fn start() -> Self {
        Self::with(json!({})).await
    }

    /// With other fields of the shop's description.
    pub async fn with(more: Value) -> Self {
        let clock = Clock::manual("2026-11-24T12:00:00Z".parse().expect("a moment"));
        let config = StandinConfig { clock: clock.clone(), ..StandinConfig::new(schema()) };
        let standin = Standin::start(config).await.expect("a stand-in");
        let mut body = description();
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let made = standin.create_shop(body).expect("a shop");
        let shop = standin.shop(SHOP).expect("the shop");
        Self { standin, shop, made, clock }
    }

    pub async fn call(&self, query: &str, variables: Value) -> Value {
        self.shop.graphql(query, variables).await.expect("an answer")
    }

    /// `data` of a call without errors.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.call(query, variables).await;
        assert!(answer["body"]["errors"].is_null(), "{query}: {}", answer["body"]);
        answer["body"]["data"].clone()
    }

    /// The payload of the only mutation of a call without top-level errors.
    pub async fn payload(&self, query: &str, variables: Value) -> Value {
        let data = self.data(query, variables).await;
        data.as_object().and_then(|data| data.values().next()).cloned().expect("a payload")
    }

    /// The code of the first top-level error.
    pub async fn code(&self, query: &str, variables: Value) -> String {
        let answer = self.call(query, variables).await;
        let code = &answer["body"]["errors"][0]["extensions"]["code"];
        code.as_str().unwrap_or_else(|| panic!("{}", answer["body"])).to_owned()
    }

    /// A body exactly as it is written, with the right token.
    pub async fn raw(&self, body: String) -> Value {
        self.post("shpat_alpha", "2026-10", body).await.2
    }

    /// A body as it is written, to any version with any token.
    pub async fn post(&self, token: &str, version: &str, body: String) -> (u16, HeaderMap, Value) {
        let answer = self.try_post(token, version, body).await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("a body");
        (status, headers, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The same, when there may be no answer. Each call has a connection of its own.
    pub async fn try_post(
        &self,
        token: &str,
        version: &str,
        body: String,
    ) -> reqwest::Result<reqwest::Response> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let url = format!("{}/{SHOP}/admin/api/{version}/graphql.json", self.standin.url());
        client.post(url).header("X-Shopify-Access-Token", token).body(body).send().await
    }

    pub fn kinds(&self) -> Vec<String> {
        let kind = |one: &Violation| json!(one.kind).as_str().unwrap_or_default().to_owned();
        self.shop.violations().iter().map(kind).collect()
    }

    pub fn location(&self, name: &str) -> String {
        found(&self.made["locations"], "name", name)["gid"].as_str().expect("a gid").to_owned()
    }

    fn variant(&self, sku: &str) -> Value {
        let products = self.made["products"].as_array().expect("products");
        let mut variants =
            products.iter().flat_map(|one| one["variants"].as_array().expect("list"));
        variants.find(|one| one["sku"] == sku).cloned().expect("a variant")
    }

    pub fn item(&self, sku: &str) -> String {
        self.variant(sku)["inventory_item_gid"].as_str().expect("a gid").to_owned()
    }

    pub fn variant_id(&self, sku: &str) -> String {
        self.variant(sku)["gid"].as_str().expect("a gid").to_owned()
    }

    /// A level of the merchant's view.
    pub fn level(&self, sku: &str, location: &str) -> Value {
        let levels = self.shop.snapshot()["levels"].as_array().cloned().expect("levels");
        let fits = |one: &&Value| one["sku"] == sku && one["location"] == location;
        levels.iter().find(fits).cloned().unwrap_or(Value::Null)
    }

    /// Variables of a set of one level.
    pub fn set(&self, key: &str, sku: &str, location: &str, line: Value) -> Value {
        let mut full = json!({
            "inventoryItemId": self.item(sku),
            "locationId": self.location(location),
            "changeFromQuantity": null,
        });
        merge(&mut full, line);
        json!({"k": key, "i": {"name": "available", "reason": "correction", "quantities": [full]}})
    }

    /// Variables of an adjustment of one level.
    pub fn adjust(&self, key: &str, name: &str, line: Value) -> Value {
        let mut full = json!({
            "inventoryItemId": self.item("LAMP-1"),
            "locationId": self.location("Berlin"),
            "changeFromQuantity": null,
        });
        merge(&mut full, line);
        json!({"k": key, "i": {"name": name, "reason": "other", "changes": [full]}})
    }
}

pub fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

pub fn found(list: &Value, key: &str, value: &str) -> Value {
    let list = list.as_array().expect("a list");
    list.iter().find(|one| one[key] == value).cloned().unwrap_or(Value::Null)
}

fn description() -> Value {
    json!({
        "shop_domain": SHOP, "access_token": "shpat_alpha", "api_secret": SECRET,
        "timezone": "Europe/Berlin",
        "locations": [{"name": "Berlin"}, {"name": "Lyon"}],
        "products": [
            {"title": "Lamp", "vendor": "Acme", "tags": ["light", "metal"], "variants": [
                {"sku": "LAMP-1", "barcode": "4006381333931", "price": "12.00", "quantities": [
                    {"location": "Berlin", "available": 5}, {"location": "Lyon", "available": 2}]},
                {"sku": "LAMP-1-RED", "title": "Red", "policy": "CONTINUE", "quantities": [
                    {"location": "Berlin", "available": 0}]}]},
            {"title": "Bulb", "variants": [{"sku": "BULB", "quantities": [
                {"location": "Berlin", "available": 8, "committed": 2, "damaged": 1}]}]},
            {"title": "Card", "variants": [{"sku": "CARD", "tracked": false, "quantities": [
                {"location": "Berlin"}]}]},
            {"title": "Set", "variants": [{"sku": "SET", "requires_components": true,
                "quantities": [{"location": "Berlin"}]}]},
        ],
    })
}

/// A webhook as it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Arrived {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

#[derive(Default)]
struct Inbox {
    arrived: watch::Sender<Vec<Arrived>>,
    status: Mutex<u16>,
}

/// A server that takes webhooks and answers with a status that a test chooses.
pub struct Hooks {
    inner: Arc<Inbox>,
    pub url: String,
}

impl Hooks {
    pub async fn start() -> Self {
        let inner = Arc::new(Inbox::default());
        *inner.status.lock().expect("a lock") = 200;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let routes = Router::new().fallback(take).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { inner, url: format!("http://{address}/webhooks/shopify") }
    }

    pub fn answer_with(&self, status: u16) {
        *self.inner.status.lock().expect("a lock") = status;
    }

    pub fn all(&self) -> Vec<Arrived> {
        self.inner.arrived.borrow().clone()
    }

    pub fn of(&self, topic: &str) -> Vec<Arrived> {
        self.all().into_iter().filter(|one| one.header("x-shopify-topic") == topic).collect()
    }

    /// Waits until `count` messages of a topic have arrived.
    pub async fn wait(&self, topic: &str, count: usize) -> Vec<Arrived> {
        let fits = |one: &&Arrived| one.header("x-shopify-topic") == topic;
        let mut arrived = self.inner.arrived.subscribe();
        let enough = arrived.wait_for(|all| all.iter().filter(fits).count() >= count);
        soon(enough).await.expect("the server stands");
        self.of(topic)
    }
}

async fn take(State(inner): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    inner.arrived.send_modify(|all| all.push(Arrived { headers, body }));
    let status = *inner.status.lock().expect("a lock");
    StatusCode::from_u16(status).expect("a status")
}

/// Awaits what real connections bring about, for at most 20 s.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it comes about within 20 s")
}
