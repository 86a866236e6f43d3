//! One row per thing that a back office can get wrong, and the answers to it.

use lockstep_contracts::backoffice::v1::{
    ErrorCode, ItemError, MovementKind, OrderReference, StockCount, StockMovement, StockStatus,
};

use super::{Content, Item, Place, Report, Scope};

const NOW: &str = "2026-11-24T12:00:00Z";

fn moment(text: &str) -> Option<pbjson_types::Timestamp> {
    Some(lockstep_contracts::time::to_proto(text.parse().expect("a moment")))
}

fn picking() -> StockMovement {
    StockMovement {
        event_id: "e-1".to_owned(),
        kind: MovementKind::Picking.into(),
        quantity: "-2".to_owned(),
        sku: "TEE".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        occurred_at: moment("2026-11-24T09:00:00Z"),
        ..StockMovement::default()
    }
}

fn transfer() -> StockMovement {
    StockMovement {
        kind: MovementKind::Transfer.into(),
        quantity: "2".to_owned(),
        warehouse_code: String::new(),
        from_warehouse_code: "MAIN".to_owned(),
        to_warehouse_code: "SHOP".to_owned(),
        ..picking()
    }
}

fn count() -> StockCount {
    StockCount {
        event_id: "c-1".to_owned(),
        sku: "TEE".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        quantity: "38".to_owned(),
        counted_at: moment("2026-11-24T09:00:00Z"),
    }
}

fn check<T: Item>(item: T) -> Result<Report, ItemError> {
    let scope = Scope { warehouses: ["MAIN", "SHOP"].into(), now: NOW.parse().expect("a moment") };
    item.check(Place { list: T::LIST, index: 3 }, &scope)
}

type Change<T> = fn(&mut T);
type Row<T> = (&'static str, Change<T>, ErrorCode, &'static str);

fn assert_refused<T: Item + Clone>(good: &T, rows: &[Row<T>]) {
    check(good.clone()).expect("the unchanged item is good");
    for (what, change, code, field) in rows {
        let mut item = good.clone();
        change(&mut item);
        let error = check(item).expect_err(what);
        assert_eq!((error.code(), error.field.as_str()), (*code, *field), "{what}");
        assert!(!error.message.is_empty() && !error.fix.is_empty(), "{what}: {error:?}");
    }
}

#[test]
fn bad_movements_are_refused_with_code_field_and_fix() {
    use ErrorCode::{QuantityTooLarge, QuantityZero, UnknownWarehouse, Validation};
    let rows: &[Row<StockMovement>] = &[
        ("no event id", |m| m.event_id.clear(), Validation, "movements[3].event_id"),
        ("event id of 65", |m| m.event_id = "x".repeat(65), Validation, "movements[3].event_id"),
        ("no kind", |m| m.kind = 0, Validation, "movements[3].kind"),
        ("a kind of tomorrow", |m| m.kind = 99, Validation, "movements[3].kind"),
        ("no quantity", |m| m.quantity.clear(), Validation, "movements[3].quantity"),
        ("zero", |m| m.quantity = "0".into(), QuantityZero, "movements[3].quantity"),
        ("minus zero", |m| m.quantity = "-0.0".into(), QuantityZero, "movements[3].quantity"),
        (
            "10^15",
            |m| m.quantity = "-1000000000000000".into(),
            QuantityTooLarge,
            "movements[3].quantity",
        ),
        (
            "10^14",
            |m| m.quantity = "-100000000000000".into(),
            QuantityTooLarge,
            "movements[3].quantity",
        ),
        (
            "beyond 64 bits",
            |m| m.quantity = format!("-1{}", "0".repeat(40)),
            QuantityTooLarge,
            "movements[3].quantity",
        ),
        ("5 decimals", |m| m.quantity = "-0.00001".into(), Validation, "movements[3].quantity"),
        ("words", |m| m.quantity = "two".into(), Validation, "movements[3].quantity"),
        ("exponent", |m| m.quantity = "-1e3".into(), Validation, "movements[3].quantity"),
        ("comma", |m| m.quantity = "-1,5".into(), Validation, "movements[3].quantity"),
        ("picking that raises", |m| m.quantity = "2".into(), Validation, "movements[3].quantity"),
        (
            "receiving that lowers",
            |m| m.kind = MovementKind::Receiving.into(),
            Validation,
            "movements[3].quantity",
        ),
        ("no SKU", |m| m.sku.clear(), Validation, "movements[3].sku"),
        ("SKU of 500", |m| m.sku = "x".repeat(500), Validation, "movements[3].sku"),
        ("SKU with a line break", |m| m.sku = "A\nB".into(), Validation, "movements[3].sku"),
        ("SKU with a space at its end", |m| m.sku = "A ".into(), Validation, "movements[3].sku"),
        ("no warehouse", |m| m.warehouse_code.clear(), Validation, "movements[3].warehouse_code"),
        (
            "unknown warehouse",
            |m| m.warehouse_code = "ATTIC".into(),
            UnknownWarehouse,
            "movements[3].warehouse_code",
        ),
        (
            "warehouse in small letters",
            |m| m.warehouse_code = "main".into(),
            UnknownWarehouse,
            "movements[3].warehouse_code",
        ),
        (
            "from without transfer",
            |m| m.from_warehouse_code = "SHOP".into(),
            Validation,
            "movements[3].from_warehouse_code",
        ),
        (
            "to without transfer",
            |m| m.to_warehouse_code = "SHOP".into(),
            Validation,
            "movements[3].to_warehouse_code",
        ),
        ("no such condition", |m| m.stock_status = 42, Validation, "movements[3].stock_status"),
        (
            "cross-check in words",
            |m| m.on_hand_after = "many".into(),
            Validation,
            "movements[3].on_hand_after",
        ),
        (
            "cross-check of 10^15",
            |m| m.on_hand_after = "1000000000000000".into(),
            QuantityTooLarge,
            "movements[3].on_hand_after",
        ),
        (
            "reason code of 256",
            |m| m.reason_code = "x".repeat(256),
            Validation,
            "movements[3].reason_code",
        ),
        (
            "reason of 2001",
            |m| m.reason_text = "é".repeat(2_001),
            Validation,
            "movements[3].reason_text",
        ),
    ];
    assert_refused(&picking(), rows);
}

