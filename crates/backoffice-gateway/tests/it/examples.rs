//! Every example of the document is posted, and gets the answer that the document shows.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::announce::announce_item;
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

/// The path with the example of its parameter in the place of its name.
fn filled(path: &str, item: &Value) -> String {
    match item["parameters"].as_array() {
        Some(parameters) => parameters.iter().fold(path.to_owned(), |path, parameter| {
            let name = format!("{{{}}}", parameter["name"].as_str().expect("a name"));
            path.replace(&name, parameter["example"].as_str().expect("an example"))
        }),
        None => path.to_owned(),
    }
}

#[tokio::test]
async fn every_example_gets_the_answer_that_the_document_shows() {
    let world = World::start().await;
    let document = document(&world).await;
    let posts = posts(&document);
    assert_eq!(posts.len(), 13);
    announce_example(&world, &document).await;
    let mut tried = 0;
    for (path, post) in &posts {
        let path = &filled(path, &document["paths"][path]);
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
        let taken = shown
            .iter()
            .find(|(status, _, _)| [200, 202].contains(status))
            .expect("a good example");
        let good = &requests[&taken.1]["value"];
        for (status, name, body) in shown.iter().filter(|(_, n, _)| !requests.contains_key(n)) {
            let answer = without_request(&world, path, name, good).await;
            assert_answer(&answer, &format!("{path} {name}"), *status, body);
            tried += 1;
        }
    }
    assert!(tried >= 70, "{tried} examples");
    world.stop().await;
}

/// The feed is as the document shows it.
async fn announce_example(world: &World, document: &Value) {
    let answers = &document["paths"]["/v1/feed"]["get"]["responses"];
    let page = &answers["200"]["content"]["application/json"]["examples"]["page"]["value"];
    for item in page["items"].as_array().expect("entries") {
        let item = serde_json::from_value(item.clone()).expect("an entry of the contract");
        announce_item(world, item).await;
    }
}

#[tokio::test]
async fn the_feed_is_read_as_the_document_shows() {
    let world = World::start().await;
    let document = document(&world).await;
    announce_example(&world, &document).await;
    let get = &document["paths"]["/v1/feed"]["get"];
    let parameters = get["parameters"].as_array().expect("parameters");
    let pairs = parameters.iter().map(|p| {
        let name = p["name"].as_str().expect("a name");
        format!("{name}={}", p["example"])
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    for (status, name, body) in shown(get) {
        let answer = match name.as_str() {
            "page" => world.get(&format!("/v1/feed?{query}")).await,
            "no_token" => {
                let request = Request::get("/v1/feed").body(Body::empty()).expect("a request");
                send(world.rest(), request).await
            }
            parameter => world.get(&format!("/v1/feed?{parameter}")).await,
        };
        assert_answer(&answer, &name, status, &body);
    }
    assert_eq!(shown(get).len(), 4);
    world.stop().await;
}

/// Answers that no body brings about.
async fn without_request(world: &World, path: &str, name: &str, good: &Value) -> Answer {
    match name {
        "no_token" => world.post_as(None, path, "{}").await,
        "too_large" => world.post(path, vec![b' '; 9 * 1024 * 1024]).await,
        "away" => {
            world.bus.with_faults(|faults| faults.is_away = true);
            let other = good.to_string().replace("\"event_id\":\"", "\"event_id\":\"away-");
            let answer = world.post(path, other).await;
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
