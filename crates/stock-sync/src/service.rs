//! The service: which messages it takes, which settings it adopts, which questions it answers.

use std::sync::Arc;

use lockstep_contracts::Event;
use lockstep_contracts::backoffice::v1::{CountReported, MovementReported};
use lockstep_contracts::catalog::v1::{VariantLinked, VariantUnlinked};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::stock::v1::GetStockRequest;
use lockstep_ports::{AggregateKey, Ask, ConsumerSpec, Kv, ShopifyAdmin};
use lockstep_runtime::{
    Aggregate, Directory, Engine, Evolver, EvolverOf, Hosted, Inbound, Lifecycle, Processor,
    SettingsChange, Stop, Work, scope_consumer, serve_request, start, webhook_consumer,
};

use crate::aggregates::{BackOfficeKind, LevelKind, LinkSeenKind, PoolKind, StoreKind};
use crate::handlers::{
    count_reported, inventory_level, movement_reported, settings, variant_linked,
};
use crate::pusher::Pusher;
use crate::questions::get_stock;

/// Name of the service.
pub const SERVICE: &str = "stock-sync";

/// Takes messages and settings.
pub struct StockProcessor;

impl Processor for StockProcessor {
    fn consumers(&self, directory: &Directory) -> Vec<ConsumerSpec> {
        let stores = directory.stores.keys().flat_map(|store| {
            [
                webhook_consumer(SERVICE, store, &inventory_level::TOPICS),
                scope_consumer(SERVICE, VariantLinked::STREAM, store),
            ]
        });
        let backoffices = directory
            .backoffices
            .keys()
            .map(|id| scope_consumer(SERVICE, MovementReported::STREAM, id));
        stores.chain(backoffices).collect()
    }

    /// A hint: what cannot be read here is refused with a reason by `apply`.
    fn keys(&self, message: &Inbound) -> Vec<AggregateKey> {
        let pool = |backoffice: &str, sku: &str| PoolKind::key(format!("{backoffice}/{sku}"));
        match message.metadata.event_type.as_str() {
            MovementReported::TYPE => message
                .decode::<MovementReported>()
                .ok()
                .and_then(|e| e.movement.map(|m| vec![pool(&e.backoffice, &m.sku)])),
            CountReported::TYPE => message
                .decode::<CountReported>()
                .ok()
                .and_then(|e| e.count.map(|c| vec![pool(&e.backoffice, &c.sku)])),
            VariantLinked::TYPE => message.decode::<VariantLinked>().ok().map(|e| {
                let level = LevelKind::key(format!("{}/{}", e.store, e.inventory_item_id));
                vec![level, pool(&e.backoffice, &e.sku), StoreKind::key(e.store)]
            }),
            VariantUnlinked::TYPE => message.decode::<VariantUnlinked>().ok().map(|e| {
                let level = LevelKind::key(format!("{}/{}", e.store, e.inventory_item_id));
                vec![level, pool(&e.backoffice, &e.sku), StoreKind::key(e.store)]
            }),
            _ => None,
        }
        .unwrap_or_default()
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        match message.metadata.event_type.as_str() {
            MovementReported::TYPE => movement_reported::apply(&message.decode()?, work),
            CountReported::TYPE => count_reported::apply(&message.decode()?, work),
            VariantLinked::TYPE => variant_linked::linked(&message.decode()?, work),
            VariantUnlinked::TYPE => variant_linked::unlinked(&message.decode()?, work),
            WebhookReceived::TYPE => inventory_level::apply(&message.decode()?, work),
            // Other events of the streams that it reads are none of its business.
            _ => Ok(()),
        }
    }

    fn adopt(&self, change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop> {
        settings::adopt(change, work)
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        vec![
            Box::new(EvolverOf::<PoolKind>::default()),
            Box::new(EvolverOf::<LevelKind>::default()),
            Box::new(EvolverOf::<StoreKind>::default()),
            Box::new(EvolverOf::<BackOfficeKind>::default()),
            Box::new(EvolverOf::<LinkSeenKind>::default()),
        ]
    }
}

/// What the service works with, beside its shell.
pub struct StockPorts {
    /// Settings.
    pub kv: Arc<dyn Kv>,
    /// Questions.
    pub ask: Arc<dyn Ask>,
    /// Shopify.
    pub shopify: Arc<dyn ShopifyAdmin>,
}

/// Starts the service.
pub fn run(engine: &Arc<Engine>, ports: StockPorts, lifecycle: &Lifecycle) {
    let hosted = Hosted {
        engine: engine.clone(),
        processor: Arc::new(StockProcessor),
        worker: Some(Arc::new(Pusher::new(ports.shopify))),
        keep_inbox: false,
    };
    start(hosted, ports.kv, ports.ask.clone(), lifecycle);
    answer_stock(engine.clone(), ports.ask, lifecycle);
}

fn answer_stock(engine: Arc<Engine>, ask: Arc<dyn Ask>, lifecycle: &Lifecycle) {
    let handler = move |request: GetStockRequest| {
        let engine = engine.clone();
        async move { get_stock(&engine, &request).await }
    };
    serve_request(ask, GetStockRequest::subject(), SERVICE, handler, lifecycle);
}
