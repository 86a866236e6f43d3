//! Calls to the outside, from intent to outcome.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use lockstep_ports::{EffectRow, EffectState, ErrorKind, NewEffect, PortError};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{attempts_in, attempts_out, json_out, time_in, time_out};
use crate::error::{failed, unfit};

struct Row {
    id: Uuid,
    lane: String,
    kind: String,
    request: Vec<u8>,
    context: String,
    state: String,
    attempts: i32,
    created_at: OffsetDateTime,
    note: String,
    trace: Option<String>,
}

impl TryFrom<Row> for EffectRow {
    type Error = PortError;

    fn try_from(row: Row) -> Result<Self, PortError> {
        Ok(Self {
            id: row.id,
            lane: row.lane,
            kind: row.kind,
            request: Bytes::from(row.request),
            context: json_out(row.context)?,
            state: state_out(&row.state)?,
            attempts: attempts_out(row.attempts)?,
            created_at: time_out(row.created_at)?,
            note: row.note,
            trace: row.trace,
        })
    }
}

/// Adds effects that nobody has attempted yet.
pub(crate) async fn open(
    connection: &mut PgConnection,
    effects: &[NewEffect],
) -> Result<(), PortError> {
    if effects.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = effects.iter().map(|effect| effect.id).collect();
    let lanes: Vec<&str> = effects.iter().map(|effect| effect.lane.as_str()).collect();
    let kinds: Vec<&str> = effects.iter().map(|effect| effect.kind.as_str()).collect();
    let requests: Vec<&[u8]> = effects.iter().map(|effect| effect.request.as_ref()).collect();
    let contexts: Vec<&str> = effects.iter().map(|effect| effect.context.get()).collect();
    let leases: Vec<OffsetDateTime> =
        effects.iter().map(|effect| time_in(effect.lease_until)).collect::<Result<_, _>>()?;
    let times: Vec<OffsetDateTime> =
        effects.iter().map(|effect| time_in(effect.at)).collect::<Result<_, _>>()?;
    let traces: Vec<Option<&str>> = effects.iter().map(|effect| effect.trace.as_deref()).collect();
    sqlx::query!(
        r#"
        insert into effects (
            id, lane, kind, request, context, attempts, lease_until, created_at, trace
        )
        select n.id, n.lane, n.kind, n.request, n.context::jsonb, 0, n.lease_until, n.created_at,
            n.trace
        from unnest(
            $1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[],
            $7::timestamptz[], $8::text[]
        ) as n(id, lane, kind, request, context, lease_until, created_at, trace)
        "#,
        &ids,
        lanes as _,
        kinds as _,
        requests as _,
        contexts as _,
        leases as _,
        times as _,
        traces as _,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot open effects", error))?;
    Ok(())
}

/// Counts an attempt at an effect that nobody attempted since. False when somebody did, when it is
/// closed, and when there is none of that id.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    id: Uuid,
    attempts: u32,
    until: Timestamp,
) -> Result<bool, PortError> {
    let done = sqlx::query!(
        r#"
        update effects
        set attempts = attempts + 1,
            lease_until = $3
        where id = $1
            and state <> 'closed'
            and attempts = $2
        "#,
        id,
        attempts_in(attempts)?,
        time_in(until)?,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot hold an effect", error))?;
    Ok(done.rows_affected() > 0)
}

/// Moves an effect on; its lease stays. False when it is closed, when it was attempted since, and
/// when there is none of that id.
pub(crate) async fn step(
    connection: &mut PgConnection,
    id: Uuid,
    state: EffectState,
    note: &str,
    attempts: Option<u32>,
) -> Result<bool, PortError> {
    let done = sqlx::query!(
        r#"
        update effects
        set state = $2,
            note = $3
        where id = $1
            and state <> 'closed'
            and ($4::integer is null or attempts = $4)
        "#,
        id,
        state_in(state),
        note,
        attempts.map(attempts_in).transpose()?,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot move an effect", error))?;
    Ok(done.rows_affected() > 0)
}

/// Takes effects of a lane that neither are closed nor ask and whose lease ended, oldest first.
/// What another worker is just taking is passed over.
pub(crate) async fn take(
    connection: &mut PgConnection,
    lane: &str,
    now: Timestamp,
    lease: Duration,
    limit: u32,
) -> Result<Vec<EffectRow>, PortError> {
    let until = now
        .checked_add(lease)
        .map_err(|error| unfit("a lease that ends beyond the calendar", error))?;
    let mut rows = sqlx::query_as!(
        Row,
        r#"
        with free as materialized (
            select id
            from effects
            where lane = $1
                and state <> 'closed'
                and state <> 'asks'
                and lease_until <= $2
            order by created_at, id
            limit $4
            for update skip locked
        )
        update effects e
        set lease_until = $3
        from free
        where e.id = free.id
        returning e.id, e.lane, e.kind, e.request, e.context::text as "context!", e.state,
            e.attempts, e.created_at, e.note, e.trace
        "#,
        lane,
        time_in(now)?,
        time_in(until)?,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot take effects", error))?;
    rows.sort_by_key(|row| (row.created_at, row.id));
    Ok(rows.into_iter().filter_map(readable).collect())
}

/// One that this version cannot read is left alone, so that it holds up nothing behind it. Its
/// lease was renewed: it comes again, perhaps to a version that can.
fn readable(row: Row) -> Option<EffectRow> {
    let (id, lane) = (row.id, row.lane.clone());
    match EffectRow::try_from(row) {
        Ok(effect) => Some(effect),
        Err(error) => {
            let (code, error) = ("LS0107", error.chain());
            tracing::error!(code, effect.id = %id, lane, error, "an effect is left alone");
            None
        }
    }
}

/// Effects in any of these states, oldest first. That none is closed lets the index of the open
/// ones find them.
pub(crate) async fn of_states(
    connection: &mut PgConnection,
    states: &[EffectState],
    limit: u32,
) -> Result<Vec<EffectRow>, PortError> {
    let states: Vec<&str> = states.iter().map(|state| state_in(*state)).collect();
    sqlx::query_as!(
        Row,
        r#"
        select id, lane, kind, request, context::text as "context!", state, attempts, created_at,
            note, trace
        from effects
        where state <> 'closed'
            and state = any($1::text[])
        order by created_at, id
        limit $2
        "#,
        states as _,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read effects", error))?
    .into_iter()
    .map(EffectRow::try_from)
    .collect()
}

/// One effect.
pub(crate) async fn one(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<EffectRow>, PortError> {
    sqlx::query_as!(
        Row,
        r#"
        select id, lane, kind, request, context::text as "context!", state, attempts, created_at,
            note, trace
        from effects
        where id = $1
        "#,
        id,
    )
    .fetch_optional(connection)
    .await
    .map_err(|error| failed("cannot read an effect", error))?
    .map(EffectRow::try_from)
    .transpose()
}

fn state_in(state: EffectState) -> &'static str {
    match state {
        EffectState::Intended => "intended",
        EffectState::Unknown => "unknown",
        EffectState::Asks => "asks",
        EffectState::Closed => "closed",
    }
}

fn state_out(state: &str) -> Result<EffectState, PortError> {
    match state {
        "intended" => Ok(EffectState::Intended),
        "unknown" => Ok(EffectState::Unknown),
        "asks" => Ok(EffectState::Asks),
        "closed" => Ok(EffectState::Closed),
        other => Err(PortError::plain(
            ErrorKind::Transient,
            format!("this version knows no state {other:?} of a stored effect"),
        )),
    }
}

/// Removes closed effects that were decided before a time, at most `limit` of them.
pub(crate) async fn prune(
    connection: &mut PgConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64, PortError> {
    let done = sqlx::query!(
        r#"
        delete from effects
        where id in (
            select id
            from effects
            where state = 'closed' and created_at < $1
            order by created_at
            limit $2
            for update skip locked
        )
        "#,
        time_in(before)?,
        limit,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot prune closed effects", error))?;
    Ok(done.rows_affected())
}
