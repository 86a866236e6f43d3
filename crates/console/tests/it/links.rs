//! Links: by hand, from a file and into a file.

use std::sync::{Arc, Mutex};

use lockstep_contracts::catalog::v1::{
    ChangeLinksRequest, ChangeLinksResponse, Link, LinkAnswer, LinkOrigin, LinkOutcome,
    ListLinksRequest, ListLinksResponse,
};
use lockstep_contracts::time::to_proto;
use lockstep_domain::Sku;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::world::{NOON, World};

type Seen = Arc<Mutex<Vec<ChangeLinksRequest>>>;

/// product-sync knows the variants 1 to 9,999; variant 7 is linked already.
async fn with_links() -> (World, Seen) {
    let mut world = World::furnished().await;
    let seen = Seen::default();
    let change = {
        let seen = seen.clone();
        move |request: ChangeLinksRequest| {
            seen.lock().unwrap().push(request.clone());
            let answers = request.wishes.into_iter().map(|wish| {
                let mut answer = LinkAnswer::default();
                let outcome = match wish.variant_id {
                    7 => LinkOutcome::Unchanged,
                    1..=9_999 if wish.sku.is_empty() => LinkOutcome::Cut,
                    1..=9_999 => LinkOutcome::Linked,
                    _ => {
                        answer.code = "UNKNOWN_VARIANT".to_owned();
                        answer.field = "variant_id".to_owned();
                        answer.message = "the store has no such variant".to_owned();
                        answer.fix = "look the id up".to_owned();
                        LinkOutcome::Refused
                    }
                };
                answer.set_outcome(outcome);
                LinkAnswer { wish: Some(wish), ..answer }
            });
            ChangeLinksResponse { answers: answers.collect() }
        }
    };
    world.answers(ChangeLinksRequest::subject(), change).await;
    let list = |request: ListLinksRequest| {
        let above = request.after_variant_id + 1;
        let until = (above + i64::from(request.limit)).min(1_201);
        let link = |variant_id| Link {
            variant_id,
            inventory_item_id: variant_id + 10_000,
            backoffice: "wms".to_owned(),
            sku: format!("SKU, \"{variant_id}\""),
            origin: LinkOrigin::Csv.into(),
            linked_at: Some(to_proto(NOON)),
        };
        ListLinksResponse { links: (above..until).map(link).collect(), more: until < 1_201 }
    };
    world.answers(ListLinksRequest::subject(), list).await;
    (world, seen)
}

#[tokio::test]
async fn a_variant_is_linked_and_cut_by_hand() {
    let (world, seen) = with_links().await;
    let path = "/stores/north/links/5";
    let body = json!({"backoffice": "wms", "sku": "LAMP 💡.*>"});
    let linked = world.call("PUT", path, body.clone()).await.ok();
    let expected = json!({"variant_id": "5", "backoffice": "wms", "sku": "LAMP 💡.*>",
                          "outcome": "linked", "dry_run": false});
    assert_eq!(linked, expected);
    let tried = world.call("PUT", &format!("{path}?dry_run=true"), body).await.ok();
    assert_eq!(tried["dry_run"], true);
    let cut = world.call("DELETE", path, Value::Null).await.ok();
    assert_eq!(cut["outcome"], "cut");
    let same = world.call("DELETE", "/stores/north/links/7", Value::Null).await.ok();
    assert_eq!(same["outcome"], "unchanged");
    let asked = seen.lock().unwrap().clone();
    assert_eq!(
        asked.iter().map(|one| one.dry_run).collect::<Vec<_>>(),
        [false, true, false, false]
    );
    assert!(asked.iter().all(|one| one.origin() == LinkOrigin::Hand && one.store == "north"));
}

#[tokio::test]
async fn a_refusal_of_product_sync_is_passed_on() {
    let (world, _) = with_links().await;
    let body = json!({"backoffice": "wms", "sku": "A"});
    let refused = world.call("PUT", "/stores/north/links/70000", body).await;
    assert_eq!(refused.problem(), (422, "UNKNOWN_VARIANT".into(), "variant_id".into()));
}

#[tokio::test]
async fn one_bad_row_of_a_file_never_stops_its_neighbours() {
    let (world, seen) = with_links().await;
    let file = "\u{feff}SKU,variant_id,Title,backoffice\r\n\
        A,1,Lamp,wms\r\n\"B, big\",gid://shopify/ProductVariant/2,,wms\r\n\
        C,nonsense,,wms\r\nD,3,,WMS\r\n,4,,\r\nE,70000,,wms\r\nF,7,,wms\r\nG,8\r\n";
    let csv = [("content-type", "text/csv; charset=utf-8")];
    let done = world.call_with("POST", "/stores/north/links", file.into(), &csv).await.ok();
    let counts = ["linked", "unchanged", "cut", "refused"].map(|name| done[name].as_u64().unwrap());
    assert_eq!(counts, [2, 1, 1, 4]);
    let rows = done["rows"].as_array().unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row["row"].as_u64().unwrap(), row["outcome"].as_str().unwrap(), &row["field"]))
        .collect();
    let field = |name: &str| Value::from(name);
    assert_eq!(
        shown,
        [
            (2, "linked", &Value::Null),
            (3, "linked", &Value::Null),
            (4, "refused", &field("variant_id")),
            (5, "refused", &field("backoffice")),
            (6, "cut", &Value::Null),
            (7, "refused", &field("variant_id")),
            (9, "refused", &field("backoffice")),
        ]
    );
    let asked = seen.lock().unwrap();
    assert_eq!(asked[0].origin(), LinkOrigin::Csv);
    assert_eq!(asked[0].wishes[1].sku, "B, big");
}

