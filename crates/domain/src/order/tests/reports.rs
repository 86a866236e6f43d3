//! What back offices answer.

use super::shop::{Shop, Step};
use super::{handle, rules};
use crate::ids::LineItemId;
use crate::order::cancel::{CancelOutcome, Stage};
use crate::order::report::{Extent, Refusal, Report, ReportId, Says, Units, WaitsFor};
use crate::order::{Answer, Order, OrderCommand, OrderEvent};
use crate::testing::{at, id};

fn routed() -> (Shop, Order) {
    let mut shop = Shop::new();
    shop.step(Step::Route, 1);
    let order = read(Order::default(), &shop, 0);
    (shop, order)
}

fn read(order: Order, shop: &Shop, second: i64) -> Order {
    let shown = Some(Box::new(shop.read()));
    let command = OrderCommand::RecordRead { news: order.news, begun: at(second), shown };
    handle(order, &command, &rules()).0
}

fn report(event: &str, says: Says, extent: Extent) -> Report {
    let id = ReportId { backoffice: id("wms"), event_id: id(event) };
    Report { id, says, extent, occurred_at: at(5), revision: 0 }
}

fn later(event: &str, says: Says, extent: Extent, second: i64) -> Report {
    Report { occurred_at: at(second), ..report(event, says, extent) }
}

fn line(line: i64, units: i64) -> Extent {
    Extent::Lines(vec![Units { line: LineItemId(line), units, warehouse: None }])
}

fn say(order: Order, report: Report) -> (Order, Vec<OrderEvent>) {
    let lines = order.lines(&rules()).map(Box::new);
    let command = OrderCommand::Report { report: Box::new(report), lines, now: at(5) };
    handle(order, &command, &rules())
}

fn refusal(events: &[OrderEvent]) -> Option<&Refusal> {
    events.iter().find_map(|event| match event {
        OrderEvent::ReportRefused { refusal, .. } => Some(refusal),
        _ => None,
    })
}

/// (accepted, released) of a line, over all shares.
fn booked(order: &Order, number: i64) -> (i64, i64) {
    let lines = order.lines(&rules()).expect("known");
    let line = lines.line(LineItemId(number)).expect("a line");
    let sum = |of: fn(&crate::order::Share) -> i64| line.shares.iter().map(of).sum();
    (sum(|share| share.accepted), sum(|share| share.released))
}

#[test]
fn an_acceptance_of_the_whole_books_every_unit_once() {
    let (_, order) = routed();
    let (order, _) = say(order, report("a1", Says::Accept, Extent::Whole));
    assert_eq!([1, 2, 3].map(|l| booked(&order, l).0), [3, 2, 2]);
    assert_eq!(order.answers[&id("wms")], Answer::Accepted);
    let revision = order.told.as_ref().unwrap().revision;
    let (order, events) = say(order, report("a1", Says::Accept, Extent::Whole));
    assert!(events.is_empty(), "a report is decided once");
    let (order, _) = say(order, report("a2", Says::Accept, Extent::Whole));
    assert_eq!(booked(&order, 1).0, 3);
    assert_eq!(order.told.as_ref().unwrap().revision, revision);
}

#[test]
fn an_answer_to_one_line_keeps_nothing_of_the_others() {
    let (mut shop, mut order) = routed();
    for number in [1, 2, 3] {
        order = say(order, report(&format!("a{number}"), Says::Accept, line(number, 2))).0;
    }
    shop.step(Step::Cancel, 1);
    let mut order = read(order, &shop, 1);
    for number in [1, 2, 3] {
        let agreed = report(&format!("c{number}"), Says::AgreeToCancel, line(number, 2));
        order = say(order, agreed).0;
    }
    assert_eq!(order.said.len(), 6);
    for said in &order.said {
        let Extent::Lines(named) = &said.extent else { unreachable!("each names its line") };
        let kept: Vec<_> = said.bounds.iter().map(|bound| bound.line).collect();
        assert!(kept.iter().all(|line| *line == named[0].line), "{kept:?} of {named:?}");
    }
    assert_eq!([1, 2, 3].map(|l| booked(&order, l).0), [0, 0, 0]);
}

