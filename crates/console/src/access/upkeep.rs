//! What is looked after in every store, by one of all replicas: the subscriptions at start and
//! every hour, and the hole that a missing or a silent one left.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_ports::{ErrorKind, KvLease, PortError};
use lockstep_runtime::Lifecycle;
use tracing::warn;

use super::known::{self, Known};
use super::mend::{self, mend};
use super::{opens, reread};
use crate::problem::Problem;
use crate::secrets;
use crate::service::Console;
use crate::webhooks::{NEEDED, Refused, Repaired};

/// The stores are gone through this often ..
const ROUND: Duration = Duration::from_secs(60);
/// .. and each one's subscriptions are compared this often.
const CHECK_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// A process that starts compares them too, unless another has just done so; and what could not be
/// compared rests so long.
const CHECK_AT_START: SignedDuration = SignedDuration::from_mins(5);
/// Stores that are looked after at once: one whose shop is slow holds up few others.
const STORES_AT_ONCE: usize = 4;
/// Longest time that one store's turn takes. A repair that breaks off has lost nothing, and the
/// next round goes on.
const STORE_TIME_MAX: Duration = Duration::from_secs(5 * 60);
/// The lease of a store's turn outlives it.
const LEASE: Duration = Duration::from_secs(6 * 60);
/// A person who asks for a comparison waits for one that is under way so often ..
const LOOKS_MAX: usize = 20;
/// .. by looks this far apart.
const LOOK_EVERY: SignedDuration = SignedDuration::from_millis(250);

/// What was done for a store that has a token now.
pub struct TakenUp {
    /// Its subscriptions.
    pub webhooks: Repaired,
    /// Whether its orders are being read.
    pub orders: bool,
}

/// After a store got a token: its subscriptions are made, and what changed meanwhile is read.
pub(crate) async fn take_up(console: &Console, store: &StoreId) -> TakenUp {
    let webhooks = mend_now(console, store).await.unwrap_or_else(|problem| {
        warn!(store.id = %store, detail = problem.detail(), "webhooks are not subscribed");
        let refused = NEEDED.iter().map(|topic| Refused {
            topic: (*topic).to_owned(),
            message: problem.detail().to_owned(),
        });
        let uri = console.webhook_uri.clone();
        Repaired { uri, refused: refused.collect(), ..Repaired::default() }
    });
    let orders = reread::orders(console, store, None).await;
    TakenUp { webhooks, orders }
}

/// Compares and makes a store's subscriptions for somebody who waits. Another comparison that is
/// under way is waited for a moment; then this one goes on beside it.
pub(crate) async fn mend_now(console: &Console, store: &StoreId) -> Result<Repaired, Problem> {
    for _ in 0..LOOKS_MAX {
        if let Some(lease) = console.leases.take(&lease_key(store), LEASE).await? {
            let mended = mend(console, store).await;
            release(console, store, lease).await;
            return mended;
        }
        let until = console.parts.clock.now().checked_add(LOOK_EVERY);
        console.parts.clock.sleep_until(until.unwrap_or(Timestamp::MAX)).await;
    }
    mend(console, store).await
}

