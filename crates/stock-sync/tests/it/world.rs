//! One store `north` with location 1, served by `wms/MAIN`, and what happens to it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::backoffice::v1::{
    CountReported, MovementKind, MovementReported, StockCount, StockMovement,
};
use lockstep_contracts::catalog::v1::{LinkOrigin, VariantLinked, VariantUnlinked};
use lockstep_contracts::convert::settings::{back_office_defaults, stock_defaults};
use lockstep_contracts::settings::v1::{
    BackOfficeSettings, LocationMapping, StockBasis, StockEnabled, StockMode, StockSettings,
    StoreSettings, WarehouseSettings,
};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Event, Metadata};
use lockstep_domain::stock::level::{Level, LevelLocation};
use lockstep_ports::{Delivered, EffectRow, EffectState, PortError, Sealer, Store, Timer};
use lockstep_runtime::lanes::Lane;
use lockstep_runtime::{
    Engine, EngineError, EngineParts, Inbound, LaneWorker as _, Origin, Processor, Pulses,
    Settings, SettingsChange,
};
use lockstep_stock_sync::aggregates::{LevelKind, StoreKind};
use lockstep_stock_sync::pusher::Pusher;
use lockstep_stock_sync::service::StockProcessor;
use lockstep_testkit::bus::MemoryBus;
use lockstep_testkit::{ManualClock, MemoryStore, SequenceIds};
use tokio_util::sync::CancellationToken;

use crate::shopify::FakeShopify;

/// 2026-11-24T10:00:00Z, when every world begins.
pub const BEGIN: Timestamp = Timestamp::constant(1_795_514_400, 0);
/// The location that `wms/MAIN` serves.
pub const PLACE: i64 = 1;

struct Plain;

impl Sealer for Plain {
    fn seal(&self, _: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(plain.to_vec())
    }

    fn open(&self, _: &str, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(sealed.to_vec())
    }
}

pub struct World {
    pub engine: Arc<Engine>,
    pub store: MemoryStore,
    pub clock: ManualClock,
    pub shopify: Arc<FakeShopify>,
    worker: Pusher,
    pulses: Pulses,
}

/// SKU of an item.
pub fn sku(item: i64) -> String {
    format!("SKU-{item}")
}

impl World {
    /// Everything is in place and off; nothing is linked.
    pub async fn start() -> Self {
        let clock = ManualClock::at(BEGIN);
        let store = MemoryStore::default();
        let engine = Engine::new(EngineParts {
            service: "stock-sync",
            store: Arc::new(store.clone()),
            bus: Arc::new(MemoryBus::new()),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(SequenceIds::default()),
            sealer: Arc::new(Plain),
        });
        let shopify = Arc::new(FakeShopify::new(Arc::new(clock.clone())));
        let worker = Pusher::new(shopify.clone(), Arc::new(clock.clone()));
        let world = Self { engine, store, clock, shopify, worker, pulses: Pulses::default() };
        world.adopt_backoffice(1, true).await;
        world
    }

    /// Started, with these items linked, stocked at ten and counted at ten, and stock live.
    pub async fn live(mode: StockMode, items: &[i64]) -> Self {
        let world = Self::start().await;
        for item in items {
            world.shopify.stock(*item, PLACE, 10);
            world.link(*item, 1).await;
            world.count(*item, "10").await;
        }
        world.adopt_store(1, live(mode)).await;
        world.settle().await;
        world
    }

    pub async fn adopt_backoffice(&self, revision: u64, excludes_damaged: bool) {
        let settings = BackOfficeSettings {
            id: "wms".to_owned(),
            stock_basis: StockBasis::Physical.into(),
            // Those of the basis.
            stock_lowered_by: Vec::new(),
            stock_excludes_damaged: excludes_damaged,
            warehouses: vec![WarehouseSettings { code: "MAIN".to_owned(), name: String::new() }],
            ..back_office_defaults()
        };
        self.adopt_backoffice_as(revision, settings).await;
    }

