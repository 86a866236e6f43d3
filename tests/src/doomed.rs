//! A shipment-push that is killed at a call: everything that it held in memory is gone, and nothing
//! of it is finished, as after SIGKILL.

use std::sync::Arc;

use async_trait::async_trait;
use lockstep::compose::{Adapters, ServiceName};
use lockstep_domain::StoreId;
use lockstep_ports::{AdminAnswer, AdminError, AdminRequest, ShopifyAdmin};
use lockstep_runtime::{Engine, EngineParts, Lifecycle};
use lockstep_shipment_push::service::{ShipmentPorts, run};
use lockstep_storage::{PgStore, StoreOptions};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// It works on one store.
const CONNECTIONS: u32 = 4;

/// Where it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The call is committed, and Shopify never hears of it.
    BeforeTheCall,
    /// Shopify executed it, and its answer is never recorded.
    AfterTheCall,
}

/// The service, in a runtime of its own.
pub struct Doomed {
    runtime: Option<Runtime>,
    reached: CancellationToken,
}

impl Doomed {
    /// Starts it in a world that runs without it.
    pub fn start(world: &World, operation: &'static str, at: At) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let reached = CancellationToken::new();
        let (args, clock, ids) = world.parts();
        let (url, here) = (world.args.database_url.clone(), reached.clone());
        runtime.spawn(async move {
            let lifecycle = Lifecycle::new();
            let tasks = lifecycle.tracker.clone();
            let adapters = Adapters::connect_with(&args, clock, ids, tasks).await;
            let adapters = adapters.expect("adapters");
            let url = url.expect("a database");
            let name = ServiceName::ShipmentPush.name();
            let options = StoreOptions { max_connections: CONNECTIONS, ..StoreOptions::default() };
            let store = PgStore::connect(&url, "shipment_push", options).await;
            let engine = Engine::new(EngineParts {
                service: name,
                store: Arc::new(store.expect("its schema")),
                bus: adapters.bus.clone(),
                clock: adapters.clock.clone(),
                ids: adapters.ids.clone(),
                sealer: adapters.sealer.clone(),
            });
            let shopify = adapters.shopify.clone();
            let ports = ShipmentPorts {
                kv: adapters.bus.clone(),
                ask: adapters.bus.clone(),
                shopify: Arc::new(Deadly { shopify, operation, at, reached: here }),
            };
            run(&engine, ports, &lifecycle);
            std::future::pending::<()>().await;
        });
        Self { runtime: Some(runtime), reached }
    }

    /// Whether it stands at the call.
    pub fn is_there(&self) -> bool {
        self.reached.is_cancelled()
    }

    /// Kills it.
    pub fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Shopify, and a call from which nobody comes back.
struct Deadly {
    shopify: Arc<dyn ShopifyAdmin>,
    operation: &'static str,
    at: At,
    reached: CancellationToken,
}

#[async_trait]
impl ShopifyAdmin for Deadly {
    async fn send(
        &self,
        store: &StoreId,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        if request.operation != self.operation {
            return self.shopify.send(store, request).await;
        }
        if self.at == At::AfterTheCall {
            self.shopify.send(store, request).await?;
        }
        self.reached.cancel();
        std::future::pending().await
    }

    fn budget_left(&self, store: &StoreId) -> Option<f64> {
        self.shopify.budget_left(store)
    }
}