/// Looks after all stores until the lifecycle ends.
pub(crate) async fn run(console: Arc<Console>, life: Lifecycle) {
    let pulse = life.pulse("console upkeep");
    let mut seen = BTreeSet::new();
    while !life.shutdown.is_cancelled() {
        // Each store's turn has a pulse of its own.
        let round = pulse.through(look_after_all(&console, &mut seen, &life)).await;
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

/// One round over all stores, a few at once; `seen` are those that this process has compared since
/// its start. A stop ends the turns that are on.
pub(crate) async fn look_after_all(
    console: &Console,
    seen: &mut BTreeSet<StoreId>,
    life: &Lifecycle,
) -> Result<(), Problem> {
    let stores = console.registry.stores().await?;
    let ids = stores.into_iter().filter_map(|one| StoreId::try_new(one.value.id).ok());
    let turns = ids.map(|store| {
        let was_seen = seen.contains(&store);
        async move {
            let compared = turn(console, &store, was_seen, life).await;
            (store, compared)
        }
    });
    let mut turns = stream::iter(turns.collect::<Vec<_>>()).buffer_unordered(STORES_AT_ONCE);
    while let Some((store, compared)) = turns.next().await {
        match compared {
            Ok(true) => {
                seen.insert(store);
            }
            Ok(false) => {}
            Err(problem) => {
                warn!(store.id = %store, why = problem.detail(), "subscriptions are not compared");
            }
        }
    }
    Ok(())
}

/// One store's turn; false when it opens nothing.
async fn turn(
    console: &Console,
    store: &StoreId,
    was_seen: bool,
    life: &Lifecycle,
) -> Result<bool, Problem> {
    if life.shutdown.is_cancelled() {
        return Ok(false);
    }
    let pulse = life.pulse(format!("console upkeep of {store}"));
    pulse.allow(LEASE);
    // What opens nothing is a person's affair: the doctor says so.
    if !opens(&secrets::present(console, store).await?) {
        return Ok(false);
    }
    let due = due(console, store, was_seen).await?;
    if due == Due::Nothing {
        return Ok(true);
    }
    let Some(lease) = console.leases.take(&lease_key(store), LEASE).await? else {
        return Ok(true);
    };
    let limit = console.parts.clock.now().checked_add(STORE_TIME_MAX);
    let compared = tokio::select! {
        biased;
        compared = look_after(console, store, was_seen) => compared,
        () = life.shutdown.cancelled() => Ok(()),
        () = console.parts.clock.sleep_until(limit.unwrap_or(Timestamp::MAX)) => {
            let what = format!("{store} took longer than {} s", STORE_TIME_MAX.as_secs());
            Err(PortError::plain(ErrorKind::Transient, what).into())
        }
    };
    if compared.is_err() {
        note_failure(console, store).await;
    }
    release(console, store, lease).await;
    compared.map(|()| true)
}

/// What was missed is read meanwhile, and others get their turn.
async fn note_failure(console: &Console, store: &StoreId) {
    let failed_at = Some(console.parts.clock.now());
    let failed = |known: Option<Known>| known.map(|known| Known { failed_at, ..known });
    if let Err(failed) = known::change(console, store, failed).await {
        warn!(store.id = %store, why = failed.chain(), "a failure is not noted");
    }
}

async fn look_after(console: &Console, store: &StoreId, was_seen: bool) -> Result<(), Problem> {
    // Another replica may have been quicker.
    match due(console, store, was_seen).await? {
        Due::Nothing => Ok(()),
        Due::Holes => Ok(mend::read(console, store).await?),
        Due::Comparison => mend(console, store).await.map(|_| ()),
    }
}

/// What is to be done for a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    /// What was missed is to be read.
    Holes,
    /// Its subscriptions are to be compared.
    Comparison,
}

async fn due(console: &Console, store: &StoreId, was_seen: bool) -> Result<Due, PortError> {
    let Some(known) = known::load(console, store).await? else { return Ok(Due::Comparison) };
    Ok(match is_due(console, &known, was_seen) {
        true => Due::Comparison,
        false if mend::is_to_read(console, &known) => Due::Holes,
        false => Due::Nothing,
    })
}

fn is_due(console: &Console, known: &Known, was_seen: bool) -> bool {
    let now = console.parts.clock.now();
    if known.failed_at.is_some_and(|at| now.duration_since(at) < CHECK_AT_START) {
        return false;
    }
    let every = if was_seen { CHECK_EVERY } else { CHECK_AT_START };
    let tried = known.refused_at.unwrap_or(known.checked_at);
    // A new address that does not get everything is tried again as any other refusal is.
    let moves = known.uri != console.webhook_uri && known.refused_at.is_none();
    moves || now.duration_since(tried) >= every
}

fn lease_key(store: &StoreId) -> String {
    format!("{store}.lease.subscriptions")
}

async fn release(console: &Console, store: &StoreId, lease: KvLease) {
    if let Err(failed) = console.leases.release(lease).await {
        warn!(store.id = %store, why = failed.chain(), "a lease ends by itself");
    }
}
