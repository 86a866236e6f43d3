//! Everything that runs: two servers, a local Shopify, Lockstep, the warehouse. Nothing of it
//! outlives us, however we end.

mod guard;
mod logs;
mod program;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lockstep_devservices::{
    Cache, Nats, NatsOptions, Postgres, PostgresOptions, ensure_shopify_schema,
};
use rand::Rng as _;

use crate::http::Http;
use crate::wait::until;
use guard::Guard;
pub use logs::Logs;
pub use program::{Program, Recipe};

/// The Admin API version that the local Shopify speaks.
const SHOPIFY_API_VERSION: &str = "2026-10";
const DATABASE: &str = "lockstep";
/// Shopify repeats a webhook after 56 s, 113 s and so on. Here all of that is this much shorter.
const WEBHOOK_RETRY_SCALE: &str = "0.02";
const READY_WAIT: Duration = Duration::from_secs(60);
/// Below the range of outgoing connections and apart from that of the private servers.
const PORTS: std::ops::Range<u16> = 12_000..19_990;
const PORT_TRIES_MAX: u32 = 200;

/// Where everything answers.
#[derive(Debug, Clone)]
pub struct Addresses {
    pub shopify: String,
    pub gateway: String,
    pub console: String,
    pub ops: String,
    pub warehouse: String,
}

/// What only its holder may know.
#[derive(Debug, Clone)]
pub struct Secrets {
    pub admin_token: String,
    pub shopify_secret: String,
}

type Shared<T> = Arc<Mutex<T>>;

/// The running processes. Dropped in the order of the fields: who uses a thing ends before it.
#[derive(Debug)]
pub struct Stage {
    pub warehouse: Mutex<Option<Program>>,
    pub lockstep: Mutex<Program>,
    pub standin: Mutex<Program>,
    nats: Shared<Nats>,
    postgres: Shared<Postgres>,
    guard: Arc<Guard>,
    pub addresses: Addresses,
    pub secrets: Secrets,
    pub logs: Arc<Logs>,
    binaries: PathBuf,
}

impl Stage {
    /// Starts all but the warehouse, which needs a token first.
    ///
    /// # Errors
    /// When something cannot be had or does not become ready.
    pub async fn start(logs: Arc<Logs>) -> Result<Self> {
        let binaries = logs.binaries().to_path_buf();
        let guard = Arc::new(Guard::start()?);
        let listens = Listens::free()?;
        let servers = tokio::task::spawn_blocking(servers);
        let schema = ensure_shopify_schema(&Cache::open()?, SHOPIFY_API_VERSION)?;
        let recipe = standin_recipe(&binaries, &listens.shopify, schema.display().to_string());
        let standin = Program::start(recipe, logs.folder(), &guard)?;
        let (nats, postgres) = servers.await??;
        let secrets = Secrets { admin_token: random_hex(32), shopify_secret: random_hex(32) };
        let mut recipe = Recipe {
            name: "lockstep",
            binary: binaries.join("lockstep"),
            arguments: Vec::new(),
            variables: Vec::new(),
        };
        let master_key = recipe.once(&["keygen"])?;
        recipe.variables = lockstep_variables(&listens, &secrets, &nats, &postgres, master_key);
        // What a deployment does before each roll-out.
        recipe.once(&["migrate"])?;
        recipe.once(&["topology", "apply"])?;
        recipe.arguments = vec!["run".to_owned()];
        let lockstep = Program::start(recipe, logs.folder(), &guard)?;
        let stage = Self {
            warehouse: Mutex::new(None),
            lockstep: Mutex::new(lockstep),
            standin: Mutex::new(standin),
            nats: Arc::new(Mutex::new(nats)),
            postgres: Arc::new(Mutex::new(postgres)),
            guard,
            addresses: Addresses::of(&listens),
            secrets,
            logs,
            binaries,
        };
        let shopify = Http::new(&stage.addresses.shopify, None)?;
        stage.ready("shopify-standin", &shopify, "/_standin/health", READY_WAIT).await?;
        stage.lockstep_ready(READY_WAIT).await?;
        Ok(stage)
    }

