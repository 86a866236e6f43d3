//! Everything that runs: two servers, a local Shopify, Lockstep, the warehouse. Nothing of it
//! outlives us, however we end.

mod guard;
mod logs;
mod opening;
mod program;
mod recipes;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use lockstep_devservices::{
    Cache, Nats, NatsOptions, Postgres, PostgresOptions, ensure_shopify_schema,
};
use rand::Rng as _;

use crate::http::Http;
use guard::Guard;
pub use logs::Logs;
use opening::{Opening, answers};
pub use program::{Program, Recipe};
pub use recipes::Variables;

/// The Admin API version that the local Shopify speaks.
const SHOPIFY_API_VERSION: &str = "2026-10";
const DATABASE: &str = "lockstep";

/// Where everything answers, as `http://127.0.0.1:PORT`.
#[derive(Debug, Clone)]
pub struct Addresses {
    pub shopify: String,
    pub webhooks: String,
    pub gateway: String,
    pub console: String,
    pub ops: String,
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
    /// Starts all but the warehouse, which needs a token first. The variables go to Lockstep,
    /// beside those that it cannot do without.
    ///
    /// # Errors
    /// When something cannot be had or does not become ready.
    pub async fn start(logs: Arc<Logs>, variables: Variables) -> Result<Self> {
        let binaries = logs.binaries().to_path_buf();
        let guard = Arc::new(Guard::start()?);
        let opening = Opening { folder: logs.folder(), guard: &guard };
        let servers = tokio::task::spawn_blocking(servers);
        let schema = ensure_shopify_schema(&Cache::open()?, SHOPIFY_API_VERSION)?;
        let recipe = recipes::standin(&binaries, logs.folder(), &schema);
        let standin = opening
            .start(
                |[listen]| recipe.with([("STANDIN_LISTEN", listen.address())]),
                |[listen]| (listen.url(), "/_standin/health"),
            )
            .await?;
        let (nats, postgres) = servers.await??;
        let secrets = Secrets { admin_token: random_hex(32), shopify_secret: random_hex(32) };
        let mut recipe = recipes::lockstep(&binaries, &nats, &postgres);
        let master_key = recipe.once(&["keygen"])?;
        // What a deployment does before each roll-out.
        recipe.once(&["migrate"])?;
        recipe.once(&["topology", "apply"])?;
        let shopify = standin.url(0);
        recipe = recipe.with(recipes::lockstep_secrets(&secrets, master_key, &shopify));
        recipe = recipe.with(variables);
        let lockstep = opening
            .start(
                |ports| recipe.with(recipes::lockstep_listens(ports)),
                |[_, _, _, _, ops]| (ops.url(), "/readyz"),
            )
            .await?;
        let url = |number| lockstep.url(number);
        let addresses =
            Addresses { shopify, webhooks: url(0), gateway: url(1), console: url(3), ops: url(4) };
        Ok(Self {
            warehouse: Mutex::new(None),
            lockstep: Mutex::new(lockstep),
            standin: Mutex::new(standin),
            nats: Arc::new(Mutex::new(nats)),
            postgres: Arc::new(Mutex::new(postgres)),
            guard,
            addresses,
            secrets,
            logs,
            binaries,
        })
    }

