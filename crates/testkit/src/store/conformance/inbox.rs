//! Ids of messages, and how far a consumer has come.

use lockstep_ports::{Cutoffs, PortError, Store};

use super::{NOW, ODD_IDS, later};

/// The digest of the first content comes back, whatever content comes later.
pub async fn a_double_shows_the_first_digest(store: &dyn Store) -> Result<(), PortError> {
    let ids: Vec<_> = ODD_IDS.iter().map(|id| noted(id, 1)).collect();
    let mut tx = store.begin().await?;
    assert_eq!(tx.inbox(&ids, NOW).await?, vec![None; ids.len()]);
    tx.commit().await?;

    let mut tx = store.begin().await?;
    let again = [noted("🧦/left", 1), noted("new", 3), noted("100%", 2)];
    assert_eq!(tx.inbox(&again, NOW).await?, [Some(vec![1]), None, Some(vec![1])]);
    drop(tx);

    // The new one was never committed, and the other content did not replace the first.
    let mut tx = store.begin().await?;
    assert_eq!(tx.inbox(&[noted("new", 4), noted("100%", 2)], NOW).await?, [None, Some(vec![1])]);
    Ok(())
}

/// The second of two equal ids is a double, in one call and in one transaction.
pub async fn doubles_in_one_call_are_seen(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    let ids = [noted("b", 1), noted("a", 5), noted("b", 2), noted("b", 3)];
    assert_eq!(tx.inbox(&ids, NOW).await?, [None, None, Some(vec![1]), Some(vec![1])]);
    assert_eq!(tx.inbox(&[noted("b", 4)], NOW).await?, [Some(vec![1])]);
    tx.commit().await
}

/// Of two transactions with one id, the later waits: it is a double if the first commits, and new
/// if it does not.
pub async fn a_double_in_another_transaction_is_waited_for(
    store: &dyn Store,
) -> Result<(), PortError> {
    let (one, other) = ([noted("a", 1)], [noted("a", 2)]);
    let mut first = store.begin().await?;
    let mut second = store.begin().await?;
    assert_eq!(first.inbox(&one, NOW).await?, [None]);
    let (seen, committed) = tokio::join!(second.inbox(&other, NOW), first.commit());
    committed?;
    assert_eq!(seen?, [Some(vec![1])]);
    drop(second);

    let (one, other) = ([noted("b", 1)], [noted("b", 2)]);
    let mut first = store.begin().await?;
    let mut second = store.begin().await?;
    assert_eq!(first.inbox(&one, NOW).await?, [None]);
    let (seen, ()) = tokio::join!(second.inbox(&other, NOW), async { drop(first) });
    assert_eq!(seen?, [None]);
    Ok(())
}

/// Ids noted before a time go, unless they are to be kept.
pub async fn pruning_forgets_what_is_older(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.inbox(&[noted("old", 1)], NOW).await?;
    tx.inbox(&[noted("young", 1)], later(1)).await?;
    tx.commit().await?;
    assert_eq!(store.prune(&Cutoffs { outbox: Some(later(1)), ..Cutoffs::default() }).await?, 0);
    assert_eq!(store.prune(&Cutoffs { inbox: Some(NOW), ..Cutoffs::default() }).await?, 0);
    assert_eq!(store.prune(&Cutoffs { inbox: Some(later(1)), ..Cutoffs::default() }).await?, 1);
    let mut tx = store.begin().await?;
    let seen = tx.inbox(&[noted("old", 1), noted("young", 1)], NOW).await?;
    assert_eq!(seen, [None, Some(vec![1])]);
    Ok(())
}

/// A late batch that commits after a later one does not set the consumer back.
pub async fn a_checkpoint_never_goes_back(store: &dyn Store) -> Result<(), PortError> {
    assert_eq!(store.checkpoint("stock").await?, None);
    for (sequence, before, expected) in [(5, 0, 5), (3, 5, 5), (9, 5, 9)] {
        let mut tx = store.begin().await?;
        assert_eq!(tx.set_checkpoint("stock", sequence).await?, before);
        tx.commit().await?;
        assert_eq!(store.checkpoint("stock").await?, Some(expected));
    }
    let mut tx = store.begin().await?;
    assert_eq!(tx.set_checkpoint("stock", 12).await?, 9);
    assert_eq!(tx.set_checkpoint("stock", 11).await?, 12);
    assert_eq!(tx.set_checkpoint("catalog", 1).await?, 0);
    tx.commit().await?;
    assert_eq!(store.checkpoint("stock").await?, Some(12));
    assert_eq!(store.checkpoint("catalog").await?, Some(1));
    Ok(())
}

fn noted(id: &str, digest: u8) -> (String, Vec<u8>) {
    (id.to_owned(), vec![digest])
}

/// A broker that counts anew is behind; only then a checkpoint is set down, and it grows again.
pub async fn a_checkpoint_is_lowered_on_purpose_only(store: &dyn Store) -> Result<(), PortError> {
    store.lower_checkpoint("stock", 5).await?;
    assert_eq!(store.checkpoint("stock").await?, None);
    for (advanced, lowered, expected) in [(50, 60, 50), (50, 7, 7), (9, 0, 0), (3, 3, 3)] {
        let mut tx = store.begin().await?;
        tx.set_checkpoint("stock", advanced).await?;
        tx.set_checkpoint("catalog", 50).await?;
        tx.commit().await?;
        store.lower_checkpoint("stock", lowered).await?;
        assert_eq!(store.checkpoint("stock").await?, Some(expected), "{advanced} {lowered}");
    }
    assert_eq!(store.checkpoint("catalog").await?, Some(50));
    Ok(())
}
