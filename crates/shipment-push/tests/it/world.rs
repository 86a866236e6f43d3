//! One store `north`: Berlin is served by `wms/MAIN`, Lyon by `wms/SIDE`.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_bus::{NatsBus, NatsOptions, Topology};
use lockstep_contracts::backoffice::v1::{
    FeedVerdict, Shipment, ShipmentReported, ShipmentStatus, ShippedLine, ShippedPackage,
    VerdictOutcome,
};
use lockstep_contracts::orders::v1::{LineShare, OrderLineFacts, OrderLinesChanged};
use lockstep_contracts::settings::v1::{
    BackOfficeRole, LocationMapping, ShipmentSettings, StoreBackOffice, StoreSettings,
};
use lockstep_contracts::shipments::v1::{ShipmentLinesChanged, ShipmentReportJudged};
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Event, Metadata, Stream};
use lockstep_ports::{Bus, ConsumerSpec, Delivered, EffectState, Store};
use lockstep_runtime::processor::process_batch;
use lockstep_runtime::rebuild::differences;
use lockstep_runtime::{
    Engine, EngineParts, Lane, Origin, Processor, Pulses, Settings, SettingsChange,
};
use lockstep_shipment_push::pusher::Pusher;
use lockstep_shipment_push::service::ShipmentProcessor;
use lockstep_shopify_client::MasterKeySealer;
use lockstep_storage::PgStore;
use lockstep_testkit::nats::TestNats;
use lockstep_testkit::{ManualClock, SequenceIds, TestDatabase};
use tokio_util::sync::CancellationToken;

use crate::shopify::FakeShopify;

pub const ORDER: i64 = 1001;
/// Berlin, served by `wms/MAIN`.
pub const BERLIN: i64 = 71;
/// Lyon, served by `wms/SIDE`.
pub const LYON: i64 = 72;
/// 2026-11-24T10:00:00Z, when every world begins.
pub const BEGIN: Timestamp = Timestamp::constant(1_795_514_400, 0);
/// Any 32 bytes.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const MOMENT: SignedDuration = SignedDuration::from_millis(1);

pub struct World {
    pub engine: Arc<Engine>,
    pub store: Arc<PgStore>,
    pub bus: Arc<NatsBus>,
    pub clock: ManualClock,
    pub shopify: Arc<FakeShopify>,
    worker: Pusher,
    pulses: Pulses,
    messages: std::sync::atomic::AtomicU64,
    _database: TestDatabase,
    _nats: TestNats,
}

impl World {
    /// Three of line 1 and two of line 2 are open in Berlin, and the order was told of.
    pub async fn start() -> Self {
        let world = Self::without_order().await;
        world.take(&order(1)).await;
        world
    }

    /// The order was not told of.
    pub async fn without_order() -> Self {
        let world = Self::bare().await;
        world.adopt(settings(true)).await;
        world
    }

    /// No settings are adopted yet.
    pub async fn bare() -> Self {
        let nats = TestNats::start().await.expect("a private nats-server");
        let database = TestDatabase::create().await;
        let store = Arc::new(database.store("shipment_push").await);
        let bus = NatsBus::connect(&nats.url(), NatsOptions::default()).await.expect("broker");
        bus.apply(&Topology::new(1)).await.expect("topology");
        let bus = Arc::new(bus);
        let clock = ManualClock::at(BEGIN);
        let ids = Arc::new(SequenceIds::default());
        let sealer = MasterKeySealer::try_new(&[MASTER_KEY.into()], ids.clone());
        let engine = Engine::new(EngineParts {
            service: "shipment-push",
            store: store.clone(),
            bus: bus.clone(),
            clock: Arc::new(clock.clone()),
            ids,
            sealer: Arc::new(sealer.expect("a master key")),
        });
        let shopify = Arc::new(FakeShopify::default());
        shopify.inside().remaining = [((BERLIN, 1), 3), ((BERLIN, 2), 2)].into();
        let worker = Pusher::new(shopify.clone());
        Self {
            engine,
            store,
            bus,
            clock,
            shopify,
            worker,
            pulses: Pulses::default(),
            messages: 0.into(),
            _database: database,
            _nats: nats,
        }
    }

    pub async fn adopt(&self, settings: StoreSettings) {
        self.adopt_as(1, settings).await;
    }

