//! What everybody is told of the lines.

use super::shop::{Shop, Step};
use super::{handle, rules, served};
use crate::decider::Decider as _;
use crate::ids::{LineItemId, LocationId};
use crate::order::facts::Restock;
use crate::order::settings::StoreOrders;
use crate::order::{Order, OrderCommand, OrderLines, Share};
use crate::testing::{apply, at};

fn read(order: Order, shop: &Shop, rules: &StoreOrders) -> Order {
    let shown = Some(Box::new(shop.read()));
    let command = OrderCommand::RecordRead { news: order.news, begun: at(0), shown };
    handle(order, &command, rules).0
}

fn observe(order: Order, shop: &Shop) -> Order {
    handle(order, &OrderCommand::Observe { facts: Box::new(shop.facts()) }, &rules()).0
}

fn after(steps: &[Step]) -> (Shop, OrderLines) {
    let mut shop = Shop::new();
    for step in steps {
        shop.step(*step, 1);
    }
    let order = read(Order::default(), &shop, &rules());
    let lines = order.lines(&rules()).expect("known");
    (shop, lines)
}

fn shares(lines: &OrderLines, line: i64) -> Vec<(Option<i64>, Option<String>, i64, i64)> {
    let one = |share: &Share| {
        let location = share.location.map(LocationId::get);
        (location, share.warehouse.as_ref().map(ToString::to_string), share.sold, share.fulfilled)
    };
    lines.line(LineItemId(line)).expect("a line").shares.iter().map(one).collect()
}

fn main() -> Option<String> {
    Some("wms/MAIN".to_owned())
}

#[test]
fn before_routing_all_units_are_nowhere() {
    let (_, lines) = after(&[]);
    assert!(!lines.routed);
    assert_eq!(shares(&lines, 1), [(None, None, 3, 0)]);
}

#[test]
fn routing_gives_each_unit_its_location_and_warehouse() {
    let (_, lines) = after(&[Step::Route]);
    assert!(lines.routed);
    assert_eq!(shares(&lines, 1), [(Some(1), main(), 3, 0)]);
    assert_eq!(shares(&lines, 2), [(Some(2), Some("wms/SIDE".to_owned()), 2, 0)]);
}

/// Shopify counts units where it routed them, also where another location's warehouse sends them.
#[test]
fn what_another_location_serves_says_so() {
    let told = |rules: &StoreOrders| {
        let mut shop = Shop::new();
        shop.step(Step::Route, 1);
        let order = read(Order::default(), &shop, rules);
        let lines = order.lines(rules).expect("known");
        let one = |share: &Share| (share.location, share.warehouse.clone(), share.served_by);
        lines.line(LineItemId(2)).expect("a line").shares.iter().map(one).collect::<Vec<_>>()
    };
    let (main, side) = ("wms/MAIN".parse().ok(), "wms/SIDE".parse().ok());
    let (first, second) = (Some(LocationId(1)), Some(LocationId(2)));
    assert_eq!(told(&rules()), [(second, side, None)]);
    let mut whole = rules();
    whole.whole = true;
    whole.locations[0].default = true;
    assert_eq!(told(&whole), [(second, main.clone(), first)]);
    let mut unmapped = rules();
    unmapped.locations.retain(|served| Some(served.location) == first);
    unmapped.locations[0].default = true;
    assert_eq!(told(&unmapped), [(second, main, first)]);
}

#[test]
fn what_was_sent_stays_where_it_was_sent_from() {
    let (_, lines) = after(&[Step::Route, Step::SendSecond, Step::Move]);
    let side = Some("wms/SIDE".to_owned());
    assert_eq!(shares(&lines, 2), [(Some(1), main(), 1, 0), (Some(2), side, 1, 1)]);
}

