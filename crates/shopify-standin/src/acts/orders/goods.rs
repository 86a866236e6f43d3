//! A person routes, holds, moves, splits and merges fulfillment orders.

use super::super::{Answer, ControlError, Scene, fields, find, read};
use super::{UnitsOf, all_shown, meant, only, order, pieces, routed};
use crate::model::order::Hold;
use crate::orders::{holds, moves, split as splits};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Routed {
    order: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    fulfillment_order: Option<Value>,
    order: Option<Value>,
    #[serde(default = "other")]
    reason: String,
    notes: Option<String>,
    handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Relocated {
    fulfillment_order: Option<Value>,
    order: Option<Value>,
    location: Value,
    #[serde(default)]
    lines: Vec<UnitsOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Split {
    fulfillment_order: Option<Value>,
    order: Option<Value>,
    lines: Vec<UnitsOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    fulfillment_order: Option<Value>,
    order: Option<Value>,
    fulfill_at: Timestamp,
}

fn other() -> String {
    "OTHER".to_owned()
}

/// Makes the fulfillment orders of an order now.
pub(crate) fn route(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Routed = read(body)?;
    let id = routed(scene, &asked.order)?;
    let all: Vec<i64> =
        order(scene.shop, id)?.fulfillment_orders.iter().map(|one| one.id).collect();
    Ok(fields(json!({"fulfillment_orders": all_shown(scene.shop, &all)})))
}

/// Holds.
pub(crate) fn hold(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Held = read(body)?;
    let all = meant(scene, asked.fulfillment_order.as_ref(), asked.order.as_ref())?;
    for id in &all {
        let hold = Hold {
            id: 0,
            reason: asked.reason.to_uppercase(),
            notes: asked.notes.clone(),
            handle: asked.handle.clone(),
            external_id: None,
            by_app: false,
        };
        let ask = holds::Ask { hold, only: Vec::new() };
        holds::hold(scene.shop, scene.now, *id, ask, &mut scene.action)?;
    }
    Ok(fields(json!({"fulfillment_orders": all_shown(scene.shop, &all)})))
}

/// Releases all holds.
pub(crate) fn release(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Held = read(body)?;
    let all = meant(scene, asked.fulfillment_order.as_ref(), asked.order.as_ref())?;
    for id in &all {
        holds::release(scene.shop, scene.now, *id, None, &mut scene.action)?;
    }
    Ok(fields(json!({"fulfillment_orders": all_shown(scene.shop, &all)})))
}

/// Moves to another location.
pub(crate) fn relocate(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Relocated = read(body)?;
    let id = only(scene, asked.fulfillment_order.as_ref(), asked.order.as_ref())?;
    let to = find::location(scene.shop, &asked.location)?;
    let pieces = pieces(scene.shop, id, &asked.lines)?;
    let moved = moves::relocate(scene.shop, scene.now, (id, to), &pieces, &mut scene.action)?;
    let shown = all_shown(scene.shop, &[moved.original, moved.moved]);
    let [original, moved] = <[Value; 2]>::try_from(shown)
        .map_err(|_| ControlError::Missing("fulfillment order after the move".to_owned()))?;
    Ok(fields(json!({"original": original, "moved": moved})))
}

/// Splits: the given units go to a new fulfillment order.
pub(crate) fn split(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Split = read(body)?;
    let id = only(scene, asked.fulfillment_order.as_ref(), asked.order.as_ref())?;
    let pieces = pieces(scene.shop, id, &asked.lines)?;
    let made = splits::split(scene.shop, scene.now, id, &pieces, &mut scene.action)?;
    let one = |id: i64| all_shown(scene.shop, &[id]).pop();
    Ok(fields(json!({
        "original": one(made.original),
        "new": one(made.fresh),
        "replacement": made.replacement.and_then(one),
    })))
}

/// Merges the open fulfillment orders of an order that wait at one location.
pub(crate) fn merge(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Routed = read(body)?;
    let all = meant(scene, None, Some(&asked.order))?;
    let into = splits::merge(scene.shop, scene.now, &all, &mut scene.action)?;
    Ok(fields(json!({"fulfillment_orders": all_shown(scene.shop, &[into])})))
}

/// Lets fulfillment orders wait.
pub(crate) fn schedule(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Later = read(body)?;
    let all = meant(scene, asked.fulfillment_order.as_ref(), asked.order.as_ref())?;
    for id in &all {
        let moment = asked.fulfill_at;
        holds::schedule(scene.shop, scene.now, *id, moment, &mut scene.action)?;
    }
    Ok(fields(json!({"fulfillment_orders": all_shown(scene.shop, &all)})))
}
