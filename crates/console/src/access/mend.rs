//! The one way in which subscriptions are compared and made, whoever asks for it: what was missing
//! is noted before it is made, so that a comparison that breaks off forgets no hole.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lockstep_contracts::shopify::admin::Subscription;
use lockstep_domain::StoreId;
use lockstep_ports::PortError;
use tracing::{info, warn};

use super::known::{self, Known, Part};
use super::reread;
use crate::problem::Problem;
use crate::service::Console;
use crate::shop::Shop;
use crate::webhooks::{self, Repaired};

/// Compares what is subscribed with what is needed, makes what is missing, and has read what was
/// missed.
pub(crate) async fn mend(console: &Console, store: &StoreId) -> Result<Repaired, Problem> {
    let shop = console.shop(store);
    let now = console.parts.clock.now();
    let present = shop.subscriptions().await?;
    note_silence(console, store).await?;
    let known = note_holes(console, store, &present).await?;
    let repaired = webhooks::repair(shop, &console.webhook_uri, &present).await?;
    let stays = follow(console, (store, shop), known.as_ref(), &repaired).await?;
    tell(store, known.as_ref(), &repaired);
    note(console, store, (now, stays)).await?;
    reread::holes(console, store).await?;
    Ok(repaired)
}

/// Has read what was missed, and what silence may hide, without comparing anything.
pub(crate) async fn read(console: &Console, store: &StoreId) -> Result<(), PortError> {
    note_silence(console, store).await?;
    reread::holes(console, store).await
}

/// Whether something is to be read: a hole is known, or a topic is silent.
pub(crate) fn is_to_read(console: &Console, known: &Known) -> bool {
    let is_silent = |until| known.silent(until).next().is_some();
    known.holes.is_any() || console.listened.until().is_some_and(is_silent)
}

/// Writes down what may have been missed where a topic is silent for longer than its own history
/// explains: its webhooks may be lost although it is subscribed.
async fn note_silence(console: &Console, store: &StoreId) -> Result<(), PortError> {
    let Some(until) = console.listened.until() else { return Ok(()) };
    let Some(known) = known::load(console, store).await? else { return Ok(()) };
    let silent = known.silent(until).collect::<Vec<_>>().join(", ");
    if silent.is_empty() {
        return Ok(());
    }
    info!(store.id = %store, topics = silent, "topics are silent; what they tell of is read");
    known::change(console, store, |known| {
        let mut known = known?;
        known.note_silence(until);
        Some(known)
    })
    .await?;
    Ok(())
}

/// Writes down what may have been missed where something is missing: what still delivers to a
/// former address, or already to the new one, is not.
async fn note_holes(
    console: &Console,
    store: &StoreId,
    present: &[Subscription],
) -> Result<Option<Known>, PortError> {
    known::change(console, store, |known| {
        let mut known = known?;
        for topic in webhooks::lacking(present, &[&known.uri, &console.webhook_uri]) {
            if let Some(part) = Part::of(topic) {
                known.holes.open(part, known.checked_at);
            }
        }
        Some(known)
    })
    .await
}

/// Ends what goes to a former address and is delivered to the new one by now. True when something
/// still goes to the former one: then that is still known.
async fn follow(
    console: &Console,
    (store, shop): (&StoreId, Shop<'_>),
    known: Option<&Known>,
    repaired: &Repaired,
) -> Result<bool, Problem> {
    let Some(known) = known.filter(|known| known.uri != console.webhook_uri) else {
        return Ok(false);
    };
    let left = webhooks::move_from(shop, &known.uri, repaired).await?;
    info!(store.id = %store, from = known.uri, to = console.webhook_uri, left = left.len(),
        "webhooks go to another address");
    Ok(!left.is_empty())
}

/// Says what a person should look into.
fn tell(store: &StoreId, known: Option<&Known>, repaired: &Repaired) {
    let code = "LS0602";
    let mended = repaired.made.iter().chain(&repaired.mended).map(String::as_str);
    let mended = mended.collect::<Vec<_>>().join(", ");
    if known.is_some_and(|known| known.uri == repaired.uri) && !mended.is_empty() {
        warn!(code, store.id = %store, topics = mended, "subscriptions were gone");
    }
    let Some(first) = repaired.refused.first() else { return };
    let refused: BTreeSet<_> = repaired.refused.iter().map(|one| one.topic.as_str()).collect();
    let topics = refused.into_iter().collect::<Vec<_>>().join(", ");
    warn!(code, store.id = %store, topics, to = repaired.uri, words = first.message,
        "Shopify refuses to deliver webhooks; what changes is read every hour");
}

/// Notes when they were compared. What somebody else found meanwhile stays.
async fn note(
    console: &Console,
    store: &StoreId,
    (now, stays): (Timestamp, bool),
) -> Result<(), PortError> {
    let uri = &console.webhook_uri;
    let compared = |known: Option<Known>| {
        let Some(known) = known else {
            return Some(Known::new(now, uri.clone()));
        };
        let known = Known { checked_at: known.checked_at.max(now), failed_at: None, ..known };
        Some(match stays {
            true => Known { refused_at: Some(now), ..known },
            false => Known { uri: uri.clone(), refused_at: None, ..known },
        })
    };
    known::change(console, store, compared).await?;
    Ok(())
}
