//! One store `north` with the back office `wms`, and what happens to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_bus::{NatsBus, NatsOptions, Topology};
use lockstep_contracts::backoffice::v1::{
    Product, ProductDeletion, ProductDeletionReported, ProductReported,
};
use lockstep_contracts::catalog::v1::{
    ChangeLinksRequest, Conflict, ConflictKind, LinkOrigin, LinkOutcome, LinkWish,
    ListConflictsRequest, ListLinksRequest, StartProductSyncRequest, StartProductSyncResponse,
    VariantConflictChanged,
};
use lockstep_contracts::operations::v1::{
    ControlJobRequest, ControlJobResponse, GetJobRequest, Job, JobAction, JobState,
};
use lockstep_contracts::settings::v1::{BackOfficeRole, StoreBackOffice, StoreSettings};
use lockstep_contracts::shopify::admin::SignedUrl;
use lockstep_contracts::stock::v1::{KnowsSkusRequest, KnowsSkusResponse};
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Event, Metadata};
use lockstep_domain::catalog::BulkFrom;
use lockstep_ports::{
    Bus, Clock as _, ConsumerSpec, Delivered, EffectState, FileError, Piece, PieceWanted,
    PortError, Sealer, ShopifyAdmin, ShopifyFiles, Store, Timer,
};
use lockstep_product_sync::conflicts::list_conflicts;
use lockstep_product_sync::jobs::{control_job, get_job, start_product_sync};
use lockstep_product_sync::links::change_links;
use lockstep_product_sync::list::list_links;
use lockstep_product_sync::service::CatalogProcessor;
use lockstep_product_sync::syncer::{Addresses, SYNC, Syncer};
use lockstep_runtime::processor::process_batch;
use lockstep_runtime::rebuild::differences;
use lockstep_runtime::{
    Directory, Engine, EngineParts, Lane, LaneWorker, Lifecycle, Origin, Processor, Pulses,
    Settings, SettingsChange, serve_request,
};
use lockstep_storage::PgStore;
use lockstep_testkit::nats::{TestNats, eventually};
use lockstep_testkit::{ManualClock, SequenceIds, TestDatabase};
use tokio_util::sync::CancellationToken;

use crate::shopify::FakeShopify;

/// 2026-11-24T10:00:00Z, when every world begins.
pub const BEGIN: Timestamp = Timestamp::constant(1_795_514_400, 0);

struct Plain;

impl Sealer for Plain {
    fn seal(&self, _: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(plain.to_vec())
    }

    fn open(&self, _: &str, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(sealed.to_vec())
    }
}

/// Shopify as the worker meets it.
pub struct Outside {
    pub admin: Arc<dyn ShopifyAdmin>,
    pub files: Arc<dyn ShopifyFiles>,
    pub bulk_from: BulkFrom,
    pub clock: ManualClock,
}

struct NoFiles;

#[async_trait]
impl ShopifyFiles for NoFiles {
    async fn piece(&self, _: &SignedUrl, _: PieceWanted) -> Result<Piece, FileError> {
        panic!("no file is read by pages")
    }
}

type Stocked = Arc<Mutex<BTreeSet<String>>>;

pub struct World {
    pub engine: Arc<Engine>,
    pub store: Arc<PgStore>,
    pub clock: ManualClock,
    pub shopify: Arc<FakeShopify>,
    stocked: Stocked,
    bus: Arc<NatsBus>,
    lifecycle: Lifecycle,
    worker: Syncer,
    pulses: Pulses,
    directory: Mutex<Directory>,
    messages: std::sync::atomic::AtomicU64,
    database: TestDatabase,
    _nats: TestNats,
}

impl World {
    /// stock-sync knows stock of these SKUs of `wms`; Shopify shows so many variants on a page.
    pub async fn start(page: usize, stocked: &[&str]) -> Self {
        let world = Self::bare(page, stocked).await;
        world.answer_stock().await;
        world.adopt(1, &[("wms", BackOfficeRole::Stock)]).await;
        world
    }

    /// Nobody answers for stock-sync, and no settings are adopted.
    pub async fn bare(page: usize, stocked: &[&str]) -> Self {
        let shopify = Arc::new(FakeShopify::new(page));
        let bulk_from = BulkFrom { plenty: u64::MAX, short: u64::MAX };
        let (admin, clock) = (shopify.clone(), ManualClock::at(BEGIN));
        let outside = Outside { admin, files: Arc::new(NoFiles), bulk_from, clock };
        Self::with(shopify, outside, stocked).await
    }