    pub async fn adopt_backoffice_as(&self, revision: u64, settings: BackOfficeSettings) {
        let key = format!("backoffice.{}", settings.id);
        let value = Settings::BackOffice(settings);
        self.adopt(SettingsChange { key, revision, value }).await;
    }

    pub async fn adopt_store(&self, revision: u64, stock: StockSettings) {
        self.adopt_mapped(revision, stock, "wms/MAIN").await;
    }

    pub async fn adopt_mapped(&self, revision: u64, stock: StockSettings, warehouse: &str) {
        self.adopt_served(revision, stock, &[warehouse]).await;
    }

    /// The location is served by these warehouses.
    pub async fn adopt_served(&self, revision: u64, stock: StockSettings, by: &[&str]) {
        let settings = StoreSettings {
            id: "north".to_owned(),
            enabled: true,
            stock: Some(stock),
            locations: vec![LocationMapping {
                location_id: PLACE,
                warehouses: by.iter().map(|warehouse| (*warehouse).to_owned()).collect(),
                ..LocationMapping::default()
            }],
            ..StoreSettings::default()
        };
        let key = "store.north".to_owned();
        self.adopt(SettingsChange { key, revision, value: Settings::Store(settings) }).await;
    }

    async fn adopt(&self, change: SettingsChange) {
        let adopted = self.engine.transact(Origin::new("settings", None), &[], |work| {
            StockProcessor.adopt(&change, work)
        });
        adopted.await.expect("adopted");
    }

    pub async fn take<E: Event>(&self, event: &E) {
        let inbound = inbound(event);
        let keys = StockProcessor.keys(&inbound);
        let taken = self.engine.transact(Origin::new("message", None), &keys, |work| {
            StockProcessor.apply(&inbound, work)
        });
        taken.await.expect("taken");
    }

    /// Takes what can never be processed; gives the reason.
    pub async fn refuse<E: Event>(&self, event: &E) -> String {
        let inbound = inbound(event);
        let keys = StockProcessor.keys(&inbound);
        let taken = self.engine.transact(Origin::new("message", None), &keys, |work| {
            StockProcessor.apply(&inbound, work)
        });
        match taken.await {
            Err(EngineError::Poison(reason)) => reason,
            other => panic!("it is refused, not {other:?}"),
        }
    }

    pub async fn link(&self, item: i64, revision: u64) {
        self.take(&linked(item, revision)).await;
    }

    pub async fn count(&self, item: i64, quantity: &str) {
        let now = Some(to_proto(self.engine.now()));
        let count = StockCount {
            event_id: format!("count-{item}-{quantity}"),
            sku: sku(item),
            warehouse_code: "MAIN".to_owned(),
            quantity: quantity.to_owned(),
            counted_at: now,
        };
        let backoffice = "wms".to_owned();
        self.take(&CountReported { backoffice, count: Some(count), accepted_at: None }).await;
        // What moves afterwards is dated later.
        self.clock.advance(SignedDuration::from_millis(1));
    }

