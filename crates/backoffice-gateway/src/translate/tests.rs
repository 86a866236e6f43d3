//! What the gateway adds to the contract's own checks: warehouses, stores, the time, one form.

use lockstep_contracts::backoffice::v1::{
    ErrorCode, MovementKind, OrderReference, OrderRequest, ReleaseOutcome, Return, Sale, Shipment,
    StockCount, StockMovement, StockStatus,
};
use lockstep_contracts::convert;
use proptest::prelude::*;

use super::samples::{self, NOW, moment, picking, transfer};
use super::{Content, Invalid, Item, Place, REPORT_BYTES_MAX, Report, Scope, name_from_path};

fn check<T: Item>(item: T) -> Result<Report, Invalid> {
    let scope = Scope {
        backoffice: "wms",
        warehouses: ["MAIN", "SHOP"].into(),
        stores: ["north"].into(),
        now: NOW.parse().expect("a moment"),
    };
    item.check(&scope)
}

type Change<T> = fn(&mut T);

fn refusal<T: Item>(mut item: T, change: Change<T>) -> (ErrorCode, String) {
    change(&mut item);
    let refusal = check(item).expect_err("it is refused");
    assert!(!refusal.message.is_empty() && !refusal.fix.is_empty(), "{refusal:?}");
    (refusal.code, refusal.field)
}

/// One change per kind of report and place where it names a warehouse.
#[test]
fn undeclared_warehouses_are_refused_wherever_they_are_named() {
    let rows = [
        refusal(picking(), |m| m.warehouse_code = "ATTIC".into()),
        refusal(picking(), |m| m.warehouse_code = "main".into()),
        refusal(transfer(), |m| m.from_warehouse_code = "ATTIC".into()),
        refusal(transfer(), |m| m.to_warehouse_code = "ATTIC".into()),
        refusal(samples::count(), |c| c.warehouse_code = "ATTIC".into()),
        refusal(samples::acceptance(), |a| a.lines[0].warehouse_code = "ATTIC".into()),
        refusal(samples::release(), |r| r.lines[0].warehouse_code = "ATTIC".into()),
        refusal(samples::shipment(), |s| s.warehouse_code = "ATTIC".into()),
        refusal(samples::returned(), |r| r.lines[0].warehouse_code = "ATTIC".into()),
        refusal(samples::invoice(), |i| i.lines[0].warehouse_code = "ATTIC".into()),
        refusal(samples::sale(), |s| s.warehouse_code = "ATTIC".into()),
        refusal(samples::sale(), |s| s.lines[0].warehouse_code = "ATTIC".into()),
        refusal(samples::refund(), |r| {
            r.lines[0].disposition = 1;
            r.lines[0].warehouse_code = "ATTIC".into();
        }),
    ];
    let fields = [
        "warehouse_code",
        "warehouse_code",
        "from_warehouse_code",
        "to_warehouse_code",
        "warehouse_code",
        "lines[0].warehouse_code",
        "lines[0].warehouse_code",
        "warehouse_code",
        "lines[0].warehouse_code",
        "lines[0].warehouse_code",
        "warehouse_code",
        "lines[0].warehouse_code",
        "lines[0].warehouse_code",
    ];
    for (row, field) in rows.into_iter().zip(fields) {
        assert_eq!(row, (ErrorCode::UnknownWarehouse, field.to_owned()));
    }
}

#[test]
fn orders_of_stores_that_it_does_not_serve_are_refused() {
    let unknown = (ErrorCode::UnknownOrder, "order_key".to_owned());
    assert_eq!(refusal(samples::acceptance(), |a| a.order_key = "south:1".into()), unknown);
    assert_eq!(refusal(samples::rejection(), |r| r.order_key = "south:1".into()), unknown);
    assert_eq!(refusal(samples::release(), |r| r.order_key = "south:1".into()), unknown);
    assert_eq!(refusal(samples::shipment(), |s| s.order_key = "south:1".into()), unknown);
    assert_eq!(refusal(samples::returned(), |r| r.order_key = "south:1".into()), unknown);
    assert_eq!(refusal(samples::invoice(), |i| i.order_key = "south:1".into()), unknown);
    let store = refusal(samples::sale(), |s| s.store = "south".into());
    assert_eq!(store, (ErrorCode::Validation, "store".to_owned()));
    let open = Sale { store: String::new(), ..samples::sale() };
    check(open).expect("a sale may leave the store to settings");
    let blind = Return { order_key: String::new(), ..samples::returned() };
    assert_eq!(check(blind).expect("a return may come without order").about, "return/wms/R1");
}