#[test]
fn removed_and_refunded_units_are_told_apart() {
    let steps = [
        Step::Route,
        Step::Edit,
        Step::Send,
        Step::Refund(1, Restock::NoRestock),
        Step::Refund(1, Restock::NoRestock),
        Step::Refund(2, Restock::Cancel),
    ];
    let (_, lines) = after(&steps);
    let line = lines.line(LineItemId(1)).unwrap();
    assert_eq!((line.quantity, line.removed), (3, 1));
    let after_fulfillment: Vec<_> =
        line.refunded.iter().map(|r| (r.restock, r.after_fulfillment)).collect();
    // One had been sent, one had not.
    assert_eq!(after_fulfillment, [(Restock::NoRestock, false), (Restock::NoRestock, true)]);
    assert_eq!(shares(&lines, 1), [(Some(1), main(), 1, 1)]);
    let line = lines.line(LineItemId(2)).unwrap();
    assert!(!line.refunded[0].after_fulfillment);
    assert_eq!(line.refunded[0].location, Some(LocationId(1)));
}

#[test]
fn a_cancelled_order_sells_only_what_was_sent() {
    let (_, lines) = after(&[Step::Route, Step::Send, Step::Cancel]);
    assert!(lines.cancelled && lines.routed);
    assert_eq!(shares(&lines, 1), [(Some(1), main(), 1, 1)]);
    assert_eq!(shares(&lines, 3), []);
    assert_eq!(lines.line(LineItemId(3)).unwrap().removed, 2);
}

#[test]
fn a_webhook_after_the_read_lowers_the_shares_that_it_must() {
    let mut shop = Shop::new();
    shop.step(Step::Route, 1);
    let order = read(Order::default(), &shop, &rules());
    shop.step(Step::Send, 1);
    shop.step(Step::Refund(1, Restock::Cancel), 1);
    let order = observe(order, &shop);
    assert!(order.needs_read());
    let lines = order.lines(&rules()).unwrap();
    assert_eq!(shares(&lines, 1), [(Some(1), main(), 2, 1)]);
    assert!(lines.line(LineItemId(1)).unwrap().item.is_some(), "known from the read");
}

#[test]
fn a_webhook_that_adds_a_line_leaves_it_unrouted_until_the_read() {
    let mut shop = Shop::new();
    shop.step(Step::Route, 1);
    let order = read(Order::default(), &shop, &rules());
    shop.step(Step::Edit, 1);
    let order = observe(order, &shop);
    let lines = order.lines(&rules()).unwrap();
    assert!(!lines.routed);
    assert_eq!(shares(&lines, 4), [(None, None, 1, 0)]);
    let order = read(order, &shop, &rules());
    assert_eq!(shares(&order.lines(&rules()).unwrap(), 4), [(Some(1), main(), 1, 0)]);
}

#[test]
fn an_unmapped_location_has_no_warehouse_unless_one_is_the_default() {
    let (shop, _) = after(&[Step::Route]);
    let only = |default| StoreOrders {
        locations: vec![served(2, &["wms/SIDE"], "post", default)],
        ..rules()
    };
    let order = read(Order::default(), &shop, &only(false));
    let lines = order.lines(&only(false)).unwrap();
    assert_eq!(shares(&lines, 1), [(Some(1), None, 3, 0)]);
    let lines = order.lines(&only(true)).unwrap();
    assert_eq!(shares(&lines, 1), [(Some(1), Some("wms/SIDE".to_owned()), 3, 0)]);
}

#[test]
fn an_order_that_is_not_split_is_served_by_the_default_location() {
    let (shop, _) = after(&[Step::Route]);
    let mut rules = StoreOrders { whole: true, ..rules() };
    rules.locations[0].default = true;
    let lines = read(Order::default(), &shop, &rules).lines(&rules).unwrap();
    assert_eq!(shares(&lines, 2), [(Some(2), main(), 2, 0)]);
}

