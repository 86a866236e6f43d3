//! Faults of the API: what the client meets, and whether the call was applied.

use crate::world::{ADJUST, Fixture};
use rstest::rstest;
use serde_json::{Value, json};

/// The body of an adjustment of LAMP-1 in Berlin by -1.
fn adjustment(fixture: &Fixture, key: &str) -> String {
    let variables = fixture.adjust(key, "available", json!({"delta": -1}));
    json!({"query": ADJUST, "variables": variables}).to_string()
}

/// Faults that answer something: status, and what is left of 5 afterwards.
#[rstest]
#[case("api_502_before", 502, 5)]
#[case("api_502_after", 502, 4)]
#[case("api_429", 429, 5)]
#[case("api_throttled", 200, 5)]
#[case("api_internal_error", 200, 5)]
#[case("api_not_json", 200, 4)]
#[case("api_html", 200, 5)]
#[case("api_500_before", 500, 5)]
#[case("api_500_after", 500, 4)]
#[case("api_520_before", 520, 5)]
#[case("api_520_after", 520, 4)]
#[case("api_401", 401, 5)]
#[case("api_errors_text", 200, 5)]
#[case("api_unknown_code", 200, 5)]
#[case("api_shop_inactive", 200, 5)]
#[case("api_internal_error_after", 200, 4)]
#[tokio::test]
async fn answers(#[case] fault: &str, #[case] status: u16, #[case] left: i64) {
    let fixture = Fixture::start().await;
    fixture.shop.fault(json!({"fault": fault})).unwrap();
    // Queries are not hit unless asked for.
    fixture.data("{shop{id}}", json!({})).await;
    let body = adjustment(&fixture, "k");
    let (got, headers, answer) = fixture.post("shpat_alpha", "2026-10", body.clone()).await;
    assert_eq!(got, status);
    assert_eq!(fixture.level("LAMP-1", "Berlin")["available"], left);
    match fault {
        "api_throttled" => {
            assert_eq!(answer["errors"][0]["message"], "Throttled");
            assert_eq!(answer["errors"][0]["extensions"]["code"], "THROTTLED");
            assert_eq!(answer["extensions"]["cost"]["actualQueryCost"], Value::Null);
            assert_eq!(answer.get("data"), None);
        }
        "api_401" | "api_errors_text" => assert!(answer["errors"].is_string()),
        "api_unknown_code" => {
            assert_eq!(answer["errors"][0]["extensions"]["code"], "A_CODE_OF_TOMORROW");
        }
        "api_shop_inactive" => {
            assert_eq!(answer["errors"][0]["extensions"]["code"], "SHOP_INACTIVE");
        }
        "api_internal_error" | "api_internal_error_after" => {
            assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL_SERVER_ERROR");
        }
        "api_429" => assert_eq!(headers["retry-after"], "1"),
        _ => assert!(answer.is_string(), "no JSON: {answer}"),
    }
    // The same key and bytes again: applied once in all.
    let (got, _, answer) = fixture.post("shpat_alpha", "2026-10", body).await;
    assert_eq!(got, 200);
    assert_eq!(answer["data"]["inventoryAdjustQuantities"]["userErrors"], json!([]));
    assert_eq!(fixture.level("LAMP-1", "Berlin")["available"], 4);
    assert!(fixture.kinds().is_empty());
    let journal = fixture.shop.journal(0);
    let entry = journal.iter().find(|entry| entry["fault"] == fault).unwrap();
    assert_eq!((&entry["status"], &entry["mutation"]), (&json!(status), &json!(true)));
    assert_eq!(entry["operation"], "Adjust");
}

