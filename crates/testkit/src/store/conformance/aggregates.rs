//! States, their locks and their content.

use futures_util::future::try_join_all;
use lockstep_ports::{AggregateKey, ErrorKind, IdRange, NewEvent, PortError, SaveState, Store, Tx};
use serde_json::{Value, json};

use super::{NOW, ODD_IDS, event, key, kind, seen, state};
use crate::json::{raw_text, value};

/// Answers follow the order asked, doubles and missing ones included; kinds are kept apart.
pub async fn loaded_states_come_in_the_order_asked(store: &dyn Store) -> Result<(), PortError> {
    let (b, a, other, none) =
        (key("level", "b"), key("level", "a"), key("position", "b"), key("level", "none"));
    let mut tx = store.begin().await?;
    tx.save(&[state(&b, 1, &json!("b")), state(&a, 2, &json!("a")), state(&other, 3, &json!("o"))])
        .await?;
    tx.commit().await?;
    let asked = [b.clone(), none, a, other, b];
    let expected = [
        Some((1, json!("b"))),
        None,
        Some((2, json!("a"))),
        Some((3, json!("o"))),
        Some((1, json!("b"))),
    ];
    let mut tx = store.begin().await?;
    assert_eq!(tx.load(&asked).await?.iter().map(seen).collect::<Vec<_>>(), expected);
    assert_eq!(tx.peek(&asked).await?.iter().map(seen).collect::<Vec<_>>(), expected);
    assert_eq!(store.read(&asked).await?.iter().map(seen).collect::<Vec<_>>(), expected);
    Ok(())
}

/// What it saved it loads; of two writes of one state the last stays.
pub async fn a_transaction_sees_its_own_states(store: &dyn Store) -> Result<(), PortError> {
    let level = key("level", "a");
    let mut tx = store.begin().await?;
    tx.load(std::slice::from_ref(&level)).await?;
    tx.save(&[state(&level, 1, &json!(1)), state(&level, 2, &json!(2))]).await?;
    assert_eq!(one(tx.as_mut(), &level).await?, Some((2, json!(2))));
    tx.save(&[state(&level, 3, &json!(3))]).await?;
    assert_eq!(one(tx.as_mut(), &level).await?, Some((3, json!(3))));
    tx.commit().await?;
    let kept = store.read(std::slice::from_ref(&level)).await?;
    assert_eq!(kept.iter().map(seen).collect::<Vec<_>>(), [Some((3, json!(3)))]);
    Ok(())
}

/// Who loads waits for whoever loaded before, and then sees what that one wrote.
pub async fn no_update_is_lost(store: &dyn Store) -> Result<(), PortError> {
    let level = key("level", "a");
    let mut tx = store.begin().await?;
    tx.save(&[state(&level, 0, &json!(0))]).await?;
    tx.commit().await?;
    try_join_all((0..8).map(|_| add_one(store, &level))).await?;
    let kept = store.read(std::slice::from_ref(&level)).await?;
    assert_eq!(kept.iter().map(seen).collect::<Vec<_>>(), [Some((8, json!(8)))]);
    assert_eq!(store.events_of(&level, 0, 100).await?.len(), 8);
    Ok(())
}

/// A key without a state is locked too: of many who make it, one does, and the rest see it.
pub async fn one_aggregate_is_made_once(store: &dyn Store) -> Result<(), PortError> {
    for id in ODD_IDS {
        let level = key("level", id);
        try_join_all((0..4).map(|_| add_one(store, &level))).await?;
        let kept = store.read(std::slice::from_ref(&level)).await?;
        assert_eq!(kept.iter().map(seen).collect::<Vec<_>>(), [Some((4, json!(4)))], "{id}");
    }
    Ok(())
}

/// Two that want the same keys in another order never block each other.
pub async fn locks_are_taken_in_order_whatever_the_order_asked(
    store: &dyn Store,
) -> Result<(), PortError> {
    let keys: Vec<AggregateKey> = ODD_IDS.iter().map(|id| key("level", id)).collect();
    let reversed: Vec<AggregateKey> = keys.iter().rev().cloned().collect();
    for _ in 0..5 {
        let (one, other) = tokio::join!(touch(store, &keys), touch(store, &reversed));
        one?;
        other?;
    }
    Ok(())
}

/// One of two that wait for each other is told so, and can decide again.
pub async fn those_who_wait_for_each_other_do_not_wait_for_ever(
    store: &dyn Store,
) -> Result<(), PortError> {
    let (a, b) = (key("level", "a"), key("level", "b"));
    let mut one = store.begin().await?;
    let mut other = store.begin().await?;
    one.load(std::slice::from_ref(&a)).await?;
    other.load(std::slice::from_ref(&b)).await?;
    // Each is dropped at its answer, so that the other can go on.
    let (one, other) =
        tokio::join!(async move { kind(one.load(std::slice::from_ref(&b)).await) }, async move {
            kind(other.load(std::slice::from_ref(&a)).await)
        },);
    let failures: Vec<ErrorKind> = [one, other].into_iter().flatten().collect();
    assert_eq!(failures, [ErrorKind::Conflict]);
    Ok(())
}

