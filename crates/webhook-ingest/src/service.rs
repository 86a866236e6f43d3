//! Puts the service together and runs it.

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use lockstep_contracts::operations::v1::ExamineRequest;
use lockstep_ports::{Ask, Bus, Clock, IdSource, Kv, ObjectStore};
use lockstep_runtime::http::{self, Bodies, BodyLimits, Endpoint, WhenFull};
use lockstep_runtime::{Lifecycle, serve_request};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tracing::warn;

use crate::config::{BODY_BYTES_MAX, Config, ConfigError};
use crate::directory::{self, SharedDirectory};
use crate::examine::examine;
use crate::group::Group;
use crate::handlers::webhook::{self, Core};
use crate::refusal::Refusal;
use crate::secrets::{SecretsOfStores, Verifier};

/// Name of the service, as in subjects and `lockstep run`.
pub const SERVICE: &str = "webhook-ingest";

/// What the service works with.
#[derive(Clone)]
pub struct Ports {
    /// The broker.
    pub bus: Arc<dyn Bus>,
    /// Questions of the console.
    pub ask: Arc<dyn Ask>,
    /// Settings.
    pub kv: Arc<dyn Kv>,
    /// Bodies too large for a message.
    pub objects: Arc<dyn ObjectStore>,
    /// Secrets of stores that have their own app; [`crate::SealedSecrets`] in a running product.
    pub secrets: Arc<dyn SecretsOfStores>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids of requests.
    pub ids: Arc<dyn IdSource>,
}

/// The service, before it runs.
pub struct Service {
    ports: Ports,
    config: Config,
}

impl Service {
    /// A service over its ports.
    ///
    /// # Errors
    /// A value of the configuration that cannot work.
    pub fn try_new(ports: Ports, config: Config) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self { ports, config })
    }

    /// Starts what the endpoint needs, and gives the endpoint.
    pub fn start(self, life: &Lifecycle) -> Ingest {
        let Self { ports, config } = self;
        if config.secrets.is_empty() {
            warn!("no secret of the process: only stores with their own api_secret are served");
        }
        let directory = directory::start(ports.kv.clone(), life);
        let (waiting_max, deadline) = (config.requests_in_flight_max, config.publish_deadline);
        let (group, publisher) = Group::new(ports.bus.clone(), waiting_max, deadline);
        // Not vital: it ends by itself once the last request is answered.
        life.tracker.spawn(publisher.run());
        let (bus, known) = (ports.bus.clone(), directory.clone());
        let answer = move |_: ExamineRequest| {
            let (bus, known) = (bus.clone(), known.clone());
            async move { Ok(examine(bus, known).await) }
        };
        let (ask, subject) = (ports.ask.clone(), ExamineRequest::subject(SERVICE));
        serve_request(ask, subject, SERVICE, answer, life);
        let core = Core {
            permits: Semaphore::new(config.requests_in_flight_max.min(Semaphore::MAX_PERMITS)),
            bodies: bodies(&config),
            verifier: Verifier::new(config.secrets.clone(), ports.secrets),
            directory,
            group,
            objects: ports.objects,
            clock: ports.clock,
            ids: ports.ids,
            config,
        };
        Ingest { core: Arc::new(core) }
    }

    /// Starts, and answers on the socket until the lifecycle ends.
    pub fn run(self, listener: TcpListener, life: &Lifecycle) {
        self.start(life).serve(listener, life);
    }
}

/// The started service.
pub struct Ingest {
    core: Arc<Core>,
}

impl Ingest {
    /// The routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route(&self.core.config.path, post(webhook::handler))
            .method_not_allowed_fallback(|| async { Refusal::WrongMethod })
            .fallback(|| async { Refusal::UnknownPath })
            .with_state(self.core.clone())
    }

    /// The stores as they are known now.
    pub fn directory(&self) -> SharedDirectory {
        self.core.directory.clone()
    }

    /// Answers on the socket until the lifecycle ends; requests that were begun are finished.
    pub fn serve(self, listener: TcpListener, life: &Lifecycle) {
        http::serve(Endpoint::new(SERVICE, listener, self.router()), life);
    }
}

/// Shopify sends again by itself, so a body for which there is no memory does not wait; and it
/// reads no answer before it has sent all, so none is read behind a refusal.
fn bodies(config: &Config) -> Bodies {
    Bodies::new(BodyLimits {
        bytes_max: BODY_BYTES_MAX,
        in_flight_max: config.body_bytes_in_flight_max,
        deadline: config.body_deadline,
        when_full: WhenFull::Refuse,
        discard_max: 0,
    })
}
