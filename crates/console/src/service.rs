//! The parts that the API works with, and its router.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Uri;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use lockstep_domain::StoreId;
use lockstep_ports::{
    AppKeys, Ask, Bus, Clock, Delivered, HoldsPairs, IdSource, Kv, KvLeases, SECRETS_BUCKET,
    Sealer, ShopifyAdmin, ShopifyGrants,
};
use lockstep_runtime::Lifecycle;
use lockstep_runtime::http::Bodies;
use secrecy::SecretString;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info, info_span};

use crate::access::heard::Listened;
use crate::access::shops::Shops;
use crate::access::{self, browser};
use crate::adoption::await_adoption;
use crate::api;
use crate::auth::{self, AdminToken};
use crate::body;
use crate::probe::Probe;
use crate::problem::{Code, Problem};
use crate::registry::Registry;
use crate::shop::Shop;
use crate::webhooks;

/// Settings of the process that the API needs.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// `ADMIN_TOKEN`.
    pub admin_token: SecretString,
    /// The app that stores approve: `SHOPIFY_API_KEY` and `SHOPIFY_API_SECRET`; `None` without a
    /// client id.
    pub app: Option<AppKeys>,
    /// `PUBLIC_URL`: where Shopify reaches this installation.
    pub public_url: String,
    /// `SHOPIFY_API_VERSION`.
    pub shopify_api_version: String,
    /// Services that adopt settings and answer questions, by name: each hosts its own
    /// `AdoptionRequest`, `ExamineRequest` and dead letters.
    pub services: Vec<String>,
}

/// What the API works with.
#[derive(Clone)]
pub struct ConsoleParts {
    /// Settings and sealed secrets.
    pub kv: Arc<dyn Kv>,
    /// News of uninstalled apps.
    pub bus: Arc<dyn Bus>,
    /// Questions to the other services.
    pub ask: Arc<dyn Ask>,
    /// The stores' Shopify.
    pub shopify: Arc<dyn ShopifyAdmin>,
    /// Shopify with a token that is no store's yet.
    pub probe: Arc<dyn Probe>,
    /// Asks shops for tokens.
    pub grants: Arc<dyn ShopifyGrants>,
    /// Holds what they gave until it is kept.
    pub pairs: Arc<dyn HoldsPairs>,
    /// Seals the stores' secrets.
    pub sealer: Arc<dyn Sealer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Takes in what must end although nobody waits for it any more: a stop of the process does.
    pub tasks: TaskTracker,
}

/// State of every handler.
pub(crate) struct Console {
    pub parts: ConsoleParts,
    pub registry: Registry,
    pub bodies: Bodies,
    pub admin_token: AdminToken,
    pub services: Vec<String>,
    pub leases: KvLeases,
    pub shops: Shops,
    pub listened: Listened,
    pub app: Option<AppKeys>,
    pub public_url: String,
    pub webhook_uri: String,
    pub shopify_api_version: String,
}

/// The state as handlers take it.
pub(crate) type Shared = State<Arc<Console>>;

impl Console {
    /// A store's Shopify.
    pub fn shop<'a>(&'a self, store: &'a StoreId) -> Shop<'a> {
        Shop::Store(&*self.parts.shopify, store)
    }

    /// Waits until every service has adopted a change; gives those that have not yet.
    pub async fn pending(&self, key: &str, revision: u64) -> Vec<String> {
        let (ask, clock) = (&*self.parts.ask, &*self.parts.clock);
        await_adoption(ask, clock, &self.services, key, revision).await
    }
}

/// The console: its router, and what it looks after without being asked.
pub struct Service {
    console: Arc<Console>,
}

