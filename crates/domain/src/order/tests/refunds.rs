//! What back offices are told of refunds.

use super::shop::{Shop, Step, eur};
use super::{codes, handle, rules, served};
use crate::ids::{LineItemId, RefundId};
use crate::order::facts::{OrderRead, Refund, RefundDetails, RefundLine, RefundLineMoney, Restock};
use crate::order::settings::StoreOrders;
use crate::order::{Order, OrderCommand, OrderEvent, ToldRefund};
use crate::testing::{at, id};

/// Berlin is served by one back office and Lyon by another.
fn two() -> StoreOrders {
    let mut rules = rules();
    rules.locations[1] = served(2, &["erp/S"], "", false);
    rules.takers = [id("wms"), id("erp")].into();
    rules
}

fn shop(steps: &[Step]) -> Shop {
    let mut shop = Shop::new();
    for step in steps {
        shop.step(*step, 1);
    }
    shop
}

fn read(order: Order, shop: &Shop, rules: &StoreOrders) -> (Order, Vec<OrderEvent>) {
    show(order, shop.read(), rules)
}

fn show(order: Order, shown: OrderRead, rules: &StoreOrders) -> (Order, Vec<OrderEvent>) {
    let shown = Some(Box::new(shown));
    let command = OrderCommand::RecordRead { news: order.news, begun: at(0), shown };
    handle(order, &command, rules)
}

fn refunds(events: &[OrderEvent]) -> Vec<(i64, ToldRefund)> {
    let one = |event: &OrderEvent| match event {
        OrderEvent::RefundTold { told } => Some((told.refund.get(), (**told).clone())),
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

#[test]
fn each_refund_is_told_once_to_the_back_office_of_its_lines() {
    let rules = two();
    let mut shop = shop(&[Step::Route, Step::Refund(1, Restock::Cancel)]);
    let (order, events) = read(Order::default(), &shop, &rules);
    let told = refunds(&events);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1.backoffice, id("wms"));
    assert_eq!(told[0].1.lines[0].warehouse, Some(id("wms/MAIN")));
    assert_eq!(told[0].1.lines[0].sku, codes(crate::ids::VariantId(1), &id("wms")));
    shop.step(Step::Refund(2, Restock::NoRestock), 1);
    let (order, events) = read(order, &shop, &rules);
    let told = refunds(&events);
    assert_eq!(told.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [901]);
    assert_eq!((&told[0].1.backoffice, &told[0].1.lines[0].warehouse), (&id("erp"), &None));
    assert_eq!(told[0].1.amount, Some(eur("10")));
    let (_, events) = read(order, &shop, &rules);
    assert_eq!(refunds(&events), []);
}

#[test]
fn units_that_move_take_no_refund_with_them() {
    let mut shop = shop(&[Step::Route, Step::Refund(2, Restock::Cancel)]);
    let (order, events) = read(Order::default(), &shop, &two());
    let takers = |events: &[OrderEvent]| {
        refunds(events).into_iter().map(|(_, told)| told.backoffice).collect::<Vec<_>>()
    };
    assert_eq!(takers(&events), [id("erp")]);
    shop.step(Step::Move, 1);
    let (order, events) = read(order, &shop, &two());
    assert_eq!(refunds(&events), [], "line 2 is wms's now, and its refund is told");
    assert_eq!(order.refunds_told.len(), 1);
}

#[test]
fn what_was_sent_or_cancelled_is_refunded_to_who_was_asked_to_send_it() {
    let mut rules = rules();
    // The one that is only informed comes first by name.
    rules.locations[0] = served(1, &["wms/MAIN", "erp/S"], "", true);
    rules.takers = [id("wms"), id("erp")].into();
    let routed = shop(&[Step::Route]);
    let (order, _) = read(Order::default(), &routed, &rules);
    for steps in [[Step::Send; 3].to_vec(), vec![Step::Send, Step::Cancel]] {
        let (mut shop, mut order) = (routed.clone(), order.clone());
        for step in steps {
            shop.step(step, 1);
            order = read(order, &shop, &rules).0;
        }
        shop.step(Step::Refund(1, Restock::Return), 1);
        let (_, events) = read(order, &shop, &rules);
        let takers: Vec<_> = refunds(&events).into_iter().map(|(_, t)| t.backoffice).collect();
        assert_eq!(takers, [id("wms")]);
    }
}

#[test]
fn money_alone_is_told_to_one_even_if_others_hear_of_the_order_later() {
    let shop = shop(&[Step::Route]);
    let mut shown = shop.read();
    let refund = RefundId(950);
    shown.facts.refunds.push(Refund { id: refund, at: at(1), lines: Vec::new() });
    let money = RefundDetails { id: refund, amount: eur("5"), lines: Vec::new() };
    shown.details.refunds.push(money);
    let late = StoreOrders { takers: [id("wms")].into(), ..two() };
    let (order, events) = show(Order::default(), shown.clone(), &late);
    assert_eq!(refunds(&events).len(), 1);
    let (order, events) = show(order, shown, &two());
    assert_eq!(refunds(&events), []);
    assert_eq!(order.parts.len(), 2, "erp was told of the order");
}

#[test]
fn what_two_back_offices_are_told_of_a_refund_adds_up() {
    let shop = shop(&[Step::Route]);
    let mut shown = shop.read();
    let (id, none) = (RefundId(950), Restock::NoRestock);
    let line =
        |line| RefundLine { line: LineItemId(line), units: 1, restock: none, location: None };
    let money = |line, amount| RefundLineMoney {
        line: LineItemId(line),
        restock: none,
        location: None,
        amount: eur(amount),
    };
    shown.facts.refunds.push(Refund { id, at: at(1), lines: vec![line(1), line(2)] });
    let lines = vec![money(1, "10"), money(2, "7.5")];
    shown.details.refunds.push(RefundDetails { id, amount: eur("22.4"), lines });
    let (_, events) = show(Order::default(), shown, &two());
    let told: Vec<_> = refunds(&events)
        .into_iter()
        .map(|(_, told)| (told.backoffice.to_string(), told.amount))
        .collect();
    let expected = [("wms", "14.9"), ("erp", "7.5")];
    assert_eq!(told, expected.map(|(b, amount)| (b.to_owned(), Some(eur(amount)))));
}
