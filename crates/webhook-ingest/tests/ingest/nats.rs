//! The whole service on a socket, with a real nats-server behind it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{BODY, Post, add_stores, config, read, south_secrets};
use lockstep_bus::{NatsBus, NatsOptions, Topology};
use lockstep_contracts::Stream;
use lockstep_contracts::operations::v1::{ExamineRequest, Severity};
use lockstep_ports::{Bus, ConsumerSpec, Outgoing, SystemClock, TimeOrderedIds};
use lockstep_runtime::{Lifecycle, ask};
use lockstep_testkit::nats::{TestNats, eventually};
use lockstep_webhook_ingest::{Config, Ports, SERVICE, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const PLENTY: Duration = Duration::from_secs(10);
/// Shopify waits for an answer this long.
const SHOPIFY_WAIT: Duration = Duration::from_secs(5);

struct World {
    bus: NatsBus,
    address: SocketAddr,
    life: Lifecycle,
}

impl World {
    async fn on(nats: &TestNats, config: Config) -> Self {
        let bus = NatsBus::connect(&nats.url(), NatsOptions::default()).await.expect("connected");
        bus.apply(&Topology::new(1)).await.expect("applied");
        add_stores(&bus).await;
        let shared = Arc::new(bus.clone());
        let ports = Ports {
            bus: shared.clone(),
            ask: shared.clone(),
            kv: shared.clone(),
            objects: shared,
            secrets: south_secrets(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(TimeOrderedIds),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let life = Lifecycle::new();
        Service::try_new(ports, config).expect("valid").run(listener, &life);
        let world = Self { bus, address, life };
        eventually("the stores are known", async || world.send("warm-up").await == Some(200)).await;
        world
    }

    /// The status of a delivery with this id; `None` when the connection broke.
    async fn send(&self, id: &str) -> Option<u16> {
        send(self.address, &Post::new(BODY).id(id)).await
    }

    /// Everything in the stream.
    async fn published(&self) -> Vec<Outgoing> {
        let spec =
            ConsumerSpec { stream: Stream::Shopify, durable: "test".to_owned(), filters: vec![] };
        let mut all = Vec::new();
        loop {
            let delivered = self.bus.pull(&spec, 0, 500, Duration::ZERO).await.expect("pulled");
            if delivered.is_empty() {
                return all;
            }
            self.bus.ack(&delivered).await.expect("acknowledged");
            all.extend(delivered.into_iter().map(|message| Outgoing {
                stream: message.stream,
                subject: message.subject,
                headers: message.headers,
                body: message.body,
            }));
        }
    }
}

/// The head of a request, as Shopify sends it.
fn head(post: &Post, length: usize) -> Vec<u8> {
    let mut head = format!("POST {} HTTP/1.1\r\nhost: localhost\r\n", post.path).into_bytes();
    for (name, value) in &post.headers {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    head
}

async fn send(address: SocketAddr, post: &Post) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(&head(post, post.body.len())).await.ok()?;
    stream.write_all(&post.body).await.ok()?;
    status(&mut stream).await
}

async fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut answer = vec![0; 4 * 1024];
    let length = tokio::time::timeout(PLENTY, stream.read(&mut answer)).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(answer.get(..length)?).into_owned();
    text.split(' ').nth(1)?.parse().ok()
}

#[tokio::test]
async fn what_was_answered_200_is_in_the_stream_whatever_happens_to_the_broker() {
    let mut nats = TestNats::start().await.expect("started");
    let world = World::on(&nats, config()).await;
    let mut accepted = BTreeSet::new();
    let mut refused = 0;
    for round in 0..3 {
        let mut sending = JoinSet::new();
        for n in 0..200 {
            let (address, id) = (world.address, format!("{round}-{n}"));
            sending.spawn(async move { (send(address, &Post::new(BODY).id(&id)).await, id) });
        }
        // Half of them may be through, some are on their way.
        let mut answered = 0;
        let mut running = Some(nats);
        let mut stopped = None;
        while let Some(sent) = sending.join_next().await {
            let (status, id) = sent.expect("no panic");
            answered += 1;
            match status {
                Some(200) => assert!(accepted.insert(id)),
                Some(503) => refused += 1,
                other => panic!("{other:?}"),
            }
            if answered == 50
                && let Some(server) = running.take()
            {
                stopped = Some(server.kill().await.expect("killed"));
            }
        }
        nats = stopped.expect("it was killed").restart().await.expect("restarted");
        eventually("the broker is back", async || world.bus.is_ready().await).await;
    }
    assert!(accepted.len() >= 150, "{} accepted, {refused} refused", accepted.len());
    let published: BTreeSet<String> =
        world.published().await.iter().map(|message| read(message).1.webhook_id).collect();
    let lost: Vec<&String> = accepted.difference(&published).collect();
    assert!(lost.is_empty(), "answered 200 and lost: {lost:?}");
    // What was refused comes again, as Shopify does it, and then nothing is missing.
    for round in 0..3 {
        for n in 0..200 {
            assert_eq!(world.send(&format!("{round}-{n}")).await, Some(200));
        }
    }
    let published: BTreeSet<String> =
        world.published().await.iter().map(|message| read(message).0.id).collect();
    let expected = (0..3).flat_map(|round| (0..200).map(move |n| format!("north:{round}-{n}")));
    let missing: Vec<String> = expected.filter(|id| !published.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn without_a_broker_the_answer_is_503_within_shopifys_time() {
    let nats = TestNats::start().await.expect("started");
    let world = World::on(&nats, config()).await;
    let stopped = nats.kill().await.expect("killed");
    for n in 0..20 {
        let start = tokio::time::Instant::now();
        assert_eq!(world.send(&n.to_string()).await, Some(503));
        assert!(start.elapsed() < SHOPIFY_WAIT / 2, "{:?}", start.elapsed());
    }
    let _nats = stopped.restart().await.expect("restarted");
    eventually("webhooks are taken again", async || world.send("again").await == Some(200)).await;
}

#[tokio::test]
async fn fifty_megabytes_are_refused_before_they_are_sent() {
    let nats = TestNats::start().await.expect("started");
    let world = World::on(&nats, config()).await;
    let mut stream = TcpStream::connect(world.address).await.expect("connected");
    stream.write_all(&head(&Post::new(BODY), 50 * 1024 * 1024)).await.expect("sent");
    assert_eq!(status(&mut stream).await, Some(413));
    assert_eq!(world.send("next").await, Some(200));
}

#[tokio::test]
async fn a_body_above_the_brokers_limit_is_kept_apart() {
    let nats = TestNats::start().await.expect("started");
    let world = World::on(&nats, Config { message_bytes_max: 64 * 1024, ..config() }).await;
    let noise: Vec<u8> = (0..300_000_u32)
        .scan(1_u64, |state, _| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            Some((*state >> 56) as u8)
        })
        .collect();
    let post = Post::new(noise.clone()).id("large");
    assert_eq!(send(world.address, &post).await, Some(200));
    let published = world.published().await;
    let (_, event) = read(published.last().expect("published"));
    assert_eq!(event.object, "north:large");
    let stored = lockstep_ports::ObjectStore::get(&world.bus, "shopify-bodies", &event.object);
    assert!(stored.await.expect("read").expect("stored") == noise);
}

#[tokio::test]
async fn a_stop_finishes_what_was_begun_and_the_console_hears_how_it_is() {
    let nats = TestNats::start().await.expect("started");
    let world = World::on(&nats, config()).await;
    let subject = ExamineRequest::subject(SERVICE);
    let answer = ask(&world.bus, subject, &ExamineRequest::default(), PLENTY).await;
    let findings = answer.expect("answered").findings;
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|finding| finding.severity() == Severity::Ok), "{findings:?}");
    assert!(findings.iter().any(|finding| finding.message == "2 stores are known"));

    let mut slow = TcpStream::connect(world.address).await.expect("connected");
    let post = Post::new(BODY).id("slow");
    slow.write_all(&head(&post, post.body.len())).await.expect("sent");
    // The request is being read when the stop comes: others that were sent later are through.
    assert_eq!(world.send("later").await, Some(200));
    world.life.shutdown.cancel();
    slow.write_all(&post.body).await.expect("sent");
    assert_eq!(status(&mut slow).await, Some(200));
    drop(slow);
    assert!(world.life.finish().await, "every task ends");
    assert!(!world.life.has_failed());
    assert_eq!(world.send("too late").await, None);
}
