//! Puts the gateway together and runs it.

use std::sync::Arc;

use axum::Router;
use lockstep_ports::{AggregateKey, Ask, Bus, Clock, ConsumerSpec, IdSource, Kv, Sealer, Store};
use lockstep_runtime::{
    Directory, Engine, EngineParts, Evolver, EvolverOf, Hosted, Inbound, Lifecycle, Processor,
    SettingsChange, Stop, Work, start,
};
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tracing::{error, info};

use crate::accept::Acceptor;
use crate::config::{Config, ConfigError};
use crate::grpc;
use crate::report::Core;
use crate::rest;
use crate::tokens::Tokens;
use crate::tokens::aggregate::Token;
use crate::tokens::secret::NewSecret;

/// Name of the service, as in subjects, schemas and `lockstep run`.
pub const SERVICE: &str = "backoffice-gateway";

/// What the gateway works with.
pub struct Ports {
    /// Its database: the schema `backoffice_gateway`.
    pub store: Arc<dyn Store>,
    /// The broker.
    pub bus: Arc<dyn Bus>,
    /// Settings.
    pub kv: Arc<dyn Kv>,
    /// Questions of the console.
    pub ask: Arc<dyn Ask>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// Seals dead letters.
    pub sealer: Arc<dyn Sealer>,
    /// Random bits for tokens; [`crate::os_secret`] in a running product.
    pub new_secret: NewSecret,
}

/// The sockets of a running gateway.
pub struct Listeners {
    /// REST.
    pub rest: TcpListener,
    /// gRPC.
    pub grpc: TcpListener,
}

/// The gateway, before it runs.
pub struct Service {
    ports: Ports,
    config: Config,
}

impl Service {
    /// A gateway over its ports.
    ///
    /// # Errors
    /// A value of the configuration that cannot work.
    pub fn try_new(ports: Ports, config: Config) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self { ports, config })
    }

    /// Starts what every service has, and the answers to the console; gives the way in.
    pub fn start(self, life: &Lifecycle) -> Gateway {
        let Ports { store, bus, kv, ask, clock, ids, sealer, new_secret } = self.ports;
        let parts = EngineParts { service: SERVICE, store, bus, clock, ids: ids.clone(), sealer };
        let engine = Engine::new(parts);
        let hosted = Hosted {
            engine: engine.clone(),
            processor: Arc::new(NoMessages),
            worker: None,
            // A report is a double however late it comes again.
            keep_inbox: true,
        };
        let directory = start(hosted, kv, ask.clone(), life);
        let tokens = Tokens::new(engine.clone(), ids.clone(), new_secret, life.tracker.clone());
        tokens.serve(&ask, SERVICE, life);
        let acceptor = Acceptor::new(engine.clone(), life.clone(), self.config.call_deadline);
        let core = Arc::new(Core { tokens, acceptor, directory, engine, ids });
        Gateway { core, config: self.config }
    }

    /// Starts, and answers on the sockets until the lifecycle ends.
    pub fn run(self, listeners: Listeners, life: &Lifecycle) {
        self.start(life).serve(listeners, life);
    }
}

/// A started gateway.
pub struct Gateway {
    core: Arc<Core>,
    config: Config,
}

impl Gateway {
    /// The REST routes.
    pub fn rest(&self) -> Router {
        rest::router(self.core.clone(), &self.config)
    }

    /// The gRPC service.
    pub fn grpc(&self) -> Routes {
        grpc::routes(self.core.clone())
    }

    /// The tokens, as the console's questions reach them.
    pub fn tokens(&self) -> &Arc<Tokens> {
        &self.core.tokens
    }

    /// Answers on the sockets until the lifecycle ends; calls that were begun are finished.
    pub fn serve(&self, listeners: Listeners, life: &Lifecycle) {
        let (router, shutdown) = (self.rest(), life.shutdown.clone());
        life.spawn_vital("gateway REST", async move {
            log_address("REST", &listeners.rest);
            let serving = axum::serve(listeners.rest, router)
                .with_graceful_shutdown(async move { shutdown.cancelled().await });
            if let Err(e) = serving.await {
                error!(code = "LS0202", error = %e, "the REST side ended");
            }
        });
        let (routes, shutdown) = (self.grpc(), life.shutdown.clone());
        let calls_max = self.config.grpc_calls_per_connection_max;
        let streams_max = u32::try_from(calls_max).unwrap_or(u32::MAX);
        let deadline = self.config.body_deadline + self.config.call_deadline;
        life.spawn_vital("gateway gRPC", async move {
            log_address("gRPC", &listeners.grpc);
            let incoming = TcpIncoming::from(listeners.grpc).with_nodelay(Some(true));
            let serving = Server::builder()
                .max_concurrent_streams(streams_max)
                .concurrency_limit_per_connection(calls_max)
                .timeout(deadline)
                .add_routes(routes)
                .serve_with_incoming_shutdown(incoming, shutdown.cancelled_owned());
            if let Err(e) = serving.await {
                error!(code = "LS0203", error = %e, "the gRPC side ended");
            }
        });
    }
}

fn log_address(side: &str, listener: &TcpListener) {
    if let Ok(address) = listener.local_addr() {
        info!(side, address = %address, "the gateway answers");
    }
}

/// One per kind of aggregate in the gateway's log, for the rebuild.
#[must_use]
pub fn evolvers() -> Vec<Box<dyn Evolver>> {
    NoMessages.evolvers()
}

/// The gateway reads no stream and keeps no state that settings change: it reads the directory
/// at each call.
struct NoMessages;

impl Processor for NoMessages {
    fn consumers(&self, _: &Directory) -> Vec<ConsumerSpec> {
        Vec::new()
    }

    fn keys(&self, _: &Inbound) -> Vec<AggregateKey> {
        Vec::new()
    }

    fn apply(&self, message: &Inbound, _: &mut Work<'_>) -> Result<(), Stop> {
        Err(Stop::Poison(format!("{SERVICE} reads no {}", message.metadata.event_type)))
    }

    fn adopt(&self, _: &SettingsChange, _: &mut Work<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        vec![Box::new(EvolverOf::<Token>::default())]
    }
}
