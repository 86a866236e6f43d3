//! What JSON is taken for a batch, and how the rest is answered.

use lockstep_contracts::backoffice::v1::{ItemAnswer, Shipment, StockCount, StockMovement};
use proptest::prelude::*;

use super::decode::{batch, one};
use crate::fault::CallFault;
use crate::report::Decoded;

const GOOD: &str = r#"{"event_id":"e","kind":"MOVEMENT_KIND_PICKING","quantity":"-1","sku":"A",
    "warehouse_code":"MAIN","occurred_at":"2026-11-24T09:00:00Z"}"#;

fn movements(json: &str) -> Result<Vec<Decoded<StockMovement>>, CallFault> {
    batch(json.as_bytes())
}

fn refused_item(item: &str) -> ItemAnswer {
    let json = format!(r#"{{"movements":[{GOOD},{item},{GOOD}]}}"#);
    let mut items = movements(&json).expect("the batch is read");
    assert!(items[0].is_ok() && items[2].is_ok(), "the neighbours of {item}");
    items.remove(1).expect_err(item)
}

#[test]
fn a_call_that_is_no_batch_is_refused_whole() {
    let rows = [
        ("nothing", "", ""),
        ("no JSON", "movements", ""),
        ("cut off", r#"{"movements":[{"event_id":"e"#, ""),
        ("two documents", r#"{"movements":[]}{}"#, ""),
        ("trailing comma", r#"{"movements":[],}"#, ""),
        ("a bare list", "[]", ""),
        ("text", r#""movements""#, ""),
        ("null", "null", ""),
        ("a control character", "{\"movements\":[\u{1}]}", ""),
        ("unknown field", r#"{"movements":[],"dry_run":true}"#, "dry_run"),
        ("the other list", r#"{"counts":[]}"#, "counts"),
        ("a list twice", r#"{"movements":[],"movements":[]}"#, "movements"),
        ("an object for a list", r#"{"movements":{}}"#, "movements"),
        ("a number for a list", r#"{"movements":7}"#, "movements"),
        ("text for a list", r#"{"movements":"[]"}"#, "movements"),
    ];
    for (what, json, field) in rows {
        match movements(json) {
            Err(CallFault::Invalid(invalid)) => {
                assert_eq!(invalid.field, field, "{what}");
                assert!(!invalid.message.is_empty() && !invalid.fix.is_empty(), "{what}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    let bytes = [b"{\"movements\":[\"".as_slice(), &[0xff, 0xfe], b"\"]}"].concat();
    assert!(matches!(batch::<StockMovement>(&bytes), Err(CallFault::Invalid(_))));
}

#[test]
fn an_item_that_is_no_report_is_refused_alone() {
    let rows = [
        ("null", "null", "movements[1]", ""),
        ("a number", "7", "movements[1]", ""),
        ("a list", "[]", "movements[1]", ""),
        ("unknown field", r#"{"event_id":"x","colour":"red"}"#, "movements[1].colour", "x"),
        ("number for text", r#"{"event_id":"x","quantity":-1}"#, "movements[1].quantity", "x"),
        ("object for text", r#"{"event_id":"x","sku":{}}"#, "movements[1].sku", "x"),
        ("list for text", r#"{"eventId":"x","sku":["A"]}"#, "movements[1].sku", "x"),
        ("number for id", r#"{"event_id":5}"#, "movements[1].event_id", ""),
        ("unknown kind", r#"{"event_id":"x","kind":"PICKING"}"#, "movements[1].kind", "x"),
        ("kind true", r#"{"event_id":"x","kind":true}"#, "movements[1].kind", "x"),
        ("local time", r#"{"occurred_at":"2026-11-24T09:00:00"}"#, "movements[1].occurred_at", ""),
        ("seconds", r#"{"occurred_at":1764000000}"#, "movements[1].occurred_at", ""),
        ("text for order", r#"{"order":"north:1"}"#, "movements[1].order", ""),
        ("deep", r#"{"order":{"order_id":"1"}}"#, "movements[1].order.order_id", ""),
        ("deep type", r#"{"order":{"line_id":1}}"#, "movements[1].order.line_id", ""),
        ("twice", r#"{"event_id":"x","sku":"A","sku":"B"}"#, "movements[1].sku", "x"),
        ("both spellings", r#"{"event_id":"x","eventId":"x"}"#, "movements[1].eventId", "x"),
    ];
    for (what, item, field, event_id) in rows {
        let answer = refused_item(item);
        let error = answer.error.expect("an error");
        assert_eq!((error.field.as_str(), answer.event_id.as_str()), (field, event_id), "{what}");
        assert!(!error.message.is_empty() && !error.fix.is_empty(), "{what}: {error:?}");
    }
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    assert_eq!(refused_item(&deep).error.expect("an error").field, "movements[1]");
}

#[test]
fn refusals_say_what_would_be_right() {
    let fix = |item: &str| refused_item(item).error.expect("an error").fix;
    assert!(fix(r#"{"kind":"PICKING"}"#).contains("MOVEMENT_KIND_PICKING"));
    assert!(fix(r#"{"qty":"1"}"#).contains("quantity"));
    assert!(fix(r#"{"occurred_at":"yesterday"}"#).contains("RFC 3339"));
}

#[test]
fn both_spellings_numbers_of_enums_and_nulls_are_read() {
    let json = r#"{"movements":[{"eventId":"e","kind":2,"quantity":"-1","sku":"A",
        "warehouseCode":"MAIN","on_hand_after":null,"order":null,
        "occurredAt":"2026-11-24T10:00:00+01:00"}]}"#;
    let items = movements(json).expect("a batch");
    let expected = movements(&format!(r#"{{"movements":[{GOOD}]}}"#)).expect("a batch");
    assert_eq!(items, expected);
}

#[test]
fn an_empty_list_is_read_as_such() {
    for json in ["{}", r#"{"movements":[]}"#, r#"{"movements":null}"#] {
        assert_eq!(movements(json), Ok(Vec::new()), "{json}");
    }
}

#[test]
fn a_list_that_is_too_long_is_counted_not_kept() {
    let list = vec!["1"; 5_000].join(",");
    let json = format!(r#"{{"counts":[{list}]}}"#);
    let found = batch::<StockCount>(json.as_bytes()).expect_err("too many");
    assert_eq!(found, CallFault::BatchTooLarge { list: "counts", count: 5_000, limit: 1_000 });
}

#[test]
fn one_report_stands_in_its_field() {
    let read = |json: &str| one::<Shipment>(json.as_bytes());
    for json in ["{}", r#"{"shipment":null}"#] {
        assert_eq!(read(json), Ok(None), "{json}");
    }
    let good = read(r#"{"shipment":{"shipment_id":"S","revision":2}}"#).expect("JSON");
    assert_eq!(good.expect("a shipment").expect("good").revision, 2);
    let rows = [
        ("a list", r#"{"shipment":[]}"#, "shipment"),
        ("text", r#"{"shipment":"S1"}"#, "shipment"),
        ("unknown field", r#"{"shipment":{"colour":"red"}}"#, "shipment.colour"),
        ("a word for a number", r#"{"shipment":{"revision":"two"}}"#, "shipment.revision"),
        ("below zero", r#"{"shipment":{"revision":-1}}"#, "shipment.revision"),
        ("deep", r#"{"shipment":{"packages":[{"lines":{}}]}}"#, "shipment.packages[0].lines"),
        (
            "deeper",
            r#"{"shipment":{"packages":[{"lines":[{"quantity":2}]}]}}"#,
            "shipment.packages[0].lines[0].quantity",
        ),
        ("yes for true", r#"{"shipment":{"whole_order":"yes"}}"#, "shipment.whole_order"),
    ];
    for (what, json, field) in rows {
        let answer = read(json).expect("JSON").expect("something").expect_err(what);
        let error = answer.error.expect("an error");
        assert_eq!(error.field, field, "{what}");
        assert!(!error.message.is_empty() && !error.fix.is_empty(), "{what}: {error:?}");
    }
    for (json, field) in [("[]", ""), (r#"{"shipments":{}}"#, "shipments"), ("{", "")] {
        match read(json) {
            Err(CallFault::Invalid(invalid)) => assert_eq!(invalid.field, field, "{json}"),
            other => panic!("{json}: {other:?}"),
        }
    }
}

/// JSON that is nearly a batch: names and values of the contract in wrong places.
fn nearly() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        prop::sample::select(vec!["e", "-1", "MOVEMENT_KIND_PICKING", "2026-11-24T09:00:00Z"])
            .prop_map(Into::into),
    ];
    let name = prop::sample::select(vec![
        "movements",
        "event_id",
        "kind",
        "quantity",
        "order",
        "line_id",
        "occurred_at",
        "x",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            prop::collection::btree_map(name.clone(), inner, 0..4)
                .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_every_item_gets_an_answer(items in prop::collection::vec(nearly(), 0..6)) {
        let json = serde_json::json!({ "movements": items }).to_string();
        let read = movements(&json).expect("the list itself is right");
        prop_assert_eq!(read.len(), items.len());
        for (index, item) in read.iter().enumerate() {
            if let Err(answer) = item {
                let error = answer.error.as_ref().expect("an error");
                let place = format!("movements[{index}]");
                prop_assert!(error.field.starts_with(&place));
                prop_assert!(!error.fix.is_empty());
            }
        }
    }

    #[test]
    fn no_bytes_are_beyond_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let read = batch::<StockMovement>(&bytes);
        prop_assert!(read.is_ok() || matches!(read, Err(CallFault::Invalid(_))));
    }
}
