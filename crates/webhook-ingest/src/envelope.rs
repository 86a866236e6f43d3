//! The message that is published for a delivery.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use lockstep_contracts::shopify::v1::{BodyEncoding, WebhookReceived};
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Metadata, Outgoing, TraceContext};
use lockstep_ports as ports;

use crate::config::ENVELOPE_BYTES;
use crate::delivery::Delivery;
use crate::service::SERVICE;

/// Object store for bodies that do not fit a message.
pub const BODIES: &str = "shopify-bodies";
/// A smaller body is kept as it came: compressing it would cost more time than it saves in space.
pub const GZIP_BYTES_MIN: usize = 16 * 1024;
/// A larger body is compressed outside the threads that answer requests.
const GZIP_ELSEWHERE_BYTES_MIN: usize = 128 * 1024;

/// A body that must be stored before its message is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBody {
    /// Name in [`BODIES`].
    pub name: String,
    /// As encoded.
    pub bytes: Bytes,
}

/// A body as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// How.
    pub encoding: BodyEncoding,
    /// The bytes.
    pub bytes: Bytes,
}

/// Where a delivery came from and when, for its message.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// The store's id.
    pub store: &'a str,
    /// When it was accepted.
    pub at: Timestamp,
    /// The trace that it begins.
    pub trace: Option<TraceContext>,
}

/// Compresses a body that is large, when that makes it smaller.
pub async fn encode(body: Bytes) -> Encoded {
    if body.len() < GZIP_BYTES_MIN {
        return Encoded { encoding: BodyEncoding::Identity, bytes: body };
    }
    if body.len() < GZIP_ELSEWHERE_BYTES_MIN {
        return gzip(body);
    }
    let kept = body.clone();
    // It can only fail by a panic; the body is then kept as it came.
    let compressed = tokio::task::spawn_blocking(move || gzip(body)).await;
    compressed.unwrap_or(Encoded { encoding: BodyEncoding::Identity, bytes: kept })
}

fn gzip(body: Bytes) -> Encoded {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    let written = encoder.write_all(&body).and_then(|()| encoder.finish());
    match written {
        Ok(bytes) if bytes.len() < body.len() => {
            Encoded { encoding: BodyEncoding::Gzip, bytes: bytes.into() }
        }
        _ => Encoded { encoding: BodyEncoding::Identity, bytes: body },
    }
}

/// Wraps a delivery. Its id is made of the store's and Shopify's, so that every delivery of one
/// message has the same, and consumers see it once.
pub fn wrap(
    arrival: &Arrival<'_>,
    delivery: &Delivery,
    encoded: Encoded,
    message_bytes_max: usize,
) -> (ports::Outgoing, Option<StoredBody>) {
    let Delivery { shop_domain, topic, webhook_id, event_id, api_version, triggered_at } = delivery;
    let store = arrival.store;
    let id = format!("{store}:{webhook_id}");
    let mut event = WebhookReceived {
        store: store.to_owned(),
        shop_domain: shop_domain.clone(),
        topic: topic.clone(),
        webhook_id: webhook_id.clone(),
        event_id: event_id.clone(),
        api_version: api_version.clone(),
        triggered_at: triggered_at.map(to_proto),
        received_at: Some(to_proto(arrival.at)),
        encoding: encoded.encoding.into(),
        ..WebhookReceived::default()
    };
    let stored = if encoded.bytes.len() + ENVELOPE_BYTES > message_bytes_max {
        event.object.clone_from(&id);
        Some(StoredBody { name: id.clone(), bytes: encoded.bytes })
    } else {
        event.body = encoded.bytes;
        None
    };
    let time = triggered_at.unwrap_or(arrival.at);
    let mut metadata = Metadata::new(id, SERVICE, "", time);
    metadata.subject = Some(format!("{store}/{topic}"));
    metadata.correlation_id = Some(event_id.clone()).filter(|id| !id.is_empty());
    metadata.trace.clone_from(&arrival.trace);
    let subject = WebhookReceived::subject(store, topic);
    let message = Outgoing::event(&event, subject, metadata);
    let headers = message.headers().into_iter().map(|(name, value)| (name.to_owned(), value));
    let message = ports::Outgoing {
        stream: <WebhookReceived as lockstep_contracts::Event>::STREAM,
        headers: headers.collect(),
        subject: message.subject.into(),
        body: message.payload,
    };
    (message, stored)
}
