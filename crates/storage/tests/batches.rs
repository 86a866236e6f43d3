//! A batch costs one statement per table, however large it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lockstep_contracts::Stream;
use lockstep_ports::{
    AggregateKey, NewEffect, NewEvent, OutboxRow, Outgoing, PortError, SaveState, Store as _, Timer,
};
use lockstep_storage::{PgStore, StoreOptions};
use lockstep_testkit::TestDatabase;
use lockstep_testkit::json::raw;
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::constant(1_795_500_000, 0);
const ROWS: u32 = 1_000;
const WRITTEN: [&str; 6] = ["inbox", "events", "aggregates", "outbox", "effects", "timers"];

#[tokio::test]
async fn a_thousand_movements_cost_one_statement_per_table() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let mut counter = PgConnection::connect(database.url()).await?;
    count_statements(&mut counter).await?;
    let store = database.store("stock_sync").await;
    write(&store).await?;

    let rows: Vec<(String, i64)> =
        sqlx::query_as("select name, statements from stock_sync.statements order by name")
            .fetch_all(&mut counter)
            .await?;
    let expected: BTreeMap<String, i64> =
        WRITTEN.iter().map(|table| ((*table).to_owned(), 1)).collect();
    assert_eq!(rows.into_iter().collect::<BTreeMap<_, _>>(), expected);
    for table in WRITTEN {
        let count: i64 =
            sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from stock_sync.{table}")))
                .fetch_one(&mut counter)
                .await?;
        assert_eq!(count, i64::from(ROWS), "{table}");
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_of_new_aggregates_leaves_room_in_the_table_of_locks() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let store = database.store("stock_sync").await;
    let keys: Vec<AggregateKey> = (0..10 * ROWS).map(key).collect();
    let mut tx = store.begin().await?;
    assert!(tx.load(&keys).await?.iter().all(Option::is_none));
    let mut observer = PgConnection::connect(database.url()).await?;
    let held: i64 = sqlx::query_scalar(
        "select count(*)
        from pg_locks l
        join pg_database d on d.oid = l.database
        where l.locktype = 'advisory' and d.datname = current_database()",
    )
    .fetch_one(&mut observer)
    .await?;
    assert!((1..=1_024).contains(&held), "{held}");
    Ok(())
}

/// Only the note that a row is published does without the disk, and what comes next on the same
/// connection does not.
#[tokio::test]
async fn what_counts_waits_for_the_disk() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let mut observer = PgConnection::connect(database.url()).await?;
    observer
        .execute(
            "do $$ begin
                execute format('alter database %I set synchronous_commit = on', current_database());
            end $$;
            set search_path = stock_sync;
            create table waits (name text not null, setting text not null);
            create function note_wait() returns trigger language plpgsql as $$
            begin
                insert into waits values (tg_table_name, current_setting('synchronous_commit'));
                return null;
            end
            $$;
            create trigger waits after update on outbox
            for each statement execute function note_wait();
            create trigger waits after insert on events
            for each statement execute function note_wait();",
        )
        .await?;
    let options = StoreOptions { max_connections: 1, ..StoreOptions::default() };
    let store = PgStore::connect(database.url(), "stock_sync", options).await?;
    let mut tx = store.begin().await?;
    tx.outbox(&[message(1)], NOW).await?;
    tx.commit().await?;
    store.mark_published(&["1".to_owned()], NOW).await?;
    let mut tx = store.begin().await?;
    tx.append(&[event(1)]).await?;
    tx.commit().await?;
    let rows: Vec<(String, String)> =
        sqlx::query_as("select name, setting from waits").fetch_all(&mut observer).await?;
    let expected = [("outbox", "off"), ("events", "on")];
    assert_eq!(rows, expected.map(|(name, setting)| (name.to_owned(), setting.to_owned())));
    Ok(())
}

/// Counts every statement that writes to a table, by a trigger that fires once per statement.
async fn count_statements(connection: &mut PgConnection) -> anyhow::Result<()> {
    connection
        .execute(
            "set search_path = stock_sync;
            create table statements (name text primary key, statements bigint not null);
            create function count_statement() returns trigger language plpgsql as $$
            begin
                insert into statements values (tg_table_name, 1)
                on conflict (name) do update set statements = statements.statements + 1;
                return null;
            end
            $$;",
        )
        .await?;
    for table in WRITTEN {
        let statement = format!(
            "create trigger counted after insert or delete on {table}
            for each statement execute function count_statement()"
        );
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    Ok(())
}

async fn write(store: &PgStore) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    let ids: Vec<_> = (0..ROWS).map(|number| (format!("wms:{number}"), vec![1; 32])).collect();
    tx.inbox(&ids, NOW).await?;
    tx.load(&each(key)).await?;
    tx.append(&each(event)).await?;
    tx.save(&each(state)).await?;
    tx.outbox(&each(message), NOW).await?;
    tx.open_effects(&each(effect)).await?;
    tx.save_timers(&each(timer)).await?;
    tx.commit().await
}

fn each<T>(make: impl Fn(u32) -> T) -> Vec<T> {
    (0..ROWS).map(make).collect()
}

fn key(number: u32) -> AggregateKey {
    AggregateKey { kind: "position", id: format!("wms/{number}") }
}

fn json(number: u32) -> Box<RawValue> {
    raw(&serde_json::json!({"sku": format!("SKU {number}"), "by": -1}))
}

fn event(number: u32) -> NewEvent {
    NewEvent {
        key: key(number),
        version: 1,
        kind: "PositionMoved".to_owned(),
        body: json(number),
        at: NOW,
        cause: format!("wms:{number}"),
    }
}

fn state(number: u32) -> SaveState {
    SaveState { key: key(number), version: 1, state: json(number) }
}

fn message(number: u32) -> OutboxRow {
    let message = Outgoing {
        stream: Stream::Stock,
        subject: "stock.v1.north.3.pushed".to_owned(),
        headers: vec![("ce-id".to_owned(), number.to_string())],
        body: json(number).get().to_owned().into(),
    };
    OutboxRow { message, id: number.to_string() }
}

fn effect(number: u32) -> NewEffect {
    NewEffect {
        id: Uuid::from_u128(number.into()),
        lane: "north".to_owned(),
        kind: "push".to_owned(),
        request: json(number).get().to_owned().into(),
        context: json(number),
        lease_until: NOW,
        at: NOW,
        trace: None,
    }
}

fn timer(number: u32) -> Timer {
    Timer {
        lane: "north".to_owned(),
        key: number.to_string(),
        due_at: Some(NOW),
        ..Timer::default()
    }
}
