//! One store `north`: Berlin is served by `wms/MAIN`, Lyon by `wms/SIDE`.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_bus::{NatsBus, NatsOptions, Topology};
use lockstep_contracts::backoffice::v1::{
    FeedVerdict, OrderAcceptReported, OrderAcceptance, OrderRejectReported, OrderRejection,
    OrderRelease, OrderReleaseReported, OrderRequest, OrderUnits, ReleaseOutcome,
};
use lockstep_contracts::catalog::v1::{LinkOrigin, VariantLinked};
use lockstep_contracts::operations::v1::{CloseDeadLetterRequest, CloseOutcome};
use lockstep_contracts::orders::v1::{
    GetOrderRequest, OrderAnnounced, OrderLinesChanged, OrderReportJudged, OrderView,
};
use lockstep_contracts::settings::v1::{
    BackOfficeRole, LocationMapping, OrderFilter, OrderSettings, StoreBackOffice, StoreSettings,
};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Event, Metadata, Stream};
use lockstep_domain::order::Order;
use lockstep_order_sync::aggregates::OrderKind;
use lockstep_order_sync::questions::get_order;
use lockstep_order_sync::reader::{Reader, Sender};
use lockstep_order_sync::service::OrderProcessor;
use lockstep_ports::{Bus, ConsumerSpec, Delivered, Store};
use lockstep_runtime::dead_letters;
use lockstep_runtime::processor::process_batch;
use lockstep_runtime::rebuild::differences;
use lockstep_runtime::{
    Engine, EngineParts, Lane, Origin, PersonalKeys, Processor, Pulses, Settings, SettingsChange,
};
use lockstep_shopify_client::{MasterKeySealer, PersonalKeyMaker};
use lockstep_storage::PgStore;
use lockstep_testkit::nats::TestNats;
use lockstep_testkit::{ManualClock, SequenceIds, TestDatabase};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::shop::{BERLIN, LYON, ORDER, Shop};
use crate::shopify::FakeShopify;

/// 2026-11-24T10:00:00Z, when every world begins.
pub const BEGIN: Timestamp = Timestamp::constant(1_795_514_400, 0);
/// Any 32 bytes.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub struct World {
    pub engine: Arc<Engine>,
    pub store: Arc<PgStore>,
    pub bus: Arc<NatsBus>,
    pub clock: ManualClock,
    pub shopify: Arc<FakeShopify>,
    pub keys: Arc<PersonalKeys>,
    worker: Reader,
    pulses: Pulses,
    messages: std::sync::atomic::AtomicU64,
    _database: TestDatabase,
    _nats: TestNats,
}

impl World {
    /// Everything is in place, and orders are told.
    pub async fn start() -> Self {
        let world = Self::bare().await;
        world.adopt(1, orders(OrderFilter::default())).await;
        world
    }

    /// No settings are adopted yet.
    pub async fn bare() -> Self {
        let nats = TestNats::start().await.expect("a private nats-server");
        let database = TestDatabase::create().await;
        let store = Arc::new(database.store("order_sync").await);
        let bus = NatsBus::connect(&nats.url(), NatsOptions::default()).await.expect("broker");
        bus.apply(&Topology::new(1)).await.expect("topology");
        let bus = Arc::new(bus);
        let clock = ManualClock::at(BEGIN);
        let ids = Arc::new(SequenceIds::default());
        let sealer = MasterKeySealer::try_new(&[MASTER_KEY.into()], ids.clone());
        let sealer = Arc::new(sealer.expect("a master key"));
        let maker = Arc::new(PersonalKeyMaker::new(ids.clone()));
        let keys = PersonalKeys::new(bus.clone(), sealer.clone(), maker, Arc::new(clock.clone()));
        let keys = Arc::new(keys);
        let engine = Engine::new(EngineParts {
            service: "order-sync",
            store: store.clone(),
            bus: bus.clone(),
            clock: Arc::new(clock.clone()),
            ids,
            sealer,
        });
        let shopify = Arc::new(FakeShopify::default());
        let worker = Reader::new(Sender {
            shopify: shopify.clone(),
            objects: bus.clone(),
            store: store.clone(),
            keys: keys.clone(),
        });
        Self {
            engine,
            store,
            bus,
            clock,
            shopify,
            keys,
            worker,
            pulses: Pulses::default(),
            messages: 0.into(),
            _database: database,
            _nats: nats,
        }
    }

