//! Public events on their way.

use lockstep_ports::{ErrorKind, PortError, Store};

use super::{NOW, kind, later, message};

/// Rows come in the order in which they were added, whole, until they are marked.
pub async fn rows_wait_in_order_until_they_are_published(
    store: &dyn Store,
) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.outbox(&[message("c"), message("a")]).await?;
    tx.outbox(&[message("b")]).await?;
    tx.commit().await?;
    let rows = store.unpublished(10).await?;
    assert!(rows.is_sorted_by(|one, next| one.position < next.position));
    let messages: Vec<_> = rows.iter().map(|each| each.row.message.clone()).collect();
    assert_eq!(messages, ["c", "a", "b"].map(|id| message(id).message));
    assert_eq!(waiting(store, 2).await?, ["c", "a"]);

    let published = ["a", "never", "c"].map(str::to_owned);
    store.mark_published(&published, NOW).await?;
    assert_eq!(waiting(store, 10).await?, ["b"]);
    // A second mark, by the sweep, changes nothing.
    store.mark_published(&published, later(60)).await?;
    assert_eq!(waiting(store, 10).await?, ["b"]);
    assert_eq!(store.prune(later(1), true).await?, 2);
    Ok(())
}

/// A second row under one id is refused, in one call, in one transaction and in another.
pub async fn an_id_stands_once(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    let twice = tx.outbox(&[message("a"), message("a")]).await;
    assert_eq!(kind(twice), Some(ErrorKind::Permanent));
    let mut tx = store.begin().await?;
    tx.outbox(&[message("a")]).await?;
    tx.commit().await?;
    let mut tx = store.begin().await?;
    assert_eq!(kind(tx.outbox(&[message("a")]).await), Some(ErrorKind::Permanent));
    Ok(())
}

/// What waits is never removed; what is published goes when it is older.
pub async fn only_published_rows_are_pruned(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.outbox(&["old", "young", "waits"].map(message)).await?;
    tx.commit().await?;
    store.mark_published(&["old".to_owned()], NOW).await?;
    store.mark_published(&["young".to_owned()], later(1)).await?;
    assert_eq!(store.prune(NOW, false).await?, 0);
    assert_eq!(store.prune(later(1), false).await?, 1);
    assert_eq!(store.prune(later(60), false).await?, 1);
    assert_eq!(waiting(store, 10).await?, ["waits"]);
    // Its id may come again: beyond the time that rows are kept, doubles end elsewhere.
    let mut tx = store.begin().await?;
    tx.outbox(&[message("old")]).await?;
    tx.commit().await
}

async fn waiting(store: &dyn Store, limit: u32) -> Result<Vec<String>, PortError> {
    Ok(store.unpublished(limit).await?.into_iter().map(|each| each.row.id).collect())
}