#[test]
fn moments_of_a_wrong_clock_are_refused() {
    for text in ["1999-12-31T23:59:59Z", "2026-11-25T12:00:01Z", "2046-11-24T12:00:00Z"] {
        let refused = check(StockMovement { occurred_at: moment(text), ..picking() });
        let refused = refused.expect_err(text);
        assert_eq!((refused.code, refused.field.as_str()), (ErrorCode::Validation, "occurred_at"));
        assert!(refused.fix.contains("clock"), "{refused:?}");
    }
    let ahead = check(StockMovement { occurred_at: moment("2029-11-24T12:00:00Z"), ..picking() });
    assert!(ahead.expect_err("years ahead").message.contains(NOW));
    let hours = StockMovement { occurred_at: moment("2026-11-25T12:00:00Z"), ..picking() };
    check(hours).expect("a day ahead is a wrong time zone");
    let late = moment("2046-11-24T12:00:00Z");
    let fields = [
        check(StockCount { counted_at: late, ..samples::count() }),
        check(Shipment { occurred_at: late, ..samples::shipment() }),
        check(Sale { sold_at: late, ..samples::sale() }),
    ]
    .map(|refused| refused.expect_err("years ahead").field);
    assert_eq!(fields, ["counted_at", "occurred_at", "sold_at"]);
}

#[test]
fn a_report_larger_than_an_event_may_be_is_refused() {
    let serial = "x".repeat(64);
    let mut shipment = samples::shipment();
    let needed = REPORT_BYTES_MAX / (serial.len() * 1_000) + 1;
    let mut line = shipment.lines[0].clone();
    line.serials = vec![serial; 1_000];
    shipment.lines = vec![line; needed];
    assert_eq!(refusal(shipment, |_| ()), (ErrorCode::TooLarge, String::new()));
}

#[test]
fn refusals_name_the_place_in_the_call() {
    let refused = check(StockMovement { sku: String::new(), ..picking() }).expect_err("no SKU");
    let error = Place::of("movements", 3).error(refused.clone());
    assert_eq!((error.code(), error.field.as_str()), (ErrorCode::Validation, "movements[3].sku"));
    assert_eq!(Place::only("shipment").error(refused).field, "shipment.sku");
    assert_eq!(Place::of("counts", 0).path(""), "counts[0]");
    assert_eq!(Place::only("sale").path(""), "sale");
}

#[test]
fn the_path_names_the_order_and_the_body_may_not_contradict() {
    let mut acceptance = samples::acceptance();
    acceptance.order_key.clear();
    name_from_path(&mut acceptance, "north:1".to_owned()).expect("taken from the path");
    assert_eq!(acceptance.order_key, "north:1");
    name_from_path(&mut acceptance, "north:1".to_owned()).expect("the same");
    let refused = name_from_path(&mut acceptance, "north:2".to_owned()).expect_err("another");
    assert_eq!(refused.field, "order_key");
}

