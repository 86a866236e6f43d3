//! All or nothing.

use bytes::Bytes;
use jiff::Timestamp;
use lockstep_contracts::Stream;
use lockstep_ports::{
    DeadLetterRow, EffectState, ErrorKind, IdRange, NewEffect, PortError, Store, Timer, Tx,
};
use serde_json::json;
use uuid::Uuid;

use super::{NOW, event, key, kind, later, message, seen, state};
use crate::json::raw;

const EFFECT: Uuid = Uuid::from_u128(7);
const LETTER: Uuid = Uuid::from_u128(8);

/// A transaction that is dropped leaves nothing anywhere.
pub async fn nothing_remains_of_a_dropped_transaction(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    write_everywhere(tx.as_mut()).await?;
    drop(tx);
    assert!(is_empty(store).await?);
    // And nothing stays locked.
    let mut tx = store.begin().await?;
    write_everywhere(tx.as_mut()).await?;
    tx.commit().await
}

/// Others see nothing before the commit and everything after it.
pub async fn a_commit_shows_everything_at_once(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    write_everywhere(tx.as_mut()).await?;
    assert!(is_empty(store).await?);
    tx.commit().await?;
    let level = key("level", "north/1");
    assert_eq!(
        store.read(std::slice::from_ref(&level)).await?.iter().map(seen).collect::<Vec<_>>(),
        [Some((1, json!({"position": 7})))]
    );
    assert_eq!(store.events(0, 10).await?.len(), 1);
    assert_eq!(store.unpublished(Timestamp::MAX, 10).await?.len(), 1);
    assert_eq!(store.effects_of(&[EffectState::Unknown], 10).await?.len(), 1);
    assert!(store.timer("north", "1").await?.is_some());
    assert_eq!(store.checkpoint("stock").await?, Some(12));
    assert_eq!(store.dead_letters(false, None, 10).await?.len(), 1);
    assert_eq!(store.lanes().await?, [("north".to_owned(), later(30))]);
    assert!(store.is_ready().await);
    Ok(())
}

/// After a call has failed, nothing more can be done or committed: half a batch is never kept.
pub async fn a_failed_call_spoils_its_transaction(store: &dyn Store) -> Result<(), PortError> {
    let level = key("level", "north/1");
    let mut tx = store.begin().await?;
    tx.append(&[event(&level, 1, &json!({}))]).await?;
    tx.commit().await?;

    let mut tx = store.begin().await?;
    tx.set_checkpoint("stock", 5).await?;
    let twice = tx.append(&[event(&level, 1, &json!({}))]).await;
    assert_eq!(kind(twice), Some(ErrorKind::Conflict));
    // What it held is free at once, also while somebody still has it in hand.
    let mut other = store.begin().await?;
    other.set_checkpoint("catalog", 1).await?;
    other.set_checkpoint("stock", 1).await?;
    drop(other);
    assert!(tx.set_checkpoint("stock", 6).await.is_err());
    assert!(tx.commit().await.is_err());
    assert_eq!(store.checkpoint("stock").await?, None);
    Ok(())
}

/// Empty lists are taken everywhere.
pub async fn nothing_to_write_is_no_failure(store: &dyn Store) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    assert!(tx.inbox(&[], NOW).await?.is_empty());
    assert!(tx.load(&[]).await?.is_empty());
    assert!(tx.peek(&[]).await?.is_empty());
    assert!(tx.timers(&[]).await?.is_empty());
    tx.append(&[]).await?;
    tx.save(&[]).await?;
    tx.outbox(&[], NOW).await?;
    tx.open_effects(&[]).await?;
    tx.save_timers(&[]).await?;
    tx.open_dead_letters(&[]).await?;
    tx.commit().await?;
    store.mark_published(&[], NOW).await?;
    assert!(store.read(&[]).await?.is_empty());
    assert!(is_empty(store).await?);
    Ok(())
}

