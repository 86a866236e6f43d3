//! Movements and counts.

use serde_json::json;

use super::{Example, Examples, refused, taken};
use crate::fault::{CallFault, Invalid};

/// Movements.
pub fn movements() -> Examples {
    vec![
        taken(
            "goods_received_and_picked",
            "Goods come in, and some are picked for an order.",
            json!({ "movements": [
                {
                    "event_id": "gr-2026-000871-1", "kind": "MOVEMENT_KIND_RECEIVING",
                    "quantity": "40", "sku": "TEE-BLACK-M", "warehouse_code": "MAIN",
                    "reason_code": "PO", "reason_text": "purchase order 4711",
                    "occurred_at": "2026-11-24T08:15:00Z",
                },
                {
                    "event_id": "pick-993120-1", "kind": "MOVEMENT_KIND_PICKING",
                    "quantity": "-2", "sku": "TEE-BLACK-M", "warehouse_code": "MAIN",
                    "order": { "order_key": "north:6120000000001", "line_id": "15770000000001" },
                    "on_hand_after": "38", "occurred_at": "2026-11-24T09:02:11Z",
                },
            ] }),
            json!([
                { "event_id": "gr-2026-000871-1", "status": "ITEM_STATUS_ACCEPTED" },
                { "event_id": "pick-993120-1", "status": "ITEM_STATUS_ACCEPTED" },
            ]),
        ),
        taken(
            "transfer",
            "Goods go from one warehouse to another: one movement, positive.",
            json!({ "movements": [{
                "event_id": "tr-55", "kind": "MOVEMENT_KIND_TRANSFER", "quantity": "12.5",
                "sku": "RIBBON-RED", "from_warehouse_code": "MAIN", "to_warehouse_code": "SHOP",
                "occurred_at": "2026-11-24T09:30:00Z",
            }] }),
            json!([{ "event_id": "tr-55", "status": "ITEM_STATUS_ACCEPTED" }]),
        ),
        bad_item(),
        repeats(),
        refused(
            "unknown_field",
            "The list has another name than the contract gives it.",
            json!({ "movement": [] }),
            &CallFault::Invalid(Invalid {
                field: "movement".to_owned(),
                message: "there is no such field".to_owned(),
                fix: "the body is {\"movements\": [ ... ]}".to_owned(),
            }),
        ),
    ]
}

fn bad_item() -> Example {
    let movement = |id: &str, quantity: &str, warehouse: &str| {
        json!({
            "event_id": id, "kind": "MOVEMENT_KIND_ADJUSTMENT", "quantity": quantity,
            "sku": "TEE-BLACK-M", "warehouse_code": warehouse,
            "occurred_at": "2026-11-24T10:00:00Z",
        })
    };
    taken(
        "one_bad_item",
        "A bad item is refused with its reason, and its neighbours are taken.",
        json!({ "movements": [
            movement("adj-1", "3", "MAIN"),
            movement("adj-2", "0", "MAIN"),
            movement("adj-3", "1", "ATTIC"),
            movement("adj-4", "-1", "MAIN"),
        ] }),
        json!([
            { "event_id": "adj-1", "status": "ITEM_STATUS_ACCEPTED" },
            { "event_id": "adj-2", "status": "ITEM_STATUS_REJECTED", "error": {
                "code": "ERROR_CODE_QUANTITY_ZERO", "field": "movements[1].quantity",
                "message": "it is zero",
                "fix": "report only what changed; use a count to state what a warehouse holds",
            } },
            { "event_id": "adj-3", "status": "ITEM_STATUS_REJECTED", "error": {
                "code": "ERROR_CODE_UNKNOWN_WAREHOUSE", "field": "movements[2].warehouse_code",
                "message": "the warehouse `ATTIC` is not declared for this back office",
                "fix": "declare it in Lockstep first, or correct the code; capital letters count",
            } },
            { "event_id": "adj-4", "status": "ITEM_STATUS_ACCEPTED" },
        ]),
    )
}

fn repeats() -> Example {
    let movement = |quantity: &str| {
        json!({
            "event_id": "scrap-7", "kind": "MOVEMENT_KIND_SCRAP", "quantity": quantity,
            "sku": "MUG", "warehouse_code": "MAIN", "stock_status": "STOCK_STATUS_DAMAGED",
            "occurred_at": "2026-11-24T10:05:00Z",
        })
    };
    taken(
        "repeats",
        "An event id stands for one content, however often it is sent.",
        json!({ "movements": [movement("-1"), movement("-1.0"), movement("-2")] }),
        json!([
            { "event_id": "scrap-7", "status": "ITEM_STATUS_ACCEPTED" },
            { "event_id": "scrap-7", "status": "ITEM_STATUS_DUPLICATE" },
            { "event_id": "scrap-7", "status": "ITEM_STATUS_REJECTED", "error": {
                "code": "ERROR_CODE_CONFLICT", "field": "movements[2].event_id",
                "message": "this event id was used before with other content",
                "fix": "send the report under a new event id; what was taken first stands",
            } },
        ]),
    )
}

/// Counts.
pub fn counts() -> Examples {
    vec![
        taken(
            "counted",
            "A shelf was counted.",
            json!({ "counts": [{
                "event_id": "inv-2026-11-24-1", "sku": "TEE-BLACK-M", "warehouse_code": "MAIN",
                "quantity": "38", "counted_at": "2026-11-24T11:00:00Z",
            }] }),
            json!([{ "event_id": "inv-2026-11-24-1", "status": "ITEM_STATUS_ACCEPTED" }]),
        ),
        taken(
            "not_a_number",
            "A quantity is a decimal number with a point.",
            json!({ "counts": [{
                "event_id": "inv-2026-11-24-2", "sku": "RIBBON-RED", "warehouse_code": "MAIN",
                "quantity": "12,5", "counted_at": "2026-11-24T11:00:00Z",
            }] }),
            json!([{
                "event_id": "inv-2026-11-24-2", "status": "ITEM_STATUS_REJECTED", "error": {
                    "code": "ERROR_CODE_VALIDATION", "field": "counts[0].quantity",
                    "message": "it is not a decimal number",
                    "fix": "expected a decimal number such as 12 or -0.5, without exponent or \
                        separators",
                },
            }]),
        ),
        refused(
            "empty",
            "A call reports something.",
            json!({ "counts": [] }),
            &CallFault::Invalid(Invalid {
                field: "counts".to_owned(),
                message: "`counts` is missing or empty".to_owned(),
                fix: "send 1 to 1000 items in `counts`".to_owned(),
            }),
        ),
    ]
}
