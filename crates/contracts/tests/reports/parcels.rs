use ErrorCode::{QuantityZero, Validation};
use lockstep_contracts::backoffice::v1::{
    ErrorCode, RefundHint, RefundScope, Return, ReturnDisposition, ReturnStatus, ReturnedLine,
    Shipment, ShipmentStatus, ShippedLine, ShippedPackage,
};
use lockstep_contracts::convert::returned::{Disposition, returned};
use lockstep_contracts::convert::shipment::{LineOf, Status, shipment};

use crate::{Row, assert_refused, at, eur};

fn two() -> ShippedLine {
    ShippedLine { line_id: "15".to_owned(), quantity: "2".to_owned(), ..ShippedLine::default() }
}

fn parcel() -> ShippedPackage {
    ShippedPackage {
        carrier_name: "UPS".to_owned(),
        tracking_number: "1Z".to_owned(),
        tracking_url: "https://carrier.example/1Z".to_owned(),
        lines: vec![two()],
        ..ShippedPackage::default()
    }
}

fn shipped() -> Shipment {
    Shipment {
        event_id: "s-1".to_owned(),
        shipment_id: "S1".to_owned(),
        order_key: "north:1".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        status: ShipmentStatus::Shipped.into(),
        packages: vec![parcel()],
        occurred_at: at(),
        ..Shipment::default()
    }
}

#[test]
fn bad_shipments_are_refused() {
    let rows: &[Row<Shipment>] = &[
        ("no event id", |s| s.event_id.clear(), Validation, "event_id"),
        ("no shipment id", |s| s.shipment_id.clear(), Validation, "shipment_id"),
        ("shipment id of 65", |s| s.shipment_id = "x".repeat(65), Validation, "shipment_id"),
        ("no order", |s| s.order_key.clear(), Validation, "order_key"),
        ("no warehouse", |s| s.warehouse_code.clear(), Validation, "warehouse_code"),
        ("no status", |s| s.status = 0, Validation, "status"),
        ("unknown status", |s| s.status = 9, Validation, "status"),
        ("no parcel", |s| s.packages.clear(), Validation, "packages"),
        ("101 parcels", |s| s.packages = vec![parcel(); 101], Validation, "packages"),
        ("nothing inside", |s| s.packages[0].lines.clear(), Validation, "lines"),
        ("whole and lines", |s| s.whole_order = true, Validation, "lines"),
        ("1,001 lines", |s| s.lines = vec![two(); 1_000], Validation, "lines"),
        (
            "nameless line",
            |s| s.packages[0].lines[0].line_id.clear(),
            Validation,
            "packages[0].lines[0].line_id",
        ),
        (
            "none of it",
            |s| s.packages[0].lines[0].quantity = "0".into(),
            QuantityZero,
            "packages[0].lines[0].quantity",
        ),
        (
            "half of it",
            |s| s.packages[0].lines[0].quantity = "0.5".into(),
            Validation,
            "packages[0].lines[0].quantity",
        ),
        (
            "empty lot",
            |s| s.packages[0].lines[0].lots.push(String::new()),
            Validation,
            "packages[0].lines[0].lots[0]",
        ),
        (
            "1,001 serials",
            |s| s.packages[0].lines[0].serials = vec!["1".into(); 1_001],
            Validation,
            "packages[0].lines[0].serials",
        ),
        (
            "no web address",
            |s| s.packages[0].tracking_url = "javascript:alert(1)".into(),
            Validation,
            "packages[0].tracking_url",
        ),
        (
            "address with a space",
            |s| s.packages[0].tracking_url = "https://a b".into(),
            Validation,
            "packages[0].tracking_url",
        ),
        (
            "number of 256",
            |s| s.packages[0].tracking_number = "1".repeat(256),
            Validation,
            "packages[0].tracking_number",
        ),
        ("no moment", |s| s.occurred_at = None, Validation, "occurred_at"),
    ];
    assert_refused(&shipped(), shipment, rows);
    let update = Shipment { status: ShipmentStatus::Updated.into(), packages: vec![], ..shipped() };
    assert_eq!(shipment(&update).unwrap_err().field, "packages");
}

#[test]
fn good_shipments_say_what_left() {
    let checked = shipment(&shipped()).unwrap();
    assert_eq!((checked.revision, checked.status), (1, Status::Shipped));
    assert_eq!(checked.packages[0].lines[0].of, LineOf::Id(15));
    let by_sku = ShippedLine { line_id: String::new(), sku: "TEE".to_owned(), ..two() };
    let loose = Shipment {
        packages: vec![ShippedPackage { lines: Vec::new(), ..parcel() }],
        lines: vec![by_sku],
        revision: 3,
        ..shipped()
    };
    let checked = shipment(&loose).unwrap();
    assert_eq!(checked.revision, 3);
    assert!(matches!(&checked.lines[0].of, LineOf::Sku(sku) if sku.as_str() == "TEE"));
    for status in [ShipmentStatus::Delivered, ShipmentStatus::Cancelled] {
        let bare = Shipment { status: status.into(), packages: Vec::new(), ..shipped() };
        assert!(shipment(&bare).is_ok(), "{status:?} needs no parcel");
    }
}