    pub async fn adjust(&self, item: i64, quantity: &str) {
        let now = self.engine.now();
        let movement = StockMovement {
            event_id: format!("move-{item}-{quantity}-{now}"),
            sku: sku(item),
            warehouse_code: "MAIN".to_owned(),
            kind: MovementKind::Adjustment.into(),
            quantity: quantity.to_owned(),
            occurred_at: Some(to_proto(now)),
            ..StockMovement::default()
        };
        let (backoffice, movement) = ("wms".to_owned(), Some(movement));
        self.take(&MovementReported { backoffice, movement, accepted_at: None }).await;
        self.clock.advance(SignedDuration::from_millis(1));
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

    /// Plans what was due when it was looked at.
    pub async fn plan(&self, due: &[Timer]) {
        let planned = self
            .engine
            .transact(Origin::new("lane", None), &[], |work| self.worker.plan("north", due, work));
        planned.await.expect("planned");
    }

    /// Plans what is due after this time; gives what is to be sent.
    pub async fn planned(&self, after: SignedDuration) -> Vec<EffectRow> {
        self.clock.advance(after);
        let due = self.store.due("north", self.engine.now(), 100).await.expect("what is due");
        self.plan(&due).await;
        self.store.effects_of(&[EffectState::Intended], 100).await.expect("effects")
    }

    pub fn flies_alone(&self, effect: &EffectRow) -> bool {
        self.worker.flies_alone(effect)
    }

    pub fn is_urgent(&self, effect: &EffectRow) -> bool {
        self.worker.is_urgent(effect)
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

    /// A window and more passes.
    pub async fn settle(&self) {
        self.pass(SignedDuration::from_secs(70)).await;
    }

    pub async fn level(&self, item: i64) -> Level {
        let level = self.engine.read::<LevelKind>(&format!("north/{item}")).await;
        level.expect("a state").unwrap_or_default()
    }

    pub async fn at_place(&self, item: i64) -> LevelLocation {
        let place = lockstep_domain::LocationId(PLACE);
        self.level(item).await.location(place).cloned().unwrap_or_default()
    }

    pub async fn is_turning(&self) -> bool {
        let rules = self.engine.read::<StoreKind>("north").await.expect("a state");
        rules.is_some_and(|rules| rules.is_turning())
    }

    /// Kinds of the events behind a position of the log.
    pub async fn kinds_after(&self, position: i64) -> Vec<String> {
        let events = self.store.events(position, 1_000_000).await.expect("events");
        events.into_iter().map(|event| event.kind).collect()
    }

    pub async fn position(&self) -> i64 {
        let events = self.store.events(0, 1_000_000).await.expect("events");
        events.last().map_or(0, |event| event.position)
    }
}

const MOMENT: SignedDuration = SignedDuration::from_millis(1);

/// Settings of a store that is live in a mode.
pub fn live(mode: StockMode) -> StockSettings {
    StockSettings { enabled: StockEnabled::Live.into(), mode: mode.into(), ..stock_defaults() }
}

pub fn linked(item: i64, revision: u64) -> VariantLinked {
    VariantLinked {
        store: "north".to_owned(),
        variant_id: item,
        inventory_item_id: item,
        backoffice: "wms".to_owned(),
        sku: sku(item),
        revision,
        origin: LinkOrigin::Hand.into(),
        linked_at: Some(to_proto(BEGIN)),
    }
}

pub fn unlinked(item: i64, revision: u64) -> VariantUnlinked {
    VariantUnlinked {
        store: "north".to_owned(),
        variant_id: item,
        inventory_item_id: item,
        backoffice: "wms".to_owned(),
        sku: sku(item),
        revision,
        origin: LinkOrigin::Hand.into(),
        unlinked_at: Some(to_proto(BEGIN)),
    }
}

pub fn inbound<E: Event>(event: &E) -> Inbound {
    let metadata = Metadata::new("message", "test", E::TYPE, BEGIN);
    Inbound::try_new(&delivered(event, &metadata, 1)).expect("an envelope")
}

/// An event as the broker delivers it.
pub fn delivered<E: Event>(event: &E, metadata: &Metadata, sequence: u64) -> Delivered {
    Delivered {
        stream: E::STREAM,
        sequence,
        subject: String::new(),
        headers: metadata.to_headers().into_iter().map(|(n, v)| (n.to_owned(), v)).collect(),
        body: event.encode_to_vec().into(),
        attempt: 1,
        ack_subject: String::new(),
    }
}

/// Shopify's webhook that a location stocks an item no more.
pub fn disconnected(item: i64) -> WebhookReceived {
    let body = format!(r#"{{"inventory_item_id":{item},"location_id":{PLACE}}}"#);
    WebhookReceived {
        store: "north".to_owned(),
        topic: "inventory_levels/disconnect".to_owned(),
        body: body.into_bytes().into(),
        ..WebhookReceived::default()
    }
}
