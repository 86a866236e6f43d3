//! What is looked after in every store, by one of all replicas: the subscriptions at start and
//! every hour, and the hole that a missing one left.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::orders::v1::SweepOrdersRequest;
use lockstep_contracts::time::to_proto;
use lockstep_domain::StoreId;
use lockstep_ports::{ErrorKind, PortError, SECRETS_BUCKET};
use lockstep_runtime::Lifecycle;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::opens;
use crate::asking::hear;
use crate::problem::Problem;
use crate::secrets;
use crate::service::Console;
use crate::webhooks::{self, NEEDED, Refused, Repaired};

/// The stores are gone through this often ..
const ROUND: Duration = Duration::from_secs(60);
/// .. and each one's subscriptions are compared this often.
const CHECK_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// A process that starts compares them too, unless another has just done so.
const CHECK_AT_START: SignedDuration = SignedDuration::from_mins(5);
/// Longest time that one store's repair may take: a call per topic at worst.
const LEASE: Duration = Duration::from_secs(10 * 60);
/// Who reads orders.
const ORDERS: &str = "order-sync";

/// What is known of a store's subscriptions; kept beside its token, without any secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// When they were compared last: until then, what was missed has been read.
    checked_at: Timestamp,
    /// Where they deliver to.
    uri: String,
    /// Since when deliveries may be missing that nobody was asked to read yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hole_since: Option<Timestamp>,
    /// When Shopify last refused to deliver to another address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused_at: Option<Timestamp>,
}

/// What was done for a store that has a token now.
pub struct TakenUp {
    /// Its subscriptions.
    pub webhooks: Repaired,
    /// Whether its orders are being read.
    pub orders: bool,
}

/// After a store got a token: its subscriptions are made, and what changed meanwhile is read.
pub(crate) async fn take_up(console: &Console, store: &StoreId) -> TakenUp {
    let webhooks = webhooks::repair(console.shop(store), &console.webhook_uri).await;
    if webhooks.is_ok()
        && let Err(failed) = note(console, store).await
    {
        warn!(store.id = %store, why = failed.chain(), "subscriptions are compared once more");
    }
    let webhooks = webhooks.unwrap_or_else(|error| {
        let problem = Problem::from(error);
        warn!(store.id = %store, detail = problem.detail(), "webhooks are not subscribed");
        let refused = NEEDED.iter().map(|topic| Refused {
            topic: (*topic).to_owned(),
            message: problem.detail().to_owned(),
        });
        let uri = console.webhook_uri.clone();
        Repaired { uri, refused: refused.collect(), ..Repaired::default() }
    });
    let orders = sweep(console, store, None).await;
    TakenUp { webhooks, orders }
}

/// Asks that the orders be read that changed since a moment, or since they were read last.
async fn sweep(console: &Console, store: &StoreId, since: Option<Timestamp>) -> bool {
    let request = SweepOrdersRequest { store: store.to_string(), since: since.map(to_proto) };
    let subject = SweepOrdersRequest::subject();
    hear(&*console.parts.ask, ORDERS, subject, &request).await.answer().is_some()
}

/// Looks after all stores until the lifecycle ends.
pub(crate) async fn run(console: Arc<Console>, life: Lifecycle) {
    let pulse = life.pulse("console upkeep");
    let mut seen = BTreeSet::new();
    while !life.shutdown.is_cancelled() {
        pulse.allow(LEASE);
        let round = tokio::select! {
            () = life.shutdown.cancelled() => return,
            round = look_after_all(&console, &mut seen) => round,
        };
        if let Err(problem) = round {
            warn!(why = problem.detail(), "the stores' subscriptions are looked at later");
        }
        let clock = &console.parts.clock;
        let next = clock.now().checked_add(ROUND).unwrap_or(Timestamp::MAX);
        tokio::select! {
            () = life.shutdown.cancelled() => return,
            () = pulse.through(clock.sleep_until(next)) => {}
        }
    }
}

/// One round over all stores; `seen` are those that this process has compared since its start.
pub(crate) async fn look_after_all(
    console: &Console,
    seen: &mut BTreeSet<StoreId>,
) -> Result<(), Problem> {
    for stored in console.registry.stores().await? {
        let Ok(store) = StoreId::try_new(stored.value.id.as_str()) else { continue };
        // What opens nothing is a person's affair: the doctor says so.
        if !opens(&secrets::present(console, &store).await?) {
            continue;
        }
        match look_after(console, &store, seen.contains(&store)).await {
            Ok(()) => {
                seen.insert(store);
            }
            Err(problem) => {
                warn!(store.id = %store, why = problem.detail(), "subscriptions are not compared");
            }
        }
    }
    Ok(())
}