/// Faults without an answer: whether the client waits in vain, and what is left of 5.
#[rstest]
#[case("api_hang_before", true, 5)]
#[case("api_hang_after", true, 4)]
#[case("api_reset_before", false, 5)]
#[case("api_reset_after", false, 4)]
#[tokio::test]
async fn silence(#[case] fault: &str, #[case] hangs: bool, #[case] left: i64) {
    let fixture = Fixture::start().await;
    let only = json!({"fault": fault, "root": "inventoryAdjustQuantities"});
    fixture.shop.fault(only).unwrap();
    let body = adjustment(&fixture, "k");
    let error = fixture.try_post("shpat_alpha", "2026-10", body.clone()).await.unwrap_err();
    assert_eq!(error.is_timeout(), hangs, "{error}");
    assert_eq!(fixture.level("LAMP-1", "Berlin")["available"], left);
    let answer = fixture.raw(body).await;
    assert_eq!(answer["data"]["inventoryAdjustQuantities"]["userErrors"], json!([]));
    assert_eq!(fixture.level("LAMP-1", "Berlin")["available"], 4);
    let journal = fixture.shop.journal(0);
    let entry = journal.iter().find(|entry| entry["fault"] == fault).unwrap();
    assert_eq!(entry["status"], Value::Null);
}

#[tokio::test]
async fn the_bucket_runs_dry_and_fills_again() {
    let product = json!({"title": "P", "variants": [{"sku": "S"}]});
    let products: Vec<Value> = vec![product; 250];
    let fixture = Fixture::with(json!({"products": products})).await;
    // 2 + 11 x (1 + 20 x 4), asked for and used: every product has its one variant.
    let inner: Vec<String> =
        (0..20).map(|n| format!("v{n}:variants(first:1){{nodes{{product{{id}}}}}}")).collect();
    let dear = format!("{{products(first:250){{nodes{{{}}}}}}}", inner.join(" "));
    for left in [1107, 214] {
        let answer = fixture.call(&dear, json!({})).await;
        let cost = &answer["body"]["extensions"]["cost"];
        assert_eq!(
            (&cost["requestedQueryCost"], &cost["actualQueryCost"]),
            (&json!(893), &json!(893))
        );
        assert_eq!(cost["throttleStatus"]["currentlyAvailable"], f64::from(left));
    }
    let answer = fixture.call(&dear, json!({})).await;
    assert_eq!(answer["status"], 200);
    assert_eq!(answer["body"]["errors"][0]["extensions"]["code"], "THROTTLED");
    assert_eq!(answer["body"].get("data"), None);
    let cost = &answer["body"]["extensions"]["cost"];
    assert_eq!(cost["requestedQueryCost"], 893);
    assert_eq!(cost["actualQueryCost"], Value::Null);
    assert_eq!(cost["throttleStatus"]["currentlyAvailable"], 214.0);
    assert_eq!(fixture.kinds(), ["throttled"]);
    // (893 - 214) / 100 seconds later there is just enough.
    fixture.clock.advance(std::time::Duration::from_millis(6790));
    fixture.data(&dear, json!({})).await;
    fixture.clock.advance(std::time::Duration::from_secs(20));
    let full = fixture.call("{shop{id}}", json!({})).await;
    let status = &full["body"]["extensions"]["cost"]["throttleStatus"];
    assert_eq!(status["currentlyAvailable"], 1999.0);
    fixture.shop.settings(json!({"plan": "plus"})).unwrap();
    let plus = fixture.call("{shop{id}}", json!({})).await;
    let status = &plus["body"]["extensions"]["cost"]["throttleStatus"];
    assert_eq!(status["maximumAvailable"], 20_000.0);
}

#[tokio::test]
async fn what_may_be_null_is_null() {
    let fixture = Fixture::start().await;
    fixture.shop.fault(json!({"fault": "api_nulls", "root": "*"})).unwrap();
    let query = "{locations(first:1){nodes{id name fulfillmentService{id}} pageInfo{endCursor \
        hasNextPage}} productVariants(first:1){nodes{id sku barcode inventoryPolicy}}}";
    let data = fixture.data(query, json!({})).await;
    assert_eq!(data["locations"]["pageInfo"], json!({"endCursor": null, "hasNextPage": true}));
    let variant = &data["productVariants"]["nodes"][0];
    assert_eq!((&variant["sku"], &variant["barcode"]), (&Value::Null, &Value::Null));
    assert!(variant["id"].is_string() && variant["inventoryPolicy"].is_string());
    assert!(fixture.data(query, json!({})).await["locations"]["pageInfo"]["endCursor"].is_string());
}
