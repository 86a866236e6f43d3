//! `lockstep migrate`.

use anyhow::Context;
use lockstep_storage::{migrate, pending_migrations};

use super::say;
use crate::compose::ServiceName;
use crate::config::ProcessArgs;

pub async fn execute(args: &ProcessArgs) -> anyhow::Result<()> {
    let url = args.database_url()?;
    for service in ServiceName::WITH_SCHEMA {
        let schema = service.schema();
        let chain = |e: lockstep_ports::PortError| anyhow::anyhow!(e.chain());
        let pending = pending_migrations(url, &schema).await.map_err(chain);
        let pending = pending.with_context(|| format!("look at schema {schema}"))?;
        migrate(url, &schema).await.map_err(chain).with_context(|| format!("migrate {schema}"))?;
        say(format!("{schema}: {pending} migrations applied"))?;
    }
    Ok(())
}
