use std::path::Path;
use std::sync::Mutex;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::*;
use crate::warehouse::book::{self, CountLine, PickLine};
use crate::warehouse::desk::{Accept, ShipCommand, carry_out};
use crate::warehouse::journal::{Fate, Outcome};
use crate::warehouse::ledger::Ledger;
use crate::warehouse::reporter::Reporter;

/// A Lockstep that has a feed, takes reports, and remembers what was asked.
#[derive(Default)]
struct Lockstep {
    feed: Vec<Value>,
    /// Statuses and bodies that are answered to reports first.
    script: Mutex<Vec<(u16, Value)>>,
    asked: Mutex<Vec<u64>>,
    acknowledged: Mutex<Vec<u64>>,
    reports: Mutex<Vec<(String, Value)>>,
    called: Notify,
}

#[derive(Deserialize)]
struct Asked {
    after: u64,
    limit: usize,
    wait: u32,
}

async fn feed(State(lockstep): State<Arc<Lockstep>>, Query(asked): Query<Asked>) -> Json<Value> {
    assert_eq!((asked.limit, asked.wait), (100, 20));
    lockstep.asked.lock().unwrap().push(asked.after);
    lockstep.called.notify_one();
    let after = usize::try_from(asked.after).unwrap();
    let page: Vec<Value> = lockstep.feed.iter().skip(after).take(2).cloned().collect();
    if page.is_empty() {
        std::future::pending::<()>().await;
    }
    Json(json!({ "items": page }))
}

async fn ack(State(lockstep): State<Arc<Lockstep>>, Json(body): Json<Value>) -> Json<Value> {
    let number = body["number"].as_str().unwrap().parse().unwrap();
    lockstep.acknowledged.lock().unwrap().push(number);
    Json(json!({}))
}

async fn report(
    State(lockstep): State<Arc<Lockstep>>,
    uri: axum::http::Uri,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let content = body.as_object().unwrap().values().next().unwrap().clone();
    let id = content["event_id"].clone();
    lockstep.reports.lock().unwrap().push((uri.path().to_owned(), body));
    lockstep.called.notify_one();
    let scripted = {
        let mut script = lockstep.script.lock().unwrap();
        if script.is_empty() { None } else { Some(script.remove(0)) }
    };
    let accepted = json!({ "item": { "event_id": id, "status": "ITEM_STATUS_ACCEPTED" } });
    let (status, answer) = scripted.unwrap_or((202, accepted));
    (StatusCode::from_u16(status).unwrap(), Json(answer))
}

async fn serve(lockstep: Lockstep) -> (Arc<Lockstep>, Settings) {
    let lockstep = Arc::new(lockstep);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let lockstep_url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/v1/feed", get(feed))
        .route("/v1/feed/ack", post(ack))
        .route("/v1/orders/{order_key}/accept", post(report))
        .route("/v1/shipments", post(report))
        .with_state(Arc::clone(&lockstep));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        ledger: "unused".into(),
        lockstep_url,
        token: "token".to_owned(),
        orders: true,
    };
    (lockstep, settings)
}

fn office(path: &Path) -> Arc<Office> {
    let ledger = Mutex::new(Ledger::open(path).unwrap());
    Arc::new(Office { ledger, reports: Notify::new(), bursts: Notify::new() })
}

fn order(number: u64, key: &str) -> Value {
    json!({
        "number": number.to_string(), "at": "2026-11-24T12:00:00Z",
        "order": {
            "order_key": key, "revision": 1, "store": "north", "order_name": "#1001",
            "request": "ORDER_REQUEST_FULFIL", "warehouse_code": "W", "tags": ["new"],
            "lines": [{ "line_id": "11", "sku": "LAMP", "quantity": "3", "quantity_open": "3" }],
        },
    })
}

/// Five lamps, three of them promised to the order; what is reported of that is settled.
fn promise(ledger: &mut Ledger) {
    let now = Timestamp::UNIX_EPOCH;
    let count = json!({ "sku": "LAMP", "warehouse": "W", "quantity": 5 });
    let count: CountLine = serde_json::from_value(count).unwrap();
    book::carry_out(ledger, now, None, vec![count]).unwrap();
    settle(ledger, "WMS-000001");
    ledger.read(now, serde_json::from_value(order(1, "north:1")).unwrap()).unwrap();
    let accept = serde_json::from_value(json!({ "order_key": "north:1" })).unwrap();
    carry_out(ledger, now, Accept(accept)).unwrap();
}

fn settle(ledger: &mut Ledger, event_id: &str) {
    let outcome = Outcome { event_id: event_id.to_owned(), fate: Fate::Accepted };
    ledger.settle(vec![outcome]).unwrap();
}

/// Runs both until it is so.
async fn run_until(
    office: &Arc<Office>,
    lockstep: &Lockstep,
    settings: &Settings,
    done: impl Fn() -> bool,
) {
    let reader = Reader::try_new(settings, Arc::clone(office)).unwrap();
    let reporter = Reporter::try_new(settings, Arc::clone(office)).unwrap();
    let finished = async {
        while !done() {
            let _ = tokio::time::timeout(WAIT_FIRST, lockstep.called.notified()).await;
        }
    };
    tokio::select! {
        never = reader.run() => match never {},
        never = reporter.run() => match never {},
        done = tokio::time::timeout(Duration::from_secs(20), finished) => done.unwrap(),
    }
}

