//! What the product has committed, as its database tells it.

use std::time::Duration;

use anyhow::{Result, bail};
use jiff::Timestamp;
use lockstep_contracts::Event as _;
use lockstep_contracts::backoffice::v1::MovementReported;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::time::Instant;

use crate::shop::BACK_OFFICE;
use crate::stage::Stage;

/// Where rows are kept that the next part overwrites, and the twins.
pub const SCHEMA: &str = "plain";
/// The longest that a part may take.
const PART_MAX: Duration = Duration::from_secs(900);
const POLL: Duration = Duration::from_millis(50);

/// The ends of the logs that grow.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// The last sequence of the stream that stock-sync processed.
    pub sequence: i64,
    /// The end of stock-sync's own log.
    pub events: i64,
    /// The end of the gateway's outbox.
    pub outbox: i64,
}

/// A connection of its own.
pub struct Database {
    pub connection: PgConnection,
    consumer: String,
}

impl Database {
    /// Connects, and makes the schema for what is kept.
    pub async fn open(stage: &Stage) -> Result<Self> {
        let mut connection = PgConnection::connect(&stage.database_url()).await?;
        sqlx::query(AssertSqlSafe(format!("create schema {SCHEMA}")))
            .execute(&mut connection)
            .await?;
        let stream = MovementReported::STREAM.name().to_lowercase();
        Ok(Self { connection, consumer: format!("stock-sync-{stream}-{BACK_OFFICE}") })
    }

    /// Where the logs end now.
    pub async fn marks(&mut self) -> Result<Marks> {
        Ok(Marks {
            sequence: self.sequence().await?,
            events: self.number("select coalesce(max(position), 0) from stock_sync.events").await?,
            outbox: self
                .number("select coalesce(max(position), 0) from backoffice_gateway.outbox")
                .await?,
        })
    }

    async fn number(&mut self, query: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(query).fetch_one(&mut self.connection).await?)
    }

    async fn sequence(&mut self) -> Result<i64> {
        let query = "select sequence from stock_sync.checkpoints where consumer = $1";
        let found = sqlx::query_scalar(query).bind(&self.consumer);
        Ok(found.fetch_optional(&mut self.connection).await?.unwrap_or(0))
    }

    /// Waits until pools changed so many times since; gives the moment. The stream may hold
    /// doubles, so its sequence only tells when it is worth while to count.
    pub async fn committed(&mut self, since: Marks, count: i64) -> Result<Instant> {
        let deadline = Instant::now() + PART_MAX;
        let query = "select count(*) from stock_sync.events \
                     where position > $1 and aggregate_kind = 'pool'";
        loop {
            // Before the count, which takes a moment of its own.
            let now = Instant::now();
            let is_near = self.sequence().await? - since.sequence >= count;
            let booked: i64 = if is_near {
                let counted = sqlx::query_scalar(query).bind(since.events);
                counted.fetch_one(&mut self.connection).await?
            } else {
                0
            };
            if booked >= count {
                return Ok(now);
            }
            if now > deadline {
                bail!("stock-sync has booked {booked} of {count} after {PART_MAX:?}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Keeps the states of pools as a part left them, and the windows that its movements opened.
    pub async fn keep_states(&mut self, part: usize, began: Timestamp) -> Result<()> {
        for statement in [
            format!(
                "create table {SCHEMA}.states_{part} as \
                 select * from stock_sync.aggregates where kind = 'pool'"
            ),
            format!(
                "create table {SCHEMA}.windows_{part} as \
                 select * from stock_sync.timers where dirty_since >= '{began}'::timestamptz"
            ),
        ] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut self.connection).await?;
        }
        Ok(())
    }

    /// Whether something of these stores waits: a level that is due, or a call that is open.
    pub async fn is_busy(&mut self, stores: &[&str]) -> Result<bool> {
        let query = "select exists (select 1 from stock_sync.timers \
                     where lane = any($1) and due_at is not null) \
                     or exists (select 1 from stock_sync.effects \
                     where lane = any($1) and state <> 'closed')";
        Ok(sqlx::query_scalar(query).bind(stores).fetch_one(&mut self.connection).await?)
    }
}
