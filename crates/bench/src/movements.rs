//! Movements from the gateway's REST call until their positions are committed, beside a plain bulk
//! insert of the same rows into a table of the same Postgres.

use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use lockstep_contracts::Event as _;
use lockstep_contracts::backoffice::v1::MovementReported;
use lockstep_demo::http::Http;
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::report::Report;
use crate::reports::{self, BATCH, Movement};
use crate::shop::{self, BACK_OFFICE};
use crate::stage::Stage;
use crate::stats::{median, per_second};

const SKUS: usize = 2_000;
const BATCHES: usize = 20;
const ROUNDS: usize = 5;
/// Calls at once: while the gateway commits one, the next arrives.
const CALLS: usize = 2;
/// The longest that a round may take.
const ROUND_MAX: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(10);

struct Round {
    accepted_per_s: f64,
    committed_per_s: f64,
    insert_per_s: f64,
}

/// One round to warm up, then those that count.
pub async fn measure() -> Result<Report> {
    let stage = Stage::start().await?;
    let gateway = shop::back_office(&stage).await?;
    let mut database = Database::open(&stage).await?;
    let skus = shop::skus(SKUS);
    reports::count_all(&gateway, &skus).await?;
    database.committed(Goal { sequence: 0, position: 0, count: i64::try_from(SKUS)? }).await?;
    let mut rounds = Vec::new();
    for number in 0..=ROUNDS {
        let range = number * BATCHES * BATCH..(number + 1) * BATCHES * BATCH;
        let movements: Vec<Movement> = range.map(|n| Movement::numbered(n, &skus)).collect();
        let round = round(&gateway, &mut database, &movements).await?;
        if number > 0 {
            rounds.push(round);
        }
    }
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    let about = format!(
        "{ROUNDS} rounds of {} movements in calls of {BATCH}, {CALLS} at once, {SKUS} SKUs",
        BATCHES * BATCH
    );
    let mut report = Report::new("movements", about);
    report.figure("committed_per_s", of(|round| round.committed_per_s), "1/s");
    report.figure("accepted_per_s", of(|round| round.accepted_per_s), "1/s");
    report.figure("bulk_insert_per_s", of(|round| round.insert_per_s), "1/s");
    let ratio = of(|round| round.committed_per_s / round.insert_per_s);
    report.figure("ratio_bulk_insert", ratio, "of the bulk insert");
    Ok(report)
}

async fn round(gateway: &Http, database: &mut Database, movements: &[Movement]) -> Result<Round> {
    let bodies: Vec<Bytes> = movements.chunks(BATCH).map(reports::movements).collect();
    let goal = Goal {
        sequence: database.sequence().await?,
        position: database.position().await?,
        count: i64::try_from(movements.len())?,
    };
    let start = Instant::now();
    let mut calls = JoinSet::new();
    for first in 0..CALLS {
        let mine: Vec<Bytes> = bodies.iter().skip(first).step_by(CALLS).cloned().collect();
        let gateway = gateway.clone();
        calls.spawn(async move {
            for body in mine {
                reports::post(&gateway, "movements", body).await?;
            }
            anyhow::Ok(start.elapsed())
        });
    }
    let accepting = async {
        let mut accepted = Duration::ZERO;
        while let Some(done) = calls.join_next().await {
            accepted = accepted.max(done??);
        }
        anyhow::Ok(accepted)
    };
    let (accepted, committed) =
        tokio::try_join!(accepting, async { database.committed(goal).await })?;
    let took = committed.duration_since(start);
    Ok(Round {
        accepted_per_s: per_second(movements.len(), accepted),
        committed_per_s: per_second(movements.len(), took),
        insert_per_s: per_second(movements.len(), database.insert(movements).await?),
    })
}

/// What stock-sync is waited for: this many pools changed since these places of its stream and its
/// log.
#[derive(Clone, Copy)]
struct Goal {
    sequence: i64,
    position: i64,
    count: i64,
}

/// Looks at what stock-sync has committed, and inserts the plain rows.
struct Database {
    connection: PgConnection,
    consumer: String,
}

impl Database {
    async fn open(stage: &Stage) -> Result<Self> {
        let mut connection = PgConnection::connect(&stage.database_url()).await?;
        sqlx::query(
            "create table public.plain_movements (event_id text primary key, sku text not null, \
             kind text not null, quantity bigint not null, occurred_at timestamptz not null)",
        )
        .execute(&mut connection)
        .await?;
        let stream = MovementReported::STREAM.name().to_lowercase();
        Ok(Self { connection, consumer: format!("stock-sync-{stream}-{BACK_OFFICE}") })
    }

    /// The last sequence of the stream that is processed; 0 before the first.
    async fn sequence(&mut self) -> Result<i64> {
        let query = "select sequence from stock_sync.checkpoints where consumer = $1";
        let found = sqlx::query_scalar(query).bind(&self.consumer);
        Ok(found.fetch_optional(&mut self.connection).await?.unwrap_or(0))
    }

    /// The end of the service's own log.
    async fn position(&mut self) -> Result<i64> {
        let query = "select coalesce(max(position), 0) from stock_sync.events";
        Ok(sqlx::query_scalar(query).fetch_one(&mut self.connection).await?)
    }

    async fn pool_events(&mut self, position: i64) -> Result<i64> {
        let query = "select count(*) from stock_sync.events \
                     where position > $1 and aggregate_kind = 'pool'";
        Ok(sqlx::query_scalar(query).bind(position).fetch_one(&mut self.connection).await?)
    }

    /// Waits until the goal is reached; gives the moment. The stream may hold doubles, so its
    /// sequence only tells when it is worth while to count.
    async fn committed(&mut self, goal: Goal) -> Result<Instant> {
        let deadline = Instant::now() + ROUND_MAX;
        loop {
            let is_near = self.sequence().await? - goal.sequence >= goal.count;
            let booked = if is_near { self.pool_events(goal.position).await? } else { 0 };
            let now = Instant::now();
            if booked >= goal.count {
                return Ok(now);
            }
            if now > deadline {
                bail!("stock-sync has booked {booked} of {} after {ROUND_MAX:?}", goal.count);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The same rows in batches of the same size, a transaction each.
    async fn insert(&mut self, movements: &[Movement]) -> Result<Duration> {
        let query = "insert into public.plain_movements \
                     select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], \
                     $5::text[]::timestamptz[])";
        let start = Instant::now();
        for batch in movements.chunks(BATCH) {
            let texts = |text: fn(&Movement) -> &str| batch.iter().map(text).collect::<Vec<_>>();
            let times = batch.iter().map(|one| one.occurred_at.to_string());
            sqlx::query(query)
                .bind(texts(|one| &one.event_id))
                .bind(texts(|one| &one.sku))
                .bind(texts(|movement| movement.kind))
                .bind(batch.iter().map(|one| one.quantity).collect::<Vec<_>>())
                .bind(times.collect::<Vec<_>>())
                .execute(&mut self.connection)
                .await?;
        }
        Ok(start.elapsed())
    }
}
