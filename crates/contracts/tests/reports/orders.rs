use ErrorCode::{QuantityTooLarge, QuantityZero, Validation};
use lockstep_contracts::backoffice::v1::{
    ErrorCode, OrderAcceptance, OrderRejection, OrderRelease, OrderRequest, OrderUnits,
    ReleaseOutcome,
};
use lockstep_contracts::convert::order::{
    Answers, Extent, Outcome, acceptance, order_ref, rejection, release,
};
use proptest::prelude::*;

use crate::{Row, assert_refused, at};

fn units() -> OrderUnits {
    OrderUnits {
        line_id: "15".to_owned(),
        sku: "TEE".to_owned(),
        quantity: "2".to_owned(),
        warehouse_code: "MAIN".to_owned(),
    }
}

fn accepts() -> OrderAcceptance {
    OrderAcceptance {
        event_id: "a-1".to_owned(),
        order_key: "north:6120000000001".to_owned(),
        lines: vec![units()],
        reference: "SO-1".to_owned(),
        occurred_at: at(),
        ..OrderAcceptance::default()
    }
}

fn rejects() -> OrderRejection {
    let OrderAcceptance { event_id, order_key, lines, occurred_at, .. } = accepts();
    OrderRejection { event_id, order_key, lines, occurred_at, ..OrderRejection::default() }
}

fn releases() -> OrderRelease {
    let OrderAcceptance { event_id, order_key, lines, occurred_at, .. } = accepts();
    OrderRelease { event_id, order_key, lines, occurred_at, ..OrderRelease::default() }
}

#[test]
fn bad_acceptances_are_refused() {
    let rows: &[Row<OrderAcceptance>] = &[
        ("no event id", |a| a.event_id.clear(), Validation, "event_id"),
        ("no key", |a| a.order_key.clear(), Validation, "order_key"),
        ("a name", |a| a.order_key = "#1001".into(), Validation, "order_key"),
        ("no store", |a| a.order_key = ":1001".into(), Validation, "order_key"),
        ("store in capitals", |a| a.order_key = "North:1001".into(), Validation, "order_key"),
        ("gid", |a| a.order_key = "north:gid://shopify/Order/1".into(), Validation, "order_key"),
        ("no line", |a| a.lines.clear(), Validation, "lines"),
        ("whole and lines", |a| a.whole_order = true, Validation, "lines"),
        ("1,001 lines", |a| a.lines = vec![units(); 1_001], Validation, "lines"),
        ("line without id", |a| a.lines[0].line_id.clear(), Validation, "lines[0].line_id"),
        ("line in words", |a| a.lines[0].line_id = "first".into(), Validation, "lines[0].line_id"),
        ("no quantity", |a| a.lines[0].quantity.clear(), Validation, "lines[0].quantity"),
        ("none", |a| a.lines[0].quantity = "0".into(), QuantityZero, "lines[0].quantity"),
        ("less", |a| a.lines[0].quantity = "-1".into(), Validation, "lines[0].quantity"),
        ("half", |a| a.lines[0].quantity = "1.5".into(), Validation, "lines[0].quantity"),
        (
            "10^15",
            |a| a.lines[0].quantity = "1000000000000000".into(),
            QuantityTooLarge,
            "lines[0].quantity",
        ),
        ("SKU of 256", |a| a.lines[0].sku = "x".repeat(256), Validation, "lines[0].sku"),
        (
            "warehouse of 65",
            |a| a.lines[0].warehouse_code = "x".repeat(65),
            Validation,
            "lines[0].warehouse_code",
        ),
        ("asks for nothing", |a| a.answers = OrderRequest::Hold.into(), Validation, "answers"),
        ("unknown answer", |a| a.answers = 77, Validation, "answers"),
        ("reference of 256", |a| a.reference = "x".repeat(256), Validation, "reference"),
        ("no moment", |a| a.occurred_at = None, Validation, "occurred_at"),
    ];
    assert_refused(&accepts(), acceptance, rows);
}

