//! Rebuild: states are a projection of the service's own log. No effect is sent and no event
//! published, since only states are written.

use std::collections::BTreeMap;

use lockstep_ports::{AggregateKey, ErrorKind, PortError, SaveState, Store, StoredEvent};
use serde_json::value::RawValue;

use crate::aggregate::Evolver;

/// Events read at a time.
const PAGE: u32 = 5_000;
/// States written in one transaction.
const WRITE: usize = 1_000;

/// What a rebuild did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Events read.
    pub events: u64,
    /// Aggregates written.
    pub aggregates: u64,
}

type States = BTreeMap<(&'static str, String), (u64, Box<RawValue>)>;

/// Drops every state and folds the log again. The service must not be running.
pub async fn rebuild(
    store: &dyn Store,
    evolvers: &[Box<dyn Evolver>],
) -> Result<Rebuilt, PortError> {
    let (states, events) = fold(store, evolvers).await?;
    store.drop_states().await?;
    let aggregates = states.len() as u64;
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
        let mut tx = store.begin().await?;
        tx.save(&rows).await?;
        tx.commit().await?;
        rows = rest;
    }
    Ok(Rebuilt { events, aggregates })
}

/// Aggregates whose live state differs from the fold of their events, `kind/id` each.
pub async fn differences(
    store: &dyn Store,
    evolvers: &[Box<dyn Evolver>],
) -> Result<Vec<String>, PortError> {
    let (states, _) = fold(store, evolvers).await?;
    let mut different = Vec::new();
    for ((kind, id), (version, folded)) in states {
        let key = AggregateKey { kind, id };
        let live = store.read(std::slice::from_ref(&key)).await?.into_iter().next().flatten();
        let same = live.is_some_and(|l| {
            l.version == version && value(&l.state).is_some() && value(&l.state) == value(&folded)
        });
        if !same {
            different.push(format!("{}/{}", key.kind, key.id));
        }
    }
    Ok(different)
}

fn value(json: &RawValue) -> Option<serde_json::Value> {
    serde_json::from_str(json.get()).ok()
}

async fn fold(
    store: &dyn Store,
    evolvers: &[Box<dyn Evolver>],
) -> Result<(States, u64), PortError> {
    let mut states = States::new();
    let (mut after, mut count) = (0, 0);
    loop {
        let events = store.events(after, PAGE).await?;
        let Some(last) = events.last() else { return Ok((states, count)) };
        after = last.position;
        count += events.len() as u64;
        for event in &events {
            fold_one(&mut states, evolvers, event)?;
        }
    }
}

fn fold_one(
    states: &mut States,
    evolvers: &[Box<dyn Evolver>],
    event: &StoredEvent,
) -> Result<(), PortError> {
    let Some(evolver) = evolvers.iter().find(|e| e.kind() == event.aggregate_kind) else {
        let text = format!("no rules for stored aggregates of kind {}", event.aggregate_kind);
        return Err(PortError::plain(ErrorKind::Permanent, text));
    };
    let key = (evolver.kind(), event.aggregate_id.clone());
    let before = states.get(&key).map(|(_, state)| state.as_ref());
    let next = evolver.evolve(before, &event.body)?;
    states.insert(key, (event.version, next));
    Ok(())
}
