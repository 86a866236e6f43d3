//! Leases on work that one replica does for all.

use jiff::Timestamp;
use lockstep_ports::{LeaseRow, PortError};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::convert::{time_in, time_out};
use crate::error::failed;

/// Takes or renews a lease; false when somebody else holds it.
pub(crate) async fn take(
    connection: &mut PgConnection,
    name: &str,
    holder: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, PortError> {
    let done = sqlx::query!(
        r#"
        insert into leases (name, holder, until)
        values ($1, $2, $4)
        on conflict (name) do update
        set holder = excluded.holder,
            until = excluded.until
        where leases.holder = excluded.holder
            or leases.until <= $3
        "#,
        name,
        holder,
        time_in(now)?,
        time_in(until)?,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot take a lease", error))?;
    Ok(done.rows_affected() > 0)
}

/// Leases whose name begins with `prefix`, by name.
pub(crate) async fn named(
    connection: &mut PgConnection,
    prefix: &str,
) -> Result<Vec<LeaseRow>, PortError> {
    sqlx::query!(
        r#"
        select name, holder, until
        from leases
        where starts_with(name, $1)
        order by name collate "C"
        "#,
        prefix,
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read leases", error))?
    .into_iter()
    .map(|row| Ok(LeaseRow { name: row.name, holder: row.holder, until: time_out(row.until)? }))
    .collect()
}

/// Gives a lease back; somebody else's stays.
pub(crate) async fn release(
    connection: &mut PgConnection,
    name: &str,
    holder: Uuid,
) -> Result<(), PortError> {
    sqlx::query!(
        r#"
        delete from leases
        where name = $1
            and holder = $2
        "#,
        name,
        holder,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot release a lease", error))?;
    Ok(())
}
