//! One budget for several processes: their clients beside each other, with one ledger in a real
//! nats-server, against the stand-in, which counts the points by a clock that the test moves.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where it expects wrong")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use futures_util::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};
use lockstep_bus::{NatsBus, NatsOptions, Topology};
use lockstep_contracts::shopify::admin::{self, AdjustLine, Adjustment, Reason};
use lockstep_domain::{InventoryItemId, LocationId, ShopDomain, StoreId};
use lockstep_ports::{
    AdminErrorKind, AdminRequest, Clock, ErrorKind, Kv, KvEntry, KvEvent, PortError, ShopifyAdmin,
    Standing, StoredPoints, Trouble, Urgency,
};
use lockstep_shopify_client::{
    AdminClient, AdminConfig, SharedPoints, StoreAccess, TokenSource, UrlTemplate,
};
use lockstep_shopify_standin::{Clock as TheirClock, Standin, StandinConfig};
use lockstep_testkit::ManualClock;
use lockstep_testkit::nats::TestNats;
use serde_json::{Value, json};

const DOMAIN: &str = "alpha.myshopify.com";
const NOON: Timestamp = Timestamp::constant(1_795_000_000, 0);

struct OneShop;

#[async_trait]
impl TokenSource for OneShop {
    async fn access(&self, _: &StoreId) -> Result<Option<StoreAccess>, PortError> {
        let shop_domain = ShopDomain::try_new(DOMAIN).unwrap();
        Ok(Some(StoreAccess { shop_domain, token: "shpat_alpha".into() }))
    }
}

/// A bucket whose exchanges are counted, so that no time passes in them, and that can be away.
struct Watched {
    bus: Arc<NatsBus>,
    busy: AtomicUsize,
    is_away: AtomicBool,
}

struct Busy<'a>(&'a AtomicUsize);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Watched {
    fn begin(&self) -> Result<Busy<'_>, PortError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(PortError::plain(ErrorKind::Transient, "the broker is away"));
        }
        self.busy.fetch_add(1, Ordering::SeqCst);
        Ok(Busy(&self.busy))
    }
}

#[async_trait]
impl Kv for Watched {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<KvEntry>, PortError> {
        let _busy = self.begin()?;
        self.bus.get(bucket, key).await
    }

    async fn put(&self, b: &str, key: &str, value: Bytes, over: u64) -> Result<u64, PortError> {
        let _busy = self.begin()?;
        self.bus.put(b, key, value, over).await
    }

    async fn delete(&self, b: &str, key: &str, over: Option<u64>) -> Result<(), PortError> {
        self.bus.delete(b, key, over).await
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<KvEntry>, PortError> {
        self.bus.list(bucket, prefix).await
    }

    async fn history(&self, bucket: &str, key: &str) -> Result<Vec<KvEntry>, PortError> {
        self.bus.history(bucket, key).await
    }

    async fn history_of(&self, b: &str, p: &str, max: usize) -> Result<Vec<KvEntry>, PortError> {
        self.bus.history_of(b, p, max).await
    }

    async fn watch(&self, b: &str, p: &str) -> Result<BoxStream<'static, KvEvent>, PortError> {
        self.bus.watch(b, p).await
    }
}

struct World {
    standin: Standin,
    kv: Arc<Watched>,
    clock: ManualClock,
    theirs: TheirClock,
    working: AtomicUsize,
    store: StoreId,
    berlin: LocationId,
    items: Vec<InventoryItemId>,
    _nats: TestNats,
}

