//! Signed webhooks from the request to its answer, which the service gives once the broker holds
//! the message on disk. Beside it the plain broker: the same messages, in atomic batches as large
//! as the groups of the service were on average, one after the other.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use lockstep_bus::{NatsBus, NatsOptions};
use lockstep_contracts::Stream;
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_demo::wait::until;
use lockstep_ports::{Bus as _, ConsumerSpec, Delivered, Outgoing, PortError};
use serde_json::json;
use tokio::time::Instant;

use crate::load::{Amount, Webhook, send};
use crate::report::Report;
use crate::shop;
use crate::stage::Stage;
use crate::stats::{median, per_second, percentile_ms};

const STORE: &str = "north";
/// The plain broker's messages go to a subject of their own.
const PLAIN: &str = "plain";
/// Nobody consumes it, so that nothing but taking it is measured.
const TOPIC: &str = "orders/updated";
const BODY_BYTES: usize = 5_500;
const ROUNDS: usize = 5;
const AMOUNT: Amount =
    Amount { connections: 64, requests_max: 15_000, time_max: Duration::from_secs(5) };
const ONE: Amount = Amount { connections: 1, requests_max: 1, time_max: Duration::from_secs(5) };
const WARM_UP: Amount = Amount { time_max: Duration::from_secs(2), ..AMOUNT };
const KNOWN_WAIT: Duration = Duration::from_secs(10);
const PULL_MAX: usize = 1_000;
const PULL_WAIT: Duration = Duration::from_secs(2);
const BATCH_ID: &str = "Nats-Batch-Id";

#[derive(Default)]
struct Round {
    accepted_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    group: f64,
    raw_per_s: f64,
}

/// One shorter round to warm up, then those that count.
pub async fn measure() -> Result<Report> {
    let stage = Stage::start().await?;
    shop::back_office(&stage).await?;
    shop::store(&stage, STORE, &shop::skus(1)).await?;
    let webhook = Webhook {
        address: stage.webhooks,
        domain: shop::domain(STORE),
        topic: TOPIC,
        secret: stage.api_secret.clone(),
        body: body(),
    };
    until("the store is known", KNOWN_WAIT, async || send(&webhook, 0, ONE).await.map(Some))
        .await?;
    let bus = NatsBus::connect(&stage.nats_url(), NatsOptions::default()).await.map_err(told)?;
    let mut reader = Reader::new(bus.clone());
    reader.read_all().await?;
    let mut rounds = Vec::new();
    for number in 1..=ROUNDS + 1 {
        let amount = if number == 1 { WARM_UP } else { AMOUNT };
        let round = round(&webhook, &bus, &mut reader, number, amount).await?;
        if number > 1 {
            rounds.push(round);
        }
    }
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    let about = format!(
        "{ROUNDS} rounds of {} s or {} webhooks of {BODY_BYTES} bytes, {} connections",
        AMOUNT.time_max.as_secs(),
        AMOUNT.requests_max,
        AMOUNT.connections
    );
    let mut report = Report::new("ingest", about);
    report.figure("accepted_per_s", of(|round| round.accepted_per_s), "1/s");
    report.figure("p50_ms", of(|round| round.p50_ms), "ms");
    report.figure("p99_ms", of(|round| round.p99_ms), "ms");
    report.figure("group_mean", of(|round| round.group), "messages");
    report.figure("raw_batch_per_s", of(|round| round.raw_per_s), "1/s");
    let ratio = of(|round| round.accepted_per_s / round.raw_per_s);
    report.figure("ratio_raw_batch", ratio, "of the plain broker");
    Ok(report)
}

async fn round(
    webhook: &Webhook,
    bus: &NatsBus,
    reader: &mut Reader,
    number: usize,
    amount: Amount,
) -> Result<Round> {
    let mut sent = send(webhook, number, amount).await?;
    let accepted = sent.times.len();
    let found = reader.read_all().await?;
    ensure!(found.messages.len() == accepted, "the stream holds other than was accepted");
    let group = found.group_mean();
    let raw_per_s = publish_plain(bus, &found.messages, group).await?;
    // What the plain broker took must not count as the next round's.
    reader.read_all().await?;
    Ok(Round {
        accepted_per_s: per_second(accepted, sent.took),
        p50_ms: percentile_ms(&mut sent.times, 50),
        p99_ms: percentile_ms(&mut sent.times, 99),
        group,
        raw_per_s,
    })
}

