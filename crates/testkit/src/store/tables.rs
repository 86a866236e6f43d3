//! What is committed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, DeadLetterRow, EffectRow, EffectState, NewEvent, OutboxRow, OutboxState,
    Snapshot, StoredEvent, Timer,
};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) digest: Vec<u8>,
    pub(crate) seen_at: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) row: EffectRow,
    pub(crate) lease_until: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) holder: Uuid,
    pub(crate) until: Timestamp,
}

/// Writes that take effect together.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    pub(crate) inbox: BTreeMap<String, Noted>,
    pub(crate) events: Vec<NewEvent>,
    pub(crate) states: BTreeMap<AggregateKey, Snapshot>,
    pub(crate) outbox: Vec<OutboxRow>,
    pub(crate) effects: BTreeMap<Uuid, Effect>,
    pub(crate) timers: BTreeMap<(String, String), Timer>,
    pub(crate) checkpoints: BTreeMap<String, u64>,
    pub(crate) dead_letters: BTreeMap<Uuid, DeadLetterRow>,
}

#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) inbox: BTreeMap<String, Noted>,
    /// The event at place n has position n + 1.
    pub(crate) events: Vec<StoredEvent>,
    /// Places of each aggregate's events, by version.
    pub(crate) versions: BTreeMap<AggregateKey, BTreeMap<u64, usize>>,
    pub(crate) states: BTreeMap<AggregateKey, Snapshot>,
    pub(crate) outbox: Outbox,
    pub(crate) effects: BTreeMap<Uuid, Effect>,
    /// Effects that are not closed, so that looking for them does not walk through all others.
    pub(crate) open_effects: BTreeSet<Uuid>,
    pub(crate) timers: BTreeMap<(String, String), Timer>,
    pub(crate) checkpoints: BTreeMap<String, u64>,
    pub(crate) dead_letters: BTreeMap<Uuid, DeadLetterRow>,
    pub(crate) leases: BTreeMap<String, Lease>,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    added: i64,
    pub(crate) waiting: BTreeMap<i64, OutboxRow>,
    pub(crate) published: BTreeMap<i64, Timestamp>,
    places: BTreeMap<String, i64>,
}

impl Tables {
    pub(crate) fn commit(&mut self, staged: Staged) {
        self.inbox.extend(staged.inbox);
        for event in staged.events {
            self.append(event);
        }
        self.states.extend(staged.states);
        for row in staged.outbox {
            self.outbox.add(row);
        }
        for (id, effect) in staged.effects {
            if effect.row.state == EffectState::Closed {
                self.open_effects.remove(&id);
            } else {
                self.open_effects.insert(id);
            }
            self.effects.insert(id, effect);
        }
        self.timers.extend(staged.timers);
        self.checkpoints.extend(staged.checkpoints);
        self.dead_letters.extend(staged.dead_letters);
    }

    fn append(&mut self, event: NewEvent) {
        let place = self.events.len();
        self.versions.entry(event.key.clone()).or_default().insert(event.version, place);
        self.events.push(StoredEvent {
            position: i64::try_from(place).map_or(i64::MAX, |place| place + 1),
            aggregate_kind: event.key.kind.to_owned(),
            aggregate_id: event.key.id,
            version: event.version,
            kind: event.kind,
            body: event.body,
            at: event.at,
            cause: event.cause,
        });
    }

    /// States of a kind whose id begins with `prefix`, in order.
    pub(crate) fn with_prefix<'s>(
        &'s self,
        kind: &'static str,
        prefix: &'s str,
    ) -> impl Iterator<Item = (&'s AggregateKey, &'s Snapshot)> {
        self.states
            .range(AggregateKey { kind, id: prefix.to_owned() }..)
            .take_while(move |(key, _)| key.kind == kind && key.id.starts_with(prefix))
    }

    /// Effects that are not closed.
    pub(crate) fn open_effects(&self) -> impl Iterator<Item = &Effect> {
        self.open_effects.iter().filter_map(|id| self.effects.get(id))
    }
}

impl Outbox {
    fn add(&mut self, row: OutboxRow) {
        self.added += 1;
        self.places.insert(row.id.clone(), self.added);
        self.waiting.insert(self.added, row);
    }

    pub(crate) fn holds(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    pub(crate) fn unpublished(&self, limit: usize) -> Vec<OutboxState> {
        self.waiting
            .iter()
            .take(limit)
            .map(|(position, row)| OutboxState { position: *position, row: row.clone() })
            .collect()
    }

    pub(crate) fn mark_published(&mut self, ids: &[String], at: Timestamp) {
        for place in ids.iter().filter_map(|id| self.places.get(id)) {
            if self.waiting.remove(place).is_some() {
                self.published.insert(*place, at);
            }
        }
    }

    /// Removes what was published before a time; how many.
    pub(crate) fn prune(&mut self, before: Timestamp) -> usize {
        let rows = self.published.len();
        self.published.retain(|_, at| *at >= before);
        let Self { places, waiting, published, .. } = self;
        places.retain(|_, place| waiting.contains_key(place) || published.contains_key(place));
        rows - self.published.len()
    }
}