#[test]
fn more_units_than_were_asked_for_are_refused_with_both_numbers() {
    let (_, order) = routed();
    let (order, events) = say(order, report("a1", Says::Accept, line(1, 4)));
    assert_eq!(refusal(&events), Some(&Refusal::TooMany { index: 0, units: 4, open: 3 }));
    assert_eq!(booked(&order, 1), (0, 0));
    let (_, events) = say(order, report("a3", Says::Accept, line(77, 1)));
    let unknown = Refusal::UnknownLine { index: 0, line: LineItemId(77) };
    assert_eq!(refusal(&events), Some(&unknown));
}

#[test]
fn units_that_are_accepted_twice_are_reserved_once() {
    let (_, order) = routed();
    let (order, _) = say(order, report("a1", Says::Accept, line(1, 2)));
    let (order, events) = say(order, report("a2", Says::Accept, line(1, 2)));
    assert_eq!(refusal(&events), None);
    assert_eq!(booked(&order, 1), (3, 0), "no more than the order has");
}

/// Whichever is heard first: each step has the time at which it happened.
#[test]
fn acceptance_in_two_steps_tells_both() {
    let first = || later("a1", Says::Accept, line(1, 2), 2);
    let second = || later("a2", Says::Accept, line(1, 1), 6);
    for reports in [[first(), second()], [second(), first()]] {
        let order = reports.into_iter().fold(routed().1, |order, report| say(order, report).0);
        let lines = order.lines(&rules()).expect("known");
        let share = &lines.line(LineItemId(1)).expect("a line").shares[0];
        let steps: Vec<_> = share.steps.iter().map(|step| (step.at, step.units)).collect();
        assert_eq!(steps, [(at(2), 2), (at(6), 3)]);
        assert_eq!((share.accepted, share.reported_at), (3, Some(at(6))));
    }
    // One step is what the share says anyhow.
    let (order, _) = say(routed().1, first());
    let lines = order.lines(&rules()).expect("known");
    assert!(lines.line(LineItemId(1)).expect("a line").shares[0].steps.is_empty());
}

#[test]
fn a_report_before_its_order_waits_and_is_decided_when_it_comes() {
    let (order, events) = say(Order::default(), report("a1", Says::Accept, line(1, 2)));
    let parked = |events: &[OrderEvent]| {
        events.iter().find_map(|event| match event {
            OrderEvent::ReportParked { waits_for, .. } => Some(*waits_for),
            _ => None,
        })
    };
    assert_eq!(parked(&events), Some(WaitsFor::Order));
    let (order, events) = say(order, report("a1", Says::Accept, line(1, 2)));
    assert_eq!(parked(&events), None, "it waits already");
    let mut shop = Shop::new();
    let seen = OrderCommand::Observe { facts: Box::new(shop.facts()) };
    let (order, _) = handle(order, &seen, &rules());
    assert_eq!(order.waiting.len(), 1, "not routed yet");
    shop.step(Step::Route, 1);
    let order = read(order, &shop, 1);
    assert_eq!(order.waiting.len(), 0);
    assert_eq!(booked(&order, 1), (2, 0));
}

#[test]
fn a_report_on_an_order_that_the_store_never_shows_is_refused_after_a_day() {
    let absent = |order: Order, second| {
        let command = OrderCommand::RecordRead { news: 0, begun: at(second), shown: None };
        handle(order, &command, &rules())
    };
    let day = 24 * 3_600;
    let (order, _) = say(Order::default(), report("a1", Says::Accept, Extent::Whole));
    let (order, _) = absent(order, day);
    let (order, _) = absent(order, day + 4);
    let (order, events) = absent(order, day + 4);
    assert_eq!((refusal(&events), order.waiting.len()), (None, 1), "not a day yet");
    let (order, events) = absent(order, day + 5);
    assert_eq!(refusal(&events), Some(&Refusal::UnknownOrder));
    assert!(order.waiting.is_empty());
}

#[test]
fn no_more_than_a_hundred_reports_wait_for_an_order() {
    let mut order = Order::default();
    for number in 0..100 {
        order = say(order, report(&format!("a{number}"), Says::Accept, Extent::Whole)).0;
    }
    let (order, events) = say(order, report("b", Says::Accept, Extent::Whole));
    assert_eq!(refusal(&events), Some(&Refusal::TooManyWaiting { most: 100 }));
    assert_eq!(order.waiting.len(), 100);
}

