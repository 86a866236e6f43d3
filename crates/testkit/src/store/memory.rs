//! The store in memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, Cutoffs, DeadLetterHead, DeadLetterRow, EffectRow, EffectState, ErrorKind,
    LeaseRow, OutboxState, PortError, RefusedRow, Snapshot, Store, StoredEvent, Timer, Tx,
};
use uuid::Uuid;

use super::content::{check_number, check_text, kept};
use super::locks::{Locks, Resource};
use super::tables::{Lease, Tables};
use super::transaction::MemoryTx;

/// One service's store in memory. Clones are the same store, as a second process would see it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

/// Calls that transactions made, each a round trip of a real database, and rows that they wrote;
/// of those that were given up, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that load and lock aggregates.
    pub loads: usize,
    /// Calls that look at aggregates without a lock.
    pub peeks: usize,
    /// Calls that load and lock timers.
    pub timers: usize,
    /// Timers that were written.
    pub timers_written: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Shared {
    tables: Mutex<Tables>,
    pub(crate) locks: Locks,
    tally: Mutex<Tally>,
}

impl Shared {
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryStore {
    /// What transactions did since the last time that this was asked.
    pub fn take_tally(&self) -> Tally {
        std::mem::take(&mut *self.shared.tally())
    }

    /// Becomes what `older` is, without any error that somebody could see: a fail-over to a copy
    /// that lags. Open transactions go on, as they would through a pool that tests connections.
    pub fn fail_over_to(&self, older: &Self) {
        let tables = older.shared.tables().clone();
        *self.shared.tables() = tables;
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, PortError> {
        Ok(Box::new(MemoryTx::begin(Arc::clone(&self.shared))))
    }

    async fn read(&self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        let tables = self.shared.tables();
        Ok(keys.iter().map(|key| tables.states.get(key).cloned()).collect())
    }

    async fn scan(
        &self,
        kind: &'static str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Snapshot)>, PortError> {
        Ok(self
            .shared
            .tables()
            .with_prefix(kind, prefix)
            .filter(|(key, _)| key.id.as_str() > after)
            .take(rows(limit))
            .map(|(key, state)| (key.id.clone(), state.clone()))
            .collect())
    }

    async fn events(&self, after: i64, limit: u32) -> Result<Vec<StoredEvent>, PortError> {
        let passed = usize::try_from(after).unwrap_or(0);
        let tables = self.shared.tables();
        Ok(tables.events.iter().skip(passed).take(rows(limit)).cloned().collect())
    }

    async fn events_of(
        &self,
        key: &AggregateKey,
        after_version: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError> {
        let tables = self.shared.tables();
        let Some(versions) = tables.versions.get(key) else {
            return Ok(Vec::new());
        };
        Ok(versions
            .range(after_version.saturating_add(1)..)
            .filter_map(|(_, place)| tables.events.get(*place))
            .take(rows(limit))
            .cloned()
            .collect())
    }

    async fn checkpoint(&self, consumer: &str) -> Result<Option<u64>, PortError> {
        Ok(self.shared.tables().checkpoints.get(consumer).copied())
    }

    async fn lower_checkpoint(&self, consumer: &str, sequence: u64) -> Result<(), PortError> {
        check_number(sequence)?;
        if let Some(present) = self.shared.tables().checkpoints.get_mut(consumer) {
            *present = sequence.min(*present);
        }
        Ok(())
    }

    async fn unpublished(
        &self,
        older_than: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxState>, PortError> {
        Ok(self.shared.tables().outbox.unpublished(kept(older_than), rows(limit)))
    }

    async fn mark_published(&self, ids: &[String], at: Timestamp) -> Result<(), PortError> {
        self.shared.tables().outbox.mark_published(ids, kept(at));
        Ok(())
    }

    async fn refuse_outbox(&self, id: &str, reason: &str) -> Result<(), PortError> {
        check_text(&[reason])?;
        self.shared.tables().outbox.refuse(id, reason);
        Ok(())
    }

    async fn retry_outbox(&self) -> Result<u64, PortError> {
        Ok(self.shared.tables().outbox.retry())
    }

    async fn refused_among(&self, ids: &[String]) -> Result<Vec<String>, PortError> {
        let tables = self.shared.tables();
        let refused = tables.outbox.refused(usize::MAX).into_iter().map(|row| row.id);
        Ok(refused.filter(|id| ids.contains(id)).collect())
    }

    async fn refused_outbox(&self, limit: u32) -> Result<Vec<RefusedRow>, PortError> {
        Ok(self.shared.tables().outbox.refused(rows(limit)))
    }

    async fn lanes(&self) -> Result<Vec<(String, Timestamp)>, PortError> {
        let tables = self.shared.tables();
        let timers = tables
            .timers
            .values()
            .filter_map(|timer| timer.due_at.map(|due_at| (timer.lane.clone(), due_at)));
        let effects =
            tables.sendable_effects().map(|effect| (effect.row.lane.clone(), effect.lease_until));
        let mut lanes: BTreeMap<String, Timestamp> = BTreeMap::new();
        for (lane, at) in timers.chain(effects) {
            lanes.entry(lane).and_modify(|first| *first = at.min(*first)).or_insert(at);
        }
        Ok(lanes.into_iter().collect())
    }

    async fn due(&self, lane: &str, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError> {
        self.due_under(lane, "", now, limit).await
    }

    async fn due_under(
        &self,
        lane: &str,
        prefix: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Timer>, PortError> {
        let tables = self.shared.tables();
        let mut due: Vec<Timer> = tables
            .timers
            .values()
            .filter(|timer| timer.lane == lane && timer.key.starts_with(prefix))
            .filter(|timer| timer.due_at.is_some_and(|at| at <= kept(now)))
            .cloned()
            .collect();
        due.sort_by(|one, other| (one.due_at, &one.key).cmp(&(other.due_at, &other.key)));
        due.truncate(rows(limit));
        Ok(due)
    }

    async fn timer(&self, lane: &str, key: &str) -> Result<Option<Timer>, PortError> {
        Ok(self.shared.tables().timers.get(&(lane.to_owned(), key.to_owned())).cloned())
    }

    async fn take_effects(
        &self,
        lane: &str,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError> {
        let until = now.checked_add(lease).map_err(|error| {
            PortError::new(ErrorKind::Permanent, "a lease that ends beyond the calendar", error)
        })?;
        let mut tables = self.shared.tables();
        let mut free: Vec<(Timestamp, Uuid)> = tables
            .sendable_effects()
            .filter(|effect| effect.row.lane == lane && effect.lease_until <= kept(now))
            .filter(|effect| !self.shared.locks.is_held(&Resource::Effect(effect.row.id)))
            .map(|effect| (effect.row.created_at, effect.row.id))
            .collect();
        free.sort_unstable();
        free.truncate(rows(limit));
        let mut taken = Vec::new();
        for (_, id) in free {
            if let Some(effect) = tables.effects.get_mut(&id) {
                effect.lease_until = kept(until);
                taken.push(effect.row.clone());
            }
        }
        Ok(taken)
    }

    async fn effects_of(
        &self,
        states: &[EffectState],
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError> {
        let tables = self.shared.tables();
        let mut found: Vec<EffectRow> = tables
            .open_effects()
            .filter(|effect| states.contains(&effect.row.state))
            .map(|effect| effect.row.clone())
            .collect();
        found.sort_by_key(|row| (row.created_at, row.id));
        found.truncate(rows(limit));
        Ok(found)
    }

    async fn effect(&self, id: Uuid) -> Result<Option<EffectRow>, PortError> {
        Ok(self.shared.tables().effects.get(&id).map(|effect| effect.row.clone()))
    }

    async fn dead_letters(
        &self,
        include_closed: bool,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<DeadLetterHead>, PortError> {
        let tables = self.shared.tables();
        let place = |letter: &DeadLetterRow| (letter.opened_at, letter.id);
        let behind = match after {
            None => None,
            Some(id) => match tables.dead_letters.get(&id) {
                None => return Ok(Vec::new()),
                Some(last) => Some(place(last)),
            },
        };
        let mut letters: Vec<&DeadLetterRow> = tables
            .dead_letters
            .values()
            .filter(|letter| include_closed || letter.state == "open")
            .filter(|letter| behind.is_none_or(|behind| place(letter) < behind))
            .collect();
        letters.sort_by_key(|letter| Reverse(place(letter)));
        letters.truncate(rows(limit));
        Ok(letters.into_iter().map(head).collect())
    }

    async fn dead_letter(&self, id: Uuid) -> Result<Option<DeadLetterRow>, PortError> {
        Ok(self.shared.tables().dead_letters.get(&id).cloned())
    }

    async fn lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        check_text(&[name])?;
        let mut tables = self.shared.tables();
        let others = tables
            .leases
            .get(name)
            .is_some_and(|lease| lease.holder != holder && lease.until > kept(now));
        if !others {
            tables.leases.insert(name.to_owned(), Lease { holder, until: kept(until) });
        }
        Ok(!others)
    }

    async fn leases(&self, prefix: &str) -> Result<Vec<LeaseRow>, PortError> {
        let tables = self.shared.tables();
        let named = tables.leases.range(prefix.to_owned()..);
        let named = named.take_while(|(name, _)| name.starts_with(prefix));
        let row = |(name, lease): (&String, &Lease)| LeaseRow {
            name: name.clone(),
            holder: lease.holder,
            until: lease.until,
        };
        Ok(named.map(row).collect())
    }

    async fn release(&self, name: &str, holder: Uuid) -> Result<(), PortError> {
        let mut tables = self.shared.tables();
        if tables.leases.get(name).is_some_and(|lease| lease.holder == holder) {
            tables.leases.remove(name);
        }
        Ok(())
    }

    async fn prune(&self, before: &Cutoffs) -> Result<u64, PortError> {
        let removed = self.shared.tables().prune(before);
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    async fn is_ready(&self) -> bool {
        true
    }
}

fn head(letter: &DeadLetterRow) -> DeadLetterHead {
    let letter = letter.clone();
    DeadLetterHead {
        id: letter.id,
        stream: letter.stream,
        stream_sequence: letter.stream_sequence,
        subject: letter.subject,
        message_type: letter.message_type,
        message_id: letter.message_id,
        reason: letter.reason,
        attempts: letter.attempts,
        state: letter.state,
        opened_at: letter.opened_at,
    }
}

fn rows(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
