//! The service's event log.

use lockstep_ports::{AggregateKey, NewEvent, PortError, StoredEvent};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{json_out, number_in, number_out, time_in, time_out};
use crate::error::failed;

struct Row {
    position: i64,
    aggregate_kind: String,
    aggregate_id: String,
    version: i64,
    kind: String,
    body: String,
    at: OffsetDateTime,
    cause: String,
}

impl TryFrom<Row> for StoredEvent {
    type Error = PortError;

    fn try_from(row: Row) -> Result<Self, PortError> {
        Ok(Self {
            position: row.position,
            aggregate_kind: row.aggregate_kind,
            aggregate_id: row.aggregate_id,
            version: number_out(row.version)?,
            kind: row.kind,
            body: json_out(row.body)?,
            at: time_out(row.at)?,
            cause: row.cause,
        })
    }
}

/// Appends events in the order given.
///
/// Before its first position is drawn, the transaction marks the place where the log ended, with a
/// shared advisory lock that carries it and ends with the transaction: see [`settled`].
pub(crate) async fn append(
    connection: &mut PgConnection,
    events: &[NewEvent],
) -> Result<(), PortError> {
    if events.is_empty() {
        return Ok(());
    }
    let aggregate_kinds: Vec<&str> = events.iter().map(|event| event.key.kind).collect();
    let aggregate_ids: Vec<&str> = events.iter().map(|event| event.key.id.as_str()).collect();
    let versions: Vec<i64> =
        events.iter().map(|event| number_in(event.version)).collect::<Result<_, _>>()?;
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    let bodies: Vec<&str> = events.iter().map(|event| event.body.get()).collect();
    let times: Vec<OffsetDateTime> =
        events.iter().map(|event| time_in(event.at)).collect::<Result<_, _>>()?;
    let causes: Vec<&str> = events.iter().map(|event| event.cause.as_str()).collect();
    sqlx::query!(
        r#"
        with mark as materialized (
            select pg_advisory_xact_lock_shared(
                hashtext(current_schema() || '/events'),
                (last_value & 4294967295)::bit(32)::integer
            )
            from events_position_seq
        )
        insert into events (aggregate_kind, aggregate_id, version, kind, body, at, cause)
        select n.aggregate_kind, n.aggregate_id, n.version, n.kind, n.body::jsonb, n.at, n.cause
        from mark
        cross join unnest(
            $1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[],
            $7::text[]
        ) with ordinality as n(aggregate_kind, aggregate_id, version, kind, body, at, cause, place)
        order by n.place
        "#,
        aggregate_kinds as _,
        aggregate_ids as _,
        &versions,
        kinds as _,
        bodies as _,
        times as _,
        causes as _,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot append events", error))?;
    Ok(())
}

/// Events above `after`, in order of position, up to where the log is settled.
pub(crate) async fn page(
    connection: &mut PgConnection,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredEvent>, PortError> {
    let settled = settled(connection).await?;
    sqlx::query_as!(
        Row,
        r#"
        select position, aggregate_kind, aggregate_id, version, kind, body::text as "body!", at,
            cause
        from events
        where position > $1
            and position <= $2
        order by position
        limit $3
        "#,
        after,
        settled,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read events", error))?
    .into_iter()
    .map(StoredEvent::try_from)
    .collect()
}

/// The position up to which no transaction can add an event any more. Positions are drawn before
/// the commit, so without this bound a reader would pass by an event that commits late, for good.
async fn settled(connection: &mut PgConnection) -> Result<i64, PortError> {
    // First the end, then the marks: whoever drew a position up to this end had set its mark
    // before, so it is either seen below or has committed by then.
    let end = sqlx::query_scalar!(
        r#"
        select last_value
        from events_position_seq
        "#
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(|error| failed("cannot read the end of the events", error))?;
    // A mark carries the lower 32 bits of its position: its distance from `end`, modulo 2^32, gives
    // the rest. One beyond `end` was set since and is no concern of this page.
    let behind = sqlx::query_scalar!(
        r#"
        select coalesce(max(m.behind), 0) as "behind!"
        from (
            select (($1::bigint & 4294967295) - l.objid::bigint + 4294967296) % 4294967296 as behind
            from pg_locks l
            where l.locktype = 'advisory'
                and l.database = (select oid from pg_database where datname = current_database())
                and l.classid = (hashtext(current_schema() || '/events')::bit(32)::bigint)::oid
                and l.objsubid = 2
                and l.mode = 'ShareLock'
                and l.granted
        ) as m
        where m.behind < 2147483648
        "#,
        end,
    )
    .fetch_one(connection)
    .await
    .map_err(|error| failed("cannot read who appends events", error))?;
    Ok(end - behind)
}

/// Events of one aggregate above a version, in order of version.
pub(crate) async fn of(
    connection: &mut PgConnection,
    key: &AggregateKey,
    after_version: u64,
    limit: u32,
) -> Result<Vec<StoredEvent>, PortError> {
    sqlx::query_as!(
        Row,
        r#"
        select position, aggregate_kind, aggregate_id, version, kind, body::text as "body!", at,
            cause
        from events
        where aggregate_kind = $1
            and aggregate_id = $2
            and version > $3
        order by version
        limit $4
        "#,
        key.kind,
        key.id,
        number_in(after_version)?,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read the events of an aggregate", error))?
    .into_iter()
    .map(StoredEvent::try_from)
    .collect()
}