impl Service {
    /// Puts the parts together; nothing runs yet.
    pub fn new(config: &ConsoleConfig, parts: ConsoleParts) -> Self {
        let (kv, clock, ids) = (parts.kv.clone(), parts.clock.clone(), parts.ids.clone());
        let console = Console {
            registry: Registry::new(kv.clone(), clock.clone()),
            bodies: body::bodies(),
            admin_token: AdminToken::new(&config.admin_token),
            services: config.services.clone(),
            leases: KvLeases::new(kv, SECRETS_BUCKET, clock, ids),
            shops: Shops::default(),
            listened: Listened::default(),
            app: config.app.clone(),
            public_url: config.public_url.trim_end_matches('/').to_owned(),
            webhook_uri: webhooks::uri(&config.public_url),
            shopify_api_version: config.shopify_api_version.clone(),
            parts,
        };
        Self { console: Arc::new(console) }
    }

    /// The admin API and the pages of approval, to be served on `CONSOLE_LISTEN`.
    pub fn router(&self) -> Router {
        let console = &self.console;
        let approval = Router::new()
            .route(access::START, get(browser::start))
            .route(access::CALLBACK, get(browser::callback));
        // The innermost layer runs last: a call is written down even when it is refused at the
        // door.
        Router::new()
            .nest("/api/v1", api::routes())
            .fallback(unknown_path)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(from_fn_with_state(Arc::clone(console), auth::require))
            .merge(approval)
            .layer(from_fn_with_state(Arc::clone(console), write_down))
            .with_state(Arc::clone(console))
    }

    /// Looks after the stores' access and subscriptions until the lifecycle ends.
    pub fn run(&self, life: &Lifecycle) {
        let (upkeep, news) = (self.console.clone(), self.console.clone());
        let heard = self.console.clone();
        life.spawn_vital("console upkeep", access::upkeep::run(upkeep, life.clone()));
        life.spawn_vital("console uninstalled", access::uninstalled::run(news, life.clone()));
        life.spawn_vital("console heard", access::heard::run(heard, life.clone()));
    }

    /// One round of what is looked after, as a process does it that has just started.
    ///
    /// # Errors
    /// Why not even the stores could be listed.
    pub async fn look_after_all(&self) -> Result<(), Problem> {
        let parts = &self.console.parts;
        let life = Lifecycle::by(parts.clock.clone(), parts.ids.clone());
        access::upkeep::look_after_all(&self.console, &mut BTreeSet::new(), &life).await
    }

    /// What is pulled from the stream of webhooks, taken as the running service takes it.
    ///
    /// # Errors
    /// What could not be kept; it comes again.
    pub async fn hear(&self, messages: &[Delivered]) -> Result<(), Problem> {
        access::uninstalled::take(&self.console, messages).await
    }

    /// What is pulled of the topics whose silence is listened for, and nothing more is there, taken
    /// as the running service takes it.
    ///
    /// # Errors
    /// What could not be kept; it comes again.
    pub async fn listen(&self, messages: &[Delivered]) -> Result<(), Problem> {
        access::heard::take(&self.console, messages, self.console.parts.clock.now()).await
    }
}

/// The router of a console that looks after nothing.
pub fn router(config: &ConsoleConfig, parts: ConsoleParts) -> Router {
    Service::new(config, parts).router()
}

async fn unknown_path(uri: Uri) -> Problem {
    let detail = format!("nothing has the path {}", uri.path());
    Problem::new(Code::UnknownPath, "", detail, "paths of the admin API begin with /api/v1")
}

async fn method_not_allowed(request: Request) -> Problem {
    let detail = format!("{} does not take {}", request.uri().path(), request.method());
    Problem::new(Code::MethodNotAllowed, "", detail, "the header Allow names what it takes")
}

/// One line per request: the interface that operators search.
async fn write_down(State(console): Shared, request: Request, next: Next) -> Response {
    let clock = &console.parts.clock;
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let path = matched.unwrap_or_else(|| "(unknown)".to_owned());
    let span = info_span!("console.request", otel.kind = "server", http.route = path);
    let begun = clock.now();
    let response = next.run(request).instrument(span).await;
    let duration_ms = clock.now().duration_since(begun).as_millis();
    let status = response.status().as_u16();
    info!(http.method = %method, http.route = path, http.status = status, duration_ms, "request");
    response
}
