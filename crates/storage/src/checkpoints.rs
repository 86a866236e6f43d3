//! How far each consumer has come.

use lockstep_ports::PortError;
use sqlx::PgConnection;

use crate::convert::{number_in, number_out};
use crate::error::failed;

/// The last sequence that was committed for a consumer.
pub(crate) async fn read(
    connection: &mut PgConnection,
    consumer: &str,
) -> Result<Option<u64>, PortError> {
    sqlx::query_scalar!(
        r#"
        select sequence
        from checkpoints
        where consumer = $1
        "#,
        consumer,
    )
    .fetch_optional(connection)
    .await
    .map_err(|error| failed("cannot read a checkpoint", error))?
    .map(number_out)
    .transpose()
}

/// Sets a checkpoint down; one that stands lower, or does not exist, stays.
pub(crate) async fn lower(
    connection: &mut PgConnection,
    consumer: &str,
    sequence: u64,
) -> Result<(), PortError> {
    sqlx::query!(
        r#"
        update checkpoints
        set sequence = $2
        where consumer = $1
            and sequence > $2
        "#,
        consumer,
        number_in(sequence)?,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot lower a checkpoint", error))?;
    Ok(())
}

/// Stores the last sequence of a consumer, and gives what was stored before; a lower one than that
/// changes nothing.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    consumer: &str,
    sequence: u64,
) -> Result<u64, PortError> {
    // What is inserted is made of what was before, so that this is read first, and kept.
    sqlx::query_scalar!(
        r#"
        with
            before as materialized (
                select sequence
                from checkpoints
                where consumer = $1
                for update
            )
        insert into checkpoints (consumer, sequence)
        values ($1, greatest($2::bigint, (select sequence from before)))
        on conflict (consumer) do update
        set sequence = greatest(checkpoints.sequence, excluded.sequence)
        returning coalesce((select sequence from before), 0) as "before!"
        "#,
        consumer,
        number_in(sequence)?,
    )
    .fetch_one(connection)
    .await
    .map_err(|error| failed("cannot store a checkpoint", error))
    .and_then(number_out)
}
