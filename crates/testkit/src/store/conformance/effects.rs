//! Calls to the outside.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use lockstep_ports::{Cutoffs, EffectRow, EffectState, ErrorKind, NewEffect, PortError, Store};
use serde_json::json;
use uuid::Uuid;

use super::{NOW, kind, later};
use crate::json::{raw, value};

const LEASE: Duration = Duration::from_secs(30);

/// Bytes, notes, trace and times come back; neither the commit nor the taking is an attempt.
pub async fn an_effect_comes_back_as_it_was(store: &dyn Store) -> Result<(), PortError> {
    let request = Bytes::from_static(&[0, 159, 146, 150, 34]);
    let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let new = NewEffect {
        request: request.clone(),
        context: raw(&json!({"read": ["🧦", 7]})),
        trace: trace.clone(),
        ..effect(1, NOW)
    };
    let untraced = NewEffect { at: later(1), ..effect(2, NOW) };
    open(store, &[new, untraced]).await?;
    let rows = store.take_effects("north", later(60), LEASE, 10).await?;
    let row = rows.first().cloned();
    let told = row.as_ref().map(|row| (row.id, row.lane.as_str(), row.kind.as_str(), row.state));
    assert_eq!(told, Some((Uuid::from_u128(1), "north", "push", EffectState::Intended)));
    let told = row.as_ref().map(|row| (row.request.clone(), value(&row.context)));
    assert_eq!(told, Some((request, json!({"read": ["🧦", 7]}))));
    let told = row.as_ref().map(|row| (row.created_at, row.note.as_str(), row.attempts));
    assert_eq!(told, Some((NOW, "", 0)));
    assert_eq!(rows.iter().map(|row| row.trace.clone()).collect::<Vec<_>>(), [trace, None]);
    Ok(())
}

/// Closed ones go when they are old; an open one stays, however old.
pub async fn only_closed_effects_are_pruned(store: &dyn Store) -> Result<(), PortError> {
    open(store, &[effect(1, NOW), effect(2, NOW), effect(3, NOW)]).await?;
    step(store, 1, EffectState::Closed, "answered").await?;
    step(store, 3, EffectState::Asks, "").await?;
    let effects = |at| Cutoffs { effects: Some(at), ..Cutoffs::default() };
    assert_eq!(store.prune(&effects(NOW)).await?, 0);
    assert_eq!(store.prune(&effects(later(1))).await?, 1);
    assert!(store.effect(Uuid::from_u128(1)).await?.is_none());
    assert_eq!(taken(store, later(1_000)).await?, [2]);
    assert!(store.effect(Uuid::from_u128(3)).await?.is_some());
    Ok(())
}

/// Until the lease ends it belongs to who committed it; then to who takes it, for as long.
pub async fn an_effect_is_free_when_its_lease_has_ended(
    store: &dyn Store,
) -> Result<(), PortError> {
    open(store, &[effect(1, later(10))]).await?;
    assert_eq!(taken(store, later(9)).await?, []);
    assert_eq!(taken(store, later(10)).await?, [1]);
    assert_eq!(taken(store, later(39)).await?, []);
    assert_eq!(store.lanes().await?, [("north".to_owned(), later(40))]);
    assert_eq!(taken(store, later(40)).await?, [1]);

    // Moving it on leaves the lease that it has.
    step(store, 1, EffectState::Unknown, "timed out").await?;
    assert_eq!(taken(store, later(69)).await?, []);
    assert_eq!(taken(store, later(70)).await?, [1]);
    Ok(())
}

/// Who holds it counts one attempt and has it for as long; its state and note stay.
pub async fn an_effect_is_held_at_the_attempt_that_was_seen(
    store: &dyn Store,
) -> Result<(), PortError> {
    open(store, &[effect(1, NOW)]).await?;
    step(store, 1, EffectState::Unknown, "timed out").await?;
    assert!(!hold(store, 1, 1).await?);
    assert!(!hold(store, 7, 0).await?, "there is none of that id");
    assert!(hold(store, 1, 0).await?);
    assert!(!hold(store, 1, 0).await?, "somebody attempted it since");
    assert_eq!(taken(store, later(99)).await?, []);
    let rows = store.take_effects("north", later(100), LEASE, 10).await?;
    let told = rows.iter().map(|row| (row.state, row.note.as_str(), row.attempts));
    assert_eq!(told.collect::<Vec<_>>(), [(EffectState::Unknown, "timed out", 1)]);
    assert!(hold(store, 1, 1).await?);

    // Of two at once, the later waits and is told.
    let mut first = store.begin().await?;
    let mut second = store.begin().await?;
    let id = Uuid::from_u128(1);
    assert!(first.hold_effect(id, 2, later(100)).await?);
    let (held, committed) = tokio::join!(second.hold_effect(id, 2, later(100)), first.commit());
    committed?;
    assert!(!held?);
    drop(second);
    step(store, 1, EffectState::Closed, "").await?;
    assert!(!hold(store, 1, 3).await?);
    Ok(())
}

