//! What is kept in the state file beside orders and stock: tokens, files, edits, products that
//! are set later.

use crate::world::{SHOP, schema};
use lockstep_shopify_standin::{Clock, ShopHandle, Standin, StandinConfig};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

async fn start(state: &Path, clock: &Clock) -> (Standin, Option<ShopHandle>) {
    let config = StandinConfig {
        clock: clock.clone(),
        state: Some(state.to_owned()),
        ..StandinConfig::new(schema())
    };
    let standin = Standin::start(config).await.unwrap();
    let shop = standin.shop(SHOP).ok();
    (standin, shop)
}

async fn payload(shop: &ShopHandle, query: &str, variables: Value) -> Value {
    let answer = shop.graphql(query, variables).await.unwrap();
    let data = answer["body"]["data"].as_object().unwrap_or_else(|| panic!("{answer}"));
    data.values().next().cloned().unwrap()
}

async fn token(standin: &Standin, body: Value) -> Value {
    let mut full = json!({"client_id": "standin-client-id", "client_secret": "s"});
    crate::world::merge(&mut full, body);
    let url = format!("{}/{SHOP}/admin/oauth/access_token", standin.url());
    let client = reqwest::Client::builder().build().unwrap();
    client.post(url).json(&full).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn tokens_files_edits_and_jobs_survive_a_kill() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let clock = Clock::manual("2026-11-24T12:00:00Z".parse().unwrap());
    let (standin, _) = start(&state, &clock).await;
    standin
        .create_shop(json!({
            "shop_domain": SHOP, "api_secret": "s", "locations": [{"name": "Berlin"}],
            "scopes": ["read_orders", "write_orders", "write_order_edits", "write_products",
                "read_inventory"],
            "products": [{"title": "Lamp", "variants": [
                {"sku": "LAMP", "quantities": [{"location": "Berlin", "available": 9}]}]}],
        }))
        .unwrap();
    let shop = standin.shop(SHOP).unwrap();
    let consent = format!(
        "http://x/?client_id=standin-client-id&redirect_uri=http://127.0.0.1/&scope={}",
        "read_orders,write_orders,write_order_edits,write_products,read_inventory"
    );
    let back = shop.act("consent", json!({"url": consent})).unwrap();
    let back = reqwest::Url::parse(back["location"].as_str().unwrap()).unwrap();
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let first = token(&standin, json!({"code": code, "expiring": 1})).await;
    let refresh = json!({"grant_type": "refresh_token", "refresh_token": first["refresh_token"]});
    let second = token(&standin, refresh.clone()).await;
    let order = shop
        .act("checkout", json!({"lines": [{"sku": "LAMP", "quantity": 1}]}))
        .unwrap()["order_gid"]
        .clone();
    let begin = "mutation($id:ID!){orderEditBegin(id:$id){calculatedOrder{id lineItems(first:1){\
        nodes{id}}} userErrors{message}}}";
    let session = payload(&shop, begin, json!({"id": order})).await["calculatedOrder"].clone();
    let query = "{inventoryItems{edges{node{id}}}}";
    let run = "mutation($q:String!){bulkOperationRunQuery(query:$q){bulkOperation{id}}}";
    let bulk = payload(&shop, run, json!({"q": query})).await["bulkOperation"]["id"].clone();
    let read = "query($id:ID!){bulkOperation(id:$id){status url}}";
    payload(&shop, read, json!({"id": bulk})).await;
    shop.settings(json!({"job_delay_ms": 60_000})).unwrap();
    let set = "mutation{productSet(input:{title:\"Later\"},synchronous:false){\
        productSetOperation{id}}}";
    let later = payload(&shop, set, json!({})).await["productSetOperation"]["id"].clone();
    shop.act("update_shop", json!({"name": "Other"})).unwrap();
    // Dropped without a word, as a kill does.
    drop((standin, shop));

    let (standin, shop) = start(&state, &clock).await;
    let shop = shop.unwrap();
    assert_eq!(token(&standin, refresh).await, second, "the same refresh, the same answer");
    let url = format!("{}/{SHOP}/admin/api/2026-10/graphql.json", standin.url());
    let client = reqwest::Client::builder().build().unwrap();
    let ask =
        client.post(url).header("X-Shopify-Access-Token", second["access_token"].as_str().unwrap());
    let answer = ask.json(&json!({"query": "{shop{id}}"})).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let named = payload(&shop, "{shop{name}}", json!({})).await;
    assert_eq!(named["name"], "Other");
    let line = &session["lineItems"]["nodes"][0]["id"];
    let more = "mutation($id:ID!,$l:ID!){orderEditSetQuantity(id:$id,lineItemId:$l,quantity:2){\
        userErrors{message}}}";
    let set = payload(&shop, more, json!({"id": session["id"], "l": line})).await;
    assert_eq!(set["userErrors"], json!([]));
    let file = payload(&shop, read, json!({"id": bulk})).await;
    assert_eq!(file["status"], "COMPLETED");
    let text = client.get(file["url"].as_str().unwrap()).send().await.unwrap().text().await;
    assert_eq!(text.unwrap().lines().count(), 1);
    clock.advance(Duration::from_secs(60));
    let poll = "query($id:ID!){productOperation(id:$id){status product{title}}}";
    let done = payload(&shop, poll, json!({"id": later})).await;
    assert_eq!(done, json!({"status": "COMPLETE", "product": {"title": "Later"}}));
}
