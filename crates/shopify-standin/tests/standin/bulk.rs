//! Bulk operations: their rules, their files, and what goes wrong with them.

use crate::world::{Fixture, Hooks, SHOP, soon};
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;

const RUN: &str = "mutation($q:String!,$g:Boolean!){bulkOperationRunQuery(query:$q,\
    groupObjects:$g){bulkOperation{id status type} userErrors{code field message}}}";
const STATE: &str = "query($id:ID!){bulkOperation(id:$id){id status errorCode objectCount \
    rootObjectCount fileSize url partialDataUrl completedAt}}";
const LEVELS: &str = "{inventoryItems{edges{node{id sku inventoryLevels{edges{node{id \
    location{id} quantities(names:[\"available\"]){quantity}}}}}}}}";

async fn start(fixture: &Fixture, query: &str, grouped: bool) -> Value {
    let run = fixture.payload(RUN, json!({"q": query, "g": grouped})).await;
    assert_eq!(run["userErrors"], json!([]));
    run["bulkOperation"]["id"].clone()
}

async fn state(fixture: &Fixture, id: &Value) -> Value {
    fixture.data(STATE, json!({"id": id})).await["bulkOperation"].clone()
}

async fn file(url: &Value) -> (u16, String) {
    let answer = reqwest::get(url.as_str().unwrap()).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap_or_default())
}

/// The file behind a byte.
async fn behind(url: &Value, from: usize) -> (u16, String) {
    let client = reqwest::Client::new();
    let request = client.get(url.as_str().unwrap()).header("range", format!("bytes={from}-"));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_query_runs_and_its_file_lives_a_week() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    fixture.shop.settings(json!({"bulk_delay_ms": 60_000})).unwrap();
    let id = start(&fixture, LEVELS, true).await;
    let running = state(&fixture, &id).await;
    assert_eq!((&running["status"], &running["url"]), (&json!("RUNNING"), &Value::Null));
    fixture.clock.advance(Duration::from_secs(60));
    let told = hooks.wait("bulk_operations/finish", 1).await.remove(0).json();
    assert_eq!((&told["admin_graphql_api_id"], &told["status"]), (&id, &json!("completed")));
    assert_eq!(told.get("url"), None);
    let done = state(&fixture, &id).await;
    assert_eq!((&done["status"], &done["errorCode"]), (&json!("COMPLETED"), &Value::Null));
    let (status, text) = file(&done["url"]).await;
    assert_eq!((status, &done["fileSize"]), (200, &json!(text.len().to_string())));
    assert_eq!(behind(&done["url"], 7).await, (206, text[7..].to_owned()));
    assert_eq!(behind(&done["url"], text.len()).await.0, 416);
    let all = lines(&text);
    assert_eq!(done["objectCount"], all.len().to_string());
    assert_eq!(done["rootObjectCount"], "5");
    let berlin = fixture.location("Berlin");
    let level = all.iter().find(|line| {
        line["__parentId"] == fixture.item("BULB") && line["location"]["id"] == berlin
    });
    assert_eq!(level.unwrap()["quantities"][0]["quantity"], 8);
    let place = |id: &Value| all.iter().position(|line| &line["id"] == id).unwrap();
    for line in all.iter().filter(|line| !line["__parentId"].is_null()) {
        assert!(place(&line["__parentId"]) < place(&line["id"]));
    }
    // Nothing of this cost more than the calls themselves.
    assert!(fixture.kinds().is_empty());
    fixture.clock.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(file(&done["url"]).await.0, 403);
    let late = state(&fixture, &id).await;
    assert_eq!((&late["status"], &late["url"]), (&json!("EXPIRED"), &Value::Null));
}

/// What is refused, and a word of the reason.
#[rstest]
#[case("{shop{id}}", "at least one connection")]
#[case("{orders{nodes{id}}}", "edges")]
#[case("query($a:String){products(query:$a){edges{node{id}}}}", "variables")]
#[case("{node(id:\"gid://shopify/Shop/1\"){id}}", "node and nodes")]
#[case("{inventoryItems{edges{node{sku inventoryLevels{edges{node{id}}}}}}}", "'id'")]
#[case(
    "{products{edges{node{id variants{edges{node{id product{variants{edges{node{id}}}}}}}}}}}",
    "depth"
)]
#[case(
    "{a:products{edges{node{id}}} b:products{edges{node{id}}} c:products{edges{node{id}}} \
    d:products{edges{node{id}}} e:products{edges{node{id}}} f:products{edges{node{id}}}}",
    "more than 5"
)]
#[case("{colours{edges{node{id}}}}", "Invalid bulk query")]
#[case("mutation{productDelete(input:{id:\"gid://shopify/Product/1\"}){shop{id}}}", "Only queries")]
#[tokio::test]
async fn queries_that_are_refused(#[case] query: &str, #[case] reason: &str) {
    let fixture = Fixture::start().await;
    let run = fixture.payload(RUN, json!({"q": query, "g": false})).await;
    let error = &run["userErrors"][0];
    assert_eq!(error["code"], "INVALID");
    assert!(error["message"].as_str().unwrap().contains(reason), "{error}");
    assert_eq!(fixture.kinds(), ["refused"]);
}

