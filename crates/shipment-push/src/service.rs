//! The service: which messages it takes, which settings it adopts, which questions it answers.

use std::sync::Arc;

use async_trait::async_trait;
use lockstep_contracts::Event;
use lockstep_contracts::backoffice::v1::{ReturnReported, ShipmentReported};
use lockstep_contracts::catalog::v1::{VariantLinked, VariantUnlinked};
use lockstep_contracts::operations::v1::Finding;
use lockstep_contracts::orders::v1::{OrderLinesChanged, OrderReleased};
use lockstep_contracts::shipments::v1::{
    ListShipmentsRequest, ListUnknownCallsRequest, SettleCallRequest,
};
use lockstep_ports::{AggregateKey, Ask, ConsumerSpec, Kv, PortError, ShopifyAdmin};
use lockstep_runtime::{
    Directory, Engine, Evolver, EvolverOf, Hosted, Inbound, Lifecycle, Processor, SettingsChange,
    Stop, Work, scope_consumer, serve_request, start,
};

use crate::aggregates::{CodesKind, ShipmentsKind, StoreKind};
use crate::handlers;
use crate::parked;
use crate::pusher::Pusher;
use crate::questions::list_shipments;
use crate::unknown::{list_unknown_calls, settle_call};

/// Name of the service.
pub const SERVICE: &str = "shipment-push";

/// Takes messages and settings.
pub struct ShipmentProcessor;

#[async_trait]
impl Processor for ShipmentProcessor {
    fn consumers(&self, directory: &Directory) -> Vec<ConsumerSpec> {
        let stores = directory.stores.keys().flat_map(|store| {
            [OrderLinesChanged::STREAM, VariantLinked::STREAM]
                .map(|stream| scope_consumer(SERVICE, stream, store))
        });
        let backoffices = directory
            .backoffices
            .keys()
            .map(|id| scope_consumer(SERVICE, ShipmentReported::STREAM, id));
        stores.chain(backoffices).collect()
    }

    fn keys(&self, _: &Inbound) -> Vec<AggregateKey> {
        // The order stands inside the body, which is read once.
        Vec::new()
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        match message.metadata.event_type.as_str() {
            ShipmentReported::TYPE => handlers::shipment(&message.decode()?, work),
            ReturnReported::TYPE => handlers::returned(&message.decode()?, work),
            OrderLinesChanged::TYPE => handlers::order(&message.decode()?, work),
            OrderReleased::TYPE => handlers::release(&message.decode()?, work),
            VariantLinked::TYPE => handlers::linked(&message.decode()?, work),
            VariantUnlinked::TYPE => handlers::unlinked(&message.decode()?, work),
            // Other events of the streams that it reads are none of its business.
            _ => Ok(()),
        }
    }

    fn adopt(&self, change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop> {
        handlers::adopt(change, work)
    }

    fn evolvers(&self) -> Vec<Box<dyn Evolver>> {
        vec![
            Box::new(EvolverOf::<CodesKind>::default()),
            Box::new(EvolverOf::<ShipmentsKind>::default()),
            Box::new(EvolverOf::<StoreKind>::default()),
        ]
    }

    async fn examine(&self, engine: &Engine) -> Result<Vec<Finding>, PortError> {
        parked::examine(engine).await
    }
}

/// What the service works with, beside its shell.
pub struct ShipmentPorts {
    /// Settings.
    pub kv: Arc<dyn Kv>,
    /// Questions.
    pub ask: Arc<dyn Ask>,
    /// Shopify.
    pub shopify: Arc<dyn ShopifyAdmin>,
}

/// Starts the service.
pub fn run(engine: &Arc<Engine>, ports: ShipmentPorts, lifecycle: &Lifecycle) {
    let hosted = Hosted {
        engine: engine.clone(),
        processor: Arc::new(ShipmentProcessor),
        worker: Some(Arc::new(Pusher::new(ports.shopify))),
        keep_inbox: false,
    };
    start(hosted, ports.kv, ports.ask.clone(), lifecycle);
    let asked = engine.clone();
    let list = move |request: ListShipmentsRequest| {
        let engine = asked.clone();
        async move { list_shipments(&engine, &request).await }
    };
    let subject = ListShipmentsRequest::subject();
    serve_request(ports.ask.clone(), subject, SERVICE, list, lifecycle);
    let asked = engine.clone();
    let list = move |request: ListUnknownCallsRequest| {
        let engine = asked.clone();
        async move { list_unknown_calls(&engine, &request).await }
    };
    let subject = ListUnknownCallsRequest::subject();
    serve_request(ports.ask.clone(), subject, SERVICE, list, lifecycle);
    let asked = engine.clone();
    let settle = move |request: SettleCallRequest| {
        let engine = asked.clone();
        async move { settle_call(&engine, &request).await }
    };
    serve_request(ports.ask, SettleCallRequest::subject(), SERVICE, settle, lifecycle);
}
