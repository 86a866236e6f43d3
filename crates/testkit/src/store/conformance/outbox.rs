//! Public events on their way.

use jiff::Timestamp;
use lockstep_contracts::Stream;
use lockstep_ports::{Cutoffs, ErrorKind, PortError, RefusedRow, Store};

use super::{NOW, kind, later, message};

/// Rows come in the order in which they were added, whole, until they are marked.
pub async fn rows_wait_in_order_until_they_are_published(
    store: &dyn Store,
) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.outbox(&[message("c"), message("a")], NOW).await?;
    tx.outbox(&[message("b")], NOW).await?;
    tx.commit().await?;
    let rows = store.unpublished(Timestamp::MAX, 10).await?;
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
    assert_eq!(prune(store, later(1)).await?, 2);
    Ok(())
}

/// A second row under one id is refused, in one call, in one transaction and in another.
pub async fn an_id_stands_once(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    let twice = tx.outbox(&[message("a"), message("a")], NOW).await;
    assert_eq!(kind(twice), Some(ErrorKind::Permanent));
    let mut tx = store.begin().await?;
    tx.outbox(&[message("a")], NOW).await?;
    tx.commit().await?;
    let mut tx = store.begin().await?;
    assert_eq!(kind(tx.outbox(&[message("a")], NOW).await), Some(ErrorKind::Permanent));
    Ok(())
}

/// What waits is never removed; what is published goes when it is older.
pub async fn only_published_rows_are_pruned(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.outbox(&["old", "young", "waits"].map(message), NOW).await?;
    tx.commit().await?;
    store.mark_published(&["old".to_owned()], NOW).await?;
    store.mark_published(&["young".to_owned()], later(1)).await?;
    assert_eq!(prune(store, NOW).await?, 0);
    assert_eq!(prune(store, later(1)).await?, 1);
    assert_eq!(prune(store, later(60)).await?, 1);
    assert_eq!(waiting(store, 10).await?, ["waits"]);
    // Neither does the cut-off of letters reach what waits or is published.
    store.mark_published(&["waits".to_owned()], later(60)).await?;
    let letters = Cutoffs { letters: Some(later(99)), ..Cutoffs::default() };
    assert_eq!(store.prune(&letters).await?, 0);
    // Its id may come again: beyond the time that rows are kept, doubles end elsewhere.
    let mut tx = store.begin().await?;
    tx.outbox(&[message("old")], NOW).await?;
    tx.commit().await
}

/// What was just added is left to whoever added it.
pub async fn young_rows_are_left_alone(store: &dyn Store) -> Result<(), PortError> {
    for (id, at) in [("young", later(9)), ("old", NOW)] {
        let mut tx = store.begin().await?;
        tx.outbox(&[message(id)], at).await?;
        tx.commit().await?;
    }
    for (older_than, expected) in
        [(NOW, vec![]), (later(9), vec!["old"]), (later(10), vec!["young", "old"])]
    {
        let rows = store.unpublished(older_than, 10).await?;
        let ids: Vec<&str> = rows.iter().map(|each| each.row.id.as_str()).collect();
        assert_eq!(ids, expected, "{older_than}");
    }
    // The young one stands in front and does not use up the limit.
    let rows = store.unpublished(later(9), 1).await?;
    assert_eq!(rows.iter().map(|each| each.row.id.as_str()).collect::<Vec<_>>(), ["old"]);
    Ok(())
}

/// One that the broker will never take blocks nothing, is told of, and goes when it is old.
pub async fn a_refused_row_blocks_nothing(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.outbox(&["large", "good", "late"].map(message), NOW).await?;
    tx.commit().await?;
    assert_eq!(store.refused_outbox(10).await?, []);
    for id in ["late", "large", "never"] {
        store.refuse_outbox(id, "above the limit").await?;
    }
    store.refuse_outbox("large", "above the limit of 1 MB").await?;
    assert_eq!(waiting(store, 10).await?, ["good"]);
    let refused = |id: &str, reason: &str| RefusedRow {
        id: id.to_owned(),
        stream: Stream::Stock,
        subject: message(id).message.subject,
        reason: reason.to_owned(),
    };
    let large = refused("large", "above the limit of 1 MB");
    let all = [large.clone(), refused("late", "above the limit")];
    assert_eq!(store.refused_outbox(10).await?, all);
    assert_eq!(store.refused_outbox(1).await?, std::slice::from_ref(&large));

    let ids = ["large", "good", "never"].map(str::to_owned);
    assert_eq!(store.refused_among(&ids).await?, ["large"]);
    assert_eq!(store.refused_among(&[]).await?, [""; 0]);

    // One that arrived after all, and one that had arrived, are published and not refused.
    store.mark_published(&["late".to_owned(), "good".to_owned()], later(1)).await?;
    store.refuse_outbox("good", "late news").await?;
    assert_eq!(store.refused_outbox(10).await?, [large]);
    assert_eq!(kind(again(store, "large").await), Some(ErrorKind::Permanent));

    let letters = |at| Cutoffs { letters: Some(at), ..Cutoffs::default() };
    assert_eq!(store.prune(&letters(NOW)).await?, 0);
    assert_eq!(prune(store, later(1)).await?, 0);
    assert_eq!(store.prune(&letters(later(1))).await?, 1);
    assert_eq!(store.refused_outbox(10).await?, []);
    again(store, "large").await
}

/// What the broker would take by now is tried again, in its place; what arrived is left alone.
pub async fn refused_rows_wait_again(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.outbox(&["one", "two", "three", "there"].map(message), NOW).await?;
    tx.commit().await?;
    store.mark_published(&["there".to_owned()], NOW).await?;
    for id in ["three", "one"] {
        store.refuse_outbox(id, "above the limit").await?;
    }
    assert_eq!(waiting(store, 10).await?, ["two"]);
    assert_eq!(store.retry_outbox().await?, 2);
    assert_eq!(waiting(store, 10).await?, ["one", "two", "three"]);
    assert_eq!(store.refused_outbox(10).await?, []);
    assert_eq!(store.retry_outbox().await?, 0);
    Ok(())
}

async fn again(store: &dyn Store, id: &str) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.outbox(&[message(id)], NOW).await?;
    tx.commit().await
}

async fn prune(store: &dyn Store, before: Timestamp) -> Result<u64, PortError> {
    store.prune(&Cutoffs { outbox: Some(before), ..Cutoffs::default() }).await
}

async fn waiting(store: &dyn Store, limit: u32) -> Result<Vec<String>, PortError> {
    Ok(store
        .unpublished(Timestamp::MAX, limit)
        .await?
        .into_iter()
        .map(|each| each.row.id)
        .collect())
}