#[test]
fn another_back_office_is_refused_once_it_is_clear_that_nothing_is_its() {
    let (_, order) = routed();
    let mut other = report("a1", Says::Accept, Extent::Whole);
    other.id.backoffice = id("erp");
    let (_, events) = say(order, other);
    assert_eq!(refusal(&events), Some(&Refusal::NotYours));
}

#[test]
fn a_back_office_that_is_only_informed_has_nothing_to_accept_or_release() {
    let (shop, _) = routed();
    let mut rules = rules();
    rules.locations[0] = super::served(1, &["wms/MAIN", "pos/B"], "", false);
    rules.takers = [id("wms"), id("pos")].into();
    let shown = Some(Box::new(shop.read()));
    let read = OrderCommand::RecordRead { news: 0, begun: at(0), shown };
    let (order, _) = handle(Order::default(), &read, &rules);
    for says in [Says::Accept, Says::Release] {
        let mut informed = report("i1", says, Extent::Whole);
        informed.id.backoffice = id("pos");
        let lines = order.lines(&rules).map(Box::new);
        let command = OrderCommand::Report { report: Box::new(informed), lines, now: at(5) };
        let (_, events) = handle(order.clone(), &command, &rules);
        assert_eq!(refusal(&events), Some(&Refusal::NotYours));
    }
}

#[test]
fn a_rejection_gives_back_what_was_accepted_and_ends_nothing() {
    let (_, order) = routed();
    let (order, _) = say(order, report("a1", Says::Accept, Extent::Whole));
    let (order, _) = say(order, report("r1", Says::Reject, line(1, 2)));
    assert_eq!(booked(&order, 1), (1, 0));
    let lines = order.lines(&rules()).unwrap();
    assert_eq!(lines.line(LineItemId(1)).unwrap().shares[0].sold, 3);
    let (_, events) = say(order, report("r2", Says::Reject, line(1, 4)));
    assert_eq!(refusal(&events), Some(&Refusal::TooMany { index: 0, units: 4, open: 3 }));
}

#[test]
fn what_was_sent_is_not_given_back() {
    let (mut shop, order) = routed();
    let (order, _) = say(order, report("a1", Says::Accept, Extent::Whole));
    shop.step(Step::Send, 1);
    shop.step(Step::Send, 1);
    let order = read(order, &shop, 1);
    let (named, _) = say(order.clone(), later("r1", Says::Reject, line(1, 3), 6));
    assert_eq!(booked(&named, 1).0, 2);
    let (order, _) = say(order, later("r2", Says::Reject, Extent::Whole, 6));
    assert_eq!([1, 2, 3].map(|l| booked(&order, l).0), [2, 0, 0]);
}

#[test]
fn what_a_release_sent_counts_as_released_and_not_as_accepted() {
    let (mut shop, order) = routed();
    let (order, _) = say(order, report("a1", Says::Accept, line(1, 3)));
    let (order, _) = say(order, later("x1", Says::Release, line(1, 1), 6));
    shop.step(Step::Send, 1);
    let order = read(order, &shop, 1);
    assert_eq!(booked(&order, 1), (2, 1));
    let (order, _) = say(order, later("r1", Says::Reject, Extent::Whole, 7));
    assert_eq!(booked(&order, 1), (0, 1));
}

#[test]
fn an_acceptance_a_day_late_does_not_undo_a_rejection() {
    let (_, order) = routed();
    let (order, _) = say(order, later("r1", Says::Reject, Extent::Whole, 6));
    let (order, events) = say(order, report("a1", Says::Accept, Extent::Whole));
    assert_eq!(refusal(&events), None);
    assert_eq!([1, 2, 3].map(|l| booked(&order, l)), [(0, 0); 3]);
    assert_eq!(order.answers[&id("wms")], Answer::Rejected);
}