#[test]
fn strange_but_good_codes_are_taken() {
    for sku in ["a.b", "*", ">", "tee > 🧦.*", "日本", "x y", &"é".repeat(255)] {
        let report = check(StockMovement { sku: (*sku).to_owned(), ..picking() }).expect(sku);
        assert_eq!(report.about, format!("sku/wms/{sku}"));
    }
    for quantity in ["0", "-3", "99999999999999.9999"] {
        let count = StockCount { quantity: quantity.to_owned(), ..samples::count() };
        check(count).expect("a count may be anything that can be kept");
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

    let mut first = samples::shipment();
    (first.revision, first.lines[0].quantity) = (1, "2.000".to_owned());
    assert_eq!(check(first).expect("good"), check(samples::shipment()).expect("good"));
    let mut accept = samples::acceptance();
    accept.answers = OrderRequest::Fulfil.into();
    assert_eq!(check(accept).expect("good"), check(samples::acceptance()).expect("good"));
    let mut release = samples::release();
    release.outcome = ReleaseOutcome::Fulfill.into();
    assert_eq!(check(release).expect("good"), check(samples::release()).expect("good"));
}

/// Whatever is published has one form: checking it once more changes nothing, and the contract,
/// by which consumers read, takes it.
fn assert_settled(report: &Report) {
    let again = match report.content.clone() {
        Content::Movement(m) => convert::report::movement(&m).map(|_| check(m)),
        Content::Count(m) => convert::report::count(&m).map(|_| check(m)),
        Content::Product(m) => convert::product::product(&m).map(|_| check(m)),
        Content::Deletion(m) => convert::product::deletion(&m).map(|_| check(m)),
        Content::Acceptance(m) => convert::order::acceptance(&m).map(|_| check(m)),
        Content::Rejection(m) => convert::order::rejection(&m).map(|_| check(m)),
        Content::Release(m) => convert::order::release(&m).map(|_| check(m)),
        Content::Shipment(m) => convert::shipment::shipment(&m).map(|_| check(m)),
        Content::Return(m) => convert::returned::returned(&m).map(|_| check(m)),
        Content::Invoice(m) => convert::invoice::invoice(&m).map(|_| check(m)),
        Content::Sale(m) => convert::sale::sale(&m).map(|_| check(m)),
        Content::SaleRefund(m) => convert::sale::refund(&m).map(|_| check(m)),
    };
    let again = again.expect("the contract takes what was accepted").expect("so does the door");
    assert_eq!(&again, report);
}

#[test]
fn every_kind_is_taken_in_one_form_and_has_a_digest_of_its_own() {
    let reports = [
        check(picking()),
        check(transfer()),
        check(samples::count()),
        check(samples::product()),
        check(samples::deletion()),
        check(samples::acceptance()),
        check(samples::rejection()),
        check(samples::release()),
        check(samples::shipment()),
        check(samples::returned()),
        check(samples::invoice()),
        check(samples::sale()),
        check(samples::refund()),
    ]
    .map(|report| report.expect("a good report"));
    reports.iter().for_each(assert_settled);
    let digests: std::collections::HashSet<_> = reports.iter().map(|r| r.digest).collect();
    assert_eq!(digests.len(), reports.len());
    let of_order: Vec<_> = reports.iter().filter(|r| r.about == "order/north:1").collect();
    assert_eq!(of_order.len(), 6);
    assert!(of_order.iter().all(|report| report.partition == of_order[0].partition));
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
}

/// Digests are kept for as long as reports are: another version must come to the same.
#[test]
fn digests_do_not_change_between_versions() {
    let hex = |digest: [u8; 32]| digest.map(|byte| format!("{byte:02x}")).concat();
    let movement = check(picking()).expect("good").digest;
    assert_eq!(hex(movement), "88997537cf0a02003128e4038047a3a2e3afcc5c7f05d51561707b92ff7b21ed");
    assert_eq!(
        hex(check(samples::count()).expect("good").digest),
        "1a2cc620d91dbb2623f689ab4dd894b9073e06ebd0ea5400bc958fe7ef6305b8"
    );
}

/// Text whose length is about a limit.
fn about(limit: usize) -> impl Strategy<Value = String> {
    let lengths = vec![0, 1, limit - 1, limit, limit + 1];
    (prop::sample::select(lengths), prop::sample::select(vec!["x", "é", "🧦", " ", "\u{7}"]))
        .prop_map(|(length, letter)| letter.repeat(length))
}

fn decimal() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "0",
            "-0.0",
            "1",
            "-1",
            "2.50",
            "-02.0000",
            "0.00001",
            "99999999999999.9999",
            "100000000000000",
            "-100000000000000",
            "1e3",
            "+1",
            "1.",
            ".5",
        ])
        .prop_map(str::to_owned),
        "-?[0-9]{1,4}(\\.[0-9]{1,5})?",
    ]
}

fn code() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "MAIN", "SHOP", "ATTIC"]).prop_map(str::to_owned)
}

fn time() -> impl Strategy<Value = Option<pbjson_types::Timestamp>> {
    prop::option::weighted(
        0.9,
        (prop::sample::select(vec![1_795_000_000, 1_796_000_000, 0, i64::MAX]), -1..1_i32)
            .prop_map(|(seconds, nanos)| pbjson_types::Timestamp { seconds, nanos }),
    )
}

