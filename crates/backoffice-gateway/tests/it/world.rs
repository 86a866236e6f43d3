//! A started gateway with one back office, its token and its two warehouses.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::http::{Request, StatusCode};
use jiff::Timestamp;
use lockstep_backoffice_gateway::{Config, Gateway, Ports, SERVICE, Service};
use lockstep_contracts::Stream;
use lockstep_contracts::backoffice::v1::{IssueTokenRequest, IssueTokenResponse};
use lockstep_contracts::settings::v1::{
    AdoptionRequest, BackOfficeSettings, StoreBackOffice, StoreSettings, WarehouseSettings,
};
use lockstep_ports::{Bus, Kv, PortError, Sealer, Store};
use lockstep_runtime::{Lifecycle, PersonalKeys, ask};
use lockstep_shopify_client::PersonalKeyMaker;
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::nats::eventually;
use lockstep_testkit::{ManualClock, MemoryStore, SequenceIds};
use prost::Message;
use serde_json::{Value, json};
use tower::ServiceExt;

pub const NOW: &str = "2026-11-24T12:00:00Z";
pub const MOVEMENTS: &str = "/v1/stock/movements";
pub const COUNTS: &str = "/v1/stock/counts";

pub struct World {
    pub clock: ManualClock,
    pub bus: MemoryBus,
    pub keys: Arc<PersonalKeys>,
    pub life: Lifecycle,
    pub gateway: Gateway,
    pub token: String,
    pub token_id: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<String>,
    pub media: String,
    pub body: Value,
}

impl Answer {
    /// What became of each item: the code of its error, or its status.
    pub fn fates(&self) -> Vec<&str> {
        let Some(items) = self.body["items"].as_array() else { panic!("no items: {self:?}") };
        items.iter().map(|item| fate(item).expect("a fate")).collect()
    }
}

fn fate(item: &Value) -> Option<&str> {
    item["error"]["code"].as_str().or(item["status"].as_str())
}

impl World {
    pub async fn start() -> Self {
        Self::over(MemoryBus::new(), Arc::new(MemoryStore::default())).await
    }

    /// A gateway with limits of its own.
    pub async fn with(config: Config) -> Self {
        let bus = MemoryBus::new();
        let port = Arc::new(bus.clone());
        Self::made(bus, port, Arc::new(MemoryStore::default()), config).await
    }

    /// A gateway over a broker and a database that may have a past.
    pub async fn over(bus: MemoryBus, store: Arc<dyn Store>) -> Self {
        let port = Arc::new(bus.clone());
        Self::made(bus, port, store, Config::default()).await
    }

    /// A gateway that publishes through a port of its own.
    pub async fn through(bus: MemoryBus, port: Arc<dyn Bus>) -> Self {
        Self::made(bus, port, Arc::new(MemoryStore::default()), Config::default()).await
    }

    async fn made(
        bus: MemoryBus,
        port: Arc<dyn Bus>,
        store: Arc<dyn Store>,
        config: Config,
    ) -> Self {
        let clock = ManualClock::at(NOW.parse::<Timestamp>().expect("a moment"));
        let settings = BackOfficeSettings {
            id: "wms".to_owned(),
            warehouses: ["MAIN", "SHOP"].map(warehouse).into(),
            ..BackOfficeSettings::default()
        };
        put_settings(&bus, &settings).await;
        put(&bus, "store.north", north()).await;
        let bits = Arc::new(AtomicU8::new(1));
        let maker = Arc::new(PersonalKeyMaker::new(Arc::new(SequenceIds::default())));
        let (kv, now) = (Arc::new(bus.clone()), Arc::new(clock.clone()));
        let keys = Arc::new(PersonalKeys::new(kv, Arc::new(Plain), maker, now));
        let ports = Ports {
            store,
            bus: port,
            kv: Arc::new(bus.clone()),
            ask: Arc::new(bus.clone()),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(SequenceIds::default()),
            sealer: Arc::new(Plain),
            keys: keys.clone(),
            new_secret: Arc::new(move || Ok([bits.fetch_add(1, Ordering::Relaxed); 32])),
        };
        let life = Lifecycle::new();
        let gateway = Service::try_new(ports, config).expect("a config").start(&life);
        let world =
            Self { clock, bus, keys, life, gateway, token: String::new(), token_id: String::new() };
        world.until_adopted("backoffice.wms").await;
        world.until_adopted("store.north").await;
        let issued = world.issue("first").await;
        Self { token: issued.token, token_id: issued.token_id, ..world }
    }