    /// As it is `bare`, with another Shopify.
    pub async fn with(shopify: Arc<FakeShopify>, outside: Outside, stocked: &[&str]) -> Self {
        let nats = TestNats::start().await.expect("a private nats-server");
        let database = TestDatabase::create().await;
        let store = Arc::new(database.store("product_sync").await);
        let bus = NatsBus::connect(&nats.url(), NatsOptions::default()).await.expect("broker");
        bus.apply(&Topology::new(1)).await.expect("topology");
        let bus = Arc::new(bus);
        let clock = outside.clock.clone();
        let engine = Engine::new(EngineParts {
            service: "product-sync",
            store: store.clone(),
            bus: bus.clone(),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(SequenceIds::default()),
            sealer: Arc::new(Plain),
        });
        let worker = Syncer {
            shopify: outside.admin,
            ask: bus.clone(),
            store: store.clone(),
            clock: Arc::new(clock.clone()),
            files: outside.files,
            bulk_from: outside.bulk_from,
            addresses: Addresses::default(),
        };
        let stocked = stocked.iter().map(|sku| (*sku).to_owned()).collect();
        Self {
            engine,
            store,
            clock,
            shopify,
            stocked: Arc::new(Mutex::new(stocked)),
            bus,
            lifecycle: Lifecycle::new(),
            worker,
            pulses: Pulses::default(),
            directory: Mutex::default(),
            messages: 0.into(),
            database,
            _nats: nats,
        }
    }

    /// stock-sync is there from now on.
    pub async fn answer_stock(&self) {
        let stocked = self.stocked.clone();
        let handler = move |request: KnowsSkusRequest| {
            let stocked = stocked.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let is_wms = request.backoffice == "wms";
            let known = request.codes.into_iter().filter(|c| is_wms && stocked.contains(c));
            let known = known.collect();
            async move { Ok(KnowsSkusResponse { known }) }
        };
        let subject = KnowsSkusRequest::subject();
        serve_request(self.bus.clone(), subject, "stock-sync", handler, &self.lifecycle);
        eventually("stock-sync hears questions", async || {
            let request = KnowsSkusRequest::default();
            let wait = std::time::Duration::from_millis(200);
            let subject = KnowsSkusRequest::subject();
            lockstep_runtime::ask(&*self.bus, subject, &request, wait).await.is_ok()
        })
        .await;
    }

    pub async fn adopt(&self, revision: u64, offices: &[(&str, BackOfficeRole)]) {
        let one = |(id, role): &(&str, BackOfficeRole)| StoreBackOffice {
            id: (*id).to_owned(),
            roles: vec![(*role).into()],
        };
        let settings = StoreSettings {
            id: "north".to_owned(),
            backoffices: offices.iter().map(one).collect(),
            ..StoreSettings::default()
        };
        let stores = BTreeMap::from([("north".to_owned(), settings.clone())]);
        let value = Settings::Store(settings);
        let change = SettingsChange { key: "store.north".to_owned(), revision, value };
        let adopt = |work: &mut lockstep_runtime::Work<'_>| CatalogProcessor.adopt(&change, work);
        self.engine.transact(Origin::new("settings", None), &[], adopt).await.expect("adopted");
        let mut directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        *directory = Directory { stores, ..Directory::default() };
    }

    fn directory(&self) -> Directory {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        let outcome = process_batch(&self.engine, &CatalogProcessor, "test", &batch).await;
        outcome.expect("processed").dead
    }

    pub async fn product(&self, sku: &str, barcodes: &[&str], seconds: i64) -> usize {
        let product = Product {
            event_id: format!("p-{sku}-{seconds}"),
            sku: sku.to_owned(),
            barcodes: barcodes.iter().map(|b| (*b).to_owned()).collect(),
            updated_at: Some(to_proto(BEGIN + SignedDuration::from_secs(seconds))),
            ..Product::default()
        };
        let (backoffice, product) = ("wms".to_owned(), Some(product));
        self.take(&ProductReported { backoffice, product, accepted_at: None }).await
    }

    pub async fn deletion(&self, sku: &str, seconds: i64) -> usize {
        let deletion = ProductDeletion {
            event_id: format!("d-{sku}-{seconds}"),
            sku: sku.to_owned(),
            deleted_at: Some(to_proto(BEGIN + SignedDuration::from_secs(seconds))),
        };
        let (backoffice, deletion) = ("wms".to_owned(), Some(deletion));
        self.take(&ProductDeletionReported { backoffice, deletion, accepted_at: None }).await
    }

    pub async fn ask_for_sync(&self, store: &str) -> StartProductSyncResponse {
        let request =
            StartProductSyncRequest { store: store.to_owned(), requested_by: "ana".to_owned() };
        let directory = self.directory();
        start_product_sync(&self.engine, &directory, &request).await.expect("an answer")
    }

    /// Starts a run; gives its id.
    pub async fn begin(&self) -> String {
        let answer = self.ask_for_sync("north").await;
        assert_eq!((answer.code.as_str(), answer.already_running), ("", false));
        answer.job.expect("a job").id
    }

    /// A whole run.
    pub async fn sync(&self) -> Job {
        let id = self.begin().await;
        while self.turn().await {}
        let job = self.job(&id).await;
        assert_eq!(job.state(), JobState::Done, "{job:?}");
        job
    }

    pub async fn job(&self, id: &str) -> Job {
        let request = GetJobRequest { id: id.to_owned() };
        get_job(&self.engine, &request).await.expect("an answer").job.expect("a job")
    }

