//! The program is killed under load, again and again, while its state file is being written
//! anew: nothing that was answered is lost, and nothing happened twice.

use crate::process::{Program, ask, start_with, stop};
use crate::world::SHOP;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

const CLIENTS: usize = 4;
const KILLS: usize = 8;
const BETWEEN: usize = 40;

/// What clients share: where the program is, and what it answered.
struct Load {
    url: watch::Sender<String>,
    answered: watch::Sender<BTreeMap<String, Value>>,
}

fn shop() -> Value {
    json!({
        "shop_domain": SHOP, "access_token": "t", "api_secret": "s",
        "webhook_url": "http://127.0.0.1:9/nobody",
        "locations": [{"name": "Berlin"}],
        "products": [{"title": "Lamp", "variants": [
            {"sku": "LAMP", "quantities": [{"location": "Berlin", "available": 100_000}]}]}],
    })
}

/// Asks until there is an answer, wherever the program is meanwhile.
async fn insist(load: &Load, client: &reqwest::Client, path: &str, body: &Value) -> Value {
    let mut url = load.url.subscribe();
    loop {
        let place = url.borrow_and_update().clone();
        let request = client.post(format!("{place}{path}")).json(body);
        let request = request.header("X-Shopify-Access-Token", "t");
        let answer = async { request.send().await?.json::<Value>().await };
        match answer.await {
            Ok(answer) => return answer,
            Err(_) => url.changed().await.unwrap(),
        }
    }
}

/// Buys and writes notes until the load ends; each answer is written down.
async fn work(load: Arc<Load>, name: usize) {
    let client = reqwest::Client::builder().build().unwrap();
    let note = "mutation($id:ID!,$n:String!){orderUpdate(input:{id:$id,note:$n}){order{id} \
        userErrors{message}}}";
    for number in 0.. {
        let id = format!("{name}-{number}");
        let buy = json!({"lines": [{"sku": "LAMP", "quantity": 1}], "request_id": id});
        let path = format!("/_standin/{SHOP}/act/checkout");
        let bought = insist(&load, &client, &path, &buy).await;
        let gid = bought["order_gid"].clone();
        load.answered.send_modify(|all| drop(all.insert(id.clone(), bought.clone())));
        let path = format!("/{SHOP}/admin/api/2026-10/graphql.json");
        let body = json!({"query": note, "variables": {"id": gid, "n": id}});
        let wrote = insist(&load, &client, &path, &body).await;
        assert_eq!(wrote["data"]["orderUpdate"]["userErrors"], json!([]), "{wrote}");
        load.answered.send_modify(|all| drop(all.insert(format!("note {id}"), gid)));
    }
}

/// Writes ever higher numbers on one order; what was answered last is written down.
async fn count(load: Arc<Load>, order: String) {
    let client = reqwest::Client::builder().build().unwrap();
    let path = format!("/_standin/{SHOP}/act/update_order");
    for number in 0.. {
        let body = json!({"order": order, "note": format!("{number:09}")});
        insist(&load, &client, &path, &body).await;
        load.answered.send_modify(|all| drop(all.insert(order.clone(), number.into())));
    }
}

