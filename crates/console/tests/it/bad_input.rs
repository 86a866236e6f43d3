//! Bad input, one row per case: each gets the documented code with the field, and nothing is done.

use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::World;

/// A store body with one field changed.
fn store(name: &str, value: Value) -> Value {
    let mut body = json!({"id": "south", "shop_domain": "south.myshopify.com",
                          "access_token": "shpat_south"});
    body[name] = value;
    body
}

fn stock(name: &str, value: Value) -> Value {
    json!({"stock": {name: value}})
}

#[rstest]
// POST /stores
#[case("POST", "/stores", json!({}), (422, "VALIDATION", "id"))]
#[case("POST", "/stores", store("id", json!("North!")), (422, "VALIDATION", "id"))]
#[case("POST", "/stores", store("id", json!("a".repeat(500))), (422, "VALIDATION", "id"))]
#[case("POST", "/stores", store("id", json!(["south"])), (422, "VALIDATION", "id"))]
#[case("POST", "/stores", store("id", Value::Null), (422, "VALIDATION", "id"))]
#[case("POST", "/stores", store("shop_domain", json!("south.example.com")),
       (422, "VALIDATION", "shop_domain"))]
#[case("POST", "/stores", store("shop_domain", json!("south.myshopify.com.evil.com")),
       (422, "VALIDATION", "shop_domain"))]
#[case("POST", "/stores", store("shop_domain", json!("a/b.myshopify.com")),
       (422, "VALIDATION", "shop_domain"))]
#[case("POST", "/stores", store("access_token", json!("")), (422, "VALIDATION", "access_token"))]
#[case("POST", "/stores", store("access_token", json!("a\r\nb")),
       (422, "VALIDATION", "access_token"))]
#[case("POST", "/stores", store("access_token", json!("x".repeat(600))),
       (422, "VALIDATION", "access_token"))]
#[case("POST", "/stores", store("access_token", json!(5)), (422, "VALIDATION", "access_token"))]
#[case("POST", "/stores", store("api_secret", json!("geheim\u{e9}")),
       (422, "VALIDATION", "api_secret"))]
#[case("POST", "/stores", store("api_secret", json!("one,two")),
       (422, "VALIDATION", "api_secret"))]
#[case("POST", "/stores", store("acess_token", json!("x")), (422, "UNKNOWN_FIELD", "acess_token"))]
#[case("POST", "/stores", store("backoffices", json!("wms")), (422, "VALIDATION", "backoffices"))]
#[case("POST", "/stores", store("backoffices", json!([{"id": "erp", "roles": []}])),
       (422, "UNKNOWN_BACK_OFFICE", "backoffices[0].id"))]
#[case("POST", "/stores", store("backoffices", json!([{"id": "wms"}])),
       (422, "VALIDATION", "backoffices[0].roles"))]
#[case("POST", "/stores", store("backoffices", json!([{"id": "wms", "roles": ["stok"]}])),
       (422, "VALIDATION", "backoffices[0].roles[0]"))]
#[case("POST", "/stores", store("backoffices", json!([{"id": "wms", "roles": ["stock"], "x": 1}])),
       (422, "UNKNOWN_FIELD", "backoffices[0].x"))]
#[case("POST", "/stores", store("backoffices",
       json!([{"id": "wms", "roles": ["stock"]}, {"id": "wms", "roles": ["orders"]}])),
       (422, "VALIDATION", "backoffices[1].id"))]
#[case("POST", "/stores", json!([]), (422, "VALIDATION", ""))]
#[case("POST", "/stores", json!(7), (422, "VALIDATION", ""))]
#[case("POST", "/stores", json!("{\"id\": \"south\""), (400, "MALFORMED_JSON", ""))]
#[case("POST", "/stores", json!("not json at all"), (400, "MALFORMED_JSON", ""))]
#[case("POST", "/stores", json!("[".repeat(10_000)), (400, "MALFORMED_JSON", ""))]
#[case("POST", "/stores", json!(" ".repeat(2 << 20)), (413, "TOO_LARGE", ""))]
// PATCH /stores/{id}
#[case("PATCH", "/stores/north", json!({"enabled": "yes"}), (422, "VALIDATION", "enabled"))]
#[case("PATCH", "/stores/north", json!({"enabled": 1}), (422, "VALIDATION", "enabled"))]
#[case("PATCH", "/stores/north", json!({"id": "west"}), (422, "UNKNOWN_FIELD", "id"))]
#[case("PATCH", "/stores/north", json!({"shop_domain": "west.myshopify.com"}),
       (422, "UNKNOWN_FIELD", "shop_domain"))]
#[case("PATCH", "/stores/north", json!({"stock.mode": "absolute"}),
       (422, "UNKNOWN_FIELD", "stock.mode"))]
#[case("PATCH", "/stores/north", json!({"stock": "live"}), (422, "VALIDATION", "stock"))]
#[case("PATCH", "/stores/north", stock("enabled", json!("on")),
       (422, "VALIDATION", "stock.enabled"))]
