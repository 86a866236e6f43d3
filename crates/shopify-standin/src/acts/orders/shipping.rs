//! A person ships by hand, corrects a number, or takes a shipment back.

use super::super::{Answer, ControlError, Scene, fields, read};
use super::{UnitsOf, all_shown, line, order, routed};
use crate::ids::{self, gid};
use crate::model::Order;
use crate::model::order::Tracking;
use crate::orders::fulfil::{self, Part, Slip};
use crate::orders::unfulfil;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fulfill {
    order: Value,
    lines: Option<Vec<UnitsOf>>,
    fulfillment_order: Option<Value>,
    #[serde(default)]
    notify: bool,
    tracking_company: Option<String>,
    tracking_number: Option<String>,
    #[serde(default)]
    tracking_numbers: Vec<String>,
    tracking_url: Option<String>,
    #[serde(default)]
    tracking_urls: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    fulfillment: Value,
    #[serde(default)]
    notify: bool,
    tracking_company: Option<String>,
    tracking_number: Option<String>,
    #[serde(default)]
    tracking_numbers: Vec<String>,
    tracking_url: Option<String>,
    #[serde(default)]
    tracking_urls: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shipment {
    fulfillment: Value,
}

fn all(one: Option<String>, many: Vec<String>) -> Vec<String> {
    one.into_iter().chain(many).collect()
}

/// Ships units of an order: one fulfillment per location, of which the first is answered.
pub(crate) fn fulfill(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Fulfill = read(body)?;
    let id = routed(scene, &asked.order)?;
    let only = asked
        .fulfillment_order
        .as_ref()
        .map(|named| ids::loose(named, "FulfillmentOrder").unwrap_or_default());
    let shipments = shipments(order(scene.shop, id)?, asked.lines.as_deref(), only)?;
    let slip = Slip {
        tracking: Tracking {
            company: asked.tracking_company,
            numbers: all(asked.tracking_number, asked.tracking_numbers),
            urls: all(asked.tracking_url, asked.tracking_urls),
        },
        notify: asked.notify,
    };
    let mut made = Vec::new();
    for (location, parts) in shipments {
        let fulfillment =
            fulfil::fulfil(scene.shop, scene.now, &parts, slip.clone(), &mut scene.action)?;
        made.push((fulfillment, location));
    }
    let order = order(scene.shop, id)?;
    let name = |fulfillment: i64| {
        order.fulfillment(fulfillment).map(|one| order.fulfillment_name(one.number))
    };
    let all: Vec<Value> = made
        .iter()
        .map(|(id, place)| json!({"fulfillment_id": id, "name": name(*id), "location_id": place}))
        .collect();
    let first = made.first().map(|(id, _)| *id).unwrap_or_default();
    Ok(fields(json!({
        "fulfillment_id": first,
        "fulfillment_gid": gid("Fulfillment", first),
        "name": name(first),
        "fulfillments": all,
    })))
}

/// Which fulfillment orders are shipped with how many units, by location.
fn shipments(
    order: &Order,
    asked: Option<&[UnitsOf]>,
    only: Option<i64>,
) -> Result<BTreeMap<i64, Vec<Part>>, ControlError> {
    if order.cancelled_at.is_some() {
        return Err(ControlError::Forbidden(format!("{} is cancelled", order.name())));
    }
    let open = || {
        let all = order.fulfillment_orders.iter().filter(|one| one.is_fulfillable());
        all.filter(|one| only.is_none_or(|only| only == one.id))
    };
    let mut left: BTreeMap<i64, i64> = BTreeMap::new();
    for units in asked.into_iter().flatten() {
        let wanted = line(order, units.sku.as_ref(), units.line_item_id.as_ref())?;
        if units.quantity <= 0 {
            return Err(ControlError::Body("quantity must be above 0".to_owned()));
        }
        *left.entry(wanted.id).or_default() += units.quantity;
    }
    let mut shipments: BTreeMap<i64, Vec<Part>> = BTreeMap::new();
    for one in open() {
        let mut lines = Vec::new();
        for known in one.lines.iter().filter(|known| known.remaining > 0) {
            let wanted = match asked {
                None => known.remaining,
                Some(_) => {
                    let left = left.entry(known.line).or_default();
                    let taken = known.remaining.min(*left);
                    *left -= taken;
                    taken
                }
            };
            if wanted > 0 {
                lines.push((known.id, wanted));
            }
        }
        if !lines.is_empty() {
            let part = Part { fulfillment_order: one.id, lines: Some(lines) };
            shipments.entry(one.location).or_default().push(part);
        }
    }
    if left.values().any(|units| *units > 0) {
        let message = "Invalid fulfillment order line item quantity requested.";
        return Err(ControlError::Forbidden(message.to_owned()));
    }
    if shipments.is_empty() {
        return Err(ControlError::Forbidden(format!("nothing of {} is open", order.name())));
    }
    Ok(shipments)
}

/// Replaces carrier and numbers of a shipment.
pub(crate) fn update_tracking(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Numbers = read(body)?;
    let id = ids::loose(&asked.fulfillment, "Fulfillment").unwrap_or_default();
    let tracking = Tracking {
        company: asked.tracking_company,
        numbers: all(asked.tracking_number, asked.tracking_numbers),
        urls: all(asked.tracking_url, asked.tracking_urls),
    };
    let slip = Slip { tracking, notify: asked.notify };
    let id = fulfil::update_tracking(scene.shop, scene.now, id, slip, &mut scene.action)?;
    Ok(fields(json!({"fulfillment_id": id})))
}

/// Takes a shipment back.
pub(crate) fn cancel_fulfillment(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Shipment = read(body)?;
    let id = ids::loose(&asked.fulfillment, "Fulfillment").unwrap_or_default();
    let made = unfulfil::cancel(scene.shop, scene.now, id, &mut scene.action)?;
    Ok(fields(json!({
        "fulfillment_id": id,
        "fulfillment_orders": all_shown(scene.shop, &made),
    })))
}
