//! What runs during a benchmark: a broker and a Postgres that wait for the disk, a local Shopify,
//! and the whole product in one process, with the logs that it writes by itself.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use lockstep_demo::http::Http;
use lockstep_demo::stage::random_hex;
use lockstep_demo::wait::until;
use lockstep_devservices::{
    Cache, Nats, NatsOptions, Postgres, PostgresOptions, ensure_shopify_schema,
};
use tokio::time::Instant;

use crate::program::{Program, Recipe};

const SHOPIFY_API_VERSION: &str = "2026-10";
/// Any 32 bytes: they seal what ends with the benchmark.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const DATABASE: &str = "lockstep";
const READY_WAIT: Duration = Duration::from_secs(30);

/// The running processes. Dropped in the order of the fields: who uses a thing ends before it.
pub struct Stage {
    lockstep: Program,
    _standin: Program,
    nats: Nats,
    postgres: Postgres,
    started: Instant,
    /// The admin API.
    pub admin: Http,
    /// The local Shopify.
    pub shopify: Http,
    /// Where webhooks go.
    pub webhooks: SocketAddr,
    /// Where back offices report.
    pub gateway: String,
    /// Signs webhooks.
    pub api_secret: String,
}

impl Stage {
    /// Starts everything, over empty data.
    ///
    /// # Errors
    /// When something cannot be had or does not become ready.
    pub async fn start() -> Result<Self> {
        let binaries = folder()?;
        let logs = binaries.with_file_name("bench");
        fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
        let (nats, postgres) = tokio::task::spawn_blocking(servers).await??;
        let [shopify, webhooks, gateway, grpc, console, ops] = free_addresses()?;
        let schema = ensure_shopify_schema(&Cache::open()?, SHOPIFY_API_VERSION)?;
        let standin = Recipe {
            binary: binaries.join("shopify-standin"),
            arguments: vec![
                format!("--listen={shopify}"),
                format!("--schema={}", schema.display()),
            ],
            variables: Vec::new(),
        };
        let standin = Program::start(&standin, &logs.join("shopify-standin.log"))?;
        let (admin_token, api_secret) = (random_hex(32), random_hex(32));
        let binary = binaries.join("lockstep");
        let variables = vec![
            ("LOCKSTEP_NATS_URL", nats.url()),
            ("LOCKSTEP_DATABASE_URL", postgres.url(DATABASE)),
            ("LOCKSTEP_PUBLIC_URL", format!("http://{webhooks}")),
            ("LOCKSTEP_MASTER_KEY", MASTER_KEY.to_owned()),
            ("LOCKSTEP_SHOPIFY_URL", format!("http://{shopify}/{{shop}}")),
            ("LOCKSTEP_SHOPIFY_API_SECRET", api_secret.clone()),
            ("LOCKSTEP_ADMIN_TOKEN", admin_token.clone()),
            ("LOCKSTEP_WEBHOOK_LISTEN", webhooks.to_string()),
            ("LOCKSTEP_GATEWAY_LISTEN", gateway.to_string()),
            ("LOCKSTEP_GATEWAY_GRPC_LISTEN", grpc.to_string()),
            ("LOCKSTEP_CONSOLE_LISTEN", console.to_string()),
            ("LOCKSTEP_OPS_LISTEN", ops.to_string()),
        ];
        let lockstep = |arguments: &[&str]| Recipe {
            binary: binary.clone(),
            arguments: arguments.iter().map(|&one| one.to_owned()).collect(),
            variables: variables.clone(),
        };
        lockstep(&["migrate"]).output()?;
        lockstep(&["topology", "apply"]).output()?;
        let stage = Self {
            lockstep: Program::start(&lockstep(&["run"]), &logs.join("lockstep.log"))?,
            _standin: standin,
            nats,
            postgres,
            started: Instant::now(),
            admin: Http::new(&format!("http://{console}/api/v1"), Some(&admin_token))?,
            shopify: Http::new(&format!("http://{shopify}"), None)?,
            webhooks,
            gateway: format!("http://{gateway}"),
            api_secret,
        };
        stage.ready(&Http::new(&format!("http://{ops}"), None)?).await?;
        Ok(stage)
    }

    async fn ready(&self, ops: &Http) -> Result<()> {
        let lockstep =
            until("lockstep is ready", READY_WAIT, async || ops.get("/readyz").await.map(Some));
        lockstep.await.with_context(|| self.lockstep.last_lines())?;
        let standin = until("shopify-standin is ready", READY_WAIT, async || {
            self.shopify.get("/_standin/health").await.map(Some)
        });
        standin.await.map(drop)
    }

    /// The product's process.
    pub fn pid(&self) -> u32 {
        self.lockstep.pid()
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The broker.
    pub fn nats_url(&self) -> String {
        self.nats.url()
    }

    /// The database.
    pub fn database_url(&self) -> String {
        self.postgres.url(DATABASE)
    }
}

/// Where the programs are that were built together with this one.
fn folder() -> Result<PathBuf> {
    let program = std::env::current_exe().context("this program has no place")?;
    Ok(program.parent().context("a program is in a folder")?.to_path_buf())
}

/// Both servers as in production: a commit and an acknowledgement mean that it is on disk.
fn servers() -> Result<(Nats, Postgres)> {
    let postgres = Postgres::start(PostgresOptions::default())?;
    postgres.create_database(DATABASE)?;
    let nats = Nats::start(NatsOptions { sync_always: true, ..NatsOptions::default() })?;
    Ok((nats, postgres))
}

/// Held together until all are found, so that they differ.
fn free_addresses<const N: usize>() -> Result<[SocketAddr; N]> {
    let bind = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let held: Vec<TcpListener> = (0..N).map(bind).collect::<Result<_, _>>()?;
    let found: Vec<SocketAddr> =
        held.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
    found.try_into().ok().context("as many as were asked for")
}
