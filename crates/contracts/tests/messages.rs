//! Messages as JSON, and moments.
#![expect(clippy::expect_used, reason = "helpers of tests")]

use jiff::Timestamp;
use lockstep_contracts::backoffice::v1::{
    MovementKind, ReportStockMovementsRequest, StockMovement,
};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::stock::v1::LevelPushed;
use lockstep_contracts::time::{from_proto, to_proto};
use proptest::prelude::*;

fn movement() -> StockMovement {
    StockMovement {
        event_id: "m-1".to_owned(),
        kind: MovementKind::Picking.into(),
        quantity: "-2.5".to_owned(),
        sku: "A.*>😀".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        occurred_at: Some(to_proto("2026-11-24T10:00:00Z".parse().expect("a moment"))),
        ..Default::default()
    }
}

#[test]
fn json_is_written_in_snake_case_and_reads_back() {
    let json = serde_json::to_value(movement()).unwrap();
    assert_eq!(json["event_id"], "m-1");
    assert_eq!(json["kind"], "MOVEMENT_KIND_PICKING");
    assert_eq!(json.get("to_warehouse_code"), None);
    assert_eq!(serde_json::from_value::<StockMovement>(json).unwrap(), movement());
}

#[test]
fn json_is_read_in_snake_case_and_camel_case() {
    for name in ["warehouse_code", "warehouseCode"] {
        let json = format!(r#"{{"movements":[{{"{name}":"MAIN"}}]}}"#);
        let read: ReportStockMovementsRequest = serde_json::from_str(&json).unwrap();
        assert_eq!(read.movements[0].warehouse_code, "MAIN");
    }
}

#[test]
fn json_that_is_not_the_message_is_refused_by_name() {
    let wrong = [
        (r#"{"warehose_code":"MAIN"}"#, "warehose_code"),
        (r#"{"event_id":"a","eventId":"b"}"#, "eventId"),
        (r#"{"kind":"PICKED"}"#, "PICKED"),
        (r#"{"quantity":2.5}"#, "2.5"),
        (r#"{"occurred_at":"soon"}"#, ""),
        (r#"{"order":{"line":"1"}}"#, "line"),
    ];
    for (json, part) in wrong {
        let error = serde_json::from_str::<StockMovement>(json).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn large_ids_are_text_in_json_and_read_as_text_or_number() {
    let pushed = LevelPushed { inventory_item_id: i64::MAX, ..Default::default() };
    let json = serde_json::to_string(&pushed).unwrap();
    assert_eq!(json, r#"{"inventory_item_id":"9223372036854775807"}"#);
    let number = r#"{"inventory_item_id":9223372036854775807}"#;
    for text in [json.as_str(), number] {
        assert_eq!(serde_json::from_str::<LevelPushed>(text).unwrap(), pushed);
    }
}

#[test]
fn bodies_of_webhooks_share_their_bytes() {
    let body = bytes::Bytes::from_static(b"{}");
    let webhook = WebhookReceived { body: body.clone(), ..Default::default() };
    assert_eq!(webhook.body.as_ptr(), body.as_ptr());
}

#[test]
fn pairs_that_are_no_moment_are_refused() {
    let wrong = [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 0)];
    for (seconds, nanos) in wrong {
        let error = from_proto(&pbjson_types::Timestamp { seconds, nanos }).unwrap_err();
        assert!(error.to_string().contains(&seconds.to_string()));
    }
}

proptest! {
    #[test]
    fn moments_survive_protobuf(
        second in -377_000_000_000_i64..253_000_000_000,
        nano in 0..999_999_999,
    ) {
        let time = Timestamp::new(second, nano).unwrap();
        let proto = to_proto(time);
        prop_assert!((0..1_000_000_000).contains(&proto.nanos));
        prop_assert_eq!(from_proto(&proto), Ok(time));
    }
}
