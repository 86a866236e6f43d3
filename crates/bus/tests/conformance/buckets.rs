//! Buckets and object stores.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::StreamExt;
use lockstep_ports::{ErrorKind, Kv, KvEvent, ObjectStore};

use super::support::PLENTY;
use super::{Broker, Disk, eventually, kind};

pub async fn a_value_is_written_only_over_the_expected_revision(bus: impl Broker) {
    let put = async |value: &'static str, expected| {
        Kv::put(&bus, "settings", "store.north", Bytes::from(value), expected).await
    };
    assert_eq!(Kv::get(&bus, "settings", "store.north").await.expect("read"), None);
    let first = put("a", 0).await.expect("made");
    assert_eq!(kind(put("b", 0).await), ErrorKind::Conflict);
    assert_eq!(kind(put("b", first + 1).await), ErrorKind::Conflict);
    let second = put("b", first).await.expect("changed");
    assert!(second > first);
    assert_eq!(kind(put("c", first).await), ErrorKind::Conflict);
    let entry = Kv::get(&bus, "settings", "store.north").await.expect("read").expect("there");
    assert_eq!((entry.value.as_ref(), entry.revision), (&b"b"[..], second));
}

pub async fn a_deleted_key_can_be_made_again(bus: impl Broker) {
    bus.delete("shopify", "north.token", None).await.expect("nothing to delete");
    let first = Kv::put(&bus, "shopify", "north.token", Bytes::from("a"), 0).await.expect("made");
    bus.delete("shopify", "north.token", None).await.expect("deleted");
    assert_eq!(Kv::get(&bus, "shopify", "north.token").await.expect("read"), None);
    assert!(bus.list("shopify", "").await.expect("listed").is_empty());
    let again = Kv::put(&bus, "shopify", "north.token", Bytes::from("b"), first).await;
    assert_eq!(kind(again), ErrorKind::Conflict);
    let second = Kv::put(&bus, "shopify", "north.token", Bytes::from("b"), 0).await.expect("made");
    assert!(second > first);
}

pub async fn a_key_is_removed_only_at_the_expected_revision(bus: impl Broker) {
    let delete = async |expected| bus.delete("shopify", "north.token", expected).await;
    delete(Some(0)).await.expect("nothing to delete");
    assert_eq!(kind(delete(Some(3)).await), ErrorKind::Conflict);
    let first = Kv::put(&bus, "shopify", "north.token", Bytes::from("a"), 0).await.expect("made");
    let second = Kv::put(&bus, "shopify", "north.token", Bytes::from("b"), first).await;
    let second = second.expect("changed");
    for other in [0, first, second + 1] {
        assert_eq!(kind(delete(Some(other)).await), ErrorKind::Conflict, "{other}");
    }
    let entry = Kv::get(&bus, "shopify", "north.token").await.expect("read").expect("there");
    assert_eq!((entry.value.as_ref(), entry.revision), (&b"b"[..], second));
    delete(Some(second)).await.expect("deleted");
    assert_eq!(Kv::get(&bus, "shopify", "north.token").await.expect("read"), None);
    assert_eq!(kind(delete(Some(second)).await), ErrorKind::Conflict);
    delete(Some(0)).await.expect("it is gone");
    Kv::put(&bus, "shopify", "north.token", Bytes::from("c"), 0).await.expect("made again");
}

pub async fn the_newest_versions_of_many_keys_are_read(bus: impl Broker) {
    for (key, value) in [
        ("store.north", "1"),
        ("backoffice.wms", "2"),
        ("store.south", "3"),
        ("store.north", "4"),
        ("stores", "5"),
        ("store.south", "6"),
    ] {
        let before = Kv::get(&bus, "settings", key).await.expect("read");
        let revision = before.map_or(0, |entry| entry.revision);
        Kv::put(&bus, "settings", key, Bytes::from(value), revision).await.expect("written");
    }
    bus.delete("settings", "store.south", None).await.expect("deleted");
    for (prefix, limit, expected) in [
        ("store.", 10, vec!["store.south=6", "store.north=4", "store.south=3", "store.north=1"]),
        ("store.", 2, vec!["store.south=6", "store.north=4"]),
        ("store.nor", 10, vec!["store.north=4", "store.north=1"]),
        ("", 3, vec!["store.south=6", "stores=5", "store.north=4"]),
        ("none.", 3, vec![]),
        ("store.", 0, vec![]),
    ] {
        let entries = bus.history_of("settings", prefix, limit).await.expect("read");
        let told = entries
            .iter()
            .map(|entry| format!("{}={}", entry.key, String::from_utf8_lossy(&entry.value)));
        assert_eq!(told.collect::<Vec<_>>(), expected, "{prefix} {limit}");
        assert!(entries.is_sorted_by(|newer, older| newer.revision > older.revision));
    }
    assert_eq!(kind(bus.history_of("nowhere", "", 1).await), ErrorKind::Permanent);
}

