//! The parts of the world, and what a test does in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use lockstep::commands::rebuild::evolvers;
use lockstep::compose::{Adapters, ServiceName, Sockets, start};
use lockstep::config::ProcessArgs;
use lockstep_bus::{NatsBus, NatsOptions, Topology};
use lockstep_contracts::backoffice::v1::{MovementKind, MovementReported, StockMovement};
use lockstep_contracts::{Event, Metadata, Partition};
use lockstep_ports::{Bus, Outgoing, TimeOrderedIds};
use lockstep_runtime::Lifecycle;
use lockstep_runtime::rebuild::differences;
use lockstep_shopify_standin::{Clock as StandinClock, Standin, StandinConfig};
use lockstep_testkit::nats::{TestNats, eventually};
use lockstep_testkit::{ManualClock, TestDatabase};
use prost::Message;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::http::Api;

/// Any 32 bytes.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const ADMIN_TOKEN: &str = "an-administrator-of-the-tests";
/// The secret of the app that stores approve.
pub const API_SECRET: &str = "lockstep-test-secret";
/// Its client id.
pub const CLIENT_ID: &str = "lockstep-test-app";
/// The moment at which every world begins.
const BEGIN: &str = "2026-11-24T10:00:00Z";
/// Movements happen just after that.
const AFTER: &str = "2026-11-24T10:00:01Z";
/// How far the time moves between two looks.
const STEP: SignedDuration = SignedDuration::from_millis(250);

/// Looks at what services know, until it is taken to be wrong.
const LOOKS: usize = 50;

/// A running product with everything around it.
pub struct World {
    /// The admin API.
    pub admin: Api,
    /// The time of the product and of Shopify.
    pub clock: ManualClock,
    /// Shopify.
    pub standin: Standin,
    /// Process settings.
    pub args: ProcessArgs,
    standin_clock: StandinClock,
    forgiven: Mutex<Vec<&'static str>>,
    adapters: Adapters,
    lifecycle: Lifecycle,
    gateway: String,
    webhook: String,
    database: TestDatabase,
    _nats: TestNats,
}

/// A store that a test made, with Shopify's ids.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Short id.
    pub id: String,
    /// Shopify's name of it.
    pub domain: String,
    /// What the stand-in answered when it was made.
    pub made: Value,
}

impl World {
    /// Starts everything. Panics with words for a person where something is missing.
    pub async fn start() -> Self {
        Self::start_without(None).await
    }

    /// Starts everything but a service.
    pub async fn start_without(missing: Option<ServiceName>) -> Self {
        // Fails only where another test of this process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let nats = TestNats::start().await.expect("a private nats-server");
        let database = TestDatabase::create().await;
        let begin: Timestamp = BEGIN.parse().expect("a moment");
        let standin_clock = StandinClock::manual(begin);
        let config = StandinConfig::from_env().expect("LOCKSTEP_SHOPIFY_SCHEMA is set");
        let config = StandinConfig { clock: standin_clock.clone(), ..config };
        let standin = Standin::start(config).await.expect("a stand-in of Shopify");
        let webhook_listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let webhook = address(&webhook_listener);
        let args = ProcessArgs {
            nats_url: Some(nats.url()),
            database_url: Some(database.url().to_owned()),
            public_url: Some(webhook.clone()),
            master_key: Some(MASTER_KEY.to_owned()),
            shopify_api_key: Some(CLIENT_ID.to_owned()),
            shopify_api_secret: Some(API_SECRET.to_owned()),
            shopify_url: standin.shopify_url(),
            shopify_api_version: "2026-10".to_owned(),
            admin_token: Some(ADMIN_TOKEN.to_owned()),
            nats_replicas: 1,
            ..ProcessArgs::default()
        };
        let bus = NatsBus::connect(&nats.url(), NatsOptions::default()).await.expect("broker");
        bus.apply(&Topology::new(1)).await.expect("topology");
        let clock = ManualClock::at(begin);
        let ids = Arc::new(TimeOrderedIds);
        let lifecycle = Lifecycle::new();
        let tasks = lifecycle.tracker.clone();
        let adapters = Adapters::connect_with(&args, Arc::new(clock.clone()), ids, tasks)
            .await
            .expect("adapters connect");
        let (sockets, gateway, console) = sockets(webhook_listener).await;
        let services = ServiceName::ALL.into_iter().filter(|service| Some(*service) != missing);
        let services: BTreeSet<_> = services.collect();
        start(&args, &services, &adapters, sockets, &lifecycle).await.expect("the product starts");
        let admin = Api::new(console, ADMIN_TOKEN);
        Self {
            admin,
            clock,
            standin,
            args,
            standin_clock,
            forgiven: Mutex::default(),
            adapters,
            lifecycle,
            gateway,
            webhook,
            database,
            _nats: nats,
        }
    }

