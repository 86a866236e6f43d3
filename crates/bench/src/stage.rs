//! What runs during a benchmark: the demo's stage (a broker and a Postgres that wait for the disk,
//! a local Shopify, the whole product in one process), with the logs that the product writes by
//! itself.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockstep_demo::http::Http;
use lockstep_demo::stage::{self, Logs, lock};
use tokio::time::Instant;

/// The running processes, and how to talk to them.
pub struct Stage {
    stage: stage::Stage,
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
        let logs = Arc::new(Logs::create("bench")?);
        let started = stage::Stage::start(Arc::clone(&logs), Vec::new()).await;
        let stage = started.with_context(|| logs.last_lines())?;
        let (addresses, secrets) = (&stage.addresses, &stage.secrets);
        let admin_base = format!("{}/api/v1", addresses.console);
        let webhooks = addresses.webhooks.trim_start_matches("http://").parse();
        Ok(Self {
            admin: Http::new(&admin_base, Some(&secrets.admin_token))?,
            shopify: Http::new(&addresses.shopify, None)?,
            webhooks: webhooks.context("an address")?,
            gateway: addresses.gateway.clone(),
            api_secret: secrets.shopify_secret.clone(),
            stage,
        })
    }

    /// The product's process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        lock(&self.stage.lockstep).pid()
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        Instant::from_std(lock(&self.stage.lockstep).launched())
    }

    /// The broker.
    pub fn nats_url(&self) -> String {
        self.stage.nats_url()
    }

    /// The database.
    pub fn database_url(&self) -> String {
        self.stage.database_url()
    }
}