    pub async fn until_adopted(&self, key: &str) {
        eventually("settings are adopted", async || {
            let request = AdoptionRequest { key: key.to_owned() };
            let subject = AdoptionRequest::subject(SERVICE);
            let wait = Duration::from_secs(5);
            ask(&self.bus, subject, &request, wait).await.is_ok_and(|a| a.revision > 0)
        })
        .await;
    }

    pub async fn issue(&self, request_id: &str) -> IssueTokenResponse {
        let request = IssueTokenRequest {
            backoffice: "wms".to_owned(),
            label: "tests".to_owned(),
            request_id: request_id.to_owned(),
        };
        let wait = Duration::from_secs(5);
        let issued = OnceLock::new();
        // Each kind of question is heard by a task of its own, which may be about to listen.
        eventually("a token is issued", async || {
            let answer = ask(&self.bus, IssueTokenRequest::subject(), &request, wait).await;
            answer.is_ok_and(|token| issued.set(token).is_ok())
        })
        .await;
        issued.into_inner().expect("set above")
    }

    pub fn rest(&self) -> Router {
        self.gateway.rest()
    }

    /// Posts with the world's token.
    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.post_as(Some(&self.token), path, body).await
    }

    pub async fn post_as(&self, token: Option<&str>, path: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::post(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        // As every client does that knows what it sends.
        let body = body.into();
        if let Some(length) = body.size_hint().exact() {
            request = request.header("content-length", length);
        }
        let request = request.body(body).expect("a request");
        send(self.rest(), request).await
    }

    /// Gets with the world's token.
    pub async fn get(&self, path: &str) -> Answer {
        get(self.rest(), &self.token, path).await
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, body.to_string()).await
    }

    /// Ids of everything that was published.
    pub fn published_ids(&self) -> Vec<String> {
        let id = |headers: &[(String, String)]| {
            let found = headers.iter().find(|(name, _)| name == "ce-id");
            found.map(|(_, value)| value.clone()).expect("every message has an id")
        };
        self.bus.published(Stream::Backoffice).iter().map(|m| id(&m.headers)).collect()
    }

    pub async fn stop(self) {
        self.life.shutdown.cancel();
        assert!(self.life.finish().await, "every task ends");
    }
}

pub async fn get(router: Router, token: &str, path: &str) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    send(router, request.body(Body::empty()).expect("a request")).await
}

pub async fn send(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.expect("routes are infallible");
    let (parts, body) = response.into_parts();
    let header = |name: &str| parts.headers.get(name).map(|v| v.to_str().expect("text").to_owned());
    let (status, retry_after) = (parts.status, header("retry-after"));
    let media = header("content-type").unwrap_or_default();
    let bytes = to_bytes(body, usize::MAX).await.expect("a body");
    let body = serde_json::from_slice(&bytes).expect("every answer is JSON");
    Answer { status, retry_after, media, body }
}

pub fn warehouse(code: &str) -> WarehouseSettings {
    WarehouseSettings { code: code.to_owned(), name: code.to_owned() }
}

/// The store that the back office serves.
fn north() -> StoreSettings {
    let used = StoreBackOffice { id: "wms".to_owned(), ..StoreBackOffice::default() };
    StoreSettings { id: "north".to_owned(), backoffices: vec![used], ..StoreSettings::default() }
}

pub async fn put_settings(bus: &MemoryBus, settings: &BackOfficeSettings) {
    put(bus, &format!("backoffice.{}", settings.id), settings.clone()).await;
}

pub async fn put(bus: &dyn Kv, key: &str, settings: impl Message) {
    let present = bus.get("settings", key).await.expect("a bucket");
    let revision = present.map_or(0, |entry| entry.revision);
    let value = settings.encode_to_vec().into();
    bus.put("settings", key, value, revision).await.expect("settings are written");
}

pub fn movement(id: &str, quantity: &str) -> Value {
    json!({
        "event_id": id, "kind": "MOVEMENT_KIND_ADJUSTMENT", "quantity": quantity, "sku": "TEE",
        "warehouse_code": "MAIN", "occurred_at": "2026-11-24T10:00:00Z",
    })
}

pub fn movements(items: &[Value]) -> Value {
    json!({ "movements": items })
}

pub fn shipment(id: &str) -> Value {
    json!({ "shipment": {
        "event_id": id, "shipment_id": "S1", "order_key": "north:1", "warehouse_code": "MAIN",
        "status": "SHIPMENT_STATUS_SHIPPED", "packages": [{ "tracking_number": "1Z" }],
        "whole_order": true, "occurred_at": "2026-11-24T10:00:00Z",
    } })
}

/// Nothing here is secret.
struct Plain;

impl Sealer for Plain {
    fn seal(&self, _: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(plain.to_vec())
    }

    fn open(&self, _: &str, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(sealed.to_vec())
    }
}
