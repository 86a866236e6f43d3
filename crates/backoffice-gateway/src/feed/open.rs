//! A stored entry as it is delivered, with its contact opened.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_contracts::TraceContext;
use lockstep_contracts::backoffice::v1::feed_item::Item;
use lockstep_contracts::backoffice::v1::{Contact, FeedItem, FeedOrder, FeedRefund, FeedVerdict};
use lockstep_contracts::time::to_proto;
use lockstep_domain::feed::{FeedEntry, FeedEvent, SealedContact};
use lockstep_ports::StoredEvent;
use lockstep_runtime::{PersonalKeys, telemetry};
use prost::Message;
use tracing::{Instrument as _, error, info_span, warn};

use crate::fault::CallFault;

const UNREADABLE: CallFault = CallFault::Unavailable("an entry of the feed cannot be read");
const SEALED: CallFault = CallFault::Unavailable("the keys of customers cannot be read");

/// The entry that an event appended. Delivering it is a span of the trace that led to it.
///
/// # Errors
/// `Unavailable`: an entry is never passed over, and never delivered without a contact that it
/// has.
pub async fn item(keys: &PersonalKeys, event: &StoredEvent) -> Result<FeedItem, CallFault> {
    let appended: FeedEvent =
        serde_json::from_str(event.body.get()).map_err(|e| unreadable(event, &e))?;
    let FeedEvent::EntryAppended { entry, trace } = appended;
    let (feed, number) = (event.aggregate_id.as_str(), event.version);
    let span = info_span!("deliver_entry", feed, number);
    let trace = trace.as_deref().and_then(|parent| TraceContext::try_new(parent, None));
    telemetry::set_parent(&span, trace.as_ref());
    let traceparent = trace.map(|trace| trace.traceparent().to_owned()).unwrap_or_default();
    let item = opened_entry(keys, event, entry).instrument(span).await?;
    Ok(FeedItem { number, at: Some(to_proto(event.at)), item: Some(item), traceparent })
}

fn unreadable(event: &StoredEvent, error: &dyn Display) -> CallFault {
    let (feed, number) = (event.aggregate_id.as_str(), event.version);
    error!(code = "LS0202", feed, number, %error, "an entry of a feed cannot be read");
    UNREADABLE
}

async fn opened_entry(
    keys: &PersonalKeys,
    event: &StoredEvent,
    entry: FeedEntry,
) -> Result<Item, CallFault> {
    let unreadable = |error: &dyn Display| unreadable(event, error);
    Ok(match entry {
        FeedEntry::Order { content, contact, .. } => {
            let mut order: FeedOrder = decoded(&content).map_err(|e| unreadable(&e))?;
            if let Some(sealed) = contact {
                order.contact = opened(keys, &sealed)
                    .await?
                    .map(|plain| Contact::decode(plain.as_slice()).map_err(|e| unreadable(&e)))
                    .transpose()?;
            }
            Item::Order(order)
        }
        FeedEntry::Refund { content, .. } => {
            Item::Refund(decoded::<FeedRefund>(&content).map_err(|e| unreadable(&e))?)
        }
        FeedEntry::Verdict { content, .. } => {
            Item::Verdict(decoded::<FeedVerdict>(&content).map_err(|e| unreadable(&e))?)
        }
    })
}

#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("the content is not base64")]
    Base64(#[from] base64::DecodeError),
    #[error("the content is not protobuf of the contract")]
    Protobuf(#[from] prost::DecodeError),
}

fn decoded<M: Message + Default>(content: &str) -> Result<M, Unreadable> {
    Ok(M::decode(STANDARD.decode(content)?.as_slice())?)
}

/// The plain bytes; `None` when the customer's data was redacted.
async fn opened(
    keys: &PersonalKeys,
    contact: &SealedContact,
) -> Result<Option<Vec<u8>>, CallFault> {
    let sealed = STANDARD.decode(&contact.sealed).map_err(|_| UNREADABLE)?;
    keys.open(&contact.key, &sealed).await.map_err(|e| {
        warn!(error = e.chain(), "keys of customers cannot be read");
        SEALED
    })
}