/// A peek reads what is committed, beside a lock that somebody holds.
pub async fn a_peek_does_not_wait(store: &dyn Store) -> Result<(), PortError> {
    let level = key("level", "a");
    touch(store, std::slice::from_ref(&level)).await?;
    let mut holder = store.begin().await?;
    holder.load(std::slice::from_ref(&level)).await?;
    holder.save(&[state(&level, 9, &json!(9))]).await?;
    let mut tx = store.begin().await?;
    let peeked = tx.peek(std::slice::from_ref(&level)).await?;
    assert_eq!(peeked.iter().map(seen).collect::<Vec<_>>(), [Some((1, json!(1)))]);
    // The same transaction sees a commit that happens meanwhile.
    holder.commit().await?;
    let peeked = tx.peek(std::slice::from_ref(&level)).await?;
    assert_eq!(peeked.iter().map(seen).collect::<Vec<_>>(), [Some((9, json!(9)))]);
    Ok(())
}

/// `%`, `_` and the like are characters as all others; other kinds stay away.
pub async fn a_prefix_is_taken_literally(store: &dyn Store) -> Result<(), PortError> {
    let mut keys: Vec<AggregateKey> = ODD_IDS.iter().map(|id| key("level", id)).collect();
    keys.push(key("levels", "100%"));
    keys.push(key("leve", "zzz"));
    touch(store, &keys).await?;
    let mut tx = store.begin().await?;
    for (prefix, expected) in [
        ("100%", vec!["100%"]),
        ("100_", vec!["100_a"]),
        ("100", vec!["100%", "100_a", "100xa"]),
        ("a\\", vec!["a\\b"]),
        ("d'or \"", vec!["d'or \"x\""]),
        ("na", vec!["naïve/é"]),
        ("🧦", vec!["🧦/left"]),
        ("\u{10ffff}", vec![]),
        ("none", vec![]),
        ("", ODD_IDS.to_vec()),
    ] {
        assert_eq!(ids(store, prefix, "", 100).await?, expected, "{prefix}");
        assert_eq!(tx.ids(&IdRange::all("level", prefix)).await?, expected, "{prefix}");
    }
    Ok(())
}

/// Pages begin above the last id of the page before, and end at the limit.
pub async fn a_scan_goes_on_after_the_last_id(store: &dyn Store) -> Result<(), PortError> {
    let names = ["n/1", "n/10", "n/2", "o/1"];
    touch(store, &names.map(|id| key("level", id))).await?;
    assert_eq!(ids(store, "n/", "", 2).await?, ["n/1", "n/10"]);
    assert_eq!(ids(store, "n/", "n/10", 2).await?, ["n/2"]);
    assert_eq!(ids(store, "n/", "n/2", 2).await?, [""; 0]);
    assert_eq!(ids(store, "n/", "a", 100).await?, ["n/1", "n/10", "n/2"]);
    assert_eq!(ids(store, "n/", "o", 100).await?, [""; 0]);
    assert_eq!(ids(store, "", "n/2", 100).await?, ["o/1"]);
    assert_eq!(ids(store, "", "", 0).await?, [""; 0]);
    let mut tx = store.begin().await?;
    let page = |after, limit| IdRange::page("level", "n/", after, limit);
    assert_eq!(tx.ids(&page("", 2)).await?, ["n/1", "n/10"]);
    assert_eq!(tx.ids(&page("n/10", 2)).await?, ["n/2"]);
    assert_eq!(tx.ids(&page("n/2", 2)).await?, [""; 0]);
    assert_eq!(tx.ids(&page("a", 100)).await?, ["n/1", "n/10", "n/2"]);
    drop(tx);
    let states = store.scan("level", "o/", "", 1).await?;
    let states: Vec<_> = states.iter().map(|(id, at)| (id.as_str(), at.version)).collect();
    assert_eq!(states, [("o/1", 1)]);
    Ok(())
}

/// Ids that the transaction itself saved are among them.
pub async fn ids_contain_those_of_the_transaction(store: &dyn Store) -> Result<(), PortError> {
    touch(store, &[key("level", "n/2")]).await?;
    let mut tx = store.begin().await?;
    tx.save(&["n/1", "n/2", "o/1"].map(|id| state(&key("level", id), 1, &json!(1)))).await?;
    assert_eq!(tx.ids(&IdRange::all("level", "n/")).await?, ["n/1", "n/2"]);
    drop(tx);
    assert_eq!(ids(store, "n/", "", 10).await?, ["n/2"]);
    Ok(())
}