    /// Starts the warehouse and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start_warehouse(&self, token: &str) -> Result<()> {
        let address = self.addresses.warehouse.trim_start_matches("http://").to_owned();
        let ledger = self.logs.folder().join("warehouse.ledger").display().to_string();
        let recipe = Recipe {
            name: "demo-warehouse",
            binary: self.binaries.join("demo-warehouse"),
            arguments: Vec::new(),
            variables: vec![
                ("DEMO_WAREHOUSE_LISTEN", address),
                ("DEMO_WAREHOUSE_LEDGER", ledger),
                ("DEMO_WAREHOUSE_LOCKSTEP_URL", self.addresses.gateway.clone()),
                ("DEMO_WAREHOUSE_TOKEN", token.to_owned()),
            ],
        };
        let program = Program::start(recipe, self.logs.folder(), &self.guard)?;
        *lock(&self.warehouse) = Some(program);
        let http = Http::new(&self.addresses.warehouse, None)?;
        self.ready("demo-warehouse", &http, "/health", READY_WAIT).await
    }

    /// Waits until Lockstep can do its work.
    ///
    /// # Errors
    /// When it cannot within the limit, or has ended.
    pub async fn lockstep_ready(&self, limit: Duration) -> Result<()> {
        let http = Http::new(&self.addresses.ops, None)?;
        self.ready("lockstep", &http, "/readyz", limit).await
    }

    async fn ready(&self, name: &str, http: &Http, path: &str, limit: Duration) -> Result<()> {
        until(&format!("{name} is ready"), limit, async || match self.ended() {
            Some((ended, status)) if ended == name => {
                bail!(crate::wait::Hopeless(format!("{name} ended by itself: {status}")))
            }
            _ => http.get(path).await.map(|_| Some(())),
        })
        .await
    }

    /// The first of our own programs that ended by itself.
    pub fn ended(&self) -> Option<(&'static str, std::process::ExitStatus)> {
        let of = |program: &mut Program| program.ended().map(|status| (program.name(), status));
        of(&mut lock(&self.lockstep))
            .or_else(|| of(&mut lock(&self.standin)))
            .or_else(|| lock(&self.warehouse).as_mut().and_then(of))
    }

    /// SIGKILL of nats-server, and its return after the pause.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn crash_nats(&self, pause: Duration) -> Result<()> {
        let (nats, logs) = (Arc::clone(&self.nats), Arc::clone(&self.logs));
        crash(
            nats,
            pause,
            move |nats| {
                nats.kill()?;
                logs.keep("nats-server", &nats.log());
                Ok(())
            },
            Nats::restart,
        )
        .await
        .context("nats-server does not come back")
    }

    /// SIGKILL of Postgres, and its return after the pause.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn crash_postgres(&self, pause: Duration) -> Result<()> {
        let (postgres, logs) = (Arc::clone(&self.postgres), Arc::clone(&self.logs));
        crash(
            postgres,
            pause,
            move |postgres| {
                postgres.kill()?;
                logs.keep("postgres", &postgres.log());
                Ok(())
            },
            Postgres::restart,
        )
        .await
        .context("Postgres does not come back")
    }

    /// Writes the servers' own output beside the other logs; their folders go with them.
    pub fn keep_server_logs(&self) {
        self.logs.keep("nats-server", &lock(&self.nats).log());
        self.logs.keep("postgres", &lock(&self.postgres).log());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.keep_server_logs();
    }
}

/// A lock whose holder panicked still guards a process that must be ended.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn crash<T: Send + 'static>(
    server: Shared<T>,
    pause: Duration,
    kill: impl FnOnce(&mut T) -> Result<()> + Send + 'static,
    restart: fn(&mut T) -> Result<(), lockstep_devservices::DevError>,
) -> Result<()> {
    let again = Arc::clone(&server);
    tokio::task::spawn_blocking(move || kill(&mut lock(&server))).await??;
    tokio::time::sleep(pause).await;
    tokio::task::spawn_blocking(move || restart(&mut lock(&again))).await??;
    Ok(())
}

