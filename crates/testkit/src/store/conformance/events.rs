//! The event log.

use lockstep_ports::{ErrorKind, PortError, Store, StoredEvent};
use serde_json::json;

use super::{NOW, ODD_IDS, event, key, kind};
use crate::json::value;

/// A version that was committed cannot be written again.
pub async fn a_version_that_exists_conflicts(store: &dyn Store) -> Result<(), PortError> {
    let level = key("level", "a");
    let mut tx = store.begin().await?;
    tx.append(&[event(&level, 1, &json!(1)), event(&level, 2, &json!(2))]).await?;
    // The same version of another aggregate, or of another kind, is another event.
    tx.append(&[event(&key("level", "b"), 1, &json!(3))]).await?;
    tx.append(&[event(&key("position", "a"), 1, &json!(4))]).await?;
    tx.commit().await?;
    let mut tx = store.begin().await?;
    let batch = [event(&level, 3, &json!(5)), event(&level, 2, &json!(6))];
    assert_eq!(kind(tx.append(&batch).await), Some(ErrorKind::Conflict));
    drop(tx);
    assert_eq!(bodies(&store.events(0, 10).await?), [json!(1), json!(2), json!(3), json!(4)]);
    Ok(())
}

/// Two that write one version without having loaded it: the first commit stays.
pub async fn the_later_of_two_writers_of_a_version_conflicts(
    store: &dyn Store,
) -> Result<(), PortError> {
    let level = key("level", "a");
    let (batch, late) = ([event(&level, 1, &json!("first"))], [event(&level, 1, &json!("late"))]);
    let mut first = store.begin().await?;
    let mut second = store.begin().await?;
    first.append(&batch).await?;
    let (second, first) = tokio::join!(second.append(&late), first.commit());
    first?;
    assert_eq!(kind(second), Some(ErrorKind::Conflict));
    assert_eq!(bodies(&store.events(0, 10).await?), [json!("first")]);
    Ok(())
}

/// Positions grow in the order in which events were appended; pages go on after the last.
pub async fn events_keep_their_order(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    let first: Vec<_> = ODD_IDS.iter().map(|id| event(&key("level", id), 1, &json!(id))).collect();
    tx.append(&first).await?;
    let second: Vec<_> =
        ODD_IDS.iter().rev().map(|id| event(&key("level", id), 2, &json!(id))).collect();
    tx.append(&second).await?;
    tx.commit().await?;

    let all = store.events(0, 100).await?;
    let order = ODD_IDS.iter().chain(ODD_IDS.iter().rev());
    assert_eq!(bodies(&all), order.map(|id| json!(id)).collect::<Vec<_>>());
    assert!(all.is_sorted_by(|one, next| one.position < next.position));
    let mut after = 0;
    let mut paged = Vec::new();
    loop {
        let page = store.events(after, 3).await?;
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = last.position;
        paged.extend(page);
    }
    assert_eq!(bodies(&paged), bodies(&all));
    let event = all.first().map(|each| {
        (each.aggregate_kind.as_str(), each.aggregate_id.as_str(), each.version, each.at)
    });
    assert_eq!(event, Some(("level", "100%", 1, NOW)));
    let words = all.first().map(|each| (each.kind.as_str(), each.cause.as_str()));
    assert_eq!(words, Some(("StockMoved", "wms:1")));
    Ok(())
}

/// Versions of one aggregate, in order, from above the one that is known.
pub async fn events_of_one_aggregate_are_read_above_a_version(
    store: &dyn Store,
) -> Result<(), PortError> {
    let (level, other) = (key("level", "100_a"), key("level", "100xa"));
    let mut tx = store.begin().await?;
    for version in 1..=4 {
        tx.append(&[
            event(&other, version, &json!("other")),
            event(&level, version, &json!(version)),
        ])
        .await?;
    }
    tx.commit().await?;
    assert_eq!(bodies(&store.events_of(&level, 0, 3).await?), [json!(1), json!(2), json!(3)]);
    assert_eq!(bodies(&store.events_of(&level, 2, 10).await?), [json!(3), json!(4)]);
    assert!(store.events_of(&level, 4, 10).await?.is_empty());
    assert!(store.events_of(&key("level", "none"), 0, 10).await?.is_empty());
    Ok(())
}

/// A reader that goes on after the last position it saw meets every event, also one that was
/// appended before that and committed after.
pub async fn a_late_commit_is_not_passed_by(store: &dyn Store) -> Result<(), PortError> {
    let mut early = store.begin().await?;
    early.append(&[event(&key("level", "early"), 1, &json!("early"))]).await?;
    let mut late = store.begin().await?;
    late.append(&[event(&key("level", "late"), 1, &json!("late"))]).await?;
    late.commit().await?;

    let mut read = store.events(0, 10).await?;
    early.commit().await?;
    let after = read.last().map_or(0, |last| last.position);
    read.extend(store.events(after, 10).await?);
    let mut read = bodies(&read);
    read.sort_by_key(ToString::to_string);
    assert_eq!(read, [json!("early"), json!("late")]);
    Ok(())
}

fn bodies(events: &[StoredEvent]) -> Vec<serde_json::Value> {
    events.iter().map(|event| value(&event.body)).collect()
}
