//! Products.

use serde_json::json;

use super::{Examples, taken};

/// Products as they are now.
pub fn products() -> Examples {
    vec![
        taken(
            "a_product_and_a_kit",
            "A product with its measures, and a kit of two of them.",
            json!({ "products": [
                {
                    "event_id": "item-881-v7", "sku": "TEE-BLACK-M", "product_id": "881",
                    "barcodes": ["5901234123457"], "style_id": "TEE-BLACK",
                    "options": [{ "name": "Size", "value": "M" }], "title": "Tee, black, M",
                    "weight_grams": 180, "hs_code": "610910", "origin_country": "PT",
                    "cost": { "currency": "EUR", "amount": "6.40" },
                    "price": { "currency": "EUR", "amount": "25.00" },
                    "updated_at": "2026-11-24T07:30:00Z",
                },
                {
                    "event_id": "item-990-v1", "sku": "TEE-BLACK-M-X2", "product_id": "990",
                    "title": "Two black tees, M",
                    "components": [{ "sku": "TEE-BLACK-M", "quantity": "2" }],
                    "updated_at": "2026-11-24T07:30:05Z",
                },
            ] }),
            json!([
                { "event_id": "item-881-v7", "status": "ITEM_STATUS_ACCEPTED" },
                { "event_id": "item-990-v1", "status": "ITEM_STATUS_ACCEPTED" },
            ]),
        ),
        taken(
            "made_to_order",
            "A product that is made when it is ordered claims no stock.",
            json!({ "products": [{
                "event_id": "item-412-v2", "sku": "OAK-TABLE", "title": "Oak table",
                "made_to_order": true, "updated_at": "2026-11-24T07:31:00Z",
            }] }),
            json!([{ "event_id": "item-412-v2", "status": "ITEM_STATUS_ACCEPTED" }]),
        ),
        taken(
            "part_of_itself",
            "A kit names each part once, and never itself.",
            json!({ "products": [{
                "event_id": "item-990-v2", "sku": "TEE-BLACK-M-X2",
                "components": [{ "sku": "TEE-BLACK-M-X2", "quantity": "2" }],
                "updated_at": "2026-11-24T07:32:00Z",
            }] }),
            json!([{
                "event_id": "item-990-v2", "status": "ITEM_STATUS_REJECTED", "error": {
                    "code": "ERROR_CODE_VALIDATION", "field": "products[0].components[0].sku",
                    "message": "it is the kit itself, or there twice",
                    "fix": "name each part once, with the whole quantity",
                },
            }]),
        ),
    ]
}

/// Products that are gone.
pub fn deletions() -> Examples {
    vec![
        taken(
            "deleted",
            "A product was deleted.",
            json!({ "deletions": [{
                "event_id": "item-77-gone", "sku": "MUG-OLD",
                "deleted_at": "2026-11-24T07:40:00Z",
            }] }),
            json!([{ "event_id": "item-77-gone", "status": "ITEM_STATUS_ACCEPTED" }]),
        ),
        taken(
            "when",
            "A deletion says when.",
            json!({ "deletions": [{ "event_id": "item-78-gone", "sku": "MUG-OLDER" }] }),
            json!([{
                "event_id": "item-78-gone", "status": "ITEM_STATUS_REJECTED", "error": {
                    "code": "ERROR_CODE_VALIDATION", "field": "deletions[0].deleted_at",
                    "message": "it is missing",
                    "fix": "give a moment in UTC such as 2026-11-24T10:00:00Z",
                },
            }]),
        ),
    ]
}
