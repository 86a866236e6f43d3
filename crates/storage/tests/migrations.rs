//! Bringing a schema up to date.

use futures_util::future::try_join_all;
use jiff::Timestamp;
use lockstep_ports::{ErrorKind, Store as _};
use lockstep_storage::{PgStore, StoreOptions, fingerprint, migrate, pending_migrations};
use lockstep_testkit::TestDatabase;
use lockstep_testkit::nats::eventually;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::sync::Mutex;

const NOW: Timestamp = Timestamp::constant(1_795_500_000, 0);

#[tokio::test]
async fn several_processes_migrate_one_schema_at_once() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let before = pending_migrations(database.url(), "fresh").await?;
    assert!(before > 0);
    try_join_all((0..4).map(|_| migrate(database.url(), "fresh"))).await?;
    assert_eq!(pending_migrations(database.url(), "fresh").await?, 0);
    let store = database.store("fresh").await;
    assert!(store.is_ready().await);
    // Once more changes nothing.
    migrate(database.url(), "fresh").await?;
    Ok(())
}

#[tokio::test]
async fn a_migration_that_was_changed_is_refused() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let mut connection = PgConnection::connect(database.url()).await?;
    connection
        .execute("update stock_sync._sqlx_migrations set checksum = 'other' where version = 2")
        .await?;
    for answer in [
        pending_migrations(database.url(), "stock_sync").await.map(drop),
        migrate(database.url(), "stock_sync").await,
    ] {
        assert_eq!(answer.err().map(|error| error.kind), Some(ErrorKind::Permanent));
    }
    let store = PgStore::connect(database.url(), "stock_sync", StoreOptions::default()).await?;
    assert!(!store.is_ready().await);
    Ok(())
}

#[tokio::test]
async fn a_missing_migration_keeps_the_service_from_being_ready() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let mut connection = PgConnection::connect(database.url()).await?;
    connection.execute("delete from stock_sync._sqlx_migrations where version = 9").await?;
    assert_eq!(pending_migrations(database.url(), "stock_sync").await?, 1);
    let store = database.store("stock_sync").await;
    assert!(!store.is_ready().await);
    Ok(())
}

/// After a roll-back the older program finds what the newer one applied.
#[tokio::test]
async fn what_a_newer_program_applied_stays() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let mut connection = PgConnection::connect(database.url()).await?;
    connection
        .execute(
            "insert into stock_sync._sqlx_migrations
                (version, description, success, checksum, execution_time)
            values (9999, 'of tomorrow', true, 'other', 1)",
        )
        .await?;
    migrate(database.url(), "stock_sync").await?;
    assert_eq!(pending_migrations(database.url(), "stock_sync").await?, 0);
    assert!(database.store("stock_sync").await.is_ready().await);
    Ok(())
}

/// Where the server can, states are compressed the quick way.
#[tokio::test]
async fn states_are_compressed_by_lz4() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let mut connection = PgConnection::connect(database.url()).await?;
    let (can, does): (bool, bool) = sqlx::query_as(
        "select 'lz4' = any(s.enumvals), a.attcompression = 'l'
        from pg_settings s
        cross join pg_attribute a
        where s.name = 'default_toast_compression'
            and a.attrelid = 'stock_sync.aggregates'::regclass
            and a.attname = 'state'",
    )
    .fetch_one(&mut connection)
    .await?;
    assert_eq!(can, does);
    Ok(())
}

/// A migration that waits for a table lets others pass now and then, and goes on until it has it.
#[tokio::test]
async fn a_locked_table_is_awaited_in_turns() -> anyhow::Result<()> {
    const EFFECTS_ASK: &str = "delete from stock_sync._sqlx_migrations where version = 12";
    let database = TestDatabase::create().await;
    let mut connection = PgConnection::connect(database.url()).await?;
    connection.execute(EFFECTS_ASK).await?;
    let mut reader = PgConnection::connect(database.url()).await?;
    let mut reading = reader.begin().await?;
    reading.execute("select from stock_sync.effects").await?;

    let connection = Mutex::new(connection);
    let waits = async || {
        let waiting = "select count(*) from pg_locks
            where relation = 'stock_sync.effects'::regclass and not granted";
        let count: Result<i64, _> =
            sqlx::query_scalar(waiting).fetch_one(&mut *connection.lock().await).await;
        count.is_ok_and(|count| count > 0)
    };
    let (migrated, read) = tokio::join!(migrate(database.url(), "stock_sync"), async {
        eventually("it waits for the table", &waits).await;
        eventually("it lets others pass", async || !waits().await).await;
        eventually("it waits again", &waits).await;
        reading.commit().await
    });
    read?;
    migrated?;
    assert_eq!(pending_migrations(database.url(), "stock_sync").await?, 0);
    Ok(())
}

#[tokio::test]
async fn services_do_not_see_each_other() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let (stock, product) =
        (database.store("stock_sync").await, database.store("product_sync").await);
    let ids = [("shopify:1".to_owned(), vec![1])];
    let mut tx = stock.begin().await?;
    tx.inbox(&ids, NOW).await?;
    tx.set_checkpoint("stock", 5).await?;
    tx.commit().await?;
    assert_eq!(product.checkpoint("stock").await?, None);
    let mut tx = product.begin().await?;
    assert_eq!(tx.inbox(&ids, NOW).await?, [None]);
    Ok(())
}

#[test]
fn the_fingerprint_is_short_enough_for_a_name() {
    assert_eq!(fingerprint().len(), 16);
}
