//! No secret, sealed or not, in any answer or log.

use lockstep_contracts::backoffice::v1::{IssueTokenRequest, IssueTokenResponse};
use lockstep_ports::Kv;
use lockstep_testkit::Logs;
use lockstep_testkit::bus::Fails;
use serde_json::{Value, json};

use crate::world::World;

/// Every way in which a secret comes in, each with what may go wrong.
async fn calls(world: &World) -> Vec<String> {
    let mut answers = Vec::new();
    let north = |token: &str| {
        json!({"id": "north", "shop_domain": "north.myshopify.com", "access_token": token,
               "api_secret": "hush-of-north"})
    };
    let key = [("idempotency-key", "key-of-north")];
    let mut call = async |method: &str, path: &str, body: Value| {
        let answer = world.call_with(method, path, body, &key).await;
        answers.push(format!("{} {:?} {}", answer.status, answer.headers, answer.text));
    };
    call("POST", "/stores", north("shpat_nobody")).await;
    call("POST", "/stores", north("shpat_south")).await;
    world.kv.fail("shopify", Fails::Before);
    call("POST", "/stores", north("shpat_north")).await;
    world.kv.fail("idempotency", Fails::Before);
    call("POST", "/backoffices", json!({"id": "wms"})).await;
    world.kv.mend();
    call("POST", "/stores", north("shpat_north")).await;
    call("POST", "/stores", north("shpat_north")).await;
    call("POST", "/stores", north("shpat_other")).await;
    call("PATCH", "/stores/north", json!({"access_token": "shpat_nobody"})).await;
    call("PATCH", "/stores/north", json!({"api_secret": "hush-one,hush-two"})).await;
    call("PATCH", "/stores/north", json!({"api_secret": "hush-\u{e9}"})).await;
    call("PATCH", "/stores/north", json!({"api_secret": ["hush-list"]})).await;
    world.kv.fail("shopify", Fails::After);
    call("PATCH", "/stores/north", json!({"api_secret": "hush-new"})).await;
    world.kv.mend();
    // Secrets in the wrong place.
    call("POST", "/stores", json!({"id": "shpat_0123456789abcdef"})).await;
    call("POST", "/stores", json!({"shop_domain": "shpss_0123456789abcdef", "id": "a"})).await;
    call("PATCH", "/stores/north", json!({"shpat_0123456789abcdef": 1})).await;
    call("GET", "/stores/shpat_0123456789abcdef", Value::Null).await;
    call("GET", "/stores?limit=shpat_0123456789abcdef", Value::Null).await;
    let links = json!({"links": [{"variant_id": "1", "backoffice": "shpat_0123456789abcdef"}]});
    call("POST", "/stores/north/links", links).await;
    call("POST", "/stores", json!("{\"access_token\": \"shpat_0123456789abcdef")).await;
    // Sealed by another key.
    let sealed = b"shpat sealed by nobody".as_slice();
    let present = world.bus.get("shopify", "north.token").await.unwrap().unwrap().revision;
    world.bus.put("shopify", "north.token", sealed.into(), present).await.unwrap();
    call("PATCH", "/stores/north", json!({"api_secret": "hush-shut"})).await;
    for path in ["/stores", "/stores/north/locations", "/activity", "/doctor", "/dead-letters"] {
        call("GET", path, Value::Null).await;
    }
    world.shops.change_token("shpat_north", "shpat_changed");
    call("PATCH", "/stores/north", json!({"access_token": "shpat_changed"})).await;
    call("DELETE", "/stores/north", Value::Null).await;
    answers
}

#[tokio::test]
async fn no_answer_and_no_log_shows_a_secret() {
    let (logs, _guard) = Logs::capture();
    let mut world = World::new().await;
    let issue = |_: IssueTokenRequest| IssueTokenResponse {
        token_id: "wms.1".to_owned(),
        token: "lsk_wms.1_c0ffee".to_owned(),
    };
    world.answers(IssueTokenRequest::subject(), issue).await;
    let answers = calls(&world).await;
    world.call("POST", "/backoffices", json!({"id": "wms"})).await.ok();
    let issued = world.call("POST", "/backoffices/wms/tokens", json!({})).await.ok();
    assert_eq!(issued["token"], "lsk_wms.1_c0ffee", "a token is shown this once");

    let log = logs.text();
    for part in ["store added", "store removed", "token issued", "console.request"] {
        assert!(log.contains(part), "{part} is written down");
    }
    let sealed = "sealed by nobody";
    let secrets = ["hush", "let-me-in", "key-of-north", "0123456789abcdef", "c0ffee", sealed];
    // The beginning of a token may be shown; what follows it may not.
    let tokens = ["nobody", "south", "north", "other", "changed"].map(|of| format!("shpat_{of}"));
    for text in answers.iter().chain([&log]) {
        for secret in secrets.iter().copied().chain(tokens.iter().map(String::as_str)) {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
