//! A store that can be cut off, and that refuses what a test tells it to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, Cutoffs, DeadLetterHead, DeadLetterRow, EffectRow, EffectState, ErrorKind,
    LeaseRow, OutboxState, PortError, RefusedRow, Snapshot, Store, StoredEvent, Timer, Tx,
};
use lockstep_testkit::MemoryStore;
use uuid::Uuid;

use crate::picky::PickyTx;

/// The in-memory store behind a connection that a test cuts.
#[derive(Clone, Default)]
pub struct CutStore {
    inner: MemoryStore,
    is_away: Arc<AtomicBool>,
    refuses: Arc<Mutex<Vec<String>>>,
    begun: Arc<AtomicUsize>,
    gate: Arc<tokio::sync::Mutex<()>>,
}

impl CutStore {
    pub fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// Refuses messages with these ids for their content.
    pub fn refuse<const N: usize>(&self, ids: [&str; N]) {
        *self.refuses.lock().expect("no holder panics") = ids.map(str::to_owned).into();
    }

    /// Lets no transaction begin while the guard lives.
    pub async fn hold(&self) -> tokio::sync::OwnedMutexGuard<()> {
        self.gate.clone().lock_owned().await
    }

    /// How many transactions were begun.
    pub fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    fn reach(&self) -> Result<&MemoryStore, PortError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(PortError::plain(ErrorKind::Transient, "the database is away"));
        }
        Ok(&self.inner)
    }
}

#[async_trait::async_trait]
impl Store for CutStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, PortError> {
        drop(self.gate.lock().await);
        let inner = self.reach()?.begin().await?;
        self.begun.fetch_add(1, Ordering::SeqCst);
        let refuses = self.refuses.lock().expect("no holder panics").clone();
        Ok(Box::new(PickyTx { inner, refuses }))
    }

    async fn read(&self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        self.reach()?.read(keys).await
    }

    async fn scan(
        &self,
        kind: &'static str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Snapshot)>, PortError> {
        self.reach()?.scan(kind, prefix, after, limit).await
    }

    async fn events(&self, after: i64, limit: u32) -> Result<Vec<StoredEvent>, PortError> {
        self.reach()?.events(after, limit).await
    }

    async fn events_of(
        &self,
        key: &AggregateKey,
        after_version: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError> {
        self.reach()?.events_of(key, after_version, limit).await
    }

    async fn checkpoint(&self, consumer: &str) -> Result<Option<u64>, PortError> {
        self.reach()?.checkpoint(consumer).await
    }

    async fn lower_checkpoint(&self, consumer: &str, sequence: u64) -> Result<(), PortError> {
        self.reach()?.lower_checkpoint(consumer, sequence).await
    }

    async fn unpublished(
        &self,
        older_than: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxState>, PortError> {
        self.reach()?.unpublished(older_than, limit).await
    }

    async fn refuse_outbox(&self, id: &str, reason: &str) -> Result<(), PortError> {
        self.reach()?.refuse_outbox(id, reason).await
    }

    async fn retry_outbox(&self) -> Result<u64, PortError> {
        self.reach()?.retry_outbox().await
    }

    async fn refused_among(&self, ids: &[String]) -> Result<Vec<String>, PortError> {
        self.reach()?.refused_among(ids).await
    }

    async fn refused_outbox(&self, limit: u32) -> Result<Vec<RefusedRow>, PortError> {
        self.reach()?.refused_outbox(limit).await
    }

    async fn mark_published(&self, ids: &[String], at: Timestamp) -> Result<(), PortError> {
        self.reach()?.mark_published(ids, at).await
    }

    async fn lanes(&self) -> Result<Vec<(String, Timestamp)>, PortError> {
        self.reach()?.lanes().await
    }

    async fn due(&self, lane: &str, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError> {
        self.reach()?.due(lane, now, limit).await
    }

    async fn due_under(
        &self,
        lane: &str,
        prefix: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Timer>, PortError> {
        self.reach()?.due_under(lane, prefix, now, limit).await
    }

    async fn timer(&self, lane: &str, key: &str) -> Result<Option<Timer>, PortError> {
        self.reach()?.timer(lane, key).await
    }

    async fn take_effects(
        &self,
        lane: &str,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError> {
        self.reach()?.take_effects(lane, now, lease, limit).await
    }

    async fn effects_of(
        &self,
        states: &[EffectState],
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError> {
        self.reach()?.effects_of(states, limit).await
    }

    async fn effect(&self, id: Uuid) -> Result<Option<EffectRow>, PortError> {
        self.reach()?.effect(id).await
    }

    async fn dead_letters(
        &self,
        include_closed: bool,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<DeadLetterHead>, PortError> {
        self.reach()?.dead_letters(include_closed, after, limit).await
    }

    async fn dead_letter(&self, id: Uuid) -> Result<Option<DeadLetterRow>, PortError> {
        self.reach()?.dead_letter(id).await
    }

    async fn lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        self.reach()?.lease(name, holder, now, until).await
    }

    async fn leases(&self, prefix: &str) -> Result<Vec<LeaseRow>, PortError> {
        self.reach()?.leases(prefix).await
    }

    async fn release(&self, name: &str, holder: Uuid) -> Result<(), PortError> {
        self.reach()?.release(name, holder).await
    }

    async fn prune(&self, before: &Cutoffs) -> Result<u64, PortError> {
        self.reach()?.prune(before).await
    }

    async fn is_ready(&self) -> bool {
        self.reach().is_ok()
    }
}