#[case("PATCH", "/stores/north", stock("enabled", json!(true)),
       (422, "VALIDATION", "stock.enabled"))]
#[case("PATCH", "/stores/north", stock("mode", json!("ABSOLUTE")),
       (422, "VALIDATION", "stock.mode"))]
#[case("PATCH", "/stores/north", stock("window_seconds", json!(29)),
       (422, "VALIDATION", "stock.window_seconds"))]
#[case("PATCH", "/stores/north", stock("window_seconds", json!(30.5)),
       (422, "VALIDATION", "stock.window_seconds"))]
#[case("PATCH", "/stores/north", stock("window_seconds", json!("30")),
       (422, "VALIDATION", "stock.window_seconds"))]
#[case("PATCH", "/stores/north", stock("window_seconds", json!(1_000_000)),
       (422, "VALIDATION", "stock.window_seconds"))]
#[case("PATCH", "/stores/north", stock("window_edge", json!("both")),
       (422, "VALIDATION", "stock.window_edge"))]
#[case("PATCH", "/stores/north", stock("buffer", json!(-1)), (422, "VALIDATION", "stock.buffer"))]
#[case("PATCH", "/stores/north", stock("buffer", json!(1e15)), (422, "VALIDATION", "stock.buffer"))]
#[case("PATCH", "/stores/north", stock("sold_out_threshold", json!(1_000_000_001)),
       (422, "VALIDATION", "stock.sold_out_threshold"))]
#[case("PATCH", "/stores/north", stock("allow_negative", json!("false")),
       (422, "VALIDATION", "stock.allow_negative"))]
#[case("PATCH", "/stores/north", stock("activate_at_location", json!("no")),
       (422, "VALIDATION", "stock.activate_at_location"))]
#[case("PATCH", "/stores/north", json!({"api_secret": "one,two"}),
       (422, "VALIDATION", "api_secret"))]
#[case("PATCH", "/stores/north", stock("windows", json!(1)),
       (422, "UNKNOWN_FIELD", "stock.windows"))]
#[case("PATCH", "/stores/none", json!({}), (404, "UNKNOWN_STORE", ""))]
#[case("PATCH", "/stores/No%20Such*", json!({}), (404, "UNKNOWN_STORE", ""))]
// Back offices
#[case("POST", "/backoffices", json!({"id": "WMS"}), (422, "VALIDATION", "id"))]
#[case("POST", "/backoffices", json!({"id": "erp", "kind": "sap"}), (422, "VALIDATION", "kind"))]
#[case("POST", "/backoffices", json!({"id": "erp", "name": "x".repeat(101)}),
       (422, "VALIDATION", "name"))]
#[case("POST", "/backoffices", json!({"id": "erp", "name": "a\nb"}), (422, "VALIDATION", "name"))]
#[case("POST", "/backoffices", json!({"id": "erp", "warehouses": []}),
       (422, "UNKNOWN_FIELD", "warehouses"))]
#[case("PATCH", "/backoffices/wms", json!({"stock": {"basis": "atp"}}),
       (422, "VALIDATION", "stock.basis"))]
#[case("PATCH", "/backoffices/wms", json!({"stock": {"lowered_by": []}}),
       (422, "VALIDATION", "stock.lowered_by"))]
#[case("PATCH", "/backoffices/wms", json!({"stock": {"lowered_by": ["pick", "sale"]}}),
       (422, "VALIDATION", "stock.lowered_by[1]"))]
#[case("PATCH", "/backoffices/wms", json!({"kind": "contract"}), (422, "UNKNOWN_FIELD", "kind"))]
#[case("PATCH", "/backoffices/none", json!({}), (404, "UNKNOWN_BACK_OFFICE", ""))]
#[case("PUT", "/backoffices/wms/warehouses/%20A", json!({}), (422, "VALIDATION", "code"))]
#[case("PUT", "/backoffices/wms/warehouses/a%00b", json!({}), (422, "VALIDATION", "code"))]
#[case("PUT", "/backoffices/wms/warehouses/A", json!({"code": "A"}),
       (422, "UNKNOWN_FIELD", "code"))]
#[case("POST", "/backoffices/wms/tokens", json!({"label": 5}), (422, "VALIDATION", "label"))]
#[case("POST", "/backoffices/none/tokens", json!({}), (404, "UNKNOWN_BACK_OFFICE", ""))]
// Links
#[case("PUT", "/stores/north/links/0", json!({"backoffice": "wms", "sku": "A"}),
       (422, "VALIDATION", "variant_id"))]
#[case("PUT", "/stores/north/links/x", json!({"backoffice": "wms", "sku": "A"}),
       (422, "VALIDATION", "variant_id"))]
#[case("PUT", "/stores/north/links/5", json!({"backoffice": "wms", "sku": "x".repeat(500)}),
       (422, "VALIDATION", "sku"))]
#[case("PUT", "/stores/north/links/5", json!({"backoffice": "wms", "sku": ""}),
       (422, "VALIDATION", "sku"))]
