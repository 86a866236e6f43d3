//! How failures of the server are sorted, on a real one.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use lockstep_ports::{AggregateKey, ErrorKind, NewEffect, PortError, SaveState, Store as _};
use lockstep_storage::{PgStore, StoreOptions};
use lockstep_testkit::TestDatabase;
use lockstep_testkit::json::raw_text;
use sqlx::{Connection as _, PgConnection};
use tokio::net::TcpListener;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::constant(1_795_500_000, 0);
const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_server_that_is_away_or_silent_is_transient() -> anyhow::Result<()> {
    // It takes the connection and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let address = silent.local_addr()?;
    let options = StoreOptions { acquire_timeout: SHORT, ..StoreOptions::default() };
    let url = format!("postgres://lockstep@{address}/lockstep");
    assert_eq!(opened(&url, options.clone()).await, Err(ErrorKind::Transient));
    drop(silent);
    assert_eq!(opened(&url, options).await, Err(ErrorKind::Transient));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_an_address_is_permanent() {
    let options = StoreOptions::default();
    assert_eq!(opened("no url", options).await, Err(ErrorKind::Permanent));
    let answer =
        PgStore::connect("postgres://127.0.0.1/x", "a,public", StoreOptions::default()).await;
    assert_eq!(answer.err().map(|error| error.kind), Some(ErrorKind::Permanent));
}

#[tokio::test]
async fn a_lost_connection_is_transient_and_replaced() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let store = database.store("stock_sync").await;
    let mut tx = store.begin().await?;
    tx.save(&[state("a")]).await?;
    end_connections(database.url()).await?;
    let lost = tx.set_checkpoint("stock", 1).await;
    assert_eq!(lost.err().map(|error| error.kind), Some(ErrorKind::Transient));
    assert!(tx.commit().await.is_err());

    assert!(store.is_ready().await);
    let mut tx = store.begin().await?;
    tx.save(&[state("b")]).await?;
    tx.commit().await?;
    let left: Vec<String> =
        store.scan("level", "", "", 10).await?.into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, ["b"]);
    Ok(())
}

#[tokio::test]
async fn a_commit_that_gets_no_answer_is_transient() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let store = database.store("stock_sync").await;
    let mut tx = store.begin().await?;
    tx.save(&[state("a")]).await?;
    end_connections(database.url()).await?;
    let lost = tx.commit().await;
    assert_eq!(lost.err().map(|error| error.kind), Some(ErrorKind::Transient));
    assert!(store.scan("level", "", "", 10).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_lock_that_is_never_freed_is_transient() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let options = StoreOptions { statement_timeout: SHORT, ..StoreOptions::default() };
    let store = PgStore::connect(database.url(), "stock_sync", options).await?;
    let mut tx = store.begin().await?;
    tx.save(&[state("there")]).await?;
    tx.commit().await?;
    for id in ["new", "there"] {
        let key = [AggregateKey { kind: "level", id: id.to_owned() }];
        let mut holder = store.begin().await?;
        holder.load(&key).await?;
        let waited = store.begin().await?.load(&key).await;
        assert_eq!(waited.err().map(|error| error.kind), Some(ErrorKind::Transient), "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn a_full_pool_is_transient() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let options =
        StoreOptions { max_connections: 1, acquire_timeout: SHORT, ..StoreOptions::default() };
    let store = PgStore::connect(database.url(), "stock_sync", options).await?;
    let tx = store.begin().await?;
    let refused = store.read(&[]).await;
    assert_eq!(refused.err().map(|error| error.kind), Some(ErrorKind::Transient));
    assert!(!store.is_ready().await);
    drop(tx);
    assert!(store.is_ready().await);
    Ok(())
}

#[tokio::test]
async fn a_missing_table_never_looks_like_bad_content() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let store = PgStore::connect(database.url(), "never_migrated", StoreOptions::default()).await?;
    assert!(!store.is_ready().await);
    let mut tx = store.begin().await?;
    let refused = tx.inbox(&[("wms:1".to_owned(), vec![1])], NOW).await;
    assert_eq!(refused.err().map(|error| error.kind), Some(ErrorKind::Transient));
    Ok(())
}

#[tokio::test]
async fn a_key_too_long_for_its_index_is_permanent() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let store = database.store("stock_sync").await;
    // Not compressible, or it would fit.
    let id: String =
        (0..4_000_u32).filter_map(|n| char::from_u32(0x4e00 + n * 7919 % 20_000)).collect();
    let mut tx = store.begin().await?;
    let refused = tx.inbox(&[(id, vec![1])], NOW).await;
    assert_eq!(refused.err().map(|error| error.kind), Some(ErrorKind::Permanent));
    Ok(())
}

#[tokio::test]
async fn an_error_tells_its_cause_once() -> Result<(), PortError> {
    let database = TestDatabase::create().await;
    let store = database.store("stock_sync").await;
    let mut tx = store.begin().await?;
    let refused = tx.save(&[SaveState { state: raw_text(r#""\u0000""#), ..state("a") }]).await;
    let told = refused.map_err(|error| error.chain()).err().unwrap_or_default();
    assert!(told.starts_with("cannot save states: unsupported Unicode escape sequence"), "{told}");
    assert_eq!(told.matches("escape").count(), 1, "{told}");
    Ok(())
}

async fn opened(url: &str, options: StoreOptions) -> Result<(), ErrorKind> {
    PgStore::connect(url, "stock_sync", options).await.map(drop).map_err(|error| error.kind)
}

/// A later version knows states that this one does not, and may have to go back to this one.
#[tokio::test]
async fn an_effect_in_a_state_of_a_later_version_holds_up_nothing() -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let store = database.store("stock_sync").await;
    let effect = |number: u128| NewEffect {
        id: Uuid::from_u128(number),
        lane: "north".to_owned(),
        kind: "push".to_owned(),
        request: Bytes::from_static(b"{}"),
        context: raw_text("{}"),
        lease_until: NOW,
        at: NOW,
        trace: None,
    };
    let mut tx = store.begin().await?;
    tx.open_effects(&[effect(1), effect(2)]).await?;
    tx.commit().await?;
    let mut admin = PgConnection::connect(database.url()).await?;
    for change in [
        "alter table stock_sync.effects drop constraint effects_state_check",
        "update stock_sync.effects set state = 'postponed' where request = '{}' \
             and id = '00000000-0000-0000-0000-000000000001'",
    ] {
        sqlx::query(change).execute(&mut admin).await?;
    }
    admin.close().await?;

    let taken = store.take_effects("north", NOW, SHORT, 10).await?;
    assert_eq!(taken.iter().map(|row| row.id.as_u128()).collect::<Vec<_>>(), [2]);
    let unknown = store.effect(Uuid::from_u128(1)).await.expect_err("cannot be read");
    assert_eq!(unknown.kind, ErrorKind::Transient);
    assert!(unknown.what.contains("postponed"), "{}", unknown.chain());
    Ok(())
}

async fn end_connections(url: &str) -> Result<(), sqlx::Error> {
    let mut admin = PgConnection::connect(url).await?;
    sqlx::query(
        "select pg_terminate_backend(pid, 5000)
        from pg_stat_activity
        where datname = current_database()
            and pid <> pg_backend_pid()",
    )
    .execute(&mut admin)
    .await?;
    admin.close().await
}

fn state(id: &str) -> SaveState {
    SaveState {
        key: AggregateKey { kind: "level", id: id.to_owned() },
        version: 1,
        state: raw_text("{}"),
    }
}