#[test]
fn an_acceptance_of_the_whole_means_the_revision_that_was_read() {
    let (mut shop, order) = routed();
    shop.step(Step::Edit, 1);
    let order = read(order, &shop, 1);
    let accept = Report { revision: 2, ..report("a1", Says::Accept, Extent::Whole) };
    let (order, _) = say(order, accept);
    assert_eq!([1, 4].map(|l| booked(&order, l).0), [3, 0], "as it was before the edit");
    let (order, _) = say(order, later("a2", Says::Accept, Extent::Whole, 6));
    assert_eq!([1, 4].map(|l| booked(&order, l).0), [3, 1]);
    let (order, _) = say(order, later("c1", Says::AgreeToCancel, Extent::Whole, 7));
    assert_eq!([1, 4].map(|l| booked(&order, l).0), [2, 1]);
}

#[test]
fn an_order_that_was_never_accepted_can_be_rejected() {
    let (_, order) = routed();
    let (order, events) = say(order, report("r1", Says::Reject, Extent::Whole));
    assert_eq!(refusal(&events), None);
    assert_eq!(order.answers[&id("wms")], Answer::Rejected);
    assert_eq!(booked(&order, 1), (0, 0));
}

#[test]
fn a_release_ends_the_units_and_no_more_than_are_open() {
    let (mut shop, order) = routed();
    let (order, _) = say(order, report("a1", Says::Accept, Extent::Whole));
    shop.step(Step::Send, 1);
    let order = read(order, &shop, 1);
    let (order, events) = say(order, report("x1", Says::Release, line(1, 3)));
    assert_eq!(refusal(&events), Some(&Refusal::TooMany { index: 0, units: 3, open: 2 }));
    let (order, _) = say(order, report("x2", Says::Release, line(1, 2)));
    assert_eq!(booked(&order, 1), (1, 2));
    let (order, _) = say(order, report("x3", Says::Release, Extent::Whole));
    assert_eq!([1, 2, 3].map(|l| booked(&order, l)), [(1, 2), (0, 2), (0, 2)]);
}

#[test]
fn units_that_moved_away_keep_what_was_said_of_them() {
    let (mut shop, order) = routed();
    let (order, _) = say(order, report("a1", Says::Accept, line(2, 2)));
    shop.step(Step::Move, 1);
    let order = read(order, &shop, 1);
    let lines = order.lines(&rules()).unwrap();
    let shares: Vec<_> = lines
        .line(LineItemId(2))
        .unwrap()
        .shares
        .iter()
        .map(|s| (s.warehouse.as_ref().unwrap().code.as_str(), s.sold, s.accepted))
        .collect();
    assert_eq!(shares, [("MAIN", 2, 0), ("SIDE", 0, 2)]);
}

#[test]
fn a_cancellation_is_agreed_to_or_too_late() {
    let (mut shop, order) = routed();
    let (order, _) = say(order, report("a1", Says::Accept, Extent::Whole));
    let (order, events) = say(order, report("c0", Says::AgreeToCancel, Extent::Whole));
    assert_eq!(refusal(&events), Some(&Refusal::NotCancelled));
    let (order, events) = say(order, report("c1", Says::TooLate, Extent::Whole));
    assert_eq!(refusal(&events), Some(&Refusal::NotCancelled));
    shop.step(Step::Send, 1);
    shop.step(Step::Cancel, 1);
    let order = read(order, &shop, 1);
    let (late, _) = say(order.clone(), report("c2", Says::TooLate, Extent::Whole));
    assert_eq!(late.answers[&id("wms")], Answer::TooLate);
    assert_eq!(booked(&late, 1), (3, 0));
    let (order, _) = say(order, report("c3", Says::AgreeToCancel, Extent::Whole));
    // What was sent stays taken.
    assert_eq!([1, 2, 3].map(|l| booked(&order, l).0), [1, 0, 0]);
    let (_, events) = say(order, report("a9", Says::Accept, Extent::Whole));
    assert_eq!(refusal(&events), Some(&Refusal::Cancelled));
}

#[test]
fn a_cancelling_release_must_cover_all_that_is_open() {
    let (mut shop, order) = routed();
    let (order, events) = say(order, report("x1", Says::ReleaseAndCancel, line(1, 3)));
    assert_eq!(refusal(&events), Some(&Refusal::NotWhole { open: 4 }));
    shop.step(Step::Send, 1);
    let order = read(order, &shop, 1);
    let (_, events) = say(order, report("x2", Says::ReleaseAndCancel, Extent::Whole));
    assert_eq!(refusal(&events), Some(&Refusal::Fulfilled { units: 1 }));
}

