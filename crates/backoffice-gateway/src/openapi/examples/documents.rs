//! Invoices, and sales of the back office itself.

use lockstep_contracts::backoffice::v1::ErrorCode;
use serde_json::json;

use super::{Examples, ORDER_KEY, SALE_ID, because, refused, taken_one};

/// Invoices.
pub fn invoices() -> Examples {
    vec![
        taken_one(
            "issued",
            "An invoice that takes its goods from the warehouse.",
            json!({ "invoice": {
                "event_id": "inv-9001-1", "invoice_id": "9001", "kind": "INVOICE_KIND_INVOICE",
                "state": "INVOICE_STATE_ISSUED", "order_key": ORDER_KEY,
                "number": { "series": "WEB", "number": "0042" }, "issue_date": "2026-11-24",
                "due_date": "2026-12-24", "currency": "EUR", "discharges_stock": true,
                "lines": [
                    {
                        "line_id": "15770000000001", "sku": "TEE-BLACK-M", "name": "Tee, black, M",
                        "quantity": "2", "unit_price": "25.00", "price_includes_tax": true,
                        "tax_name": "VAT", "tax_percent": "19", "warehouse_code": "MAIN",
                    },
                    {
                        "name": "Shipping", "quantity": "1", "unit_price": "4.90",
                        "is_service": true,
                    },
                ],
                "total": { "currency": "EUR", "amount": "54.90" },
                "url": "https://invoices.example/9001.pdf", "occurred_at": "2026-11-24T11:50:00Z",
            } }),
        ),
        taken_one(
            "one_piece_credited",
            "One piece is taken back; the credit names the invoice.",
            json!({ "invoice": {
                "event_id": "inv-9002-1", "invoice_id": "9002",
                "kind": "INVOICE_KIND_CREDIT_PARTIAL", "state": "INVOICE_STATE_ISSUED",
                "order_key": ORDER_KEY, "number": { "series": "CR", "number": "0007" },
                "original": { "series": "WEB", "number": "0042" }, "issue_date": "2026-11-24",
                "currency": "EUR", "discharges_stock": true,
                "lines": [{
                    "line_id": "15770000000001", "quantity": "-1", "unit_price": "25.00",
                    "warehouse_code": "MAIN",
                }],
                "occurred_at": "2026-11-24T11:55:00Z",
            } }),
        ),
        refused(
            "does_the_stock_fall",
            "Whether a document takes its goods from the warehouse must be said.",
            json!({ "invoice": {
                "event_id": "inv-9003-1", "invoice_id": "9003", "kind": "INVOICE_KIND_INVOICE",
                "state": "INVOICE_STATE_REQUESTED", "occurred_at": "2026-11-24T11:56:00Z",
            } }),
            &because(
                ErrorCode::Validation,
                "invoice.discharges_stock",
                "it is missing",
                "say true or false: it decides whether the stock fell",
            ),
        ),
    ]
}

/// Sales.
pub fn sales() -> Examples {
    vec![
        taken_one(
            "at_the_till",
            "Two pieces were sold at a till.",
            json!({ "sale": {
                "event_id": "till-3-000412-sale", "sale_id": SALE_ID,
                "kind": "SALE_KIND_POINT_OF_SALE", "warehouse_code": "SHOP", "currency": "EUR",
                "prices_include_tax": true,
                "lines": [{
                    "line_id": "1", "sku": "TEE-BLACK-M", "title": "Tee, black, M",
                    "quantity": "2", "unit_price": "25.00", "tax": "7.98",
                }],
                "total": "50.00", "paid": "50.00", "sold_at": "2026-11-24T11:20:00Z",
            } }),
        ),
        taken_one(
            "wholesale",
            "A reseller ordered from two line sheets, for the store north.",
            json!({ "sale": {
                "event_id": "joor-7001234", "sale_id": "7001234", "kind": "SALE_KIND_WHOLESALE",
                "store": "north", "warehouse_code": "MAIN", "currency": "USD",
                "lines": [
                    {
                        "line_id": "a", "sku": "TEE-BLACK-M", "quantity": "10",
                        "unit_price": "12.50", "linesheet": "Autumn", "linesheet_code": "ATS",
                    },
                    {
                        "line_id": "b", "sku": "OAK-TABLE", "quantity": "1",
                        "unit_price": "325.00", "linesheet": "On order", "linesheet_code": "MTO",
                    },
                ],
                "total": "450.00", "reference": "PO-5", "sold_at": "2026-11-24T11:21:00Z",
            } }),
        ),
        refused(
            "unknown_warehouse",
            "Goods come from a declared warehouse.",
            json!({ "sale": {
                "event_id": "till-4-000001-sale", "sale_id": "till-4-000001",
                "kind": "SALE_KIND_POINT_OF_SALE", "warehouse_code": "KIOSK", "currency": "EUR",
                "lines": [
                    { "line_id": "1", "sku": "MUG", "quantity": "1", "unit_price": "9.00" },
                ],
                "total": "9.00", "sold_at": "2026-11-24T11:22:00Z",
            } }),
            &because(
                ErrorCode::UnknownWarehouse,
                "sale.warehouse_code",
                "the warehouse `KIOSK` is not declared for this back office",
                "declare it in Lockstep first, or correct the code; capital letters count",
            ),
        ),
    ]
}

/// Refunds of sales. The sale stands in the path.
pub fn sale_refunds() -> Examples {
    vec![
        taken_one(
            "one_piece_taken_back",
            "One piece came back and is for sale again.",
            json!({ "refund": {
                "event_id": "till-3-000413", "refund_id": "till-3-000413",
                "lines": [{
                    "line_id": "1", "quantity": "1", "disposition": "RETURN_DISPOSITION_RESTOCK",
                    "warehouse_code": "SHOP", "amount": "25.00",
                }],
                "amount": { "currency": "EUR", "amount": "25.00" },
                "refunded_at": "2026-11-24T11:45:00Z",
            } }),
        ),
        taken_one(
            "void",
            "The whole sale is taken back.",
            json!({ "refund": {
                "event_id": "till-3-000414", "refund_id": "till-3-000414", "whole_sale": true,
                "refunded_at": "2026-11-24T11:46:00Z",
            } }),
        ),
        refused(
            "how_much",
            "A refund says what was paid back.",
            json!({ "refund": {
                "event_id": "till-3-000415", "refund_id": "till-3-000415",
                "refunded_at": "2026-11-24T11:47:00Z",
            } }),
            &because(
                ErrorCode::Validation,
                "refund.amount",
                "it is missing",
                "send the sum that was paid back, or say whole_sale",
            ),
        ),
    ]
}
