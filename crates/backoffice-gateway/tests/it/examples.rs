//! Every example of the document is posted, and gets the answer that the document shows.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::world::{Answer, World, send};

async fn document(world: &World) -> Value {
    let request = Request::get("/v1/openapi.json").body(Body::empty()).expect("a request");
    send(world.rest(), request).await.body
}

/// Calls of the document: path and description.
fn posts(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let post = |(path, item): (&String, &Value)| Some((path.clone(), item.get("post")?.clone()));
    paths.iter().filter_map(post).collect()
}

/// The shown answers of a call: status, name of the example, body.
fn shown(post: &Value) -> Vec<(u16, String, Value)> {
    let mut all = Vec::new();
    for (status, response) in post["responses"].as_object().expect("responses") {
        for content in response["content"].as_object().expect("content").values() {
            for (name, example) in content["examples"].as_object().expect("examples") {
                let status = status.parse().expect("a status");
                all.push((status, name.clone(), example["value"].clone()));
            }
        }
    }
    all
}

fn assert_answer(answer: &Answer, what: &str, status: u16, body: &Value) {
    assert_eq!((answer.status.as_u16(), &answer.body), (status, body), "{what}");
}

#[tokio::test]
async fn every_example_gets_the_answer_that_the_document_shows() {
    let world = World::start().await;
    let document = document(&world).await;
    let posts = posts(&document);
    assert_eq!(posts.len(), 2);
    let mut tried = 0;
    for (path, post) in &posts {
        let requests = post["requestBody"]["content"]["application/json"]["examples"].as_object();
        let requests = requests.expect("examples of requests");
        let shown = shown(post);
        for (name, example) in requests {
            let answers: Vec<_> = shown.iter().filter(|(_, n, _)| n == name).collect();
            let [(status, _, body)] = answers.as_slice() else {
                panic!("{path} {name} must have one answer: {answers:?}");
            };
            let answer = world.post_json(path, &example["value"]).await;
            assert_answer(&answer, &format!("{path} {name}"), *status, body);
            tried += 1;
        }
        for (status, name, body) in shown.iter().filter(|(_, n, _)| !requests.contains_key(n)) {
            let answer = without_request(&world, path, name).await;
            assert_answer(&answer, &format!("{path} {name}"), *status, body);
            tried += 1;
        }
    }
    assert!(tried >= 14, "{tried} examples");
    world.stop().await;
}

/// Answers that no body brings about.
async fn without_request(world: &World, path: &str, name: &str) -> Answer {
    match name {
        "no_token" => world.post_as(None, path, "{}").await,
        "too_large" => world.post(path, vec![b' '; 9 * 1024 * 1024]).await,
        "away" => {
            world.bus.with_faults(|faults| faults.is_away = true);
            let item = if path.ends_with("counts") {
                r#"{"counts":[{"event_id":"away-c","sku":"A","warehouse_code":"MAIN",
                    "quantity":"1","counted_at":"2026-11-24T10:00:00Z"}]}"#
            } else {
                r#"{"movements":[{"event_id":"away-m","kind":"MOVEMENT_KIND_OTHER","sku":"A",
                    "warehouse_code":"MAIN","quantity":"1",
                    "occurred_at":"2026-11-24T10:00:00Z"}]}"#
            };
            let answer = world.post(path, item).await;
            world.bus.with_faults(|faults| faults.is_away = false);
            answer
        }
        other => panic!("the document shows an answer that nothing brings about: {other}"),
    }
}

#[tokio::test]
async fn the_document_is_served_without_a_token() {
    let world = World::start().await;
    let document = document(&world).await;
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/v1/stock/movements"]["post"]["summary"].is_string());
    world.stop().await;
}