/// A shop on the Standard plan with a full bucket: 2,000 points, 100 more per second.
async fn world() -> World {
    // Another test of this process may have installed it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let nats = TestNats::start().await.unwrap();
    let bus = NatsBus::connect(&nats.url(), NatsOptions::default()).await.unwrap();
    bus.apply(&Topology::new(1)).await.unwrap();
    let theirs = TheirClock::manual(NOON);
    let config = StandinConfig { clock: theirs.clone(), ..StandinConfig::from_env().unwrap() };
    let standin = Standin::start(config).await.unwrap();
    let variants: Vec<Value> = (0..20)
        .map(|n| {
            json!({"title": format!("V{n}"), "sku": format!("V{n}"),
             "quantities": [{"location": "Berlin", "available": 100_000}]})
        })
        .collect();
    let made = standin
        .create_shop(json!({
            "shop_domain": DOMAIN, "access_token": "shpat_alpha", "api_secret": "secret",
            "locations": [{"name": "Berlin"}],
            "products": [{"title": "Lamp", "variants": variants}],
        }))
        .unwrap();
    let id = |path: &str| made.pointer(path).and_then(Value::as_i64).expect(path);
    let item = |n| id(&format!("/products/0/variants/{n}/inventory_item_id"));
    World {
        berlin: LocationId(id("/locations/0/id")),
        items: (0..20).map(|n| InventoryItemId(item(n))).collect(),
        standin,
        kv: Arc::new(Watched {
            bus: Arc::new(bus),
            busy: AtomicUsize::new(0),
            is_away: AtomicBool::new(false),
        }),
        clock: ManualClock::at(NOON),
        theirs,
        working: AtomicUsize::new(0),
        store: StoreId::try_new("alpha").unwrap(),
        _nats: nats,
    }
}

impl World {
    /// The client of a process of its own.
    fn process(&self, name: &str) -> AdminClient {
        let url = UrlTemplate::try_new(&self.standin.shopify_url()).unwrap();
        let config = AdminConfig { url, version: "2026-10".to_owned() };
        let clock = Arc::new(self.clock.clone());
        let client = AdminClient::try_new(config, Arc::new(OneShop), clock).unwrap();
        let (kv, holder) = (self.kv.clone(), name.to_owned());
        client.with_shared_points(SharedPoints::new(kv, holder))
    }

    fn decrease(&self, number: usize) -> AdminRequest {
        let item = self.items.get(number % self.items.len()).unwrap();
        let call = admin::adjust_quantities(&Adjustment {
            reason: Reason::Correction,
            reference: "gid://lockstep/Push/1",
            lines: &[AdjustLine {
                item: *item,
                location: self.berlin,
                delta: -1,
                change_from: None,
            }],
            key: &format!("key-{number}"),
        });
        AdminRequest::new(&call, Urgency::StockDown)
    }

    /// A page of the catalogue.
    fn page(&self) -> AdminRequest {
        AdminRequest::new(&admin::variants_page(None, None), Urgency::Catalogue)
    }

