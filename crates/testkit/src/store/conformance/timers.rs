//! What becomes due.

use jiff::{SignedDuration, Timestamp};
use lockstep_ports::{Cutoffs, PortError, Store, Timer};

use super::{NOW, ODD_IDS, later};

/// Every field comes back; times to the microsecond.
pub async fn timers_come_back_as_they_were(store: &dyn Store) -> Result<(), PortError> {
    let whole = Timer {
        not_before: Some(later(5)),
        dirty_since: Some(later(-5)),
        note: "retry 🧦".to_owned(),
        trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        ..timer("north", "whole", 7)
    };
    let empty = Timer { due_at: None, ..timer("north", "empty", 0) };
    let fine = NOW + SignedDuration::from_nanos(999);
    let finer = Timer { due_at: Some(fine), ..timer("north", "finer", 0) };
    save(store, &[whole.clone(), finer, empty.clone()]).await?;
    assert_eq!(store.timer("north", "whole").await?, Some(whole.clone()));
    assert_eq!(store.timer("north", "empty").await?, Some(empty.clone()));
    assert_eq!(store.timer("north", "finer").await?.and_then(|timer| timer.due_at), Some(NOW));
    assert_eq!(store.timer("south", "whole").await?, None);

    let asked = [("north", "whole"), ("none", "whole"), ("north", "empty"), ("north", "whole")];
    let asked = asked.map(|(lane, key)| (lane.to_owned(), key.to_owned()));
    let mut tx = store.begin().await?;
    let loaded = tx.timers(&asked).await?;
    assert_eq!(loaded, [Some(whole.clone()), None, Some(empty), Some(whole)]);
    Ok(())
}

/// Due is what has come by now, in its lane, the longest waiting first.
pub async fn due_timers_come_longest_waiting_first(store: &dyn Store) -> Result<(), PortError> {
    let mut timers: Vec<Timer> = ODD_IDS.iter().map(|key| timer("north", key, 20)).collect();
    timers.push(timer("north", "second", 10));
    timers.push(timer("north", "first", 5));
    timers.push(timer("south", "first", 0));
    timers.push(Timer { due_at: None, ..timer("north", "idle", 0) });
    save(store, &timers).await?;
    assert_eq!(due(store, later(4), 10).await?, [""; 0]);
    assert_eq!(due(store, later(5), 10).await?, ["first"]);
    assert_eq!(due(store, later(19), 10).await?, ["first", "second"]);
    assert_eq!(due(store, later(20), 3).await?, ["first", "second", "100%"]);
    let all = [&["first", "second"], ODD_IDS.as_slice()].concat();
    assert_eq!(due(store, later(99), 100).await?, all);

    // A timer that nothing waits for any more is kept, and is not due.
    save(store, &[Timer { due_at: None, ..timer("north", "first", 0) }]).await?;
    assert_eq!(due(store, later(19), 10).await?, ["second"]);
    assert!(store.timer("north", "first").await?.is_some());
    Ok(())
}

/// Who loads a timer waits for whoever loaded it before, and sees what that one wrote.
pub async fn a_loaded_timer_is_locked(store: &dyn Store) -> Result<(), PortError> {
    save(store, &[timer("north", "a", 1)]).await?;
    let place = [("north".to_owned(), "a".to_owned())];
    let mut first = store.begin().await?;
    let mut second = store.begin().await?;
    first.timers(&place).await?;
    let (seen, written) = tokio::join!(second.timers(&place), async {
        first.save_timers(&[timer("north", "a", 2)]).await?;
        first.commit().await
    });
    written?;
    assert_eq!(seen?, [Some(timer("north", "a", 2))]);
    Ok(())
}

/// A timer that does not exist yet is locked too: of two that make it at once the later one sees
/// what the earlier one wrote, so that an open window is never overwritten.
pub async fn one_timer_is_made_once(store: &dyn Store) -> Result<(), PortError> {
    for key in ODD_IDS {
        let place = [("north".to_owned(), key.to_owned()), ("north".to_owned(), "b".to_owned())];
        let mut first = store.begin().await?;
        let mut second = store.begin().await?;
        let loaded = first.timers(&place).await?;
        assert_eq!(loaded.first(), Some(&None), "{key}");
        let (seen, written) = tokio::join!(second.timers(&place), async {
            first.save_timers(&[timer("north", key, 2), timer("north", "b", 3)]).await?;
            first.commit().await
        });
        written?;
        let both = [Some(timer("north", key, 2)), Some(timer("north", "b", 3))];
        assert_eq!(seen?, both, "{key}");
        second.commit().await?;
    }
    // Another lane is another place, and so is another key.
    let mut first = store.begin().await?;
    let mut second = store.begin().await?;
    first.timers(&[("east".to_owned(), "a".to_owned())]).await?;
    second.save_timers(&[timer("west", "a", 1)]).await?;
    second.commit().await?;
    assert_eq!(store.timer("west", "a").await?, Some(timer("west", "a", 1)));
    Ok(())
}

