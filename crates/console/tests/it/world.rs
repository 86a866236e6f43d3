//! A console with everything around it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::StreamExt;
use jiff::Timestamp;
use lockstep_console::{ConsoleConfig, ConsoleParts, Service};
use lockstep_contracts::settings::v1::{AdoptionRequest, AdoptionResponse};
use lockstep_contracts::{Request as Question, Subject};
use lockstep_ports::{AppKeys, Ask};
use lockstep_testkit::bus::{FaultyKv, MemoryBus};
use lockstep_testkit::{ManualClock, MemoryGrants, SequenceIds};
use prost::Message;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::pairs::MemoryPairs;
use crate::shop::{Shops, Turned};

pub const SERVICES: [&str; 3] = ["backoffice-gateway", "product-sync", "stock-sync"];
pub const API_KEY: &str = "lockstep-test-key";
pub const API_SECRET: &str = "lockstep-test-secret";
pub const NOON: Timestamp = Timestamp::constant(1_795_000_000, 0);

pub struct World {
    pub bus: MemoryBus,
    /// Through which the console reaches its buckets.
    pub kv: FaultyKv,
    pub clock: ManualClock,
    pub shops: Shops,
    pub grants: MemoryGrants,
    pub pairs: MemoryPairs,
    pub service: Service,
    /// What goes on by itself.
    pub tasks: TaskTracker,
    router: Router,
    answering: JoinSet<()>,
    config: ConsoleConfig,
    parts: ConsoleParts,
}

/// An answer of the API.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        self.json()
    }

    /// Code and field of a problem, which must be whole.
    #[track_caller]
    pub fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        let problem = self.json();
        let text = |name: &str| problem[name].as_str().expect(name).to_owned();
        assert!(!text("detail").is_empty() && !text("fix").is_empty(), "{problem}");
        assert_eq!(problem["status"], self.status.as_u16());
        (self.status.as_u16(), text("code"), text("field"))
    }
}

impl World {
    /// Every service adopts at once.
    pub async fn new() -> Self {
        let mut world = Self::silent();
        for service in SERVICES {
            world.adopts(service).await;
        }
        world
    }

    /// Nobody answers anything.
    pub fn silent() -> Self {
        Self::with(true)
    }

    /// The process knows no app.
    pub fn without_app() -> Self {
        Self::with(false)
    }

    fn with(has_app: bool) -> Self {
        let bus = MemoryBus::new();
        let clock = ManualClock::at(NOON);
        let sealer = Arc::new(Turned);
        let shops = Shops::new(&bus, sealer.clone());
        let kv = FaultyKv::new(&bus);
        let (grants, tasks) = (MemoryGrants::default(), TaskTracker::new());
        let pairs = MemoryPairs::default();
        let config = ConsoleConfig {
            admin_token: "let-me-in".into(),
            app: has_app.then(|| AppKeys {
                api_key: API_KEY.to_owned(),
                api_secrets: vec!["older-secret".into(), API_SECRET.into()],
            }),
            public_url: "https://lockstep.example.com/".to_owned(),
            shopify_api_version: "2026-10".to_owned(),
            services: SERVICES.map(str::to_owned).to_vec(),
        };
        let parts = ConsoleParts {
            kv: Arc::new(kv.clone()),
            bus: Arc::new(bus.clone()),
            ask: Arc::new(bus.clone()),
            shopify: Arc::new(shops.clone()),
            probe: Arc::new(shops.clone()),
            grants: Arc::new(grants.clone()),
            pairs: Arc::new(pairs.clone()),
            sealer,
            clock: Arc::new(clock.clone()),
            ids: Arc::new(SequenceIds::default()),
            tasks: tasks.clone(),
        };
        let service = Service::new(&config, parts.clone());
        let router = service.router();
        let answering = JoinSet::new();
        Self {
            bus,
            kv,
            clock,
            shops,
            grants,
            pairs,
            service,
            tasks,
            router,
            answering,
            config,
            parts,
        }
    }

    /// The process starts again, under another address.
    pub fn restart(&mut self, public_url: &str) {
        public_url.clone_into(&mut self.config.public_url);
        self.service = Service::new(&self.config, self.parts.clone());
        self.router = self.service.router();
    }

    /// Waits for what goes on by itself.
    pub async fn settle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    pub async fn adopts(&mut self, service: &str) {
        let everything = |_: AdoptionRequest| AdoptionResponse { revision: u64::MAX };
        self.answers(AdoptionRequest::subject(service), everything).await;
    }

    /// From now on somebody answers a question.
    pub async fn answers<R: Question + 'static>(
        &mut self,
        subject: Subject,
        mut answer: impl FnMut(R) -> R::Reply + Send + 'static,
    ) {
        let mut questions = self.bus.questions(subject.as_str(), "test").await.unwrap();
        self.answering.spawn(async move {
            while let Some(question) = questions.next().await {
                let reply = answer(R::decode(question.body).unwrap());
                question.answerer.answer(reply.encode_to_vec().into()).await.unwrap();
            }
        });
    }

    /// From now on somebody answers a question with bytes that are no answer.
    pub async fn garbles(&mut self, subject: Subject) {
        let mut questions = self.bus.questions(subject.as_str(), "test").await.unwrap();
        self.answering.spawn(async move {
            while let Some(question) = questions.next().await {
                question.answerer.answer(b"\xff\xff\xff".as_slice().into()).await.unwrap();
            }
        });
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// A call with the right token; `path` below `/api/v1`.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.call_with(method, path, body, &[]).await
    }

    pub async fn call_with(
        &self,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", "Bearer let-me-in");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let has_type = headers.iter().any(|(name, _)| *name == "content-type");
        if !body.is_null() && !has_type {
            request = request.header("content-type", "application/json");
        }
        let body = match body {
            Value::Null => Body::empty(),
            Value::String(raw) => Body::from(raw),
            json => Body::from(json.to_string()),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    /// A back office `wms` with the warehouses MAIN and SIDE, and the store `north` on it.
    pub async fn furnished() -> Self {
        let world = Self::new().await;
        world.call("POST", "/backoffices", json!({"id": "wms"})).await.ok();
        for code in ["MAIN", "SIDE"] {
            world.call("PUT", &format!("/backoffices/wms/warehouses/{code}"), json!({})).await.ok();
        }
        world.call("POST", "/stores", north()).await.ok();
        world
    }
}

pub fn north() -> Value {
    json!({"id": "north", "shop_domain": "north.myshopify.com", "access_token": "shpat_north",
           "backoffices": [{"id": "wms", "roles": ["stock"]}]})
}