/// A full batch of a consumer is one transaction.
pub async fn a_thousand_of_each_fit_into_one_transaction(
    store: &dyn Store,
) -> Result<(), PortError> {
    let keys: Vec<_> = (0..1_000).map(|number| key("level", &format!("north/{number}"))).collect();
    let ids: Vec<_> = (0..1_000).map(|number| (format!("wms:{number}"), vec![1])).collect();
    let mut tx = store.begin().await?;
    assert_eq!(tx.inbox(&ids, NOW).await?, vec![None; 1_000]);
    assert!(tx.load(&keys).await?.iter().all(Option::is_none));
    let events: Vec<_> = keys.iter().map(|key| event(key, 1, &json!({"by": -1}))).collect();
    tx.append(&events).await?;
    let states: Vec<_> = keys.iter().map(|key| state(key, 1, &json!({"position": 7}))).collect();
    tx.save(&states).await?;
    let rows: Vec<_> = (0..1_000).map(|number| message(&number.to_string())).collect();
    tx.outbox(&rows, NOW).await?;
    tx.commit().await?;
    assert_eq!(store.events(0, 2_000).await?.len(), 1_000);
    assert_eq!(store.scan("level", "", "", 2_000).await?.len(), 1_000);
    assert_eq!(store.unpublished(Timestamp::MAX, 2_000).await?.len(), 1_000);
    Ok(())
}

async fn write_everywhere(tx: &mut dyn Tx) -> Result<(), PortError> {
    let level = key("level", "north/1");
    assert_eq!(tx.inbox(&[("wms:1".to_owned(), vec![1])], NOW).await?, [None]);
    assert!(tx.load(std::slice::from_ref(&level)).await?.iter().all(Option::is_none));
    tx.append(&[event(&level, 1, &json!({"by": 7}))]).await?;
    tx.save(&[state(&level, 1, &json!({"position": 7}))]).await?;
    tx.outbox(&[message("1")], NOW).await?;
    tx.open_effects(&[NewEffect {
        id: EFFECT,
        lane: "north".to_owned(),
        kind: "push".to_owned(),
        request: Bytes::from_static(b"{}"),
        context: raw(&json!({})),
        lease_until: later(60),
        at: NOW,
        trace: None,
    }])
    .await?;
    assert!(tx.move_effect(EFFECT, EffectState::Unknown, "no answer", None).await?);
    tx.save_timers(&[Timer {
        lane: "north".to_owned(),
        key: "1".to_owned(),
        due_at: Some(later(30)),
        ..Timer::default()
    }])
    .await?;
    tx.set_checkpoint("stock", 12).await?;
    tx.open_dead_letters(&[DeadLetterRow {
        id: LETTER,
        stream: Stream::Backoffice,
        stream_sequence: 3,
        subject: "backoffice.v1.wms.1.movement".to_owned(),
        message_type: "lockstep.backoffice.v1.MovementReported".to_owned(),
        message_id: "wms:2".to_owned(),
        sealed: Bytes::from_static(b"sealed"),
        reason: "no SKU".to_owned(),
        attempts: 1,
        state: "open".to_owned(),
        opened_at: NOW,
    }])
    .await
}

async fn is_empty(store: &dyn Store) -> Result<bool, PortError> {
    let mut tx = store.begin().await?;
    let states = store.scan("level", "", "", 10).await?.is_empty()
        && tx.ids(&IdRange::all("level", "")).await?.is_empty()
        && store.events(0, 10).await?.is_empty();
    let lists = store.unpublished(Timestamp::MAX, 10).await?.is_empty()
        && store.effects_of(&[EffectState::Unknown], 10).await?.is_empty()
        && store.dead_letters(true, None, 10).await?.is_empty()
        && store.lanes().await?.is_empty();
    let rows =
        store.timer("north", "1").await?.is_none() && store.checkpoint("stock").await?.is_none();
    Ok(states && lists && rows)
}
