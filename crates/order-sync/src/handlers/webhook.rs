//! Shopify's webhooks about orders: states and doubts.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Event as _;
use lockstep_contracts::convert::order_webhook::{News, news};
use lockstep_contracts::shopify::v1::{BodyEncoding, WebhookReceived};
use lockstep_contracts::time::from_proto;
use lockstep_domain::order::OrderCommand;
use lockstep_domain::{OrderId, StoreId};
use lockstep_ports::{Delivered, Timer};
use lockstep_runtime::{Inbound, Stop, Work};
use serde::{Deserialize, Serialize};

use crate::handlers::redaction;
use crate::schedule::{self, Due};
use crate::settle::{decide, tell_lines};
use crate::sweep;
use crate::translate::{poison, store};

/// The largest order that Shopify sends has some megabytes; what unpacks to more is none.
const BODY_MAX: u64 = 64 * 1024 * 1024;

/// What must be known of a body that is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its topic.
    pub topic: String,
    /// Whether it is packed.
    pub packed: bool,
    /// When Shopify sent it.
    pub sent_at: Option<Timestamp>,
    /// When Shopify sent it, or else Lockstep took it: a dead letter may be retried much later.
    #[serde(default)]
    pub heard_at: Option<Timestamp>,
    /// The message that named the body, to be given up if the body cannot be read.
    #[serde(default)]
    pub message: Option<Message>,
}

/// A message of a webhook whose body stands elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    sequence: u64,
    subject: String,
    headers: Vec<(String, String)>,
    /// In base64.
    body: String,
}

impl Message {
    fn of(inbound: &Inbound) -> Self {
        let headers = inbound.metadata.to_headers().into_iter();
        Self {
            sequence: inbound.sequence,
            subject: inbound.subject.clone(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).collect(),
            body: STANDARD.encode(&inbound.body),
        }
    }

    /// As it was delivered.
    pub fn delivered(&self) -> Result<Delivered, Stop> {
        Ok(Delivered {
            stream: WebhookReceived::STREAM,
            sequence: self.sequence,
            subject: self.subject.clone(),
            headers: self.headers.clone(),
            body: STANDARD.decode(&self.body).map_err(|e| poison("body", e))?.into(),
            attempt: 1,
            ack_subject: String::new(),
        })
    }
}

/// Folds what the webhook tells.
pub fn apply(message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop> {
    let event: WebhookReceived = message.decode()?;
    let store = store(&event.store)?;
    let sent_at = event.triggered_at.as_ref().map(from_proto).transpose();
    let sent_at = sent_at.map_err(|e| poison("triggered_at", e))?;
    let taken_at = event.received_at.as_ref().map(from_proto).transpose();
    let taken_at = taken_at.map_err(|e| poison("received_at", e))?;
    let heard_at = sent_at.or(taken_at).map_or(work.now(), |at| at.min(work.now()));
    sweep::heard(work, &store, &event.topic, heard_at)?;
    let kept = Kept {
        topic: event.topic.clone(),
        packed: event.encoding() == BodyEncoding::Gzip,
        sent_at,
        heard_at: sent_at.or(taken_at),
        message: None,
    };
    if !event.object.is_empty() {
        let kept = Kept { message: Some(Message::of(message)), ..kept };
        return fetch_later(work, &store, &event.object, &kept);
    }
    let told = open(&event.body, &kept).map_err(Stop::Poison)?;
    heard(work, &store, kept.heard_at, told)
}

/// The body stands in the object store, which only a lane may ask.
fn fetch_later(
    work: &mut Work<'_>,
    store: &StoreId,
    object: &str,
    kept: &Kept,
) -> Result<(), Stop> {
    let note = serde_json::to_string(kept).map_err(|e| poison("body", e))?;
    let timer = work.timer(store.as_str(), &Due::Body(object.to_owned()).key())?;
    let (due_at, trace) = (Some(work.now()), work.traceparent());
    work.set_timer(Timer { due_at, trace, note, ..timer });
    Ok(())
}

/// Reads a body. The error is a reason for a dead letter.
pub fn open(body: &[u8], kept: &Kept) -> Result<News, String> {
    let mut plain = Vec::new();
    let body = if kept.packed {
        let unpacked = flate2::read::GzDecoder::new(body).take(BODY_MAX).read_to_end(&mut plain);
        unpacked.map_err(|e| format!("body: {e}"))?;
        plain.as_slice()
    } else {
        body
    };
    news(&kept.topic, body, kept.sent_at)
        .map_err(|e| format!("{}: {}; {}", e.field, e.message, e.fix))
}

/// Folds what was told.
pub fn heard(
    work: &mut Work<'_>,
    store: &StoreId,
    at: Option<Timestamp>,
    told: News,
) -> Result<(), Stop> {
    let at = at.map_or(work.now(), |at| at.min(work.now()));
    match told {
        News::Order { order, facts } => fold(work, store, order, &OrderCommand::Observe { facts }),
        News::Doubt { order } => fold(work, store, order, &OrderCommand::Doubt),
        News::Deleted { order } => fold(work, store, order, &OrderCommand::SeeDeletion),
        News::Routing { fulfillment_orders } => {
            // Any of them leads to the order; the first is as good as all.
            let first = fulfillment_orders.first().copied();
            let first = first.ok_or_else(|| poison("fulfillment_order.id", "none is named"))?;
            schedule::soon(work, store, &Due::Routing(first), SignedDuration::from_millis(200))
        }
        News::RedactCustomer { customer, orders } => {
            redaction::customer(work, store, at, (customer, &orders))
        }
        News::RedactShop => redaction::shop(work, store, at),
    }
}

fn fold(
    work: &mut Work<'_>,
    store: &StoreId,
    order: OrderId,
    command: &OrderCommand,
) -> Result<(), Stop> {
    let events = decide(work, store, order, command)?;
    if events.is_empty() {
        return Ok(());
    }
    tell_lines(work, store, order)?;
    schedule::news(work, store, order)
}