#[test]
fn bad_rejections_are_refused() {
    let rows: &[Row<OrderRejection>] = &[
        ("no event id", |r| r.event_id.clear(), Validation, "event_id"),
        ("no key", |r| r.order_key.clear(), Validation, "order_key"),
        ("no line", |r| r.lines.clear(), Validation, "lines"),
        ("reason code of 65", |r| r.reason_code = "x".repeat(65), Validation, "reason_code"),
        ("reason of 1,001", |r| r.reason_text = "é".repeat(1_001), Validation, "reason_text"),
        ("asks for nothing", |r| r.answers = OrderRequest::Inform.into(), Validation, "answers"),
        ("no moment", |r| r.occurred_at = None, Validation, "occurred_at"),
    ];
    assert_refused(&rejects(), rejection, rows);
}

#[test]
fn bad_releases_are_refused() {
    let rows: &[Row<OrderRelease>] = &[
        ("no event id", |r| r.event_id.clear(), Validation, "event_id"),
        ("no key", |r| r.order_key.clear(), Validation, "order_key"),
        ("whole and lines", |r| r.whole_order = true, Validation, "lines"),
        ("unknown outcome", |r| r.outcome = 9, Validation, "outcome"),
        ("reason code of 65", |r| r.reason_code = "x".repeat(65), Validation, "reason_code"),
        ("no moment", |r| r.occurred_at = None, Validation, "occurred_at"),
    ];
    assert_refused(&releases(), release, rows);
}

#[test]
fn good_answers_say_which_units_are_meant() {
    let checked = acceptance(&accepts()).unwrap();
    assert_eq!((checked.order.store.as_str(), checked.order.order), ("north", 6_120_000_000_001));
    assert_eq!(checked.answers, Answers::Order);
    let named: Vec<_> = checked.extent.warehouses().map(|(f, w)| (f, w.to_string())).collect();
    assert_eq!(named, [("lines[0].warehouse_code".to_owned(), "MAIN".to_owned())]);
    let Extent::Lines(lines) = checked.extent else { panic!("lines were named") };
    assert_eq!((lines[0].line, lines[0].quantity), (15, 2));

    let whole = OrderRejection {
        whole_order: true,
        lines: Vec::new(),
        answers: OrderRequest::Cancel.into(),
        ..rejects()
    };
    let checked = rejection(&whole).unwrap();
    assert_eq!((checked.answers, checked.extent), (Answers::Cancellation, Extent::Whole));

    assert_eq!(release(&releases()).unwrap().outcome, Outcome::Fulfill);
    let cancel = OrderRelease { outcome: ReleaseOutcome::Cancel.into(), ..releases() };
    assert_eq!(release(&cancel).unwrap().outcome, Outcome::Cancel);
    let plain = OrderUnits { sku: String::new(), warehouse_code: String::new(), ..units() };
    let checked = acceptance(&OrderAcceptance { lines: vec![plain], ..accepts() }).unwrap();
    let Extent::Lines(lines) = checked.extent else { panic!("lines were named") };
    assert_eq!((&lines[0].sku, &lines[0].warehouse), (&None, &None));
}

proptest! {
    /// Two texts never name one order, and a name comes back as it went.
    #[test]
    fn keys_of_orders_have_one_spelling(key in "[a-z]{1,4}:[ +0-9-]{0,20}") {
        if let Ok(order) = order_ref("order_key", &key) {
            prop_assert_eq!(order.to_string(), key);
        }
    }

    #[test]
    fn every_good_key_is_read(store in "[a-z0-9][a-z0-9-]{0,31}", number in 1..=i64::MAX) {
        let order = order_ref("order_key", &format!("{store}:{number}")).unwrap();
        prop_assert_eq!((order.store.as_str(), order.order), (store.as_str(), number));
    }
}