async fn look_after(console: &Console, store: &StoreId, was_seen: bool) -> Result<(), Problem> {
    let now = console.parts.clock.now();
    if !is_due(console, load(console, store).await?.0.as_ref(), was_seen, now) {
        return Ok(());
    }
    let key = format!("{store}.lease.subscriptions");
    let Some(lease) = console.leases.take(&key, LEASE).await? else { return Ok(()) };
    let compared = compare(console, store, was_seen).await;
    console.leases.release(lease).await?;
    compared
}

fn is_due(console: &Console, known: Option<&Known>, was_seen: bool, now: Timestamp) -> bool {
    let Some(known) = known else { return true };
    let every = if was_seen { CHECK_EVERY } else { CHECK_AT_START };
    let tried = known.refused_at.unwrap_or(known.checked_at);
    let moves = known.uri != console.webhook_uri
        && (known.refused_at.is_none() || now.duration_since(tried) >= CHECK_AT_START);
    moves || known.hole_since.is_some() || now.duration_since(tried) >= every
}

async fn compare(console: &Console, store: &StoreId, was_seen: bool) -> Result<(), Problem> {
    let (known, revision) = load(console, store).await?;
    let now = console.parts.clock.now();
    // Another replica may have been quicker.
    if !is_due(console, known.as_ref(), was_seen, now) {
        return Ok(());
    }
    let shop = console.shop(store);
    let repaired = webhooks::repair(shop, &console.webhook_uri).await?;
    let mut hole_since = None;
    if let Some(known) = &known {
        hole_since = known.hole_since;
        if known.uri != console.webhook_uri {
            // What Shopify does not send to the new address still goes to the former one.
            let left = webhooks::move_from(shop, &known.uri, &repaired).await?;
            info!(store.id = %store, from = known.uri, to = console.webhook_uri,
                left = left.len(), "webhooks go to another address");
            if !repaired.refused.is_empty() {
                return stay(console, store, known, &repaired, revision).await;
            }
        } else if !repaired.made.is_empty() || !repaired.mended.is_empty() {
            let topics = repaired.made.iter().chain(&repaired.mended);
            let topics = topics.map(String::as_str).collect::<Vec<_>>().join(", ");
            warn!(code = "LS0602", store.id = %store, topics, "subscriptions were gone");
            hole_since = Some(hole_since.unwrap_or(known.checked_at).min(known.checked_at));
        }
    }
    if let Some(since) = hole_since
        && sweep(console, store, Some(since)).await
    {
        hole_since = None;
    }
    let known =
        Known { checked_at: now, uri: console.webhook_uri.clone(), hole_since, refused_at: None };
    Ok(save(console, store, &known, revision).await?)
}

/// Notes that Shopify refused the new address: the former one is still known, and the new one is
/// tried again.
async fn stay(
    console: &Console,
    store: &StoreId,
    known: &Known,
    repaired: &Repaired,
    revision: u64,
) -> Result<(), Problem> {
    let words = repaired.refused.first().map(|refused| refused.message.as_str());
    warn!(code = "LS0602", store.id = %store, from = known.uri, to = repaired.uri,
        topics = repaired.refused.len(), words, "Shopify refuses the new address of webhooks");
    let refused_at = Some(console.parts.clock.now());
    Ok(save(console, store, &Known { refused_at, ..known.clone() }, revision).await?)
}

/// Notes that they were made just now: the next comparison is due in an hour.
async fn note(console: &Console, store: &StoreId) -> Result<(), PortError> {
    let (_, revision) = load(console, store).await?;
    let checked_at = console.parts.clock.now();
    let known =
        Known { checked_at, uri: console.webhook_uri.clone(), hole_since: None, refused_at: None };
    save(console, store, &known, revision).await
}

/// Forgets what is known of a store that was removed.
pub(crate) async fn forget(console: &Console, store: &StoreId) -> Result<(), PortError> {
    console.parts.kv.delete(SECRETS_BUCKET, &key(store), None).await
}

fn key(store: &StoreId) -> String {
    format!("{store}.subscriptions")
}

async fn load(console: &Console, store: &StoreId) -> Result<(Option<Known>, u64), PortError> {
    let entry = console.parts.kv.get(SECRETS_BUCKET, &key(store)).await?;
    Ok(entry.map_or((None, 0), |entry| {
        // What cannot be read is compared anew.
        (serde_json::from_slice(&entry.value).ok(), entry.revision)
    }))
}

async fn save(
    console: &Console,
    store: &StoreId,
    known: &Known,
    expected: u64,
) -> Result<(), PortError> {
    let value = serde_json::to_vec(known)
        .map_err(|error| PortError::new(ErrorKind::Permanent, "write subscriptions", error))?;
    console.parts.kv.put(SECRETS_BUCKET, &key(store), Bytes::from(value), expected).await?;
    Ok(())
}
