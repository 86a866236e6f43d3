//! The service: which messages it takes, which settings it adopts, which questions it answers.

use std::sync::Arc;

use async_trait::async_trait;
use lockstep_contracts::Event;
use lockstep_contracts::backoffice::v1::{
    OrderAcceptReported, OrderRejectReported, OrderReleaseReported,
};
use lockstep_contracts::catalog::v1::{VariantLinked, VariantUnlinked};
use lockstep_contracts::convert::order_webhook::topics;
use lockstep_contracts::operations::v1::Finding;
use lockstep_contracts::orders::v1::{GetOrderRequest, ListOrdersRequest, SweepOrdersRequest};
use lockstep_contracts::shopify::topic;
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_ports::{AggregateKey, Ask, ConsumerSpec, Kv, ObjectStore, PortError, ShopifyAdmin};
use lockstep_runtime::{
    Directory, Engine, Evolver, EvolverOf, Hosted, Inbound, Lifecycle, PersonalKeys, Processor,
    SettingsChange, Stop, Work, scope_consumer, serve_request, start, webhook_consumer,
};

use crate::aggregates::{CodesKind, OrderKind, RedactionKind, StoreKind};
use crate::handlers::{link, report, settings, webhook};
use crate::parked;
use crate::questions::{get_order, list_orders};
use crate::reader::{Reader, Sender};
use crate::sweep::sweep_orders;

/// Name of the service.
pub const SERVICE: &str = "order-sync";
/// Erasures of all stores, also of those that were removed.
const REDACTIONS: [&str; 2] = [topic::CUSTOMERS_REDACT, topic::SHOP_REDACT];

/// Takes messages and settings.
pub struct OrderProcessor;

#[async_trait]
impl Processor for OrderProcessor {
    fn consumers(&self, directory: &Directory) -> Vec<ConsumerSpec> {
        let topics = topics();
        let stores = directory.stores.keys().flat_map(|store| {
            [
                webhook_consumer(SERVICE, store, &topics),
                scope_consumer(SERVICE, VariantLinked::STREAM, store),
            ]
        });
        let backoffices = directory
            .backoffices
            .keys()
            .map(|id| scope_consumer(SERVICE, OrderAcceptReported::STREAM, id));
        stores.chain(backoffices).chain([redactions()]).collect()
    }

    fn keys(&self, _: &Inbound) -> Vec<AggregateKey> {
        // The order stands inside the body, which is read once.
        Vec::new()
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        match message.metadata.event_type.as_str() {
            WebhookReceived::TYPE => webhook::apply(message, work),
            OrderAcceptReported::TYPE => report::accept(&message.decode()?, work),
            OrderRejectReported::TYPE => report::reject(&message.decode()?, work),
            OrderReleaseReported::TYPE => report::release(&message.decode()?, work),
            VariantLinked::TYPE => link::linked(&message.decode()?, work),
            VariantUnlinked::TYPE => link::unlinked(&message.decode()?, work),
            // Other events of the streams that it reads are none of its business.
            _ => Ok(()),
        }
    }

    fn adopt(&self, change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop> {
        settings::adopt(change, work)
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        vec![
            Box::new(EvolverOf::<CodesKind>::default()),
            Box::new(EvolverOf::<OrderKind>::default()),
            Box::new(EvolverOf::<RedactionKind>::default()),
            Box::new(EvolverOf::<StoreKind>::default()),
        ]
    }

    async fn examine(&self, engine: &Engine) -> Result<Vec<Finding>, PortError> {
        parked::examine(engine).await
    }
}

/// A removed store's last webhooks ask for erasure: they are read whatever stores there are.
fn redactions() -> ConsumerSpec {
    let filters =
        REDACTIONS.iter().map(|topic| WebhookReceived::filter(None, Some(topic)).into()).collect();
    let durable = format!("{SERVICE}-redactions");
    ConsumerSpec { stream: WebhookReceived::STREAM, durable, filters }
}

/// What the service works with, beside its shell.
pub struct OrderPorts {
    /// Settings.
    pub kv: Arc<dyn Kv>,
    /// Questions.
    pub ask: Arc<dyn Ask>,
    /// Shopify.
    pub shopify: Arc<dyn ShopifyAdmin>,
    /// Bodies too large for a message.
    pub objects: Arc<dyn ObjectStore>,
    /// Keys of customers.
    pub keys: Arc<PersonalKeys>,
}

/// Starts the service.
pub fn run(engine: &Arc<Engine>, ports: OrderPorts, lifecycle: &Lifecycle) {
    let sender = Sender {
        shopify: ports.shopify,
        objects: ports.objects,
        store: engine.store().clone(),
        keys: ports.keys,
    };
    let hosted = Hosted {
        engine: engine.clone(),
        processor: Arc::new(OrderProcessor),
        worker: Some(Arc::new(Reader::new(sender))),
        keep_inbox: false,
    };
    start(hosted, ports.kv, ports.ask.clone(), lifecycle);
    answer(engine, &ports.ask, lifecycle);
}

fn answer(engine: &Arc<Engine>, ask: &Arc<dyn Ask>, lifecycle: &Lifecycle) {
    let asked = engine.clone();
    let list = move |request: ListOrdersRequest| {
        let engine = asked.clone();
        async move { list_orders(&engine, &request).await }
    };
    serve_request(ask.clone(), ListOrdersRequest::subject(), SERVICE, list, lifecycle);
    let asked = engine.clone();
    let sweep = move |request: SweepOrdersRequest| {
        let engine = asked.clone();
        async move { sweep_orders(&engine, &request).await }
    };
    serve_request(ask.clone(), SweepOrdersRequest::subject(), SERVICE, sweep, lifecycle);
    let asked = engine.clone();
    let get = move |request: GetOrderRequest| {
        let engine = asked.clone();
        async move { get_order(&engine, &request).await }
    };
    serve_request(ask.clone(), GetOrderRequest::subject(), SERVICE, get, lifecycle);
}