#[tokio::test]
async fn five_run_at_once_and_one_can_be_stopped() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"bulk_delay_ms": 60_000})).unwrap();
    let first = start(&fixture, LEVELS, false).await;
    for _ in 0..4 {
        start(&fixture, LEVELS, false).await;
    }
    let sixth = fixture.payload(RUN, json!({"q": LEVELS, "g": false})).await;
    assert_eq!(sixth["userErrors"][0]["code"], "OPERATION_IN_PROGRESS");
    let cancel = "mutation($id:ID!){bulkOperationCancel(id:$id){bulkOperation{status} \
        userErrors{message}}}";
    let payload = fixture.payload(cancel, json!({"id": first})).await;
    assert_eq!(payload["bulkOperation"]["status"], "CANCELING");
    assert_eq!(state(&fixture, &first).await["status"], "CANCELED");
    start(&fixture, LEVELS, false).await;
    let list = fixture
        .data("{bulkOperations(first:10,query:\"status:running\"){nodes{status}}}", json!({}))
        .await;
    assert_eq!(list["bulkOperations"]["nodes"].as_array().unwrap().len(), 5);
}

/// Faults while it runs: the code, and whether a part of the data is there.
#[rstest]
#[case("bulk_fails", "INTERNAL_SERVER_ERROR")]
#[case("bulk_times_out", "TIMEOUT")]
#[case("bulk_denied", "ACCESS_DENIED")]
#[tokio::test]
async fn an_operation_fails_with_a_part_of_its_data(#[case] fault: &str, #[case] code: &str) {
    let fixture = Fixture::start().await;
    fixture.shop.fault(json!({"fault": fault})).unwrap();
    let id = start(&fixture, LEVELS, true).await;
    let failed = state(&fixture, &id).await;
    assert_eq!((&failed["status"], &failed["errorCode"]), (&json!("FAILED"), &json!(code)));
    assert_eq!(failed["url"], Value::Null);
    let (status, text) = file(&failed["partialDataUrl"]).await;
    assert_eq!(status, 200);
    assert_eq!(failed["objectCount"], lines(&text).len().to_string());
    assert!(!text.is_empty());
    let again = start(&fixture, LEVELS, true).await;
    assert_eq!(state(&fixture, &again).await["status"], "COMPLETED");
}

#[tokio::test]
async fn files_that_break_and_operations_that_hang() {
    let fixture = Fixture::start().await;
    let id = start(&fixture, LEVELS, true).await;
    let url = state(&fixture, &id).await["url"].clone();
    let whole = file(&url).await.1;
    fixture.shop.fault(json!({"fault": "bulk_file_cut"})).unwrap();
    assert_eq!(file(&url).await, (200, whole[..whole.len() / 2].to_owned()));
    fixture.shop.fault(json!({"fault": "bulk_file_500"})).unwrap();
    assert_eq!(file(&url).await.0, 500);
    fixture.shop.fault(json!({"fault": "bulk_file_reset"})).unwrap();
    assert!(reqwest::get(url.as_str().unwrap()).await.is_err());
    assert_eq!(file(&url).await, (200, whole));
    fixture.shop.act("expire_bulk_files", json!({})).unwrap();
    assert_eq!(file(&url).await.0, 403);
    assert_eq!(state(&fixture, &id).await["status"], "EXPIRED");

    fixture.shop.fault(json!({"fault": "bulk_hangs"})).unwrap();
    let id = start(&fixture, LEVELS, true).await;
    fixture.clock.advance(Duration::from_secs(9 * 24 * 3600));
    assert_eq!(state(&fixture, &id).await["status"], "RUNNING");
    fixture.clock.advance(Duration::from_secs(24 * 3600));
    let failed = state(&fixture, &id).await;
    assert_eq!((&failed["status"], &failed["errorCode"]), (&json!("FAILED"), &json!("TIMEOUT")));
    let empty = start(&fixture, "{orders{edges{node{id}}}}", true).await;
    let empty = state(&fixture, &empty).await;
    assert_eq!((&empty["status"], &empty["url"]), (&json!("COMPLETED"), &Value::Null));
}