#[tokio::test]
async fn a_long_list_is_asked_in_pieces_and_shown_in_part() {
    let (world, seen) = with_links().await;
    let links: Vec<_> = (10..1_310)
        .map(|id| json!({"variant_id": id, "backoffice": "wms", "sku": format!("S{id}")}))
        .collect();
    let body = json!({"links": links});
    let done = world.call("POST", "/stores/north/links?dry_run=true", body).await.ok();
    assert_eq!((&done["linked"], &done["rows_left_out"]), (&json!(1300), &json!(300)));
    assert_eq!(done["rows"].as_array().unwrap().len(), 1_000);
    let sizes: Vec<_> = seen.lock().unwrap().iter().map(|one| one.wishes.len()).collect();
    assert_eq!(sizes, [250, 250, 250, 250, 250, 50]);
    assert!(seen.lock().unwrap().iter().all(|one| one.dry_run));
}

#[tokio::test]
async fn links_are_listed_by_page_and_written_as_one_file() {
    let (world, _) = with_links().await;
    let page = world.get("/stores/north/links?limit=2").await.ok();
    assert_eq!(page["next"], "2");
    let first = json!({"variant_id": "1", "inventory_item_id": "10001", "backoffice": "wms",
        "sku": "SKU, \"1\"", "origin": "csv", "linked_at": NOON.to_string()});
    assert_eq!(page["links"][0], first);
    let last = world.get("/stores/north/links?after=1199").await.ok();
    assert_eq!((last["links"].as_array().unwrap().len(), &last["next"]), (1, &Value::Null));

    let accept = [("accept", "text/csv")];
    let file = world.call_with("GET", "/stores/north/links", Value::Null, &accept).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let lines: Vec<_> = file.text.lines().collect();
    assert_eq!(lines[0], "variant_id,backoffice,sku,inventory_item_id,origin,linked_at");
    assert_eq!(lines[1], format!("1,wms,\"SKU, \"\"1\"\"\",10001,csv,{NOON}"));
    assert_eq!(lines.len(), 1_201);

    // What was written can be read again.
    let csv = [("content-type", "text/csv")];
    let text = file.text.clone();
    let done = world.call_with("POST", "/stores/north/links", text.into(), &csv).await.ok();
    assert_eq!((&done["linked"], &done["refused"]), (&json!(1_199), &json!(0)));
}

/// SKUs that a domain takes, many of them such as a spreadsheet would run.
fn skus(count: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let text = "['=+@, \"\\-]{0,3}[ -~\u{e9}\u{4e2d}\u{1f4a1}]{1,20}";
    let mut skus = Vec::new();
    while skus.len() < count {
        let sku = text.new_tree(&mut runner).unwrap().current();
        if Sku::try_new(sku.as_str()).is_ok() {
            skus.push(sku);
        }
    }
    skus
}

#[tokio::test]
async fn a_file_runs_nothing_in_a_spreadsheet_and_comes_back_as_it_was() {
    let mut world = World::furnished().await;
    let skus = skus(400);
    let known = skus.clone();
    let list = move |request: ListLinksRequest| {
        let (after, limit) = (request.after_variant_id, request.limit as usize);
        let rest = (1..).zip(&known).skip_while(|(id, _)| *id <= after);
        let links: Vec<_> = rest
            .take(limit)
            .map(|(variant_id, sku)| Link {
                variant_id,
                backoffice: "wms".to_owned(),
                sku: sku.clone(),
                ..Link::default()
            })
            .collect();
        let more = links.last().is_some_and(|last| last.variant_id < known.len() as i64);
        ListLinksResponse { links, more }
    };
    world.answers(ListLinksRequest::subject(), list).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let change = {
        let seen = seen.clone();
        move |request: ChangeLinksRequest| {
            let answers = request.wishes.iter().map(|wish| {
                let mut answer = LinkAnswer { wish: Some(wish.clone()), ..Default::default() };
                answer.set_outcome(LinkOutcome::Unchanged);
                answer
            });
            let answers = answers.collect();
            seen.lock().unwrap().extend(request.wishes.into_iter().map(|wish| wish.sku));
            ChangeLinksResponse { answers }
        }
    };
    world.answers(ChangeLinksRequest::subject(), change).await;

    let accept = [("accept", "text/csv")];
    let file = world.call_with("GET", "/stores/north/links", Value::Null, &accept).await.text;
    let rows = csv::Reader::from_reader(file.as_bytes()).into_records().map(Result::unwrap);
    let cells: Vec<_> = rows.map(|row| row.get(2).unwrap().to_owned()).collect();
    assert!(!cells.iter().any(|cell| cell.starts_with(['=', '+', '-', '@'])), "{cells:#?}");
    assert!(cells.iter().filter(|cell| cell.starts_with('\'')).count() > 100, "it was tried");

    let csv = [("content-type", "text/csv")];
    world.call_with("POST", "/stores/north/links", file.into(), &csv).await.ok();
    assert_eq!(*seen.lock().unwrap(), skus);
}

#[tokio::test]
async fn a_silent_product_sync_is_named() {
    let world = World::furnished().await;
    let answer = world.get("/stores/north/links").await;
    assert_eq!(answer.problem(), (503, "SERVICE_SILENT".into(), String::new()));
    assert!(answer.text.contains("product-sync"));
}