    /// A world with one level: store `north` shows `available` of LAMP at Berlin, served by the
    /// physical warehouse `wms/MAIN` and linked; nothing is counted, and stock is off.
    pub async fn with_one_level(available: i64) -> (Self, Api, Shop) {
        let world = Self::start().await;
        let wms = world.backoffice("wms", "physical", &["MAIN"]).await;
        let shop = world.store("north", "wms", &["Berlin"], &[("LAMP", available)]).await;
        world.map(&shop, "Berlin", &["wms/MAIN"]).await;
        world.link(&shop, "wms", "LAMP").await;
        (world, wms, shop)
    }

    /// A kind of mistake at Shopify that this test brings about on purpose.
    pub fn forgive(&self, kind: &'static str) {
        self.forgiven.lock().expect("no test panics while it holds this").push(kind);
    }

    /// Mistakes at Shopify that this test did not ask for.
    fn unforgiven(&self) -> Vec<Value> {
        let forgiven = self.forgiven.lock().map(|kinds| kinds.clone()).unwrap_or_default();
        let all = self.standin.violations().into_iter().map(|(shop, one)| {
            json!({"shop": shop, "kind": one.kind, "operation": one.operation,
                "message": one.message})
        });
        all.filter(|one| !forgiven.iter().any(|kind| one["kind"] == *kind)).collect()
    }

    /// Stops the product as SIGTERM does, and starts it again over the same data.
    pub async fn restart(&mut self) {
        self.lifecycle.shutdown.cancel();
        assert!(self.lifecycle.finish().await, "the product stops in time");
        let port = self.webhook.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind(port).await.expect("the webhooks' port again");
        let (sockets, gateway, console) = sockets(listener).await;
        self.lifecycle = Lifecycle::new();
        let all: BTreeSet<_> = ServiceName::ALL.into_iter().collect();
        start(&self.args, &all, &self.adapters, sockets, &self.lifecycle)
            .await
            .expect("the product starts again");
        self.gateway = gateway;
        self.admin = Api::new(console, ADMIN_TOKEN);
    }

    /// Starts a service that was missing.
    pub async fn run(&self, service: ServiceName) {
        let (one, none) = (BTreeSet::from([service]), Sockets::default());
        start(&self.args, &one, &self.adapters, none, &self.lifecycle).await.expect("it starts");
    }

    /// What another process of the product needs: process settings, time and ids.
    pub fn parts(&self) -> (ProcessArgs, Arc<dyn lockstep_ports::Clock>, Arc<TimeOrderedIds>) {
        (self.args.clone(), Arc::new(self.clock.clone()), Arc::new(TimeOrderedIds))
    }

    /// A back office that knew the product before its restart.
    pub fn again(&self, backoffice: &Api) -> Api {
        backoffice.at(self.gateway.clone())
    }

