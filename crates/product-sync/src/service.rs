//! The service: the reports that it takes, the settings it adopts, the questions that it answers.

use std::sync::Arc;

use lockstep_contracts::Event;
use lockstep_contracts::backoffice::v1::{ProductDeletionReported, ProductReported};
use lockstep_contracts::catalog::v1::{
    ChangeLinksRequest, ListConflictsRequest, ListLinksRequest, StartProductSyncRequest,
};
use lockstep_contracts::operations::v1::{ControlJobRequest, GetJobRequest, ListJobsRequest};
use lockstep_contracts::settings::v1::{BackOfficeRole, StoreSettings};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_domain::BackOfficeId;
use lockstep_domain::catalog::{BulkFrom, Candidate, CatalogRulesCommand, Office};
use lockstep_ports::{AggregateKey, Ask, ConsumerSpec, Kv, ShopifyAdmin, ShopifyFiles};
use lockstep_runtime::{
    Aggregate, Directory, Engine, Evolver, EvolverOf, Hosted, Inbound, Lifecycle, Processor,
    Settings, SettingsChange, SharedDirectory, Stop, Work, serve_request, start, webhook_consumer,
};

use crate::aggregates::{
    CarriersKind, ConflictKind, JobKind, ListingKind, OffersKind, ProductKind, RulesKind,
    SkuClaimKind, StoreSyncKind, VariantLinkKind, product_id,
};
use crate::conflicts::list_conflicts;
use crate::finished;
use crate::jobs::{control_job, get_job, list_jobs, start_product_sync};
use crate::links::change_links;
use crate::list::list_links;
use crate::products;
use crate::syncer::{Addresses, Syncer, never};

/// Name of the service.
pub const SERVICE: &str = "product-sync";

/// Takes product reports, settings, and word of Shopify's files; links change by questions and by
/// runs.
pub struct CatalogProcessor;

impl Processor for CatalogProcessor {
    /// Product reports alone: the movements of a back office are many, and none of its business.
    fn consumers(&self, directory: &Directory) -> Vec<ConsumerSpec> {
        let one = |backoffice: &String| ConsumerSpec {
            stream: ProductReported::STREAM,
            durable: format!("{SERVICE}-products-{backoffice}"),
            filters: vec![
                ProductReported::filter(Some(backoffice), None).into(),
                ProductDeletionReported::filter(Some(backoffice), None).into(),
            ],
        };
        let told = |store: &String| webhook_consumer(SERVICE, store, &finished::TOPICS);
        let stores = directory.stores.keys().map(told);
        directory.backoffices.keys().map(one).chain(stores).collect()
    }

    /// A hint: what cannot be read here is refused with a reason by `apply`.
    fn keys(&self, message: &Inbound) -> Vec<AggregateKey> {
        let named = match message.metadata.event_type.as_str() {
            ProductReported::TYPE => message
                .decode::<ProductReported>()
                .ok()
                .and_then(|e| e.product.map(|product| (e.backoffice, product.sku))),
            ProductDeletionReported::TYPE => message
                .decode::<ProductDeletionReported>()
                .ok()
                .and_then(|e| e.deletion.map(|deletion| (e.backoffice, deletion.sku))),
            _ => None,
        };
        let read = |(backoffice, sku): (String, String)| {
            Some(Candidate { backoffice: backoffice.parse().ok()?, sku: sku.parse().ok()? })
        };
        let product = named.and_then(read);
        product.map(|product| ProductKind::key(product_id(&product))).into_iter().collect()
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        match message.metadata.event_type.as_str() {
            ProductReported::TYPE => products::reported(&message.decode()?, work),
            ProductDeletionReported::TYPE => products::deleted(&message.decode()?, work),
            WebhookReceived::TYPE => finished::finished(&message.decode()?, work),
            kind => Err(Stop::Poison(format!("product-sync takes no {kind}"))),
        }
    }

