use ErrorCode::{QuantityZero, Validation};
use lockstep_contracts::backoffice::v1::{
    ErrorCode, RefundedSaleLine, ReturnDisposition, Sale, SaleKind, SaleLine, SaleRefund,
};
use lockstep_contracts::convert::returned::Disposition;
use lockstep_contracts::convert::sale::{refund, sale};

use crate::{Row, assert_refused, at, eur};

fn line() -> SaleLine {
    SaleLine {
        line_id: "1".to_owned(),
        sku: "TEE".to_owned(),
        quantity: "2".to_owned(),
        unit_price: "25".to_owned(),
        ..SaleLine::default()
    }
}

fn sold() -> Sale {
    Sale {
        event_id: "s-1".to_owned(),
        sale_id: "S1".to_owned(),
        kind: SaleKind::PointOfSale.into(),
        warehouse_code: "SHOP".to_owned(),
        currency: "EUR".to_owned(),
        lines: vec![line()],
        total: "50".to_owned(),
        sold_at: at(),
        ..Sale::default()
    }
}

#[test]
fn bad_sales_are_refused() {
    let rows: &[Row<Sale>] = &[
        ("no event id", |s| s.event_id.clear(), Validation, "event_id"),
        ("no sale id", |s| s.sale_id.clear(), Validation, "sale_id"),
        ("no kind", |s| s.kind = 0, Validation, "kind"),
        ("a bad store", |s| s.store = "North!".into(), Validation, "store"),
        ("no warehouse", |s| s.warehouse_code.clear(), Validation, "warehouse_code"),
        ("no currency", |s| s.currency.clear(), Validation, "currency"),
        ("no line", |s| s.lines.clear(), Validation, "lines"),
        ("501 lines", |s| s.lines = vec![line(); 501], Validation, "lines"),
        ("line twice", |s| s.lines.push(line()), Validation, "lines[1].line_id"),
        ("line without id", |s| s.lines[0].line_id.clear(), Validation, "lines[0].line_id"),
        ("line without SKU", |s| s.lines[0].sku.clear(), Validation, "lines[0].sku"),
        ("none", |s| s.lines[0].quantity = "0".into(), QuantityZero, "lines[0].quantity"),
        ("half", |s| s.lines[0].quantity = "0.5".into(), Validation, "lines[0].quantity"),
        ("no price", |s| s.lines[0].unit_price.clear(), Validation, "lines[0].unit_price"),
        (
            "price below 0",
            |s| s.lines[0].unit_price = "-1".into(),
            Validation,
            "lines[0].unit_price",
        ),
        (
            "a long sheet",
            |s| s.lines[0].linesheet = "x".repeat(256),
            Validation,
            "lines[0].linesheet",
        ),
        ("no total", |s| s.total.clear(), Validation, "total"),
        ("paid in words", |s| s.paid = "all".into(), Validation, "paid"),
        ("no moment", |s| s.sold_at = None, Validation, "sold_at"),
    ];
    assert_refused(&sold(), sale, rows);
}

fn refunded() -> SaleRefund {
    SaleRefund {
        event_id: "f-1".to_owned(),
        sale_id: "S1".to_owned(),
        refund_id: "F1".to_owned(),
        lines: vec![RefundedSaleLine {
            line_id: "1".to_owned(),
            quantity: "1".to_owned(),
            disposition: ReturnDisposition::Restock.into(),
            warehouse_code: "SHOP".to_owned(),
            amount: "25".to_owned(),
        }],
        amount: eur("25"),
        refunded_at: at(),
        ..SaleRefund::default()
    }
}

#[test]
fn bad_refunds_of_sales_are_refused() {
    let rows: &[Row<SaleRefund>] = &[
        ("no event id", |r| r.event_id.clear(), Validation, "event_id"),
        ("no sale", |r| r.sale_id.clear(), Validation, "sale_id"),
        ("no refund id", |r| r.refund_id.clear(), Validation, "refund_id"),
        ("no sum", |r| r.amount = None, Validation, "amount"),
        ("sum below zero", |r| r.amount = eur("-25"), Validation, "amount.amount"),
        ("whole and lines", |r| r.whole_sale = true, Validation, "lines"),
        ("line without id", |r| r.lines[0].line_id.clear(), Validation, "lines[0].line_id"),
        ("none", |r| r.lines[0].quantity = "0".into(), QuantityZero, "lines[0].quantity"),
        (
            "restocked nowhere",
            |r| r.lines[0].warehouse_code.clear(),
            Validation,
            "lines[0].warehouse_code",
        ),
        ("a long reason", |r| r.reason_text = "x".repeat(1_001), Validation, "reason_text"),
        ("no moment", |r| r.refunded_at = None, Validation, "refunded_at"),
    ];
    assert_refused(&refunded(), refund, rows);
}

#[test]
fn good_sales_and_refunds_name_their_warehouses() {
    let elsewhere =
        SaleLine { line_id: "2".to_owned(), warehouse_code: "MAIN".to_owned(), ..line() };
    let checked = sale(&Sale { lines: vec![line(), elsewhere], ..sold() }).unwrap();
    let named: Vec<_> = checked.warehouses().map(|(f, w)| format!("{f}={w}")).collect();
    assert_eq!(named, ["warehouse_code=SHOP", "lines[1].warehouse_code=MAIN"]);
    assert_eq!(checked.total.to_string(), "50");

    let checked = refund(&refunded()).unwrap();
    let named: Vec<_> = checked.warehouses().map(|(f, w)| format!("{f}={w}")).collect();
    assert_eq!(named, ["lines[0].warehouse_code=SHOP"]);
    let mut money_only = refunded();
    money_only.lines[0].disposition = 0;
    money_only.lines[0].warehouse_code.clear();
    let checked = refund(&money_only).unwrap();
    assert_eq!(checked.lines[0].disposition, Disposition::NoRestock);
    let void = SaleRefund { whole_sale: true, lines: vec![], amount: None, ..refunded() };
    assert!(refund(&void).is_ok());
}
