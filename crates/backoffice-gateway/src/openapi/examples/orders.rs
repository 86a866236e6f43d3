//! Answers to orders. The order stands in the path.

use lockstep_contracts::backoffice::v1::ErrorCode;
use serde_json::json;

use super::{Examples, because, refused, taken_one};

/// Acceptances.
pub fn acceptances() -> Examples {
    vec![
        taken_one(
            "accepted",
            "Everything that is open for this back office is reserved.",
            json!({ "acceptance": {
                "event_id": "so-5512-accept", "whole_order": true, "order_revision": 1,
                "reference": "SO-5512", "occurred_at": "2026-11-24T09:20:00Z",
            } }),
        ),
        taken_one(
            "accepted_in_part",
            "One line is reserved in a named warehouse.",
            json!({ "acceptance": {
                "event_id": "so-5513-accept",
                "lines": [{
                    "line_id": "15770000000001", "quantity": "1", "warehouse_code": "MAIN",
                }],
                "occurred_at": "2026-11-24T09:21:00Z",
            } }),
        ),
        taken_one(
            "cancellation_agreed",
            "The store cancelled the order, and nothing will leave.",
            json!({ "acceptance": {
                "event_id": "so-5512-cancel", "answers": "ORDER_REQUEST_CANCEL",
                "whole_order": true, "order_revision": 2, "occurred_at": "2026-11-24T09:30:00Z",
            } }),
        ),
        refused(
            "how_much",
            "An acceptance names lines, or says that all is meant.",
            json!({ "acceptance": {
                "event_id": "so-5514-accept", "occurred_at": "2026-11-24T09:22:00Z",
            } }),
            &because(
                ErrorCode::Validation,
                "acceptance.lines",
                "no line is named",
                "name at least one line, or say whole_order and name none",
            ),
        ),
    ]
}

/// Rejections.
pub fn rejections() -> Examples {
    vec![
        taken_one(
            "rejected",
            "The goods cannot be found.",
            json!({ "rejection": {
                "event_id": "so-5515-reject", "whole_order": true, "reason_code": "NO_STOCK",
                "reason_text": "the last piece is damaged", "occurred_at": "2026-11-24T09:25:00Z",
            } }),
        ),
        taken_one(
            "too_late",
            "The store cancelled the order after it had left.",
            json!({ "rejection": {
                "event_id": "so-5516-too-late", "answers": "ORDER_REQUEST_CANCEL",
                "whole_order": true, "reason_code": "SHIPPED",
                "occurred_at": "2026-11-24T09:45:00Z",
            } }),
        ),
        refused(
            "another_order",
            "The body names another order than the path.",
            json!({ "rejection": {
                "event_id": "so-5517-reject", "order_key": "north:6120000000002",
                "whole_order": true, "occurred_at": "2026-11-24T09:26:00Z",
            } }),
            &because(
                ErrorCode::Validation,
                "rejection.order_key",
                "the path names another one",
                "leave it out of the body, or write the one of the path",
            ),
        ),
    ]
}

/// Releases.
pub fn releases() -> Examples {
    vec![
        taken_one(
            "picked_up",
            "The customer took the goods along: fulfilled without tracking and without notice.",
            json!({ "release": {
                "event_id": "so-5518-release", "whole_order": true,
                "occurred_at": "2026-11-24T10:00:00Z",
            } }),
        ),
        taken_one(
            "will_not_leave",
            "One piece of a line will never leave, and is cancelled in the store.",
            json!({ "release": {
                "event_id": "so-5519-release", "outcome": "RELEASE_OUTCOME_CANCEL",
                "lines": [{ "line_id": "15770000000001", "quantity": "1" }],
                "reason_code": "LOST", "occurred_at": "2026-11-24T10:01:00Z",
            } }),
        ),
        refused(
            "half_a_piece",
            "Lines of orders are counted in pieces.",
            json!({ "release": {
                "event_id": "so-5520-release",
                "lines": [{ "line_id": "15770000000001", "quantity": "0.5" }],
                "occurred_at": "2026-11-24T10:02:00Z",
            } }),
            &because(
                ErrorCode::Validation,
                "release.lines[0].quantity",
                "it is not a whole number of units",
                "send whole units: lines of orders are counted in pieces",
            ),
        ),
    ]
}
