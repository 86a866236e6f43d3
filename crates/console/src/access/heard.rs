//! Topics whose silence nobody else listens for: those of products, of which nothing hangs on a
//! single delivery. How often each is heard is kept beside what is known of its store's
//! subscriptions, so that a silence which its own history does not explain opens a hole
//! (`mend.rs`).
//!
//! Only when a webhook came is noted, and of those that come close together the first alone, so one
//! that is taken twice or in another order changes nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Event as _;
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::time::from_proto;
use lockstep_domain::StoreId;
use lockstep_ports::{ConsumerSpec, Delivered};
use lockstep_runtime::{Lifecycle, Retry};
use prost::Message as _;
use tracing::{error, warn};

use super::known;
use crate::problem::Problem;
use crate::service::Console;
use crate::webhooks::PRODUCT_TOPICS;

/// How long a pull waits for the first message.
const PULL_WAIT: Duration = Duration::from_secs(5);
/// Messages of one pull: a product with many variants has a large body.
const PULL_MAX: usize = 20;

/// What a replica pulled and left when it was killed comes again after half of this: while another
/// finds nothing more, it may still be on its way.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(60);

/// Until when everything that came was taken: what nobody listened to is not silent.
#[derive(Default)]
pub struct Listened(Mutex<Option<Timestamp>>);

impl Listened {
    /// Until when; nothing before the first time.
    pub fn until(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, until: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }
}

/// Listens until the lifecycle ends.
pub(crate) async fn run(console: Arc<Console>, life: Lifecycle) {
    let filter = |topic: &&str| WebhookReceived::filter(None, Some(topic)).into();
    let spec = ConsumerSpec {
        stream: WebhookReceived::STREAM,
        durable: "console-products".to_owned(),
        filters: PRODUCT_TOPICS.iter().map(filter).collect(),
    };
    let pulse = life.pulse("console heard");
    let mut failures = 0;
    while !life.shutdown.is_cancelled() {
        pulse.beat();
        let begun = console.parts.clock.now();
        let pulled = tokio::select! {
            () = life.shutdown.cancelled() => return,
            pulled = console.parts.bus.pull(&spec, 0, PULL_MAX, PULL_WAIT) => pulled,
        };
        let taken = match pulled {
            Ok(messages) => take(&console, &messages, begun).await,
            Err(failed) => Err(failed.into()),
        };
        match taken {
            Ok(()) => failures = 0,
            Err(problem) => {
                failures += 1;
                warn!(why = problem.detail(), "what was heard of products waits");
                life.pause(Retry::AWAY, failures).await;
            }
        }
    }
}

/// Messages are acknowledged when what they say is kept; what fails comes again. The pull that
/// brought them began at `begun`.
pub(crate) async fn take(
    console: &Console,
    messages: &[Delivered],
    begun: Timestamp,
) -> Result<(), Problem> {
    for (store, heard) in by_store(messages, console.parts.clock.now()) {
        known::change(console, &store, |known| {
            // A store whose subscriptions were never compared has no history yet.
            let mut known = known?;
            heard.iter().for_each(|(topic, at)| known.hear(topic, *at));
            Some(known)
        })
        .await?;
    }
    if !messages.is_empty() {
        console.parts.bus.ack(messages).await?;
    }
    if messages.len() < PULL_MAX {
        console.listened.note(begun.checked_sub(UNDER_WAY).unwrap_or(Timestamp::MIN));
    }
    Ok(())
}

/// Topics and moments, in the order of their stream.
fn by_store(
    messages: &[Delivered],
    now: Timestamp,
) -> BTreeMap<StoreId, Vec<(&'static str, Timestamp)>> {
    let mut by_store = BTreeMap::<_, Vec<_>>::new();
    for message in messages {
        let event = match WebhookReceived::decode(message.body.clone()) {
            Ok(event) => event,
            Err(unreadable) => {
                error!(code = "LS0601", %unreadable, "a webhook cannot be read");
                continue;
            }
        };
        let topic = PRODUCT_TOPICS.iter().find(|topic| **topic == event.topic);
        let (Ok(store), Some(topic)) = (StoreId::try_new(event.store.as_str()), topic) else {
            continue;
        };
        let said_at = event.triggered_at.as_ref().or(event.received_at.as_ref());
        let said_at = said_at.and_then(|at| from_proto(at).ok());
        let at = said_at.map_or(now, |at: Timestamp| at.min(now));
        by_store.entry(store).or_default().push((*topic, at));
    }
    by_store
}
