//! Messages that cannot be processed.

use bytes::Bytes;
use jiff::Timestamp;
use lockstep_ports::{DeadLetterHead, DeadLetterRow, ErrorKind, PortError};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{
    attempts_in, attempts_out, number_in, number_out, stream_out, time_in, time_out,
};
use crate::error::failed;

struct Row {
    id: Uuid,
    stream: String,
    stream_sequence: i64,
    subject: String,
    message_type: String,
    message_id: String,
    sealed: Vec<u8>,
    reason: String,
    attempts: i32,
    state: String,
    opened_at: OffsetDateTime,
}

impl TryFrom<Row> for DeadLetterRow {
    type Error = PortError;

    fn try_from(row: Row) -> Result<Self, PortError> {
        Ok(Self {
            id: row.id,
            stream: stream_out(&row.stream)?,
            stream_sequence: number_out(row.stream_sequence)?,
            subject: row.subject,
            message_type: row.message_type,
            message_id: row.message_id,
            sealed: Bytes::from(row.sealed),
            reason: row.reason,
            attempts: attempts_out(row.attempts)?,
            state: row.state,
            opened_at: time_out(row.opened_at)?,
        })
    }
}

struct HeadRow {
    id: Uuid,
    stream: String,
    stream_sequence: i64,
    subject: String,
    message_type: String,
    message_id: String,
    reason: String,
    attempts: i32,
    state: String,
    opened_at: OffsetDateTime,
}

impl TryFrom<HeadRow> for DeadLetterHead {
    type Error = PortError;

    fn try_from(row: HeadRow) -> Result<Self, PortError> {
        Ok(Self {
            id: row.id,
            stream: stream_out(&row.stream)?,
            stream_sequence: number_out(row.stream_sequence)?,
            subject: row.subject,
            message_type: row.message_type,
            message_id: row.message_id,
            reason: row.reason,
            attempts: attempts_out(row.attempts)?,
            state: row.state,
            opened_at: time_out(row.opened_at)?,
        })
    }
}

/// Adds letters.
pub(crate) async fn open(
    connection: &mut PgConnection,
    letters: &[DeadLetterRow],
) -> Result<(), PortError> {
    if letters.is_empty() {
        return Ok(());
    }
    let text =
        |column: fn(&DeadLetterRow) -> &str| -> Vec<&str> { letters.iter().map(column).collect() };
    let ids: Vec<Uuid> = letters.iter().map(|letter| letter.id).collect();
    let sequences: Vec<i64> =
        letters.iter().map(|letter| number_in(letter.stream_sequence)).collect::<Result<_, _>>()?;
    let sealed: Vec<&[u8]> = letters.iter().map(|letter| letter.sealed.as_ref()).collect();
    let attempts: Vec<i32> =
        letters.iter().map(|letter| attempts_in(letter.attempts)).collect::<Result<_, _>>()?;
    let times: Vec<OffsetDateTime> =
        letters.iter().map(|letter| time_in(letter.opened_at)).collect::<Result<_, _>>()?;
    sqlx::query!(
        r#"
        insert into dead_letters (
            id, stream, stream_sequence, subject, message_type, message_id, sealed, reason,
            attempts, state, opened_at
        )
        select *
        from unnest(
            $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bytea[],
            $8::text[], $9::integer[], $10::text[], $11::timestamptz[]
        )
        "#,
        &ids,
        text(|letter| letter.stream.name()) as _,
        &sequences,
        text(|letter| &letter.subject) as _,
        text(|letter| &letter.message_type) as _,
        text(|letter| &letter.message_id) as _,
        sealed as _,
        text(|letter| &letter.reason) as _,
        &attempts,
        text(|letter| &letter.state) as _,
        times as _,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot open dead letters", error))?;
    Ok(())
}

/// Letters without their content, newest first, from behind `after` on.
pub(crate) async fn list(
    connection: &mut PgConnection,
    include_closed: bool,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<DeadLetterHead>, PortError> {
    sqlx::query_as!(
        HeadRow,
        r#"
        select id, stream, stream_sequence, subject, message_type, message_id, reason, attempts,
            state, opened_at
        from dead_letters
        where (state = 'open' or $1)
            and ($2::uuid is null
                or (opened_at, id) < (select a.opened_at, a.id from dead_letters a where a.id = $2))
        order by opened_at desc, id desc
        limit $3
        "#,
        include_closed,
        after,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read dead letters", error))?
    .into_iter()
    .map(DeadLetterHead::try_from)
    .collect()
}

/// One letter, open or closed.
pub(crate) async fn one(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<DeadLetterRow>, PortError> {
    sqlx::query_as!(
        Row,
        r#"
        select id, stream, stream_sequence, subject, message_type, message_id, sealed, reason,
            attempts, state, opened_at
        from dead_letters
        where id = $1
        "#,
        id,
    )
    .fetch_optional(connection)
    .await
    .map_err(|error| failed("cannot read a dead letter", error))?
    .map(DeadLetterRow::try_from)
    .transpose()
}

/// Removes letters that were opened before a time, at most `limit` of them.
pub(crate) async fn prune(
    connection: &mut PgConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64, PortError> {
    let done = sqlx::query!(
        r#"
        delete from dead_letters
        where id in (
            select id
            from dead_letters
            where opened_at < $1
            order by opened_at
            limit $2
            for update skip locked
        )
        "#,
        time_in(before)?,
        limit,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot prune dead letters", error))?;
    Ok(done.rows_affected())
}

/// Locks an open letter.
pub(crate) async fn lock_open(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<DeadLetterRow>, PortError> {
    sqlx::query_as!(
        Row,
        r#"
        select id, stream, stream_sequence, subject, message_type, message_id, sealed, reason,
            attempts, state, opened_at
        from dead_letters
        where id = $1
            and state = 'open'
        for update
        "#,
        id,
    )
    .fetch_optional(connection)
    .await
    .map_err(|error| failed("cannot lock a dead letter", error))?
    .map(DeadLetterRow::try_from)
    .transpose()
}

/// Closes or re-words a letter.
pub(crate) async fn set(
    connection: &mut PgConnection,
    id: Uuid,
    state: &str,
    reason: &str,
    attempts: u32,
) -> Result<(), PortError> {
    let done = sqlx::query!(
        r#"
        update dead_letters
        set state = $2,
            reason = $3,
            attempts = $4
        where id = $1
        "#,
        id,
        state,
        reason,
        attempts_in(attempts)?,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot change a dead letter", error))?;
    if done.rows_affected() == 0 {
        return Err(PortError::plain(
            ErrorKind::Permanent,
            format!("there is no dead letter {id}"),
        ));
    }
    Ok(())
}