    /// Moves the time of product and Shopify.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.standin_clock.advance(by.unsigned_abs());
    }

    /// Looks until it is so, the time moving a quarter of a second between two looks; gives how
    /// long it took in the time of the world. Panics after a while of real time.
    pub async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) -> SignedDuration {
        let begin = lockstep_ports::Clock::now(&self.clock);
        eventually(what, async || {
            let done = is_so().await;
            if !done {
                self.advance(STEP);
            }
            done
        })
        .await;
        lockstep_ports::Clock::now(&self.clock).duration_since(begin)
    }

    /// Awaits a call while the time moves: a change of settings waits for its adoption.
    pub async fn patient<T>(&self, call: impl Future<Output = T>) -> T {
        let ticking = eventually("the call is answered", async || {
            self.advance(SignedDuration::from_millis(25));
            false
        });
        tokio::select! {
            biased;
            answer = call => answer,
            () = ticking => unreachable!("ticking ends by a panic only"),
        }
    }

    /// A back office with warehouses; gives the contract's API with a fresh token.
    pub async fn backoffice(&self, id: &str, basis: &str, warehouses: &[&str]) -> Api {
        let body = json!({"id": id, "name": id, "stock": {"basis": basis}});
        self.patient(self.admin.post("/api/v1/backoffices", &body)).await.ok();
        for code in warehouses {
            let path = format!("/api/v1/backoffices/{id}/warehouses/{code}");
            self.patient(self.admin.put(&path, &json!({}))).await.ok();
        }
        let path = format!("/api/v1/backoffices/{id}/tokens");
        let token = self.patient(self.admin.post(&path, &json!({"label": "test"}))).await.ok();
        let token = token["token"].as_str().expect("a token").to_owned();
        Api::new(self.gateway.clone(), token)
    }

    /// A shop at the stand-in and a store here, with these locations and (sku, available).
    pub async fn store(
        &self,
        id: &str,
        backoffice: &str,
        locations: &[&str],
        items: &[(&str, i64)],
    ) -> Shop {
        let domain = format!("{id}.myshopify.com");
        let quantities = |available: i64| {
            let one = |name: &&str| json!({"location": name, "available": available});
            locations.iter().map(one).collect::<Vec<_>>()
        };
        let product = |(sku, available): &(&str, i64)| {
            json!({"title": sku, "variants": [
                {"sku": sku, "tracked": true, "quantities": quantities(*available)}]})
        };
        let places: Vec<_> = locations.iter().map(|name| json!({"name": name})).collect();
        let made = self
            .standin
            .create_shop(json!({
                "shop_domain": domain, "access_token": format!("shpat_{id}"),
                "api_secret": API_SECRET, "locations": places,
                "products": items.iter().map(product).collect::<Vec<_>>(),
            }))
            .expect("the stand-in makes a shop");
        let body = json!({"id": id, "shop_domain": domain, "access_token": format!("shpat_{id}"),
            "backoffices": [{"id": backoffice, "roles": ["stock"]}]});
        self.patient(self.admin.post("/api/v1/stores", &body)).await.ok();
        Shop { id: id.to_owned(), domain, made }
    }

    /// Serves a location from warehouses.
    pub async fn map(&self, shop: &Shop, location: &str, warehouses: &[&str]) {
        let path = format!("/api/v1/stores/{}/locations/{}", shop.id, shop.location_id(location));
        self.patient(self.admin.put(&path, &json!({"warehouses": warehouses}))).await.ok();
    }

    /// Links the variant of a SKU to the same SKU of a back office.
    pub async fn link(&self, shop: &Shop, backoffice: &str, sku: &str) {
        let path = format!("/api/v1/stores/{}/links/{}", shop.id, shop.variant_id(sku));
        let body = json!({"backoffice": backoffice, "sku": sku});
        self.patient(self.admin.put(&path, &body)).await.ok();
    }

    /// Switches stock on in a mode.
    pub async fn go_live(&self, shop: &Shop, mode: &str) {
        let body = json!({"enabled": true, "stock": {"enabled": "live", "mode": mode}});
        let path = format!("/api/v1/stores/{}", shop.id);
        self.patient(self.admin.patch(&path, &body)).await.ok();
    }

    /// Reports of a back office; every one must be answered.
    pub async fn report(&self, backoffice: &Api, kind: &str, reports: &[Value]) -> Value {
        let answer = backoffice.post(&format!("/v1/stock/{kind}"), &json!({kind: reports})).await;
        answer.ok()
    }

    /// Waits until a warehouse's position is this (`None`: unknown, yet heard of).
    pub async fn until_position(
        &self,
        shop: &Shop,
        sku: &str,
        warehouse: &str,
        position: Option<&str>,
    ) {
        let path = format!("/api/v1/stores/{}/stock/{sku}", shop.id);
        let wanted = position.map_or(Value::Null, Value::from);
        eventually("the position is known here", async || {
            // A transaction that lost a race waits some milliseconds of the world's time.
            self.advance(SignedDuration::from_millis(5));
            let stock = self.admin.get(&path).await.body;
            let positions = stock["positions"].as_array().cloned().unwrap_or_default();
            positions.iter().any(|p| p["warehouse"] == warehouse && p["position"] == wanted)
        })
        .await;
    }

    /// Lets a window and more pass, and everything in it happen.
    pub async fn settle(&self, shop: &Shop) {
        let end = lockstep_ports::Clock::now(&self.clock) + SignedDuration::from_secs(45);
        let path = format!("/api/v1/stores/{}", shop.id);
        self.until("a window and more has passed", async || {
            // The call gives the product's own tasks their turn between two steps of a second.
            self.admin.get(&path).await.ok();
            self.advance(SignedDuration::from_millis(750));
            lockstep_ports::Clock::now(&self.clock) >= end
        })
        .await;
    }

    /// Aggregates of any service whose state differs from the fold of their events.
    pub async fn differences(&self) -> Vec<String> {
        let mut found = Vec::new();
        for service in ServiceName::ALL {
            let Ok(evolvers) = evolvers(service) else { continue };
            let store = self.database.store(&service.schema()).await;
            let differ = differences(&store, &evolvers).await.expect("the log can be folded");
            found.extend(differ.into_iter().map(|one| format!("{}: {one}", service.name())));
        }
        found
    }

    /// The end of a test: what every service knows is what its own events make of it. What happens
    /// between two reads of a log looks like a difference, so several looks are taken.
    pub async fn ends_well(&self) {
        let mut found = Vec::new();
        for _ in 0..LOOKS {
            found = self.differences().await;
            if found.is_empty() {
                return;
            }
        }
        panic!("states differ from the fold of their events: {found:#?}");
    }

    /// A report that no gateway would accept, straight into the stream.
    pub async fn publish_poison(&self, backoffice: &str) {
        let event = MovementReported {
            backoffice: backoffice.to_owned(),
            movement: Some(StockMovement {
                event_id: "poison".to_owned(),
                sku: "LAMP".to_owned(),
                quantity: "many".to_owned(),
                warehouse_code: "MAIN".to_owned(),
                kind: MovementKind::Receiving.into(),
                ..StockMovement::default()
            }),
            accepted_at: None,
        };
        let now = lockstep_ports::Clock::now(&self.clock);
        let metadata = Metadata::new("poison", "test", MovementReported::TYPE, now);
        let headers = metadata.to_headers().into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        let message = Outgoing {
            stream: MovementReported::STREAM,
            subject: MovementReported::subject(backoffice, Partition::of("LAMP")).into(),
            headers,
            body: event.encode_to_vec().into(),
        };
        self.adapters.bus.publish(vec![message]).await.expect("the broker takes it");
    }

    /// A quantity that Shopify shows, asked by its Admin API.
    pub async fn shown(&self, shop: &Shop, location: &str, sku: &str, name: &str) -> i64 {
        let query = "query($id:ID!,$l:ID!,$n:[String!]!){inventoryItem(id:$id){\
                     inventoryLevel(locationId:$l){quantities(names:$n){quantity}}}}";
        let variables = json!({
            "id": format!("gid://shopify/InventoryItem/{}", shop.item_id(sku)),
            "l": format!("gid://shopify/Location/{}", shop.location_id(location)),
            "n": [name],
        });
        let at = self.standin.shop(&shop.domain).expect("a shop of the stand-in");
        let answer = at.graphql(query, variables).await.expect("the stand-in answers");
        let body = answer.get("body").cloned().unwrap_or_default();
        body.pointer("/data/inventoryItem/inventoryLevel/quantities/0/quantity")
            .and_then(Value::as_i64)
            .unwrap_or_else(|| panic!("no level in {body}"))
    }

    /// A quantity as the merchant sees it, whether the app is installed or not.
    pub fn shown_by_merchant(&self, shop: &Shop, location: &str, sku: &str) -> i64 {
        let at = self.standin.shop(&shop.domain).expect("a shop of the stand-in");
        let seen = serde_json::to_value(at.snapshot()).expect("a shop");
        let levels = seen["levels"].as_array().cloned().unwrap_or_default();
        let is_it = |level: &&Value| level["sku"] == sku && level["location"] == location;
        let level = levels.iter().find(is_it).expect("a level");
        level["available"].as_i64().expect("a number")
    }

    /// The address under which the world reaches the product: a proxy leads `/webhooks` to ingest
    /// and `/auth` to the console.
    pub fn public_url(&self) -> String {
        self.webhook.clone()
    }

    /// Where the console listens.
    pub fn console_url(&self) -> String {
        self.admin.base().to_owned()
    }

    /// What Shopify recorded of our calls: those of one operation.
    pub fn calls(&self, shop: &Shop, operation: &str) -> Vec<Value> {
        let at = self.standin.shop(&shop.domain).expect("a shop of the stand-in");
        let journal = serde_json::to_value(at.journal(0)).expect("a journal");
        let entries = journal.as_array().or(journal["entries"].as_array()).cloned();
        let is_asked = |entry: &Value| entry["operation"] == operation;
        entries.unwrap_or_default().into_iter().filter(is_asked).collect()
    }
}

