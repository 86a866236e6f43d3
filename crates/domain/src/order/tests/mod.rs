//! An order through its life, by hand and in every order of news.

mod lines;
mod parts;
mod permutation;
mod refunds;
mod reports;
mod shop;

use super::settings::{ServedLocation, StoreOrders};
use super::{Announcement, Order, OrderCommand, OrderEvent};
use crate::decider::Decider;
use crate::ids::{BackOfficeId, LocationId, Sku, VariantId};
use crate::testing::id;

/// Berlin is served by `wms/MAIN`, Lyon by `wms/SIDE`; a third location is not mapped.
fn rules() -> StoreOrders {
    StoreOrders {
        connected: true,
        enabled: true,
        takers: [id("wms")].into(),
        locations: vec![
            served(1, &["wms/MAIN"], "parcel", false),
            served(2, &["wms/SIDE"], "post", false),
        ],
        shop_domain: "north.myshopify.com".to_owned(),
        ..StoreOrders::default()
    }
}

fn served(location: i64, warehouses: &[&str], process: &str, default: bool) -> ServedLocation {
    ServedLocation {
        location: LocationId(location),
        warehouses: warehouses.iter().map(|w| id(w)).collect(),
        shipping_process: process.to_owned(),
        default,
    }
}

/// Every variant is linked to a SKU of its own number.
fn codes(variant: VariantId, _: &BackOfficeId) -> Option<Sku> {
    Some(id(&format!("SKU-{variant}")))
}

/// Does what the service does after each command: tells lines, parts and refunds, and decides
/// what waits.
fn settle(mut order: Order, rules: &StoreOrders) -> (Order, Vec<OrderEvent>) {
    let mut events = Vec::new();
    let mut apply = |order: &mut Order, command: OrderCommand| {
        let Ok(new) = Order::decide(order, &command);
        *order = Order::evolve_all(std::mem::take(order), &new);
        events.extend(new);
    };
    let Some(lines) = order.lines(rules) else { return (order, events) };
    let announcement = order.announcement(rules, &lines, &codes);
    apply(&mut order, OrderCommand::TellParts { announcement: Box::new(announcement) });
    let refunds = order.refunds_to_tell(rules, &codes);
    apply(&mut order, OrderCommand::TellRefunds { refunds });
    for waiting in order.waiting.clone() {
        let lines = order.lines(rules).map(Box::new);
        let report = Box::new(waiting.report);
        let now = waiting.since;
        apply(&mut order, OrderCommand::Report { report, lines, now });
    }
    if let Some(lines) = order.lines(rules) {
        apply(&mut order, OrderCommand::TellLines { lines: Box::new(lines) });
    }
    (order, events)
}

/// A command, and what the service does after it.
fn handle(order: Order, command: &OrderCommand, rules: &StoreOrders) -> (Order, Vec<OrderEvent>) {
    let Ok(mut events) = Order::decide(&order, command);
    let order = Order::evolve_all(order, &events);
    let (order, more) = settle(order, rules);
    events.extend(more);
    (order, events)
}

fn announcement(order: &Order, rules: &StoreOrders) -> Announcement {
    let lines = order.lines(rules).expect("a known order");
    order.announcement(rules, &lines, &codes)
}
