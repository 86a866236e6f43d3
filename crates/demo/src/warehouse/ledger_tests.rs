use std::path::Path;

use super::*;
use crate::warehouse::book::{CountLine, MoveLine, Receive, TransferLine, carry_out};

fn open(path: &Path) -> Ledger {
    Ledger::open(path).expect("the file can be read")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number")
}

fn receive(sku: &str, quantity: i64) -> Receive {
    Receive(MoveLine { sku: sku.to_owned(), warehouse: "W".to_owned(), quantity })
}

fn transfer(sku: &str, quantity: i64) -> TransferLine {
    TransferLine { sku: sku.into(), from: "W".into(), to: "V".into(), quantity }
}

#[test]
fn numbers_and_outbox_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger");
    let mut ledger = open(&path);
    carry_out(&mut ledger, at(1), None, vec![receive("A", 10)]).expect("it fits");
    carry_out(&mut ledger, at(2), None, vec![transfer("A", 4)]).expect("it fits");
    let answered = Outcome { event_id: "WMS-000001".to_owned(), fate: Fate::Accepted };
    ledger.settle(vec![answered]).expect("a disk");
    let (levels, batch) = (ledger.levels(), ledger.batch(10));
    drop(ledger);

    let mut ledger = open(&path);
    assert_eq!((ledger.held("W", "A"), ledger.held("V", "A")), (6, 4));
    assert_eq!((ledger.levels(), ledger.batch(10)), (levels, batch));
    assert_eq!(ledger.waiting(), 1);
    let next = carry_out(&mut ledger, at(3), None, vec![receive("A", 1)]).expect("it fits");
    assert_eq!(next[0].event_id, "WMS-000003", "an id never names two reports");
}

#[test]
fn a_repeated_request_books_nothing_again_even_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger");
    let again = |ledger: &mut Ledger| {
        let id = Some("r-1".to_owned());
        carry_out(ledger, at(1), id, vec![receive("A", 10)]).expect("it fits").len()
    };
    let mut ledger = open(&path);
    assert_eq!((again(&mut ledger), again(&mut ledger)), (1, 0));
    drop(ledger);
    let mut ledger = open(&path);
    assert_eq!((again(&mut ledger), ledger.held("W", "A"), ledger.waiting()), (0, 10, 1));
}

#[test]
fn a_command_with_one_impossible_line_books_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger = open(&folder.path().join("ledger"));
    carry_out(&mut ledger, at(1), None, vec![receive("A", 3)]).expect("it fits");
    let lines = vec![transfer("A", 2), transfer("A", 2)];
    let fault = carry_out(&mut ledger, at(2), None, lines).expect_err("3 are not 4");
    assert_eq!(fault.to_string(), "W holds 1 of A, not 2");
    let lines = vec![receive("A", 1), receive("A", 0)];
    assert!(carry_out(&mut ledger, at(2), None, lines).is_err());
    assert_eq!((ledger.held("W", "A"), ledger.held("V", "A"), ledger.waiting()), (3, 0, 1));
}

#[test]
fn the_order_of_reports_can_be_told_by_their_times_even_when_the_clock_goes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger");
    let mut ledger = open(&path);
    let two = vec![receive("A", 1), receive("A", 1)];
    let mut reports = carry_out(&mut ledger, at(100), None, two).expect("it fits");
    drop(ledger);
    let mut ledger = open(&path);
    let count = CountLine { sku: "A".into(), warehouse: "W".into(), quantity: None };
    reports.extend(carry_out(&mut ledger, at(50), None, vec![count]).expect("it fits"));
    let times: Vec<Timestamp> = reports.iter().map(|report| report.at).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
    assert_eq!(
        reports[2].happened,
        Happened::Counted { sku: "A".into(), warehouse: "W".into(), quantity: 2 }
    );
}
