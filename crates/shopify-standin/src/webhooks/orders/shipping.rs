//! Fulfillments, and the topics of fulfillment orders, which name everything by GID.

use super::order::{address, line};
use crate::ids::gid;
use crate::model::order::FulfillmentOrderLine;
use crate::model::{Fulfillment, FulfillmentOrder, Order, Shop};
use crate::webhooks::fact::Fact;
use crate::webhooks::payload::local;
use serde_json::{Map, Value, json};

/// A fulfillment.
pub(super) fn fulfillment(shop: &Shop, order: &Order, made: &Fulfillment) -> Value {
    let lines: Vec<Value> = made
        .lines
        .iter()
        .filter_map(|one| Some(line(shop, order, order.line(one.line)?, one.quantity)))
        .collect();
    let hidden = shop.settings.hide_customer_data;
    let destination = order.shipping_address.as_ref().filter(|_| !hidden).map(address);
    json!({
        "id": made.id,
        "admin_graphql_api_id": gid("Fulfillment", made.id),
        "order_id": order.id,
        "name": order.fulfillment_name(made.number),
        "status": made.status().to_lowercase(),
        "service": "manual",
        "created_at": local(shop, made.created_at),
        "updated_at": local(shop, made.updated_at),
        "location_id": made.location,
        "shipment_status": null,
        "tracking_company": made.tracking.company,
        "tracking_number": made.tracking.numbers.first(),
        "tracking_numbers": made.tracking.numbers,
        "tracking_url": made.tracking.urls.first(),
        "tracking_urls": made.tracking.urls,
        "line_items": lines,
        "destination": destination,
        "origin_address": {},
        "receipt": {},
        "email": order.email.as_ref().filter(|_| !hidden),
    })
}

/// The body of a topic about a fulfillment order.
pub(super) fn body(shop: &Shop, fact: Fact) -> Option<Value> {
    match fact {
        Fact::Moved { order, original, moved, from, to } => {
            let order = shop.orders.get(&order)?;
            Some(self::moved(order, (original, moved), (from, to)))
        }
        Fact::Split { order, fulfillment_order, fresh, replacement } => {
            let order = shop.orders.get(&order)?;
            let new = order.fulfillment_order(fresh)?;
            Some(json!({
                "fulfillment_order": short(order, fulfillment_order)?,
                "remaining_fulfillment_order": short(order, fresh)?,
                "replacement_fulfillment_order": replacement.and_then(|id| short(order, id)),
                "split_line_items": new.lines.iter().map(units).collect::<Vec<_>>(),
            }))
        }
        Fact::Merged { order, fulfillment_order } => {
            let order = shop.orders.get(&order)?;
            Some(merged(order, order.fulfillment_order(fulfillment_order)?))
        }
        Fact::FulfillmentOrderCancelled { order, fulfillment_order, replacement } => {
            let order = shop.orders.get(&order)?;
            Some(json!({
                "fulfillment_order": short(order, fulfillment_order)?,
                "replacement_fulfillment_order": replacement.and_then(|id| short(order, id)),
            }))
        }
        Fact::PlacedOnHold { order, fulfillment_order, hold, rest } => {
            let order = shop.orders.get(&order)?;
            Some(held(order, fulfillment_order, hold, rest))
        }
        Fact::Rescheduled { order, fulfillment_order } => {
            let order = shop.orders.get(&order)?;
            let one = order.fulfillment_order(fulfillment_order)?;
            Some(json!({"fulfillment_order": {
                "id": gid("FulfillmentOrder", one.id),
                "status": one.status().to_lowercase(),
                "fulfill_at": one.scheduled.map(|moment| local(shop, moment)),
            }}))
        }
        Fact::RoutingComplete { order, fulfillment_order }
        | Fact::HoldReleased { order, fulfillment_order }
        | Fact::ScheduledReady { order, fulfillment_order }
        | Fact::ProgressReported { order, fulfillment_order }
        | Fact::ProgressStopped { order, fulfillment_order } => {
            let order = shop.orders.get(&order)?;
            Some(json!({"fulfillment_order": short(order, fulfillment_order)?}))
        }
        _ => None,
    }
}

/// GID and status: no order, no lines.
fn short(order: &Order, id: i64) -> Option<Value> {
    let one = order.fulfillment_order(id)?;
    Some(json!({
        "id": gid("FulfillmentOrder", one.id),
        "status": one.status().to_lowercase(),
    }))
}

fn units(line: &FulfillmentOrderLine) -> Value {
    json!({"id": gid("FulfillmentOrderLineItem", line.id), "quantity": line.total})
}

fn moved(order: &Order, (original, moved): (i64, i64), (from, to): (i64, i64)) -> Value {
    let placed = |id: i64| {
        let one = order.fulfillment_order(id)?;
        Some(json!({
            "id": gid("FulfillmentOrder", one.id),
            "status": one.status().to_lowercase(),
            "assigned_location_id": gid("Location", one.location),
        }))
    };
    let lines = order.fulfillment_order(moved).map(|one| one.lines.as_slice()).unwrap_or_default();
    json!({
        "original_fulfillment_order": placed(original),
        "moved_fulfillment_order": placed(moved),
        "source_location": {"id": gid("Location", from)},
        "destination_location_id": gid("Location", to),
        "fulfillment_order_line_items_requested": lines.iter().map(units).collect::<Vec<_>>(),
    })
}

/// Here, and only here, fulfillment orders are named by their numbers too.
fn merged(order: &Order, into: &FulfillmentOrder) -> Value {
    let intents: Vec<Value> = into
        .merged
        .iter()
        .map(|(id, lines)| {
            let lines = lines.iter().map(|(id, units)| json!({"id": id, "quantity": units}));
            json!({
                "fulfillment_order_id": id,
                "fulfillment_order_line_items": lines.collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "fulfillment_order_merges": {"fulfillment_order": short(order, into.id)},
        "merge_intents": intents,
    })
}

fn held(order: &Order, id: i64, hold: i64, rest: Option<i64>) -> Value {
    let one = order.fulfillment_order(id);
    let found = one.and_then(|one| one.holds.iter().find(|known| known.id == hold));
    let mut created = Map::new();
    created.insert("id".to_owned(), gid("FulfillmentHold", hold).into());
    let reason = found.map(|hold| hold.reason.to_lowercase());
    created.insert("reason".to_owned(), reason.into());
    created.insert("reason_notes".to_owned(), found.and_then(|hold| hold.notes.clone()).into());
    let lines = one.map(|one| one.lines.as_slice()).unwrap_or_default();
    json!({
        "fulfillment_order": short(order, id),
        "remaining_fulfillment_order": rest.and_then(|id| short(order, id)),
        "created_fulfillment_hold": created,
        "held_fulfillment_order_line_items": lines.iter().map(units).collect::<Vec<_>>(),
    })
}
