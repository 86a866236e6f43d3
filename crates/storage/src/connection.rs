//! How connections are opened, checked and given up.

use std::str::FromStr;
use std::time::Duration;

use lockstep_ports::{ErrorKind, PortError};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

use crate::error::failed;
use crate::options::StoreOptions;

/// A connection that does not answer within this, when it is given back, is closed. Without it a
/// peer that vanished without a word would hold its place in the pool until TCP gives up.
const RELEASE_LIMIT: Duration = Duration::from_secs(2);

/// Longest name that Postgres keeps whole.
const SCHEMA_BYTES_MAX: usize = 63;

/// Checks the name of a schema: it stands unquoted in statements and in `search_path`.
pub(crate) fn schema_name(schema: &str) -> Result<&str, PortError> {
    let starts_well = schema.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    let letters = schema
        .chars()
        .all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '_');
    if starts_well && letters && schema.len() <= SCHEMA_BYTES_MAX {
        return Ok(schema);
    }
    Err(PortError::plain(
        ErrorKind::Permanent,
        format!("{schema:?} is no schema name: lower-case letters, digits and underscores only"),
    ))
}

/// Where and how a service's schema is reached.
pub(crate) fn target(url: &str, schema: &str) -> Result<PgConnectOptions, PortError> {
    let schema = schema_name(schema)?;
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| failed("cannot read the database URL", error))?;
    Ok(options
        .application_name(&format!("lockstep {schema}"))
        // The locks of `load` rely on each statement seeing what was committed before it.
        .options([("search_path", schema), ("default_transaction_isolation", "read committed")]))
}

/// A pool for a service's schema, with one connection open.
pub(crate) async fn pool(
    url: &str,
    schema: &str,
    options: &StoreOptions,
) -> Result<PgPool, PortError> {
    let target = target(url, schema)?.options([
        ("statement_timeout", milliseconds(options.statement_timeout)),
        ("idle_in_transaction_session_timeout", milliseconds(options.idle_in_transaction_timeout)),
    ]);
    PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        .after_release(|connection, _| Box::pin(answers(connection)))
        .connect_with(target)
        .await
        .map_err(|error| failed("cannot connect to the database", error))
}

/// An error makes the pool drop the connection at once, without a farewell to nobody.
async fn answers(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match timeout(RELEASE_LIMIT, connection.ping()).await {
        Ok(answer) => answer.map(|()| true),
        Err(_) => Err(sqlx::Error::PoolTimedOut),
    }
}

/// Postgres reads 0 as "no limit", so a limit below a millisecond becomes one.
fn milliseconds(limit: Duration) -> String {
    limit.as_millis().max(1).to_string()
}

#[cfg(test)]
mod tests {
    use super::schema_name;

    #[test]
    fn a_schema_name_cannot_carry_anything_else() {
        assert!(schema_name("stock_sync").is_ok());
        let long = "a".repeat(64);
        for name in ["", "Stock", "stock-sync", "1st", "a,public", "a; drop table x", "ä", &long] {
            assert!(schema_name(name).is_err(), "{name}");
        }
    }
}