    pub async fn adopt_as(&self, revision: u64, settings: StoreSettings) {
        let value = Settings::Store(settings);
        let change = SettingsChange { key: "store.north".to_owned(), revision, value };
        let origin = Origin::new("settings", None);
        let adopt = |work: &mut lockstep_runtime::Work<'_>| ShipmentProcessor.adopt(&change, work);
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
        let outcome = process_batch(&self.engine, &ShipmentProcessor, "test", &batch).await;
        outcome.expect("processed").dead
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

    pub async fn settle(&self) {
        self.pass(SignedDuration::from_secs(3)).await;
    }

    /// Verdicts in the order in which they were given.
    pub async fn verdicts(&self) -> Vec<FeedVerdict> {
        let judged: Vec<ShipmentReportJudged> = self.said().await;
        judged.into_iter().filter_map(|event| event.verdict).collect()
    }

    pub async fn outcomes(&self) -> Vec<VerdictOutcome> {
        self.verdicts().await.iter().map(FeedVerdict::outcome).collect()
    }

    /// What everybody was told last of a shipment: units per line.
    pub async fn lines(&self) -> Vec<(i64, i64)> {
        let told: Vec<ShipmentLinesChanged> = self.said().await;
        let last = told.into_iter().max_by_key(|event| event.revision);
        let lines = last.map(|event| event.lines).unwrap_or_default();
        lines.iter().map(|line| (line.line_id, line.quantity)).collect()
    }

    /// Aggregates whose state differs from the fold of their events.
    pub async fn differences(&self) -> Vec<String> {
        let evolvers = ShipmentProcessor.evolvers();
        differences(&*self.store, &evolvers).await.expect("the log can be folded")
    }

    /// Effects that wait for a person.
    pub async fn asking(&self) -> usize {
        self.store.effects_of(&[EffectState::Asks], 10).await.expect("effects").len()
    }
}

/// Settings of a store whose shipments are sent, or not.
pub fn settings(enabled: bool) -> StoreSettings {
    let place = |location_id, warehouse: &str| LocationMapping {
        location_id,
        warehouses: vec![warehouse.to_owned()],
        ..LocationMapping::default()
    };
    StoreSettings {
        id: "north".to_owned(),
        shop_domain: "north.myshopify.com".to_owned(),
        enabled: true,
        backoffices: vec![StoreBackOffice {
            id: "wms".to_owned(),
            roles: vec![BackOfficeRole::Shipments.into()],
        }],
        locations: vec![place(BERLIN, "wms/MAIN"), place(LYON, "wms/SIDE")],
        shipments: Some(ShipmentSettings { enabled, notify_customer: true }),
        ..StoreSettings::default()
    }
}

/// The order as order-sync tells of it.
pub fn order(revision: u64) -> OrderLinesChanged {
    let line = |line_id: i64, quantity| OrderLineFacts {
        line_id,
        variant_id: line_id,
        inventory_item_id: line_id + 100,
        quantity,
        shares: vec![LineShare {
            location_id: BERLIN,
            warehouse: "wms/MAIN".to_owned(),
            sold: quantity,
            ..LineShare::default()
        }],
        ..OrderLineFacts::default()
    };
    OrderLinesChanged {
        store: "north".to_owned(),
        order_id: ORDER,
        revision,
        routed: true,
        lines: vec![line(1, 3), line(2, 2)],
        ..OrderLinesChanged::default()
    }
}

/// A shipment `S{number}` with one parcel `N{number}`.
pub fn shipped(number: u32, lines: &[(i64, i64)]) -> ShipmentReported {
    let line = |(line, quantity): &(i64, i64)| ShippedLine {
        line_id: line.to_string(),
        quantity: quantity.to_string(),
        ..ShippedLine::default()
    };
    ShipmentReported {
        backoffice: "wms".to_owned(),
        shipment: Some(Shipment {
            event_id: format!("e{number}"),
            shipment_id: format!("S{number}"),
            revision: 1,
            order_key: format!("north:{ORDER}"),
            warehouse_code: "MAIN".to_owned(),
            status: ShipmentStatus::Shipped.into(),
            packages: vec![ShippedPackage {
                carrier_name: "DHL".to_owned(),
                tracking_number: format!("N{number}"),
                lines: lines.iter().map(line).collect(),
                ..ShippedPackage::default()
            }],
            occurred_at: Some(to_proto(BEGIN)),
            ..Shipment::default()
        }),
        accepted_at: None,
    }
}

/// The same shipment, stated again.
pub fn again(
    report: &ShipmentReported,
    revision: u32,
    change: impl FnOnce(&mut Shipment),
) -> ShipmentReported {
    let mut report = report.clone();
    let shipment = report.shipment.as_mut().expect("a shipment");
    shipment.revision = revision;
    shipment.event_id = format!("{}-{revision}", shipment.event_id);
    shipment.status = ShipmentStatus::Updated.into();
    change(shipment);
    report
}
