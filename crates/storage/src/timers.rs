//! What becomes due in a lane.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use lockstep_ports::{PortError, Timer};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{time_in, time_out};
use crate::error::failed;

struct Row {
    lane: String,
    key: String,
    due_at: Option<OffsetDateTime>,
    not_before: Option<OffsetDateTime>,
    dirty_since: Option<OffsetDateTime>,
    note: String,
    trace: Option<String>,
}

impl TryFrom<Row> for Timer {
    type Error = PortError;

    fn try_from(row: Row) -> Result<Self, PortError> {
        Ok(Self {
            lane: row.lane,
            key: row.key,
            due_at: row.due_at.map(time_out).transpose()?,
            not_before: row.not_before.map(time_out).transpose()?,
            dirty_since: row.dirty_since.map(time_out).transpose()?,
            note: row.note,
            trace: row.trace,
        })
    }
}

type Place = (String, String);

/// Loads and locks timers by (lane, key), in that order; the answer is in the order asked. As with
/// aggregates, those that exist are locked by their rows; a place without a row is locked by an
/// advisory lock and read again, since whoever held that lock before may have made it.
pub(crate) async fn load(
    connection: &mut PgConnection,
    places: &[Place],
) -> Result<Vec<Option<Timer>>, PortError> {
    let wanted: BTreeSet<&Place> = places.iter().collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut timers = lock_rows(connection, &wanted).await?;
    let missing: BTreeSet<&Place> =
        wanted.into_iter().filter(|place| !timers.contains_key(*place)).collect();
    if !missing.is_empty() {
        lock_places(connection, &missing).await?;
        timers.extend(lock_rows(connection, &missing).await?);
    }
    Ok(places.iter().map(|place| timers.get(place).cloned()).collect())
}

