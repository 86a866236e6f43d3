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
pub const SCHEMAS: [&str; 5] =
    ["stock_sync", "product_sync", "order_sync", "shipment_push", "backoffice_gateway"];

/// What the names of templates and of their copies begin with.
const TEMPLATE: &str = "lockstep_template_";
const COPY: &str = "lockstep_test_";

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
        let template = format!("{TEMPLATE}{}", fingerprint());
        let name = format!("{COPY}{}", unique());
        let mut admin = connect(&admin_url).await;
        ensure_template(&mut admin, &admin_url, &template).await;
        run(&mut admin, format!("create database {name} template {template}")).await;
        Self { url: with_database(&admin_url, &name), name, admin_url }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every row of every table as text, bytes in hexadecimal: for tests that look for what must
    /// not be stored.
    pub async fn dump(&self) -> String {
        let mut connection = connect(&self.url).await;
        run(&mut connection, "set xmlbinary = hex".to_owned()).await;
        let rows = "select coalesce(string_agg(table_to_xml(format('%I.%I', schemaname, tablename),
                true, false, '')::text, ''), '')
            from pg_tables where schemaname not in ('pg_catalog', 'information_schema')";
        match sqlx::query_scalar(rows).fetch_one(&mut connection).await {
            Ok(text) => text,
            Err(error) => panic!("the database cannot be looked through: {error}"),
        }
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

const DROP_TIMEOUT: &str = "set statement_timeout = '5s'";

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
                // Postgres may await a session of another test that stands in the same call.
                // What is left over is dropped another day.
                admin.execute(DROP_TIMEOUT).await?;
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
        drop_stale(admin).await;
        let unfinished = format!("{template}_unfinished");
        run(admin, format!("drop database if exists {unfinished} with (force)")).await;
        run(admin, format!("create database {unfinished}")).await;
        for schema in SCHEMAS {
            if let Err(error) = migrate(&with_database(admin_url, &unfinished), schema).await {
                panic!("cannot migrate the template: {}", error.chain());
            }
        }
        let made = unique();
        run(admin, format!("comment on database {unfinished} is '{made}'")).await;
        run(admin, format!("alter database {unfinished} rename to {template}")).await;
    }
    run(admin, format!("select pg_advisory_unlock({TEMPLATE_LOCK})")).await;
}

/// Drops what nobody needs any more: copies of tests that were killed, and templates of other
/// migrations, once a day has passed since they were made and while nobody is connected. When they
/// were made tells the beginning of an id: in the name of a copy, in the comment on a template.
async fn drop_stale(admin: &mut PgConnection) {
    let stale = sqlx::query_scalar::<_, String>(
        "with day as (
            select lpad(to_hex(1000 * (s.now - 86400)), 12, '0') as first,
                lpad(to_hex(1000 * (s.now + 86400)), 12, '0') as last
            from (select extract(epoch from now())::bigint as now) as s
        ),
        ours as (
            select d.oid, d.datname, substr(d.datname, length($1) + 1, 12) as made
            from pg_database d
            where starts_with(d.datname, $1)
            union all
            select d.oid, d.datname, left(coalesce(shobj_description(d.oid, 'pg_database'), ''), 12)
            from pg_database d
            where starts_with(d.datname, $2)
        )
        select ours.datname
        from ours
        cross join day
        where ours.made not between day.first and day.last
            and not exists (select from pg_stat_activity a where a.datid = ours.oid)",
    )
    .bind(COPY)
    .bind(TEMPLATE)
    .fetch_all(&mut *admin)
    .await;
    let stale = match stale {
        Ok(stale) => stale,
        Err(error) => panic!("the server for tests does not tell its databases: {error}"),
    };
    for database in stale {
        // Somebody may have connected or dropped it meanwhile; it goes another day.
        drop(admin.execute(AssertSqlSafe(format!("drop database if exists {database}"))).await);
    }
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

/// Begins with the time, in milliseconds.
#[expect(clippy::disallowed_methods, reason = "tests run side by side in many processes")]
fn unique() -> String {
    Uuid::now_v7().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nats::eventually;

    #[tokio::test]
    async fn only_what_is_old_is_dropped() {
        let mut admin = connect(&admin_url()).await;
        let old = format!("{COPY}0000000000ff{}", &unique()[12..]);
        let young = format!("{COPY}{}", unique());
        let template = format!("{TEMPLATE}{}", &unique()[12..]);
        for database in [&old, &young, &template] {
            run(&mut admin, format!("create database {database}")).await;
        }
        run(&mut admin, format!("comment on database {template} is '{}'", unique())).await;
        drop_stale(&mut admin).await;
        assert!(!exists(&mut admin, &old).await);
        assert!(exists(&mut admin, &young).await);
        assert!(exists(&mut admin, &template).await);

        // Of a template that does not tell, nobody knows that it is young. In use it stays.
        run(&mut admin, format!("comment on database {template} is null")).await;
        let user = connect(&with_database(&admin_url(), &template)).await;
        drop_stale(&mut admin).await;
        assert!(exists(&mut admin, &template).await);
        drop(user.close().await);
        // The server notes the end of a session a moment after it.
        eventually("the template is dropped", async || {
            let mut admin = connect(&admin_url()).await;
            drop_stale(&mut admin).await;
            !exists(&mut admin, &template).await
        })
        .await;
        run(&mut admin, format!("drop database {young}")).await;
    }
}