fn cancelling() -> (Shop, Order) {
    let (shop, order) = routed();
    let (order, _) = say(order, report("a1", Says::Accept, Extent::Whole));
    let (order, _) = say(order, report("x1", Says::ReleaseAndCancel, Extent::Whole));
    assert_eq!(booked(&order, 1), (0, 0), "given back, and still owed until it is cancelled");
    let (order, _) = handle(order, &OrderCommand::IntendCancel { effect: id("e1") }, &rules());
    (shop, order)
}

fn conclude(order: Order, effect: &str, outcome: CancelOutcome) -> (Order, Vec<OrderEvent>) {
    handle(order, &OrderCommand::ConcludeCancel { effect: id(effect), outcome }, &rules())
}

fn taken(absent_at: Option<i64>) -> Stage {
    Stage::Taken { since: Some(at(6)), absent_at: absent_at.map(at) }
}

#[test]
fn a_cancellation_that_shopify_never_carries_out_is_refused_at_last() {
    let (shop, order) = cancelling();
    let (order, _) = conclude(order, "e1", CancelOutcome::Taken { at: at(6) });
    let stage = |order: &Order| order.cancel.as_ref().map(|c| c.stage.clone());
    let order = read(order, &shop, 605);
    assert_eq!(stage(&order), Some(taken(None)), "it has ten minutes");
    let order = read(order, &shop, 607);
    let order = read(order, &shop, 660);
    assert_eq!(stage(&order), Some(taken(Some(607))));
    let order = read(order, &shop, 667);
    assert_eq!(stage(&order), None);
    let (_, events) = say(order, report("x2", Says::ReleaseAndCancel, Extent::Whole));
    assert_eq!(refusal(&events), None, "another may be asked for");
}

#[test]
fn a_cancellation_is_done_when_the_order_shows_it() {
    let (mut shop, order) = cancelling();
    let (order, _) = conclude(order, "e1", CancelOutcome::Taken { at: at(6) });
    let order = read(order, &shop, 10);
    assert_eq!(order.cancel.as_ref().map(|c| &c.stage), Some(&taken(None)));
    shop.step(Step::Cancel, 1);
    let seen = OrderCommand::Observe { facts: Box::new(shop.facts()) };
    let (order, events) = handle(order, &seen, &rules());
    assert!(events.iter().any(|e| matches!(e, OrderEvent::CancelDone { .. })));
    assert_eq!(order.cancel, None);
}

#[test]
fn an_unknown_outcome_is_sent_again_only_after_two_readings_apart() {
    let (shop, order) = cancelling();
    let outcome = CancelOutcome::Unknown { readable_from: at(30) };
    let (order, _) = conclude(order, "e1", outcome);
    let stage = |order: &Order| order.cancel.as_ref().map(|c| c.stage.clone());
    let order = read(order, &shop, 29);
    let unknown = |absent_at| Some(Stage::Unknown { readable_from: at(30), absent_at });
    assert_eq!(stage(&order), unknown(None), "too early to tell");
    let order = read(order, &shop, 31);
    let order = read(order, &shop, 90);
    assert_eq!(stage(&order), unknown(Some(at(31))));
    let order = read(order, &shop, 91);
    assert_eq!(stage(&order), Some(Stage::Due));
    let (order, _) = conclude(order, "e1", CancelOutcome::Taken { at: at(6) });
    assert_eq!(stage(&order), Some(Stage::Due), "an old effect moves nothing");
}

#[test]
fn what_shopify_refuses_is_refused_with_its_words() {
    let (_, order) = cancelling();
    let (order, _) = conclude(order, "e1", CancelOutcome::NotApplied);
    assert_eq!(order.cancel.as_ref().map(|c| &c.stage), Some(&Stage::Due));
    let (order, _) = handle(order, &OrderCommand::IntendCancel { effect: id("e2") }, &rules());
    let message = "Cannot cancel an order with an active return.".to_owned();
    let (order, events) =
        conclude(order, "e2", CancelOutcome::Refused { message: message.clone() });
    assert_eq!(refusal(&events), Some(&Refusal::Shopify { message }));
    assert_eq!(order.cancel, None);
    assert_eq!(booked(&order, 1), (0, 0));
}