    /// Lets time pass while `work` goes on: to the next waking whenever everybody who works sleeps.
    async fn pass<T>(&self, work: impl Future<Output = T>) -> T {
        let moving = async {
            loop {
                tokio::task::yield_now().await;
                let working = self.working.load(Ordering::SeqCst).max(1);
                let asleep = self.clock.wait_for_sleepers(working).now_or_never().is_some();
                if asleep && self.kv.busy.load(Ordering::SeqCst) == 0 {
                    self.step();
                }
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            () = moving => unreachable!("time goes on"),
        }
    }

    fn step(&self) {
        let Some(next) = self.clock.next_waking() else { return };
        let by = next.duration_since(self.clock.now()).max(SignedDuration::ZERO);
        self.clock.advance(by);
        self.theirs.advance(Duration::try_from(by).unwrap());
    }

    fn elapsed(&self, since: Timestamp) -> SignedDuration {
        self.clock.now().duration_since(since)
    }

    async fn ledger(&self) -> lockstep_domain::points::Ledger {
        StoredPoints::load(&*self.kv, &self.store).await.unwrap().ledger.unwrap()
    }
}

/// Calls until the time is over; gives how many were answered and how many were throttled.
async fn work(
    world: &World,
    client: &AdminClient,
    until: Timestamp,
    request: impl Fn(usize) -> AdminRequest,
) -> (usize, usize) {
    world.working.fetch_add(1, Ordering::SeqCst);
    let _working = Busy(&world.working);
    let (mut answered, mut throttled) = (0, 0);
    while world.clock.now() < until {
        match client.send(&world.store, &request(answered)).await {
            Ok(_) => answered += 1,
            Err(error) => {
                let (wait, by_shopify) = match error.kind {
                    AdminErrorKind::Throttled { wait } => (wait, true),
                    AdminErrorKind::OutOfPoints { wait } => (wait, false),
                    _ => panic!("{error}"),
                };
                throttled += usize::from(by_shopify);
                world.clock.sleep_until(world.clock.now() + wait).await;
            }
        }
    }
    (answered, throttled)
}

/// In steady state the bucket is empty: what flows in is what may be spent.
async fn throttled_of(processes: usize) -> (usize, usize) {
    let world = world().await;
    let clients: Vec<_> = (0..processes).map(|n| world.process(&format!("p{n}"))).collect();
    let until = NOON + SignedDuration::from_secs(60);
    let (shared, number) = (&world, AtomicUsize::new(0));
    let decrease = |_| shared.decrease(number.fetch_add(1, Ordering::SeqCst));
    // Four calls at once in each process.
    let calls = clients.iter().flat_map(|client| [client; 4]);
    let all = join_all(calls.map(|client| work(shared, client, until, &decrease)));
    let done = world.pass(all).await;
    let answered = done.iter().map(|(answered, _)| answered).sum();
    let throttled: usize = done.iter().map(|(_, throttled)| throttled).sum();
    join_all(clients.iter().map(AdminClient::told_points)).await;
    let ledger = world.ledger().await;
    assert_eq!(ledger.meter.calls, u64::try_from(answered + throttled).unwrap());
    assert_eq!(ledger.meter.throttled, u64::try_from(throttled).unwrap());
    assert_eq!(ledger.members(), processes);
    // 2,000 points at first and 100 per second: 800 calls of 10 points, and those that waited when
    // the minute was over.
    assert!((740..=860).contains(&answered), "{answered} calls in a minute");
    (answered, throttled)
}

#[tokio::test]
async fn one_process_is_never_throttled() {
    let (_, throttled) = throttled_of(1).await;
    assert_eq!(throttled, 0);
}

#[tokio::test]
async fn of_four_processes_at_most_one_call_in_a_hundred_is_throttled() {
    let (answered, throttled) = throttled_of(4).await;
    println!("{throttled} of {answered} calls of four processes were throttled");
    assert!(throttled * 100 <= answered, "{throttled} of {answered}");
}

#[tokio::test]
async fn an_import_in_one_process_never_delays_a_decrease_in_another() {
    let world = world().await;
    let (importer, pusher) = (world.process("importer"), world.process("pusher"));
    let until = NOON + SignedDuration::from_secs(60);
    let pages = join_all((0..8).map(|_| work(&world, &importer, until, |_| world.page())));
    let decreases = async {
        world.working.fetch_add(1, Ordering::SeqCst);
        let _working = Busy(&world.working);
        let (mut slowest, mut number) = (SignedDuration::ZERO, 0);
        while world.clock.now() < until {
            world.clock.sleep_until(world.clock.now() + SignedDuration::from_millis(700)).await;
            let begun = world.clock.now();
            pusher.send(&world.store, &world.decrease(number)).await.unwrap();
            slowest = slowest.max(world.elapsed(begun));
            number += 1;
        }
        slowest
    };
    let (pages, slowest) = world.pass(async { tokio::join!(pages, decreases) }).await;
    let pages: usize = pages.iter().map(|(answered, _)| answered).sum();
    // The import has all that the decreases leave: 60 s of 100 points, and what stood above its
    // floor at first.
    println!("{pages} pages; the slowest decrease took {slowest:#}");
    assert!(pages > 120, "{pages} pages");
    assert!(slowest < SignedDuration::from_millis(50), "{slowest:#}");
    let left = world.ledger().await.left(world.clock.now());
    assert!(left > 0.5, "the import left {left}");
}

#[tokio::test]
async fn without_the_broker_each_process_goes_on_with_its_share() {
    let world = world().await;
    let clients: Vec<_> = (0..4).map(|n| world.process(&format!("p{n}"))).collect();
    let number = AtomicUsize::new(0);
    let decrease = |_| world.decrease(number.fetch_add(1, Ordering::SeqCst));
    let run = async |seconds: i64| {
        let until = world.clock.now() + SignedDuration::from_secs(seconds);
        let all = join_all(clients.iter().map(|client| work(&world, client, until, &decrease)));
        let done = world.pass(all).await;
        done.into_iter().fold((0, 0), |(a, t), (answered, throttled)| (a + answered, t + throttled))
    };
    run(30).await;
    world.kv.is_away.store(true, Ordering::SeqCst);
    let (answered, throttled) = run(20).await;
    println!("without the broker: {throttled} of {answered} calls were throttled");
    assert!(answered > 160, "they go on: {answered} calls");
    assert!(throttled * 100 <= answered, "{throttled} of {answered}");
    world.kv.is_away.store(false, Ordering::SeqCst);
    let (answered, throttled) = run(20).await;
    assert!(throttled * 100 <= answered, "{throttled} of {answered}");
    join_all(clients.iter().map(AdminClient::told_points)).await;
    let (all, counted) = (number.load(Ordering::SeqCst), world.ledger().await.meter.calls);
    assert!(counted + 8 >= u64::try_from(all).unwrap(), "{counted} of {all} calls are counted");
}

#[tokio::test]
async fn a_process_that_dies_before_its_call_leaves_no_points_behind() {
    let world = world().await;
    let (dying, living) = (world.process("dying"), world.process("living"));
    living.send(&world.store, &world.decrease(0)).await.unwrap();
    living.told_points().await;
    let asked = world.decrease(1);
    let mut call = Box::pin(dying.send(&world.store, &asked));
    world
        .pass(async {
            loop {
                tokio::select! {
                    biased;
                    _ = &mut call => panic!("it has not been sent yet"),
                    () = tokio::task::yield_now() => {}
                }
                if world.ledger().await.reserved() > 0.0 {
                    break;
                }
            }
        })
        .await;
    drop(call);
    assert_eq!(world.ledger().await.reserved(), 10.0);
    let later = world.clock.now() + SignedDuration::from_secs(61);
    world.clock.set(later);
    world.theirs.advance(Duration::from_secs(61));
    living.send(&world.store, &world.decrease(2)).await.unwrap();
    living.told_points().await;
    let ledger = world.ledger().await;
    assert_eq!((ledger.reserved(), ledger.free), (0.0, 1990.0));
}

#[tokio::test]
async fn a_store_that_lets_nobody_in_is_told_of_until_it_does_again() {
    let world = world().await;
    let (one, other) = (world.process("one"), world.process("other"));
    let standing = async || Standing::load(&*world.kv, &world.store).await.unwrap().map(|s| s.0);
    one.send(&world.store, &world.decrease(0)).await.unwrap();
    assert_eq!(standing().await, None);
    let shop = world.standin.shop(DOMAIN).unwrap();
    for (number, (status, trouble)) in
        [(402, Trouble::Frozen), (423, Trouble::Locked), (403, Trouble::Barred)].iter().enumerate()
    {
        shop.settings(json!({"http_status": status})).unwrap();
        one.send(&world.store, &world.decrease(1)).await.unwrap_err();
        let since = world.clock.now();
        world.clock.advance(SignedDuration::from_mins(1));
        other.send(&world.store, &world.decrease(1)).await.unwrap_err();
        let told = standing().await.unwrap();
        assert_eq!((told.trouble, told.since, told.seen), (*trouble, since, world.clock.now()));
        assert!(!told.said.is_empty() && !told.trouble.fix(&world.store).is_empty());
        shop.settings(json!({"http_status": null})).unwrap();
        other.send(&world.store, &world.decrease(2 + number)).await.unwrap();
        assert_eq!(standing().await, None, "{status}");
    }
    shop.act("uninstall", json!({})).unwrap();
    other.send(&world.store, &world.decrease(9)).await.unwrap_err();
    assert_eq!(standing().await.unwrap().trouble, Trouble::TokenRefused);
}