/// In one call, in one transaction, and of two transactions that make it at once.
pub async fn the_last_of_several_writes_stays(store: &dyn Store) -> Result<(), PortError> {
    let place = [("north".to_owned(), "a".to_owned())];
    let mut tx = store.begin().await?;
    tx.save_timers(&[timer("north", "a", 9), timer("north", "a", 2)]).await?;
    assert_eq!(tx.timers(&place).await?, [Some(timer("north", "a", 2))]);
    tx.save_timers(&[timer("north", "a", 3)]).await?;
    tx.commit().await?;
    assert_eq!(store.timer("north", "a").await?, Some(timer("north", "a", 3)));

    let (early, late) = ([timer("north", "b", 1)], [timer("north", "b", 2)]);
    let mut first = store.begin().await?;
    let mut second = store.begin().await?;
    first.save_timers(&early).await?;
    let (written, committed) = tokio::join!(second.save_timers(&late), first.commit());
    committed?;
    written?;
    second.commit().await?;
    assert_eq!(store.timer("north", "b").await?, Some(timer("north", "b", 2)));
    Ok(())
}

/// Each lane once, in order of name, with its earliest moment; a lane where nothing waits is none.
pub async fn lanes_tell_when_something_is_next(store: &dyn Store) -> Result<(), PortError> {
    assert!(store.lanes().await?.is_empty());
    save(
        store,
        &[
            timer("west", "a", 30),
            timer("west", "b", 20),
            timer("east", "a", 40),
            Timer { due_at: None, ..timer("idle", "a", 0) },
            timer("🧦", "a", -5),
        ],
    )
    .await?;
    let lanes: Vec<(String, Timestamp)> = [("east", 40), ("west", 20), ("🧦", -5)]
        .map(|(lane, at)| (lane.to_owned(), later(at)))
        .into();
    assert_eq!(store.lanes().await?, lanes);
    Ok(())
}

/// However many others are due before them; the prefix is no pattern.
pub async fn due_timers_are_found_by_how_their_key_begins(
    store: &dyn Store,
) -> Result<(), PortError> {
    save(
        store,
        &[
            timer("north", "1", 1),
            timer("north", "2", 2),
            timer("north", "alarm.2", 4),
            timer("north", "alarm.1", 3),
            timer("north", "alarm.3", 9),
            timer("north", "alarmed", 1),
            timer("south", "alarm.4", 1),
            Timer { due_at: None, ..timer("north", "alarm.5", 0) },
        ],
    )
    .await?;
    let under = async |prefix: &str, limit| -> Result<Vec<String>, PortError> {
        let found = store.due_under("north", prefix, later(5), limit).await?;
        Ok(found.into_iter().map(|timer| timer.key).collect())
    };
    assert_eq!(under("alarm.", 9).await?, ["alarm.1", "alarm.2"]);
    assert_eq!(under("alarm.", 1).await?, ["alarm.1"]);
    assert!(under("%", 9).await?.is_empty());
    Ok(())
}

/// Whatever is still known by one keeps it.
pub async fn timers_that_remember_nothing_are_pruned(store: &dyn Store) -> Result<(), PortError> {
    let blank = |key: &str| Timer { due_at: None, ..timer("north", key, 0) };
    save(
        store,
        &[
            timer("north", "due", 1),
            Timer { not_before: Some(NOW), ..blank("window") },
            Timer { dirty_since: Some(NOW), ..blank("dirty") },
            Timer { note: "known".to_owned(), ..blank("note") },
            Timer { trace: Some("00-1".to_owned()), ..blank("blank") },
        ],
    )
    .await?;
    assert_eq!(store.prune(&Cutoffs::default()).await?, 0);
    let timers = Cutoffs { blank_timers: true, ..Cutoffs::default() };
    assert_eq!(store.prune(&timers).await?, 1);
    assert!(store.timer("north", "blank").await?.is_none());
    for key in ["due", "window", "dirty", "note"] {
        assert!(store.timer("north", key).await?.is_some(), "{key}");
    }
    assert_eq!(store.prune(&timers).await?, 0);
    Ok(())
}

fn timer(lane: &str, key: &str, due: i64) -> Timer {
    Timer {
        lane: lane.to_owned(),
        key: key.to_owned(),
        due_at: Some(later(due)),
        ..Timer::default()
    }
}

async fn save(store: &dyn Store, timers: &[Timer]) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.save_timers(timers).await?;
    tx.commit().await
}

async fn due(store: &dyn Store, now: Timestamp, limit: u32) -> Result<Vec<String>, PortError> {
    Ok(store.due("north", now, limit).await?.into_iter().map(|timer| timer.key).collect())
}
