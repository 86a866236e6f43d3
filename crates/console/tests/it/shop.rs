//! A Shopify that knows shops by the tokens that open them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_console::Probe;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{
    AdminAnswer, AdminError, AdminErrorKind, AdminRequest, ErrorKind, Kv, PortError, Sealer,
    ShopifyAdmin, ShutWhy, StoreSecrets,
};
use lockstep_testkit::bus::MemoryBus;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::Barrier;

/// Every scope that the console looks for.
pub const SCOPES: [&str; 7] = [
    "write_products",
    "write_inventory",
    "read_locations",
    "write_orders",
    "read_customers",
    "write_fulfillments",
    "write_merchant_managed_fulfillment_orders",
];

/// One shop.
pub struct Shop {
    pub domain: String,
    pub scopes: Vec<&'static str>,
    pub locations: Vec<(i64, &'static str)>,
    /// Id, topic, address, filter.
    pub subscriptions: Vec<(String, String, String, &'static str)>,
    /// What a new or changed subscription is refused with.
    pub refuses: Option<&'static str>,
    /// Topics, as Shopify writes them, that alone are refused.
    pub refused: Vec<&'static str>,
    /// Topics for which the whole call fails for good.
    pub denied: Vec<&'static str>,
    /// Whether a change leaves the filter of a subscription as it is.
    pub keeps_filters: bool,
    /// The version that its webhooks are built with.
    pub version: &'static str,
}

/// All shops, by token.
#[derive(Clone)]
pub struct Shops {
    bus: MemoryBus,
    sealer: Arc<dyn Sealer>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    shops: BTreeMap<String, Shop>,
    calls: Vec<String>,
    is_away: bool,
    /// Shops that never answer.
    hanging: Vec<String>,
    made: usize,
    /// The shop that takes every token that was given in a test.
    follows: Option<String>,
    /// Where questions with a token in hand wait for each other.
    meeting: Option<Arc<Barrier>>,
}

impl Shops {
    /// What is sealed for a store.
    pub async fn secrets(&self, store: &str) -> Option<StoreSecrets> {
        let id = StoreId::try_new(store).unwrap();
        let found = StoreSecrets::load(&self.bus, &*self.sealer, &id).await.unwrap();
        found.map(|(secrets, _)| secrets)
    }

    pub fn new(bus: &MemoryBus, sealer: Arc<dyn Sealer>) -> Self {
        let shops = Self { bus: bus.clone(), sealer, state: Arc::default() };
        shops.add("shpat_north", "north.myshopify.com", &[(71, "Berlin"), (72, "Lyon")]);
        shops.add("shpat_south", "south.myshopify.com", &[(81, "Rome")]);
        shops
    }

    fn add(&self, token: &str, domain: &str, locations: &[(i64, &'static str)]) {
        let shop = Shop {
            domain: domain.to_owned(),
            scopes: SCOPES.to_vec(),
            locations: locations.to_vec(),
            subscriptions: Vec::new(),
            refuses: None,
            refused: Vec::new(),
            denied: Vec::new(),
            keeps_filters: false,
            version: "2026-10",
        };
        self.lock().shops.insert(token.to_owned(), shop);
    }

    pub fn with(&self, token: &str, change: impl FnOnce(&mut Shop)) {
        change(self.lock().shops.get_mut(token).expect("a known token"));
    }

    /// The shop changes its token; the old one opens nothing.
    pub fn change_token(&self, old: &str, new: &str) {
        let mut state = self.lock();
        let shop = state.shops.remove(old).expect("a known token");
        state.shops.insert(new.to_owned(), shop);
    }

    /// The shop of a domain takes whatever token was given for it last.
    pub fn follow(&self, domain: &str) {
        self.lock().follows = Some(domain.to_owned());
    }

    pub fn with_domain(&self, domain: &str, change: impl FnOnce(&mut Shop)) {
        let mut state = self.lock();
        change(state.shops.values_mut().find(|shop| shop.domain == domain).expect("a shop"));
    }

    /// Topics of a shop with their addresses, in order.
    pub fn topics_of(&self, domain: &str) -> Vec<(String, String)> {
        let state = self.lock();
        let shop = state.shops.values().find(|shop| shop.domain == domain).expect("a shop");
        let mut topics: Vec<_> =
            shop.subscriptions.iter().map(|one| (one.1.clone(), one.2.clone())).collect();
        topics.sort();
        topics
    }

    /// What a store's token opened, it opens no more.
    pub async fn shut(&self, store: &str, why: ShutWhy) {
        let id = StoreId::try_new(store).unwrap();
        let found = StoreSecrets::load(&self.bus, &*self.sealer, &id).await.unwrap();
        let (mut secrets, revision) = found.expect("a store with secrets");
        secrets.shut(why, Timestamp::UNIX_EPOCH);
        secrets.save(&self.bus, &*self.sealer, &id, revision).await.unwrap();
    }

    /// A shop never answers any more.
    pub fn hang(&self, domain: &str) {
        self.lock().hanging.push(domain.to_owned());
    }

    pub fn go_away(&self) {
        self.lock().is_away = true;
    }

    /// As many questions with a token in hand wait for each other from now on.
    pub fn meet(&self, questions: usize) {
        self.lock().meeting = Some(Arc::new(Barrier::new(questions)));
    }

    /// Operations that were called.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// Topics subscribed to an address, in order.
    pub fn topics(&self, token: &str) -> Vec<String> {
        let state = self.lock();
        let mut topics: Vec<_> =
            state.shops[token].subscriptions.iter().map(|one| one.1.clone()).collect();
        topics.sort();
        topics
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds this")
    }
}

impl Shop {
    fn refuses_topic(&self, topic: &str) -> Option<&'static str> {
        let alone = self.refused.contains(&topic).then_some("the topic is closed to you");
        self.refuses.or(alone)
    }
}

impl State {
    fn take_given(&mut self, token: &str) {
        if self.shops.contains_key(token) || !token.starts_with("shpat_given_") {
            return;
        }
        let Some(domain) = self.follows.clone() else { return };
        let former = self.shops.iter().find(|(_, shop)| shop.domain == domain);
        let former = former.expect("a shop").0.clone();
        let shop = self.shops.remove(&former).expect("a shop");
        self.shops.insert(token.to_owned(), shop);
    }

    fn answer(&mut self, token: &str, operation: &str, variables: &Value) -> Option<Value> {
        self.made += 1;
        let id = format!("gid://shopify/WebhookSubscription/{}", self.made);
        let shop = self.shops.get_mut(token)?;
        Some(match operation {
            "WhoAmI" => json!({
                "shop": {"id": "gid://shopify/Shop/1", "name": "A shop", "currencyCode": "EUR",
                         "ianaTimezone": "Europe/Berlin",
                         "myshopifyDomain": shop.domain, "plan": {"publicDisplayName": "Basic"}},
                "currentAppInstallation": {"accessScopes":
                    shop.scopes.iter().map(|s| json!({"handle": s})).collect::<Vec<_>>()},
                "publicApiVersions": [{"handle": "2026-10", "supported": true}]}),
            "Locations" => {
                let one = |(id, name): &(i64, &str)| {
                    json!({"id": format!("gid://shopify/Location/{id}"), "name": name,
                           "isActive": true, "fulfillsOnlineOrders": true,
                           "shipsInventory": true, "isFulfillmentService": false})
                };
                let nodes: Vec<_> = shop.locations.iter().map(one).collect();
                json!({"locations": {"nodes": nodes, "pageInfo": {"hasNextPage": false}}})
            }
            "Subscriptions" => {
                let mut nodes: Vec<_> = shop.subscriptions.iter().map(subscription).collect();
                for node in &mut nodes {
                    node["apiVersion"] = json!({"handle": shop.version});
                }
                let page = json!({"hasNextPage": false});
                json!({"webhookSubscriptions": {"nodes": nodes, "pageInfo": page}})
            }
            "Subscribe" => match shop.refuses_topic(variables["topic"].as_str()?) {
                Some(message) => json!({"webhookSubscriptionCreate": {
                    "webhookSubscription": null,
                    "userErrors": [{"field": ["webhookSubscription"], "message": message}]}}),
                None => {
                    let text = |path: &str| variables.pointer(path)?.as_str().map(str::to_owned);
                    let (topic, uri) = (text("/topic")?, text("/subscription/uri")?);
                    shop.subscriptions.push((id.clone(), topic, uri, ""));
                    json!({"webhookSubscriptionCreate":
                        {"webhookSubscription": {"id": id}, "userErrors": []}})
                }
            },
            "WidenSubscription" => match (shop.refuses, shop.keeps_filters) {
                (Some(message), _) => json!({"webhookSubscriptionUpdate": {
                    "webhookSubscription": null,
                    "userErrors": [{"field": ["webhookSubscription"], "message": message}]}}),
                (None, keeps_filters) => {
                    let wanted = variables["id"].as_str()?;
                    assert_eq!(variables["subscription"]["filter"], Value::Null);
                    let one = shop.subscriptions.iter_mut().find(|one| one.0 == wanted)?;
                    if !keeps_filters {
                        one.3 = "";
                    }
                    json!({"webhookSubscriptionUpdate":
                        {"webhookSubscription": subscription(one), "userErrors": []}})
                }
            },
            "Unsubscribe" => {
                let gone = variables["id"].as_str()?;
                shop.subscriptions.retain(|one| one.0 != gone);
                json!({"webhookSubscriptionDelete":
                    {"deletedWebhookSubscriptionId": gone, "userErrors": []}})
            }
            other => panic!("the console never calls {other}"),
        })
    }
}

fn subscription((id, topic, uri, filter): &(String, String, String, &str)) -> Value {
    json!({"id": id, "topic": topic, "uri": uri, "filter": filter, "includeFields": []})
}

impl Shops {
    async fn call(
        &self,
        token: Option<String>,
        domain: Option<&ShopDomain>,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        let failed = |kind| AdminError {
            kind,
            operation: request.operation.clone(),
            message: "no entry".to_owned(),
        };
        self.lock().calls.push(request.operation.clone());
        // As over a network, others get their turn meanwhile.
        tokio::task::yield_now().await;
        if self.lock().is_away {
            return Err(failed(AdminErrorKind::Transient));
        }
        let is_hanging =
            |domain: &ShopDomain| self.lock().hanging.iter().any(|one| one == domain.as_str());
        if domain.is_some_and(is_hanging) {
            std::future::pending::<()>().await;
        }
        let token = token.ok_or_else(|| failed(AdminErrorKind::Access))?;
        let mut state = self.lock();
        state.take_given(&token);
        if let (Some(domain), Some(shop)) = (domain, state.shops.get(&token)) {
            assert_eq!(shop.domain, domain.as_str(), "a store's token opens its own shop only");
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let denied = state.shops.get(&token).map_or(&[][..], |shop| &shop.denied);
        if denied.iter().any(|topic| body["variables"]["topic"] == *topic) {
            return Err(failed(AdminErrorKind::Permanent));
        }
        let answer = state.answer(&token, &request.operation, &body["variables"]);
        let data = answer.ok_or_else(|| failed(AdminErrorKind::Access))?;
        Ok(AdminAnswer { data, actual_cost: None, available: None })
    }
}

#[async_trait]
impl ShopifyAdmin for Shops {
    async fn send(
        &self,
        store: &StoreId,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        // Secrets that do not open are none.
        let found = StoreSecrets::load(&self.bus, &*self.sealer, store).await.unwrap_or_default();
        let (domain, token) =
            found.map(|(secrets, _)| (secrets.shop_domain, secrets.access_token)).unzip();
        self.call(token.flatten(), domain.as_ref(), request).await
    }

    fn budget_left(&self, _: &StoreId) -> Option<f64> {
        None
    }
}

#[async_trait]
impl Probe for Shops {
    async fn send_as(
        &self,
        _: &ShopDomain,
        token: &SecretString,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        let meeting = self.lock().meeting.clone();
        if let Some(meeting) = meeting {
            meeting.wait().await;
        }
        self.call(Some(token.expose_secret().to_owned()), None, request).await
    }
}

/// Turns every bit, which is enough to see that nothing is kept as it is.
pub struct Turned;

impl Sealer for Turned {
    fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(name.bytes().chain(plain.iter().copied()).map(|byte| !byte).collect())
    }

    fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let turned: Vec<u8> = sealed.iter().map(|byte| !byte).collect();
        let plain = turned.strip_prefix(name.as_bytes()).map(<[u8]>::to_vec);
        plain.ok_or_else(|| PortError::plain(ErrorKind::Permanent, format!("the seal of {name}")))
    }
}

/// Keys of a bucket, without those that say how subscriptions stand: they hold no secret.
pub async fn keys(bus: &MemoryBus, bucket: &str) -> Vec<String> {
    let entries = bus.list(bucket, "").await.unwrap();
    let keys = entries.into_iter().map(|entry| entry.key);
    keys.filter(|key| !key.ends_with(".subscriptions")).collect()
}
