//! A running stand-in, as tests hold it.

use crate::acts::{self, ControlError};
use crate::clock::Clock;
use crate::graphql::schema::{AdminSchema, SchemaError};
use crate::http::{Fuse, FusedListener, control, routes};
use crate::journal::Violation;
use crate::save::{self, Log, StateError};
use crate::webhooks::{API_VERSION, delivery};
use crate::world::{Cell, World, lock};
use serde_json::{Map, Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How a stand-in starts.
#[derive(Clone, Debug)]
pub struct StandinConfig {
    /// Where it listens; port 0 = any free one.
    pub listen: SocketAddr,
    /// The introspection of Admin 2026-10.
    pub schema: PathBuf,
    /// Where the state is kept.
    pub state: Option<PathBuf>,
    /// Bytes of changes from which on the state is written anew, if it is not larger itself.
    pub state_limit: u64,
    /// Multiplies the distances between webhook attempts.
    pub retry_scale: f64,
    /// Journal entries kept per shop.
    pub journal_limit: usize,
    /// Time.
    pub clock: Clock,
}

/// The variable that names the schema file.
pub const SCHEMA_VARIABLE: &str = "LOCKSTEP_SHOPIFY_SCHEMA";

impl StandinConfig {
    /// A stand-in on a free port with this schema.
    #[must_use]
    pub fn new(schema: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            schema: schema.into(),
            state: None,
            state_limit: 16 * 1024 * 1024,
            retry_scale: 1.0,
            journal_limit: 50_000,
            clock: Clock::system(),
        }
    }

    /// A stand-in on a free port with the schema that the environment names.
    ///
    /// # Errors
    /// When the variable is not set.
    #[expect(clippy::disallowed_methods, reason = "tests have no command line")]
    pub fn from_env() -> Result<Self, StandinError> {
        std::env::var_os(SCHEMA_VARIABLE).map(Self::new).ok_or(StandinError::NoSchema)
    }
}

