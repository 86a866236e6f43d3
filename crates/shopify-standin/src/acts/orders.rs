//! A customer buys; a person ships or cancels.

use super::find::{self, What};
use super::stock::WhatOf;
use super::{Answer, ControlError, Scene, broken, fields, read};
use crate::ids::gid;
use crate::model::{Fulfillment, LevelKey, Order, OrderLine, Step};
use crate::webhooks::fact::Fact;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkout {
    lines: Vec<Line>,
    location: Option<Value>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(flatten)]
    what: WhatOf,
    quantity: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fulfill {
    order: Value,
    lines: Option<Vec<FulfillLine>>,
    tracking_number: Option<String>,
    tracking_company: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FulfillLine {
    sku: Option<String>,
    line_item_id: Option<i64>,
    quantity: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    order: Value,
    #[serde(default)]
    restock: bool,
    #[serde(default = "customer")]
    reason: String,
}

fn customer() -> String {
    "customer".to_owned()
}

/// Places a paid order. All lines are claimed, or none.
pub(super) fn checkout(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Checkout = read(body)?;
    let fixed = match &asked.location {
        Some(named) => Some(find::location(scene.shop, named)?),
        None => None,
    };
    let mut claimed: BTreeMap<LevelKey, i64> = BTreeMap::new();
    let mut lines = Vec::new();
    for line in asked.lines {
        if line.quantity <= 0 {
            return Err(ControlError::Body("quantity must be above 0".to_owned()));
        }
        let item = What::from(line.what).item(scene.shop)?;
        let key = source(scene, item, line.quantity, fixed, &claimed)?;
        *claimed.entry(key).or_default() += line.quantity;
        lines.push(order_line(scene, key, line.quantity)?);
    }
    if lines.is_empty() {
        return Err(ControlError::Body("lines is empty".to_owned()));
    }
    for line in lines.iter().filter(|line| line.claimed) {
        let key = key_of(line);
        let step = Step::Sold(line.quantity);
        scene.shop.step(key, step, scene.now, &mut scene.action).map_err(broken)?;
    }
    let id = scene.shop.new_id();
    scene.shop.last_order += 1;
    let order = Order {
        id,
        number: scene.shop.last_order,
        created_at: scene.now,
        updated_at: scene.now,
        cancelled_at: None,
        cancel_reason: None,
        lines,
        fulfillments: Vec::new(),
    };
    let shown: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "line_item_id": line.id,
                "sku": line.sku,
                "quantity": line.quantity,
                "location_id": line.location,
            })
        })
        .collect();
    let answer = json!({
        "order_id": id,
        "order_gid": gid("Order", id),
        "name": order.name(),
        "lines": shown,
    });
    scene.shop.orders.insert(id, order);
    for fact in [Fact::OrderCreated(id), Fact::OrderPaid(id), Fact::OrderUpdated(id)] {
        scene.action.add(fact);
    }
    Ok(fields(answer))
}

/// Where a checkout takes units from: an active location that has enough; for a variant that
/// sells beyond zero, or an untracked item, any active one that stocks it.
fn source(
    scene: &Scene<'_>,
    item: i64,
    quantity: i64,
    fixed: Option<i64>,
    claimed: &BTreeMap<LevelKey, i64>,
) -> Result<LevelKey, ControlError> {
    let shop = &scene.shop;
    let usable = || {
        shop.levels_of_item(item).filter(|level| {
            let location = shop.locations.get(&level.key.location);
            level.active
                && location
                    .is_some_and(|location| location.active && location.fulfills_online_orders)
                && fixed.is_none_or(|fixed| fixed == level.key.location)
        })
    };
    let enough = usable().find(|level| {
        let taken = claimed.get(&level.key).copied().unwrap_or_default();
        level.quantities.available - taken >= quantity
    });
    let free = !shop.items.get(&item).is_some_and(|item| item.tracked)
        || shop.variant_of(item).is_some_and(|variant| variant.continues);
    let found = enough.or_else(|| usable().next().filter(|_| free));
    found.map(|level| level.key).ok_or_else(|| {
        ControlError::Forbidden(format!("no location has {quantity} of item {item} for sale"))
    })
}

fn order_line(
    scene: &mut Scene<'_>,
    key: LevelKey,
    quantity: i64,
) -> Result<OrderLine, ControlError> {
    let id = scene.shop.new_id();
    let missing = || ControlError::Missing(format!("variant of item {}", key.item));
    let item = scene.shop.items.get(&key.item).ok_or_else(missing)?;
    let variant = scene.shop.variant_of(key.item).ok_or_else(missing)?;
    let product = scene.shop.products.get(&variant.product).ok_or_else(missing)?;
    Ok(OrderLine {
        id,
        variant: variant.id,
        product: product.id,
        item: key.item,
        location: key.location,
        sku: item.sku.clone(),
        title: product.title.clone(),
        price: variant.price.clone(),
        quantity,
        fulfilled: 0,
        cancelled: 0,
        claimed: item.tracked,
    })
}

