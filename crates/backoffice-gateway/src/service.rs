//! Puts the gateway together and runs it.

use std::sync::Arc;

use axum::Router;
use lockstep_ports::{Ask, Bus, Clock, IdSource, Kv, Sealer, Store};
use lockstep_runtime::http::{self, Bodies, BodyLimits, Endpoint, WhenFull};
use lockstep_runtime::{Engine, EngineParts, Hosted, Lifecycle, PersonalKeys, start};
use tokio::net::TcpListener;

use crate::accept::Acceptor;
use crate::config::{Config, ConfigError};
use crate::feed::append::Appender;
use crate::feed::{Feeds, Seats};
use crate::grpc;
use crate::report::Core;
use crate::rest::{self, BODY_BYTES_MAX};
use crate::tokens::Tokens;
use crate::tokens::secret::NewSecret;

/// Name of the service, as in subjects, schemas and `lockstep run`.
pub const SERVICE: &str = "backoffice-gateway";
/// Bytes that are still read, and thrown away, behind a refusal: a client that is cut off in
/// mid-sentence never sees the answer.
const DISCARD_BYTES_MAX: usize = 64 * 1024 * 1024;

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
    /// Keys of customers: open what the feed keeps sealed.
    pub keys: Arc<PersonalKeys>,
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
        let Ports { store, bus, kv, ask, clock, ids, sealer, keys, new_secret } = self.ports;
        let parts = EngineParts { service: SERVICE, store, bus, clock, ids: ids.clone(), sealer };
        let engine = Engine::new(parts);
        let seats = Arc::new(Seats::default());
        let hosted = Hosted {
            engine: engine.clone(),
            processor: Arc::new(Appender { seats: seats.clone() }),
            worker: None,
            // A report is a double however late it comes again.
            keep_inbox: true,
        };
        let directory = start(hosted, kv, ask.clone(), life);
        let tokens = Tokens::new(engine.clone(), ids.clone(), new_secret, life.tracker.clone());
        tokens.serve(&ask, SERVICE, life);
        let acceptor = Acceptor::new(engine.clone(), life.clone(), self.config.call_deadline);
        let feeds = Feeds::new(engine.clone(), keys, seats, life.shutdown.clone());
        let core = Arc::new(Core { tokens, acceptor, feeds, directory, engine, ids });
        let bodies = Bodies::new(BodyLimits {
            bytes_max: BODY_BYTES_MAX,
            in_flight_max: self.config.body_bytes_in_flight_max,
            deadline: self.config.body_deadline,
            when_full: WhenFull::Wait,
            discard_max: DISCARD_BYTES_MAX,
        });
        Gateway { core, config: self.config, bodies }
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
    /// Memory for bodies, shared by both transports.
    bodies: Bodies,
}

impl Gateway {
    /// The REST routes.
    pub fn rest(&self) -> Router {
        rest::router(self.core.clone(), self.bodies.clone())
    }

    /// The gRPC service.
    pub fn grpc(&self) -> Router {
        grpc::router(self.core.clone(), self.bodies.clone(), &self.config)
    }

    /// The tokens, as the console's questions reach them.
    pub fn tokens(&self) -> &Arc<Tokens> {
        &self.core.tokens
    }

    /// Answers on the sockets until the lifecycle ends; calls that were begun are finished.
    pub fn serve(&self, listeners: Listeners, life: &Lifecycle) {
        http::serve(Endpoint::new("gateway REST", listeners.rest, self.rest()), life);
        let calls_max = self.config.grpc_calls_per_connection_max;
        let streams_max = u32::try_from(calls_max).unwrap_or(u32::MAX);
        let endpoint = Endpoint::new("gateway gRPC", listeners.grpc, self.grpc());
        http::serve(endpoint.http2(streams_max), life);
    }
}
