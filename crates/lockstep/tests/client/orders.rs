//! Orders and shipments as a merchant reads them.

use crate::fake::{Answer, Fake};

const ORDER: &str = r##"{"order_key": "north:1001", "store": "north", "order_id": "1001",
 "name": "#1001", "created_at": "2026-11-24T15:00:00Z", "updated_at": null,
 "financial_status": "PAID", "fulfillment_status": "PARTIALLY_FULFILLED", "standing": "parked",
 "parked": [{"reason": "unmapped", "subject": "72", "message": "location 72 is not mapped",
   "fix": "map it: PUT /api/v1/stores/north/locations/72"}],
 "parts": [{"warehouse": "wms/MAIN", "revision": 2, "request": "fulfil", "reason": "",
   "quantity": 3, "open": 1}],
 "answers": [{"backoffice": "wms", "answer": "accepted"}],
 "waiting": [{"backoffice": "wms", "event_id": "r1", "report": "release",
   "since": "2026-11-24T15:01:00Z"}],
 "lines": [{"line_id": "11", "sku": "LAMP-1", "title": "Lamp / red",
   "variant_id": "5", "inventory_item_id": "6", "quantity": 3,
   "removed": 0, "shares": [{"location_id": "71", "warehouse": "wms/MAIN", "sold": 3,
   "accepted": 3, "fulfilled": 2, "released": 0}]}],
 "cancelling": true, "unread": false, "redacted": false}"##;

const SHIPMENTS: &str = r#"[{"shipment": "wms/S1", "order_key": "north:1001", "store": "north",
 "warehouse": "wms/MAIN", "standing": "done", "message": "", "fix": "", "quantity": 2,
 "arrived": true, "unclear": false, "fulfillments": [
   {"fulfillment_id": "9001", "company": "DHL", "numbers": ["N1"], "cancelled": false},
   {"fulfillment_id": "9000", "company": "DHL", "numbers": ["N0"], "cancelled": true}]},
 {"shipment": "wms/S2", "order_key": "north:1001", "store": "north", "warehouse": "wms/MAIN",
 "standing": "parked", "message": "on hold in Shopify: OTHER",
 "fix": "release the hold in Shopify", "quantity": 1, "arrived": false, "fulfillments": []}]"#;

fn lines(line: &str, answer: &str) -> (Vec<String>, String) {
    let ran = Fake::answering([Answer::json(answer)]).line(line).run();
    assert_eq!(ran.code, Some(0), "{line}: {}", ran.err);
    (ran.out.lines().map(str::to_owned).collect(), ran.err)
}

/// A line of a table without the blanks that set its columns apart.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn a_list_of_orders_tells_why_they_wait() {
    let page = format!(r#"{{"orders": [{ORDER}], "next": null}}"#);
    let (out, _) = lines("orders list north", &page);
    let header = ["ORDER", "NAME", "PLACED", "PAYMENT", "FULFILLMENT", "STANDING", "OPEN", "WHY"];
    assert_eq!(cells(&out[0]), header);
    let row = [
        "north:1001",
        "#1001",
        "2026-11-24T15:00:00Z",
        "paid",
        "partially fulfilled",
        "parked",
        "wms/MAIN 1",
        "location 72 is not mapped: map it: lockstep location map north 72; release r1 of wms \
         waits",
    ];
    assert_eq!(cells(&out[1]), row);
    let (out, err) = lines("orders list north", r#"{"orders": [], "next": null}"#);
    assert_eq!((out.join("").as_str(), err.as_str()), ("", "no orders\n"));
}

#[test]
fn one_order_shows_all_of_it_and_who_was_silent() {
    let answer = format!(r#"{{"order": {ORDER}, "shipments": {SHIPMENTS}, "silent": []}}"#);
    let (out, err) = lines("orders show north:1001", &answer);
    let shown: Vec<_> = out.iter().map(|line| cells(line)).collect();
    for expected in [
        &["payment", "paid"][..],
        &["answers", "wms accepted"],
        &["parked", "location 72 is not mapped: map it: lockstep location map north 72"],
        &["waiting", "release r1 of wms, since 2026-11-24T15:01:00Z"],
        &["note", "a back office asked to cancel it; Shopify does not show it yet"],
        &["wms/MAIN", "fulfil", "3", "1", "-"],
        &["LAMP-1", "Lamp / red", "11", "71", "wms/MAIN", "3", "3", "2", "0"],
        &["wms/S1", "north:1001", "wms/MAIN", "arrived", "2", "DHL N1", "9001", "-"],
    ] {
        assert!(shown.iter().any(|line| line == expected), "{expected:?} is not in {out:#?}");
    }
    assert_eq!(err, "");
    let answer = format!(r#"{{"order": {ORDER}, "shipments": [], "silent": ["shipment-push"]}}"#);
    let (_, err) = lines("orders show north:1001", &answer);
    assert_eq!(err, "no answer from: shipment-push\n");
}

#[test]
fn a_list_of_shipments_tells_tracking_and_why_they_wait() {
    let page = format!(r#"{{"shipments": {SHIPMENTS}, "next": null}}"#);
    let (out, _) = lines("shipments list", &page);
    let parked = [
        "wms/S2",
        "north:1001",
        "wms/MAIN",
        "parked",
        "1",
        "-",
        "-",
        "on hold in Shopify: OTHER; release the hold in Shopify",
    ];
    assert_eq!(cells(&out[2]), parked);
}
