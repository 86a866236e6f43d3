//! A real broker and a real database, with as many gateways over them as a test wants. `wms` and
//! `erp` are back offices.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::body::Body;
use axum::http::Request;
use jiff::Timestamp;
use lockstep_backoffice_gateway::{Config, Gateway, Ports, SERVICE, Service, evolvers};
use lockstep_bus::{NatsBus, NatsOptions, Topology};
use lockstep_contracts::backoffice::v1::IssueTokenRequest;
use lockstep_contracts::settings::v1::BackOfficeSettings;
use lockstep_ports::Sealer;
use lockstep_runtime::rebuild::differences;
use lockstep_runtime::{Engine, EngineParts, Lifecycle, PersonalKeys};
use lockstep_shopify_client::{MasterKeySealer, PersonalKeyMaker};
use lockstep_storage::PgStore;
use lockstep_testkit::nats::{TestNats, eventually};
use lockstep_testkit::{ManualClock, SequenceIds, TestDatabase};
use serde_json::{Value, json};

use crate::announce::numbers;
use crate::world::{Answer, NOW, get, put, send, warehouse};

/// Any 32 bytes.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub struct FeedWorld {
    pub clock: ManualClock,
    pub bus: Arc<NatsBus>,
    pub store: Arc<PgStore>,
    pub keys: Arc<PersonalKeys>,
    pub database: TestDatabase,
    ids: Arc<SequenceIds>,
    sealer: Arc<dyn Sealer>,
    bits: Arc<AtomicU8>,
    _nats: TestNats,
}

/// One process.
pub struct Process {
    pub gateway: Gateway,
    pub life: Lifecycle,
}

impl FeedWorld {
    pub async fn start() -> Self {
        let nats = TestNats::start().await.expect("a private nats-server");
        let database = TestDatabase::create().await;
        let store = Arc::new(database.store("backoffice_gateway").await);
        let bus = NatsBus::connect(&nats.url(), NatsOptions::default()).await.expect("broker");
        bus.apply(&Topology::new(1)).await.expect("topology");
        let bus = Arc::new(bus);
        for id in ["wms", "erp"] {
            let settings = BackOfficeSettings {
                id: id.to_owned(),
                warehouses: vec![warehouse("MAIN"), warehouse("SIDE")],
                ..BackOfficeSettings::default()
            };
            put(&*bus, &format!("backoffice.{id}"), settings).await;
        }
        let clock = ManualClock::at(NOW.parse::<Timestamp>().expect("a moment"));
        let ids = Arc::new(SequenceIds::default());
        let sealer = MasterKeySealer::try_new(&[MASTER_KEY.into()], ids.clone());
        let sealer: Arc<dyn Sealer> = Arc::new(sealer.expect("a master key"));
        let maker = Arc::new(PersonalKeyMaker::new(ids.clone()));
        let now = Arc::new(clock.clone());
        let keys = Arc::new(PersonalKeys::new(bus.clone(), sealer.clone(), maker, now));
        let bits = Arc::new(AtomicU8::new(1));
        Self { clock, bus, store, keys, database, ids, sealer, bits, _nats: nats }
    }

    /// One more process of the service.
    pub fn run(&self) -> Process {
        let bits = self.bits.clone();
        let ports = Ports {
            store: self.store.clone(),
            bus: self.bus.clone(),
            kv: self.bus.clone(),
            ask: self.bus.clone(),
            clock: Arc::new(self.clock.clone()),
            ids: self.ids.clone(),
            sealer: self.sealer.clone(),
            keys: self.keys.clone(),
            new_secret: Arc::new(move || Ok([bits.fetch_add(1, Ordering::Relaxed); 32])),
        };
        let life = Lifecycle::new();
        let gateway = Service::try_new(ports, Config::default()).expect("a config").start(&life);
        Process { gateway, life }
    }

    /// The shell of a process that only appends.
    pub fn engine(&self) -> Arc<Engine> {
        Engine::new(EngineParts {
            service: SERVICE,
            store: self.store.clone(),
            bus: self.bus.clone(),
            clock: Arc::new(self.clock.clone()),
            ids: self.ids.clone(),
            sealer: self.sealer.clone(),
        })
    }

    /// Aggregates whose state is not the fold of their events.
    pub async fn differences(&self) -> Vec<String> {
        differences(&*self.store, &evolvers()).await.expect("the log can be folded")
    }
}

impl Process {
    pub async fn token(&self, backoffice: &str) -> String {
        let request = IssueTokenRequest {
            backoffice: backoffice.to_owned(),
            label: "tests".to_owned(),
            request_id: String::new(),
        };
        self.gateway.tokens().issue(request).await.expect("a token").token
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        get(self.gateway.rest(), token, path).await
    }

    /// The page after a number, once it ends with another.
    pub async fn page(&self, token: &str, after: u64, last: u64) -> Answer {
        let path = format!("/v1/feed?after={after}");
        eventually("the entries are in the feed", async || {
            let page = self.get(token, &path).await;
            page.status == 200 && numbers(&page).last() == Some(&last)
        })
        .await;
        self.get(token, &path).await
    }

    pub async fn acknowledge(&self, token: &str, number: u64) -> Value {
        let request = Request::post("/v1/feed/ack")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::from(json!({ "number": number.to_string() }).to_string()));
        let answer = send(self.gateway.rest(), request.expect("a request")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["acknowledged"].clone()
    }

    pub async fn stop(self) {
        self.life.shutdown.cancel();
        assert!(self.life.finish().await, "every task ends");
    }
}
