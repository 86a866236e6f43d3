//! The store of one service.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, Cutoffs, DeadLetterHead, DeadLetterRow, EffectRow, EffectState, LeaseRow,
    OutboxState, PortError, RefusedRow, Snapshot, Store, StoredEvent, Timer, Tx,
};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use sqlx::{PgConnection, Postgres};
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

/// Rows of a table that one call of `prune` removes: well within a statement's time. The rest is
/// left to the next call.
const PRUNE_ROWS: i64 = 10_000;

/// What `prune` finds in one statement.
#[derive(Clone, Copy)]
enum Old {
    Inbox,
    Published,
    Closed,
    Letters,
    Refused,
}

impl Old {
    async fn prune(
        self,
        connection: &mut PgConnection,
        before: Timestamp,
    ) -> Result<u64, PortError> {
        match self {
            Self::Inbox => inbox::prune(connection, before, PRUNE_ROWS).await,
            Self::Published => outbox::prune(connection, before, PRUNE_ROWS).await,
            Self::Closed => effects::prune(connection, before, PRUNE_ROWS).await,
            Self::Letters => dead_letters::prune(connection, before, PRUNE_ROWS).await,
            Self::Refused => outbox::prune_refused(connection, before, PRUNE_ROWS).await,
        }
    }
}

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

    async fn lower_checkpoint(&self, consumer: &str, sequence: u64) -> Result<(), PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, checkpoints::lower(&mut connection, consumer, sequence)).await
    }

    async fn unpublished(
        &self,
        older_than: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxState>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, outbox::unpublished(&mut connection, older_than, limit)).await
    }

    async fn mark_published(&self, ids: &[String], at: Timestamp) -> Result<(), PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, outbox::mark_published(&mut connection, ids, at)).await
    }

    async fn refuse_outbox(&self, id: &str, reason: &str) -> Result<(), PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, outbox::refuse(&mut connection, id, reason)).await
    }

    async fn retry_outbox(&self) -> Result<u64, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, outbox::retry(&mut connection)).await
    }

    async fn refused_among(&self, ids: &[String]) -> Result<Vec<String>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, outbox::refused_among(&mut connection, ids)).await
    }

    async fn refused_outbox(&self, limit: u32) -> Result<Vec<RefusedRow>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, outbox::refused(&mut connection, limit)).await
    }

    async fn lanes(&self) -> Result<Vec<(String, Timestamp)>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, timers::lanes(&mut connection)).await
    }

    async fn due(&self, lane: &str, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, timers::due(&mut connection, lane, now, limit)).await
    }

    async fn due_under(
        &self,
        lane: &str,
        prefix: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Timer>, PortError> {
        let mut connection = self.connection().await?;
        let due = timers::due_under(&mut connection, (lane, prefix), now, limit);
        in_time(self.limit, due).await
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

    async fn effects_of(
        &self,
        states: &[EffectState],
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, effects::of_states(&mut connection, states, limit)).await
    }

    async fn effect(&self, id: Uuid) -> Result<Option<EffectRow>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, effects::one(&mut connection, id)).await
    }

    async fn dead_letters(
        &self,
        include_closed: bool,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<DeadLetterHead>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, dead_letters::list(&mut connection, include_closed, after, limit)).await
    }

    async fn dead_letter(&self, id: Uuid) -> Result<Option<DeadLetterRow>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, dead_letters::one(&mut connection, id)).await
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

    async fn leases(&self, prefix: &str) -> Result<Vec<LeaseRow>, PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, leases::named(&mut connection, prefix)).await
    }

    async fn release(&self, name: &str, holder: Uuid) -> Result<(), PortError> {
        let mut connection = self.connection().await?;
        in_time(self.limit, leases::release(&mut connection, name, holder)).await
    }

    async fn prune(&self, before: &Cutoffs) -> Result<u64, PortError> {
        let mut connection = self.connection().await?;
        let mut removed = 0;
        for kind in [
            (Old::Inbox, before.inbox),
            (Old::Published, before.outbox),
            (Old::Closed, before.effects),
            (Old::Letters, before.letters),
            (Old::Refused, before.letters),
        ] {
            if let (kind, Some(before)) = kind {
                removed += in_time(self.limit, kind.prune(&mut connection, before)).await?;
            }
        }
        if before.blank_timers {
            let pruned = timers::prune_blank(&mut connection, PRUNE_ROWS);
            removed += in_time(self.limit, pruned).await?;
        }
        Ok(removed)
    }

    async fn is_ready(&self) -> bool {
        in_time(READY_LIMIT, self.migrated()).await.unwrap_or(false)
    }
}
