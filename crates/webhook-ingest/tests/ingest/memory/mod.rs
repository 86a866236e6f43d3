//! The endpoint over an in-memory broker: what is taken, what is refused, and what is published.
mod accepted;
mod groups;
mod refused;
mod secrets;
mod telemetry;

use std::sync::Arc;

use crate::support::{NOON, Post, add_stores, config, south_secrets};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use lockstep_contracts::Stream;
use lockstep_ports::{Bus, Outgoing};
use lockstep_runtime::Lifecycle;
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::{ManualClock, SequenceIds};
use lockstep_webhook_ingest::{Config, Ports, Service};
use serde_json::Value;
use tower::ServiceExt;

/// The endpoint with everything behind it.
struct World {
    memory: MemoryBus,
    router: Router,
    life: Lifecycle,
}

/// An answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl World {
    /// With three stores, which are known already.
    async fn new() -> Self {
        Self::with(MemoryBus::new(), None, config()).await
    }

    /// Publishes through `bus` when it is not the memory itself.
    async fn with(memory: MemoryBus, bus: Option<Arc<dyn Bus>>, config: Config) -> Self {
        add_stores(&memory).await;
        let life = Lifecycle::new();
        let ingest = Service::try_new(ports(&memory, bus), config).expect("valid").start(&life);
        let mut directory = ingest.directory();
        directory.wait_for(Option::is_some).await.expect("the stores are read");
        Self { router: ingest.router(), memory, life }
    }

    async fn send(&self, post: Post) -> Answer {
        answer(&self.router, post.request()).await
    }

    fn published(&self) -> Vec<Outgoing> {
        self.memory.published(Stream::Shopify)
    }
}

fn ports(memory: &MemoryBus, bus: Option<Arc<dyn Bus>>) -> Ports {
    let memory = Arc::new(memory.clone());
    Ports {
        bus: bus.unwrap_or_else(|| memory.clone()),
        ask: memory.clone(),
        kv: memory.clone(),
        objects: memory,
        secrets: south_secrets(),
        clock: Arc::new(ManualClock::at(NOON)),
        ids: Arc::new(SequenceIds::default()),
    }
}

async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("answered");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.expect("a body");
    let body =
        if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") };
    Answer { status: parts.status, headers: parts.headers, body }
}