fn one_back() -> ReturnedLine {
    ReturnedLine {
        line_id: "15".to_owned(),
        quantity_expected: "2".to_owned(),
        quantity_received: "1".to_owned(),
        disposition: ReturnDisposition::Restock.into(),
        warehouse_code: "MAIN".to_owned(),
        ..ReturnedLine::default()
    }
}

fn came_back() -> Return {
    Return {
        event_id: "r-1".to_owned(),
        return_id: "R1".to_owned(),
        order_key: "north:1".to_owned(),
        status: ReturnStatus::Inspected.into(),
        lines: vec![one_back()],
        refund: Some(RefundHint { scope: RefundScope::Lines.into(), amount: eur("25") }),
        occurred_at: at(),
        ..Return::default()
    }
}

#[test]
fn bad_returns_are_refused() {
    let rows: &[Row<Return>] = &[
        ("no event id", |r| r.event_id.clear(), Validation, "event_id"),
        ("no return id", |r| r.return_id.clear(), Validation, "return_id"),
        ("a bad key", |r| r.order_key = "1001".into(), Validation, "order_key"),
        ("no status", |r| r.status = 0, Validation, "status"),
        ("no line", |r| r.lines.clear(), Validation, "lines"),
        ("1,001 lines", |r| r.lines = vec![one_back(); 1_001], Validation, "lines"),
        ("nameless line", |r| r.lines[0].line_id.clear(), Validation, "lines[0].line_id"),
        (
            "how many came",
            |r| r.lines[0].quantity_received.clear(),
            Validation,
            "lines[0].quantity_received",
        ),
        (
            "less than none came",
            |r| r.lines[0].quantity_received = "-1".into(),
            Validation,
            "lines[0].quantity_received",
        ),
        (
            "half was expected",
            |r| r.lines[0].quantity_expected = "0.5".into(),
            Validation,
            "lines[0].quantity_expected",
        ),
        ("undecided", |r| r.lines[0].disposition = 0, Validation, "lines[0].disposition"),
        ("unknown fate", |r| r.lines[0].disposition = 9, Validation, "lines[0].disposition"),
        ("unknown condition", |r| r.lines[0].condition = 9, Validation, "lines[0].condition"),
        (
            "restocked nowhere",
            |r| r.lines[0].warehouse_code.clear(),
            Validation,
            "lines[0].warehouse_code",
        ),
        ("a long note", |r| r.lines[0].note = "x".repeat(1_001), Validation, "lines[0].note"),
        (
            "refund below zero",
            |r| r.refund.as_mut().unwrap().amount = eur("-1"),
            Validation,
            "refund.amount.amount",
        ),
        ("unknown refund", |r| r.refund.as_mut().unwrap().scope = 9, Validation, "refund.scope"),
        (
            "a gid",
            |r| r.shopify_return_id = "gid://shopify/Return/1".into(),
            Validation,
            "shopify_return_id",
        ),
        ("no moment", |r| r.occurred_at = None, Validation, "occurred_at"),
    ];
    assert_refused(&came_back(), returned, rows);
    let announced = Return {
        status: ReturnStatus::Announced.into(),
        lines: vec![ReturnedLine { quantity_expected: "0".to_owned(), ..one_back() }],
        ..came_back()
    };
    let refusal = returned(&announced).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_str()),
        (QuantityZero, "lines[0].quantity_expected")
    );
}

#[test]
fn good_returns_say_what_becomes_of_each_piece() {
    let scrapped = ReturnedLine {
        disposition: ReturnDisposition::Scrap.into(),
        warehouse_code: String::new(),
        ..one_back()
    };
    let split =
        Return { lines: vec![one_back(), scrapped], order_key: String::new(), ..came_back() };
    let checked = returned(&split).unwrap();
    assert_eq!((checked.order.clone(), checked.revision), (None, 1));
    assert!(matches!(checked.lines[0].disposition, Some(Disposition::Restock(_))));
    assert_eq!(checked.lines[1].disposition, Some(Disposition::Scrap));
    assert_eq!((checked.lines[0].expected, checked.lines[0].received), (2, Some(1)));
    let named: Vec<_> = checked.warehouses().map(|(field, _)| field).collect();
    assert_eq!(named, ["lines[0].warehouse_code"]);
    let cancelled =
        Return { status: ReturnStatus::Cancelled.into(), lines: Vec::new(), ..came_back() };
    assert!(returned(&cancelled).is_ok());
    let nothing_came = ReturnedLine {
        quantity_received: "0".to_owned(),
        disposition: 0,
        warehouse_code: String::new(),
        ..one_back()
    };
    assert!(returned(&Return { lines: vec![nothing_came], ..came_back() }).is_ok());
}