#[test]
fn bad_moments_are_refused_and_name_the_clock() {
    use ErrorCode::Validation;
    let field = "movements[3].occurred_at";
    let rows: &[Row<StockMovement>] = &[
        ("no moment", |m| m.occurred_at = None, Validation, field),
        ("1999", |m| m.occurred_at = moment("1999-12-31T23:59:59Z"), Validation, field),
        ("in 25 hours", |m| m.occurred_at = moment("2026-11-25T13:00:00Z"), Validation, field),
        ("in 20 years", |m| m.occurred_at = moment("2046-11-24T12:00:00Z"), Validation, field),
        (
            "no moment at all",
            |m| {
                m.occurred_at = Some(pbjson_types::Timestamp { seconds: i64::MAX, nanos: -1 });
            },
            Validation,
            field,
        ),
    ];
    assert_refused(&picking(), rows);
    let ahead = StockMovement { occurred_at: moment("2029-11-24T12:00:00Z"), ..picking() };
    let error = check(ahead).expect_err("three years ahead");
    assert!(error.message.contains(NOW) && error.message.contains("clock"), "{error:?}");
    assert!(error.fix.contains("clock"), "{error:?}");
    let hours = StockMovement { occurred_at: moment("2026-11-25T12:00:00Z"), ..picking() };
    check(hours).expect("a day ahead is a wrong time zone");
}

#[test]
fn bad_transfers_are_refused() {
    use ErrorCode::{UnknownWarehouse, Validation};
    let rows: &[Row<StockMovement>] = &[
        (
            "one warehouse",
            |m| m.warehouse_code = "MAIN".into(),
            Validation,
            "movements[3].warehouse_code",
        ),
        (
            "from nowhere",
            |m| m.from_warehouse_code.clear(),
            Validation,
            "movements[3].from_warehouse_code",
        ),
        (
            "to nowhere",
            |m| m.to_warehouse_code.clear(),
            Validation,
            "movements[3].to_warehouse_code",
        ),
        (
            "from the unknown",
            |m| m.from_warehouse_code = "ATTIC".into(),
            UnknownWarehouse,
            "movements[3].from_warehouse_code",
        ),
        (
            "to the unknown",
            |m| m.to_warehouse_code = "ATTIC".into(),
            UnknownWarehouse,
            "movements[3].to_warehouse_code",
        ),
        (
            "to itself",
            |m| m.to_warehouse_code = "MAIN".into(),
            Validation,
            "movements[3].to_warehouse_code",
        ),
        ("backwards", |m| m.quantity = "-2".into(), Validation, "movements[3].quantity"),
        (
            "what is left, of which?",
            |m| m.on_hand_after = "5".into(),
            Validation,
            "movements[3].on_hand_after",
        ),
    ];
    assert_refused(&transfer(), rows);
}

#[test]
fn bad_order_references_are_refused() {
    use ErrorCode::Validation;
    let good = StockMovement {
        order: Some(OrderReference {
            order_key: "north:6120000000001".to_owned(),
            line_id: "15770000000001".to_owned(),
        }),
        ..picking()
    };
    fn order(m: &mut StockMovement) -> &mut OrderReference {
        m.order.as_mut().expect("set above")
    }
    let key = "movements[3].order.order_key";
    let line = "movements[3].order.line_id";
    let rows: &[Row<StockMovement>] = &[
        ("no store", |m| order(m).order_key = "6120000000001".into(), Validation, key),
        ("a name", |m| order(m).order_key = "north:#1001".into(), Validation, key),
        ("signed", |m| order(m).order_key = "north:+1".into(), Validation, key),
        ("leading zero", |m| order(m).order_key = "north:01".into(), Validation, key),
        ("no number", |m| order(m).order_key = "north:".into(), Validation, key),
        (
            "beyond 64 bits",
            |m| order(m).order_key = format!("n:{}", "9".repeat(20)),
            Validation,
            key,
        ),
        ("store in capitals", |m| order(m).order_key = "North:1".into(), Validation, key),
        ("no line", |m| order(m).line_id.clear(), Validation, line),
        ("line in words", |m| order(m).line_id = "first".into(), Validation, line),
    ];
    assert_refused(&good, rows);
}