/// Both servers as in production: a commit and an acknowledgement mean that it is on disk.
fn servers() -> Result<(Nats, Postgres)> {
    let postgres = Postgres::start(PostgresOptions::default())?;
    postgres.create_database(DATABASE)?;
    let nats = Nats::start(NatsOptions { sync_always: true, ..NatsOptions::default() })?;
    Ok((nats, postgres))
}

fn standin_recipe(binaries: &Path, listen: &str, schema: String) -> Recipe {
    let arguments = [
        ("--listen", listen.to_owned()),
        ("--schema", schema),
        ("--retry-scale", WEBHOOK_RETRY_SCALE.to_owned()),
    ];
    Recipe {
        name: "shopify-standin",
        binary: binaries.join("shopify-standin"),
        arguments: arguments.into_iter().flat_map(|(flag, value)| [flag.into(), value]).collect(),
        variables: Vec::new(),
    }
}

fn lockstep_variables(
    listens: &Listens,
    secrets: &Secrets,
    nats: &Nats,
    postgres: &Postgres,
    master_key: String,
) -> Vec<(&'static str, String)> {
    vec![
        ("LOCKSTEP_NATS_URL", nats.url()),
        ("LOCKSTEP_DATABASE_URL", postgres.url(DATABASE)),
        ("LOCKSTEP_PUBLIC_URL", url(&listens.webhooks)),
        ("LOCKSTEP_MASTER_KEY", master_key),
        ("LOCKSTEP_SHOPIFY_URL", format!("{}/{{shop}}", url(&listens.shopify))),
        ("LOCKSTEP_SHOPIFY_API_SECRET", secrets.shopify_secret.clone()),
        ("LOCKSTEP_WEBHOOK_LISTEN", listens.webhooks.clone()),
        ("LOCKSTEP_GATEWAY_LISTEN", listens.gateway.clone()),
        ("LOCKSTEP_GATEWAY_GRPC_LISTEN", listens.grpc.clone()),
        ("LOCKSTEP_CONSOLE_LISTEN", listens.console.clone()),
        ("LOCKSTEP_OPS_LISTEN", listens.ops.clone()),
        ("LOCKSTEP_ADMIN_TOKEN", secrets.admin_token.clone()),
        ("LOCKSTEP_LOG", "info".to_owned()),
        ("LOCKSTEP_LOG_FORMAT", "text".to_owned()),
        ("NO_COLOR", "1".to_owned()),
    ]
}

/// What each program listens on, as `host:port`.
#[derive(Debug)]
struct Listens {
    shopify: String,
    webhooks: String,
    gateway: String,
    grpc: String,
    console: String,
    ops: String,
    warehouse: String,
}

impl Listens {
    fn free() -> Result<Self> {
        let at = |port: u16| format!("127.0.0.1:{port}");
        let [shopify, webhooks, gateway, grpc, console, ops, warehouse] = free_ports()?.map(at);
        Ok(Self { shopify, webhooks, gateway, grpc, console, ops, warehouse })
    }
}

impl Addresses {
    fn of(listens: &Listens) -> Self {
        Self {
            shopify: url(&listens.shopify),
            gateway: url(&listens.gateway),
            console: url(&listens.console),
            ops: url(&listens.ops),
            warehouse: url(&listens.warehouse),
        }
    }
}

fn url(address: &str) -> String {
    format!("http://{address}")
}

/// Ports that nothing listens on, all different.
fn free_ports() -> Result<[u16; 7]> {
    let mut found = Vec::new();
    for _ in 0..PORT_TRIES_MAX {
        let port = rand::rng().random_range(PORTS);
        let free = std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free && !found.contains(&port) {
            found.push(port);
        }
        if let Ok(ports) = found.as_slice().try_into() {
            return Ok(ports);
        }
    }
    bail!("there are no 7 free ports between {} and {} on 127.0.0.1", PORTS.start, PORTS.end)
}

/// Unpredictable letters for tokens.
#[must_use]
pub fn random_hex(digits: usize) -> String {
    let mut random = rand::rng();
    (0..digits).filter_map(|_| char::from_digit(random.random_range(0..16), 16)).collect()
}