/// The outcome of an attempt says nothing about an effect that was attempted since.
pub async fn an_outcome_belongs_to_its_attempt(store: &dyn Store) -> Result<(), PortError> {
    open(store, &[effect(1, NOW)]).await?;
    assert!(hold(store, 1, 0).await?);
    assert!(hold(store, 1, 1).await?);
    let id = Uuid::from_u128(1);
    let mut tx = store.begin().await?;
    assert!(!tx.move_effect(id, EffectState::Closed, "refused", Some(1)).await?);
    assert!(tx.move_effect(id, EffectState::Unknown, "no answer", Some(2)).await?);
    assert!(tx.move_effect(id, EffectState::Closed, "answered", Some(2)).await?);
    assert!(!tx.move_effect(id, EffectState::Closed, "again", Some(2)).await?);
    tx.commit().await?;
    let row = store.effect(id).await?;
    let told = row.as_ref().map(|row| (row.state, row.note.as_str(), row.attempts));
    assert_eq!(told, Some((EffectState::Closed, "answered", 2)));
    Ok(())
}

/// The oldest first, no more than asked, none twice, none of another lane.
pub async fn effects_are_taken_once_oldest_first(store: &dyn Store) -> Result<(), PortError> {
    let old = NewEffect { at: later(-5), ..effect(9, NOW) };
    let other = NewEffect { lane: "south".to_owned(), ..effect(4, NOW) };
    open(store, &[effect(2, NOW), other, effect(1, NOW), old]).await?;
    let first = store.take_effects("north", NOW, LEASE, 2).await?;
    assert_eq!(numbers(&first), [9, 1]);
    let (one, other) = tokio::join!(
        store.take_effects("north", NOW, LEASE, 10),
        store.take_effects("north", NOW, LEASE, 10),
    );
    let both: Vec<u128> = [numbers(&one?), numbers(&other?)].concat();
    assert_eq!(both, [2]);
    assert_eq!(numbers(&store.take_effects("south", NOW, LEASE, 10).await?), [4]);
    assert_eq!(numbers(&store.take_effects("none", NOW, LEASE, 10).await?), [0; 0]);
    Ok(())
}

/// An effect whose outcome is just being written is not taken, and the taker does not wait.
pub async fn an_effect_in_a_transaction_is_passed_over(store: &dyn Store) -> Result<(), PortError> {
    open(store, &[effect(1, NOW), effect(2, NOW)]).await?;
    let mut tx = store.begin().await?;
    assert!(tx.move_effect(Uuid::from_u128(1), EffectState::Unknown, "", None).await?);
    assert_eq!(taken(store, later(1)).await?, [2]);
    // Not dropped: Postgres may roll back after the next look.
    tx.commit().await?;
    assert_eq!(taken(store, later(1)).await?, [1]);
    Ok(())
}

/// The first outcome counts; the second is told that it came twice.
pub async fn a_closed_effect_stays_closed(store: &dyn Store) -> Result<(), PortError> {
    open(store, &[effect(1, NOW)]).await?;
    let id = Uuid::from_u128(1);
    let mut tx = store.begin().await?;
    assert!(tx.move_effect(id, EffectState::Closed, "done", None).await?);
    assert!(!tx.move_effect(id, EffectState::Unknown, "late", None).await?);
    tx.commit().await?;
    let mut tx = store.begin().await?;
    assert!(!tx.move_effect(id, EffectState::Closed, "again", None).await?);
    assert!(!tx.move_effect(Uuid::from_u128(5), EffectState::Closed, "never was", None).await?);
    tx.commit().await?;
    assert_eq!(taken(store, later(1_000)).await?, []);
    assert!(store.lanes().await?.is_empty());

    // Of two outcomes at once, the later waits and is told.
    open(store, &[effect(2, NOW)]).await?;
    let id = Uuid::from_u128(2);
    let mut first = store.begin().await?;
    let mut second = store.begin().await?;
    assert!(first.move_effect(id, EffectState::Closed, "first", None).await?);
    let (moved, committed) =
        tokio::join!(second.move_effect(id, EffectState::Closed, "second", None), first.commit());
    committed?;
    assert!(!moved?);
    Ok(())
}

