//! A stored entry as it is delivered, with its contact opened.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_contracts::backoffice::v1::feed_item::Item;
use lockstep_contracts::backoffice::v1::{Contact, FeedItem, FeedOrder, FeedRefund, FeedVerdict};
use lockstep_contracts::time::to_proto;
use lockstep_domain::feed::{FeedEntry, FeedEvent, SealedContact};
use lockstep_ports::StoredEvent;
use lockstep_runtime::PersonalKeys;
use prost::Message;
use tracing::{error, warn};

use crate::fault::CallFault;

const UNREADABLE: CallFault = CallFault::Unavailable("an entry of the feed cannot be read");
const SEALED: CallFault = CallFault::Unavailable("the keys of customers cannot be read");

/// The entry that an event appended.
///
/// # Errors
/// `Unavailable`: an entry is never passed over, and never delivered without a contact that it
/// has.
pub async fn item(keys: &PersonalKeys, event: &StoredEvent) -> Result<FeedItem, CallFault> {
    let unreadable = |error: &dyn std::fmt::Display| {
        let (feed, number) = (event.aggregate_id.as_str(), event.version);
        error!(code = "LS0202", feed, number, %error, "an entry of a feed cannot be read");
        UNREADABLE
    };
    let appended: FeedEvent = serde_json::from_str(event.body.get()).map_err(|e| unreadable(&e))?;
    let FeedEvent::EntryAppended { entry } = appended;
    let item = match entry {
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
    };
    Ok(FeedItem { number: event.version, at: Some(to_proto(event.at)), item: Some(item) })
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