pub async fn keys_are_listed_by_prefix(bus: impl Broker) {
    for key in ["store.north", "store.nord", "store.south", "backoffice.wms"] {
        Kv::put(&bus, "settings", key, Bytes::from(key), 0).await.expect("made");
    }
    for (prefix, expected) in [
        ("", vec!["backoffice.wms", "store.nord", "store.north", "store.south"]),
        ("store.", vec!["store.nord", "store.north", "store.south"]),
        ("store.nor", vec!["store.nord", "store.north"]),
        ("none.", vec![]),
    ] {
        let entries = bus.list("settings", prefix).await.expect("listed");
        let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, expected, "{prefix}");
        assert!(entries.iter().all(|entry| entry.value == entry.key));
    }
}

pub async fn history_tells_the_versions(bus: impl Broker) {
    let mut revision = 0;
    for n in 0..70 {
        let value = Bytes::from(n.to_string());
        revision =
            Kv::put(&bus, "settings", "store.north", value, revision).await.expect("written");
    }
    let versions = bus.history("settings", "store.north").await.expect("read");
    let values: Vec<String> =
        versions.iter().map(|entry| String::from_utf8_lossy(&entry.value).into()).collect();
    assert_eq!(values, (6..70).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(versions.is_sorted_by_key(|entry| entry.revision));
    assert!(bus.history("settings", "store.none").await.expect("read").is_empty());
}

pub async fn a_watcher_sees_what_is_and_what_comes(bus: impl Broker) {
    let mut empty = bus.watch("settings", "store.").await.expect("watching");
    assert_eq!(empty.next().await, Some(KvEvent::CaughtUp));
    let mut revision = 0;
    for value in ["a", "b"] {
        let written = Kv::put(&bus, "settings", "store.north", Bytes::from(value), revision).await;
        revision = written.expect("written");
    }
    Kv::put(&bus, "settings", "store.gone", Bytes::from("x"), 0).await.expect("made");
    bus.delete("settings", "store.gone", None).await.expect("deleted");
    Kv::put(&bus, "settings", "backoffice.wms", Bytes::from("w"), 0).await.expect("made");

    let mut watch = bus.watch("settings", "store.").await.expect("watching");
    let value = |event: Option<KvEvent>| match event {
        Some(KvEvent::Put(entry)) => {
            format!("{}={}", entry.key, String::from_utf8_lossy(&entry.value))
        }
        Some(KvEvent::Deleted { key, .. }) => format!("{key} deleted"),
        Some(KvEvent::CaughtUp) => "caught up".to_owned(),
        None => "ended".to_owned(),
    };
    assert_eq!(value(watch.next().await), "store.north=b");
    assert_eq!(value(watch.next().await), "caught up");
    Kv::put(&bus, "settings", "backoffice.pos", Bytes::from("p"), 0).await.expect("made");
    Kv::put(&bus, "settings", "store.south", Bytes::from("s"), 0).await.expect("made");
    bus.delete("settings", "store.north", None).await.expect("deleted");
    assert_eq!(value(watch.next().await), "store.south=s");
    assert_eq!(value(watch.next().await), "store.north deleted");

    let mut seen = Vec::new();
    while seen.len() < 6 {
        seen.push(value(empty.next().await));
    }
    assert_eq!(
        seen,
        [
            "store.north=a",
            "store.north=b",
            "store.gone=x",
            "store.gone deleted",
            "store.south=s",
            "store.north deleted"
        ]
    );
}

/// Settings that are written after the loss reach who watches, though their revisions were seen
/// before; what is gone is told too.
pub async fn a_watcher_sees_what_comes_after_a_loss(bus: impl Broker, disk: impl Disk) {
    let put = async |key: &str, value: &'static str| {
        Kv::put(&bus, "settings", key, Bytes::from(value), 0).await
    };
    for key in ["store.north", "store.south", "backoffice.wms"] {
        put(key, "before").await.expect("written");
    }
    let mut watch = bus.watch("settings", "store.").await.expect("watching");
    let mut others = bus.watch("settings", "backoffice.").await.expect("watching");
    let mut seen = BTreeMap::new();
    take_until_caught_up(&mut watch, &mut seen).await;
    assert_eq!(seen.len(), 2);
    take_until_caught_up(&mut others, &mut BTreeMap::new()).await;

    let _disk = disk.lose().await;
    eventually("it can be written", async || put("store.south", "after").await.is_ok()).await;
    while seen.len() != 1 || seen.get("store.south").is_none_or(|value| value != "after") {
        take(&mut watch, &mut seen).await;
    }
    put("store.west", "after").await.expect("written");
    while !seen.contains_key("store.west") {
        take(&mut watch, &mut seen).await;
    }
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["store.south", "store.west"]);
    let mut gone = BTreeMap::from([("backoffice.wms".to_owned(), Bytes::new())]);
    take(&mut others, &mut gone).await;
    assert!(gone.is_empty());
}