impl Shop {
    /// Shopify's id of a location, by name.
    pub fn location_id(&self, name: &str) -> i64 {
        self.find("locations", |l| l["name"] == name, "id")
    }

    /// Shopify's id of the variant of a SKU.
    pub fn variant_id(&self, sku: &str) -> i64 {
        self.variant(sku, "id")
    }

    /// Shopify's id of its inventory item.
    pub fn item_id(&self, sku: &str) -> i64 {
        self.variant(sku, "inventory_item_id")
    }

    fn variant(&self, sku: &str, field: &str) -> i64 {
        let products = self.made["products"].as_array().expect("products");
        let variants = products.iter().filter_map(|p| p["variants"].as_array()).flatten();
        let found = variants.into_iter().find(|v| v["sku"] == sku).expect("a variant of the SKU");
        number(&found[field])
    }

    fn find(&self, list: &str, is_it: impl Fn(&Value) -> bool, field: &str) -> i64 {
        let list = self.made[list].as_array().expect("a list");
        number(&list.iter().find(|v| is_it(v)).expect("an entry")[field])
    }
}

/// A movement, dated at the beginning of the world.
pub fn movement(id: &str, kind: &str, sku: &str, warehouse: &str, quantity: &str) -> Value {
    json!({
        "event_id": id, "kind": format!("MOVEMENT_KIND_{kind}"), "sku": sku,
        "warehouse_code": warehouse, "quantity": quantity, "occurred_at": AFTER,
    })
}

