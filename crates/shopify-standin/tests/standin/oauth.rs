//! How the app gets its tokens and loses them: consent, codes, rotation, uninstall.

use crate::world::{Fixture, Hooks, SECRET, SHOP};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::time::Duration;

const CLIENT: &str = "standin-client-id";
const CALLBACK: &str = "http://127.0.0.1:9/oauth/callback";

fn browser() -> reqwest::Client {
    reqwest::Client::builder().redirect(Policy::none()).build().unwrap()
}

/// The address of the consent page.
fn authorize(fixture: &Fixture, more: &str) -> String {
    format!(
        "{}/{SHOP}/admin/oauth/authorize?client_id={CLIENT}&scope=write_orders,read_orders,\
         read_products&redirect_uri={CALLBACK}&state=n-1{more}",
        fixture.standin.url()
    )
}

/// Parameters of a redirect, after their signature was checked.
fn signed(location: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(location).unwrap();
    let mut parameters: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let hmac = parameters.remove("hmac").unwrap();
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(pairs.join("&").as_bytes());
    let hex: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hmac, hex);
    parameters
}

/// Approves by the act and answers the code.
fn code(fixture: &Fixture, more: &str) -> String {
    let url = authorize(fixture, more);
    let said = fixture.shop.act("consent", json!({"url": url})).unwrap();
    signed(said["location"].as_str().unwrap()).remove("code").unwrap()
}