type Watched = futures_util::stream::BoxStream<'static, KvEvent>;

async fn take_until_caught_up(watch: &mut Watched, seen: &mut BTreeMap<String, Bytes>) {
    while take(watch, seen).await != KvEvent::CaughtUp {}
}

async fn take(watch: &mut Watched, seen: &mut BTreeMap<String, Bytes>) -> KvEvent {
    let next = tokio::time::timeout(PLENTY, watch.next()).await.expect("in time");
    let event = next.expect("a watch does not end");
    match &event {
        KvEvent::Put(entry) => drop(seen.insert(entry.key.clone(), entry.value.clone())),
        KvEvent::Deleted { key, .. } => drop(seen.remove(key)),
        KvEvent::CaughtUp => {}
    }
    event
}

pub async fn bad_keys_and_missing_buckets_are_permanent(bus: impl Broker) {
    for key in ["", "a..b", "store.*", "store.>", "a b", ".a"] {
        let put = Kv::put(&bus, "settings", key, Bytes::new(), 0).await;
        assert_eq!(kind(put), ErrorKind::Permanent, "{key:?}");
        assert_eq!(kind(Kv::get(&bus, "settings", key).await), ErrorKind::Permanent, "{key:?}");
    }
    assert_eq!(kind(Kv::get(&bus, "nowhere", "key").await), ErrorKind::Permanent);
    assert_eq!(kind(bus.list("nowhere", "").await), ErrorKind::Permanent);
    assert!(matches!(
        bus.watch("nowhere", "").await.err().map(|error| error.kind),
        Some(ErrorKind::Permanent)
    ));
}

pub async fn objects_are_kept_and_replaced(bus: impl Broker) {
    let store = "shopify-bodies";
    let large = Bytes::from((0..3_000_000_u32).map(|n| n as u8).collect::<Vec<u8>>());
    assert_eq!(ObjectStore::get(&bus, store, "north:1").await.expect("read"), None);
    ObjectStore::put(&bus, store, "north:1", large.clone()).await.expect("stored");
    ObjectStore::put(&bus, store, "north:2", Bytes::new()).await.expect("stored");
    assert!(ObjectStore::get(&bus, store, "north:1").await.expect("read") == Some(large));
    assert_eq!(ObjectStore::get(&bus, store, "north:2").await.expect("read"), Some(Bytes::new()));
    ObjectStore::put(&bus, store, "north:1", Bytes::from("small")).await.expect("replaced");
    let replaced = ObjectStore::get(&bus, store, "north:1").await.expect("read");
    assert_eq!(replaced, Some(Bytes::from("small")));
    let nowhere = ObjectStore::put(&bus, "nowhere", "a", Bytes::new()).await;
    assert_eq!(kind(nowhere), ErrorKind::Permanent);
}
