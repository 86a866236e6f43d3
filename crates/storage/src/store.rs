//! The store of one service.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, DeadLetterRow, EffectRow, OutboxState, PortError, Snapshot, Store, StoredEvent,
    Timer, Tx,
};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use uuid::Uuid;

use crate::error::{failed, in_time};
use crate::options::StoreOptions;
use crate::transaction::PgTx;
use crate::{
    aggregates, checkpoints, connection, dead_letters, effects, events, inbox, leases, migrations,
    outbox, timers,
};

/// What a call may take beyond the server's own limit of a statement, before the connection counts
/// as lost: the way there and back, and a few statements that wait in turn.
const CALL_GRACE: Duration = Duration::from_secs(5);

/// A readiness probe is asked every few seconds and must not pile up.
const READY_LIMIT: Duration = Duration::from_secs(2);

/// Rows that one statement of `prune` removes: well within a statement's time.
const PRUNE_ROWS: u32 = 10_000;

/// Statements per table in one call of `prune`; the rest is left to the next call.
const PRUNE_ROUNDS: u32 = 1_000;

/// One service's schema in Postgres.
#[derive(Clone, Debug)]
pub struct PgStore {
    pool: PgPool,
    limit: Duration,
}

impl PgStore {
    /// Opens the schema of a service. Errors: `Transient` when the database is away, `Permanent`
    /// when the URL or the name of the schema cannot be read.
    pub async fn connect(
        url: &str,
        schema: &str,
        options: StoreOptions,
    ) -> Result<Self, PortError> {
        let pool = connection::pool(url, schema, &options).await?;
        Ok(Self { pool, limit: options.statement_timeout.saturating_add(CALL_GRACE) })
    }

    /// Closes every connection, after the calls in progress.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn connection(&self) -> Result<PoolConnection<Postgres>, PortError> {
        self.pool.acquire().await.map_err(|error| failed("cannot reach the database", error))
    }

    async fn migrated(&self) -> Result<bool, PortError> {
        let mut connection = self.connection().await?;
        Ok(migrations::pending(&mut connection).await? == 0)
    }
}

#[async_trait]
impl Store for PgStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, PortError> {
        let transaction = in_time(self.limit, async {
            self.pool.begin().await.map_err(|error| failed("cannot begin a transaction", error))
        });
        Ok(Box::new(PgTx::new(transaction.await?, self.limit)))
    }

    async fn read(&self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, aggregates::read(&mut connection, keys)).await
    }

    async fn scan(
        &self,
        kind: &'static str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Snapshot)>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, aggregates::scan(&mut connection, kind, prefix, after, limit)).await
    }

    async fn events(&self, after: i64, limit: u32) -> Result<Vec<StoredEvent>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, events::page(&mut connection, after, limit)).await
    }

    async fn events_of(
        &self,
        key: &AggregateKey,
        after_version: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, events::of(&mut connection, key, after_version, limit)).await
    }

    async fn checkpoint(&self, consumer: &str) -> Result<Option<u64>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, checkpoints::read(&mut connection, consumer)).await
    }

    async fn unpublished(&self, limit: u32) -> Result<Vec<OutboxState>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, outbox::unpublished(&mut connection, limit)).await
    }

    async fn mark_published(&self, ids: &[String], at: Timestamp) -> Result<(), PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, outbox::mark_published(&mut connection, ids, at)).await
    }

    async fn lanes(&self) -> Result<Vec<(String, Timestamp)>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, timers::lanes(&mut connection)).await
    }

    async fn due(&self, lane: &str, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, timers::due(&mut connection, lane, now, limit)).await
    }

    async fn timer(&self, lane: &str, key: &str) -> Result<Option<Timer>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, timers::one(&mut connection, lane, key)).await
    }

    async fn take_effects(
        &self,
        lane: &str,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, effects::take(&mut connection, lane, now, lease, limit)).await
    }

    async fn unknown_effects(&self, limit: u32) -> Result<Vec<EffectRow>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, effects::unknown(&mut connection, limit)).await
    }

    async fn dead_letters(
        &self,
        include_closed: bool,
        limit: u32,
    ) -> Result<Vec<DeadLetterRow>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, dead_letters::list(&mut connection, include_closed, limit)).await
    }

    async fn lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, leases::take(&mut connection, name, holder, now, until)).await
    }

    async fn release(&self, name: &str, holder: Uuid) -> Result<(), PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, leases::release(&mut connection, name, holder)).await
    }

    async fn prune(&self, before: Timestamp, keep_inbox: bool) -> Result<u64, PortError> {
        let mut connection = self.connection().await?;
        let rows = i64::from(PRUNE_ROWS);
        let mut removed = 0;
        for _ in 0..PRUNE_ROUNDS {
            let ids = if keep_inbox {
                0
            } else {
                in_time(self.limit, inbox::prune(&mut connection, before, rows)).await?
            };
            let published =
                in_time(self.limit, outbox::prune(&mut connection, before, rows)).await?;
            let closed = in_time(self.limit, effects::prune(&mut connection, before, rows)).await?;
            removed += ids + published + closed;
            if ids.max(published).max(closed) < u64::from(PRUNE_ROWS) {
                break;
            }
        }
        Ok(removed)
    }

    async fn drop_states(&self) -> Result<(), PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, aggregates::clear(&mut connection)).await
    }

    async fn is_ready(&self) -> bool {
        in_time(READY_LIMIT, self.migrated()).await.unwrap_or(false)
    }
}
