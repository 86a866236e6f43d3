//! A customer buys; a person ships, refunds, edits, cancels.

mod change;
mod checkout;
mod goods;
mod refund;
mod shipping;

pub(super) use change::{cancel, close, delete, edit, pay, update};
pub(super) use checkout::{checkout, pos_sale};
pub(super) use goods::{hold, merge, release, relocate, route, schedule, split};
pub(super) use refund::{begin_return, end_return, refund};
pub(super) use shipping::{cancel_fulfillment, fulfill, update_tracking};

use super::{ControlError, Scene, find};
use crate::ids::{self, gid};
use crate::model::{FulfillmentOrder, Order, OrderLine, Shop};
use crate::orders::{Refused, route as routing};
use serde::Deserialize;
use serde_json::{Value, json};

impl From<Refused> for ControlError {
    fn from(refused: Refused) -> Self {
        Self::Forbidden(refused.message)
    }
}

/// A line of an order and units of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitsOf {
    sku: Option<String>,
    line_item_id: Option<Value>,
    quantity: i64,
}

/// Finds a line by its number, its GID, or its SKU.
fn line<'o>(
    order: &'o Order,
    sku: Option<&String>,
    id: Option<&Value>,
) -> Result<&'o OrderLine, ControlError> {
    let number = id.and_then(|id| ids::loose(id, "LineItem"));
    let found = order.lines.iter().find(|line| match id {
        Some(_) => Some(line.id) == number,
        None => sku.is_some() && line.sku.as_ref() == sku,
    });
    found.ok_or_else(|| ControlError::Missing(format!("such line in {}", order.name())))
}

/// An order that is named, with its fulfillment orders: a person sees them before acting.
fn routed(scene: &mut Scene<'_>, named: &Value) -> Result<i64, ControlError> {
    let id = find::order(scene.shop, named)?;
    routing::route(scene.shop, scene.now, id, &mut scene.action)?;
    Ok(id)
}

/// An order of the shop.
fn order(shop: &Shop, id: i64) -> Result<&Order, ControlError> {
    shop.orders.get(&id).ok_or_else(|| ControlError::Missing(format!("order {id}")))
}

/// The fulfillment orders that are meant: the one that is named, or all of an order that are
/// active.
fn meant(
    scene: &mut Scene<'_>,
    fulfillment_order: Option<&Value>,
    order: Option<&Value>,
) -> Result<Vec<i64>, ControlError> {
    if let Some(named) = fulfillment_order {
        let id = ids::loose(named, "FulfillmentOrder");
        let found = id.filter(|id| {
            scene.shop.owner(*id).is_some_and(|order| order.fulfillment_order(*id).is_some())
        });
        let missing = || ControlError::Missing(format!("fulfillment order {named}"));
        return Ok(vec![found.ok_or_else(missing)?]);
    }
    let named = order
        .ok_or_else(|| ControlError::Body("order or fulfillment_order is needed".to_owned()))?;
    let id = routed(scene, named)?;
    let order = self::order(scene.shop, id)?;
    let active = order.fulfillment_orders.iter().filter(|one| one.is_active());
    let active: Vec<i64> = active.map(|one| one.id).collect();
    if active.is_empty() {
        let message = format!("{} has no active fulfillment order", order.name());
        return Err(ControlError::Forbidden(message));
    }
    Ok(active)
}

/// The only fulfillment order that is meant.
fn only(
    scene: &mut Scene<'_>,
    fulfillment_order: Option<&Value>,
    order: Option<&Value>,
) -> Result<i64, ControlError> {
    match meant(scene, fulfillment_order, order)?.as_slice() {
        [id] => Ok(*id),
        all => {
            let count = all.len();
            let message = format!("{count} fulfillment orders are active: name one");
            Err(ControlError::Body(message))
        }
    }
}

/// Lines of a fulfillment order, named as lines of its order.
fn pieces(
    shop: &Shop,
    fulfillment_order: i64,
    asked: &[UnitsOf],
) -> Result<Vec<crate::orders::split::Piece>, ControlError> {
    let missing = || ControlError::Missing(format!("fulfillment order {fulfillment_order}"));
    let order = shop.owner(fulfillment_order).ok_or_else(missing)?;
    let one = order.fulfillment_order(fulfillment_order).ok_or_else(missing)?;
    let mut all = Vec::new();
    for units in asked {
        let wanted = line(order, units.sku.as_ref(), units.line_item_id.as_ref())?.id;
        let found = one.lines.iter().find(|known| known.line == wanted);
        let found = found.ok_or_else(|| {
            ControlError::Missing(format!("such line in fulfillment order {fulfillment_order}"))
        })?;
        all.push(crate::orders::split::Piece { line: found.id, units: units.quantity });
    }
    Ok(all)
}

/// How an answer shows a fulfillment order.
pub(super) fn shown(order: &Order, one: &FulfillmentOrder) -> Value {
    let lines: Vec<Value> = one
        .lines
        .iter()
        .map(|known| {
            json!({
                "fulfillment_order_line_item_id": known.id,
                "line_item_id": known.line,
                "sku": order.line(known.line).and_then(|line| line.sku.clone()),
                "quantity": known.total,
                "remaining": known.remaining,
            })
        })
        .collect();
    let holds: Vec<Value> = one
        .holds
        .iter()
        .map(|hold| json!({"hold_id": hold.id, "reason": hold.reason, "by_app": hold.by_app}))
        .collect();
    json!({
        "fulfillment_order_id": one.id,
        "fulfillment_order_gid": gid("FulfillmentOrder", one.id),
        "status": one.status(),
        "location_id": one.location,
        "lines": lines,
        "holds": holds,
    })
}

/// How an answer shows some fulfillment orders.
fn all_shown(shop: &Shop, ids: &[i64]) -> Vec<Value> {
    let found = |id: &i64| {
        let order = shop.owner(*id)?;
        Some(shown(order, order.fulfillment_order(*id)?))
    };
    ids.iter().filter_map(found).collect()
}
