//! Public events on their way to the broker.

use bytes::Bytes;
use jiff::Timestamp;
use lockstep_ports::{OutboxRow, OutboxState, Outgoing, PortError, RefusedRow};
use sqlx::PgConnection;

use crate::convert::{stream_out, time_in};
use crate::error::{failed, unfit, unreadable};

struct Row {
    position: i64,
    id: String,
    stream: String,
    subject: String,
    headers: String,
    body: Vec<u8>,
}

impl TryFrom<Row> for OutboxState {
    type Error = PortError;

    fn try_from(row: Row) -> Result<Self, PortError> {
        let message = Outgoing {
            stream: stream_out(&row.stream)?,
            subject: row.subject,
            headers: serde_json::from_str(&row.headers)
                .map_err(|error| unreadable("stored headers that cannot be read", error))?,
            body: Bytes::from(row.body),
        };
        Ok(Self { position: row.position, row: OutboxRow { message, id: row.id } })
    }
}

/// Adds public events in the order given.
pub(crate) async fn add(
    connection: &mut PgConnection,
    rows: &[OutboxRow],
    now: Timestamp,
) -> Result<(), PortError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let streams: Vec<&str> = rows.iter().map(|row| row.message.stream.name()).collect();
    let subjects: Vec<&str> = rows.iter().map(|row| row.message.subject.as_str()).collect();
    let headers: Vec<String> = rows
        .iter()
        .map(|row| serde_json::to_string(&row.message.headers))
        .collect::<Result<_, _>>()
        .map_err(|error| unfit("headers that cannot be stored", error))?;
    let bodies: Vec<&[u8]> = rows.iter().map(|row| row.message.body.as_ref()).collect();
    sqlx::query!(
        r#"
        insert into outbox (id, stream, subject, headers, body, opened_at)
        select n.id, n.stream, n.subject, n.headers::jsonb, n.body, $6
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[])
            with ordinality as n(id, stream, subject, headers, body, place)
        order by n.place
        "#,
        ids as _,
        streams as _,
        subjects as _,
        &headers,
        bodies as _,
        time_in(now)?,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot add public events", error))?;
    Ok(())
}

/// Rows that no broker has acknowledged or refused and that were added before a time, in order.
pub(crate) async fn unpublished(
    connection: &mut PgConnection,
    older_than: Timestamp,
    limit: u32,
) -> Result<Vec<OutboxState>, PortError> {
    sqlx::query_as!(
        Row,
        r#"
        select position, id, stream, subject, headers::text as "headers!", body
        from outbox
        where published_at is null
            and refusal is null
            and opened_at < $1
        order by position
        limit $2
        "#,
        time_in(older_than)?,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read unpublished events", error))?
    .into_iter()
    .map(OutboxState::try_from)
    .collect()
}

/// Notes that rows stand in their stream; the first time stays. Rows are locked in order, since
/// the sweep may note the same ones.
///
/// The commit does not wait for the disk, which would cost as much as that of the batch itself:
/// when the server crashes within the next moments the rows are published again, as after a crash
/// between publishing and this note, and inboxes remove the doubles.
pub(crate) async fn mark_published(
    connection: &mut PgConnection,
    ids: &[String],
    at: Timestamp,
) -> Result<(), PortError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        with quick as materialized (
            select set_config('synchronous_commit', 'off', true)
        ),
        waiting as materialized (
            select position
            from outbox
            cross join quick
            where id = any($1::text[])
                and published_at is null
            order by position
            for update of outbox
        )
        update outbox
        set published_at = $2
        from waiting
        where outbox.position = waiting.position
        "#,
        ids,
        time_in(at)?,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot note published events", error))?;
    Ok(())
}

/// Notes that the broker refuses a row.
pub(crate) async fn refuse(
    connection: &mut PgConnection,
    id: &str,
    reason: &str,
) -> Result<(), PortError> {
    sqlx::query!(
        r#"
        update outbox
        set refusal = $2
        where id = $1
            and published_at is null
        "#,
        id,
        reason,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot note a refused event", error))?;
    Ok(())
}

/// Lets refused rows wait for the broker again; how many.
pub(crate) async fn retry(connection: &mut PgConnection) -> Result<u64, PortError> {
    let done = sqlx::query!(
        r#"
        update outbox
        set refusal = null
        where published_at is null
            and refusal is not null
        "#
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot let refused events wait again", error))?;
    Ok(done.rows_affected())
}

/// Those of these ids that were refused.
pub(crate) async fn refused_among(
    connection: &mut PgConnection,
    ids: &[String],
) -> Result<Vec<String>, PortError> {
    sqlx::query_scalar!(
        r#"
        select id
        from outbox
        where id = any($1::text[])
            and published_at is null
            and refusal is not null
        order by position
        "#,
        ids,
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot look for refused events", error))
}

/// Rows that were refused, oldest first; the index of what waits holds them too.
pub(crate) async fn refused(
    connection: &mut PgConnection,
    limit: u32,
) -> Result<Vec<RefusedRow>, PortError> {
    sqlx::query!(
        r#"
        select id, stream, subject, refusal as "refusal!"
        from outbox
        where published_at is null
            and refusal is not null
        order by position
        limit $1
        "#,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read refused events", error))?
    .into_iter()
    .map(|row| {
        Ok(RefusedRow {
            id: row.id,
            stream: stream_out(&row.stream)?,
            subject: row.subject,
            reason: row.refusal,
        })
    })
    .collect()
}

/// Removes refused rows that were added before a time, at most `limit` of them.
pub(crate) async fn prune_refused(
    connection: &mut PgConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64, PortError> {
    let done = sqlx::query!(
        r#"
        delete from outbox
        where position in (
            select position
            from outbox
            where published_at is null
                and refusal is not null
                and opened_at < $1
            order by position
            limit $2
            for update skip locked
        )
        "#,
        time_in(before)?,
        limit,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot prune refused events", error))?;
    Ok(done.rows_affected())
}

/// Removes rows that were published before a time, at most `limit` of them.
pub(crate) async fn prune(
    connection: &mut PgConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64, PortError> {
    let done = sqlx::query!(
        r#"
        delete from outbox
        where position in (
            select position
            from outbox
            where published_at < $1
            order by published_at
            limit $2
            for update skip locked
        )
        "#,
        time_in(before)?,
        limit,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot prune published events", error))?;
    Ok(done.rows_affected())
}
