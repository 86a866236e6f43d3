//! One row per thing that can be wrong with a call that carries one report: its status, code,
//! field and fix, and nothing half done.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::world::{World, shipment};

const AT: &str = "2026-11-24T10:00:00Z";
const SHIPMENTS: &str = "/v1/shipments";
const ACCEPT: &str = "/v1/orders/north:1/accept";
const REJECT: &str = "/v1/orders/north:1/reject";
const RELEASE: &str = "/v1/orders/north:1/release";
const RETURNS: &str = "/v1/returns";
const INVOICES: &str = "/v1/invoices";
const SALES: &str = "/v1/sales";
const REFUNDS: &str = "/v1/sales/V1/refunds";

/// A good report of each kind, with its path.
fn good() -> Vec<(&'static str, Value)> {
    let answer = json!({ "event_id": "x", "whole_order": true, "occurred_at": AT });
    vec![
        (ACCEPT, json!({ "acceptance": answer })),
        (REJECT, json!({ "rejection": answer })),
        (RELEASE, json!({ "release": answer })),
        (SHIPMENTS, shipment("x")),
        (
            RETURNS,
            json!({ "return_report": {
                "event_id": "x", "return_id": "R1", "order_key": "north:1",
                "status": "RETURN_STATUS_ANNOUNCED", "occurred_at": AT,
                "lines": [{ "line_id": "15", "quantity_expected": "1" }],
            } }),
        ),
        (
            INVOICES,
            json!({ "invoice": {
                "event_id": "x", "invoice_id": "I1", "kind": "INVOICE_KIND_INVOICE",
                "state": "INVOICE_STATE_REQUESTED", "discharges_stock": false, "occurred_at": AT,
            } }),
        ),
        (
            SALES,
            json!({ "sale": {
                "event_id": "x", "sale_id": "V1", "kind": "SALE_KIND_OTHER",
                "warehouse_code": "MAIN", "currency": "EUR", "total": "1", "sold_at": AT,
                "lines": [{ "line_id": "1", "sku": "A", "quantity": "1", "unit_price": "1" }],
            } }),
        ),
        (
            REFUNDS,
            json!({ "refund": {
                "event_id": "x", "refund_id": "F1", "whole_sale": true, "refunded_at": AT,
            } }),
        ),
    ]
}

/// The one field of a body, and its report with some fields changed.
fn changed(body: &Value, change: &Value) -> (String, Value) {
    let (field, report) = body.as_object().and_then(|body| body.iter().next()).expect("one field");
    let mut report = report.clone();
    let fields = report.as_object_mut().expect("an object");
    fields.extend(change.as_object().expect("an object").clone());
    (field.clone(), json!({ (field): report }))
}