/// A rebuild drops the states, keeps what they are made from, and is one step: what it saves takes
/// the place of all that was there, or nothing does.
pub async fn dropped_states_are_replaced_in_one_step(store: &dyn Store) -> Result<(), PortError> {
    let (a, b, c) = (key("level", "a"), key("level", "b"), key("level", "c"));
    add_one(store, &a).await?;
    add_one(store, &b).await?;
    let rebuild = async || {
        let mut tx = store.begin().await?;
        tx.save(&[state(&c, 1, &json!("saved before"))]).await?;
        tx.drop_states().await?;
        assert_eq!(tx.ids(&IdRange::all("level", "")).await?, [""; 0]);
        let peeked = tx.peek(&[a.clone(), c.clone()]).await?;
        assert!(peeked.iter().all(Option::is_none));
        tx.save(&[state(&b, 7, &json!("rebuilt"))]).await?;
        assert_eq!(tx.ids(&IdRange::all("level", "")).await?, ["b"]);
        Ok::<_, PortError>(tx)
    };
    drop(rebuild().await?);
    assert_eq!(ids(store, "", "", 10).await?, ["a", "b"]);
    rebuild().await?.commit().await?;
    assert_eq!(ids(store, "", "", 10).await?, ["b"]);
    let kept = store.read(std::slice::from_ref(&b)).await?;
    assert_eq!(kept.iter().map(seen).collect::<Vec<_>>(), [Some((7, json!("rebuilt")))]);
    assert_eq!(store.events_of(&a, 0, 10).await?.len(), 1);
    Ok(())
}

/// JSON keeps its meaning: numbers their digits, texts their characters, lists their order.
pub async fn json_comes_back_as_it_was(store: &dyn Store) -> Result<(), PortError> {
    let level = key("level", "a");
    let body = json!({
        "quantity": 9_007_199_254_740_993_i64,
        "least": i64::MIN,
        "text": "🧦 \"quoted\" \\ \n \u{1} é",
        "list": [3, 1, 2, null, true],
        "": {"nested": {}},
    });
    let mut tx = store.begin().await?;
    tx.append(&[event(&level, 1, &body)]).await?;
    tx.save(&[state(&level, 1, &body)]).await?;
    tx.commit().await?;
    let kept = store.read(std::slice::from_ref(&level)).await?;
    assert_eq!(kept.iter().map(seen).collect::<Vec<_>>(), [Some((1, body.clone()))]);
    let events = store.events(0, 10).await?;
    assert_eq!(events.iter().map(|each| value(&each.body)).collect::<Vec<_>>(), [body]);
    Ok(())
}

/// NUL, half a character and numbers beyond the range: the message that carries such content ends
/// as a dead letter, so it must not look like something that may succeed later.
pub async fn what_a_database_cannot_hold_is_permanent(store: &dyn Store) -> Result<(), PortError> {
    let level = key("level", "a");
    for json in [r#""\u0000""#, r#"{"a": ["b\u0000"]}"#, r#"{"\u0000": 1}"#, r#""\ud800""#] {
        let state = SaveState { key: level.clone(), version: 1, state: raw_text(json) };
        let saved = store.begin().await?.save(&[state]).await;
        assert_eq!(kind(saved), Some(ErrorKind::Permanent), "{json}");
        let event = NewEvent { body: raw_text(json), ..event(&level, 1, &json!({})) };
        let appended = store.begin().await?.append(&[event]).await;
        assert_eq!(kind(appended), Some(ErrorKind::Permanent), "{json}");
    }
    // An escaped backslash before a `u` is no escape of a character.
    let harmless = SaveState { key: level.clone(), version: 1, state: raw_text(r#""\\u0000""#) };
    store.begin().await?.save(&[harmless]).await?;

    let saved = store.begin().await?.save(&[state(&key("level", "a\0"), 1, &json!({}))]).await;
    assert_eq!(kind(saved), Some(ErrorKind::Permanent));
    let noted = store.begin().await?.inbox(&[("a\0".to_owned(), vec![])], NOW).await;
    assert_eq!(kind(noted), Some(ErrorKind::Permanent));
    for version in [u64::MAX, 0] {
        let appended = store.begin().await?.append(&[event(&level, version, &json!({}))]).await;
        assert_eq!(kind(appended), Some(ErrorKind::Permanent), "{version}");
    }
    let advanced = store.begin().await?.set_checkpoint("stock", u64::MAX).await;
    assert_eq!(kind(advanced), Some(ErrorKind::Permanent));
    Ok(())
}

/// One step of a worker: load, decide, write.
async fn add_one(store: &dyn Store, level: &AggregateKey) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    let version = one(tx.as_mut(), level).await?.map_or(0, |(version, _)| version) + 1;
    tx.append(&[event(level, version, &json!({"by": 1}))]).await?;
    tx.save(&[state(level, version, &json!(version))]).await?;
    tx.commit().await
}

async fn touch(store: &dyn Store, keys: &[AggregateKey]) -> Result<(), PortError> {
    let mut tx = store.begin().await?;
    tx.load(keys).await?;
    let states: Vec<_> = keys.iter().map(|key| state(key, 1, &json!(1))).collect();
    tx.save(&states).await?;
    tx.commit().await
}

async fn one(tx: &mut dyn Tx, level: &AggregateKey) -> Result<Option<(u64, Value)>, PortError> {
    let states = tx.load(std::slice::from_ref(level)).await?;
    Ok(states.first().and_then(seen))
}

async fn ids(
    store: &dyn Store,
    prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<String>, PortError> {
    let states = store.scan("level", prefix, after, limit).await?;
    Ok(states.into_iter().map(|(id, _)| id).collect())
}
