//! A store that can be cut off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, DeadLetterRow, EffectRow, ErrorKind, OutboxState, PortError, Snapshot, Store,
    StoredEvent, Timer, Tx,
};
use lockstep_testkit::MemoryStore;
use uuid::Uuid;

/// The in-memory store behind a connection that a test cuts.
#[derive(Clone, Default)]
pub struct CutStore {
    inner: MemoryStore,
    is_away: Arc<AtomicBool>,
}

impl CutStore {
    pub fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
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
        self.reach()?.begin().await
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

    async fn unpublished(&self, limit: u32) -> Result<Vec<OutboxState>, PortError> {
        self.reach()?.unpublished(limit).await
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

    async fn unknown_effects(&self, limit: u32) -> Result<Vec<EffectRow>, PortError> {
        self.reach()?.unknown_effects(limit).await
    }

    async fn dead_letters(
        &self,
        include_closed: bool,
        limit: u32,
    ) -> Result<Vec<DeadLetterRow>, PortError> {
        self.reach()?.dead_letters(include_closed, limit).await
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

    async fn release(&self, name: &str, holder: Uuid) -> Result<(), PortError> {
        self.reach()?.release(name, holder).await
    }

    async fn prune(&self, before: Timestamp, keep_inbox: bool) -> Result<u64, PortError> {
        self.reach()?.prune(before, keep_inbox).await
    }

    async fn drop_states(&self) -> Result<(), PortError> {
        self.reach()?.drop_states().await
    }

    async fn is_ready(&self) -> bool {
        self.reach().is_ok()
    }
}
