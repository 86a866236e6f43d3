use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::warehouse::book::{self, MoveLine, PickLine, Receive};
use crate::warehouse::desk::{self, Accept, OrderCommand, Reject, ReturnCommand, ShipCommand};
use crate::warehouse::ledger::{Fault, Ledger};

const KEY: &str = "north:1";

fn open(path: &Path) -> Ledger {
    Ledger::open(path).expect("the file can be read")
}

/// A ledger with 10 lamps and 10 mugs in W, over a file of its own.
fn stocked() -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger = open(&folder.path().join("ledger"));
    let line = |sku: &str| {
        Receive(MoveLine { sku: sku.to_owned(), warehouse: "W".to_owned(), quantity: 10 })
    };
    let lines = vec![line("LAMP"), line("MUG")];
    book::carry_out(&mut ledger, Timestamp::UNIX_EPOCH, None, lines).expect("it fits");
    (folder, ledger)
}

fn command<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).expect("a command")
}

/// Tells of the order: three lamps and two mugs, of which so many are open.
fn tell(ledger: &mut Ledger, number: u64, revision: u32, request: &str, open: [i64; 2]) {
    let line = |id: &str, sku: &str, quantity: i64, open: i64| {
        json!({
            "line_id": id, "sku": sku, "title": "of no use here",
            "quantity": quantity.to_string(), "quantity_open": open.to_string(),
        })
    };
    let item = json!({
        "number": number.to_string(), "at": "2026-11-24T12:00:00Z",
        "order": {
            "order_key": KEY, "revision": revision, "store": "north", "order_name": "#1001",
            "request": format!("ORDER_REQUEST_{request}"), "warehouse_code": "W",
            "lines": [line("11", "LAMP", 3, open[0]), line("12", "MUG", 2, open[1])],
        },
    });
    ledger.read(Timestamp::UNIX_EPOCH, command(item)).expect("a disk");
}

fn accept(ledger: &mut Ledger) -> Result<usize, Fault> {
    let body = json!({ "order_key": KEY });
    let accept = Accept(command::<OrderCommand>(body));
    desk::carry_out(ledger, Timestamp::UNIX_EPOCH, accept).map(|reports| reports.len())
}

fn pick(ledger: &mut Ledger, line_id: &str, sku: &str, quantity: i64) -> Result<(), Fault> {
    let line: PickLine = command(json!({
        "sku": sku, "warehouse": "W", "quantity": quantity,
        "order": { "order_key": KEY, "line_id": line_id },
    }));
    book::carry_out(ledger, Timestamp::UNIX_EPOCH, None, vec![line]).map(drop)
}

fn ship(ledger: &mut Ledger, number: &str, lines: Value) -> Result<usize, Fault> {
    let body: ShipCommand = command(json!({
        "request_id": format!("ship-{number}"), "order_key": KEY, "warehouse": "W",
        "packages": [{ "tracking_number": number, "carrier": "Post", "lines": lines }],
    }));
    desk::carry_out(ledger, Timestamp::UNIX_EPOCH, body).map(|reports| reports.len())
}

/// Accepted, picked, shipped and returned pieces of both lines.
fn done(ledger: &Ledger) -> [[i64; 4]; 2] {
    ["11", "12"].map(|line_id| {
        let line = LineKey {
            order_key: KEY.to_owned(),
            warehouse: "W".to_owned(),
            line_id: line_id.to_owned(),
        };
        let work = ledger.orders().work(&line);
        [work.accepted, work.picked, work.shipped, work.returned]
    })
}