    fn adopt(&self, change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop> {
        let Settings::Store(settings) = &change.value else { return Ok(()) };
        let command = CatalogRulesCommand {
            revision: change.revision,
            offices: if settings.deleted { Vec::new() } else { offices(settings)? },
        };
        work.execute::<RulesKind>(&settings.id, &command)?.map_err(never)?;
        Ok(())
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        vec![
            Box::new(EvolverOf::<VariantLinkKind>::default()),
            Box::new(EvolverOf::<SkuClaimKind>::default()),
            Box::new(EvolverOf::<JobKind>::default()),
            Box::new(EvolverOf::<StoreSyncKind>::default()),
            Box::new(EvolverOf::<RulesKind>::default()),
            Box::new(EvolverOf::<ListingKind>::default()),
            Box::new(EvolverOf::<CarriersKind>::default()),
            Box::new(EvolverOf::<ConflictKind>::default()),
            Box::new(EvolverOf::<ProductKind>::default()),
            Box::new(EvolverOf::<OffersKind>::default()),
        ]
    }
}

/// The back offices of a store that own stock or products.
fn offices(settings: &StoreSettings) -> Result<Vec<Office>, Stop> {
    let mut offices = Vec::new();
    for backoffice in &settings.backoffices {
        let has = |role: BackOfficeRole| backoffice.roles.contains(&role.into());
        let owns_stock = has(BackOfficeRole::Stock);
        if owns_stock || has(BackOfficeRole::Catalog) {
            let id = BackOfficeId::try_new(backoffice.id.as_str())
                .map_err(|e| Stop::Poison(format!("backoffice: {e}")))?;
            offices.push(Office { id, owns_stock });
        }
    }
    Ok(offices)
}

/// What the service works with, beside its shell.
pub struct CatalogPorts {
    /// Settings.
    pub kv: Arc<dyn Kv>,
    /// Questions.
    pub ask: Arc<dyn Ask>,
    /// Shopify.
    pub shopify: Arc<dyn ShopifyAdmin>,
    /// Shopify's files.
    pub files: Arc<dyn ShopifyFiles>,
}

/// Starts the service.
pub fn run(engine: &Arc<Engine>, ports: CatalogPorts, lifecycle: &Lifecycle) {
    let syncer = Syncer {
        shopify: ports.shopify.clone(),
        ask: ports.ask.clone(),
        store: engine.store().clone(),
        clock: engine.clock().clone(),
        files: ports.files,
        bulk_from: BulkFrom::default(),
        addresses: Addresses::default(),
    };
    let hosted = Hosted {
        engine: engine.clone(),
        processor: Arc::new(CatalogProcessor),
        worker: Some(Arc::new(syncer)),
        keep_inbox: false,
    };
    let directory = start(hosted, ports.kv, ports.ask.clone(), lifecycle);
    answer_links(engine, &ports.ask, (ports.shopify, directory.clone()), lifecycle);
    answer_start(engine, &ports.ask, directory, lifecycle);
    answer_jobs(engine, &ports.ask, lifecycle);
}

fn answer_links(
    engine: &Arc<Engine>,
    ask: &Arc<dyn Ask>,
    (shopify, directory): (Arc<dyn ShopifyAdmin>, SharedDirectory),
    lifecycle: &Lifecycle,
) {
    let changing = engine.clone();
    let change = move |request: ChangeLinksRequest| {
        let (engine, shopify) = (changing.clone(), shopify.clone());
        let directory = directory.borrow().clone();
        async move { change_links(&engine, shopify.as_ref(), &directory, &request).await }
    };
    serve_request(ask.clone(), ChangeLinksRequest::subject(), SERVICE, change, lifecycle);
    let listing = engine.clone();
    let list = move |request: ListLinksRequest| {
        let engine = listing.clone();
        async move { list_links(&engine, &request).await }
    };
    serve_request(ask.clone(), ListLinksRequest::subject(), SERVICE, list, lifecycle);
    let listing = engine.clone();
    let list = move |request: ListConflictsRequest| {
        let engine = listing.clone();
        async move { list_conflicts(&engine, &request).await }
    };
    serve_request(ask.clone(), ListConflictsRequest::subject(), SERVICE, list, lifecycle);
}

fn answer_start(
    engine: &Arc<Engine>,
    ask: &Arc<dyn Ask>,
    directory: SharedDirectory,
    lifecycle: &Lifecycle,
) {
    let starting = engine.clone();
    let start = move |request: StartProductSyncRequest| {
        let (engine, directory) = (starting.clone(), directory.borrow().clone());
        async move { start_product_sync(&engine, &directory, &request).await }
    };
    serve_request(ask.clone(), StartProductSyncRequest::subject(), SERVICE, start, lifecycle);
}

fn answer_jobs(engine: &Arc<Engine>, ask: &Arc<dyn Ask>, lifecycle: &Lifecycle) {
    let asked = engine.clone();
    let get = move |request: GetJobRequest| {
        let engine = asked.clone();
        async move { get_job(&engine, &request).await }
    };
    serve_request(ask.clone(), GetJobRequest::subject(SERVICE), SERVICE, get, lifecycle);
    let asked = engine.clone();
    let list = move |request: ListJobsRequest| {
        let engine = asked.clone();
        async move { list_jobs(&engine, &request).await }
    };
    serve_request(ask.clone(), ListJobsRequest::subject(SERVICE), SERVICE, list, lifecycle);
    let told = engine.clone();
    let control = move |request: ControlJobRequest| {
        let engine = told.clone();
        async move { control_job(&engine, &request).await }
    };
    serve_request(ask.clone(), ControlJobRequest::subject(SERVICE), SERVICE, control, lifecycle);
}
