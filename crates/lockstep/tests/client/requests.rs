//! Each command line, and the one request that it makes.

use serde_json::{Value, json};

use crate::fake::{Answer, Fake, TOKEN};

const STORE: &str = r#"{"id": "north", "shop_domain": "north.myshopify.com"}"#;
const BACKOFFICE: &str = r#"{"id": "wms", "kind": "contract", "name": "wms"}"#;
const LOCATION: &str = r#"{"location_id": "61000000002"}"#;
const CHANGED: &str = r#"{"variant_id": "6100", "outcome": "linked"}"#;
const STOCK: &str = r#"{"store": "north", "sku": "LAMP-1"}"#;
const JOB: &str = r#"{"job": {"id": "j1", "state": "running", "done": 3}}"#;
const LETTER: &str = r#"{"id": "d1", "service": "stock-sync", "state": "open"}"#;
const CLOSED: &str = r#"{"id": "d1", "service": "stock-sync", "state": "retried"}"#;

struct Case {
    line: &'static [&'static str],
    answer: &'static str,
    asked: &'static str,
    body: Value,
}

fn case(
    line: &'static [&'static str],
    answer: &'static str,
    asked: &'static str,
    body: Value,
) -> Case {
    Case { line, answer, asked, body }
}

fn check(cases: Vec<Case>) {
    for Case { line, answer, asked, body } in cases {
        let fake = Fake::answering([Answer::json(answer)]);
        let ran = fake.arguments(line).run();
        assert_eq!(ran.code, Some(0), "{line:?}: {}", ran.err);
        let [request] = ran.asked.as_slice() else { panic!("{line:?}: {:?}", ran.asked) };
        assert_eq!(request.line, asked, "{line:?}");
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        let sent: Value = match request.body.as_str() {
            "" => Value::Null,
            body => {
                assert_eq!(request.header("content-type"), Some("application/json"), "{line:?}");
                serde_json::from_str(body).unwrap()
            }
        };
        assert_eq!(sent, body, "{line:?}");
    }
}

#[test]
fn stores_and_their_locations() {
    check(vec![
        case(
            &["store", "list"],
            r#"{"stores": [], "next": null}"#,
            "GET /api/v1/stores?limit=500",
            Value::Null,
        ),
        case(&["store", "show", "north"], STORE, "GET /api/v1/stores/north", Value::Null),
        case(
            &["store", "set", "north", "enabled=true", "stock.enabled=live", "stock.buffer=null"],
            STORE,
            "PATCH /api/v1/stores/north",
            json!({"enabled": true, "stock": {"enabled": "live", "buffer": null}}),
        ),
        case(
            &["store", "set", "north", "--backoffice", "wms=stock,orders", "--backoffice=b=sales"],
            STORE,
            "PATCH /api/v1/stores/north",
            json!({"backoffices": [{"id": "wms", "roles": ["stock", "orders"]},
                                   {"id": "b", "roles": ["sales"]}]}),
        ),
        case(
            &["store", "remove", "north", "--yes"],
            r#"{"id": "north", "deleted": true, "pending": [], "left_at_shopify": []}"#,
            "DELETE /api/v1/stores/north",
            Value::Null,
        ),
        case(
            &["store", "repair-webhooks", "north"],
            r#"{"uri": "https://x", "kept": [], "made": [], "removed": [], "refused": []}"#,
            "POST /api/v1/stores/north/webhooks/repair",
            Value::Null,
        ),
        case(
            &["location", "list", "north"],
            r#"{"locations": []}"#,
            "GET /api/v1/stores/north/locations",
            Value::Null,
        ),
        case(
            &["location", "map", "north", "61000000002", "wms/MAIN", "wms/OUT", "--default"],
            LOCATION,
            "PUT /api/v1/stores/north/locations/61000000002",
            json!({"warehouses": ["wms/MAIN", "wms/OUT"], "default": true}),
        ),
        case(
            &["location", "map", "north", "gid://shopify/Location/7", "--unmap"],
            LOCATION,
            "PUT /api/v1/stores/north/locations/gid%3A%2F%2Fshopify%2FLocation%2F7",
            json!({"warehouses": []}),
        ),
        case(
            &[
                "location",
                "map",
                "north",
                "7",
                "wms/A",
                "--default=false",
                "--buffer",
                "2",
                "--shipping-process",
                "parcel",
            ],
            LOCATION,
            "PUT /api/v1/stores/north/locations/7",
            json!({"warehouses": ["wms/A"], "default": false, "buffer": 2,
                   "shipping_process": "parcel"}),
        ),
    ]);
}

