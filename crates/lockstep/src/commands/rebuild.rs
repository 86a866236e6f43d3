//! `lockstep rebuild`.

use anyhow::bail;
use clap::Args;
use lockstep_order_sync::service::OrderProcessor;
use lockstep_ports::{PortError, SystemClock, TimeOrderedIds};
use lockstep_product_sync::service::CatalogProcessor;
use lockstep_runtime::rebuild::{RebuildError, differences, rebuild};
use lockstep_runtime::{Evolver, Processor};
use lockstep_shipment_push::service::ShipmentProcessor;
use lockstep_stock_sync::service::StockProcessor;
use lockstep_storage::{PgStore, StoreOptions};

use super::say;
use crate::compose::ServiceName;
use crate::config::ProcessArgs;

#[derive(Args)]
pub struct Rebuild {
    /// The service; it must not be running
    service: ServiceName,
    /// Change nothing: list the aggregates whose state differs from their events
    #[arg(long)]
    check: bool,
}

impl Rebuild {
    pub async fn execute(&self, args: &ProcessArgs) -> anyhow::Result<()> {
        let evolvers = evolvers(self.service)?;
        let chain = |e: PortError| anyhow::anyhow!(e.chain());
        let url = args.database_url()?;
        let schema = self.service.schema();
        let store = PgStore::connect(url, &schema, StoreOptions::default()).await.map_err(chain)?;
        if self.check {
            let different = differences(&store, &evolvers).await.map_err(chain)?;
            for one in &different {
                say(one)?;
            }
            if !different.is_empty() {
                bail!("{} aggregates differ from their events", different.len());
            }
            return say("every state equals the fold of its events");
        }
        let done = rebuild(&store, &evolvers, (&SystemClock, &TimeOrderedIds));
        let done = done.await.map_err(|e| match e {
            RebuildError::Port(e) => chain(e),
            RebuildError::Held { .. } => e.into(),
        })?;
        say(format!("{} aggregates rebuilt from {} events", done.aggregates, done.events))
    }
}

/// What folds the events of a service.
///
/// # Errors
/// It keeps no states.
pub fn evolvers(service: ServiceName) -> anyhow::Result<Vec<Box<dyn Evolver>>> {
    Ok(match service {
        ServiceName::StockSync => StockProcessor.evolvers(),
        ServiceName::OrderSync => OrderProcessor.evolvers(),
        ServiceName::ShipmentPush => ShipmentProcessor.evolvers(),
        ServiceName::ProductSync => CatalogProcessor.evolvers(),
        ServiceName::BackofficeGateway => lockstep_backoffice_gateway::evolvers(),
        ServiceName::WebhookIngest | ServiceName::Console => {
            bail!("{} keeps no states", service.name())
        }
    })
}