/// Sends a file of variables and answers its path.
async fn upload(fixture: &Fixture, text: &str) -> Value {
    let stage = "mutation{stagedUploadsCreate(input:[{resource:BULK_MUTATION_VARIABLES,\
        filename:\"v.jsonl\",mimeType:\"text/jsonl\",httpMethod:POST}]){stagedTargets{url \
        resourceUrl parameters{name value}} userErrors{message}}}";
    let staged = fixture.payload(stage, json!({})).await;
    let target = &staged["stagedTargets"][0];
    let mut form = String::new();
    let mut part = |name: &str, value: &str| {
        form.push_str("--edge\r\nContent-Disposition: form-data; name=\"");
        form.push_str(&format!("{name}\"\r\n\r\n{value}\r\n"));
    };
    for parameter in target["parameters"].as_array().unwrap() {
        part(parameter["name"].as_str().unwrap(), parameter["value"].as_str().unwrap());
    }
    part("file", text);
    form.push_str("--edge--\r\n");
    let url = target["url"].as_str().unwrap();
    assert!(url.contains(SHOP));
    let send = reqwest::Client::new().post(url);
    let send = send.header("content-type", "multipart/form-data; boundary=edge").body(form);
    assert_eq!(send.send().await.unwrap().status(), 201);
    let parameters = target["parameters"].as_array().unwrap();
    parameters.iter().find(|one| one["name"] == "key").unwrap()["value"].clone()
}

#[tokio::test]
async fn a_mutation_runs_once_per_line_of_a_file() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"bulk_inventory": true})).unwrap();
    let run = "mutation($m:String!,$p:String!){bulkOperationRunMutation(mutation:$m,\
        stagedUploadPath:$p){bulkOperation{id} userErrors{code message}}}";
    let item = |key: &str, quantity: i64| {
        fixture.set(key, "LAMP-1", "Berlin", json!({"quantity": quantity}))
    };
    let good = item("one", 7).to_string();
    let text = format!("{good}\n{good}\n{}\nno json\n", item("one", 8));
    let path = upload(&fixture, &text).await;
    let set = crate::world::SET;
    let payload = fixture.payload(run, json!({"m": set, "p": path})).await;
    assert_eq!(payload["userErrors"], json!([]));
    let done = state(&fixture, &payload["bulkOperation"]["id"]).await;
    assert_eq!(done["status"], "COMPLETED");
    let all = lines(&file(&done["url"]).await.1);
    let numbers: Vec<i64> = all.iter().filter_map(|line| line["__lineNumber"].as_i64()).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    let error = |line: usize| all[line]["data"]["inventorySetQuantities"]["userErrors"].clone();
    assert_eq!((error(0), error(1)), (json!([]), json!([])));
    assert_eq!(error(2)[0]["code"], "IDEMPOTENCY_KEY_PARAMETER_MISMATCH");
    assert_eq!(all[3]["errors"][0]["extensions"]["code"], "INVALID_VARIABLE");
    assert_eq!(fixture.level("LAMP-1", "Berlin")["available"], 7);

    let code = async |mutation: &str, path: &Value| {
        let payload = fixture.payload(run, json!({"m": mutation, "p": path})).await;
        payload["userErrors"][0]["code"].clone()
    };
    assert_eq!(code(set, &json!("tmp/nothing")).await, "NO_SUCH_FILE");
    let empty = upload(&fixture, "\n").await;
    assert_eq!(code(set, &empty).await, "INVALID_STAGED_UPLOAD_FILE");
    let two = "mutation{a:productDelete(input:{id:\"x\"}){shop{id}} \
        b:productDelete(input:{id:\"x\"}){shop{id}}}";
    assert_eq!(code(two, &path).await, "INVALID_MUTATION");
    fixture.shop.settings(json!({"bulk_inventory": false})).unwrap();
    assert_eq!(code(set, &path).await, "INVALID_MUTATION");
    fixture.clock.advance(Duration::from_secs(24 * 3600));
    fixture.shop.settings(json!({"bulk_inventory": true})).unwrap();
    assert_eq!(code(set, &path).await, "NO_SUCH_FILE");
}

#[tokio::test]
async fn a_query_that_the_scopes_do_not_open_fails_later() {
    let fixture = Fixture::with(json!({"scopes": ["read_products"]})).await;
    let id = start(&fixture, "{orders{edges{node{id}}}}", false).await;
    let failed = soon(state(&fixture, &id)).await;
    assert_eq!(failed["errorCode"], "ACCESS_DENIED");
}
