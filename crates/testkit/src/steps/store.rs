//! A store that is called step by step.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, Cutoffs, DeadLetterHead, DeadLetterRow, EffectRow, EffectState, IdRange,
    LeaseRow, NewEffect, NewEvent, OutboxRow, OutboxState, PortError, RefusedRow, SaveState,
    Snapshot, Store, StoredEvent, Timer, Tx,
};
use uuid::Uuid;

use super::{Commit, Plant, Steps};

/// A store behind [`Steps`].
pub struct SteppingStore {
    inner: Arc<dyn Store>,
    steps: Steps,
    plant: Option<Arc<dyn Plant>>,
}

impl SteppingStore {
    /// Steps before each call, and after each that changes something.
    pub fn new(inner: Arc<dyn Store>, steps: Steps) -> Self {
        Self { inner, steps, plant: None }
    }

    /// With something between the service and its store.
    #[must_use]
    pub fn with(self, plant: Option<Arc<dyn Plant>>) -> Self {
        Self { plant, ..self }
    }
}

#[async_trait]
impl Store for SteppingStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, PortError> {
        self.steps.step().await;
        let inner = self.inner.begin().await?;
        let (steps, plant) = (self.steps.clone(), self.plant.clone());
        Ok(Box::new(SteppingTx { inner, steps, plant, commit: Commit::default() }))
    }

    async fn read(&self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        self.steps.step().await;
        self.inner.read(keys).await
    }

    async fn scan(
        &self,
        kind: &'static str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Snapshot)>, PortError> {
        self.steps.step().await;
        self.inner.scan(kind, prefix, after, limit).await
    }

    async fn events(&self, after: i64, limit: u32) -> Result<Vec<StoredEvent>, PortError> {
        self.steps.step().await;
        self.inner.events(after, limit).await
    }

    async fn events_of(
        &self,
        key: &AggregateKey,
        after_version: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError> {
        self.steps.step().await;
        self.inner.events_of(key, after_version, limit).await
    }

    async fn checkpoint(&self, consumer: &str) -> Result<Option<u64>, PortError> {
        self.steps.step().await;
        self.inner.checkpoint(consumer).await
    }

    async fn lower_checkpoint(&self, consumer: &str, sequence: u64) -> Result<(), PortError> {
        self.steps.step().await;
        let answer = self.inner.lower_checkpoint(consumer, sequence).await;
        self.steps.step().await;
        answer
    }

    async fn unpublished(
        &self,
        older_than: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxState>, PortError> {
        self.steps.step().await;
        self.inner.unpublished(older_than, limit).await
    }

    async fn mark_published(&self, ids: &[String], at: Timestamp) -> Result<(), PortError> {
        self.steps.step().await;
        let answer = self.inner.mark_published(ids, at).await;
        self.steps.step().await;
        answer
    }

    async fn refuse_outbox(&self, id: &str, reason: &str) -> Result<(), PortError> {
        self.steps.step().await;
        let answer = self.inner.refuse_outbox(id, reason).await;
        self.steps.step().await;
        answer
    }

    async fn retry_outbox(&self) -> Result<u64, PortError> {
        self.steps.step().await;
        let answer = self.inner.retry_outbox().await;
        self.steps.step().await;
        answer
    }

    async fn refused_among(&self, ids: &[String]) -> Result<Vec<String>, PortError> {
        self.steps.step().await;
        self.inner.refused_among(ids).await
    }

    async fn refused_outbox(&self, limit: u32) -> Result<Vec<RefusedRow>, PortError> {
        self.steps.step().await;
        self.inner.refused_outbox(limit).await
    }

    async fn lanes(&self) -> Result<Vec<(String, Timestamp)>, PortError> {
        self.steps.step().await;
        self.inner.lanes().await
    }

    async fn due(&self, lane: &str, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError> {
        self.steps.step().await;
        self.inner.due(lane, now, limit).await
    }

    async fn due_under(
        &self,
        lane: &str,
        prefix: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Timer>, PortError> {
        self.steps.step().await;
        self.inner.due_under(lane, prefix, now, limit).await
    }

    async fn timer(&self, lane: &str, key: &str) -> Result<Option<Timer>, PortError> {
        self.steps.step().await;
        self.inner.timer(lane, key).await
    }

    async fn take_effects(
        &self,
        lane: &str,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError> {
        self.steps.step().await;
        let answer = self.inner.take_effects(lane, now, lease, limit).await;
        self.steps.step().await;
        answer
    }

    async fn effects_of(
        &self,
        states: &[EffectState],
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError> {
        self.steps.step().await;
        self.inner.effects_of(states, limit).await
    }

    async fn effect(&self, id: Uuid) -> Result<Option<EffectRow>, PortError> {
        self.steps.step().await;
        self.inner.effect(id).await
    }

    async fn dead_letters(
        &self,
        include_closed: bool,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<DeadLetterHead>, PortError> {
        self.steps.step().await;
        self.inner.dead_letters(include_closed, after, limit).await
    }

    async fn dead_letter(&self, id: Uuid) -> Result<Option<DeadLetterRow>, PortError> {
        self.steps.step().await;
        self.inner.dead_letter(id).await
    }

    async fn lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        self.steps.step().await;
        let answer = self.inner.lease(name, holder, now, until).await;
        self.steps.step().await;
        answer
    }

    async fn leases(&self, prefix: &str) -> Result<Vec<LeaseRow>, PortError> {
        self.steps.step().await;
        self.inner.leases(prefix).await
    }

    async fn release(&self, name: &str, holder: Uuid) -> Result<(), PortError> {
        self.steps.step().await;
        let answer = self.inner.release(name, holder).await;
        self.steps.step().await;
        answer
    }

    async fn prune(&self, before: &Cutoffs) -> Result<u64, PortError> {
        self.steps.step().await;
        let answer = self.inner.prune(before).await;
        self.steps.step().await;
        answer
    }

    async fn is_ready(&self) -> bool {
        self.steps.step().await;
        self.inner.is_ready().await
    }
}

/// A transaction behind [`Steps`].
struct SteppingTx {
    inner: Box<dyn Tx>,
    steps: Steps,
    plant: Option<Arc<dyn Plant>>,
    /// What it would commit.
    commit: Commit,
}

#[async_trait]
impl Tx for SteppingTx {
    async fn inbox(
        &mut self,
        ids: &[(String, Vec<u8>)],
        now: Timestamp,
    ) -> Result<Vec<Option<Vec<u8>>>, PortError> {
        self.steps.step().await;
        let mut answer = self.inner.inbox(ids, now).await?;
        if let Some(plant) = &self.plant {
            plant.inbox(&mut answer);
        }
        let new = ids.iter().zip(&answer).filter(|(_, known)| known.is_none());
        self.commit.messages.extend(new.map(|((id, _), _)| id.clone()));
        self.commit.is_batch |= !ids.is_empty();
        Ok(answer)
    }

    async fn load(&mut self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        self.steps.step().await;
        let mut answer = self.inner.load(keys).await?;
        if let Some(plant) = self.plant.as_ref().filter(|_| !self.commit.is_batch) {
            plant.loaded_by_lane(keys, &mut answer);
        }
        Ok(answer)
    }

    async fn peek(&mut self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        self.steps.step().await;
        self.inner.peek(keys).await
    }

    async fn ids(&mut self, range: &IdRange) -> Result<Vec<String>, PortError> {
        self.steps.step().await;
        self.inner.ids(range).await
    }

    async fn append(&mut self, events: &[NewEvent]) -> Result<(), PortError> {
        self.steps.step().await;
        self.inner.append(events).await?;
        self.commit.events.extend_from_slice(events);
        Ok(())
    }

    async fn drop_states(&mut self) -> Result<(), PortError> {
        self.steps.step().await;
        self.inner.drop_states().await
    }

    async fn save(&mut self, states: &[SaveState]) -> Result<(), PortError> {
        self.steps.step().await;
        self.inner.save(states).await
    }

    async fn outbox(&mut self, rows: &[OutboxRow], now: Timestamp) -> Result<(), PortError> {
        self.steps.step().await;
        self.inner.outbox(rows, now).await
    }

    async fn open_effects(&mut self, effects: &[NewEffect]) -> Result<(), PortError> {
        self.steps.step().await;
        self.inner.open_effects(effects).await
    }

    async fn hold_effect(
        &mut self,
        id: Uuid,
        attempts: u32,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        self.steps.step().await;
        self.inner.hold_effect(id, attempts, until).await
    }

    async fn move_effect(
        &mut self,
        id: Uuid,
        state: EffectState,
        note: &str,
        attempts: Option<u32>,
    ) -> Result<bool, PortError> {
        self.steps.step().await;
        self.inner.move_effect(id, state, note, attempts).await
    }

    async fn timers(&mut self, keys: &[(String, String)]) -> Result<Vec<Option<Timer>>, PortError> {
        self.steps.step().await;
        self.inner.timers(keys).await
    }

    async fn save_timers(&mut self, timers: &[Timer]) -> Result<(), PortError> {
        self.steps.step().await;
        self.inner.save_timers(timers).await
    }

    async fn set_checkpoint(&mut self, consumer: &str, sequence: u64) -> Result<u64, PortError> {
        self.steps.step().await;
        self.inner.set_checkpoint(consumer, sequence).await
    }

    async fn open_dead_letters(&mut self, letters: &[DeadLetterRow]) -> Result<(), PortError> {
        self.steps.step().await;
        self.inner.open_dead_letters(letters).await
    }

    async fn dead_letter(&mut self, id: Uuid) -> Result<Option<DeadLetterRow>, PortError> {
        self.steps.step().await;
        self.inner.dead_letter(id).await
    }

    async fn set_dead_letter(
        &mut self,
        id: Uuid,
        state: &str,
        reason: &str,
        attempts: u32,
    ) -> Result<(), PortError> {
        self.steps.step().await;
        self.inner.set_dead_letter(id, state, reason, attempts).await
    }

    async fn commit(self: Box<Self>) -> Result<(), PortError> {
        let Self { inner, steps, commit, .. } = *self;
        steps.step().await;
        inner.commit().await?;
        steps.committed(commit);
        steps.step().await;
        Ok(())
    }
}