/// A request for a token, as JSON.
async fn token(fixture: &Fixture, body: Value) -> (u16, Value) {
    let mut full = json!({"client_id": CLIENT, "client_secret": SECRET});
    crate::world::merge(&mut full, body);
    let url = format!("{}/{SHOP}/admin/oauth/access_token", fixture.standin.url());
    let answer = browser().post(url).json(&full).send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn granted(fixture: &Fixture, body: Value) -> Value {
    let (status, answer) = token(fixture, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The status that the Admin API answers to a token.
async fn status(fixture: &Fixture, answer: &Value) -> u16 {
    let token = answer["access_token"].as_str().unwrap();
    fixture.post(token, "2026-10", json!({"query": "{shop{id}}"}).to_string()).await.0
}

fn refresh(answer: &Value) -> Value {
    json!({"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]})
}

#[tokio::test]
async fn a_merchant_installs_the_app_in_a_browser() {
    let more = json!({"installed": false, "app_url": "http://127.0.0.1:9/"});
    let fixture = Fixture::with(more).await;
    let first = format!("{}/_standin/{SHOP}/install", fixture.standin.url());
    let first = browser().get(first).send().await.unwrap();
    assert_eq!(first.status(), 302);
    let opened = signed(first.headers()["location"].to_str().unwrap());
    assert_eq!((opened["shop"].as_str(), opened["timestamp"].as_str()), (SHOP, "1795521600"));

    let page = browser().get(authorize(&fixture, "")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    for shown in ["write_orders", "read_products", "value=\"approve\"", "value=\"deny\"", SHOP] {
        assert!(html.contains(shown), "{html}");
    }
    let form = |decision: &'static str| {
        let fields = [
            ("client_id", CLIENT),
            ("scope", "write_orders,read_orders,read_products"),
            ("redirect_uri", CALLBACK),
            ("state", "n-1"),
            ("chosen", "1"),
            ("grant", "write_orders"),
            ("grant", "read_orders"),
            ("decision", decision),
        ];
        let url = reqwest::Url::parse_with_params("http://form/", fields).unwrap();
        let post = format!("{}/{SHOP}/admin/oauth/authorize", fixture.standin.url());
        browser().post(post).body(url.query().unwrap().to_owned()).send()
    };
    let denied = form("deny").await.unwrap();
    assert_eq!(denied.status(), 200);
    assert_eq!(fixture.shop.snapshot()["installed"], false);
    let approved = form("approve").await.unwrap();
    assert_eq!(approved.status(), 302);
    let location = approved.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with(CALLBACK));
    let back = signed(&location);
    assert_eq!((back["state"].as_str(), back["shop"].as_str()), ("n-1", SHOP));
    assert!(back.contains_key("host"));

    let exchange = json!({"code": back["code"], "expiring": "1"});
    let answer = granted(&fixture, exchange.clone()).await;
    // What was not ticked is not granted, and a write scope stands for both.
    assert_eq!(answer["scope"], "write_orders");
    assert_eq!(
        (&answer["expires_in"], &answer["refresh_token_expires_in"]),
        (&json!(3600), &json!(7_776_000))
    );
    assert_eq!(status(&fixture, &answer).await, 200);
    assert_eq!(fixture.shop.snapshot()["scopes"], json!(["write_orders", "read_orders"]));
    let (status, again) = token(&fixture, exchange).await;
    assert_eq!((status, &again["error"]), (400, &json!("invalid_request")));
    assert_eq!(fixture.kinds(), ["bad_token_request"]);
}

#[tokio::test]
async fn an_expiring_token_is_refreshed_and_its_chain_rotates() {
    let fixture = Fixture::start().await;
    let exchange = json!({"code": code(&fixture, ""), "expiring": 1});
    let first = granted(&fixture, exchange).await;
    fixture.clock.advance(Duration::from_secs(3000));
    let second = granted(&fixture, refresh(&first)).await;
    assert_ne!(first["access_token"], second["access_token"]);
    assert_eq!(granted(&fixture, refresh(&first)).await, second, "the same request again");
    // The old access token lives until its own end.
    assert_eq!(status(&fixture, &first).await, 200);
    fixture.clock.advance(Duration::from_secs(600));
    assert_eq!((status(&fixture, &first).await, status(&fixture, &second).await), (401, 200));
    assert!(fixture.kinds().is_empty(), "the end may be met once");
    let (late, answer) = token(&fixture, refresh(&first)).await;
    assert_eq!(late, 401);
    let said = "This request requires an active refresh_token";
    assert_eq!(answer, json!({"error": "invalid_request", "error_description": said}));
    // A new consent begins a new chain, which ends the old one at once.
    let third = granted(&fixture, json!({"code": code(&fixture, ""), "expiring": 1})).await;
    assert_eq!(token(&fixture, refresh(&second)).await.0, 401);
    assert_eq!(status(&fixture, &second).await, 200);
    fixture.clock.advance(Duration::from_secs(90 * 24 * 3600));
    assert_eq!(token(&fixture, refresh(&third)).await.0, 401);
    assert_eq!(status(&fixture, &third).await, 401);
    assert_eq!(fixture.kinds(), ["bad_token_request", "expired_token"]);
}

#[tokio::test]
async fn a_rotation_whose_answer_was_lost_is_answered_again_for_a_while() {
    let fixture = Fixture::start().await;
    let first = granted(&fixture, json!({"code": code(&fixture, ""), "expiring": 1})).await;
    for fault in ["api_520_before", "api_500_after", "api_520_after"] {
        fixture.shop.fault(json!({"fault": fault, "root": "oauth"})).unwrap();
    }
    assert_eq!(token(&fixture, refresh(&first)).await.0, 520);
    assert_eq!(token(&fixture, refresh(&first)).await.0, 500);
    assert_eq!(token(&fixture, refresh(&first)).await.0, 520);
    let second = granted(&fixture, refresh(&first)).await;
    assert_eq!(status(&fixture, &second).await, 200);
    fixture.shop.fault(json!({"fault": "api_520_after", "root": "oauth"})).unwrap();
    assert_eq!(token(&fixture, refresh(&second)).await.0, 520);
    fixture.clock.advance(Duration::from_secs(61));
    assert_eq!(token(&fixture, refresh(&second)).await.0, 401);
    assert!(fixture.kinds().is_empty(), "it never heard the answer");
}

#[tokio::test]
async fn other_grants() {
    let fixture = Fixture::start().await;
    let lasting = granted(&fixture, json!({"code": code(&fixture, "")})).await;
    assert_eq!(lasting["access_token"], "shpat_alpha", "the same each time");
    assert_eq!(lasting.get("expires_in"), None);

    let day = granted(&fixture, json!({"grant_type": "client_credentials"})).await;
    assert_eq!((&day["expires_in"], day.get("refresh_token")), (&json!(86_399), None));
    assert_eq!(status(&fixture, &day).await, 200);
    fixture.shop.settings(json!({"same_organization": false})).unwrap();
    let (_, stranger) = token(&fixture, json!({"grant_type": "client_credentials"})).await;
    assert_eq!(stranger["error"], "shop_not_permitted");

    let online = code(&fixture, "&grant_options[]=per-user");
    let online = granted(&fixture, json!({"code": online})).await;
    assert_eq!(online["associated_user"]["account_owner"], true);
    let create = "mutation{orderCreate(order:{lineItems:[{title:\"x\",quantity:1}]}){\
        userErrors{message}}}";
    let body = json!({"query": create}).to_string();
    let answer = fixture.post(online["access_token"].as_str().unwrap(), "2026-10", body).await.2;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "ACCESS_DENIED");

    let session = fixture.shop.act("session_token", json!({})).unwrap();
    let kind = |name: &str| format!("urn:shopify:params:oauth:token-type:{name}");
    let exchange = |subject: &Value, subject_type: String| {
        json!({"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": subject, "subject_token_type": subject_type,
            "requested_token_type": kind("offline-access-token"), "expiring": "1"})
    };
    let id_token = "urn:ietf:params:oauth:token-type:id_token".to_owned();
    let page = granted(&fixture, exchange(&session["session_token"], id_token.clone())).await;
    assert_eq!(status(&fixture, &page).await, 200);
    assert_eq!(token(&fixture, exchange(&json!("a.b.c"), id_token)).await.0, 400);

    let offline = kind("offline-access-token");
    let moved = granted(&fixture, exchange(&json!("shpat_alpha"), offline.clone())).await;
    assert!(moved["refresh_token"].is_string());
    assert_eq!(status(&fixture, &lasting).await, 401, "there is no way back");
    assert_eq!(token(&fixture, exchange(&json!("shpat_alpha"), offline)).await.0, 400);
    fixture.shop.settings(json!({"expiring_tokens_only": true})).unwrap();
    let lasting = granted(&fixture, json!({"code": code(&fixture, "")})).await;
    assert_eq!((status(&fixture, &moved).await, status(&fixture, &lasting).await), (200, 403));
    let refreshing = json!({"access_token": moved["refresh_token"]});
    assert_eq!(status(&fixture, &refreshing).await, 403);
}

#[tokio::test]
async fn requests_that_shopify_shows_as_errors() {
    let fixture = Fixture::with(json!({"redirect_uris": [CALLBACK]})).await;
    let good = authorize(&fixture, "");
    for (wrong, said) in [
        (good.replace(CLIENT, "nobody"), "application_cannot_be_found"),
        (good.replace("callback", "elsewhere"), "redirect_uri is not whitelisted"),
        (good.replace("read_products", "read_minds%21"), "invalid_scope"),
    ] {
        let page = browser().get(wrong).send().await.unwrap();
        assert_eq!(page.status(), 400);
        assert!(page.text().await.unwrap().contains(said), "{said}");
    }
    browser().get(good.replace("&state=n-1", "")).send().await.unwrap();
    assert_eq!(fixture.kinds(), ["bad_authorization"; 4]);
    for (body, status) in [
        (json!({"client_id": "nobody"}), 400),
        (json!({"client_secret": "wrong"}), 401),
        (json!({"grant_type": "password"}), 400),
        (json!({"code": "never given"}), 400),
        (json!({"grant_type": "refresh_token", "refresh_token": "never given"}), 401),
    ] {
        assert_eq!(token(&fixture, body).await.0, status);
    }
    // For an hour the app may use both secrets.
    let rotated = json!({"api_secret": "second", "sign_with": "old"});
    fixture.shop.act("rotate_secret", rotated).unwrap();
    let credentials = json!({"grant_type": "client_credentials"});
    assert_eq!(token(&fixture, credentials.clone()).await.0, 200);
    fixture.clock.advance(Duration::from_secs(3600));
    assert_eq!(token(&fixture, credentials).await.0, 401);
}

#[tokio::test]
async fn an_uninstall_ends_all_and_the_shop_is_to_be_forgotten_two_days_later() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let two_days = Duration::from_secs(48 * 3600);
    let first = granted(&fixture, json!({"code": code(&fixture, ""), "expiring": 1})).await;
    hooks.wait("app/scopes_update", 1).await;
    fixture.shop.act("uninstall", json!({})).unwrap();
    assert_eq!(status(&fixture, &first).await, 401);
    assert_eq!(token(&fixture, refresh(&first)).await.0, 401);
    hooks.wait("app/uninstalled", 1).await;
    // It comes back in time.
    let second = granted(&fixture, json!({"code": code(&fixture, ""), "expiring": 1})).await;
    assert_eq!((status(&fixture, &first).await, status(&fixture, &second).await), (401, 200));
    let lasting = granted(&fixture, json!({"code": code(&fixture, "")})).await;
    assert_ne!(lasting["access_token"], "shpat_alpha");
    fixture.clock.advance(two_days);
    fixture.shop.act("uninstall", json!({})).unwrap();
    assert_eq!(hooks.of("shop/redact").len(), 0);
    fixture.clock.advance(two_days);
    let redact = hooks.wait("shop/redact", 1).await.remove(0).json();
    assert_eq!(redact["shop_domain"], SHOP);
    assert_eq!(redact.as_object().unwrap().len(), 2);
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn tokens_that_end_without_a_word_and_customers_that_want_to_be_forgotten() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let first = granted(&fixture, json!({"code": code(&fixture, ""), "expiring": 1})).await;
    fixture.shop.fault(json!({"fault": "api_token_dies", "root": "*"})).unwrap();
    assert_eq!(status(&fixture, &first).await, 401);
    fixture.clock.advance(Duration::from_secs(600));
    assert_eq!(status(&fixture, &first).await, 401);
    let second = granted(&fixture, refresh(&first)).await;
    assert_eq!(status(&fixture, &second).await, 200);
    fixture.shop.act("revoke_tokens", json!({})).unwrap();
    assert_eq!(status(&fixture, &second).await, 401);
    assert_eq!(token(&fixture, refresh(&second)).await.0, 401);
    assert!(fixture.kinds().is_empty());

    let lines = json!([{"sku": "LAMP-1", "quantity": 1}]);
    let order = fixture.shop.act("checkout", json!({"lines": lines})).unwrap();
    let named = json!({"order": order["order_id"]});
    let asked = fixture.shop.act("request_customer_data", named.clone()).unwrap();
    let told = hooks.wait("customers/data_request", 1).await.remove(0).json();
    assert_eq!(told["data_request"]["id"], asked["request_id"]);
    fixture.shop.act("redact_customer", named).unwrap();
    let told = hooks.wait("customers/redact", 1).await.remove(0).json();
    assert_eq!(told["orders_to_redact"], json!([order["order_id"]]));
    assert_eq!(told["customer"]["id"], asked["customer_id"]);
}