/// A count, dated before every movement.
pub fn count(id: &str, sku: &str, warehouse: &str, quantity: &str) -> Value {
    json!({
        "event_id": id, "sku": sku, "warehouse_code": warehouse, "quantity": quantity,
        "counted_at": BEGIN,
    })
}

/// A number, also from text or the end of a GID.
fn number(value: &Value) -> i64 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let digits = text.rsplit('/').next().unwrap_or_default();
    digits.parse().unwrap_or_else(|_| panic!("not a number: {value}"))
}

/// Leaves what `cargo xtask violations` sums up.
fn report(entries: u64, violations: &[Value]) {
    let name = std::thread::current().name().unwrap_or("world").replace("::", ".");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/violations");
    let body = json!({"entries": entries, "violations": violations});
    // Without the report the test is as good as with it.
    let _ = std::fs::create_dir_all(&folder);
    let _ = std::fs::write(folder.join(format!("{name}.json")), body.to_string());
}

async fn sockets(webhook: TcpListener) -> (Sockets, String, String) {
    let mut free = Vec::new();
    for _ in 0..4 {
        free.push(TcpListener::bind("127.0.0.1:0").await.expect("a free port"));
    }
    let (ops, console, grpc, rest) = (free.pop(), free.pop(), free.pop(), free.pop());
    let gateway_url = rest.as_ref().map(address).unwrap_or_default();
    let console_url = console.as_ref().map(address).unwrap_or_default();
    let sockets =
        Sockets { webhook: Some(webhook), gateway: rest, gateway_grpc: grpc, console, ops };
    (sockets, gateway_url, console_url)
}

fn address(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().expect("a bound socket"))
}

impl Drop for World {
    fn drop(&mut self) {
        self.lifecycle.shutdown.cancel();
        let violations = self.unforgiven();
        report(self.standin.entries(), &violations);
        // A test that has failed already says why; a second panic would hide it.
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "mistakes at Shopify: {violations:#?}");
        }
    }
}
