//! What the rate is compared with: the rows that the product wrote for the same movements, bulk
//! inserted into empty twins of their tables, and one narrow row per movement.
//!
//! A twin has the columns, constraints and indexes of its table. It is emptied before each part,
//! outside of the clock. Rows go in as arrays, in transactions of 1,000 movements: one for what the
//! gateway writes, one for what stock-sync writes, each waiting for the disk as theirs do. Of rows
//! that a part wrote several times only the last is there, and of rows that it updated later (what
//! is published) the update does not count: the product did more.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, Row as _};
use tokio::time::Instant;

use super::database::SCHEMA;
use super::load::{self, Movement, Part};
use super::scene::Scene;
use crate::reports::BATCH;

/// What bulk inserts of all movements took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain {
    /// Of the same rows.
    pub same: Duration,
    /// Of one narrow row each.
    pub narrow: Duration,
    /// Rows per movement.
    pub rows_per_movement: f64,
}

/// The twins.
pub struct Baseline<'s> {
    connection: PgConnection,
    skus: &'s [String],
    /// What is written in one transaction: the gateway's, then stock-sync's.
    transactions: [Vec<Table>; 2],
}

/// A table and its twin.
struct Table {
    /// The rows of a part.
    rows: fn(&Part) -> String,
    twin: &'static str,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    kind: String,
}

/// The values of one column, as the driver sends them.
enum Values {
    Numbers(Vec<Option<i64>>),
    Bytes(Vec<Option<Vec<u8>>>),
    /// Everything else: the server reads it from its text, as it does for the product.
    Texts(Vec<Option<String>>),
}

/// Table, twin, and where the rows of a part are.
type Source = (&'static str, &'static str, fn(&Part) -> String);

const WINDOWS: &str = "timers";
const GATEWAY: [Source; 2] = [
    ("backoffice_gateway.inbox", "gateway_inbox", |part| {
        let prefix = load::prefix(part.number);
        format!("backoffice_gateway.inbox where id like '%:{prefix}%' order by id")
    }),
    ("backoffice_gateway.outbox", "gateway_outbox", |part| {
        let (before, after) = part.marks;
        format!(
            "backoffice_gateway.outbox where position > {} and position <= {} order by position",
            before.outbox, after.outbox
        )
    }),
];
const STOCK: [Source; 4] = [
    ("stock_sync.inbox", "inbox", |part| {
        let prefix = load::prefix(part.number);
        format!("stock_sync.inbox where id like '%:{prefix}%' order by id")
    }),
    ("stock_sync.events", "events", |part| {
        let (before, after) = part.marks;
        format!(
            "stock_sync.events where position > {} and position <= {} \
             and aggregate_kind = 'pool' order by position",
            before.events, after.events
        )
    }),
    ("stock_sync.aggregates", "aggregates", |part| {
        format!("{SCHEMA}.states_{} order by kind, id", part.number)
    }),
    ("stock_sync.timers", WINDOWS, |part| {
        format!("{SCHEMA}.windows_{} order by lane, key", part.number)
    }),
];

impl<'s> Baseline<'s> {
    /// Makes the twins.
    pub async fn open(scene: &'s Scene) -> Result<Self> {
        let mut connection = PgConnection::connect(&scene.stage.database_url()).await?;
        let mut transactions = [Vec::new(), Vec::new()];
        for (tables, sources) in transactions.iter_mut().zip([&GATEWAY[..], &STOCK[..]]) {
            for source in sources {
                tables.push(Table::twin_of(&mut connection, *source).await?);
            }
        }
        let narrow = format!(
            "create table {SCHEMA}.narrow (event_id text primary key, sku text not null, \
             warehouse text not null, kind text not null, quantity bigint not null, \
             occurred_at timestamptz not null)"
        );
        sqlx::query(AssertSqlSafe(narrow)).execute(&mut connection).await?;
        Ok(Self { connection, skus: &scene.skus, transactions })
    }