fn key_of(line: &OrderLine) -> LevelKey {
    LevelKey { location: line.location, item: line.item }
}

/// Ships units of an order: one fulfilment per location, of which the first is answered.
pub(super) fn fulfill(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Fulfill = read(body)?;
    let id = find::order(scene.shop, &asked.order)?;
    with_order(scene, id, |scene, order| ship(scene, order, &asked))
}

fn ship(scene: &mut Scene<'_>, order: &mut Order, asked: &Fulfill) -> Answer {
    let plan = shipment(order, asked.lines.as_deref())?;
    let mut by_location: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    for (line, units) in plan {
        let found = order.lines.iter_mut().find(|known| known.id == line);
        let Some(found) = found else {
            continue;
        };
        found.fulfilled += units;
        by_location.entry(found.location).or_default().push((line, units));
        if found.claimed {
            let (key, step) = (key_of(found), Step::Fulfilled(units));
            scene.shop.step(key, step, scene.now, &mut scene.action).map_err(broken)?;
        }
    }
    let mut answer = Value::Null;
    for (location, lines) in by_location {
        let made = Fulfillment {
            id: scene.shop.new_id(),
            number: order.fulfillments.len() + 1,
            location,
            lines,
            tracking_company: asked.tracking_company.clone(),
            tracking_number: asked.tracking_number.clone(),
            created_at: scene.now,
        };
        scene.action.add(Fact::FulfillmentCreated { order: order.id, fulfillment: made.id });
        if answer.is_null() {
            let name = order.fulfillment_name(made.number);
            answer = json!({"fulfillment_id": made.id, "name": name});
        }
        order.fulfillments.push(made);
    }
    order.updated_at = scene.now;
    scene.action.add(match order.fulfillment_status() {
        Some("fulfilled") => Fact::OrderFulfilled(order.id),
        _ => Fact::OrderPartiallyFulfilled(order.id),
    });
    scene.action.add(Fact::OrderUpdated(order.id));
    Ok(fields(answer))
}

/// Which lines are shipped with how many units; nothing named means all that remains.
fn shipment(order: &Order, asked: Option<&[FulfillLine]>) -> Result<Vec<(i64, i64)>, ControlError> {
    if order.cancelled_at.is_some() {
        return Err(ControlError::Forbidden(format!("{} is cancelled", order.name())));
    }
    let mut plan = Vec::new();
    match asked {
        None => {
            let open = order.lines.iter().filter(|line| line.remaining() > 0);
            plan.extend(open.map(|line| (line.id, line.remaining())));
        }
        Some(lines) => {
            for one in lines {
                let line = order.lines.iter().find(|line| match one.line_item_id {
                    Some(id) => line.id == id,
                    None => one.sku.is_some() && line.sku == one.sku,
                });
                let line = line.ok_or_else(|| {
                    ControlError::Missing(format!("such line in {}", order.name()))
                })?;
                let planned = plan.iter().filter(|(id, _)| *id == line.id);
                let planned: i64 = planned.map(|(_, units)| units).sum();
                if one.quantity <= 0 || one.quantity + planned > line.remaining() {
                    let message = "Invalid fulfillment order line item quantity requested.";
                    return Err(ControlError::Forbidden(message.to_owned()));
                }
                plan.push((line.id, one.quantity));
            }
        }
    }
    if plan.is_empty() {
        return Err(ControlError::Forbidden(format!("nothing of {} is open", order.name())));
    }
    Ok(plan)
}

/// Cancels what is not shipped.
pub(super) fn cancel(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Cancel = read(body)?;
    let id = find::order(scene.shop, &asked.order)?;
    with_order(scene, id, |scene, order| {
        if order.cancelled_at.is_some() {
            let message = "Cannot cancel an order that has already been canceled";
            return Err(ControlError::Forbidden(message.to_owned()));
        }
        for line in &mut order.lines {
            let units = line.remaining();
            line.cancelled += units;
            if line.claimed && units > 0 {
                let step =
                    if asked.restock { Step::Restocked(units) } else { Step::Dropped(units) };
                scene
                    .shop
                    .step(key_of(line), step, scene.now, &mut scene.action)
                    .map_err(broken)?;
            }
        }
        order.cancelled_at = Some(scene.now);
        order.cancel_reason = Some(asked.reason.clone());
        order.updated_at = scene.now;
        scene.action.add(Fact::OrderCancelled(order.id));
        scene.action.add(Fact::OrderUpdated(order.id));
        Ok(fields(json!({"order_id": order.id})))
    })
}

/// Works on an order outside the shop and puts it back changed, or as it was when the work is
/// refused.
fn with_order(
    scene: &mut Scene<'_>,
    id: i64,
    work: impl FnOnce(&mut Scene<'_>, &mut Order) -> Answer,
) -> Answer {
    let order = scene.shop.orders.get(&id).cloned();
    let mut order = order.ok_or_else(|| ControlError::Missing(format!("order {id}")))?;
    let answer = work(scene, &mut order)?;
    scene.shop.orders.insert(id, order);
    Ok(answer)
}
