//! A person refunds, and opens returns.

use super::super::{Answer, ControlError, Scene, fields, find, read};
use super::{line, order, routed};
use crate::ids::{self, gid};
use crate::model::order::{Refund, Restock, money};
use crate::model::{Order, Shop};
use crate::orders::exchange::Exchanged;
use crate::orders::refund::{self, Ask, Funds, Given, Units, refundable};
use crate::orders::returns;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    order: Value,
    #[serde(default)]
    lines: Vec<Line>,
    amount: Option<String>,
    shipping: Option<String>,
    note: Option<String>,
    #[serde(default)]
    notify: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sku: Option<String>,
    line_item_id: Option<Value>,
    quantity: i64,
    restock_type: String,
    location: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeginReturn {
    order: Value,
    lines: Vec<ReturnLine>,
    #[serde(default)]
    exchange: Vec<Instead>,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReturnLine {
    sku: Option<String>,
    line_item_id: Option<Value>,
    quantity: i64,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instead {
    sku: String,
    quantity: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndReturn {
    #[serde(rename = "return")]
    named: Value,
    #[serde(default = "closed")]
    status: String,
}

fn closed() -> String {
    "closed".to_owned()
}

/// Refunds units and money.
pub(crate) fn refund(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Body = read(body)?;
    let id = routed(scene, &asked.order)?;
    let known = order(scene.shop, id)?;
    let digits = money::decimals(&known.currencies.presentment);
    let amount = |text: &Option<String>| -> Result<Option<i64>, ControlError> {
        let read = |text: &String| {
            let wrong = || ControlError::Body(format!("'{text}' is no amount"));
            money::parse(text, digits).ok_or_else(wrong)
        };
        text.as_ref().map(read).transpose()
    };
    let funds = match amount(&asked.amount)? {
        None => Funds::Value,
        Some(amount) => Funds::Given(shares(known, amount)),
    };
    let shipping = amount(&asked.shipping)?.unwrap_or_default();
    let lines: Result<Vec<Units>, ControlError> =
        asked.lines.iter().map(|one| units(scene.shop, known, one)).collect();
    let ask = Ask {
        lines: lines?,
        shipping,
        funds,
        over: false,
        note: asked.note,
        notify: asked.notify,
        processed_at: None,
    };
    let made = refund::refund(scene.shop, scene.now, id, &ask, &mut scene.action)?;
    let known = order(scene.shop, id)?;
    let missing = || ControlError::Missing(format!("refund {made}"));
    Ok(fields(shown(known, known.refund(made).ok_or_else(missing)?)))
}

/// An amount, spread over what was paid.
fn shares(order: &Order, amount: i64) -> Vec<Given> {
    let mut rest = amount;
    let mut all = Vec::new();
    for (parent, most) in refundable(order) {
        let amount = rest.min(most);
        rest -= amount;
        all.push(Given { amount, parent: Some(parent) });
    }
    // What is beyond all payments is refused together with the last of them.
    if let Some(last) = all.last_mut() {
        last.amount += rest;
    }
    all
}

fn units(shop: &Shop, order: &Order, one: &Line) -> Result<Units, ControlError> {
    let wanted = line(order, one.sku.as_ref(), one.line_item_id.as_ref())?;
    let restock = Restock::parse(&one.restock_type).ok_or_else(|| {
        ControlError::Body(format!("restock_type '{}' does not exist", one.restock_type))
    })?;
    let named = one.location.as_ref().map(|named| find::location(shop, named)).transpose()?;
    let shipped = order.fulfillments.iter().filter(|made| made.stands);
    let left_from = shipped
        .filter(|made| made.lines.iter().any(|known| known.line == wanted.id))
        .map(|made| made.location)
        .next_back();
    let waits = order.fulfillment_orders.iter().filter(|one| one.is_active());
    let waits_at = waits
        .filter(|one| one.lines.iter().any(|known| known.line == wanted.id))
        .map(|one| one.location)
        .next();
    let location = match restock {
        Restock::Nothing => None,
        Restock::Cancel => Some(named.or(waits_at).unwrap_or(wanted.location)),
        Restock::Return => Some(named.or(left_from).unwrap_or(wanted.location)),
    };
    Ok(Units { line: wanted.id, quantity: one.quantity, restock, location })
}

fn shown(order: &Order, made: &Refund) -> Value {
    let lines: Vec<Value> = made
        .lines
        .iter()
        .map(|one| {
            json!({
                "refund_line_item_id": one.id,
                "line_item_id": one.line,
                "quantity": one.quantity,
                "restock_type": one.restock.as_str(),
                "location_id": one.location,
            })
        })
        .collect();
    let moved = order.transactions.iter().filter(|one| made.transactions.contains(&one.id));
    let amount = moved.map(|one| one.amount.presentment).sum();
    json!({
        "refund_id": made.id,
        "refund_gid": gid("Refund", made.id),
        "amount": money::rest_text(amount, &order.currencies.presentment),
        "lines": lines,
    })
}

/// Opens a return, or writes a request down.
pub(crate) fn begin_return(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: BeginReturn = read(body)?;
    let id = routed(scene, &asked.order)?;
    let requested = asked.status.as_deref() == Some("requested");
    let known = order(scene.shop, id)?;
    let mut lines = Vec::new();
    for one in &asked.lines {
        let line = line(known, one.sku.as_ref(), one.line_item_id.as_ref())?.id;
        let reason = one.reason.clone();
        let quantity = one.quantity;
        let definition = None;
        lines.push(returns::Units { line, fulfilled_line: None, quantity, reason, definition });
    }
    let mut exchanges = Vec::new();
    for one in &asked.exchange {
        let what = find::What { sku: Some(one.sku.clone()), ..find::What::default() };
        let item = what.item(scene.shop)?;
        let variant = scene.shop.variant_of(item).map(|variant| variant.id).unwrap_or_default();
        exchanges.push(Exchanged { variant, quantity: one.quantity, discount: 0 });
    }
    let asked = returns::Asked { lines: &lines, exchanges: &exchanges, requested };
    let made = returns::begin(scene.shop, scene.now, id, asked, &mut scene.action)?;
    let known = order(scene.shop, id)?;
    Ok(fields(json!({
        "return_id": made,
        "return_gid": gid("Return", made),
        "name": format!("{}-R{}", known.name(), known.returns.len()),
    })))
}

/// Closes, cancels, declines or reopens a return.
pub(crate) fn end_return(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: EndReturn = read(body)?;
    let status = match asked.status.as_str() {
        "closed" => "CLOSED",
        "canceled" => "CANCELED",
        "declined" => "DECLINED",
        "open" => "OPEN",
        other => return Err(ControlError::Body(format!("status '{other}' does not exist"))),
    };
    let id = ids::loose(&asked.named, "Return").unwrap_or_default();
    returns::end(scene.shop, scene.now, id, status, &mut scene.action)?;
    Ok(fields(json!({"return_id": id})))
}