async fn assert_problem(world: &World, row: (&str, &Value), wanted: (u16, &str, &str), what: &str) {
    let (path, body) = row;
    let (status, code, field) = wanted;
    let answer = world.post_json(path, body).await;
    assert_eq!(answer.status.as_u16(), status, "{path} {what}: {answer:?}");
    assert_eq!(answer.media, "application/problem+json", "{path} {what}");
    assert_eq!(answer.body["code"], code, "{path} {what}: {answer:?}");
    assert_eq!(answer.body["field"], field, "{path} {what}: {answer:?}");
    for part in ["detail", "fix"] {
        assert!(answer.body[part].as_str().is_some_and(|t| !t.is_empty()), "{path} {what}: {part}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_any_report_is_refused() {
    let world = World::start().await;
    let ahead = "2031-01-01T00:00:00Z";
    for (path, body) in good() {
        let (field, _) = changed(&body, &json!({}));
        let at = |name: &str| format!("{field}.{name}");
        let moment = match path {
            SALES => "sold_at",
            REFUNDS => "refunded_at",
            _ => "occurred_at",
        };
        let rows = [
            ("no report", json!({}), field.clone()),
            ("another field", json!({ "report": {} }), "report".to_owned()),
            ("a list", json!({ (&field): [] }), field.clone()),
            ("unknown field", changed(&body, &json!({ "colour": "red" })).1, at("colour")),
            ("no event id", changed(&body, &json!({ "event_id": "" })).1, at("event_id")),
            ("a number", changed(&body, &json!({ "event_id": 7 })).1, at("event_id")),
            (
                "event id of 65",
                changed(&body, &json!({ "event_id": "x".repeat(65) })).1,
                at("event_id"),
            ),
            ("a clock years ahead", changed(&body, &json!({ (moment): ahead })).1, at(moment)),
            ("no moment", changed(&body, &json!({ (moment): null })).1, at(moment)),
            ("local time", changed(&body, &json!({ (moment): "2026-11-24" })).1, at(moment)),
        ];
        for (what, body, field) in rows {
            let wanted = (400, "ERROR_CODE_VALIDATION", field.as_str());
            assert_problem(&world, (path, &body), wanted, what).await;
        }
    }
    assert_eq!(world.published_ids(), Vec::<String>::new(), "nothing was taken");
    world.stop().await;
}

#[tokio::test]
async fn an_id_that_stands_for_other_content_is_a_conflict_for_every_kind() {
    let world = World::start().await;
    for (number, (path, body)) in good().into_iter().enumerate() {
        let id = format!("id-{number}");
        let (field, first) = changed(&body, &json!({ "event_id": id }));
        let answer = world.post_json(path, &first).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{path}: {answer:?}");
        assert_eq!(answer.body["item"]["status"], "ITEM_STATUS_ACCEPTED", "{path}");
        let again = world.post_json(path, &first).await;
        assert_eq!(again.body["item"]["status"], "ITEM_STATUS_DUPLICATE", "{path}");
        let moment = ["occurred_at", "sold_at", "refunded_at"]
            .into_iter()
            .find(|name| first[&field].get(name).is_some())
            .expect("a moment");
        let change = json!({ (moment): "2026-11-24T10:00:01Z" });
        let other = changed(&first, &change).1;
        let wanted = (409, "ERROR_CODE_CONFLICT", &*format!("{field}.event_id"));
        assert_problem(&world, (path, &other), wanted, "other content").await;
    }
    assert_eq!(world.published_ids().len(), good().len());
    world.stop().await;
}

#[tokio::test]
async fn what_only_settings_know_is_refused() {
    let world = World::start().await;
    let of = |path: &str| {
        let found = good().into_iter().find(|(known, _)| *known == path);
        found.expect("a good report").1
    };
    let line = json!({ "lines": [{
        "line_id": "15", "quantity": "1", "warehouse_code": "ATTIC",
    }], "whole_order": false });
    let rows = [
        (SHIPMENTS, json!({ "warehouse_code": "ATTIC" }), "UNKNOWN_WAREHOUSE", "warehouse_code"),
        (ACCEPT, line.clone(), "UNKNOWN_WAREHOUSE", "lines[0].warehouse_code"),
        (REJECT, line.clone(), "UNKNOWN_WAREHOUSE", "lines[0].warehouse_code"),
        (RELEASE, line, "UNKNOWN_WAREHOUSE", "lines[0].warehouse_code"),
        (SALES, json!({ "warehouse_code": "ATTIC" }), "UNKNOWN_WAREHOUSE", "warehouse_code"),
        (SHIPMENTS, json!({ "order_key": "south:1" }), "UNKNOWN_ORDER", "order_key"),
        (RETURNS, json!({ "order_key": "south:1" }), "UNKNOWN_ORDER", "order_key"),
        (INVOICES, json!({ "order_key": "south:1" }), "UNKNOWN_ORDER", "order_key"),
        (SALES, json!({ "store": "south" }), "VALIDATION", "store"),
    ];
    for (path, change, code, field) in rows {
        let (parent, body) = changed(&of(path), &change);
        let (code, field) = (format!("ERROR_CODE_{code}"), format!("{parent}.{field}"));
        assert_problem(&world, (path, &body), (400, &code, &field), "settings").await;
    }
    for path in ["/v1/orders/south:1/accept", "/v1/orders/south%3A1/accept"] {
        let wanted = (400, "ERROR_CODE_UNKNOWN_ORDER", "acceptance.order_key");
        assert_problem(&world, (path, &of(ACCEPT)), wanted, "a store of another").await;
    }
    assert_eq!(world.published_ids(), Vec::<String>::new(), "nothing was taken");
    world.stop().await;
}

#[tokio::test]
async fn the_name_in_the_path_is_what_counts() {
    let world = World::start().await;
    let body = json!({ "acceptance": {
        "event_id": "a-1", "whole_order": true, "occurred_at": AT,
    } });
    let escaped = world.post_json("/v1/orders/north%3A1/accept", &body).await;
    assert_eq!(escaped.status, StatusCode::ACCEPTED, "{escaped:?}");
    let same = changed(&body, &json!({ "order_key": "north:1" })).1;
    let again = world.post_json(ACCEPT, &same).await;
    assert_eq!(again.body["item"]["status"], "ITEM_STATUS_DUPLICATE", "{again:?}");
    let rows = [
        (ACCEPT, "acceptance.order_key", changed(&body, &json!({ "order_key": "north:2" })).1),
        ("/v1/orders/1001/accept", "acceptance.order_key", body.clone()),
        ("/v1/orders/north:%2B1/accept", "acceptance.order_key", body.clone()),
        ("/v1/orders/%FF/accept", "order_key", body),
    ];
    for (path, field, body) in rows {
        let wanted = (400, "ERROR_CODE_VALIDATION", field);
        assert_problem(&world, (path, &body), wanted, "a bad name").await;
    }
    world.stop().await;
}