/// Those in the states asked, in every lane; closed ones only by their id.
pub async fn effects_are_listed_by_state_oldest_first(store: &dyn Store) -> Result<(), PortError> {
    let old = NewEffect { at: later(-5), lane: "south".to_owned(), ..effect(9, later(99)) };
    open(store, &[effect(1, NOW), effect(2, NOW), effect(3, NOW), effect(4, NOW), old]).await?;
    step(store, 1, EffectState::Unknown, "").await?;
    step(store, 3, EffectState::Closed, "").await?;
    step(store, 4, EffectState::Asks, "").await?;
    step(store, 9, EffectState::Unknown, "").await?;
    for (states, limit, expected) in [
        (&[EffectState::Unknown][..], 10, &[9, 1][..]),
        (&[EffectState::Unknown], 1, &[9]),
        (&[EffectState::Asks], 10, &[4]),
        (&[EffectState::Asks, EffectState::Unknown, EffectState::Intended], 10, &[9, 1, 2, 4]),
        (&[EffectState::Closed], 10, &[]),
        (&[], 10, &[]),
    ] {
        let rows = store.effects_of(states, limit).await?;
        assert_eq!(numbers(&rows), expected, "{states:?}");
    }
    let closed = store.effect(Uuid::from_u128(3)).await?;
    assert_eq!(closed.map(|row| row.state), Some(EffectState::Closed));
    assert!(store.effect(Uuid::from_u128(8)).await?.is_none());
    Ok(())
}

/// What waits for a person is not taken and makes no lane due, until somebody moves it on.
pub async fn an_effect_that_asks_waits_for_a_person(store: &dyn Store) -> Result<(), PortError> {
    open(store, &[effect(1, NOW)]).await?;
    step(store, 1, EffectState::Asks, "applied or not?").await?;
    assert_eq!(taken(store, later(100_000)).await?, []);
    assert!(store.lanes().await?.is_empty());
    let row = store.effect(Uuid::from_u128(1)).await?;
    let told = row.as_ref().map(|row| (row.state, row.note.as_str(), row.attempts));
    assert_eq!(told, Some((EffectState::Asks, "applied or not?", 0)));

    // In the lane others wait, and are served.
    open(store, &[effect(2, later(7))]).await?;
    assert_eq!(store.lanes().await?, [("north".to_owned(), later(7))]);
    assert_eq!(taken(store, later(7)).await?, [2]);
    step(store, 2, EffectState::Closed, "").await?;

    step(store, 1, EffectState::Unknown, "look again").await?;
    assert_eq!(store.lanes().await?, [("north".to_owned(), NOW)]);
    assert_eq!(taken(store, later(8)).await?, [1]);
    step(store, 1, EffectState::Asks, "").await?;
    step(store, 1, EffectState::Closed, "applied").await?;
    assert!(store.effects_of(&[EffectState::Asks], 10).await?.is_empty());
    Ok(())
}

/// The id is an idempotency key at the other side: two effects never share one.
pub async fn an_id_is_used_once(store: &dyn Store) -> Result<(), PortError> {
    open(store, &[effect(1, NOW)]).await?;
    let mut tx = store.begin().await?;
    assert_eq!(kind(tx.open_effects(&[effect(1, NOW)]).await), Some(ErrorKind::Permanent));
    Ok(())
}

fn effect(number: u128, lease_until: Timestamp) -> NewEffect {
    NewEffect {
        id: Uuid::from_u128(number),
        lane: "north".to_owned(),
        kind: "push".to_owned(),
        request: Bytes::from_static(b"{}"),
        context: raw(&json!({})),
        lease_until,
        at: NOW,
        trace: None,
    }
}

async fn open(store: &dyn Store, effects: &[NewEffect]) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.open_effects(effects).await?;
    tx.commit().await
}

async fn step(
    store: &dyn Store,
    number: u128,
    state: EffectState,
    note: &str,
) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    assert!(tx.move_effect(Uuid::from_u128(number), state, note, None).await?);
    tx.commit().await
}

async fn hold(store: &dyn Store, number: u128, attempts: u32) -> Result<bool, PortError> {
    let mut tx = store.begin().await?;
    let held = tx.hold_effect(Uuid::from_u128(number), attempts, later(100)).await?;
    tx.commit().await?;
    Ok(held)
}

async fn taken(store: &dyn Store, now: Timestamp) -> Result<Vec<u128>, PortError> {
    Ok(numbers(&store.take_effects("north", now, LEASE, 10).await?))
}

fn numbers(rows: &[EffectRow]) -> Vec<u128> {
    rows.iter().map(|row| row.id.as_u128()).collect()
}