    pub async fn control(&self, id: &str, action: JobAction) -> ControlJobResponse {
        let request = ControlJobRequest {
            id: id.to_owned(),
            action: action.into(),
            requested_by: "ben".to_owned(),
        };
        control_job(&self.engine, &request).await.expect("an answer")
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

    /// The process makes the call of the step that is due, and is killed before it notes the
    /// answer.
    pub async fn die_after_the_call(&self) {
        self.die_before_the_call().await;
        let open = self.store.effects_of(&[EffectState::Intended], 10).await.expect("effects");
        let mut effect = open.into_iter().next().expect("the one");
        let until = self.clock.now() + SignedDuration::from_secs(30);
        let mut tx = self.store.begin().await.expect("a transaction");
        assert!(tx.hold_effect(effect.id, effect.attempts, until).await.expect("held"));
        tx.commit().await.expect("committed");
        effect.attempts += 1;
        self.worker.send(&effect).await;
    }

    /// The process commits the intent of the step that is due, and is killed.
    pub async fn die_before_the_call(&self) {
        let lane = "north".to_owned();
        let timer = self.store.timer(&lane, SYNC).await.expect("timers").expect("a timer");
        let due: Vec<Timer> = vec![timer];
        let plan = |work: &mut lockstep_runtime::Work<'_>| self.worker.plan(&lane, &due, work);
        self.engine.transact(Origin::new("killed", None), &[], plan).await.expect("planned");
        let open = self.store.effects_of(&[EffectState::Intended], 10).await.expect("effects");
        assert_eq!(open.len(), 1);
    }

    pub async fn link(&self, variant: i64, sku: &str) {
        let wanted = if sku.is_empty() { LinkOutcome::Cut } else { LinkOutcome::Linked };
        assert_eq!(self.wish(variant, sku, LinkOrigin::Hand).await, wanted);
    }

    /// Wishes for a link by hand or by a file.
    pub async fn wish(&self, variant: i64, sku: &str, origin: LinkOrigin) -> LinkOutcome {
        let wish =
            LinkWish { variant_id: variant, backoffice: "wms".to_owned(), sku: sku.to_owned() };
        let request = ChangeLinksRequest {
            store: "north".to_owned(),
            wishes: vec![wish],
            origin: origin.into(),
            dry_run: false,
        };
        let answer = change_links(&self.engine, &*self.shopify, &self.directory(), &request).await;
        answer.expect("an answer").answers.remove(0).outcome()
    }

    /// The SKUs of the variants that are linked, and how.
    pub async fn links(&self) -> BTreeMap<i64, (String, LinkOrigin)> {
        let request =
            ListLinksRequest { store: "north".to_owned(), after_variant_id: 0, limit: 500 };
        let links = list_links(&self.engine, &request).await.expect("links").links;
        links.into_iter().map(|l| (l.variant_id, (l.sku.clone(), l.origin()))).collect()
    }

    /// The conflicts, by small pages.
    pub async fn conflicts(&self) -> BTreeMap<i64, Conflict> {
        let mut all = BTreeMap::new();
        loop {
            let after = all.keys().max().copied().unwrap_or(0);
            let request = ListConflictsRequest {
                store: "north".to_owned(),
                after_variant_id: after,
                limit: 2,
            };
            let page = list_conflicts(&self.engine, &request).await.expect("conflicts");
            all.extend(page.conflicts.into_iter().map(|c| (c.variant_id, c)));
            if !page.more {
                return all;
            }
        }
    }

    /// What everybody was told of conflicts: variant, kind and revision, in this order.
    pub async fn told(&self) -> Vec<(i64, ConflictKind, u64)> {
        self.engine.publish_leftovers().await.expect("published");
        let number = self.messages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let stream = VariantConflictChanged::STREAM;
        let spec = ConsumerSpec {
            stream,
            durable: format!("reader-{number}"),
            filters: vec![stream.filter_all().into()],
        };
        let wait = std::time::Duration::from_millis(200);
        let messages = self.bus.pull(&spec, 0, 500, wait).await.expect("messages");
        let of_type = messages.into_iter().filter(|message| {
            let mut headers = message.headers.iter();
            headers.any(|(name, value)| name == "ce-type" && value == VariantConflictChanged::TYPE)
        });
        let read = of_type.map(|message| read::<VariantConflictChanged>(&message));
        read.map(|told| (told.variant_id, told.kind(), told.revision)).collect()
    }

    pub async fn kinds(&self) -> BTreeMap<i64, ConflictKind> {
        self.conflicts().await.into_iter().map(|(id, c)| (id, c.kind())).collect()
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

    /// Every row of every table as text, bytes in hexadecimal.
    pub async fn dump(&self) -> String {
        self.database.dump().await
    }

    /// Aggregates whose state differs from the fold of their events.
    pub async fn differences(&self) -> Vec<String> {
        let evolvers = CatalogProcessor.evolvers();
        differences(&*self.store, &evolvers).await.expect("the log can be folded")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.lifecycle.shutdown.cancel();
    }
}

fn read<E: Event + Default>(message: &Delivered) -> E {
    E::decode(message.body.clone()).expect("a message")
}

/// One number of a job's result.
pub fn count(job: &Job, name: &str) -> u64 {
    job.result.iter().find(|count| count.name == name).map_or(0, |count| count.value)
}
