use ErrorCode::{QuantityZero, Validation};
use lockstep_contracts::backoffice::v1::{
    ErrorCode, Invoice, InvoiceKind, InvoiceLine, InvoiceNumber, InvoiceState,
};
use lockstep_contracts::convert::invoice::invoice;

use crate::{Row, assert_refused, at, eur};

fn number() -> Option<InvoiceNumber> {
    Some(InvoiceNumber { series: "WEB".to_owned(), number: "0042".to_owned() })
}

fn line() -> InvoiceLine {
    InvoiceLine {
        line_id: "15".to_owned(),
        quantity: "2".to_owned(),
        unit_price: "25.00".to_owned(),
        tax_percent: "19".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        ..InvoiceLine::default()
    }
}

fn issued() -> Invoice {
    Invoice {
        event_id: "i-1".to_owned(),
        invoice_id: "I1".to_owned(),
        kind: InvoiceKind::Invoice.into(),
        state: InvoiceState::Issued.into(),
        order_key: "north:1".to_owned(),
        number: number(),
        issue_date: "2026-11-24".to_owned(),
        currency: "EUR".to_owned(),
        discharges_stock: Some(true),
        lines: vec![line()],
        total: eur("50"),
        occurred_at: at(),
        ..Invoice::default()
    }
}

fn credit() -> Invoice {
    Invoice {
        kind: InvoiceKind::CreditPartial.into(),
        original: number(),
        lines: vec![InvoiceLine { quantity: "-1".to_owned(), ..line() }],
        ..issued()
    }
}

#[test]
fn bad_invoices_are_refused() {
    let rows: &[Row<Invoice>] = &[
        ("no event id", |i| i.event_id.clear(), Validation, "event_id"),
        ("no invoice id", |i| i.invoice_id.clear(), Validation, "invoice_id"),
        ("no kind", |i| i.kind = 0, Validation, "kind"),
        ("unknown kind", |i| i.kind = 9, Validation, "kind"),
        ("no state", |i| i.state = 0, Validation, "state"),
        ("a bad key", |i| i.order_key = "1001".into(), Validation, "order_key"),
        ("no number", |i| i.number = None, Validation, "number"),
        (
            "series alone",
            |i| i.number.as_mut().unwrap().number.clear(),
            Validation,
            "number.number",
        ),
        ("no day", |i| i.issue_date.clear(), Validation, "issue_date"),
        ("day of another land", |i| i.issue_date = "24.11.2026".into(), Validation, "issue_date"),
        ("no such day", |i| i.issue_date = "2026-02-30".into(), Validation, "issue_date"),
        ("day with a time", |i| i.due_date = "2026-12-24T10:00".into(), Validation, "due_date"),
        ("no currency", |i| i.currency.clear(), Validation, "currency"),
        ("currency in words", |i| i.currency = "Euro".into(), Validation, "currency"),
        ("rate of zero", |i| i.exchange_rate = "0".into(), Validation, "exchange_rate"),
        ("stock not said", |i| i.discharges_stock = None, Validation, "discharges_stock"),
        ("no line", |i| i.lines.clear(), Validation, "lines"),
        ("1,001 lines", |i| i.lines = vec![line(); 1_001], Validation, "lines"),
        ("none", |i| i.lines[0].quantity = "0".into(), QuantityZero, "lines[0].quantity"),
        ("negative sale", |i| i.lines[0].quantity = "-2".into(), Validation, "lines[0].quantity"),
        ("line in words", |i| i.lines[0].line_id = "one".into(), Validation, "lines[0].line_id"),
        ("goods without name", |i| i.lines[0].line_id.clear(), Validation, "lines[0].sku"),
        (
            "goods from nowhere",
            |i| i.lines[0].warehouse_code.clear(),
            Validation,
            "lines[0].warehouse_code",
        ),
        (
            "tax of 190",
            |i| i.lines[0].tax_percent = "190".into(),
            Validation,
            "lines[0].tax_percent",
        ),
        (
            "price in words",
            |i| i.lines[0].unit_price = "x".into(),
            Validation,
            "lines[0].unit_price",
        ),
        (
            "discount below 0",
            |i| i.lines[0].discount = "-1".into(),
            Validation,
            "lines[0].discount",
        ),
        ("total in words", |i| i.total = eur("fifty"), Validation, "total.amount"),
        ("a bad page", |i| i.url = "ftp://x".into(), Validation, "url"),
        ("a long failure", |i| i.failure = "x".repeat(1_001), Validation, "failure"),
        ("no moment", |i| i.occurred_at = None, Validation, "occurred_at"),
    ];
    assert_refused(&issued(), invoice, rows);
}

#[test]
fn bad_credits_are_refused() {
    let rows: &[Row<Invoice>] = &[
        ("of nothing", |i| i.original = None, Validation, "original"),
        ("that adds", |i| i.lines[0].quantity = "1".into(), Validation, "lines[0].quantity"),
    ];
    assert_refused(&credit(), invoice, rows);
}

#[test]
fn goods_move_only_where_the_document_takes_them() {
    let moves = |report: &Invoice| invoice(report).unwrap().lines[0].moves_goods;
    assert!(moves(&issued()) && moves(&credit()));
    let proforma = Invoice { kind: InvoiceKind::Proforma.into(), ..issued() };
    assert!(!moves(&proforma));
    assert!(!moves(&Invoice { discharges_stock: Some(false), ..issued() }));
    let service = InvoiceLine {
        is_service: true,
        line_id: String::new(),
        warehouse_code: String::new(),
        ..line()
    };
    assert!(!moves(&Invoice { lines: vec![service], ..issued() }));
    let asked = Invoice {
        state: InvoiceState::Requested.into(),
        number: None,
        issue_date: String::new(),
        lines: Vec::new(),
        ..issued()
    };
    assert!(invoice(&asked).is_ok(), "what is not issued has no number yet");
}
