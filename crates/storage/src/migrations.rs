//! Brings a service's schema up to date.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_ports::{ErrorKind, PortError};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, Row};

use crate::connection::{schema_name, target};
use crate::error::failed;

/// The tables that every service's schema has.
static SPINE: Migrator = sqlx::migrate!();

/// No such table: nothing was ever migrated here.
const UNDEFINED_TABLE: &str = "42P01";

/// A lock was not given in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Whoever waits for a lock on a table makes all who come later wait too, the services that run:
/// so it is given up soon, and tried again after a pause in which they pass.
const LOCK_WAIT: &str = "5s";
const LOCK_PAUSE: Duration = Duration::from_secs(1);

/// Some three minutes in all: a transaction that holds a lock for longer is somebody's fault.
const LOCK_TRIES_MAX: u32 = 30;

/// Creates the schema where it is missing and applies what is pending. Several processes may do so
/// at once: an advisory lock lets one after the other in. What a newer program has applied beyond
/// this one's migrations stays, so that a roll-back can run its own. Errors: `Permanent` when what
/// was applied before differs from what this program knows, `Transient` when a table stays locked.
pub async fn migrate(url: &str, schema: &str) -> Result<(), PortError> {
    let mut migrator = Migrator { migrations: SPINE.migrations.clone(), ..Migrator::DEFAULT };
    migrator.create_schema(schema_name(schema)?.to_owned());
    migrator.set_ignore_missing(true);
    let mut tries = 1;
    loop {
        let options = target(url, schema)?.options([("lock_timeout", LOCK_WAIT)]);
        let mut connection = connect(&options).await?;
        match migrator.run(&mut connection).await {
            Err(error) if is_locked(&error) && tries < LOCK_TRIES_MAX => {
                // The connection is dropped, and with it the lock that lets one after the other in.
                tries += 1;
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            Err(error) => return Err(refused(error)),
            Ok(()) => {
                let closed = connection.close().await;
                return closed.map_err(|error| failed("cannot close the connection", error));
            }
        }
    }
}

fn is_locked(error: &MigrateError) -> bool {
    let (MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _)) = error else {
        return false;
    };
    let code = cause.as_database_error().and_then(|answer| answer.code());
    code.as_deref() == Some(LOCK_NOT_AVAILABLE)
}

/// How many migrations of this program the schema does not have; all of them where there is no
/// schema. Errors: `Permanent` when one that it has differs.
pub async fn pending_migrations(url: &str, schema: &str) -> Result<usize, PortError> {
    let mut connection = connect(&target(url, schema)?).await?;
    let pending = pending(&mut connection).await?;
    connection.close().await.map_err(|error| failed("cannot close the connection", error))?;
    Ok(pending)
}

/// A short text that changes with every change of a migration, for the name of a template.
pub fn fingerprint() -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in SPINE.iter().flat_map(|migration| migration.checksum.iter()) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}")
}

pub(crate) async fn pending(connection: &mut PgConnection) -> Result<usize, PortError> {
    // Not a checked query: the table belongs to the migrator and is in no migration.
    let answer = sqlx::query("select version, checksum from _sqlx_migrations where success")
        .fetch_all(connection)
        .await;
    let rows = match answer {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_TABLE) => {
            Vec::new()
        }
        answer => answer.map_err(|error| failed("cannot read the migrations", error))?,
    };
    let applied: BTreeMap<i64, Vec<u8>> = rows
        .iter()
        .map(|row| Ok((row.try_get("version")?, row.try_get("checksum")?)))
        .collect::<Result<_, sqlx::Error>>()
        .map_err(|error| failed("cannot read the migrations", error))?;
    let mut pending = 0;
    for migration in SPINE.iter() {
        match applied.get(&migration.version) {
            None => pending += 1,
            Some(checksum) if *checksum == *migration.checksum => {}
            Some(_) => return Err(refused(MigrateError::VersionMismatch(migration.version))),
        }
    }
    Ok(pending)
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, PortError> {
    PgConnection::connect_with(options)
        .await
        .map_err(|error| failed("cannot connect to the database", error))
}

fn refused(error: MigrateError) -> PortError {
    const WHAT: &str = "cannot migrate the schema";
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            failed(WHAT, error)
        }
        other => PortError::new(ErrorKind::Permanent, WHAT, other),
    }
}