/// Publishes the messages again, in plain batches of the size, without anything around.
async fn publish_plain(bus: &NatsBus, messages: &[Delivered], size: f64) -> Result<f64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 500")]
    let size = size.round().max(1.0) as usize;
    let plain = |message: &Delivered| Outgoing {
        stream: message.stream,
        subject: WebhookReceived::subject(PLAIN, TOPIC).into(),
        headers: message
            .headers
            .iter()
            .filter(|(name, _)| !name.starts_with("Nats-"))
            .cloned()
            .collect(),
        body: message.body.clone(),
    };
    let batches: Vec<Vec<Outgoing>> =
        messages.chunks(size).map(|batch| batch.iter().map(plain).collect()).collect();
    let start = Instant::now();
    for batch in batches {
        bus.publish(batch).await.map_err(told)?;
    }
    Ok(per_second(messages.len(), start.elapsed()))
}

/// Reads back what the stream holds.
struct Reader {
    bus: NatsBus,
    consumer: ConsumerSpec,
}

struct Found {
    /// Those of the service, in order.
    messages: Vec<Delivered>,
}

impl Reader {
    fn new(bus: NatsBus) -> Self {
        let consumer = ConsumerSpec {
            stream: Stream::Shopify,
            durable: "bench".to_owned(),
            filters: vec![WebhookReceived::filter(Some(STORE), Some(TOPIC)).into()],
        };
        Self { bus, consumer }
    }

    /// Everything that arrived since the last look.
    async fn read_all(&mut self) -> Result<Found> {
        let mut messages = Vec::new();
        loop {
            let pulled = self.bus.pull(&self.consumer, 0, PULL_MAX, PULL_WAIT).await;
            let pulled = pulled.map_err(told)?;
            if pulled.is_empty() {
                return Ok(Found { messages });
            }
            self.bus.ack(&pulled).await.map_err(told)?;
            messages.extend(pulled);
        }
    }
}

impl Found {
    /// Messages by groups. A group of one carries no batch's id.
    #[expect(clippy::cast_precision_loss, reason = "counts of a few thousand")]
    fn group_mean(&self) -> f64 {
        let id = |message: &Delivered| {
            let mut headers = message.headers.iter();
            let batch = headers.find(|(name, _)| name == BATCH_ID).map(|(_, id)| id.clone());
            batch.unwrap_or_else(|| message.sequence.to_string())
        };
        let groups: BTreeSet<String> = self.messages.iter().map(id).collect();
        self.messages.len() as f64 / groups.len().max(1) as f64
    }
}

/// An order as Shopify sends it, in its length and its mixture of names and numbers.
fn body() -> Vec<u8> {
    let line = |number: u64| {
        json!({
            "id": 15_770_000_000_000 + number, "sku": format!("SHIRT-{number:05}-M"),
            "title": "Shirt", "variant_title": "M", "quantity": number % 3 + 1,
            "price": "12.00", "fulfillable_quantity": 1, "requires_shipping": true,
        })
    };
    let lines: Vec<_> = (0..25).map(line).collect();
    let order = |note: String| {
        json!({
            "id": 6_120_000_000_001_u64, "name": "#1001", "currency": "EUR",
            "updated_at": "2026-11-24T10:00:00Z", "line_items": lines, "note": note,
        })
        .to_string()
    };
    let missing = BODY_BYTES.saturating_sub(order(String::new()).len());
    order("x".repeat(missing)).into_bytes()
}

fn told(error: PortError) -> anyhow::Error {
    anyhow::anyhow!(error.chain())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_its_length() {
        assert_eq!(body().len(), BODY_BYTES);
    }

    #[test]
    fn groups_are_counted_by_their_batch() {
        let message = |sequence: u64, batch: Option<&str>| Delivered {
            stream: Stream::Shopify,
            sequence,
            subject: String::new(),
            headers: batch.map(|id| (BATCH_ID.to_owned(), id.to_owned())).into_iter().collect(),
            body: bytes::Bytes::new(),
            attempt: 1,
            ack_subject: String::new(),
        };
        let messages =
            vec![message(1, Some("a")), message(2, Some("a")), message(3, None), message(4, None)];
        let mean = Found { messages }.group_mean();
        assert!((mean - 4.0 / 3.0).abs() < 1e-9);
    }
}
