//! What is taken from outside, and how a refusal reads.
#![expect(clippy::expect_used, reason = "helpers of tests")]

use lockstep_contracts::backoffice::v1::{
    ErrorCode, ItemError, MovementKind as Kind, OrderReference, StockCount, StockMovement,
    StockStatus,
};
use lockstep_contracts::catalog::v1::{LinkOrigin as ProtoOrigin, VariantLinked, VariantUnlinked};
use lockstep_contracts::convert::link::{linked, origin, origin_to_proto, unlinked};
use lockstep_contracts::convert::report::{Place, count, movement};
use lockstep_contracts::time::to_proto;
use lockstep_domain::link::LinkOrigin;
use lockstep_domain::stock::settings::BackOfficeStock;
use pbjson_types::Timestamp;
use proptest::prelude::*;

fn now() -> Timestamp {
    to_proto("2026-11-24T10:00:00Z".parse().expect("a moment"))
}

fn good() -> StockMovement {
    StockMovement {
        event_id: "m-1".to_owned(),
        kind: Kind::Adjustment.into(),
        quantity: "-2.5".to_owned(),
        sku: "A.*>😀".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        on_hand_after: "7".to_owned(),
        occurred_at: Some(now()),
        ..Default::default()
    }
}

fn good_transfer() -> StockMovement {
    StockMovement {
        kind: Kind::Transfer.into(),
        quantity: "3".to_owned(),
        warehouse_code: String::new(),
        from_warehouse_code: "MAIN".to_owned(),
        to_warehouse_code: "SHOP".to_owned(),
        on_hand_after: String::new(),
        ..good()
    }
}

fn good_count() -> StockCount {
    StockCount {
        event_id: "c-1".to_owned(),
        sku: "A".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        quantity: "0".to_owned(),
        counted_at: Some(now()),
    }
}

type Change = fn(&mut StockMovement);

fn order(key: &str, line: &str) -> Option<OrderReference> {
    Some(OrderReference { order_key: key.to_owned(), line_id: line.to_owned() })
}

/// Every way in which one field of a movement can be wrong: the change, the code, the field, and
/// a part of the fix.
const REFUSED: &[(Change, ErrorCode, &str, &str)] = &[
    (|m| m.event_id.clear(), ErrorCode::Validation, "event_id", "1 to 64 characters"),
    (|m| m.event_id = "x".repeat(65), ErrorCode::Validation, "event_id", "1 to 64 characters"),
    (|m| m.kind = 0, ErrorCode::Validation, "kind", "MOVEMENT_KIND_OTHER"),
    (|m| m.kind = 99, ErrorCode::Validation, "kind", "published contract"),
    (|m| m.quantity.clear(), ErrorCode::Validation, "quantity", "decimal number"),
    (|m| m.quantity = "1e3".into(), ErrorCode::Validation, "quantity", "decimal number"),
    (|m| m.quantity = "1,5".into(), ErrorCode::Validation, "quantity", "decimal number"),
    (|m| m.quantity = "0.00001".into(), ErrorCode::Validation, "quantity", "4 decimals"),
    (|m| m.quantity = "0".into(), ErrorCode::QuantityZero, "quantity", "count"),
    (|m| m.quantity = "-0.000".into(), ErrorCode::QuantityZero, "quantity", "count"),
    (
        |m| m.quantity = "1000000000000000".into(),
        ErrorCode::QuantityTooLarge,
        "quantity",
        "100000000000000",
    ),
    (|m| m.quantity = "9".repeat(500), ErrorCode::QuantityTooLarge, "quantity", "100000000000000"),
    (|m| m.kind = Kind::Receiving.into(), ErrorCode::Validation, "quantity", "positive"),
    (|m| m.kind = Kind::Return.into(), ErrorCode::Validation, "quantity", "positive"),
    (|m| m.kind = Kind::Deallocation.into(), ErrorCode::Validation, "quantity", "positive"),
    (
        |m| (m.kind, m.quantity) = (Kind::Picking.into(), "1".into()),
        ErrorCode::Validation,
        "quantity",
        "negative",
    ),
    (
        |m| (m.kind, m.quantity) = (Kind::Scrap.into(), "1".into()),
        ErrorCode::Validation,
        "quantity",
        "negative",
    ),
    (
        |m| (m.kind, m.quantity) = (Kind::Allocation.into(), "1".into()),
        ErrorCode::Validation,
        "quantity",
        "negative",
    ),
    (|m| m.sku.clear(), ErrorCode::Validation, "sku", "1 to 255 characters"),
    (|m| m.sku = "x".repeat(500), ErrorCode::Validation, "sku", "1 to 255 characters"),
    (|m| m.sku = " A".into(), ErrorCode::Validation, "sku", "white space"),
    (|m| m.sku = "A\nB".into(), ErrorCode::Validation, "sku", "control characters"),
    (|m| m.warehouse_code.clear(), ErrorCode::Validation, "warehouse_code", "1 to 64"),
    (
        |m| m.from_warehouse_code = "X".into(),
        ErrorCode::Validation,
        "from_warehouse_code",
        "MOVEMENT_KIND_TRANSFER",
    ),
    (
        |m| m.to_warehouse_code = "X".into(),
        ErrorCode::Validation,
        "to_warehouse_code",
        "MOVEMENT_KIND_TRANSFER",
    ),
    (|m| m.stock_status = 77, ErrorCode::Validation, "stock_status", "published contract"),
    (|m| m.on_hand_after = "many".into(), ErrorCode::Validation, "on_hand_after", "decimal"),
    (|m| m.reason_code = "x".repeat(65), ErrorCode::Validation, "reason_code", "64"),
    (|m| m.reason_text = "é".repeat(1_001), ErrorCode::Validation, "reason_text", "1000"),
    (|m| m.order = order("1001", "1"), ErrorCode::Validation, "order.order_key", "{store}:"),
    (|m| m.order = order("North!:1", "1"), ErrorCode::Validation, "order.order_key", "{store}:"),
    (|m| m.order = order("north:#1001", "1"), ErrorCode::Validation, "order.order_key", "{store}:"),
    (|m| m.order = order("north:+1", "1"), ErrorCode::Validation, "order.order_key", "{store}:"),
    (|m| m.order = order("north:01", "1"), ErrorCode::Validation, "order.order_key", "{store}:"),
    (|m| m.order = order("north:", "1"), ErrorCode::Validation, "order.order_key", "{store}:"),
    (
        |m| m.order = order("n:99999999999999999999", "1"),
        ErrorCode::Validation,
        "order.order_key",
        "{store}:",
    ),
    (|m| m.order = order("north:1", ""), ErrorCode::Validation, "order.line_id", "digits"),
    (|m| m.order = order("north:1", "first"), ErrorCode::Validation, "order.line_id", "digits"),
    (|m| m.occurred_at = None, ErrorCode::Validation, "occurred_at", "2026-11-24T10:00:00Z"),
    (
        |m| m.occurred_at = Some(Timestamp { seconds: i64::MAX, nanos: 0 }),
        ErrorCode::Validation,
        "occurred_at",
        "UTC",
    ),
];

