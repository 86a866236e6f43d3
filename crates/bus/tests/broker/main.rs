//! What only a real nats-server can show: it is away, it comes back, it is laid out.
#![expect(clippy::expect_used, reason = "test")]

#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::stream::StorageType;
use bytes::Bytes;
use futures_util::StreamExt;
use lockstep_bus::topology::DriftKind;
use lockstep_bus::{Change, NatsBus, NatsOptions, Topology};
use lockstep_contracts::Stream;
use lockstep_ports::{Ask, Bus, ErrorKind, Kv, KvEvent, ObjectStore};
use lockstep_testkit::nats::{TestNats, eventually};
use support::{PLENTY, bodies, connect, consumer, message, messages, nats};
use tokio::time::Instant;

/// "At once", on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn everything_fails_at_once_while_the_broker_is_away_and_works_when_it_is_back() {
    let (server, bus) = nats().await;
    let spec = consumer("survives", &["north"]);
    bus.publish(messages("north", 0..3)).await.expect("published");
    assert!(bus.is_ready().await);
    let mut watch = bus.watch("settings", "").await.expect("watching");
    assert_eq!(watch.next().await, Some(KvEvent::CaughtUp));

    let server = server.kill().await.expect("killed");
    eventually("the loss is noticed", async || !bus.is_ready().await).await;
    let start = Instant::now();
    let kinds = [
        bus.publish(messages("north", 3..5)).await.expect_err("away").kind,
        bus.pull(&spec, 0, 10, PLENTY).await.expect_err("away").kind,
        bus.ask("ask.nobody", Vec::new(), Bytes::new(), PLENTY).await.expect_err("away").kind,
        Kv::get(&bus, "settings", "a").await.expect_err("away").kind,
        ObjectStore::get(&bus, "shopify-bodies", "a").await.expect_err("away").kind,
    ];
    assert_eq!(kinds, [ErrorKind::Transient; 5]);
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());

    let _server = server.restart().await.expect("restarted");
    eventually("the broker is back", async || bus.is_ready().await).await;
    bus.publish(messages("north", 5..6)).await.expect("published");
    assert_eq!(
        bodies(&bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled"))[..3],
        ["0", "1", "2"]
    );
    Kv::put(&bus, "settings", "store.north", Bytes::from("a"), 0).await.expect("written");
    let next = tokio::time::timeout(PLENTY, watch.next()).await.expect("the watch goes on");
    assert!(matches!(next, Some(KvEvent::Put(entry)) if entry.key == "store.north"));
}

#[tokio::test]
async fn a_pull_that_waits_ends_when_the_broker_goes_away() {
    let (server, bus) = nats().await;
    let spec = consumer("waits", &["north"]);
    assert!(bus.pull(&spec, 0, 10, Duration::ZERO).await.expect("made").is_empty());
    let start = Instant::now();
    let (pulled, killed) = tokio::join!(bus.pull(&spec, 0, 10, PLENTY), server.kill());
    killed.expect("killed");
    assert_eq!(pulled.expect_err("away").kind, ErrorKind::Transient);
    assert!(start.elapsed() < PLENTY);
}

#[tokio::test]
async fn a_consumer_that_was_removed_is_made_again() {
    let (server, bus) = nats().await;
    let spec = consumer("removed", &["north"]);
    bus.publish(messages("north", 0..2)).await.expect("published");
    let first = bus.pull(&spec, 0, 10, PLENTY).await.expect("pulled");
    bus.ack(&first).await.expect("acknowledged");
    raw(&server).await.delete_consumer_from_stream("removed", "STOCK").await.expect("removed");
    // The first pull may only find out; the next one makes the consumer.
    eventually("it delivers again, from around the place given", async || {
        let delivered = bus.pull(&spec, 1, 10, Duration::from_millis(100)).await;
        delivered.is_ok_and(|delivered| bodies(&delivered) == ["0", "1"])
    })
    .await;
}

#[tokio::test]
async fn two_connections_share_and_widen_one_consumer() {
    let (server, one) = nats().await;
    let other = connect(&server).await;
    one.publish(messages("north", 0..10)).await.expect("published");
    let spec = consumer("shared", &["north"]);
    let (a, b) = tokio::join!(one.pull(&spec, 0, 5, PLENTY), other.pull(&spec, 0, 5, PLENTY));
    let mut all = bodies(&a.expect("pulled"));
    all.extend(bodies(&b.expect("pulled")));
    all.sort();
    assert_eq!(all, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_consumer_of_another_kind_is_refused() {
    let (server, bus) = nats().await;
    let config = jetstream::consumer::pull::Config {
        durable_name: Some("careless".to_owned()),
        ack_policy: jetstream::consumer::AckPolicy::None,
        ..Default::default()
    };
    raw(&server).await.create_consumer_on_stream(config, "STOCK").await.expect("made");
    let refused = bus.pull(&consumer("careless", &[]), 0, 1, Duration::ZERO).await;
    assert_eq!(refused.expect_err("refused").kind, ErrorKind::Permanent);
}

#[tokio::test]
async fn a_publish_names_what_is_wrong() {
    let (server, bus) = nats().await;
    let mut wrong_stream = message("north", "0");
    wrong_stream.stream = Stream::Catalog;
    let error = bus.publish(vec![wrong_stream]).await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Transient, "{}", error.chain());
    assert!(error.what.contains("lockstep topology apply"), "{}", error.chain());

    let mut foreign = messages("north", 0..3);
    foreign[1].subject = "weather.v1.north".to_owned();
    let error = bus.publish(foreign).await.expect_err("refused");
    assert!(error.what.contains("weather.v1.north"), "{}", error.chain());
    assert!(error.what.contains("lockstep topology apply"), "{}", error.chain());

    let mut header = message("north", "0");
    header.headers.push(("ce-source".to_owned(), "two\r\nlines".to_owned()));
    let error = bus.publish(vec![header]).await.expect_err("refused");
    assert!(error.what.contains("ce-source"), "{}", error.chain());

    raw(&server).await.delete_stream("STOCK").await.expect("deleted");
    let error = bus.publish(messages("north", 0..2)).await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Transient, "{}", error.chain());
}

