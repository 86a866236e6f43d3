//! What the checks ask beyond the types that protobuf knows: lengths, forms, what must be there.

use serde_json::{Value, json};

use lockstep_contracts::convert::report::{REASON_CODE_MAX, REASON_TEXT_MAX};

use crate::translate::ITEMS_MAX;

/// Fields without which a message is refused.
pub fn required(message: &str) -> &'static [&'static str] {
    match message {
        "ReportStockMovementsRequest" => &["movements"],
        "ReportStockCountsRequest" => &["counts"],
        "StockMovement" => &["event_id", "kind", "quantity", "sku", "occurred_at"],
        "StockCount" => &["event_id", "sku", "warehouse_code", "quantity", "counted_at"],
        "OrderReference" => &["order_key", "line_id"],
        _ => &[],
    }
}

/// Messages that are only sent by Lockstep: a client must accept fields that it does not know.
pub fn is_answer(message: &str) -> bool {
    !matches!(
        message,
        "ReportStockMovementsRequest"
            | "ReportStockCountsRequest"
            | "StockMovement"
            | "StockCount"
            | "OrderReference"
    )
}

/// Further rules of a field, as keywords of JSON Schema.
pub fn of_field(message: &str, field: &str) -> Option<Value> {
    let rule = match (message, field) {
        (_, "movements" | "counts") => json!({ "minItems": 1, "maxItems": ITEMS_MAX }),
        ("StockMovement" | "StockCount", "event_id") => json!({ "minLength": 1, "maxLength": 64 }),
        (_, "sku") => json!({ "minLength": 1, "maxLength": 255 }),
        (_, "warehouse_code" | "from_warehouse_code" | "to_warehouse_code") => {
            json!({ "maxLength": 64 })
        }
        (_, "quantity" | "on_hand_after") => json!({ "pattern": r"^-?[0-9]+(\.[0-9]+)?$" }),
        (_, "reason_code") => json!({ "maxLength": REASON_CODE_MAX }),
        (_, "reason_text") => json!({ "maxLength": REASON_TEXT_MAX }),
        (_, "order_key") => json!({ "pattern": "^[a-z0-9][a-z0-9-]{0,31}:[1-9][0-9]*$" }),
        (_, "line_id") => json!({ "pattern": "^[1-9][0-9]*$" }),
        _ => return None,
    };
    Some(rule)
}