#[tokio::test]
async fn the_feed_is_read_once_and_goes_on_where_the_ledger_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let verdict = json!({ "number": "3", "verdict": {
        "event_id": "WMS-000001", "report": "accept", "outcome": "VERDICT_OUTCOME_DONE",
    }});
    let newer = json!({ "number": "4", "something": { "of": "a later version" } });
    let told = vec![order(1, "north:1"), order(2, "north:2"), verdict, newer];
    let (lockstep, settings) = serve(Lockstep { feed: told, ..Lockstep::default() }).await;
    let acknowledged = || lockstep.acknowledged.lock().unwrap().last().copied();
    for life in 1..=2 {
        let office = office(&path);
        lockstep.acknowledged.lock().unwrap().clear();
        run_until(&office, &lockstep, &settings, || acknowledged() == Some(4)).await;
        let ledger = office.ledger();
        let orders = ledger.orders();
        assert_eq!((orders.read(), orders.missed()), (4, 0), "life {life}");
        assert_eq!((orders.views().len(), orders.verdicts().len()), (2, 1));
    }
    let asked = lockstep.asked.lock().unwrap().clone();
    assert!(asked.starts_with(&[0, 2]) && asked[2..].iter().all(|after| *after == 4), "{asked:?}");
}

#[tokio::test]
async fn reports_about_an_order_go_one_by_one_in_the_contracts_words() {
    let folder = tempfile::tempdir().unwrap();
    let away = (503, json!({ "code": "ERROR_CODE_UNAVAILABLE" }));
    let lockstep = Lockstep { script: Mutex::new(vec![away]), ..Lockstep::default() };
    let (lockstep, settings) = serve(lockstep).await;
    let office = office(&folder.path().join("ledger"));
    promise(&mut office.ledger());
    run_until(&office, &lockstep, &settings, || office.ledger().waiting() == 0).await;
    let reports = lockstep.reports.lock().unwrap().clone();
    assert_eq!(reports.len(), 2, "once refused for a moment, then taken");
    assert_eq!(reports[0], reports[1]);
    let (path, body) = &reports[0];
    assert_eq!(path, "/v1/orders/north:1/accept");
    assert_eq!(
        body["acceptance"],
        json!({
            "event_id": "WMS-000002", "occurred_at": body["acceptance"]["occurred_at"],
            "answers": "ORDER_REQUEST_FULFIL", "order_revision": 1, "whole_order": false,
            "lines": [{ "line_id": "11", "quantity": "3", "warehouse_code": "W" }],
        })
    );
}

#[tokio::test]
async fn a_refused_shipment_is_kept_for_a_person_and_the_next_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = json!({
        "type": "about:blank", "title": "Bad Request", "status": 400,
        "code": "ERROR_CODE_UNKNOWN_ORDER", "field": "shipment.order_key",
        "detail": "no store north", "fix": "name an order of the feed",
    });
    let lockstep = Lockstep { script: Mutex::new(vec![(400, refusal)]), ..Lockstep::default() };
    let (lockstep, settings) = serve(lockstep).await;
    let office = office(&folder.path().join("ledger"));
    let now = Timestamp::UNIX_EPOCH;
    {
        let mut ledger = office.ledger();
        promise(&mut ledger);
        let pick: PickLine = serde_json::from_value(json!({
            "sku": "LAMP", "warehouse": "W", "quantity": 2,
            "order": { "order_key": "north:1", "line_id": "11" },
        }))
        .unwrap();
        book::carry_out(&mut ledger, now, None, vec![pick]).unwrap();
        for number in ["T-1", "T-2"] {
            let ship: ShipCommand = serde_json::from_value(json!({
                "order_key": "north:1", "warehouse": "W", "packages": [{
                    "tracking_number": number, "carrier": "Post",
                    "lines": [{ "line_id": "11", "quantity": 1 }],
                }],
            }))
            .unwrap();
            carry_out(&mut ledger, now, ship).unwrap();
        }
        settle(&mut ledger, "WMS-000002");
        settle(&mut ledger, "WMS-000003");
    }
    run_until(&office, &lockstep, &settings, || office.ledger().waiting() == 0).await;
    let ledger = office.ledger();
    let refused: Vec<&str> = ledger.refused().iter().map(|one| one.event_id.as_str()).collect();
    assert_eq!(refused, ["WMS-000004"]);
    let reports = lockstep.reports.lock().unwrap().clone();
    let sent: Vec<&Value> = reports.iter().map(|(_, body)| &body["shipment"]).collect();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1]["shipment_id"], "SHIP-0002");
    assert_eq!(sent[1]["status"], "SHIPMENT_STATUS_SHIPPED");
    assert_eq!(sent[1]["packages"][0]["tracking_number"], "T-2");
    assert_eq!(sent[1]["packages"][0]["lines"][0]["quantity"], "1");
}
