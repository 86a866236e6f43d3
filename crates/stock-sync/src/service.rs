//! The service: which messages it takes, which settings it adopts, which questions it answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_contracts::Event;
use lockstep_contracts::backoffice::v1::{CountReported, MovementReported};
use lockstep_contracts::catalog::v1::{VariantConflictChanged, VariantLinked, VariantUnlinked};
use lockstep_contracts::convert::conflict::conflict_changed;
use lockstep_contracts::convert::link::{LinkChange, linked, unlinked};
use lockstep_contracts::orders::v1::{OrderLinesChanged, OrdersSwept};
use lockstep_contracts::shipments::v1::ShipmentLinesChanged;
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::stock::v1::{
    GetStockRequest, KnowsSkusRequest, ListUnknownEffectsRequest, ReadLevelsRequest,
    SettleEffectRequest,
};
use lockstep_ports::{AggregateKey, Ask, ConsumerSpec, Kv, ShopifyAdmin};
use lockstep_runtime::{
    Aggregate, Directory, Engine, Evolver, EvolverOf, Hosted, Inbound, Lifecycle, Processor,
    SettingsChange, Stop, Work, scope_consumer, serve_request, start, webhook_consumer,
};

use crate::aggregates::{
    BackOfficeKind, DemandKind, HeardOrderKind, HeardShipmentKind, LevelKind, LinkSeenKind,
    OrdersReadKind, PoolKind, StoreKind, demand_id, level_id, link_seen_id, pool_id,
};
use crate::demand::pools_behind;
use crate::effects::{list_unknown_effects, settle_effect};
use crate::handlers::{
    count_reported, inventory_level, movement_reported, order_lines, orders_swept, settings,
    shipment_lines, variant_conflict, variant_linked,
};
use crate::pusher::Pusher;
use crate::questions::get_stock;
use crate::rereading::read_levels;
use crate::skus::knows_skus;
use crate::windows::want_linked;

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
                scope_consumer(SERVICE, OrderLinesChanged::STREAM, store),
                scope_consumer(SERVICE, ShipmentLinesChanged::STREAM, store),
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
                .read::<MovementReported>()
                .ok()
                .and_then(|e| e.movement.as_ref().map(|m| vec![pool(&e.backoffice, &m.sku)])),
            CountReported::TYPE => message
                .read::<CountReported>()
                .ok()
                .and_then(|e| e.count.as_ref().map(|c| vec![pool(&e.backoffice, &c.sku)])),
            VariantLinked::TYPE => {
                let event = message.read::<VariantLinked>().ok();
                event.and_then(|e| linked(&e).ok()).map(|link| keys_of_link(&link))
            }
            VariantUnlinked::TYPE => {
                let event = message.read::<VariantUnlinked>().ok();
                event.and_then(|e| unlinked(&e).ok()).map(|link| keys_of_link(&link))
            }
            OrderLinesChanged::TYPE => {
                message.read::<OrderLinesChanged>().ok().map(|e| keys_of_order(&e))
            }
            ShipmentLinesChanged::TYPE => {
                message.read::<ShipmentLinesChanged>().ok().map(|e| keys_of_shipment(&e))
            }
            _ => None,
        }
        .unwrap_or_default()
    }

    fn behind(
        &self,
        messages: &[&Inbound],
        work: &mut Work<'_>,
    ) -> Result<Vec<AggregateKey>, Stop> {
        let keys = messages.iter().flat_map(|message| self.keys(message));
        let (mut items, mut pools) = (BTreeSet::new(), BTreeSet::new());
        for key in keys {
            if key.kind == DemandKind::KIND {
                items.insert(key.id);
            } else if key.kind == PoolKind::KIND {
                pools.insert(key.id);
            } else if key.kind == HeardShipmentKind::KIND {
                // Items that only an earlier revision of the shipment named.
                let store = key.id.split('/').next().unwrap_or_default();
                let named = work.state::<HeardShipmentKind>(&key.id)?.steps();
                items.extend(named.keys().map(|(item, _)| format!("{store}/{item}")));
            }
        }
        let mut behind = pools_behind(work, &items)?;
        behind.extend(messages.iter().filter_map(|message| level_in_doubt(message)));
        if behind.is_empty() && items.is_empty() {
            // Movements and counts: nothing else is locked before their windows.
            want_linked(work, &pools)?;
        }
        Ok(behind)
    }

    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
        match message.metadata.event_type.as_str() {
            MovementReported::TYPE => movement_reported::apply(&*message.read()?, work),
            CountReported::TYPE => count_reported::apply(&*message.read()?, work),
            VariantLinked::TYPE => variant_linked::linked(&*message.read()?, work),
            VariantUnlinked::TYPE => variant_linked::unlinked(&*message.read()?, work),
            VariantConflictChanged::TYPE => variant_conflict::apply(&*message.read()?, work),
            OrderLinesChanged::TYPE => order_lines::apply(&*message.read()?, work),
            OrdersSwept::TYPE => orders_swept::apply(&*message.read()?, work),
            ShipmentLinesChanged::TYPE => shipment_lines::apply(&*message.read()?, work),
            WebhookReceived::TYPE => inventory_level::apply(&*message.read()?, work),
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
            Box::new(EvolverOf::<DemandKind>::default()),
            Box::new(EvolverOf::<HeardOrderKind>::default()),
            Box::new(EvolverOf::<HeardShipmentKind>::default()),
            Box::new(EvolverOf::<OrdersReadKind>::default()),
        ]
    }
}

