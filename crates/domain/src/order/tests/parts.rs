//! What back offices are told.

use std::collections::BTreeSet;

use super::shop::{Shop, Step, eur};
use super::{announcement, handle, rules, served};
use crate::ids::{FulfillmentOrderLineId, LineItemId, Warehouse};
use crate::order::facts::Restock;
use crate::order::settings::{OrderFilter, StoreOrders};
use crate::order::{Filter, Order, OrderCommand, OrderEvent, Parked, Request};
use crate::testing::{at, id};

fn shop(steps: &[Step]) -> Shop {
    let mut shop = Shop::new();
    for step in steps {
        shop.step(*step, 1);
    }
    shop
}

fn read(order: Order, shop: &Shop, rules: &StoreOrders) -> (Order, Vec<OrderEvent>) {
    let shown = Some(Box::new(shop.read()));
    let command = OrderCommand::RecordRead { news: order.news, begun: at(0), shown };
    handle(order, &command, rules)
}

fn warehouse(text: &str) -> Warehouse {
    id(text)
}

fn told(events: &[OrderEvent]) -> Vec<(String, u32, Request)> {
    let one = |event: &OrderEvent| match event {
        OrderEvent::PartTold { warehouse, revision, content } => {
            Some((warehouse.to_string(), *revision, content.request))
        }
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

#[test]
fn an_order_is_split_over_the_warehouses_that_serve_it() {
    let (order, events) = read(Order::default(), &shop(&[Step::Route]), &rules());
    let expected =
        [("wms/MAIN".to_owned(), 1, Request::Fulfil), ("wms/SIDE".to_owned(), 2, Request::Fulfil)];
    assert_eq!(told(&events), expected);
    let part = &order.parts[&warehouse("wms/SIDE")].content;
    let lines: Vec<_> = part.lines.iter().map(|l| (l.line.line, l.quantity, l.open)).collect();
    assert_eq!(lines, [(LineItemId(2), 2, 2), (LineItemId(3), 2, 2)]);
    assert_eq!(part.lines[0].sku, Some(id("SKU-2")));
    assert_eq!(part.lines[0].fulfillment_order_line, Some(FulfillmentOrderLineId(22)));
    assert_eq!((part.shipping_process.as_str(), &part.order.details.total), ("post", &eur("70")));
    assert!(part.contact.is_some());
}

#[test]
fn each_change_raises_the_revision_and_nothing_else_does() {
    let mut shop = shop(&[Step::Route]);
    let (order, _) = read(Order::default(), &shop, &rules());
    let (order, events) = read(order, &shop, &rules());
    assert_eq!(told(&events), []);
    shop.step(Step::Send, 1);
    let (order, events) = read(order, &shop, &rules());
    assert_eq!(told(&events), [("wms/MAIN".to_owned(), 3, Request::Fulfil)]);
    shop.step(Step::Cancel, 1);
    let (order, events) = read(order, &shop, &rules());
    assert_eq!(told(&events).len(), 2);
    assert_eq!(order.parts[&warehouse("wms/SIDE")].content.request, Request::Cancel);
    assert_eq!(order.parts[&warehouse("wms/SIDE")].content.reason, "CUSTOMER");
}

#[test]
fn a_warehouse_that_lost_its_units_hears_of_it() {
    let mut shop = shop(&[Step::Route]);
    shop.step(Step::Refund(3, Restock::Cancel), 1);
    shop.step(Step::Refund(3, Restock::Cancel), 1);
    let (order, _) = read(Order::default(), &shop, &rules());
    shop.step(Step::Move, 1);
    let (order, _) = read(order, &shop, &rules());
    let part = &order.parts[&warehouse("wms/SIDE")].content;
    assert_eq!(part.request, Request::Inform);
    assert!(part.lines.iter().all(|line| line.open == 0 && line.quantity == 0));
    assert_eq!(order.parts[&warehouse("wms/MAIN")].content.lines.len(), 2);
}

#[test]
fn a_hold_is_told_with_its_reason() {
    let shop = shop(&[Step::Route]);
    let mut shown = shop.read();
    shown.routing[0].hold = Some("HIGH_RISK_OF_FRAUD".to_owned());
    let command = OrderCommand::RecordRead { news: 0, begun: at(0), shown: Some(Box::new(shown)) };
    let (order, _) = handle(Order::default(), &command, &rules());
    let part = &order.parts[&warehouse("wms/MAIN")].content;
    assert_eq!((part.request, part.reason.as_str()), (Request::Hold, "HIGH_RISK_OF_FRAUD"));
    assert_eq!(order.parts[&warehouse("wms/SIDE")].content.request, Request::Fulfil);
}

#[test]
fn an_unmapped_location_parks_its_units_with_a_reason() {
    let rules = StoreOrders { locations: vec![served(2, &["wms/SIDE"], "", false)], ..rules() };
    let (order, _) = read(Order::default(), &shop(&[Step::Route]), &rules);
    let now = announcement(&order, &rules);
    assert_eq!(now.parked, BTreeSet::from([Parked::Unmapped(crate::ids::LocationId(1))]));
    assert_eq!(now.parts.len(), 1);
}

#[test]
fn a_back_office_without_the_role_is_told_nothing() {
    let rules = StoreOrders { takers: BTreeSet::new(), ..rules() };
    let (order, events) = read(Order::default(), &shop(&[Step::Route]), &rules);
    assert_eq!(told(&events), []);
    let parked = announcement(&order, &rules).parked;
    assert!(parked.contains(&Parked::NoTaker(warehouse("wms/MAIN"))));
}

#[test]
fn of_several_back_offices_the_first_is_asked_and_the_others_are_informed() {
    let mut rules = rules();
    rules.locations[0] = served(1, &["erp/A", "wms/MAIN", "pos/B"], "", false);
    rules.takers = [id("wms"), id("pos")].into();
    let (order, _) = read(Order::default(), &shop(&[Step::Route]), &rules);
    assert_eq!(order.parts[&warehouse("wms/MAIN")].content.request, Request::Fulfil);
    assert_eq!(order.parts[&warehouse("pos/B")].content.request, Request::Inform);
    assert!(!order.parts.contains_key(&warehouse("erp/A")));
    let lines = order.lines(&rules).unwrap();
    assert_eq!(lines.lines[0].shares[0].warehouse, Some(warehouse("wms/MAIN")));
}

#[test]
fn an_order_that_does_not_pass_is_remembered_and_told_when_it_does() {
    let filter = OrderFilter { tags: ["gift".to_owned()].into(), ..OrderFilter::default() };
    let rules = StoreOrders { filter, ..rules() };
    let mut shop = shop(&[Step::Route]);
    let (order, events) = read(Order::default(), &shop, &rules);
    assert_eq!(told(&events), []);
    assert!(order.told.is_some(), "its lines are told whatever the filters say");
    let parked = announcement(&order, &rules).parked;
    assert_eq!(parked, BTreeSet::from([Parked::Filtered(Filter::Tags)]));
    shop.step(Step::Tag, 1);
    let (order, events) = read(order, &shop, &rules);
    assert_eq!(told(&events).len(), 2);
    let other = OrderFilter { financial: ["PENDING".to_owned()].into(), ..OrderFilter::default() };
    let rules = StoreOrders { filter: other, ..rules };
    assert_eq!(announcement(&order, &rules).parts.len(), 2, "once told, it stays told");
}

#[test]
fn every_filter_holds_back_what_it_does_not_name() {
    let one = |text: &str| BTreeSet::from([text.to_owned()]);
    let filters = [
        (OrderFilter { status: one("closed"), ..OrderFilter::default() }, Filter::Status),
        (OrderFilter { financial: one("PENDING"), ..OrderFilter::default() }, Filter::Financial),
        (
            OrderFilter { fulfillment: one("FULFILLED"), ..OrderFilter::default() },
            Filter::Fulfillment,
        ),
        (OrderFilter { tags: one("vip"), ..OrderFilter::default() }, Filter::Tags),
        (OrderFilter { sources: one("pos"), ..OrderFilter::default() }, Filter::Sources),
        (
            OrderFilter { locations: [crate::ids::LocationId(9)].into(), ..OrderFilter::default() },
            Filter::Locations,
        ),
    ];
    for (filter, held_by) in filters {
        let rules = StoreOrders { filter, ..rules() };
        let (order, _) = read(Order::default(), &shop(&[Step::Route]), &rules);
        let parked = announcement(&order, &rules).parked;
        assert_eq!(parked, BTreeSet::from([Parked::Filtered(held_by)]), "{}", held_by.name());
    }
    let filter = OrderFilter {
        status: one("OPEN"),
        financial: one("paid"),
        sources: one("Web"),
        locations: [crate::ids::LocationId(2)].into(),
        ..OrderFilter::default()
    };
    let rules = StoreOrders { filter, ..rules() };
    let (order, _) = read(Order::default(), &shop(&[Step::Route]), &rules);
    assert_eq!(order.parts.len(), 2, "case does not matter");
}

#[test]
fn nothing_is_told_before_routing_of_a_cancelled_order_or_when_orders_are_off() {
    let why = |shop: &Shop, rules: &StoreOrders| {
        let (order, events) = read(Order::default(), shop, rules);
        assert_eq!(told(&events), []);
        announcement(&order, rules).parked.pop_first()
    };
    assert_eq!(why(&shop(&[]), &rules()), Some(Parked::Unrouted));
    let cancelled = shop(&[Step::Route, Step::Cancel]);
    assert_eq!(why(&cancelled, &rules()), Some(Parked::CancelledBefore));
    let off = StoreOrders { enabled: false, ..rules() };
    assert_eq!(why(&shop(&[Step::Route]), &off), Some(Parked::Off));
}

#[test]
fn a_resealed_contact_is_no_change_and_another_one_is() {
    let mut shop = shop(&[Step::Route]);
    let (order, _) = read(Order::default(), &shop, &rules());
    shop.step(Step::Tag, 1);
    let (order, _) = read(order, &shop, &rules());
    let sealed = |order: &Order| {
        let contact = order.parts[&warehouse("wms/MAIN")].content.contact.clone();
        contact.expect("a contact").sealed
    };
    assert_eq!(sealed(&order), "sealed at 1");
    let mut shown = shop.read();
    shown.contact.as_mut().unwrap().mark = "another".to_owned();
    let command = OrderCommand::RecordRead { news: 0, begun: at(0), shown: Some(Box::new(shown)) };
    let (order, events) = handle(order, &command, &rules());
    assert_eq!(told(&events).len(), 2);
    assert_eq!(sealed(&order), "sealed at 2");
}

#[test]
fn a_redacted_order_keeps_no_contact_and_takes_none() {
    let shop = shop(&[Step::Route]);
    let (order, _) = read(Order::default(), &shop, &rules());
    let (order, _) = handle(order, &OrderCommand::Redact, &rules());
    let (order, _) = read(order, &shop, &rules());
    assert_eq!(order.contact, None);
    assert!(order.parts.values().all(|part| part.content.contact.is_none()));
    assert_eq!(handle(order, &OrderCommand::Redact, &rules()).1, []);
}

#[test]
fn an_order_waits_for_its_contact_unless_that_is_erased_or_it_is_not_shown() {
    let mut shown = shop(&[Step::Route]).read();
    (shown.contact_read, shown.contact) = (false, None);
    let read = |order: Order| {
        let shown = Some(Box::new(shown.clone()));
        handle(order, &OrderCommand::RecordRead { news: 0, begun: at(0), shown }, &rules()).0
    };
    let order = read(Order::default());
    assert!(order.awaits_contact(&announcement(&order, &rules())));
    let (redacted, _) = handle(Order::default(), &OrderCommand::Redact, &rules());
    let redacted = read(redacted);
    assert!(!redacted.awaits_contact(&announcement(&redacted, &rules())));
    assert_eq!(redacted.parts.len(), 2, "it is told without a contact");
    let seen = OrderCommand::Observe { facts: Box::new(shop(&[]).facts()) };
    let (absent, _) = handle(Order::default(), &seen, &rules());
    let gone = OrderCommand::RecordRead { news: absent.news, begun: at(0), shown: None };
    let (absent, _) = handle(absent, &gone, &rules());
    assert!(!absent.needs_read());
    assert!(!absent.awaits_contact(&announcement(&absent, &rules())));
}

/// Sent from Berlin in full, and then Berlin is mapped to another back office.
fn remapped() -> (Shop, Order, StoreOrders) {
    let mut shop = shop(&[Step::Route, Step::Send, Step::Send]);
    let (order, _) = read(Order::default(), &shop, &rules());
    shop.step(Step::Tag, 1);
    let mut rules = rules();
    rules.locations[0] = served(1, &["erp/NEW"], "", false);
    rules.takers = [id("wms"), id("erp")].into();
    (shop, order, rules)
}

#[test]
fn what_left_stays_with_the_warehouse_that_sent_it() {
    let (mut shop, order, rules) = remapped();
    let (order, events) = read(order, &shop, &rules);
    let shares = |order: &Order| {
        let lines = order.lines(&rules).unwrap();
        let shares = lines.line(LineItemId(1)).unwrap().shares.iter();
        shares
            .map(|s| (s.warehouse.as_ref().unwrap().to_string(), s.sold, s.fulfilled))
            .collect::<Vec<_>>()
    };
    let expected = [("erp/NEW".to_owned(), 1, 0), ("wms/MAIN".to_owned(), 2, 2)];
    assert_eq!(shares(&order), expected);
    assert_eq!(order.parts[&warehouse("erp/NEW")].content.lines[0].quantity, 1);
    assert_eq!(order.parts[&warehouse("wms/MAIN")].content.lines[0].quantity, 2);
    assert!(told(&events).contains(&("wms/MAIN".to_owned(), 3, Request::Inform)));
    shop.step(Step::Send, 1);
    let (order, _) = read(order, &shop, &rules);
    let expected = [("erp/NEW".to_owned(), 1, 1), ("wms/MAIN".to_owned(), 2, 2)];
    assert_eq!(shares(&order), expected);
}

#[test]
fn a_new_mapping_opens_no_part_for_what_has_left() {
    let (mut shop, order, rules) = remapped();
    shop.step(Step::Send, 1);
    let (order, _) = read(order, &shop, &super::rules());
    shop.step(Step::Tag, 1);
    let before = order.lines(&super::rules()).unwrap();
    let (order, events) = read(order, &shop, &rules);
    assert_eq!(order.lines(&rules).unwrap().lines, before.lines);
    assert_eq!(told(&events), []);
    assert!(!order.parts.contains_key(&warehouse("erp/NEW")));
}

#[test]
fn what_was_done_with_before_orders_were_told_is_history() {
    let mut shop = shop(&[Step::Route, Step::Send]);
    let since = |second| StoreOrders { told_since: Some(at(second)), ..rules() };
    let why = |shop: &Shop, rules: &StoreOrders| {
        let (order, _) = read(Order::default(), shop, rules);
        announcement(&order, rules).parked.pop_first()
    };
    assert_eq!(why(&shop, &since(9)), None, "something of it is still to be sent");
    let closed = |second| {
        let mut shown = shop.read();
        shown.facts.closed_at = Some(at(5));
        let shown = Some(Box::new(shown));
        let command = OrderCommand::RecordRead { news: 0, begun: at(0), shown };
        let (order, _) = handle(Order::default(), &command, &since(second));
        announcement(&order, &since(second)).parked.pop_first()
    };
    assert_eq!(closed(9), Some(Parked::Past));
    assert_eq!(closed(0), None, "placed since");
    for step in [Step::Send, Step::Send, Step::SendSecond, Step::SendSecond] {
        shop.step(step, 1);
    }
    for _ in 0..2 {
        shop.step(Step::Refund(3, Restock::Cancel), 1);
    }
    assert_eq!(why(&shop, &since(9)), Some(Parked::Past));
    assert_eq!(why(&shop, &since(0)), None, "a sale at the counter is told");
}

#[test]
fn a_warehouse_that_is_asked_for_some_and_informed_of_others_is_asked() {
    let mut rules = rules();
    rules.locations[1] = served(2, &["pos/B", "wms/MAIN"], "", false);
    rules.takers = [id("wms"), id("pos")].into();
    let (order, _) = read(Order::default(), &shop(&[Step::Route]), &rules);
    let part = &order.parts[&warehouse("wms/MAIN")].content;
    assert_eq!((part.request, part.lines.len()), (Request::Fulfil, 3));
}