#[test]
fn back_offices_warehouses_and_tokens() {
    check(vec![
        case(
            &["backoffice", "list"],
            r#"{"backoffices": [], "next": null}"#,
            "GET /api/v1/backoffices?limit=500",
            Value::Null,
        ),
        case(
            &["backoffice", "show", "wms"],
            BACKOFFICE,
            "GET /api/v1/backoffices/wms",
            Value::Null,
        ),
        case(
            &["backoffice", "add", "wms", "--name", "Warehouse Berlin", "stock.basis=physical"],
            BACKOFFICE,
            "POST /api/v1/backoffices",
            json!({"id": "wms", "kind": "contract", "name": "Warehouse Berlin",
                   "stock": {"basis": "physical"}}),
        ),
        case(
            &["backoffice", "set", "wms", "name=2nd", "stock.lowered_by=pick"],
            BACKOFFICE,
            "PATCH /api/v1/backoffices/wms",
            json!({"name": "2nd", "stock": {"lowered_by": ["pick"]}}),
        ),
        case(
            &["warehouse", "add", "wms", "MAIN", "--name", "Main hall"],
            BACKOFFICE,
            "PUT /api/v1/backoffices/wms/warehouses/MAIN",
            json!({"name": "Main hall"}),
        ),
        case(
            &["warehouse", "add", "wms", "A/1 \u{fc}"],
            BACKOFFICE,
            "PUT /api/v1/backoffices/wms/warehouses/A%2F1%20%C3%BC",
            json!({}),
        ),
        case(
            &["token", "issue", "wms", "--label", "wms prod"],
            r#"{"token_id": "t1", "token": "secret", "label": "wms prod"}"#,
            "POST /api/v1/backoffices/wms/tokens",
            json!({"label": "wms prod"}),
        ),
        case(
            &["token", "list", "wms"],
            r#"{"tokens": []}"#,
            "GET /api/v1/backoffices/wms/tokens",
            Value::Null,
        ),
        case(
            &["token", "revoke", "wms", "t1"],
            "",
            "DELETE /api/v1/backoffices/wms/tokens/t1",
            Value::Null,
        ),
    ]);
}

#[test]
fn links_stock_letters_and_what_happened() {
    check(vec![
        case(
            &["link", "set", "north", "6100", "wms", "LAMP 1"],
            CHANGED,
            "PUT /api/v1/stores/north/links/6100",
            json!({"backoffice": "wms", "sku": "LAMP 1"}),
        ),
        case(
            &["link", "set", "north", "6100", "wms", "--dry-run", "--", "-5"],
            CHANGED,
            "PUT /api/v1/stores/north/links/6100?dry_run=true",
            json!({"backoffice": "wms", "sku": "-5"}),
        ),
        case(
            &["link", "cut", "north", "6100", "--dry-run"],
            CHANGED,
            "DELETE /api/v1/stores/north/links/6100?dry_run=true",
            Value::Null,
        ),
        case(
            &["stock", "show", "north", "a.*>/\u{1f4a1}"],
            STOCK,
            "GET /api/v1/stores/north/stock/a.%2A%3E%2F%F0%9F%92%A1",
            Value::Null,
        ),
        case(
            &["dead-letters", "list", "--state", "all", "--limit", "20"],
            r#"{"dead_letters": [], "silent": []}"#,
            "GET /api/v1/dead-letters?state=all&limit=20",
            Value::Null,
        ),
        case(&["dead-letters", "show", "d1"], LETTER, "GET /api/v1/dead-letters/d1", Value::Null),
        case(
            &["dead-letters", "retry", "d1"],
            CLOSED,
            "POST /api/v1/dead-letters/d1/retry",
            Value::Null,
        ),
        case(
            &["dead-letters", "dismiss", "d1"],
            CLOSED,
            "POST /api/v1/dead-letters/d1/dismiss",
            Value::Null,
        ),
        case(
            &["doctor"],
            r#"{"status": "ok", "services": [], "findings": []}"#,
            "GET /api/v1/doctor",
            Value::Null,
        ),
        case(
            &["activity", "--store", "north", "--limit", "5"],
            r#"{"activity": []}"#,
            "GET /api/v1/activity?store=north&limit=5",
            Value::Null,
        ),
    ]);
}