#[test]
fn bad_counts_are_refused() {
    use ErrorCode::{QuantityTooLarge, UnknownWarehouse, Validation};
    let rows: &[Row<StockCount>] = &[
        ("no event id", |c| c.event_id.clear(), Validation, "counts[3].event_id"),
        ("SKU of 500", |c| c.sku = "x".repeat(500), Validation, "counts[3].sku"),
        ("no warehouse", |c| c.warehouse_code.clear(), Validation, "counts[3].warehouse_code"),
        (
            "unknown warehouse",
            |c| c.warehouse_code = "ATTIC".into(),
            UnknownWarehouse,
            "counts[3].warehouse_code",
        ),
        ("no quantity", |c| c.quantity.clear(), Validation, "counts[3].quantity"),
        (
            "10^15",
            |c| c.quantity = "1000000000000000".into(),
            QuantityTooLarge,
            "counts[3].quantity",
        ),
        ("no moment", |c| c.counted_at = None, Validation, "counts[3].counted_at"),
        (
            "years off",
            |c| c.counted_at = moment("1970-01-01T00:00:00Z"),
            Validation,
            "counts[3].counted_at",
        ),
    ];
    assert_refused(&count(), rows);
}

#[test]
fn strange_but_good_codes_are_taken() {
    for sku in ["a.b", "*", ">", "tee > 🧦.*", "日本", "x y", &"é".repeat(255)] {
        let report = check(StockMovement { sku: (*sku).to_owned(), ..picking() }).expect(sku);
        assert_eq!(report.sku.as_str(), sku);
    }
    for quantity in ["0", "-3", "99999999999999.9999"] {
        let count = StockCount { quantity: quantity.to_owned(), ..count() };
        check(count).expect("a count may be anything that can be kept");
    }
    check(transfer()).expect("a transfer");
}

#[test]
fn signs_follow_the_kind() {
    use MovementKind::{
        Adjustment, Allocation, Deallocation, Other, Picking, Receiving, Return, Scrap,
    };
    let table = [
        (Receiving, true, false),
        (Return, true, false),
        (Deallocation, true, false),
        (Picking, false, true),
        (Scrap, false, true),
        (Allocation, false, true),
        (Adjustment, true, true),
        (Other, true, true),
    ];
    for (kind, may_raise, may_lower) in table {
        for (quantity, allowed) in [("1", may_raise), ("-1", may_lower)] {
            let movement =
                StockMovement { kind: kind.into(), quantity: quantity.to_owned(), ..picking() };
            assert_eq!(check(movement).is_ok(), allowed, "{kind:?} {quantity}");
        }
    }
}

#[test]
fn equal_statements_have_one_form_and_one_digest() {
    let plain = check(picking()).expect("good");
    let written_out = check(StockMovement {
        quantity: "-02.0000".to_owned(),
        stock_status: StockStatus::Good.into(),
        ..picking()
    })
    .expect("good");
    assert_eq!(plain, written_out);
    let Content::Movement(movement) = plain.content else { panic!("a movement was checked") };
    assert_eq!(movement.quantity, "-2");
    assert_eq!(movement.stock_status(), StockStatus::Good);
}

#[test]
fn every_field_is_part_of_the_digest() {
    let changes: &[Change<StockMovement>] = &[
        |m| m.quantity = "-3".into(),
        |m| m.kind = MovementKind::Scrap.into(),
        |m| m.sku = "TEE2".into(),
        |m| m.warehouse_code = "SHOP".into(),
        |m| m.stock_status = StockStatus::Damaged.into(),
        |m| m.on_hand_after = "5".into(),
        |m| m.reason_code = "x".into(),
        |m| m.reason_text = "x".into(),
        |m| {
            m.order = Some(OrderReference { order_key: "north:1".into(), line_id: "2".into() });
        },
        |m| m.occurred_at = moment("2026-11-24T09:00:00.001Z"),
    ];
    let plain = check(picking()).expect("good").digest;
    for (number, change) in changes.iter().enumerate() {
        let mut movement = picking();
        change(&mut movement);
        assert_ne!(check(movement).expect("good").digest, plain, "change {number}");
    }
    let as_count = check(StockCount { event_id: "e-1".to_owned(), ..count() }).expect("good");
    assert_ne!(as_count.digest, plain);
}

/// Digests are kept for as long as reports are: another version must come to the same.
#[test]
fn digests_do_not_change_between_versions() {
    let hex = |digest: [u8; 32]| digest.map(|byte| format!("{byte:02x}")).concat();
    let movement = check(picking()).expect("good").digest;
    assert_eq!(hex(movement), "88997537cf0a02003128e4038047a3a2e3afcc5c7f05d51561707b92ff7b21ed");
    assert_eq!(
        hex(check(count()).expect("good").digest),
        "1a2cc620d91dbb2623f689ab4dd894b9073e06ebd0ea5400bc958fe7ef6305b8"
    );
}