#[tokio::test]
async fn connecting_tells_a_wrong_address_from_an_absent_broker() {
    let server = TestNats::start().await.expect("started");
    let url = server.url();
    let _stopped = server.kill().await.expect("killed");
    let connect = async |url: &str| match NatsBus::connect(url, NatsOptions::default()).await {
        Ok(_) => panic!("nobody is there"),
        Err(error) => error,
    };
    assert_eq!(connect(&url).await.kind, ErrorKind::Transient);
    let wrong = connect("nats://user:hunter2@[").await;
    assert_eq!(wrong.kind, ErrorKind::Permanent);
    assert!(!wrong.chain().contains("hunter2"), "{}", wrong.chain());
}

#[tokio::test]
async fn applying_the_topology_makes_it_once() {
    let server = TestNats::start().await.expect("started");
    let bus = connect(&server).await;
    let topology = Topology::new(1);
    let missing = bus.drift(&topology).await.expect("compared");
    assert_eq!(missing.len(), topology.resources.len());
    assert!(missing.iter().all(|drift| drift.kind == DriftKind::Missing && drift.is_blocking()));

    let made = bus.apply(&topology).await.expect("applied");
    assert!(made.iter().all(|change| matches!(change, Change::Created(_))), "{made:?}");
    assert_eq!(bus.drift(&topology).await.expect("compared"), []);
    let again = bus.apply(&topology).await.expect("applied");
    assert!(again.iter().all(|change| matches!(change, Change::Unchanged(_))), "{again:?}");

    let raw = raw(&server).await;
    for (stream, days, history) in
        [("SHOPIFY", 14, -1), ("STOCK", 365, -1), ("DEAD", 90, -1), ("KV_settings", 0, 64)]
    {
        let config = raw.get_stream(stream).await.expect("there").cached_info().config.clone();
        assert_eq!(config.max_age, Duration::from_secs(days * 24 * 60 * 60), "{stream}");
        assert_eq!(config.max_messages_per_subject, history, "{stream}");
        assert_eq!(config.storage, StorageType::File, "{stream}");
        assert_eq!(config.allow_atomic_publish, !stream.starts_with("KV_"), "{stream}");
    }
}

#[tokio::test]
async fn applying_widens_and_never_narrows() {
    let server = TestNats::start().await.expect("started");
    let bus = connect(&server).await;
    let day = Duration::from_secs(24 * 60 * 60);
    let raw = raw(&server).await;
    let config = |name: &str, subject: &str, keep: Duration| jetstream::stream::Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        max_age: keep,
        ..Default::default()
    };
    raw.create_stream(config("STOCK", "stock.v1.north.>", day)).await.expect("made");
    let mut wide = config("DEAD", "dead.v1.>", 1_000 * day);
    wide.subjects.push("grave.>".to_owned());
    raw.create_stream(wide).await.expect("made");
    let memory = jetstream::stream::Config {
        storage: StorageType::Memory,
        ..config("CATALOG", "catalog.v1.>", 365 * day)
    };
    raw.create_stream(memory).await.expect("made");

    let topology = Topology::new(1);
    let blocking = bus.drift(&topology).await.expect("compared");
    assert!(blocking.iter().any(lockstep_bus::Drift::is_blocking));
    let changes = bus.apply(&topology).await.expect("applied");
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    assert!(told.contains("stream STOCK: widened subjects from stock.v1.north.>"), "{told}");
    assert!(told.contains("days kept from 1 to 365"), "{told}");
    assert!(told.contains("stream DEAD: days kept is 1000, wanted 90; left alone"), "{told}");
    assert!(told.contains("stream CATALOG: storage is Memory, wanted File"), "{told}");

    let left = bus.drift(&topology).await.expect("compared");
    let of = |stream: Stream, kind: DriftKind| {
        let used_as = lockstep_bus::topology::Use::Events(stream);
        left.iter().filter(|drift| drift.used_as == used_as && drift.kind == kind).count()
    };
    assert_eq!(of(Stream::Stock, DriftKind::Narrower), 0, "{left:?}");
    assert_eq!(of(Stream::Dead, DriftKind::Wider), 2, "{left:?}");
    assert_eq!(of(Stream::Catalog, DriftKind::Other), 1, "{left:?}");
    assert_eq!(left.iter().filter(|drift| drift.is_blocking()).count(), 1, "{left:?}");
}

async fn raw(server: &TestNats) -> jetstream::Context {
    jetstream::new(async_nats::connect(server.url()).await.expect("connected"))
}
