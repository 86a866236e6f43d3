//! Ids of processed messages.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use lockstep_ports::{ErrorKind, PortError};
use sqlx::PgConnection;

use crate::convert::time_in;
use crate::error::failed;

/// Notes ids; for each the digest under which it was noted before. An id that another transaction
/// is just noting is waited for.
pub(crate) async fn note(
    connection: &mut PgConnection,
    ids: &[(String, Vec<u8>)],
    now: Timestamp,
) -> Result<Vec<Option<Vec<u8>>>, PortError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted: BTreeMap<&str, &[u8]> = BTreeMap::new();
    for (id, digest) in ids {
        wanted.entry(id).or_insert(digest);
    }
    let fresh = insert(connection, &wanted, now).await?;
    let doubles: Vec<&str> = wanted.keys().copied().filter(|id| !fresh.contains(*id)).collect();
    let known = digests(connection, &doubles).await?;
    let mut seen: HashSet<&str> = HashSet::new();
    ids.iter()
        .map(|(id, _)| {
            if fresh.contains(id) {
                // The second of two equal ids in one call is a double of the first.
                let first = wanted.get(id.as_str()).filter(|_| !seen.insert(id));
                return Ok(first.map(|digest| digest.to_vec()));
            }
            known.get(id).cloned().map(Some).ok_or_else(|| {
                PortError::plain(ErrorKind::Transient, "a message id was pruned while it was read")
            })
        })
        .collect()
}

async fn insert(
    connection: &mut PgConnection,
    wanted: &BTreeMap<&str, &[u8]>,
    now: Timestamp,
) -> Result<HashSet<String>, PortError> {
    let ids: Vec<&str> = wanted.keys().copied().collect();
    let digests: Vec<&[u8]> = wanted.values().copied().collect();
    // In order of id, so that two transactions with the same ids wait and never block each other.
    let rows = sqlx::query_scalar!(
        r#"
        insert into inbox (id, digest, seen_at)
        select n.id, n.digest, $3
        from unnest($1::text[], $2::bytea[]) with ordinality as n(id, digest, place)
        order by n.place
        on conflict (id) do nothing
        returning id
        "#,
        ids as _,
        digests as _,
        time_in(now)?,
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot note message ids", error))?;
    Ok(rows.into_iter().collect())
}

async fn digests(
    connection: &mut PgConnection,
    ids: &[&str],
) -> Result<HashMap<String, Vec<u8>>, PortError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"
        select id, digest
        from inbox
        where id = any($1::text[])
        "#,
        ids as _,
    )
    .fetch_all(connection)
    .await
    .map_err(|error| failed("cannot read message ids", error))?;
    Ok(rows.into_iter().map(|row| (row.id, row.digest)).collect())
}

/// Removes ids that were noted before a time, at most `limit` of them.
pub(crate) async fn prune(
    connection: &mut PgConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64, PortError> {
    let done = sqlx::query!(
        r#"
        delete from inbox
        where id in (
            select id
            from inbox
            where seen_at < $1
            order by seen_at
            limit $2
            for update skip locked
        )
        "#,
        time_in(before)?,
        limit,
    )
    .execute(connection)
    .await
    .map_err(|error| failed("cannot prune message ids", error))?;
    Ok(done.rows_affected())
}
