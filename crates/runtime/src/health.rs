//! `/healthz` says that the loop turns, `/readyz` that the process can do its work.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::lifecycle::Lifecycle;
use crate::pulse::Pulses;

/// Something that must work before a process can do its work.
#[async_trait]
pub trait Readiness: Send + Sync + 'static {
    /// What it is, e.g. `stock-sync database`.
    fn name(&self) -> String;

    /// True when it works now.
    async fn is_ready(&self) -> bool;
}

/// Everything that a process needs, and the loops that must turn in it.
#[derive(Clone, Default)]
pub struct Health {
    needs: Vec<Arc<dyn Readiness>>,
    pulses: Pulses,
}

impl Health {
    /// The health of a process whose loops turn within a lifecycle.
    pub fn of(life: &Lifecycle) -> Self {
        Self { needs: Vec::new(), pulses: life.pulses().clone() }
    }

    /// Adds a need.
    pub fn require(&mut self, need: Arc<dyn Readiness>) {
        self.needs.push(need);
    }

    /// Names of what does not work now.
    pub async fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for need in &self.needs {
            if !need.is_ready().await {
                missing.push(need.name());
            }
        }
        missing
    }

    /// The two routes.
    pub fn router(self) -> Router {
        Router::new().route("/healthz", get(turns)).route("/readyz", get(ready)).with_state(self)
    }
}

async fn turns(State(health): State<Health>) -> (StatusCode, String) {
    let late = health.pulses.late();
    if late.is_empty() {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("does not turn: {}\n", late.join(", ")))
    }
}

async fn ready(State(health): State<Health>) -> (StatusCode, String) {
    let missing = health.missing().await;
    if missing.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", missing.join(", ")))
    }
}

/// Needs that the ports themselves answer for.
pub struct StoreReady(pub &'static str, pub Arc<dyn lockstep_ports::Store>);

#[async_trait]
impl Readiness for StoreReady {
    fn name(&self) -> String {
        format!("{} database", self.0)
    }

    async fn is_ready(&self) -> bool {
        self.1.is_ready().await
    }
}

/// The broker.
pub struct BusReady(pub Arc<dyn lockstep_ports::Bus>);

#[async_trait]
impl Readiness for BusReady {
    fn name(&self) -> String {
        "broker".to_owned()
    }

    async fn is_ready(&self) -> bool {
        self.0.is_ready().await
    }
}
