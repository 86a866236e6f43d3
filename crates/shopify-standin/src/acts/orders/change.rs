//! A person cancels, edits, marks as paid, writes on, closes or deletes an order.

use super::super::find::{self, What};
use super::super::stock::WhatOf;
use super::super::{Answer, ControlError, Scene, fields, read};
use super::{line, order, routed};
use crate::model::order::{Address, Customer, money};
use crate::orders::edit::Change;
use crate::orders::{cancel as cancels, edit as edits, pay as pays};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    order: Value,
    #[serde(default)]
    restock: bool,
    #[serde(default = "customer")]
    reason: String,
    #[serde(default)]
    refund: bool,
    #[serde(default)]
    notify: bool,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    order: Value,
    #[serde(default)]
    add: Vec<Value>,
    #[serde(default)]
    set: Vec<SetQuantity>,
    #[serde(default)]
    notify: bool,
    note: Option<String>,
}

#[derive(Deserialize)]
struct Add {
    #[serde(flatten)]
    what: WhatOf,
    quantity: i64,
    location: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetQuantity {
    sku: Option<String>,
    line_item_id: Option<Value>,
    quantity: i64,
    #[serde(default = "yes")]
    restock: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    order: Value,
    amount: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    order: Value,
    tags: Option<Vec<String>>,
    note: Option<String>,
    attributes: Option<Map<String, Value>>,
    po_number: Option<String>,
    customer: Option<Customer>,
    shipping_address: Option<Address>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    order: Value,
}

fn customer() -> String {
    "customer".to_owned()
}

fn yes() -> bool {
    true
}

/// Cancels what is not shipped.
pub(crate) fn cancel(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Cancel = read(body)?;
    let id = routed(scene, &asked.order)?;
    let ask = cancels::Ask {
        reason: asked.reason,
        restock: asked.restock,
        refund: asked.refund,
        notify: asked.notify,
        note: asked.note,
    };
    let refund = cancels::cancel(scene.shop, scene.now, id, &ask, &mut scene.action)?;
    Ok(fields(json!({"order_id": id, "refund_id": refund})))
}

/// Adds lines and changes quantities.
pub(crate) fn edit(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Edit = read(body)?;
    let id = routed(scene, &asked.order)?;
    let mut changes = Vec::new();
    for value in asked.add {
        let one: Add = read(value)?;
        let item = What::from(one.what).item(scene.shop)?;
        let location = one.location.as_ref().map(|named| find::location(scene.shop, named));
        let location = location.transpose()?;
        changes.push(Change::Add { item, quantity: one.quantity, location });
    }
    let known = order(scene.shop, id)?;
    for one in asked.set {
        let line = line(known, one.sku.as_ref(), one.line_item_id.as_ref())?.id;
        changes.push(Change::Set { line, quantity: one.quantity, restock: one.restock });
    }
    if changes.is_empty() {
        return Err(ControlError::Body("there is nothing to edit".to_owned()));
    }
    let ask = edits::Ask { changes, notify: asked.notify, note: asked.note };
    let made = edits::edit(scene.shop, scene.now, id, &ask, &mut scene.action)?;
    let lines: Vec<Value> = order(scene.shop, id)?
        .lines
        .iter()
        .map(|line| {
            json!({
                "line_item_id": line.id,
                "sku": line.sku,
                "quantity": line.quantity,
                "current_quantity": line.current(),
                "location_id": line.location,
            })
        })
        .collect();
    Ok(fields(json!({"edit_id": made, "order_id": id, "lines": lines})))
}

/// Takes what is outstanding.
pub(crate) fn pay(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Pay = read(body)?;
    let id = find::order(scene.shop, &asked.order)?;
    let digits = money::decimals(&order(scene.shop, id)?.currencies.presentment);
    let wrong = || ControlError::Body("amount is no decimal".to_owned());
    let amount = asked.amount.map(|text| money::parse(&text, digits).ok_or_else(wrong));
    pays::pay(scene.shop, scene.now, id, amount.transpose()?, &mut scene.action)?;
    let status = order(scene.shop, id)?.financial_status().map(str::to_lowercase);
    Ok(fields(json!({"order_id": id, "financial_status": status})))
}

/// Writes on an order; without anything it only looks changed.
pub(crate) fn update(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Update = read(body)?;
    let id = find::order(scene.shop, &asked.order)?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let attributes = asked
        .attributes
        .map(|map| map.iter().map(|(name, value)| (name.clone(), text(value))).collect());
    let notes = pays::Notes {
        tags: asked.tags,
        note: asked.note,
        attributes,
        po_number: asked.po_number,
        email: asked.customer.as_ref().and_then(|one| one.email.clone()),
        phone: asked.customer.as_ref().and_then(|one| one.phone.clone()),
        customer: asked.customer,
        shipping_address: asked.shipping_address,
    };
    pays::write(scene.shop, scene.now, id, notes, &mut scene.action)?;
    Ok(fields(json!({"order_id": id})))
}

/// Closes an order, or opens it again.
pub(crate) fn close(scene: &mut Scene<'_>, body: Value, closed: bool) -> Answer {
    let asked: Named = read(body)?;
    let id = find::order(scene.shop, &asked.order)?;
    pays::close(scene.shop, scene.now, id, closed, &mut scene.action)?;
    Ok(fields(json!({"order_id": id})))
}

/// Deletes a closed or cancelled order.
pub(crate) fn delete(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Named = read(body)?;
    let id = find::order(scene.shop, &asked.order)?;
    pays::delete(scene.shop, id, &mut scene.action)?;
    Ok(fields(json!({"order_id": id})))
}
