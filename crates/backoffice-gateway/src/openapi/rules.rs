//! What the checks ask beyond the types that protobuf knows: lengths, forms, what must be there.

use serde_json::{Value, json};

use lockstep_contracts::convert::report::{
    LOTS_MAX, NAME_MAX, OWN_ID_MAX, REASON_CODE_MAX, REASON_TEXT_MAX, SERIALS_MAX, URL_MAX,
};
use lockstep_contracts::convert::{invoice, order, product, sale, shipment};

use crate::translate::ITEMS_MAX;

const DECIMAL: &str = r"^-?[0-9]+(\.[0-9]+)?$";
const SHOPIFY_ID: &str = "^[1-9][0-9]*$";

/// Fields without which a message is refused.
pub fn required(message: &str) -> &'static [&'static str] {
    match message {
        "ReportStockMovementsRequest" => &["movements"],
        "ReportStockCountsRequest" => &["counts"],
        "UpsertProductsRequest" => &["products"],
        "DeleteProductsRequest" => &["deletions"],
        "AcceptOrderRequest" => &["acceptance"],
        "RejectOrderRequest" => &["rejection"],
        "ReleaseOrderRequest" => &["release"],
        "ReportShipmentRequest" => &["shipment"],
        "ReportReturnRequest" => &["return_report"],
        "ReportInvoiceRequest" => &["invoice"],
        "RecordSaleRequest" => &["sale"],
        "RecordSaleRefundRequest" => &["refund"],
        "AckFeedRequest" => &["number"],
        "StockMovement" => &["event_id", "kind", "quantity", "sku", "occurred_at"],
        "StockCount" => &["event_id", "sku", "warehouse_code", "quantity", "counted_at"],
        "OrderReference" => &["order_key", "line_id"],
        "Product" => &["event_id", "sku", "updated_at"],
        "ProductOption" => &["name", "value"],
        "ProductComponent" => &["sku", "quantity"],
        "ProductDeletion" => &["event_id", "sku", "deleted_at"],
        "Money" => &["currency", "amount"],
        "OrderAcceptance" | "OrderRejection" | "OrderRelease" => &["event_id", "occurred_at"],
        "OrderUnits" => &["line_id", "quantity"],
        "Shipment" => {
            &["event_id", "shipment_id", "order_key", "warehouse_code", "status", "occurred_at"]
        }
        "ShippedLine" => &["quantity"],
        "Return" => &["event_id", "return_id", "status", "occurred_at"],
        "Invoice" => {
            &["event_id", "invoice_id", "kind", "state", "discharges_stock", "occurred_at"]
        }
        "InvoiceNumber" => &["number"],
        "InvoiceLine" => &["quantity"],
        "Sale" => &[
            "event_id",
            "sale_id",
            "kind",
            "warehouse_code",
            "currency",
            "lines",
            "total",
            "sold_at",
        ],
        "SaleLine" => &["line_id", "sku", "quantity", "unit_price"],
        "SaleRefund" => &["event_id", "refund_id", "refunded_at"],
        "RefundedSaleLine" => &["line_id", "quantity"],
        _ => &[],
    }
}

/// Messages that are only sent by Lockstep: a client must accept fields that it does not know.
pub fn is_answer(message: &str) -> bool {
    let below = ["ItemAnswer", "ItemError", "MoneyPair", "Contact", "Address"];
    let is_of_feed = message.starts_with("Feed") && !message.ends_with("Request");
    is_of_feed || below.contains(&message) || message.ends_with("Response")
}

/// Further rules of a field, as keywords of JSON Schema.
pub fn of_field(message: &str, field: &str) -> Option<Value> {
    if is_answer(message) {
        return None;
    }
    if let Some(max) = entries_max(message, field) {
        let is_needed = required(message).contains(&field);
        return Some(json!({ "minItems": u8::from(is_needed), "maxItems": max }));
    }
    if let Some(form) = form(message, field) {
        return Some(form);
    }
    let max = length_max(message, field)?;
    let is_needed = required(message).contains(&field);
    Some(json!({ "minLength": u8::from(is_needed), "maxLength": max }))
}

fn entries_max(message: &str, field: &str) -> Option<usize> {
    Some(match (message, field) {
        (_, "movements" | "counts" | "products" | "deletions") => ITEMS_MAX,
        ("Sale" | "SaleRefund", "lines") => sale::LINES_MAX,
        (_, "lines") => order::LINES_MAX,
        (_, "barcodes") => product::BARCODES_MAX,
        (_, "options") => product::OPTIONS_MAX,
        (_, "components") => product::COMPONENTS_MAX,
        (_, "packages") => shipment::PACKAGES_MAX,
        (_, "lots") => LOTS_MAX,
        (_, "serials") => SERIALS_MAX,
        _ => return None,
    })
}

fn form(message: &str, field: &str) -> Option<Value> {
    Some(match (message, field) {
        ("AckFeedRequest", "number") => json!({ "pattern": "^[0-9]{1,20}$" }),
        (_, "order_key") => json!({ "pattern": "^[a-z0-9][a-z0-9-]{0,31}:[1-9][0-9]*$" }),
        ("SaleLine" | "RefundedSaleLine", "line_id") => {
            json!({ "minLength": 1, "maxLength": OWN_ID_MAX })
        }
        (_, "line_id" | "shopify_return_id") => json!({ "pattern": SHOPIFY_ID }),
        (_, "quantity" | "on_hand_after" | "quantity_expected" | "quantity_received") => {
            json!({ "pattern": DECIMAL })
        }
        (_, "unit_price" | "discount" | "tax" | "tax_percent" | "exchange_rate" | "shipping")
        | ("Money" | "RefundedSaleLine", "amount")
        | ("Sale", "total" | "paid") => json!({ "pattern": DECIMAL }),
        (_, "currency") => json!({ "pattern": "^[A-Z]{3}$" }),
        (_, "origin_country") => json!({ "pattern": "^[A-Z]{2}$" }),
        (_, "hs_code") => json!({ "pattern": "^[0-9]{6,13}$" }),
        (_, "issue_date" | "due_date") => json!({ "format": "date" }),
        (_, "url" | "tracking_url") => {
            json!({ "pattern": r"^https?://\S+$", "maxLength": URL_MAX })
        }
        (_, "store") => json!({ "pattern": "^[a-z0-9][a-z0-9-]{0,31}$" }),
        _ => return None,
    })
}

fn length_max(message: &str, field: &str) -> Option<usize> {
    Some(match (message, field) {
        (_, "event_id" | "shipment_id" | "return_id" | "invoice_id" | "sale_id" | "refund_id")
        | (_, "package_id" | "carrier_code" | "linesheet_code")
        | (_, "warehouse_code" | "from_warehouse_code" | "to_warehouse_code")
        | ("InvoiceNumber", "series" | "number")
        | (_, "tax_name") => OWN_ID_MAX,
        (_, "unit" | "tax_class") => product::UNIT_MAX,
        (_, "reason_code") => REASON_CODE_MAX,
        (_, "reason_text" | "note" | "failure") | ("InvoiceLine", "name") => REASON_TEXT_MAX,
        (_, "description") => product::DESCRIPTION_MAX,
        (_, "language") => invoice::LANGUAGE_MAX,
        (_, "sku" | "product_id" | "style_id" | "title" | "name" | "value")
        | (_, "carrier_name" | "service" | "tracking_number" | "reference" | "linesheet") => {
            NAME_MAX
        }
        _ => return None,
    })
}