    pub async fn adopt(&self, revision: u64, settings: StoreSettings) {
        let value = Settings::Store(settings);
        let change = SettingsChange { key: "store.north".to_owned(), revision, value };
        let origin = Origin::new("settings", None);
        let adopt = |work: &mut lockstep_runtime::Work<'_>| OrderProcessor.adopt(&change, work);
        self.engine.transact(origin, &[], adopt).await.expect("adopted");
    }

    /// A message as it arrives; gives how many became dead letters.
    pub async fn take<E: Event>(&self, event: &E) -> usize {
        let number = self.messages.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        let metadata = Metadata::new(format!("message-{number}"), "test", E::TYPE, BEGIN);
        let headers = metadata.to_headers().into_iter().map(|(n, v)| (n.to_owned(), v));
        let delivered = Delivered {
            stream: E::STREAM,
            sequence: number,
            subject: String::new(),
            headers: headers.collect(),
            body: event.encode_to_vec().into(),
            attempt: 1,
            ack_subject: String::new(),
        };
        let batch = [delivered];
        let outcome = process_batch(&self.engine, &OrderProcessor, "test", &batch).await;
        outcome.expect("processed").dead
    }

    pub async fn webhook(&self, topic: &str, body: &Value) -> usize {
        self.take(&webhook(topic, body)).await
    }

    /// Shopify shows this from now on, and says so.
    pub async fn happens(&self, shop: &Shop) {
        self.shopify.show(shop);
        assert_eq!(self.webhook("orders/updated", &shop.webhook()).await, 0);
    }

    pub async fn link(&self, variant: i64) {
        self.take(&VariantLinked {
            store: "north".to_owned(),
            variant_id: variant,
            inventory_item_id: variant + 100,
            backoffice: "wms".to_owned(),
            sku: format!("SKU-{variant}"),
            revision: 1,
            origin: LinkOrigin::Hand.into(),
            linked_at: Some(to_proto(BEGIN)),
        })
        .await;
    }

    /// One turn of the store's lane; true when it did something.
    pub async fn turn(&self) -> bool {
        let shutdown = CancellationToken::new();
        let pulse = self.pulses.add("lane", Arc::new(self.clock.clone()));
        let lane = Lane {
            engine: &self.engine,
            worker: &self.worker,
            name: "north",
            holder: uuid::Uuid::from_u128(99),
            shutdown: &shutdown,
            pulse: &pulse,
        };
        lane.turn().await.expect("a turn")
    }

    /// Turns while time passes, at most for so long.
    pub async fn pass(&self, time: SignedDuration) {
        let end = self.engine.now() + time;
        loop {
            while self.turn().await {}
            let next = self.store.lanes().await.expect("lanes").into_iter().map(|(_, at)| at).min();
            match next.filter(|next| *next <= end) {
                Some(next) => self.clock.set(next.max(self.engine.now() + MOMENT)),
                None => break,
            }
        }
        self.clock.set(end);
    }

    /// News are read.
    pub async fn settle(&self) {
        self.pass(SignedDuration::from_secs(3)).await;
    }

    pub async fn order(&self, order: i64) -> Order {
        let state = self.engine.read::<OrderKind>(&format!("north/{order}")).await;
        state.expect("a state").unwrap_or_default()
    }

    /// As the question answers it.
    pub async fn view(&self, order: i64) -> OrderView {
        let request = GetOrderRequest { order_key: format!("north:{order}") };
        let answer = get_order(&self.engine, &request).await.expect("an answer");
        answer.order.unwrap_or_default()
    }

    /// Tries a dead letter again; true when that went well.
    pub async fn retry(&self, id: uuid::Uuid) -> bool {
        let request = CloseDeadLetterRequest { id: id.to_string(), retry: true };
        let answer = dead_letters::close(&self.engine, Some(&OrderProcessor), &request).await;
        answer.expect("an answer").outcome() == CloseOutcome::Closed
    }

    /// Every message of a type that the broker holds.
    pub async fn said<E: Event + Default>(&self) -> Vec<E> {
        let messages = self.stream(E::STREAM).await;
        let of_type = messages.into_iter().filter(|message| {
            message.headers.iter().any(|(name, value)| name == "ce-type" && value == E::TYPE)
        });
        of_type.map(|message| E::decode(message.body).expect("a message")).collect()
    }