/// Why a stand-in did not start.
#[derive(Debug, thiserror::Error)]
pub enum StandinError {
    /// Nothing names the schema.
    #[error("LOCKSTEP_SHOPIFY_SCHEMA does not name the file with the Admin schema 2026-10")]
    NoSchema,
    /// The schema cannot be used.
    #[error("the Admin schema cannot be used")]
    Schema(#[from] SchemaError),
    /// Only this machine may talk to it.
    #[error("{0} is not an address of this machine alone")]
    NotLoopback(SocketAddr),
    /// The port cannot be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Webhooks cannot be sent.
    #[error("the HTTP client cannot start")]
    Client(#[from] reqwest::Error),
    /// The state file cannot be used.
    #[error("the state cannot be used")]
    State(#[from] StateError),
}

/// A running stand-in. Dropping it ends it; what it answered is in its state file, if it has one.
#[derive(Debug)]
pub struct Standin {
    world: Arc<World>,
    address: SocketAddr,
    main: Fuse,
    tasks: Vec<JoinHandle<()>>,
}

impl Standin {
    /// Starts a stand-in inside the present runtime.
    ///
    /// # Errors
    /// [`StandinError`].
    pub async fn start(config: StandinConfig) -> Result<Self, StandinError> {
        if !config.listen.ip().is_loopback() {
            return Err(StandinError::NotLoopback(config.listen));
        }
        let schema = AdminSchema::load(&config.schema)?;
        let http = delivery::client()?;
        let (scale, limit) = (config.retry_scale, config.journal_limit);
        let mut world = World::new(schema, config.clock, http, scale, limit);
        if let Some(path) = &config.state {
            let (log, shops) = Log::open(path, config.state_limit)?;
            world.keep(log, shops);
        }
        let world = Arc::new(world);
        let listen = |source| StandinError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        world.listens_at(format!("http://{address}"));
        let main = Fuse::default();
        let service = routes(Arc::clone(&world)).into_make_service_with_connect_info::<Fuse>();
        let server = axum::serve(FusedListener::new(listener, main.clone()), service);
        let mut tasks = vec![
            world.tasks.spawn(async move {
                if let Err(error) = server.await {
                    tracing::error!(%error, "the server ended");
                }
            }),
            world.tasks.spawn(delivery::run(Arc::clone(&world))),
        ];
        tasks.push(world.tasks.spawn(save::keep_small(Arc::clone(&world))));
        Ok(Self { world, address, main, tasks })
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The pattern for `SHOPIFY_URL`, `http://127.0.0.1:PORT/{shop}`.
    #[must_use]
    pub fn shopify_url(&self) -> String {
        format!("{}/{{shop}}", self.url())
    }

    /// Makes a shop; body and answer are those of `POST /_standin/shops`.
    ///
    /// # Errors
    /// When the description is wrong or the domain is taken.
    pub fn create_shop(&self, body: Value) -> Result<Value, ControlError> {
        control::create_shop(&self.world, body)
    }

    /// A handle to a shop.
    ///
    /// # Errors
    /// When there is none.
    pub fn shop(&self, domain: &str) -> Result<ShopHandle, ControlError> {
        let shop = self.world.shop(domain);
        Ok(ShopHandle {
            shop: shop.ok_or_else(|| ControlError::Missing(format!("shop {domain}")))?,
            domain: domain.to_owned(),
            url: self.url(),
            world: Arc::clone(&self.world),
        })
    }

    /// All violations of all shops, each with its shop's domain.
    #[must_use]
    pub fn violations(&self) -> Vec<(String, Violation)> {
        let mut all = Vec::new();
        for shop in self.world.shops() {
            let shop = lock(&shop);
            let found = shop.journal.violations(0);
            all.extend(found.into_iter().map(|one| (shop.domain.clone(), one)));
        }
        all
    }

    /// How many entries the journals of all shops have ever had.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.world.shops().iter().map(|shop| lock(shop).journal.last()).sum()
    }

    /// Ends the stand-in: calls and webhooks in the air end first.
    ///
    /// # Errors
    /// When its state could not be kept.
    pub async fn stop(mut self) -> Result<(), StandinError> {
        self.main.blow();
        for task in self.tasks.drain(..) {
            task.abort();
            // It was aborted on purpose.
            let _ = task.await;
        }
        self.world.tasks.close();
        // Calls that run and webhooks in the air end within their own limits.
        self.world.tasks.wait().await;
        Ok(())
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.main.blow();
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// One shop of a running stand-in.
#[derive(Clone, Debug)]
pub struct ShopHandle {
    world: Arc<World>,
    shop: Arc<Cell>,
    domain: String,
    url: String,
}

impl ShopHandle {
    /// Lets a merchant or a customer do something, as `POST /_standin/{shop}/act/{act}`.
    ///
    /// # Errors
    /// When the act or what it names does not exist, or the shop's rules forbid it.
    pub fn act(&self, act: &str, body: Value) -> Result<Value, ControlError> {
        control::run_act(&self.world, &self.shop, act, body)
    }

    /// Asks for a fault, as `POST /_standin/{shop}/faults`.
    ///
    /// # Errors
    /// When there is no such fault.
    pub fn fault(&self, body: Value) -> Result<Value, ControlError> {
        control::add(&self.world, &self.shop, body)
    }

    /// Changes settings, as `POST /_standin/{shop}/settings`.
    ///
    /// # Errors
    /// When a setting does not exist or cannot have the value.
    pub fn settings(&self, body: Value) -> Result<Value, ControlError> {
        control::change(&self.world, &self.shop, body)
    }

    /// Journal entries after a number.
    #[must_use]
    pub fn journal(&self, after: u64) -> Vec<Value> {
        lock(&self.shop).journal.after(after, None, usize::MAX)
    }

    /// Waits until something is found in the journal's entries after a number.
    pub async fn until<T>(&self, after: u64, mut find: impl FnMut(&[Value]) -> Option<T>) -> T {
        self.shop.until(|shop| find(&shop.journal.after(after, None, usize::MAX))).await
    }

    /// All violations.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        lock(&self.shop).journal.violations(0)
    }

    /// The shop as its merchant sees it, as `GET /_standin/{shop}`.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        acts::snapshot(&lock(&self.shop))
    }

    /// Calls the Admin API with the right token over HTTP, and answers `status`, `headers`
    /// (lower case) and `body`.
    ///
    /// # Errors
    /// When nothing is answered.
    pub async fn graphql(&self, query: &str, variables: Value) -> Result<Value, reqwest::Error> {
        let token = lock(&self.shop).access_token.clone();
        let url = format!("{}/{}/admin/api/{API_VERSION}/graphql.json", self.url, self.domain);
        let request = self.world.http.post(url).header("X-Shopify-Access-Token", token);
        let body = json!({"query": query, "variables": variables});
        let response = request.json(&body).send().await?;
        let status = response.status().as_u16();
        let headers: Map<String, Value> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().into()))
            .collect();
        let text = response.text().await?;
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(json!({"status": status, "headers": headers, "body": body}))
    }
}