#[test]
fn effects_jobs_and_conflicts() {
    let settled = r#"{"id": "e1", "applied": true}"#;
    let steer =
        |line: &'static [&'static str], asked: &'static str| case(line, JOB, asked, Value::Null);
    check(vec![
        case(
            &["effects", "list", "--store", "north", "--asking"],
            r#"{"effects": [], "has_more": false}"#,
            "GET /api/v1/effects?outcome=unknown&store=north&asking=true",
            Value::Null,
        ),
        case(
            &["effects", "settle", "e1", "--applied"],
            settled,
            "POST /api/v1/effects/e1/settle",
            json!({"applied": true}),
        ),
        case(
            &["effects", "settle", "e1", "--not-applied"],
            settled,
            "POST /api/v1/effects/e1/settle",
            json!({"applied": false}),
        ),
        case(
            &["effects", "settle", "e1", "--applied", "--fulfillment", "9001"],
            settled,
            "POST /api/v1/effects/e1/settle",
            json!({"applied": true, "fulfillment_id": "9001"}),
        ),
        steer(
            &["products", "sync", "north", "--detach"],
            "POST /api/v1/stores/north/products/sync",
        ),
        case(
            &["jobs", "north", "--limit", "5"],
            r#"{"jobs": [], "silent": []}"#,
            "GET /api/v1/stores/north/jobs?limit=5",
            Value::Null,
        ),
        steer(&["job", "show", "j1"], "GET /api/v1/jobs/j1"),
        steer(&["job", "pause", "j1"], "POST /api/v1/jobs/j1/pause"),
        steer(&["job", "resume", "j1"], "POST /api/v1/jobs/j1/resume"),
        steer(&["job", "cancel", "j1"], "POST /api/v1/jobs/j1/cancel"),
        case(
            &["conflicts", "north"],
            r#"{"conflicts": [], "next": null}"#,
            "GET /api/v1/stores/north/conflicts?limit=500",
            Value::Null,
        ),
    ]);
}

#[test]
fn orders_and_shipments() {
    check(vec![
        case(
            &["orders", "list", "north", "--standing", "parked"],
            r#"{"orders": [], "next": null}"#,
            "GET /api/v1/stores/north/orders?standing=parked&limit=500",
            Value::Null,
        ),
        case(
            &["orders", "show", "north:1001"],
            r#"{"order": {"order_key": "north:1001"}, "shipments": [], "silent": []}"#,
            "GET /api/v1/orders/north%3A1001",
            Value::Null,
        ),
        case(
            &["shipments", "list", "--store", "north", "--standing", "not-enabled"],
            r#"{"shipments": [], "next": null}"#,
            "GET /api/v1/shipments?store=north&standing=not_enabled&limit=500",
            Value::Null,
        ),
        case(
            &["shipments", "list", "--order", "north:1001"],
            r#"{"shipments": [], "next": null}"#,
            "GET /api/v1/shipments?order=north%3A1001&limit=500",
            Value::Null,
        ),
    ]);
}

#[test]
fn an_idempotency_key_is_sent_when_it_is_given() {
    let table = [
        ("backoffice add wms --idempotency-key k1", BACKOFFICE),
        ("token issue wms --idempotency-key k1", r#"{"token_id": "t1", "token": "x"}"#),
        ("store add n --shop-domain d --idempotency-key k1", STORE),
    ];
    for (line, answer) in table {
        let fake = Fake::answering([Answer::json(answer)]);
        let ran = fake.line(line).env("LOCKSTEP_SHOPIFY_STORE_ACCESS_TOKEN", "shpat_1").run();
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.err);
        assert_eq!(ran.asked[0].header("idempotency-key"), Some("k1"), "{line}");
    }
}
