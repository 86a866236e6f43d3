//! The service: the questions that it answers. It takes no messages yet.

use std::sync::Arc;

use lockstep_contracts::catalog::v1::{ChangeLinksRequest, ListLinksRequest};
use lockstep_ports::{AggregateKey, Ask, ConsumerSpec, Kv, ShopifyAdmin};
use lockstep_runtime::{
    Directory, Engine, Evolver, EvolverOf, Hosted, Inbound, Lifecycle, Processor, SettingsChange,
    Stop, Work, serve_request, start,
};

use crate::aggregates::{SkuClaimKind, VariantLinkKind};
use crate::links::change_links;
use crate::list::list_links;

/// Name of the service.
pub const SERVICE: &str = "product-sync";

/// Takes settings; links change by questions alone.
pub struct CatalogProcessor;

impl Processor for CatalogProcessor {
    fn consumers(&self, _: &Directory) -> Vec<ConsumerSpec> {
        Vec::new()
    }

    fn keys(&self, _: &Inbound) -> Vec<AggregateKey> {
        Vec::new()
    }

    fn apply(&self, message: &Inbound, _: &mut Work<'_>) -> Result<(), Stop> {
        let kind = &message.metadata.event_type;
        Err(Stop::Poison(format!("product-sync takes no {kind}")))
    }

    /// Links depend on no setting beyond the directory.
    fn adopt(&self, _: &SettingsChange, _: &mut Work<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        vec![
            Box::new(EvolverOf::<VariantLinkKind>::default()),
            Box::new(EvolverOf::<SkuClaimKind>::default()),
        ]
    }
}

/// What the service works with, beside its shell.
pub struct CatalogPorts {
    /// Settings.
    pub kv: Arc<dyn Kv>,
    /// Questions.
    pub ask: Arc<dyn Ask>,
    /// Shopify.
    pub shopify: Arc<dyn ShopifyAdmin>,
}

/// Starts the service.
pub fn run(engine: &Arc<Engine>, ports: CatalogPorts, lifecycle: &Lifecycle) {
    let hosted = Hosted {
        engine: engine.clone(),
        processor: Arc::new(CatalogProcessor),
        worker: None,
        keep_inbox: false,
    };
    let directory = start(hosted, ports.kv, ports.ask.clone(), lifecycle);
    let (changing, shopify) = (engine.clone(), ports.shopify);
    let change = move |request: ChangeLinksRequest| {
        let (engine, shopify) = (changing.clone(), shopify.clone());
        let directory = directory.borrow().clone();
        async move { change_links(&engine, shopify.as_ref(), &directory, &request).await }
    };
    let subject = ChangeLinksRequest::subject();
    serve_request(ports.ask.clone(), subject, SERVICE, change, lifecycle);
    let listing = engine.clone();
    let list = move |request: ListLinksRequest| {
        let engine = listing.clone();
        async move { list_links(&engine, &request).await }
    };
    let subject = ListLinksRequest::subject();
    serve_request(ports.ask, subject, SERVICE, list, lifecycle);
}