prop_compose! {
    fn movements()(
        event_id in about(64), kind in -1..11, quantity in decimal(), sku in about(255),
        codes in (code(), code(), code()), stock_status in -1..6, on_hand_after in decimal(),
        reasons in (about(64), about(1_000)),
        order in prop::option::of(("[a-z]{0,2}:[0-9]{0,3}", "[0-9]{0,2}")),
        occurred_at in time(),
    ) -> StockMovement {
        StockMovement {
            event_id, kind, quantity, sku, stock_status, on_hand_after, occurred_at,
            warehouse_code: codes.0, from_warehouse_code: codes.1, to_warehouse_code: codes.2,
            reason_code: reasons.0, reason_text: reasons.1,
            order: order.map(|(order_key, line_id)| OrderReference { order_key, line_id }),
        }
    }
}

/// What of a movement a test sets to a good value, so that the rest is looked at.
fn mended(mut movement: StockMovement, mend: u8) -> StockMovement {
    let good = picking();
    if mend & 1 == 1 {
        (movement.event_id, movement.sku) = (good.event_id, good.sku);
    }
    if mend & 2 == 2 {
        (movement.kind, movement.quantity) = (good.kind, good.quantity);
        movement.warehouse_code = good.warehouse_code;
        movement.from_warehouse_code.clear();
        movement.to_warehouse_code.clear();
    }
    if mend & 4 == 4 {
        (movement.occurred_at, movement.stock_status) = (good.occurred_at, good.stock_status);
        movement.on_hand_after.clear();
    }
    if mend & 8 == 8 {
        (movement.reason_code, movement.reason_text) = (good.reason_code, good.reason_text);
        movement.order = None;
    }
    movement
}

proptest! {
    /// There is one validator: what the door takes, whoever reads the stream takes, and beyond it
    /// the door refuses only what the contract cannot know.
    #[test]
    fn whatever_is_accepted_the_contract_accepts(movement in movements(), mend in 0..16_u8) {
        let movement = mended(movement, mend);
        let by_contract = convert::report::movement(&movement);
        match (check(movement), by_contract) {
            (Ok(report), Ok(_)) => assert_settled(&report),
            (Err(at_the_door), Err(by_contract)) => prop_assert_eq!(at_the_door, by_contract),
            (Err(refused), Ok(_)) => prop_assert!(
                refused.code == ErrorCode::UnknownWarehouse || refused.field == "occurred_at"
            ),
            (Ok(report), Err(refused)) => prop_assert!(false, "{report:?} against {refused:?}"),
        }
    }

    #[test]
    fn whatever_count_is_accepted_the_contract_accepts(
        event_id in about(64), sku in about(255), warehouse_code in code(),
        quantity in decimal(), counted_at in time(), mend in any::<bool>(),
    ) {
        let mut count = StockCount { event_id, sku, warehouse_code, quantity, counted_at };
        if mend {
            (count.event_id, count.sku) = ("c".to_owned(), "TEE".to_owned());
        }
        let by_contract = convert::report::count(&count).is_ok();
        match check(count) {
            Ok(report) => { prop_assert!(by_contract); assert_settled(&report); }
            Err(refused) => prop_assert!(
                !by_contract
                    || refused.code == ErrorCode::UnknownWarehouse
                    || refused.field == "counted_at"
            ),
        }
    }

    #[test]
    fn whatever_shipment_is_accepted_the_contract_accepts(
        shipment_id in about(64), quantity in decimal(), number in about(255),
        whole_order in any::<bool>(), status in 0..6, revision in 0..3_u32, lines in 0..3_usize,
    ) {
        let mut shipment = samples::shipment();
        let mut line = shipment.lines[0].clone();
        line.quantity = quantity;
        shipment.packages[0].tracking_number = number;
        shipment.packages[0].lines.clear();
        let shipment = Shipment {
            shipment_id, whole_order, status, revision, lines: vec![line; lines], ..shipment
        };
        let by_contract = convert::shipment::shipment(&shipment);
        match check(shipment) {
            Ok(report) => { prop_assert!(by_contract.is_ok()); assert_settled(&report); }
            Err(refused) => prop_assert_eq!(Some(refused), by_contract.err()),
        }
    }
}
