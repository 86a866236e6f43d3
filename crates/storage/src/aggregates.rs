//! States of aggregates and their locks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lockstep_ports::{AggregateKey, IdRange, PortError, SaveState, Snapshot};
use sqlx::PgConnection;

use crate::convert::{json_out, number_in, number_out};
use crate::error::failed;
use crate::prefix::end_of;

struct Row {
    kind: String,
    id: String,
    version: i64,
    state: String,
}

type Found = HashMap<(String, String), Snapshot>;

/// States without locks, in the order asked.
pub(crate) async fn read(
    connection: &mut PgConnection,
    keys: &[AggregateKey],
) -> Result<Vec<Option<Snapshot>>, PortError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (kinds, ids) = columns(keys.iter());
    let rows = sqlx::query_as!(
        Row,
        r#"
        select a.kind, a.id, a.version, a.state::text as "state!"
        from aggregates a
        join unnest($1::text[], $2::text[]) as k(kind, id)
            on a.kind = k.kind
            and a.id = k.id
        "#,
        kinds as _,
        ids as _,
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read states", error))?;
    Ok(in_order(keys, &found(rows)?))
}

/// Loads and locks aggregates. Those that exist are locked by their rows, in order of key. A key
/// without a row is locked by an advisory lock and read again, since its row may have been
/// committed by the one who held that lock before.
pub(crate) async fn load(
    connection: &mut PgConnection,
    keys: &[AggregateKey],
) -> Result<Vec<Option<Snapshot>>, PortError> {
    let wanted: BTreeSet<&AggregateKey> = keys.iter().collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut states = lock_rows(connection, &wanted).await?;
    let missing: BTreeSet<&AggregateKey> = wanted
        .into_iter()
        .filter(|key| !states.contains_key(&(key.kind.to_owned(), key.id.clone())))
        .collect();
    if !missing.is_empty() {
        lock_places(connection, &missing).await?;
        states.extend(lock_rows(connection, &missing).await?);
    }
    Ok(in_order(keys, &states))
}

async fn lock_rows(
    connection: &mut PgConnection,
    keys: &BTreeSet<&AggregateKey>,
) -> Result<Found, PortError> {
    let (kinds, ids) = columns(keys.iter().copied());
    let rows = sqlx::query_as!(
        Row,
        r#"
        select a.kind, a.id, a.version, a.state::text as "state!"
        from aggregates a
        join unnest($1::text[], $2::text[]) as k(kind, id)
            on a.kind = k.kind
            and a.id = k.id
        order by a.kind, a.id
        for update of a
        "#,
        kinds as _,
        ids as _,
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot load states", error))?;
    found(rows)
}

/// Locks keys that have no row until the transaction ends, by one of 1,024 places that their hash
/// gives: so a batch of any size takes no more than these from the server's table of locks, and the
/// price is that now and then two makers of different aggregates wait for each other. Places are
/// taken in order, so that they never block each other.
async fn lock_places(
    connection: &mut PgConnection,
    keys: &BTreeSet<&AggregateKey>,
) -> Result<(), PortError> {
    let (kinds, ids) = columns(keys.iter().copied());
    sqlx::query!(
        r#"
        select pg_advisory_xact_lock(hashtext(current_schema() || '/aggregates'), p.place)
        from (
            select distinct (hashtextextended(k.kind || '/' || k.id, 0) & 1023)::integer as place
            from unnest($1::text[], $2::text[]) as k(kind, id)
            order by place
        ) as p
        "#,
        kinds as _,
        ids as _,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot lock aggregates", error))?;
    Ok(())
}

/// Aggregates of a kind whose id begins with `prefix` and is above `after`, in order of id.
pub(crate) async fn scan(
    connection: &mut PgConnection,
    kind: &str,
    prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, Snapshot)>, PortError> {
    let (end_kind, end_id) = end_of(kind, prefix);
    sqlx::query_as!(
        Row,
        r#"
        select kind, id, version, state::text as "state!"
        from aggregates
        where kind = $1
            and id >= $2
            and id > $3
            and (kind, id) < ($4, $5)
        order by id
        limit $6
        "#,
        kind,
        prefix,
        after,
        end_kind,
        end_id,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot scan states", error))?
    .into_iter()
    .map(|row| {
        let id = row.id.clone();
        Ok((id, snapshot(row)?))
    })
    .collect()
}

/// Ids of a kind, in order.
pub(crate) async fn ids(
    connection: &mut PgConnection,
    range: &IdRange,
) -> Result<Vec<String>, PortError> {
    let IdRange { kind, prefix, after, limit } = range;
    let (end_kind, end_id) = end_of(kind, prefix);
    sqlx::query_scalar!(
        r#"
        select id
        from aggregates
        where kind = $1
            and id >= $2
            and id > $3
            and (kind, id) < ($4, $5)
        order by id
        limit $6
        "#,
        kind,
        prefix,
        after,
        end_kind,
        end_id,
        limit.map(i64::from),
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read ids", error))
}

/// Writes states; of several for one key the last counts.
pub(crate) async fn save(
    connection: &mut PgConnection,
    states: &[SaveState],
) -> Result<(), PortError> {
    if states.is_empty() {
        return Ok(());
    }
    let last: BTreeMap<&AggregateKey, &SaveState> =
        states.iter().map(|state| (&state.key, state)).collect();
    let (kinds, ids) = columns(last.keys().copied());
    let versions: Vec<i64> =
        last.values().map(|state| number_in(state.version)).collect::<Result<_, _>>()?;
    let bodies: Vec<&str> = last.values().map(|state| state.state.get()).collect();
    sqlx::query!(
        r#"
        insert into aggregates (kind, id, version, state)
        select n.kind, n.id, n.version, n.state::jsonb
        from unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
            with ordinality as n(kind, id, version, state, place)
        order by n.place
        on conflict (kind, id) do update
        set version = excluded.version,
            state = excluded.state
        "#,
        kinds as _,
        ids as _,
        &versions,
        bodies as _,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot save states", error))?;
    Ok(())
}

/// Drops every state.
pub(crate) async fn clear(connection: &mut PgConnection) -> Result<(), PortError> {
    sqlx::query!("truncate aggregates")
        .execute(connection)
        .await
        .map_err(|error| failed("cannot drop the states", error))?;
    Ok(())
}

fn columns<'k>(keys: impl Iterator<Item = &'k AggregateKey>) -> (Vec<&'k str>, Vec<&'k str>) {
    keys.map(|key| (key.kind, key.id.as_str())).unzip()
}

fn found(rows: Vec<Row>) -> Result<Found, PortError> {
    rows.into_iter()
        .map(|row| {
            let key = (row.kind.clone(), row.id.clone());
            Ok((key, snapshot(row)?))
        })
        .collect()
}

fn snapshot(row: Row) -> Result<Snapshot, PortError> {
    Ok(Snapshot { version: number_out(row.version)?, state: json_out(row.state)? })
}

fn in_order(keys: &[AggregateKey], states: &Found) -> Vec<Option<Snapshot>> {
    keys.iter().map(|key| states.get(&(key.kind.to_owned(), key.id.clone())).cloned()).collect()
}