#[case("PUT", "/stores/north/links/5", json!({"backoffice": "wms", "sku": " A"}),
       (422, "VALIDATION", "sku"))]
#[case("PUT", "/stores/north/links/5", json!({"sku": "A"}), (422, "VALIDATION", "backoffice"))]
#[case("PUT", "/stores/north/links/5?dry_run=maybe", json!({"backoffice": "wms", "sku": "A"}),
       (400, "BAD_QUERY", "dry_run"))]
#[case("PUT", "/stores/north/links/5?dryrun=true", json!({"backoffice": "wms", "sku": "A"}),
       (400, "BAD_QUERY", "dryrun"))]
#[case("POST", "/stores/north/links", json!({"links": [{"variant_id": 1.5}]}),
       (422, "VALIDATION", "links[0].variant_id"))]
#[case("POST", "/stores/north/links", json!({"rows": []}), (422, "VALIDATION", "links"))]
// Reading
#[case("GET", "/stores?limit=0", Value::Null, (400, "BAD_QUERY", "limit"))]
#[case("GET", "/stores?limit=501", Value::Null, (400, "BAD_QUERY", "limit"))]
#[case("GET", "/stores?limit=all", Value::Null, (400, "BAD_QUERY", "limit"))]
#[case("GET", "/stores?page=2", Value::Null, (400, "BAD_QUERY", "page"))]
#[case("GET", "/stores/north/links?after=x", Value::Null, (400, "BAD_QUERY", "after"))]
#[case("GET", "/dead-letters?state=closed", Value::Null, (400, "BAD_QUERY", "state"))]
#[case("GET", "/activity?store=No*", Value::Null, (400, "BAD_QUERY", "store"))]
#[case("GET", "/stores/%FF", Value::Null, (404, "UNKNOWN_PATH", ""))]
#[case("GET", "/nothing", Value::Null, (404, "UNKNOWN_PATH", ""))]
#[case("PUT", "/stores", json!({}), (405, "METHOD_NOT_ALLOWED", ""))]
#[case("DELETE", "/stores/north/locations", Value::Null, (405, "METHOD_NOT_ALLOWED", ""))]
#[tokio::test]
async fn what_cannot_be_is_refused_by_name_and_nothing_is_done(
    #[case] method: &str,
    #[case] path: &str,
    #[case] body: Value,
    #[case] expected: (u16, &str, &str),
) {
    let world = World::furnished().await;
    let before = world.get("/activity").await.ok();
    let calls = world.shops.calls().len();
    let (status, code, field) = world.call(method, path, body).await.problem();
    assert_eq!((status, code.as_str(), field.as_str()), expected);
    assert_eq!(world.get("/activity").await.ok(), before);
    assert_eq!(world.shops.calls().len(), calls, "Shopify was called");
}

#[rstest]
#[case("/stores", "text/plain", "{}")]
#[case("/stores", "text/csv", "a,b")]
#[case("/stores", "application/x-www-form-urlencoded", "id=south")]
#[case("/stores/north/links", "application/pdf", "x")]
#[case("/stores/north/links", "", "variant_id,backoffice,sku")]
#[tokio::test]
async fn a_body_of_another_kind_is_refused(
    #[case] path: &str,
    #[case] kind: &str,
    #[case] body: &str,
) {
    let world = World::furnished().await;
    let headers = [("content-type", kind)];
    let answer = world.call_with("POST", path, body.into(), &headers).await;
    assert_eq!(answer.problem(), (415, "UNSUPPORTED_MEDIA_TYPE".into(), String::new()));
}

#[rstest]
#[case::empty(b"")]
#[case::no_column(b"variant,backoffice,sku\n1,wms,A\n")]
#[case::not_utf8(b"variant_id,backoffice,sku\n1,wms,\xff\n")]
#[tokio::test]
async fn what_is_no_file_of_links_is_refused(#[case] file: &[u8]) {
    let world = World::furnished().await;
    let request = Request::post("/api/v1/stores/north/links")
        .header("authorization", "Bearer let-me-in")
        .header("content-type", "text/csv")
        .body(Body::from(file.to_vec()));
    let answer = world.send(request.unwrap()).await;
    assert_eq!(answer.problem(), (400, "MALFORMED_CSV".into(), String::new()));
}

#[tokio::test]
async fn too_many_rows_and_too_many_bytes_are_refused_before_anybody_is_asked() {
    let world = World::furnished().await;
    let headers = [("content-type", "text/csv")];
    let rows = "1,wms,A\n".repeat(50_001);
    let file = format!("variant_id,backoffice,sku\n{rows}");
    let answer = world.call_with("POST", "/stores/north/links", file.into(), &headers).await;
    assert_eq!(answer.problem(), (413, "TOO_LARGE".into(), String::new()));
    let file = "x".repeat(11 << 20);
    let answer = world.call_with("POST", "/stores/north/links", file.into(), &headers).await;
    assert_eq!(answer.problem(), (413, "TOO_LARGE".into(), String::new()));
}
