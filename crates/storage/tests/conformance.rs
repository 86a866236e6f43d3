//! The Postgres store keeps the promises of the port, on a real server.

use lockstep_storage::PgStore;
use lockstep_testkit::{TestDatabase, store_conformance};

async fn open() -> (PgStore, TestDatabase) {
    let database = TestDatabase::create().await;
    (database.store("stock_sync").await, database)
}

store_conformance!(open);