#[test]
fn an_order_is_accepted_picked_shipped_in_parts_and_comes_back_and_all_survives_a_kill() {
    let (folder, mut ledger) = stocked();
    tell(&mut ledger, 1, 1, "FULFIL", [3, 2]);
    assert_eq!(accept(&mut ledger).expect("it is asked for"), 1);
    let promised = |ledger: &Ledger| {
        let all = ledger.orders().reservations().into_iter();
        all.map(|one| (one.sku, one.quantity)).collect::<Vec<_>>()
    };
    assert_eq!(promised(&ledger), [("LAMP".to_owned(), 3), ("MUG".to_owned(), 2)]);
    assert_eq!((ledger.held("W", "LAMP"), ledger.held("W", "MUG")), (10, 10), "a promise only");

    pick(&mut ledger, "11", "LAMP", 2).expect("it is promised");
    ship(&mut ledger, "T-1", json!([{ "line_id": "11", "quantity": 2 }])).expect("it is picked");
    pick(&mut ledger, "11", "LAMP", 1).expect("it is promised");
    pick(&mut ledger, "12", "MUG", 2).expect("it is promised");
    let rest = json!([{ "line_id": "11", "quantity": 1 }, { "line_id": "12", "quantity": 2 }]);
    ship(&mut ledger, "T-2", rest.clone()).expect("it is picked");
    assert_eq!(ship(&mut ledger, "T-2", rest).expect("it was done before"), 0);

    let back: ReturnCommand = command(json!({
        "order_key": KEY, "warehouse": "W", "lines": [
            { "line_id": "11", "quantity": 1, "restock": true },
            { "line_id": "12", "quantity": 1, "restock": false },
        ],
    }));
    desk::carry_out(&mut ledger, Timestamp::UNIX_EPOCH, back).expect("it was shipped");

    for _ in 0..2 {
        assert_eq!(done(&ledger), [[3, 3, 3, 1], [2, 2, 2, 1]]);
        assert_eq!((ledger.held("W", "LAMP"), ledger.held("W", "MUG")), (8, 8));
        assert_eq!(promised(&ledger), []);
        let numbers = ledger.orders().shipments().iter().flat_map(|one| &one.packages);
        let numbers: Vec<&str> = numbers.map(|one| one.tracking_number.as_str()).collect();
        assert_eq!(numbers, ["T-1", "T-2"]);
        assert_eq!(ledger.orders().returns().len(), 1);
        drop(ledger);
        ledger = open(&folder.path().join("ledger"));
    }
}

#[test]
fn nothing_is_promised_picked_or_shipped_that_is_not_there() {
    let (_folder, mut ledger) = stocked();
    assert!(matches!(accept(&mut ledger), Err(Fault::Unknown(_))), "nobody told of it");
    tell(&mut ledger, 1, 1, "HOLD", [3, 2]);
    assert!(matches!(accept(&mut ledger), Err(Fault::Command(_))), "it is on hold");
    tell(&mut ledger, 2, 2, "FULFIL", [3, 2]);
    assert!(pick(&mut ledger, "11", "LAMP", 1).is_err(), "it is not promised");
    accept(&mut ledger).expect("it is asked for");
    assert!(accept(&mut ledger).is_err(), "all of it is promised");
    assert!(pick(&mut ledger, "11", "LAMP", 4).is_err(), "3 are promised");
    assert!(ship(&mut ledger, "T", json!([{ "line_id": "11", "quantity": 1 }])).is_err());
    pick(&mut ledger, "11", "LAMP", 2).expect("3 are promised");
    let twice = json!([{ "line_id": "11", "quantity": 1 }, { "line_id": "11", "quantity": 2 }]);
    let fault = ship(&mut ledger, "T", twice).expect_err("2 are picked");
    assert_eq!(fault.to_string(), "of line 11 2 are picked and here, not 3");
    assert!(ship(&mut ledger, "T", json!([{ "line_id": "13", "quantity": 1 }])).is_err());
    assert_eq!(done(&ledger), [[3, 2, 0, 0], [2, 0, 0, 0]]);
}

#[test]
fn what_is_promised_already_cannot_be_promised_to_another() {
    let (_folder, mut ledger) = stocked();
    tell(&mut ledger, 1, 1, "FULFIL", [3, 2]);
    accept(&mut ledger).expect("it is asked for");
    let other = json!({ "number": 2, "order": {
        "order_key": "south:2", "revision": 1, "request": "ORDER_REQUEST_FULFIL",
        "warehouse_code": "W",
        "lines": [{ "line_id": "21", "sku": "LAMP", "quantity": 8, "quantity_open": 8 }],
    }});
    ledger.read(Timestamp::UNIX_EPOCH, command(other)).expect("a disk");
    let accept = Accept(command(json!({ "order_key": "south:2" })));
    let fault =
        desk::carry_out(&mut ledger, Timestamp::UNIX_EPOCH, accept).expect_err("7 are free");
    assert_eq!(fault.to_string(), "W holds 7 of LAMP, not 8");
    let reject = Reject(command(json!({ "order_key": "south:2" })));
    let reports = desk::carry_out(&mut ledger, Timestamp::UNIX_EPOCH, reject).expect("it may");
    assert!(matches!(&reports[0].happened, Happened::Rejected(answer) if !answer.cancel));
}

