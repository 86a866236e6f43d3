//! Buckets and object stores.

use bytes::Bytes;
use futures_util::StreamExt;
use lockstep_ports::{ErrorKind, Kv, KvEvent, ObjectStore};

use super::{Broker, kind};

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
    bus.delete("shopify", "north.token").await.expect("nothing to delete");
    let first = Kv::put(&bus, "shopify", "north.token", Bytes::from("a"), 0).await.expect("made");
    bus.delete("shopify", "north.token").await.expect("deleted");
    assert_eq!(Kv::get(&bus, "shopify", "north.token").await.expect("read"), None);
    assert!(bus.list("shopify", "").await.expect("listed").is_empty());
    let again = Kv::put(&bus, "shopify", "north.token", Bytes::from("b"), first).await;
    assert_eq!(kind(again), ErrorKind::Conflict);
    let second = Kv::put(&bus, "shopify", "north.token", Bytes::from("b"), 0).await.expect("made");
    assert!(second > first);
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
    bus.delete("settings", "store.gone").await.expect("deleted");
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
    bus.delete("settings", "store.north").await.expect("deleted");
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
