//! Tokens, versions, scopes, frozen shops, subscriptions that are refused, and what the control
//! API says to wrong bodies.

use crate::world::{Fixture, SET, merge};
use rstest::rstest;
use serde_json::{Value, json};

/// Subscriptions that are refused.
#[rstest]
#[case(json!({}), "Address can't be blank")]
#[case(json!({"uri": "http://hooks.example.com/"}), "Address protocol http:// is not supported")]
#[case(json!({"uri": "https://x.myshopify.com/"}),
    "Address cannot be a Shopify or an internal domain")]
#[case(json!({"uri": "https://hooks.example.com/", "filter": "id:'1"}), "Filter is invalid")]
#[case(json!({"uri": "https://hooks.example.com/", "name": "a b"}), "Name can only contain")]
#[tokio::test]
async fn subscriptions(#[case] input: Value, #[case] message: &str) {
    let fixture = Fixture::start().await;
    let query = "mutation($w:WebhookSubscriptionInput!){webhookSubscriptionCreate(\
        topic:ORDERS_CREATE,webhookSubscription:$w){webhookSubscription{id} \
        userErrors{field message}}}";
    let payload = fixture.payload(query, json!({"w": input})).await;
    assert_eq!(payload["webhookSubscription"], Value::Null);
    let said = payload["userErrors"][0]["message"].as_str().unwrap();
    assert!(said.starts_with(message), "{said}");
}

#[tokio::test]
async fn tokens_versions_scopes_and_frozen_shops() {
    let fixture = Fixture::with(json!({"scopes": ["read_products", "read_inventory"]})).await;
    let ask = |token: &'static str, version: &'static str| {
        fixture.post(token, version, json!({"query": "{shop{id}}"}).to_string())
    };
    let (status, _, body) = ask("wrong", "2026-10").await;
    assert_eq!(status, 401);
    assert_eq!(
        body["errors"],
        "[API] Invalid API key or access token (unrecognized login or wrong password)"
    );
    let (status, headers, _) = ask("shpat_alpha", "2024-01").await;
    assert_eq!((status, headers["x-shopify-api-version"].to_str().unwrap()), (200, "2026-01"));
    assert!(headers.contains_key("x-request-id"));
    assert_eq!(ask("shpat_alpha", "latest").await.0, 404);

    let set = fixture.set("k", "BULB", "Berlin", json!({"quantity": 1}));
    let answer = fixture.call(SET, set).await;
    let error = &answer["body"]["errors"][0];
    assert_eq!(error["extensions"]["code"], "ACCESS_DENIED");
    assert_eq!(error["extensions"]["requiredAccess"], "`write_inventory` access scope.");
    assert_eq!(fixture.kinds(), ["wrong_token", "wrong_version", "access_denied"]);

    let (status, _, _) = fixture.post("shpat_alpha", "2026-10", "no json".to_owned()).await;
    assert_eq!(status, 400);
    fixture.shop.settings(json!({"http_status": 402})).unwrap();
    assert_eq!(ask("shpat_alpha", "2026-10").await.0, 402);
    fixture.shop.settings(json!({"http_status": null})).unwrap();
    fixture.shop.act("uninstall", json!({})).unwrap();
    assert_eq!(ask("shpat_alpha", "2026-10").await.0, 401);
    fixture.shop.act("reinstall", json!({"access_token": "second"})).unwrap();
    assert_eq!(ask("second", "2026-10").await.0, 200);
}

#[tokio::test]
async fn the_control_api_says_what_is_wrong() {
    let fixture = Fixture::start().await;
    let shop = json!({"shop_domain": crate::world::SHOP, "access_token": "a", "api_secret": "b"});
    assert!(fixture.standin.create_shop(shop.clone()).is_err());
    for wrong in [
        json!({"shop_domain": "nope"}),
        json!({"colour": "red"}),
        json!({"shop_domain": "b.myshopify.com", "webhook_url": "http://example.com"}),
        json!({"shop_domain": "b.myshopify.com", "products": [{"title": "x", "status": "GONE",
            "variants": []}]}),
    ] {
        let mut body = shop.clone();
        merge(&mut body, wrong);
        let error = fixture.standin.create_shop(body).unwrap_err();
        assert_eq!(error.status(), 400, "{error}");
    }
    for (act, body, status) in [
        ("dance", json!({}), 404),
        ("checkout", json!({"lines": [{"sku": "NOPE", "quantity": 1}]}), 404),
        ("checkout", json!({"lines": [{"sku": "LAMP-1", "quantity": 100}]}), 422),
        ("checkout", json!({"lines": []}), 400),
        ("edit_stock", json!({"sku": "BULB", "location": "Lyon", "available": 1}), 404),
        ("edit_stock", json!({"sku": "BULB", "location": "Berlin"}), 400),
        ("fulfill", json!({"order": "#7"}), 404),
    ] {
        assert_eq!(fixture.shop.act(act, body).unwrap_err().status(), status, "{act}");
    }
    assert_eq!(fixture.shop.fault(json!({"fault": "nope"})).unwrap_err().status(), 400);
    assert_eq!(fixture.shop.settings(json!({"plan": "huge"})).unwrap_err().status(), 400);
}