#[test]
fn an_older_read_is_repeated_and_believed_at_last() {
    let mut shop = Shop::new();
    shop.step(Step::Route, 1);
    let old = shop.clone();
    shop.step(Step::Send, 5);
    let mut order = observe(Order::default(), &shop);
    for _ in 0..3 {
        order = read(order, &old, &rules());
        assert!(order.needs_read());
        assert_eq!(order.facts.as_ref().unwrap().updated_at, at(6));
    }
    let order = read(order, &old, &rules());
    assert!(!order.needs_read());
    assert_eq!(order.facts.as_ref().unwrap().updated_at, at(1));
}

#[test]
fn two_states_of_one_second_ask_for_a_read() {
    let mut shop = Shop::new();
    let order = observe(Order::default(), &shop);
    let order = read(order, &shop, &rules());
    shop.step(Step::Edit, 0);
    let order = observe(order, &shop);
    assert!(order.needs_read());
    assert_eq!(
        order.facts,
        Some(crate::order::facts::OrderFacts {
            lines: order.facts.clone().unwrap().lines,
            ..Shop::new().facts()
        })
    );
    assert_eq!(order.facts.as_ref().unwrap().lines.len(), 3, "the first state stands until then");
}

#[test]
fn a_deleted_order_sells_nothing_more_once_a_read_shows_none() {
    let mut shop = Shop::new();
    shop.step(Step::Route, 1);
    let order = read(Order::default(), &shop, &rules());
    let (order, _) = handle(order, &OrderCommand::SeeDeletion, &rules());
    assert!(order.needs_read() && !order.is_cancelled());
    let absent = OrderCommand::RecordRead { news: order.news, begun: at(9), shown: None };
    let (order, _) = handle(order, &absent, &rules());
    let lines = order.lines(&rules()).unwrap();
    assert!(lines.cancelled);
    assert!(lines.lines.iter().all(|line| line.shares.is_empty() && line.removed > 0));
}

#[test]
fn an_order_that_is_merely_not_shown_keeps_its_numbers() {
    let mut shop = Shop::new();
    shop.step(Step::Route, 1);
    let order = read(Order::default(), &shop, &rules());
    let (order, _) = handle(order, &OrderCommand::Doubt, &rules());
    let absent = OrderCommand::RecordRead { news: order.news, begun: at(9), shown: None };
    let (order, _) = handle(order, &absent, &rules());
    assert!(!order.is_cancelled() && !order.needs_read());
    assert_eq!(shares(&order.lines(&rules()).unwrap(), 1), [(Some(1), main(), 3, 0)]);
}

#[test]
fn what_is_told_again_without_change_is_silent() {
    let mut shop = Shop::new();
    shop.step(Step::Route, 1);
    let order = read(Order::default(), &shop, &rules());
    let revision = order.told.as_ref().unwrap().revision;
    shop.step(Step::Tag, 1);
    let order = read(observe(order, &shop), &shop, &rules());
    assert_eq!(order.told.as_ref().unwrap().revision, revision, "a tag is no matter of lines");
}

#[test]
fn what_an_earlier_version_told_is_told_once_more_where_that_must_be_noted() {
    let mut shop = Shop::new();
    shop.step(Step::Route, 1);
    let mut order = read(Order::default(), &shop, &rules());
    let lines = Box::new(order.lines(&rules()).expect("known"));
    let (again, noted) =
        (OrderCommand::TellLines { lines: lines.clone() }, OrderCommand::TellNoted { lines });
    assert_eq!(Order::decide(&order, &noted), Ok(vec![]));
    let told = order.told.as_mut().expect("told");
    let revision = std::mem::replace(&mut told.noted, false).then_some(told.revision);
    assert_eq!(Order::decide(&order, &again), Ok(vec![]));
    let order = apply::<Order>(order, &noted);
    let told = order.told.as_ref().expect("told");
    assert_eq!((Some(told.revision), told.noted), (revision.map(|before| before + 1), true));
    assert_eq!(Order::decide(&order, &noted), Ok(vec![]));
}
