//! The binary: its one line, its state, its end.

use crate::world::{SHOP, schema};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

pub struct Program {
    pub child: Child,
    pub url: String,
}

pub async fn start(state: &Path) -> Program {
    start_with(state, &[]).await
}

/// Starts with more flags.
pub async fn start_with(state: &Path, flags: &[&str]) -> Program {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shopify-standin"))
        .arg("--schema")
        .arg(schema())
        .arg("--state")
        .arg(state)
        .args(flags)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let url = line.strip_prefix("shopify-standin listening on ").unwrap().to_owned();
    Program { child, url }
}

pub async fn stop(mut program: Program) {
    let id = program.child.id().unwrap();
    let killed = Command::new("kill").arg(id.to_string()).status().await.unwrap();
    assert!(killed.success());
    assert!(program.child.wait().await.unwrap().success());
}

pub async fn ask(url: String, body: Option<Value>) -> Value {
    let client = reqwest::Client::builder().build().unwrap();
    let request = match body {
        Some(body) => client.post(url).json(&body),
        None => client.get(url),
    };
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_restart_finds_the_shops_as_they_were() {
    // Whoever builds a client first brings the TLS provider along.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let first = start(&state).await;
    let shop = json!({
        "shop_domain": SHOP, "access_token": "t", "api_secret": "s",
        "webhook_url": "http://127.0.0.1:9/nobody",
        "locations": [{"name": "Berlin"}],
        "products": [{"title": "Lamp", "variants": [
            {"sku": "LAMP", "quantities": [{"location": "Berlin", "available": 5}]}]}],
    });
    ask(format!("{}/_standin/shops", first.url), Some(shop)).await;
    let lines = json!({"lines": [{"sku": "LAMP", "quantity": 2}]});
    ask(format!("{}/_standin/{SHOP}/act/checkout", first.url), Some(lines)).await;
    let tried = format!("{}/_standin/{SHOP}/journal?kind=webhook&wait=20", first.url);
    assert_ne!(ask(tried, None).await["entries"], json!([]));
    let before = ask(format!("{}/_standin/{SHOP}", first.url), None).await;
    stop(first).await;

    let second = start(&state).await;
    let health = ask(format!("{}/_standin/health", second.url), None).await;
    assert_eq!(health["shops"], 1);
    let after = ask(format!("{}/_standin/{SHOP}", second.url), None).await;
    for part in ["levels", "orders", "products", "subscriptions"] {
        assert_eq!(before[part], after[part], "{part}");
    }
    // Messages that were on their way still are.
    assert_ne!(after["webhooks_pending"], 0);
    let journal = ask(format!("{}/_standin/{SHOP}/journal?kind=webhook", second.url), None).await;
    assert_eq!(journal["entries"][0]["error"], "no connection");
    let missing = ask(format!("{}/_standin/nobody.myshopify.com", second.url), None).await;
    assert_eq!(missing["error"], "there is no shop nobody.myshopify.com");
    stop(second).await;
}

#[tokio::test]
async fn a_kill_takes_back_nothing_that_was_answered() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let mut program = start(&state).await;
    let shop = json!({
        "shop_domain": SHOP, "access_token": "t", "api_secret": "s",
        "locations": [{"name": "Berlin"}],
        "products": [{"title": "Lamp", "variants": [
            {"sku": "LAMP", "quantities": [{"location": "Berlin", "available": 50}]}]}],
    });
    ask(format!("{}/_standin/shops", program.url), Some(shop)).await;
    let mut orders = Vec::new();
    for number in 0..4 {
        let buy =
            json!({"lines": [{"sku": "LAMP", "quantity": 2}], "request_id": number.to_string()});
        let door = |program: &Program| format!("{}/_standin/{SHOP}/act/checkout", program.url);
        let bought = ask(door(&program), Some(buy.clone())).await;
        program.child.start_kill().unwrap();
        program.child.wait().await.unwrap();

        program = start(&state).await;
        assert_eq!(ask(door(&program), Some(buy)).await, bought, "under its id it happens once");
        orders.push(bought["order_id"].clone());
    }
    let after = ask(format!("{}/_standin/{SHOP}", program.url), None).await;
    assert_eq!(after["levels"][0]["available"], 42);
    let found: Vec<Value> =
        after["orders"].as_array().unwrap().iter().map(|order| order["id"].clone()).collect();
    assert_eq!(found, orders);
    stop(program).await;
}