async fn lock_rows(
    connection: &mut PgConnection,
    places: &BTreeSet<&Place>,
) -> Result<HashMap<Place, Timer>, PortError> {
    let (lanes, keys) = columns(places);
    let rows = sqlx::query_as!(
        Row,
        r#"
        select t.lane, t.key, t.due_at, t.not_before, t.dirty_since, t.note, t.trace
        from timers t
        join unnest($1::text[], $2::text[]) as k(lane, key)
            on t.lane = k.lane
            and t.key = k.key
        order by t.lane, t.key
        for update of t
        "#,
        lanes as _,
        keys as _,
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot load timers", error))?;
    rows.into_iter()
        .map(|row| Ok(((row.lane.clone(), row.key.clone()), Timer::try_from(row)?)))
        .collect()
}

/// Locks places that have no row until the transaction ends, as `aggregates` does: by one of 1,024
/// that their hash gives, in order.
async fn lock_places(
    connection: &mut PgConnection,
    places: &BTreeSet<&Place>,
) -> Result<(), PortError> {
    let (lanes, keys) = columns(places);
    sqlx::query!(
        r#"
        select pg_advisory_xact_lock(hashtext(current_schema() || '/timers'), p.place)
        from (
            select distinct (hashtextextended(k.lane || '/' || k.key, 0) & 1023)::integer as place
            from unnest($1::text[], $2::text[]) as k(lane, key)
            order by place
        ) as p
        "#,
        lanes as _,
        keys as _,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot lock timers", error))?;
    Ok(())
}

fn columns<'p>(places: &BTreeSet<&'p Place>) -> (Vec<&'p str>, Vec<&'p str>) {
    places.iter().map(|(lane, key)| (lane.as_str(), key.as_str())).unzip()
}

/// Writes timers whole, in order of lane and key; of several for one key the last counts.
pub(crate) async fn save(connection: &mut PgConnection, timers: &[Timer]) -> Result<(), PortError> {
    if timers.is_empty() {
        return Ok(());
    }
    let last: BTreeMap<(&str, &str), &Timer> =
        timers.iter().map(|timer| ((timer.lane.as_str(), timer.key.as_str()), timer)).collect();
    let (lanes, keys): (Vec<&str>, Vec<&str>) = last.keys().copied().unzip();
    let times = |column: fn(&Timer) -> Option<Timestamp>| {
        last.values()
            .map(|timer| column(timer).map(time_in).transpose())
            .collect::<Result<Vec<Option<OffsetDateTime>>, PortError>>()
    };
    let notes: Vec<&str> = last.values().map(|timer| timer.note.as_str()).collect();
    let traces: Vec<Option<&str>> = last.values().map(|timer| timer.trace.as_deref()).collect();
    sqlx::query!(
        r#"
        insert into timers (lane, key, due_at, not_before, dirty_since, note, trace)
        select n.lane, n.key, n.due_at, n.not_before, n.dirty_since, n.note, n.trace
        from unnest(
            $1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
            $6::text[], $7::text[]
        ) with ordinality as n(lane, key, due_at, not_before, dirty_since, note, trace, place)
        order by n.place
        on conflict (lane, key) do update
        set due_at = excluded.due_at,
            not_before = excluded.not_before,
            dirty_since = excluded.dirty_since,
            note = excluded.note,
            trace = excluded.trace
        "#,
        lanes as _,
        keys as _,
        times(|timer| timer.due_at)? as _,
        times(|timer| timer.not_before)? as _,
        times(|timer| timer.dirty_since)? as _,
        notes as _,
        traces as _,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot save timers", error))?;
    Ok(())
}

/// Lanes in which something waits, each with the moment at which the first of it may be done: a
/// timer becomes due, or the lease of an effect ends.
pub(crate) async fn lanes(
    connection: &mut PgConnection,
) -> Result<Vec<(String, Timestamp)>, PortError> {
    sqlx::query_file!("queries/lanes.sql")
        .fetch_all(connection)
        .await
        .map_err(|error| failed("cannot read lanes", error))?
        .into_iter()
        .map(|row| Ok((row.lane, time_out(row.at)?)))
        .collect()
}

/// Timers of a lane that are due, the longest waiting first.
pub(crate) async fn due(
    connection: &mut PgConnection,
    lane: &str,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Timer>, PortError> {
    sqlx::query_as!(
        Row,
        r#"
        select lane, key, due_at, not_before, dirty_since, note, trace
        from timers
        where lane = $1
            and due_at <= $2
        order by due_at, key
        limit $3
        "#,
        lane,
        time_in(now)?,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read due timers", error))?
    .into_iter()
    .map(Timer::try_from)
    .collect()
}

/// Those of them whose key begins so.
pub(crate) async fn due_under(
    connection: &mut PgConnection,
    (lane, prefix): (&str, &str),
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Timer>, PortError> {
    sqlx::query_as!(
        Row,
        r#"
        select lane, key, due_at, not_before, dirty_since, note, trace
        from timers
        where lane = $1
            and due_at <= $2
            and starts_with(key, $3)
        order by due_at, key
        limit $4
        "#,
        lane,
        time_in(now)?,
        prefix,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read due timers", error))?
    .into_iter()
    .map(Timer::try_from)
    .collect()
}

/// One timer.
pub(crate) async fn one(
    connection: &mut PgConnection,
    lane: &str,
    key: &str,
) -> Result<Option<Timer>, PortError> {
    sqlx::query_as!(
        Row,
        r#"
        select lane, key, due_at, not_before, dirty_since, note, trace
        from timers
        where lane = $1
            and key = $2
        "#,
        lane,
        key,
    )
    .fetch_optional(connection)
    .await
    .map_err(|error| failed("cannot read a timer", error))?
    .map(Timer::try_from)
    .transpose()
}

/// Removes timers that remember nothing, at most `limit` of them: who asks for one finds it the
/// same without its row.
pub(crate) async fn prune_blank(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<u64, PortError> {
    let done = sqlx::query!(
        r#"
        delete from timers t
        using (
            select lane, key
            from timers
            where due_at is null and not_before is null and dirty_since is null and note = ''
            limit $1
            for update skip locked
        ) as blank
        where t.lane = blank.lane and t.key = blank.key
        "#,
        limit,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot prune timers", error))?;
    Ok(done.rows_affected())
}