    /// Starts the warehouse, which reads its feed if it takes orders, waits until it answers, and
    /// tells where.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start_warehouse(&self, token: &str, orders: bool) -> Result<String> {
        let (folder, gateway) = (self.logs.folder(), &self.addresses.gateway);
        let mut recipe = recipes::warehouse(&self.binaries, folder, gateway, token);
        if orders {
            recipe = recipe.with([("DEMO_WAREHOUSE_ORDERS", "true".to_owned())]);
        }
        let opening = Opening { folder, guard: &self.guard };
        let program = opening
            .start(
                |[listen]| recipe.with([("DEMO_WAREHOUSE_LISTEN", listen.address())]),
                |[listen]| (listen.url(), "/health"),
            )
            .await?;
        let url = program.url(0);
        *lock(&self.warehouse) = Some(program);
        Ok(url)
    }

    /// Waits until Lockstep can do its work.
    ///
    /// # Errors
    /// When it cannot within the limit, or has ended.
    pub async fn lockstep_ready(&self, limit: Duration) -> Result<()> {
        let http = Http::new(&self.addresses.ops, None)?;
        answers("lockstep", &http, "/readyz", limit, || lock(&self.lockstep).ended()).await
    }

    /// The broker.
    #[must_use]
    pub fn nats_url(&self) -> String {
        lock(&self.nats).url()
    }

    /// The database.
    #[must_use]
    pub fn database_url(&self) -> String {
        lock(&self.postgres).url(DATABASE)
    }

    /// The first of our own programs that ended by itself.
    pub fn ended(&self) -> Option<(&'static str, std::process::ExitStatus)> {
        let of = |program: &mut Program| program.ended().map(|status| (program.name(), status));
        of(&mut lock(&self.lockstep))
            .or_else(|| of(&mut lock(&self.standin)))
            .or_else(|| lock(&self.warehouse).as_mut().and_then(of))
    }

    /// What our own program of this name printed since it was started last.
    pub fn words(&self, name: &str) -> String {
        let of = |program: &Program| (program.name() == name).then(|| program.words());
        of(&lock(&self.lockstep))
            .or_else(|| of(&lock(&self.standin)))
            .or_else(|| lock(&self.warehouse).as_ref().and_then(of))
            .unwrap_or_default()
    }

    /// SIGKILL of nats-server, with the number that it had; nothing when it did not run.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill_nats(&self) -> Result<Option<u32>> {
        let logs = Arc::clone(&self.logs);
        blocking(&self.nats, move |nats| {
            let pid = nats.pid().filter(|_| nats.is_running());
            nats.kill()?;
            logs.keep("nats-server", &nats.log());
            Ok(pid)
        })
        .await
    }

    /// SIGKILL of Postgres, with the number that it had; nothing when it did not run.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill_postgres(&self) -> Result<Option<u32>> {
        let logs = Arc::clone(&self.logs);
        blocking(&self.postgres, move |postgres| {
            let pid = postgres.pid().filter(|_| postgres.is_running());
            postgres.kill()?;
            logs.keep("postgres", &postgres.log());
            Ok(pid)
        })
        .await
    }

    /// Starts nats-server again.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn restart_nats(&self) -> Result<()> {
        let restarted = blocking(&self.nats, |nats| Ok(nats.restart()?)).await;
        restarted.context("nats-server does not come back")
    }

    /// Starts Postgres again.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn restart_postgres(&self) -> Result<()> {
        let restarted = blocking(&self.postgres, |postgres| Ok(postgres.restart()?)).await;
        restarted.context("Postgres does not come back")
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

/// Works with a server beside the runtime, since it waits.
async fn blocking<T: Send + 'static, R: Send + 'static>(
    server: &Shared<T>,
    work: impl FnOnce(&mut T) -> Result<R> + Send + 'static,
) -> Result<R> {
    let server = Arc::clone(server);
    tokio::task::spawn_blocking(move || work(&mut lock(&server))).await?
}

/// Both servers as in production: a commit and an acknowledgement mean that it is on disk.
fn servers() -> Result<(Nats, Postgres)> {
    let postgres = Postgres::start(PostgresOptions::default())?;
    postgres.create_database(DATABASE)?;
    let nats = Nats::start(NatsOptions { sync_always: true, ..NatsOptions::default() })?;
    Ok((nats, postgres))
}

/// Unpredictable letters for tokens.
#[must_use]
pub fn random_hex(digits: usize) -> String {
    let mut random = rand::rng();
    (0..digits).filter_map(|_| char::from_digit(random.random_range(0..16), 16)).collect()
}
