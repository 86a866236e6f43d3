//! Shipments and returns.

use lockstep_contracts::backoffice::v1::ErrorCode;
use serde_json::{Value, json};

use super::{Examples, ORDER_KEY, because, refused, taken_one};

/// Shipments.
pub fn shipments() -> Examples {
    vec![
        taken_one(
            "partly_shipped",
            "Two of three pieces left in one parcel.",
            parcel("gi-7001", 1, "1Z999AA10123456784"),
        ),
        taken_one(
            "number_corrected",
            "The same shipment again, whole, with its right number and a higher revision.",
            parcel("gi-7001-2", 2, "1Z999AA10123456785"),
        ),
        taken_one(
            "rest_shipped",
            "Everything that is open for the warehouse left, in two parcels.",
            json!({ "shipment": {
                "event_id": "gi-7002", "shipment_id": "GI-7002", "order_key": ORDER_KEY,
                "warehouse_code": "MAIN", "status": "SHIPMENT_STATUS_SHIPPED",
                "packages": [
                    { "carrier_name": "DPD", "tracking_number": "0982 1234 5678" },
                    { "carrier_name": "DPD", "tracking_number": "0982 1234 5679" },
                ],
                "whole_order": true, "notify_customer": true,
                "occurred_at": "2026-11-24T11:10:00Z",
            } }),
        ),
        taken_one(
            "recalled",
            "It did not leave after all.",
            json!({ "shipment": {
                "event_id": "gi-7002-x", "shipment_id": "GI-7002", "revision": 2,
                "order_key": ORDER_KEY, "warehouse_code": "MAIN",
                "status": "SHIPMENT_STATUS_CANCELLED", "occurred_at": "2026-11-24T11:30:00Z",
            } }),
        ),
        refused(
            "unknown_store",
            "The key begins with no store that this back office serves.",
            json!({ "shipment": {
                "event_id": "gi-7003", "shipment_id": "GI-7003", "order_key": "nort:6120000000001",
                "warehouse_code": "MAIN", "status": "SHIPMENT_STATUS_SHIPPED",
                "packages": [{ "tracking_number": "1Z999AA10123456786" }], "whole_order": true,
                "occurred_at": "2026-11-24T11:12:00Z",
            } }),
            &because(
                ErrorCode::UnknownOrder,
                "shipment.order_key",
                "this back office serves no store `nort`",
                "copy the key from Lockstep's feed; it begins with the id of the store",
            ),
        ),
        refused(
            "used_before",
            "An event id stands for one content.",
            parcel("gi-7001", 1, "something else"),
            &because(
                ErrorCode::Conflict,
                "shipment.event_id",
                "this event id was used before with other content",
                "send the report under a new event id; what was taken first stands",
            ),
        ),
    ]
}

fn parcel(event_id: &str, revision: u32, number: &str) -> Value {
    json!({ "shipment": {
        "event_id": event_id, "shipment_id": "GI-7001", "revision": revision,
        "order_key": ORDER_KEY, "warehouse_code": "MAIN", "status": if revision == 1 {
            "SHIPMENT_STATUS_SHIPPED"
        } else {
            "SHIPMENT_STATUS_UPDATED"
        },
        "packages": [{
            "carrier_code": "ups", "carrier_name": "UPS", "tracking_number": number,
            "tracking_url": "https://carrier.example/track?number=1Z999AA1",
            "lines": [{ "line_id": "15770000000001", "quantity": "2" }],
        }],
        "occurred_at": "2026-11-24T11:05:00Z",
    } })
}

/// Returns.
pub fn returns() -> Examples {
    vec![
        taken_one(
            "inspected",
            "Two of three pieces go back on the shelf, one is thrown away.",
            json!({ "return_report": {
                "event_id": "rma-31-3", "return_id": "RMA-31", "revision": 3,
                "order_key": ORDER_KEY, "status": "RETURN_STATUS_INSPECTED",
                "lines": [
                    {
                        "line_id": "15770000000001", "quantity_expected": "3",
                        "quantity_received": "2", "condition": "RETURN_CONDITION_NEW",
                        "disposition": "RETURN_DISPOSITION_RESTOCK", "warehouse_code": "MAIN",
                    },
                    {
                        "line_id": "15770000000001", "quantity_received": "1",
                        "condition": "RETURN_CONDITION_DAMAGED",
                        "disposition": "RETURN_DISPOSITION_SCRAP", "reason_code": "BROKEN",
                    },
                ],
                "refund": {
                    "scope": "REFUND_SCOPE_LINES",
                    "amount": { "currency": "EUR", "amount": "50.00" },
                },
                "occurred_at": "2026-11-24T11:40:00Z",
            } }),
        ),
        taken_one(
            "nobody_knows_whose",
            "A parcel came back without a word about its order: a person decides.",
            json!({ "return_report": {
                "event_id": "rma-32-1", "return_id": "RMA-32", "status": "RETURN_STATUS_RECEIVED",
                "lines": [{ "sku": "TEE-BLACK-M", "quantity_received": "1" }],
                "tracking_number": "RX 123 456 789 DE", "occurred_at": "2026-11-24T11:41:00Z",
            } }),
        ),
        refused(
            "undecided",
            "After inspection each line has its fate.",
            json!({ "return_report": {
                "event_id": "rma-33-2", "return_id": "RMA-33", "order_key": ORDER_KEY,
                "status": "RETURN_STATUS_INSPECTED",
                "lines": [{ "line_id": "15770000000001", "quantity_received": "1" }],
                "occurred_at": "2026-11-24T11:42:00Z",
            } }),
            &because(
                ErrorCode::Validation,
                "return_report.lines[0].disposition",
                "it is missing",
                "say what becomes of the units, such as RETURN_DISPOSITION_RESTOCK",
            ),
        ),
    ]
}
