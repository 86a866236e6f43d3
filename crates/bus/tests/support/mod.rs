//! What the tests of this crate share.
#![expect(clippy::expect_used, reason = "test")]

use std::time::Duration;

use bytes::Bytes;
use lockstep_bus::{NatsBus, NatsOptions, Topology};
use lockstep_contracts::Stream;
use lockstep_ports::{ConsumerSpec, Delivered, Outgoing};
use lockstep_testkit::nats::TestNats;

/// Short, so that a redelivery is soon seen.
const ACK_WAIT: Duration = Duration::from_secs(1);
/// Short, so that a test can let it pass.
pub const OVERLAP: Duration = Duration::from_millis(200);
pub const PLENTY: Duration = Duration::from_secs(10);

pub async fn connect(server: &TestNats) -> NatsBus {
    let options = NatsOptions { ack_wait: ACK_WAIT, overlap: OVERLAP, ..NatsOptions::default() };
    NatsBus::connect(&server.url(), options).await.expect("the server runs")
}

/// A server with the product's topology and a connection to it.
pub async fn nats() -> (TestNats, NatsBus) {
    let server = TestNats::start().await.expect("a nats-server can be had");
    let bus = connect(&server).await;
    bus.apply(&Topology::new(1)).await.expect("the topology is applied");
    (server, bus)
}

/// A message to `stock.v1.{store}.0.pushed`.
pub fn message(store: &str, body: &str) -> Outgoing {
    Outgoing {
        stream: Stream::Stock,
        subject: format!("stock.v1.{store}.0.pushed"),
        headers: vec![("ce-id".to_owned(), body.to_owned())],
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

pub fn messages(store: &str, bodies: impl IntoIterator<Item = u32>) -> Vec<Outgoing> {
    bodies.into_iter().map(|body| message(store, &body.to_string())).collect()
}

pub fn consumer(durable: &str, stores: &[&str]) -> ConsumerSpec {
    ConsumerSpec {
        stream: Stream::Stock,
        durable: durable.to_owned(),
        filters: stores.iter().map(|store| format!("stock.v1.{store}.>")).collect(),
    }
}

pub fn bodies(delivered: &[Delivered]) -> Vec<String> {
    let text = |message: &Delivered| String::from_utf8_lossy(&message.body).into_owned();
    delivered.iter().map(text).collect()
}
