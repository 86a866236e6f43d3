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
/// A rebuild holds this lease while it works on the states.
const STATES: &str = "states";
/// Each process of the service holds a lease of its own that is named so, with its id.
const PRESENCE_PREFIX: &str = "states:";
/// How long these leases last; renewed well before they end. A process that was killed holds its
/// own so long.
pub const STATES_LEASE: Duration = Duration::from_secs(45);
/// The lease of a process that ended so long ago without giving it back is cleared away.
const PRESENCE_KEPT: Duration = Duration::from_secs(3_600);
/// Processes of an earlier version hold [`STATES`] together, as this holder.
const RUNNING_BEFORE: Uuid = Uuid::nil();

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
        // First its own, then the others', and a process does it in the same order: of two that
        // begin at once, at least one sees the other.
        self.take(STATES.to_owned()).await?;
        let now = self.clock.now();
        let present = self.store.leases(PRESENCE_PREFIX).await?;
        if let Some(process) = present.into_iter().find(|lease| lease.until > now) {
            return Err(RebuildError::Held { lease: process.name });
        }
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
pub(crate) async fn run_on_states(
    store: &dyn Store,
    clock: &dyn Clock,
    process: Uuid,
) -> Result<bool, PortError> {
    let now = clock.now();
    store.lease(&presence(process), process, now, later(now, STATES_LEASE)).await?;
    let mut is_rebuilt = false;
    for lease in store.leases(STATES).await? {
        if lease.name == STATES {
            is_rebuilt = lease.until > now && lease.holder != RUNNING_BEFORE;
        } else if lease.name.starts_with(PRESENCE_PREFIX) && later(lease.until, PRESENCE_KEPT) < now
        {
            store.release(&lease.name, lease.holder).await?;
        }
    }
    Ok(!is_rebuilt)
}

/// Says that it no longer does. Another process of the service says so for itself.
pub(crate) async fn leave_states(store: &dyn Store, process: Uuid) -> Result<(), PortError> {
    store.release(&presence(process), process).await
}

fn presence(process: Uuid) -> String {
    format!("{PRESENCE_PREFIX}{process}")
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
        let before = self.states.get(&key);
        let (last, state) = before.map_or((0, None), |(version, state)| (*version, Some(state)));
        if event.version != last + 1 {
            // A state without it would be written as if it had never happened.
            let (kind, id, version) = (evolver.kind(), &event.aggregate_id, event.version);
            let text = format!("the events of {kind} {id} go from {last} to {version}");
            return Err(PortError::plain(ErrorKind::Permanent, text));
        }
        let next = evolver.evolve(state.map(AsRef::as_ref), &event.body)?;
        self.states.insert(key, (event.version, next));
        Ok(())
    }
}
