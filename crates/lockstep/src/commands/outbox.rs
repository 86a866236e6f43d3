//! `lockstep outbox`.

use clap::{Args, Subcommand};
use lockstep_ports::{PortError, Store as _};
use lockstep_storage::{PgStore, StoreOptions};

use super::say;
use crate::compose::ServiceName;
use crate::config::ProcessArgs;

#[derive(Subcommand)]
pub enum Outbox {
    /// Let events that the broker refused wait for it again, after it was mended
    Retry(Retry),
}

#[derive(Args)]
#[command(after_help = RETRY)]
pub struct Retry {
    /// The services; all of them when none is named. They may be running
    services: Vec<ServiceName>,
}

const RETRY: &str = "\
`lockstep doctor` tells of refused events. A service that runs sends them within seconds; what the
broker refuses again is put aside again.

Examples:
  lockstep outbox retry
  lockstep outbox retry stock-sync";

impl Outbox {
    pub async fn execute(&self, args: &ProcessArgs) -> anyhow::Result<()> {
        let Self::Retry(retry) = self;
        let all = ServiceName::WITH_SCHEMA.as_slice();
        let named = if retry.services.is_empty() { all } else { retry.services.as_slice() };
        for service in named {
            anyhow::ensure!(all.contains(service), "{} has no outbox", service.name());
            let rows = wait_again(args.database_url()?, *service).await;
            let rows = rows.map_err(|e| anyhow::anyhow!(e.chain()))?;
            say(format!("{}: {rows} refused events wait for the broker again", service.name()))?;
        }
        Ok(())
    }
}

async fn wait_again(url: &str, service: ServiceName) -> Result<u64, PortError> {
    let store = PgStore::connect(url, &service.schema(), StoreOptions::default()).await?;
    store.retry_outbox().await
}