/// The level of an item about whose codes something is told.
fn level_in_doubt(message: &Inbound) -> Option<AggregateKey> {
    if message.metadata.event_type != VariantConflictChanged::TYPE {
        return None;
    }
    let event = message.read::<VariantConflictChanged>().ok()?;
    let change = conflict_changed(&event).ok()?;
    Some(LevelKind::key(level_id(&change.store, change.item)))
}

/// What a link and its end lock, both alike and in one statement: so two of them cannot wait for
/// each other. The level follows, as everywhere: see [`crate::aggregates`].
fn keys_of_link(link: &LinkChange) -> Vec<AggregateKey> {
    vec![
        DemandKind::key(demand_id(&link.store, link.item)),
        LinkSeenKind::key(link_seen_id(&link.store, link.variant, &link.backoffice)),
        PoolKind::key(pool_id(&link.backoffice, &link.sku)),
        StoreKind::key(link.store.as_str()),
    ]
}

fn keys_of_order(event: &OrderLinesChanged) -> Vec<AggregateKey> {
    let items = event.lines.iter().map(|line| line.inventory_item_id).filter(|item| *item > 0);
    let items: BTreeSet<_> = items.collect();
    let demand = items.into_iter().map(|item| DemandKind::key(format!("{}/{item}", event.store)));
    let heard = HeardOrderKind::key(format!("{}/{}", event.store, event.order_id));
    demand.chain([heard]).collect()
}

fn keys_of_shipment(event: &ShipmentLinesChanged) -> Vec<AggregateKey> {
    let items = event.lines.iter().map(|line| line.inventory_item_id).filter(|item| *item > 0);
    let items: BTreeSet<_> = items.collect();
    let demand = items.into_iter().map(|item| DemandKind::key(format!("{}/{item}", event.store)));
    let order = HeardOrderKind::key(format!("{}/{}", event.store, event.order_id));
    let shipment = HeardShipmentKind::key(format!("{}/{}", event.store, event.shipment));
    demand.chain([order, shipment]).collect()
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
        worker: Some(Arc::new(Pusher::new(ports.shopify, engine.clock().clone()))),
        keep_inbox: false,
    };
    start(hosted, ports.kv, ports.ask.clone(), lifecycle);
    answer_stock(engine.clone(), ports.ask.clone(), lifecycle);
    answer_skus(engine, &ports.ask, lifecycle);
    answer_effects(engine, &ports.ask, lifecycle);
}

fn answer_stock(engine: Arc<Engine>, ask: Arc<dyn Ask>, lifecycle: &Lifecycle) {
    let reading = engine.clone();
    let handler = move |request: GetStockRequest| {
        let engine = engine.clone();
        async move { get_stock(&engine, &request).await }
    };
    serve_request(ask.clone(), GetStockRequest::subject(), SERVICE, handler, lifecycle);
    let read = move |request: ReadLevelsRequest| {
        let engine = reading.clone();
        async move { read_levels(&engine, &request).await }
    };
    serve_request(ask, ReadLevelsRequest::subject(), SERVICE, read, lifecycle);
}

fn answer_skus(engine: &Arc<Engine>, ask: &Arc<dyn Ask>, lifecycle: &Lifecycle) {
    let asked = engine.clone();
    let handler = move |request: KnowsSkusRequest| {
        let engine = asked.clone();
        async move { knows_skus(&engine, &request).await }
    };
    serve_request(ask.clone(), KnowsSkusRequest::subject(), SERVICE, handler, lifecycle);
}

fn answer_effects(engine: &Arc<Engine>, ask: &Arc<dyn Ask>, lifecycle: &Lifecycle) {
    let asked = engine.clone();
    let list = move |request: ListUnknownEffectsRequest| {
        let engine = asked.clone();
        async move { list_unknown_effects(&engine, &request).await }
    };
    let subject = ListUnknownEffectsRequest::subject();
    serve_request(ask.clone(), subject, SERVICE, list, lifecycle);
    let told = engine.clone();
    let settle = move |request: SettleEffectRequest| {
        let engine = told.clone();
        async move { settle_effect(&engine, &request).await }
    };
    serve_request(ask.clone(), SettleEffectRequest::subject(), SERVICE, settle, lifecycle);
}
