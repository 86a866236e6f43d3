//! What is committed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, Cutoffs, DeadLetterRow, EffectRow, EffectState, NewEvent, OutboxRow, OutboxState,
    RefusedRow, Snapshot, StoredEvent, Timer,
};
use uuid::Uuid;

use super::content::kept;

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
    /// True when the states that were there before go.
    pub(crate) drops_states: bool,
    pub(crate) states: BTreeMap<AggregateKey, Snapshot>,
    pub(crate) outbox: Vec<Waiting>,
    pub(crate) effects: BTreeMap<Uuid, Effect>,
    pub(crate) timers: BTreeMap<(String, String), Timer>,
    pub(crate) checkpoints: BTreeMap<String, u64>,
    pub(crate) dead_letters: BTreeMap<Uuid, DeadLetterRow>,
}

#[derive(Clone, Debug, Default)]
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

#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    added: i64,
    pub(crate) waiting: BTreeMap<i64, Waiting>,
    pub(crate) published: BTreeMap<i64, Timestamp>,
    places: BTreeMap<String, i64>,
}

/// A row that no broker has acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) row: OutboxRow,
    pub(crate) opened_at: Timestamp,
    pub(crate) refusal: Option<String>,
}

impl Tables {
    pub(crate) fn commit(&mut self, staged: Staged) {
        self.inbox.extend(staged.inbox);
        for event in staged.events {
            self.append(event);
        }
        if staged.drops_states {
            self.states.clear();
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

    /// Those that a worker may take.
    pub(crate) fn sendable_effects(&self) -> impl Iterator<Item = &Effect> {
        self.open_effects().filter(|effect| effect.row.state != EffectState::Asks)
    }

    /// Removes what is older than its cut-off; how many.
    pub(crate) fn prune(&mut self, before: &Cutoffs) -> usize {
        let mut removed = 0;
        if let Some(at) = before.inbox.map(kept) {
            removed += drop_from(&mut self.inbox, |noted| noted.seen_at < at);
        }
        if let Some(at) = before.outbox.map(kept) {
            removed += self.outbox.prune(at);
        }
        if let Some(at) = before.effects.map(kept) {
            removed += drop_from(&mut self.effects, |effect| {
                effect.row.state == EffectState::Closed && effect.row.created_at < at
            });
        }
        if let Some(at) = before.letters.map(kept) {
            removed += drop_from(&mut self.dead_letters, |letter| letter.opened_at < at);
            removed += self.outbox.prune_refused(at);
        }
        if before.blank_timers {
            removed += drop_from(&mut self.timers, |timer| {
                let times = [timer.due_at, timer.not_before, timer.dirty_since];
                times.iter().all(Option::is_none) && timer.note.is_empty()
            });
        }
        removed
    }
}

impl Outbox {
    fn add(&mut self, row: Waiting) {
        self.added += 1;
        self.places.insert(row.row.id.clone(), self.added);
        self.waiting.insert(self.added, row);
    }

    pub(crate) fn holds(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    pub(crate) fn unpublished(&self, older_than: Timestamp, limit: usize) -> Vec<OutboxState> {
        self.waiting
            .iter()
            .filter(|(_, each)| each.refusal.is_none() && each.opened_at < older_than)
            .take(limit)
            .map(|(position, each)| OutboxState { position: *position, row: each.row.clone() })
            .collect()
    }

    pub(crate) fn refuse(&mut self, id: &str, reason: &str) {
        let place = self.places.get(id);
        if let Some(row) = place.and_then(|place| self.waiting.get_mut(place)) {
            row.refusal = Some(reason.to_owned());
        }
    }

    pub(crate) fn retry(&mut self) -> u64 {
        let refusals = self.waiting.values_mut().map(|row| row.refusal.take());
        refusals.flatten().count() as u64
    }

    pub(crate) fn refused(&self, limit: usize) -> Vec<RefusedRow> {
        let refused = self.waiting.values().filter_map(|each| {
            Some(RefusedRow {
                id: each.row.id.clone(),
                stream: each.row.message.stream,
                subject: each.row.message.subject.clone(),
                reason: each.refusal.clone()?,
            })
        });
        refused.take(limit).collect()
    }

    pub(crate) fn mark_published(&mut self, ids: &[String], at: Timestamp) {
        for place in ids.iter().filter_map(|id| self.places.get(id)) {
            if self.waiting.remove(place).is_some() {
                self.published.insert(*place, at);
            }
        }
    }

    /// Removes what was published before a time; how many.
    fn prune(&mut self, before: Timestamp) -> usize {
        let removed = drop_from(&mut self.published, |at| *at < before);
        self.forget_places();
        removed
    }

    /// Removes what was added before a time and refused; how many.
    fn prune_refused(&mut self, before: Timestamp) -> usize {
        let removed =
            drop_from(&mut self.waiting, |each| each.refusal.is_some() && each.opened_at < before);
        self.forget_places();
        removed
    }

    fn forget_places(&mut self) {
        let Self { places, waiting, published, .. } = self;
        places.retain(|_, place| waiting.contains_key(place) || published.contains_key(place));
    }
}

fn drop_from<K: Ord, V>(rows: &mut BTreeMap<K, V>, is_old: impl Fn(&V) -> bool) -> usize {
    let before = rows.len();
    rows.retain(|_, row| !is_old(row));
    before - rows.len()
}
