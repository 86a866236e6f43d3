use std::path::Path;
use std::sync::Mutex;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::*;
use crate::warehouse::book::{Adjust, CountLine, MoveLine, carry_out};
use crate::warehouse::ledger::Ledger;

/// A gateway that answers from a script and remembers what came.
#[derive(Default)]
struct Gateway {
    script: Mutex<Vec<(u16, Value)>>,
    calls: Mutex<Vec<Vec<String>>>,
    called: Notify,
}

async fn take(
    State(gateway): State<Arc<Gateway>>,
    Json(body): Json<Value>,
) -> (axum::http::StatusCode, Json<Value>) {
    let items = body.get("movements").or(body.get("counts")).and_then(Value::as_array);
    let ids = items.into_iter().flatten().filter_map(|item| item["event_id"].as_str());
    let ids: Vec<String> = ids.map(str::to_owned).collect();
    let accepted: Vec<Value> =
        ids.iter().map(|id| json!({ "event_id": id, "status": "ITEM_STATUS_ACCEPTED" })).collect();
    gateway.calls.lock().unwrap().push(ids);
    let scripted = {
        let mut script = gateway.script.lock().unwrap();
        if script.is_empty() { None } else { Some(script.remove(0)) }
    };
    gateway.called.notify_one();
    let (status, answer) = scripted.unwrap_or((202, json!({ "items": accepted })));
    (axum::http::StatusCode::from_u16(status).unwrap(), Json(answer))
}

async fn serve(script: Vec<(u16, Value)>) -> (Arc<Gateway>, String) {
    let gateway = Arc::new(Gateway { script: Mutex::new(script), ..Gateway::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/v1/stock/movements", post(take))
        .route("/v1/stock/counts", post(take))
        .with_state(Arc::clone(&gateway));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (gateway, url)
}

fn office(path: &Path) -> Arc<Office> {
    let ledger = Mutex::new(Ledger::open(path).unwrap());
    Arc::new(Office { ledger, reports: Notify::new(), bursts: Notify::new() })
}

fn adjust(office: &Office, sku: &str, quantity: i64) {
    let line = MoveLine { sku: sku.to_owned(), warehouse: "W".to_owned(), quantity };
    carry_out(&mut office.ledger(), Timestamp::now(), None, vec![Adjust(line)]).unwrap();
}

async fn run_until_empty(office: &Arc<Office>, gateway: &Gateway, url: &str) {
    let settings = Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        ledger: "unused".into(),
        lockstep_url: url.to_owned(),
        token: "token".to_owned(),
        orders: false,
    };
    let reporter = Reporter::try_new(&settings, Arc::clone(office)).unwrap();
    let empty = async {
        while office.ledger().waiting() > 0 {
            let _ = tokio::time::timeout(WAIT_FIRST, gateway.called.notified()).await;
        }
    };
    tokio::select! {
        never = reporter.run() => match never {},
        done = tokio::time::timeout(Duration::from_secs(20), empty) => done.unwrap(),
    }
}

#[tokio::test]
async fn a_batch_is_repeated_under_the_same_ids_until_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ledger"));
    adjust(&office, "A", 5);
    adjust(&office, "B", 6);
    let away = json!({ "code": "ERROR_CODE_UNAVAILABLE" });
    let half =
        json!({ "items": [{ "event_id": "WMS-000001", "status": "ITEM_STATUS_DUPLICATE" }] });
    let (gateway, url) = serve(vec![(503, away), (202, half)]).await;
    run_until_empty(&office, &gateway, &url).await;
    let calls = gateway.calls.lock().unwrap();
    assert_eq!(
        *calls,
        [vec!["WMS-000001", "WMS-000002"], vec!["WMS-000001", "WMS-000002"], vec!["WMS-000002"],]
    );
    assert!(office.ledger().refused().is_empty());
}

#[tokio::test]
async fn a_refused_report_is_kept_for_a_person_and_its_neighbours_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let office = office(&path);
    adjust(&office, "A", 5);
    adjust(&office, "B", 6);
    let error = json!({
        "code": "ERROR_CODE_UNKNOWN_WAREHOUSE", "field": "movements[0].warehouse_code",
        "message": "wms has no warehouse W", "fix": "declare it"
    });
    let answer = json!({ "items": [
        { "event_id": "WMS-000001", "status": "ITEM_STATUS_REJECTED", "error": error },
        { "event_id": "WMS-000002", "status": "ITEM_STATUS_ACCEPTED" },
    ]});
    let (gateway, url) = serve(vec![(202, answer)]).await;
    run_until_empty(&office, &gateway, &url).await;
    drop(office);

    let ledger = Ledger::open(&path).unwrap();
    assert_eq!((ledger.waiting(), ledger.refused().len(), ledger.held("W", "A")), (0, 1, 5));
    assert_eq!(ledger.refused()[0].event_id, "WMS-000001");
}

#[tokio::test]
async fn what_was_booked_before_a_kill_is_sent_after_it_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    {
        let office = office(&path);
        adjust(&office, "A", 5);
        let count = CountLine { sku: "A".into(), warehouse: "W".into(), quantity: Some(9) };
        carry_out(&mut office.ledger(), Timestamp::now(), None, vec![count]).unwrap();
        adjust(&office, "A", -2);
    }
    let office = office(&path);
    assert_eq!(office.ledger().waiting(), 3);
    assert_eq!(office.ledger().held("W", "A"), 7);
    let (gateway, url) = serve(Vec::new()).await;
    run_until_empty(&office, &gateway, &url).await;
    let calls = gateway.calls.lock().unwrap();
    assert_eq!(*calls, [["WMS-000001"], ["WMS-000002"], ["WMS-000003"]]);
}
