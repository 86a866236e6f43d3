//! Rebuild: states are a projection of the service's own log. No effect is sent and no event
//! published, since only states are written.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lockstep_ports::{
    AggregateKey, Clock, ErrorKind, IdSource, PortError, SaveState, Store, StoredEvent, Tx,
};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::aggregate::Evolver;
use crate::lanes::LANE_PREFIX;
use crate::pulse::later;

/// Events, or states, read at a time.
const PAGE: u32 = 5_000;
/// States written in one statement.
const WRITE: usize = 1_000;
/// Who may write states: the processes of the service, all together, or one rebuild.
const STATES: &str = "states";
/// The processes of a service hold [`STATES`] as one.
const RUNNING: Uuid = Uuid::nil();
/// How long the lease on the states lasts; renewed well before it ends. A process that was killed
/// holds it so long.
pub const STATES_LEASE: Duration = Duration::from_secs(45);

/// What a rebuild did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Events read.
    pub events: u64,
    /// Aggregates written.
    pub aggregates: u64,
}

/// Why a rebuild did not happen; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Somebody works on the states.
    #[error(
        "the service runs, is being rebuilt, or was killed less than {} s ago (its lease {lease:?} \
         is held); stop it, or wait, and try again",
        STATES_LEASE.as_secs()
    )]
    Held {
        /// The lease that somebody else has.
        lease: String,
    },
    /// The log cannot be read or the states cannot be written.
    #[error("rebuilding states")]
    Port(#[from] PortError),
}

/// Drops every state and folds the log again, in one transaction, while nobody else works.
pub async fn rebuild(
    store: &dyn Store,
    evolvers: &[Box<dyn Evolver>],
    (clock, ids): (&dyn Clock, &dyn IdSource),
) -> Result<Rebuilt, RebuildError> {
    let mut held = Held { store, clock, holder: ids.next_id(), leases: BTreeSet::new() };
    let done = match held.take_all().await {
        Ok(()) => fold_and_replace(&held, evolvers).await,
        Err(e) => Err(e),
    };
    for lease in &held.leases {
        // One that stays ends by itself.
        let _ = store.release(lease, held.holder).await;
    }
    done
}

/// What a rebuild keeps the service's processes away with.
struct Held<'a> {
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    holder: Uuid,
    leases: BTreeSet<String>,
}

impl Held<'_> {
    async fn take_all(&mut self) -> Result<(), RebuildError> {
        self.take(STATES.to_owned()).await?;
        for (lane, _) in self.store.lanes().await? {
            self.take(format!("{LANE_PREFIX}{lane}")).await?;
        }
        Ok(())
    }

    async fn take(&mut self, lease: String) -> Result<(), RebuildError> {
        self.renew(&lease).await?;
        self.leases.insert(lease);
        Ok(())
    }

    async fn renew_all(&self) -> Result<(), RebuildError> {
        for lease in &self.leases {
            self.renew(lease).await?;
        }
        Ok(())
    }

    async fn renew(&self, lease: &str) -> Result<(), RebuildError> {
        let now = self.clock.now();
        let is_mine = self.store.lease(lease, self.holder, now, later(now, STATES_LEASE)).await?;
        if is_mine { Ok(()) } else { Err(RebuildError::Held { lease: lease.to_owned() }) }
    }
}

async fn fold_and_replace(
    held: &Held<'_>,
    evolvers: &[Box<dyn Evolver>],
) -> Result<Rebuilt, RebuildError> {
    let mut fold = Fold::new(evolvers);
    while fold.page(held.store).await? {
        held.renew_all().await?;
    }
    let mut tx = held.store.begin().await?;
    tx.drop_states().await?;
    // Nobody decides any more: what was committed meanwhile is the last.
    while fold.page(held.store).await? {}
    let rebuilt = Rebuilt { events: fold.events, aggregates: fold.states.len() as u64 };
    write(tx.as_mut(), fold.states, held).await?;
    tx.commit().await?;
    Ok(rebuilt)
}

async fn write(tx: &mut dyn Tx, states: States, held: &Held<'_>) -> Result<(), RebuildError> {
    let mut rows: Vec<_> = states
        .into_iter()
        .map(|((kind, id), (version, state))| SaveState {
            key: AggregateKey { kind, id },
            version,
            state,
        })
        .collect();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(WRITE));
        tx.save(&rows).await?;
        held.renew_all().await?;
        rows = rest;
    }
    Ok(())
}

/// Says for a process of the service that it works on the states; false while a rebuild does.
pub(crate) async fn run_on_states(store: &dyn Store, clock: &dyn Clock) -> Result<bool, PortError> {
    let now = clock.now();
    store.lease(STATES, RUNNING, now, later(now, STATES_LEASE)).await
}

/// Says that it no longer does. Another process of the service says so for itself.
pub(crate) async fn leave_states(store: &dyn Store) -> Result<(), PortError> {
    store.release(STATES, RUNNING).await
}

/// Aggregates whose live state differs from the fold of their events, and states without any
/// event, `kind/id` each.
pub async fn differences(
    store: &dyn Store,
    evolvers: &[Box<dyn Evolver>],
) -> Result<Vec<String>, PortError> {
    let mut fold = Fold::new(evolvers);
    while fold.page(store).await? {}
    let mut different = Vec::new();
    for evolver in evolvers {
        let kind = evolver.kind();
        let mut after = String::new();
        loop {
            let page = store.scan(kind, "", &after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            for (id, live) in page {
                let folded = fold.states.remove(&(kind, id.clone()));
                let same = folded.is_some_and(|(version, state)| {
                    live.version == version
                        && value(&live.state).is_some()
                        && value(&live.state) == value(&state)
                });
                if !same {
                    different.push(format!("{kind}/{id}"));
                }
            }
        }
    }
    // What is left has events and no state.
    different.extend(fold.states.into_keys().map(|(kind, id)| format!("{kind}/{id}")));
    different.sort_unstable();
    Ok(different)
}

fn value(json: &RawValue) -> Option<serde_json::Value> {
    serde_json::from_str(json.get()).ok()
}

type States = BTreeMap<(&'static str, String), (u64, Box<RawValue>)>;

/// The states of a log, as far as it has been read.
struct Fold<'a> {
    evolvers: &'a [Box<dyn Evolver>],
    states: States,
    after: i64,
    events: u64,
}

impl<'a> Fold<'a> {
    fn new(evolvers: &'a [Box<dyn Evolver>]) -> Self {
        Self { evolvers, states: States::new(), after: 0, events: 0 }
    }

    /// Reads one page; false when there was nothing more.
    async fn page(&mut self, store: &dyn Store) -> Result<bool, PortError> {
        let events = store.events(self.after, PAGE).await?;
        let Some(last) = events.last() else { return Ok(false) };
        self.after = last.position;
        self.events += events.len() as u64;
        for event in &events {
            self.one(event)?;
        }
        Ok(true)
    }

    fn one(&mut self, event: &StoredEvent) -> Result<(), PortError> {
        let Some(evolver) = self.evolvers.iter().find(|e| e.kind() == event.aggregate_kind) else {
            let text = format!("no rules for stored aggregates of kind {}", event.aggregate_kind);
            return Err(PortError::plain(ErrorKind::Permanent, text));
        };
        let key = (evolver.kind(), event.aggregate_id.clone());
        let before = self.states.get(&key).map(|(_, state)| state.as_ref());
        let next = evolver.evolve(before, &event.body)?;
        self.states.insert(key, (event.version, next));
        Ok(())
    }
}