#[test]
fn a_line_that_shrinks_frees_what_was_promised_of_it_and_one_that_grows_may_be_promised() {
    let (_folder, mut ledger) = stocked();
    tell(&mut ledger, 1, 1, "FULFIL", [1, 2]);
    accept(&mut ledger).expect("it is asked for");
    tell(&mut ledger, 2, 3, "FULFIL", [3, 1]);
    tell(&mut ledger, 3, 2, "FULFIL", [0, 0]);
    assert_eq!(done(&ledger), [[1, 0, 0, 0], [1, 0, 0, 0]], "an older revision says nothing");
    assert_eq!(accept(&mut ledger).expect("two lamps more"), 1);
    assert_eq!(done(&ledger), [[3, 0, 0, 0], [1, 0, 0, 0]]);

    pick(&mut ledger, "11", "LAMP", 3).expect("it is promised");
    ship(&mut ledger, "T", json!([{ "line_id": "11", "quantity": 2 }])).expect("it is picked");
    tell(&mut ledger, 4, 4, "FULFIL", [3, 1]);
    assert!(accept(&mut ledger).is_err(), "what has left may still count as open");
    tell(&mut ledger, 5, 5, "FULFIL", [0, 1]);
    assert_eq!(done(&ledger), [[3, 3, 2, 0], [1, 0, 0, 0]], "what was picked stays so");
}

#[test]
fn a_cancellation_is_agreed_to_until_something_has_left() {
    let (_folder, mut ledger) = stocked();
    tell(&mut ledger, 1, 1, "FULFIL", [3, 2]);
    accept(&mut ledger).expect("it is asked for");
    pick(&mut ledger, "11", "LAMP", 2).expect("it is promised");
    let before = ledger.waiting();
    tell(&mut ledger, 2, 2, "CANCEL", [0, 0]);
    tell(&mut ledger, 3, 3, "CANCEL", [0, 0]);
    assert_eq!(ledger.waiting() - before, 2, "the lamps go back, and one answer");
    assert_eq!((ledger.held("W", "LAMP"), done(&ledger)), (10, [[0; 4]; 2]));
    assert_eq!(ledger.orders().reservations(), []);

    let (_folder, mut ledger) = stocked();
    tell(&mut ledger, 1, 1, "FULFIL", [3, 2]);
    accept(&mut ledger).expect("it is asked for");
    pick(&mut ledger, "11", "LAMP", 3).expect("it is promised");
    ship(&mut ledger, "T", json!([{ "line_id": "11", "quantity": 1 }])).expect("it is picked");
    let before = ledger.waiting();
    tell(&mut ledger, 2, 2, "CANCEL", [0, 0]);
    let (_, reports) = ledger.batch(usize::MAX).expect("some wait");
    assert!(!reports.is_empty() && ledger.waiting() - before == 1);
    assert_eq!((ledger.held("W", "LAMP"), done(&ledger)[0]), (7, [3, 3, 1, 0]), "too late");
}

#[test]
fn an_entry_is_taken_once_and_one_that_is_missing_is_noticed() {
    let (_folder, mut ledger) = stocked();
    let refund = |number: u64| -> Item {
        command(json!({ "number": number, "refund": { "order_key": KEY, "refund_id": "7" } }))
    };
    for number in [1, 2, 2, 1, 4] {
        ledger.read(Timestamp::UNIX_EPOCH, refund(number)).expect("a disk");
    }
    let orders = ledger.orders();
    assert_eq!((orders.read(), orders.missed(), orders.refunds().len()), (4, 1, 3));
}