#[test]
fn each_wrong_field_is_refused_with_code_field_and_fix() {
    for (change, code, field, fix) in REFUSED {
        let mut report = good();
        change(&mut report);
        let refusal = movement(&report).expect_err(field);
        assert_eq!((refusal.code, refusal.field.as_str()), (*code, *field));
        assert!(refusal.fix.contains(fix), "{field}: {}", refusal.fix);
        assert!(!refusal.message.is_empty());
    }
}

#[test]
fn each_wrong_transfer_is_refused() {
    let wrong: [(Change, &str); 6] = [
        (|m| m.warehouse_code = "MAIN".into(), "warehouse_code"),
        (|m| m.from_warehouse_code.clear(), "from_warehouse_code"),
        (|m| m.to_warehouse_code.clear(), "to_warehouse_code"),
        (|m| m.to_warehouse_code = "MAIN".into(), "to_warehouse_code"),
        (|m| m.quantity = "-3".into(), "quantity"),
        (|m| m.on_hand_after = "3".into(), "on_hand_after"),
    ];
    for (change, field) in wrong {
        let mut report = good_transfer();
        change(&mut report);
        assert_eq!(movement(&report).expect_err(field).field, field);
    }
}

#[test]
fn each_wrong_count_is_refused() {
    type Change = fn(&mut StockCount);
    let wrong: [(Change, ErrorCode, &str); 6] = [
        (|c| c.event_id.clear(), ErrorCode::Validation, "event_id"),
        (|c| c.sku.clear(), ErrorCode::Validation, "sku"),
        (|c| c.warehouse_code.clear(), ErrorCode::Validation, "warehouse_code"),
        (|c| c.quantity = "x".into(), ErrorCode::Validation, "quantity"),
        (|c| c.quantity = "-100000000000000".into(), ErrorCode::QuantityTooLarge, "quantity"),
        (|c| c.counted_at = None, ErrorCode::Validation, "counted_at"),
    ];
    for (change, code, field) in wrong {
        let mut report = good_count();
        change(&mut report);
        let refusal = count(&report).expect_err(field);
        assert_eq!((refusal.code, refusal.field.as_str()), (code, field));
    }
}

#[test]
fn refusal_becomes_an_answer_seen_from_the_call() {
    let refusal = movement(&StockMovement { kind: 0, ..good() }).unwrap_err();
    let error = ItemError::from(refusal.at("movements[3]"));
    assert_eq!(error.code(), ErrorCode::Validation);
    assert_eq!(error.field, "movements[3].kind");
}