async fn notes(program: &Program) -> BTreeMap<String, Value> {
    let query = "query($a:String){orders(first:250,after:$a){pageInfo{hasNextPage endCursor} \
        nodes{id note}}}";
    let client = reqwest::Client::builder().build().unwrap();
    let url = format!("{}/{SHOP}/admin/api/2026-10/graphql.json", program.url);
    let (mut all, mut after) = (BTreeMap::new(), Value::Null);
    loop {
        let body = json!({"query": query, "variables": {"a": after}});
        let request = client.post(&url).header("X-Shopify-Access-Token", "t").json(&body);
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        let page = &page["data"]["orders"];
        for node in page["nodes"].as_array().unwrap() {
            all.insert(node["id"].as_str().unwrap().to_owned(), node["note"].clone());
        }
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_any_moment_take_back_nothing_that_was_answered() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let mut program = start_with(&state, &["--state-limit", "300000"]).await;
    ask(format!("{}/_standin/shops", program.url), Some(shop())).await;
    // A plan with room for all calls.
    let plan = json!({"plan": "enterprise"});
    ask(format!("{}/_standin/{SHOP}/settings", program.url), Some(plan)).await;
    let load = Arc::new(Load {
        url: watch::Sender::new(program.url.clone()),
        answered: watch::Sender::new(BTreeMap::new()),
    });
    let clients: Vec<_> =
        (0..CLIENTS).map(|name| tokio::spawn(work(Arc::clone(&load), name))).collect();
    for kill in 1..=KILLS {
        let mut answered = load.answered.subscribe();
        answered.wait_for(|all| all.len() >= kill * BETWEEN).await.unwrap();
        program.child.start_kill().unwrap();
        program.child.wait().await.unwrap();
        program = start_with(&state, &["--state-limit", "300000"]).await;
        load.url.send_replace(program.url.clone());
    }
    for client in clients {
        client.abort();
        assert!(client.await.is_err_and(|error| error.is_cancelled()), "a client failed");
    }
    let answered = load.answered.borrow().clone();
    let kept = ask(format!("{}/_standin/{SHOP}", program.url), None).await;
    let notes = notes(&program).await;
    let mut names: Vec<&Value> =
        kept["orders"].as_array().unwrap().iter().map(|order| &order["name"]).collect();
    for (id, answer) in &answered {
        if let Some(text) = id.strip_prefix("note ") {
            assert_eq!(notes[answer.as_str().unwrap()], text);
        } else {
            assert!(names.contains(&&answer["name"]), "{answer}");
        }
    }
    // Under its id nothing happened twice: at most one order per client was not heard of.
    let bought = answered.keys().filter(|id| !id.starts_with("note")).count();
    assert!(names.len() <= bought + CLIENTS, "{} orders for {bought} answers", names.len());
    names.dedup();
    assert_eq!(names.len(), kept["orders"].as_array().unwrap().len());
    let sold = i64::try_from(names.len()).unwrap();
    assert_eq!(kept["levels"][0]["available"], 100_000 - sold);
    assert_eq!(kept["levels"][0]["committed"], sold);
    // No gap in what was written down.
    let all = format!("{}/_standin/{SHOP}/journal?limit=100000", program.url);
    let journal = ask(all, None).await;
    let entries = journal["entries"].as_array().unwrap();
    for (place, entry) in (1_u64..).zip(entries) {
        assert_eq!(entry["seq"], place);
    }
    assert_eq!(journal["last"], json!(entries.len()));
    stop(program).await;
}

/// The same few rows change all the time, so the state is written anew all the time, and the
/// program is killed in the middle of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_while_the_state_is_written_anew_take_back_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let flags = ["--state-limit", "1", "--journal-limit", "20"];
    let mut program = start_with(&state, &flags).await;
    let mut plain = shop();
    plain["webhook_url"] = Value::Null;
    ask(format!("{}/_standin/shops", program.url), Some(plain)).await;
    let mut orders = Vec::new();
    for _ in 0..CLIENTS {
        let buy = json!({"lines": [{"sku": "LAMP", "quantity": 1}]});
        let made = ask(format!("{}/_standin/{SHOP}/act/checkout", program.url), Some(buy)).await;
        orders.push(made["order_gid"].as_str().unwrap().to_owned());
    }
    let load = Arc::new(Load {
        url: watch::Sender::new(program.url.clone()),
        answered: watch::Sender::new(BTreeMap::new()),
    });
    let clients: Vec<_> =
        orders.iter().map(|id| tokio::spawn(count(Arc::clone(&load), id.clone()))).collect();
    for kill in 1..=2 * KILLS {
        let mut answered = load.answered.subscribe();
        let sum =
            |all: &BTreeMap<String, Value>| -> u64 { all.values().filter_map(Value::as_u64).sum() };
        let enough = u64::try_from(kill * 70).unwrap();
        answered.wait_for(|all| sum(all) >= enough).await.unwrap();
        program.child.start_kill().unwrap();
        program.child.wait().await.unwrap();
        let heard = load.answered.borrow().clone();
        program = start_with(&state, &flags).await;
        let kept = notes(&program).await;
        for (order, number) in &heard {
            let number = number.as_u64().unwrap();
            let note: u64 = kept[order].as_str().unwrap().parse().unwrap();
            assert!(note == number || note == number + 1, "{note} after {number} was answered");
        }
        load.url.send_replace(program.url.clone());
    }
    for client in clients {
        client.abort();
        assert!(client.await.is_err_and(|error| error.is_cancelled()), "a client failed");
    }
    stop(program).await;
}