    /// Inserts what each part wrote.
    pub async fn measure(mut self, parts: &[Part]) -> Result<Plain> {
        let (mut plain, mut rows) = (Plain::default(), 0);
        for part in parts {
            let (took, count) = self.same(part).await?;
            plain.same += took;
            rows += count;
            plain.narrow += self.narrow(&load::movements(self.skus, part.number)).await?;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of a few million")]
        let per_movement = rows as f64 / (parts.len() * self.skus.len()) as f64;
        plain.rows_per_movement = per_movement;
        Ok(plain)
    }

    /// The rows of one part; gives how many there were.
    async fn same(&mut self, part: &Part) -> Result<(Duration, usize)> {
        let batches = self.skus.len().div_ceil(BATCH);
        let mut filled = Vec::new();
        let mut count = 0;
        for tables in &self.transactions {
            let mut of_transaction = Vec::new();
            for table in tables {
                let rows = table.read(&mut self.connection, part).await?;
                // Of windows only those are left that were not pushed since.
                let least = if table.twin == WINDOWS { 0 } else { self.skus.len() };
                ensure!(rows.len() >= least, "{} rows of {} are there", rows.len(), table.twin);
                count += rows.len();
                let size = rows.len().div_ceil(batches).max(1);
                let cut: Result<Vec<_>> =
                    rows.chunks(size).map(|rows| table.values(rows)).collect();
                of_transaction.push((table.insert(), cut?));
            }
            filled.push(of_transaction);
        }
        for table in self.transactions.iter().flatten() {
            let empty = format!("truncate {SCHEMA}.{}", table.twin);
            sqlx::query(AssertSqlSafe(empty)).execute(&mut self.connection).await?;
        }
        let start = Instant::now();
        for number in 0..batches {
            for tables in &filled {
                let mut transaction = self.connection.begin().await?;
                for (insert, batches) in tables {
                    let Some(values) = batches.get(number) else { continue };
                    let query = sqlx::query(AssertSqlSafe(insert.clone()));
                    bound(query, values).execute(&mut *transaction).await?;
                }
                transaction.commit().await?;
            }
        }
        Ok((start.elapsed(), count))
    }

    /// One narrow row for each of these movements.
    async fn narrow(&mut self, movements: &[Movement]) -> Result<Duration> {
        let query = format!(
            "insert into {SCHEMA}.narrow select * from unnest($1::text[], $2::text[], $3::text[], \
             $4::text[], $5::bigint[], $6::text[]::timestamptz[])"
        );
        let start = Instant::now();
        for batch in movements.chunks(BATCH) {
            let texts = |text: fn(&Movement) -> &str| batch.iter().map(text).collect::<Vec<_>>();
            let times = batch.iter().map(|one| one.occurred_at.to_string());
            sqlx::query(AssertSqlSafe(query.clone()))
                .bind(texts(|one| &one.event_id))
                .bind(texts(|one| &one.sku))
                .bind(texts(|one| one.warehouse))
                .bind(texts(Movement::kind))
                .bind(batch.iter().map(|one| one.quantity).collect::<Vec<_>>())
                .bind(times.collect::<Vec<_>>())
                .execute(&mut self.connection)
                .await?;
        }
        Ok(start.elapsed())
    }
}

impl Table {
    async fn twin_of(connection: &mut PgConnection, source: Source) -> Result<Self> {
        let (table, twin, rows) = source;
        let make = format!("create table {SCHEMA}.{twin} (like {table} including all)");
        sqlx::query(AssertSqlSafe(make)).execute(&mut *connection).await?;
        let query = "select column_name::text, data_type::text from information_schema.columns \
                     where table_schema = $1 and table_name = $2 order by ordinal_position";
        let found: Vec<(String, String)> =
            sqlx::query_as(query).bind(SCHEMA).bind(twin).fetch_all(connection).await?;
        ensure!(!found.is_empty(), "{table} has no twin");
        let columns = found.into_iter().map(|(name, kind)| Column { name, kind }).collect();
        Ok(Self { rows, twin, columns })
    }

    async fn read(&self, connection: &mut PgConnection, part: &Part) -> Result<Vec<PgRow>> {
        let columns: Vec<String> = self.columns.iter().map(Column::read).collect();
        let query = format!("select {} from {}", columns.join(", "), (self.rows)(part));
        let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(connection).await;
        rows.with_context(|| format!("cannot read the rows of {}", self.twin))
    }

    fn insert(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let casts: Vec<String> = self.columns.iter().map(Column::cast).collect();
        let arrays: Vec<String> =
            self.columns.iter().zip(1..).map(|(column, place)| column.array(place)).collect();
        let names = names.join(", ");
        format!(
            "insert into {SCHEMA}.{} ({names}) select {} from unnest({}) as n({names})",
            self.twin,
            casts.join(", "),
            arrays.join(", ")
        )
    }

    fn values(&self, rows: &[PgRow]) -> Result<Vec<Values>> {
        let columns = self.columns.iter().enumerate();
        columns.map(|(place, column)| column.values(rows, place)).collect()
    }
}

impl Column {
    /// How an array of it is sent.
    fn sent(&self) -> &'static str {
        match self.kind.as_str() {
            "bigint" => "bigint",
            "bytea" => "bytea",
            _ => "text",
        }
    }

    fn read(&self) -> String {
        format!("{}::{}", self.name, self.sent())
    }

    fn cast(&self) -> String {
        format!("n.{}::{}", self.name, self.kind)
    }

    fn array(&self, place: usize) -> String {
        format!("${place}::{}[]", self.sent())
    }

    fn values(&self, rows: &[PgRow], place: usize) -> Result<Values> {
        Ok(match self.sent() {
            "bigint" => Values::Numbers(each(rows, |row| row.try_get(place))?),
            "bytea" => Values::Bytes(each(rows, |row| row.try_get(place))?),
            _ => Values::Texts(each(rows, |row| row.try_get(place))?),
        })
    }
}

fn each<T>(rows: &[PgRow], get: impl Fn(&PgRow) -> Result<T, sqlx::Error>) -> Result<Vec<T>> {
    Ok(rows.iter().map(get).collect::<Result<_, _>>()?)
}

fn bound<'q>(
    query: Query<'q, Postgres, PgArguments>,
    values: &'q [Values],
) -> Query<'q, Postgres, PgArguments> {
    values.iter().fold(query, |query, values| match values {
        Values::Numbers(values) => query.bind(values.as_slice()),
        Values::Bytes(values) => query.bind(values.as_slice()),
        Values::Texts(values) => query.bind(values.as_slice()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_is_filled_as_the_product_fills_its_table() {
        let column =
            |name: &str, kind: &str| Column { name: name.to_owned(), kind: kind.to_owned() };
        let columns = vec![
            column("position", "bigint"),
            column("body", "jsonb"),
            column("digest", "bytea"),
            column("at", "timestamp with time zone"),
        ];
        let table = Table { rows: |_| String::new(), twin: "events", columns };
        assert_eq!(
            table.insert(),
            "insert into plain.events (position, body, digest, at) \
             select n.position::bigint, n.body::jsonb, n.digest::bytea, \
             n.at::timestamp with time zone \
             from unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[]) \
             as n(position, body, digest, at)"
        );
    }
}