#[test]
fn movement_becomes_one_booking_in_its_warehouse() {
    let report = StockMovement {
        kind: Kind::Picking.into(),
        stock_status: StockStatus::Damaged.into(),
        order: order("north:5001", "17"),
        ..good()
    };
    let movement = movement(&report).unwrap();
    let rules = BackOfficeStock::default();
    let bookings = movement.bookings(&rules);
    let [booking] = bookings.as_slice() else { panic!("one booking: {bookings:?}") };
    assert_eq!(booking.warehouse.as_str(), "MAIN");
    assert_eq!(booking.quantity.to_string(), "-2.5");
    assert_eq!(booking.on_hand_after.map(|quantity| quantity.to_string()), Some("7".to_owned()));
    assert!(!booking.lowers, "a sellable number is lowered by the accept, not by the pick");
    let line = booking.order.as_ref().unwrap();
    assert_eq!((line.store.as_str(), line.order.as_str()), ("north", "north:5001"));
    assert_eq!(line.line.as_str(), "17");
}

#[test]
fn transfer_becomes_two_bookings_that_cancel_out() {
    let movement = movement(&good_transfer()).unwrap();
    assert!(matches!(movement.place, Place::Between { .. }));
    let names: Vec<_> =
        movement.warehouses().into_iter().map(|(field, code)| (field, code.as_str())).collect();
    assert_eq!(names, [("from_warehouse_code", "MAIN"), ("to_warehouse_code", "SHOP")]);
    let bookings = movement.bookings(&BackOfficeStock::default());
    let moved: Vec<_> = bookings
        .iter()
        .map(|booking| (booking.warehouse.as_str(), booking.quantity.to_string()))
        .collect();
    assert_eq!(moved, [("MAIN", "-3".to_owned()), ("SHOP", "3".to_owned())]);
    assert!(bookings.iter().all(|booking| booking.lowers));
}

#[test]
fn count_of_zero_and_below_is_taken() {
    for quantity in ["0", "-4", "99999999999999.9999"] {
        let report = StockCount { quantity: quantity.to_owned(), ..good_count() };
        assert_eq!(count(&report).unwrap().booking.quantity.to_string(), quantity);
    }
}

#[test]
fn origins_survive_both_ways() {
    let all = [
        LinkOrigin::Hand,
        LinkOrigin::Csv,
        LinkOrigin::SkuMatch,
        LinkOrigin::BarcodeMatch,
        LinkOrigin::NameMatch,
    ];
    for known in all {
        assert_eq!(origin("origin", origin_to_proto(known).into()), Ok(known));
    }
    for value in [0, 77] {
        assert_eq!(origin("origin", value).unwrap_err().field, "origin");
    }
}

#[test]
fn link_events_are_checked_field_by_field() {
    let event = VariantLinked {
        store: "north".to_owned(),
        variant_id: 1,
        inventory_item_id: 2,
        backoffice: "wms".to_owned(),
        sku: "A".to_owned(),
        revision: 3,
        origin: ProtoOrigin::Csv.into(),
        linked_at: Some(now()),
    };
    let change = linked(&event).unwrap();
    assert_eq!((change.variant.get(), change.item.get(), change.revision), (1, 2, 3));
    assert_eq!(change.origin, LinkOrigin::Csv);
    let wrong = [
        (VariantLinked { store: "North".to_owned(), ..event.clone() }, "store"),
        (VariantLinked { variant_id: 0, ..event.clone() }, "variant_id"),
        (VariantLinked { inventory_item_id: -1, ..event.clone() }, "inventory_item_id"),
        (VariantLinked { backoffice: String::new(), ..event.clone() }, "backoffice"),
        (VariantLinked { sku: String::new(), ..event.clone() }, "sku"),
        (VariantLinked { origin: 0, ..event.clone() }, "origin"),
        (VariantLinked { linked_at: None, ..event.clone() }, "linked_at"),
    ];
    for (event, field) in wrong {
        assert_eq!(linked(&event).unwrap_err().field, field);
    }
    let cut = VariantUnlinked {
        store: event.store,
        variant_id: event.variant_id,
        inventory_item_id: event.inventory_item_id,
        backoffice: event.backoffice,
        sku: event.sku,
        revision: event.revision,
        origin: event.origin,
        unlinked_at: event.linked_at,
    };
    assert_eq!(unlinked(&cut), Ok(change));
    let error = unlinked(&VariantUnlinked { unlinked_at: None, ..cut }).unwrap_err();
    assert_eq!(error.field, "unlinked_at");
}

proptest! {
    #[test]
    fn any_text_is_taken_or_refused_by_name(
        text in prop_oneof!["\\PC{0,300}", "[0-9.-]{0,40}"],
        kind in -1..11,
        field in 0..7_u8,
    ) {
        let mut report = if kind == 4 { good_transfer() } else { good() };
        report.kind = kind;
        let name = match field {
            0 => { report.event_id = text; "event_id" }
            1 => { report.sku = text; "sku" }
            2 => { report.quantity = text; "quantity" }
            3 => { report.warehouse_code = text; "warehouse_code" }
            4 => { report.to_warehouse_code = text; "to_warehouse_code" }
            5 => { report.on_hand_after = text; "on_hand_after" }
            _ => { report.order = order(&text, "1"); "order.order_key" }
        };
        match movement(&report) {
            Ok(movement) => prop_assert!(!movement.quantity.is_zero()),
            Err(refusal) => {
                let named = [name, "kind", "quantity"].contains(&refusal.field.as_str());
                prop_assert!(named, "{}", refusal.field);
            }
        }
    }
}