    pub async fn stream(&self, stream: Stream) -> Vec<Delivered> {
        self.engine.publish_leftovers().await.expect("published");
        let number = self.messages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let spec = ConsumerSpec {
            stream,
            durable: format!("reader-{number}"),
            filters: vec![stream.filter_all().into()],
        };
        let wait = Duration::from_millis(200);
        self.bus.pull(&spec, 0, 500, wait).await.expect("messages")
    }

    pub async fn lines(&self) -> Vec<OrderLinesChanged> {
        self.said().await
    }

    pub async fn announced(&self) -> Vec<OrderAnnounced> {
        self.said().await
    }

    pub async fn verdicts(&self) -> Vec<FeedVerdict> {
        let judged: Vec<OrderReportJudged> = self.said().await;
        judged.into_iter().filter_map(|event| event.verdict).collect()
    }

    /// Aggregates whose state differs from the fold of their events.
    pub async fn differences(&self) -> Vec<String> {
        let evolvers = OrderProcessor.evolvers();
        differences(&*self.store, &evolvers).await.expect("the log can be folded")
    }

    pub async fn accept(&self, event_id: &str, lines: &[(i64, i64)]) -> usize {
        self.take(&accepted(event_id, lines)).await
    }
}

const MOMENT: SignedDuration = SignedDuration::from_millis(1);

pub fn webhook(topic: &str, body: &Value) -> WebhookReceived {
    WebhookReceived {
        store: "north".to_owned(),
        topic: topic.to_owned(),
        body: body.to_string().into_bytes().into(),
        ..WebhookReceived::default()
    }
}

/// Settings of a store whose orders are told.
pub fn orders(filter: OrderFilter) -> StoreSettings {
    let place = |location_id, warehouse: &str, default| LocationMapping {
        location_id,
        warehouses: vec![warehouse.to_owned()],
        shipping_process: "parcel".to_owned(),
        default,
        ..LocationMapping::default()
    };
    StoreSettings {
        id: "north".to_owned(),
        shop_domain: "north.myshopify.com".to_owned(),
        enabled: true,
        backoffices: vec![StoreBackOffice {
            id: "wms".to_owned(),
            roles: vec![BackOfficeRole::Stock.into(), BackOfficeRole::Orders.into()],
        }],
        locations: vec![place(BERLIN, "wms/MAIN", false), place(LYON, "wms/SIDE", false)],
        orders: Some(OrderSettings {
            enabled: true,
            filter: Some(filter),
            ..OrderSettings::default()
        }),
        ..StoreSettings::default()
    }
}

fn units(lines: &[(i64, i64)]) -> Vec<OrderUnits> {
    let one = |(line, quantity): &(i64, i64)| OrderUnits {
        line_id: line.to_string(),
        quantity: quantity.to_string(),
        ..OrderUnits::default()
    };
    lines.iter().map(one).collect()
}

/// An acceptance of lines, or of all when there are none.
pub fn accepted(event_id: &str, lines: &[(i64, i64)]) -> OrderAcceptReported {
    OrderAcceptReported {
        backoffice: "wms".to_owned(),
        acceptance: Some(OrderAcceptance {
            event_id: event_id.to_owned(),
            order_key: format!("north:{ORDER}"),
            answers: OrderRequest::Fulfil.into(),
            whole_order: lines.is_empty(),
            lines: units(lines),
            occurred_at: Some(to_proto(BEGIN)),
            ..OrderAcceptance::default()
        }),
        accepted_at: None,
    }
}

pub fn rejected(event_id: &str) -> OrderRejectReported {
    OrderRejectReported {
        backoffice: "wms".to_owned(),
        rejection: Some(OrderRejection {
            event_id: event_id.to_owned(),
            order_key: format!("north:{ORDER}"),
            whole_order: true,
            occurred_at: Some(to_proto(BEGIN)),
            ..OrderRejection::default()
        }),
        accepted_at: None,
    }
}

pub fn released(event_id: &str, outcome: ReleaseOutcome) -> OrderReleaseReported {
    OrderReleaseReported {
        backoffice: "wms".to_owned(),
        release: Some(OrderRelease {
            event_id: event_id.to_owned(),
            order_key: format!("north:{ORDER}"),
            outcome: outcome.into(),
            whole_order: true,
            occurred_at: Some(to_proto(BEGIN)),
            ..OrderRelease::default()
        }),
        accepted_at: None,
    }
}
