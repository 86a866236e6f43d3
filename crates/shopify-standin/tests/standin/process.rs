//! The binary: its one line, its state, its end.

use crate::world::{SHOP, schema};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

struct Program {
    child: Child,
    url: String,
}

async fn start(state: &Path) -> Program {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shopify-standin"))
        .arg("--schema")
        .arg(schema())
        .arg("--state")
        .arg(state)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let url = line.strip_prefix("shopify-standin listening on ").unwrap().to_owned();
    Program { child, url }
}

async fn stop(mut program: Program) {
    let id = program.child.id().unwrap();
    let killed = Command::new("kill").arg(id.to_string()).status().await.unwrap();
    assert!(killed.success());
    assert!(program.child.wait().await.unwrap().success());
}

async fn ask(url: String, body: Option<Value>) -> Value {
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
    for _ in 0..500 {
        let tried = ask(format!("{}/_standin/{SHOP}/journal?kind=webhook", first.url), None).await;
        if tried["entries"] != json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
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
