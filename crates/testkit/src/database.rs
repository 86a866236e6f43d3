//! A private database per test.
//!
//! The first test of a run migrates a template, named by a hash of the migrations; every test then
//! gets a copy of it, which the server makes in a fraction of the time that migrating takes.
//! Processes may come at once: an advisory lock lets one make the template and the others wait.

use std::str::FromStr as _;
use std::thread;

use lockstep_storage::{PgStore, StoreOptions, fingerprint, migrate};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::runtime;
use uuid::Uuid;

/// Where the server for tests is: a database whose account may create others.
const URL_VARIABLE: &str = "LOCKSTEP_TEST_DATABASE_URL";

/// The schemas that a template has: one per service with state of its own.
pub const SCHEMAS: [&str; 3] = ["stock_sync", "product_sync", "backoffice_gateway"];

/// Any number that nothing else locks on this server.
const TEMPLATE_LOCK: i64 = 0x6c6f_636b_7374_6570;

/// Connections per store in a test: a few transactions side by side.
const TEST_CONNECTIONS: u32 = 5;

/// A database with every service's schema, dropped when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
    admin_url: String,
}

impl TestDatabase {
    /// Makes a database. Panics, with words for a person, where there is no server for tests.
    pub async fn create() -> Self {
        let admin_url = admin_url();
        let template = format!("lockstep_template_{}", fingerprint());
        let name = format!("lockstep_test_{}", unique());
        let mut admin = connect(&admin_url).await;
        ensure_template(&mut admin, &admin_url, &template).await;
        run(&mut admin, format!("create database {name} template {template}")).await;
        Self { url: with_database(&admin_url, &name), name, admin_url }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A store on the schema of a service.
    pub async fn store(&self, schema: &str) -> PgStore {
        let options = StoreOptions { max_connections: TEST_CONNECTIONS, ..StoreOptions::default() };
        match PgStore::connect(&self.url, schema, options).await {
            Ok(store) => store,
            Err(error) => panic!("no store on {schema}: {}", error.chain()),
        }
    }
}

impl Drop for TestDatabase {
    /// Waits until the database is gone, on a thread of its own: a test's runtime may be a single
    /// thread, which stands here.
    fn drop(&mut self) {
        let admin_url = self.admin_url.clone();
        let statement = format!("drop database if exists {} with (force)", self.name);
        let dropping = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&admin_url).await?;
                admin.execute(AssertSqlSafe(statement)).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        // A server that is gone took the database with it; a test that fails must say why it
        // failed, and not that.
        drop(dropping.join());
    }
}

/// Makes the template, unless it is there. It gets its name when it is whole, so that one that was
/// left half made is never copied.
async fn ensure_template(admin: &mut PgConnection, admin_url: &str, template: &str) {
    if exists(admin, template).await {
        return;
    }
    run(admin, format!("select pg_advisory_lock({TEMPLATE_LOCK})")).await;
    if !exists(admin, template).await {
        let unfinished = format!("{template}_unfinished");
        run(admin, format!("drop database if exists {unfinished} with (force)")).await;
        run(admin, format!("create database {unfinished}")).await;
        for schema in SCHEMAS {
            if let Err(error) = migrate(&with_database(admin_url, &unfinished), schema).await {
                panic!("cannot migrate the template: {}", error.chain());
            }
        }
        run(admin, format!("alter database {unfinished} rename to {template}")).await;
    }
    run(admin, format!("select pg_advisory_unlock({TEMPLATE_LOCK})")).await;
}

async fn exists(admin: &mut PgConnection, database: &str) -> bool {
    let count = sqlx::query_scalar::<_, i64>("select count(*) from pg_database where datname = $1")
        .bind(database)
        .fetch_one(admin)
        .await;
    match count {
        Ok(count) => count > 0,
        Err(error) => panic!("the server for tests does not tell its databases: {error}"),
    }
}

async fn run(admin: &mut PgConnection, statement: String) {
    if let Err(error) = admin.execute(AssertSqlSafe(statement.clone())).await {
        panic!("the server for tests refuses `{statement}`: {error}");
    }
}

async fn connect(url: &str) -> PgConnection {
    match PgConnection::connect(url).await {
        Ok(connection) => connection,
        Err(error) => panic!("no Postgres answers at {URL_VARIABLE}: {error}"),
    }
}

fn with_database(url: &str, database: &str) -> String {
    match PgConnectOptions::from_str(url) {
        Ok(options) => options.database(database).to_url_lossy().to_string(),
        Err(error) => panic!("{URL_VARIABLE} is no database URL: {error}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no command line of their own")]
fn admin_url() -> String {
    std::env::var(URL_VARIABLE).unwrap_or_else(|_| {
        panic!(
            "{URL_VARIABLE} is not set: this test needs a Postgres. Run it by \
             `cargo xtask with-services -- cargo nextest run`, or set the variable to the URL of a \
             database whose account may create databases."
        )
    })
}

#[expect(clippy::disallowed_methods, reason = "tests run side by side in many processes")]
fn unique() -> String {
    Uuid::new_v4().simple().to_string()
}
