//! A customer buys, on the web or over the counter.

use super::super::find::{self, What};
use super::super::stock::WhatOf;
use super::super::{Answer, ControlError, Scene, fields, read};
use super::order;
use crate::ids::gid;
use crate::model::order::{
    Address, Currencies, Customer, ShippingLine, Transaction, TransactionKind, money,
};
use crate::model::{LevelKey, Order, OrderLine};
use crate::orders::fulfil::{Part, Slip, fulfil};
use crate::orders::place::{self, Policy};
use crate::orders::route;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkout {
    lines: Vec<Value>,
    location: Option<Value>,
    #[serde(default = "paid")]
    financial_status: String,
    #[serde(default = "web")]
    source_name: String,
    source_identifier: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    note: Option<String>,
    #[serde(default)]
    test: bool,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default, deserialize_with = "said")]
    customer: Option<Option<Customer>>,
    #[serde(default, deserialize_with = "said")]
    shipping_address: Option<Option<Address>>,
    shipping: Option<String>,
    tax_rate: Option<String>,
    presentment: Option<Presentment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Presentment {
    currency: String,
    rate: String,
}

#[derive(Deserialize)]
struct Line {
    #[serde(flatten)]
    what: WhatOf,
    title: Option<String>,
    quantity: i64,
    location: Option<Value>,
    price: Option<String>,
    discount: Option<String>,
    requires_shipping: Option<bool>,
    #[serde(default)]
    properties: Map<String, Value>,
}

fn paid() -> String {
    "paid".to_owned()
}

fn web() -> String {
    "web".to_owned()
}

/// Tells null from nothing.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Places an order. All lines are claimed, or none.
pub(crate) fn checkout(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Checkout = read(body)?;
    let id = buy(scene, asked, None)?;
    Ok(fields(placed(order(scene.shop, id)?)))
}

/// Sells over the counter: paid and handed over at once.
pub(crate) fn pos_sale(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Checkout = read(body)?;
    let named = asked.location.as_ref();
    let named = named.ok_or_else(|| ControlError::Body("location is needed".to_owned()))?;
    let location = find::location(scene.shop, named)?;
    let id = buy(scene, asked, Some(location))?;
    route::route(scene.shop, scene.now, id, &mut scene.action)?;
    let parts: Vec<Part> = order(scene.shop, id)?
        .fulfillment_orders
        .iter()
        .map(|one| Part { fulfillment_order: one.id, lines: None })
        .collect();
    let made = fulfil(scene.shop, scene.now, &parts, Slip::default(), &mut scene.action)?;
    let mut answer = fields(placed(order(scene.shop, id)?));
    answer.insert("fulfillment_id".to_owned(), made.into());
    Ok(answer)
}

/// How an answer shows a new order.
fn placed(order: &Order) -> Value {
    let lines: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "line_item_id": line.id,
                "line_item_gid": gid("LineItem", line.id),
                "sku": line.sku,
                "quantity": line.quantity,
                "location_id": line.location,
            })
        })
        .collect();
    json!({
        "order_id": order.id,
        "order_gid": gid("Order", order.id),
        "name": order.name(),
        "lines": lines,
    })
}

/// Lines with `copies` as often as they say: orders with thousands of lines.
fn repeated(lines: Vec<Value>) -> Vec<Value> {
    let mut all = Vec::with_capacity(lines.len());
    for mut line in lines {
        let copies = line.as_object_mut().and_then(|fields| fields.remove("copies"));
        let copies = copies.as_ref().and_then(Value::as_u64).unwrap_or(1).min(10_000);
        all.extend((0..copies).map(|_| line.clone()));
    }
    all
}

fn buy(scene: &mut Scene<'_>, asked: Checkout, counter: Option<i64>) -> Result<i64, ControlError> {
    if asked.lines.is_empty() {
        return Err(ControlError::Body("lines is empty".to_owned()));
    }
    let currencies = currencies(scene, asked.presentment.as_ref())?;
    let fixed = asked.location.as_ref().map(|named| find::location(scene.shop, named));
    let lines = lines(scene, repeated(asked.lines), fixed.transpose()?, &currencies)?;
    let mut new = place::blank(scene.shop, scene.now);
    new.lines = lines;
    new.currencies = currencies;
    if let Some(rate) = &asked.tax_rate {
        new.tax_rate = decimal(rate, "tax_rate", 6)?;
    }
    let digits = money::decimals(&scene.shop.currency);
    if let Some(price) = &asked.shipping {
        let price = new.currencies.shop_amount(decimal(price, "shipping", digits)?);
        let id = scene.shop.new_id();
        new.shipping = Some(ShippingLine { id, title: "Standard".to_owned(), price });
    }
    new.source_name = asked.source_name;
    new.source_identifier = asked.source_identifier;
    new.tags = asked.tags;
    new.note = asked.note;
    new.test = asked.test;
    new.attributes = texts(asked.attributes);
    if counter.is_some() {
        new.location = counter;
        new.source_name = "pos".to_owned();
    }
    people(scene, &mut new, asked.customer, asked.shipping_address);
    pay(scene, &mut new, &asked.financial_status)?;
    Ok(place::place(scene.shop, scene.now, new, &mut scene.action)?)
}

fn decimal(text: &str, name: &str, digits: u32) -> Result<i64, ControlError> {
    let known = money::parse(text, digits).filter(|amount| *amount >= 0);
    known.ok_or_else(|| ControlError::Body(format!("{name}: '{text}' is no decimal")))
}

fn texts(map: Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    map.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn currencies(scene: &Scene<'_>, asked: Option<&Presentment>) -> Result<Currencies, ControlError> {
    let shop = scene.shop.currency.clone();
    Ok(match asked {
        None => Currencies::single(&shop),
        Some(other) => Currencies {
            shop,
            presentment: other.currency.clone(),
            rate: decimal(&other.rate, "rate", 6)?,
        },
    })
}

fn lines(
    scene: &mut Scene<'_>,
    asked: Vec<Value>,
    fixed: Option<i64>,
    currencies: &Currencies,
) -> Result<Vec<OrderLine>, ControlError> {
    let digits = money::decimals(&currencies.shop);
    let mut claimed: BTreeMap<LevelKey, i64> = BTreeMap::new();
    let mut lines: Vec<OrderLine> = Vec::new();
    for value in asked {
        let one: Line = read(value)?;
        if one.quantity <= 0 {
            return Err(ControlError::Body("quantity must be above 0".to_owned()));
        }
        let own = one.location.as_ref().map(|named| find::location(scene.shop, named));
        let fixed = own.transpose()?.or(fixed);
        let what = What::from(one.what);
        let mut line = if let (Some(title), true) = (one.title, what.is_empty()) {
            let first = scene.shop.locations.values().find(|location| location.active);
            let location = fixed.or(first.map(|location| location.id)).unwrap_or_default();
            custom(scene, title, one.quantity, location)
        } else {
            let item = what.item(scene.shop)?;
            let policy = (fixed, Policy::Obeyed);
            let key = place::source(scene.shop, item, one.quantity, policy, &claimed)?;
            *claimed.entry(key).or_default() += one.quantity;
            place::line_of(scene.shop, key, one.quantity, currencies)?
        };
        if let Some(price) = &one.price {
            line.price = currencies.shop_amount(decimal(price, "price", digits)?);
        }
        if let Some(discount) = &one.discount {
            line.discount = currencies.shop_amount(decimal(discount, "discount", digits)?);
        }
        line.requires_shipping = one.requires_shipping.unwrap_or(line.requires_shipping);
        line.properties = texts(one.properties);
        lines.push(line);
    }
    Ok(lines)
}

/// A line without a variant.
fn custom(scene: &mut Scene<'_>, title: String, quantity: i64, location: i64) -> OrderLine {
    let plain = OrderLine::custom(scene.shop.new_id(), title, quantity, location);
    OrderLine { requires_shipping: true, ..plain }
}

/// Who buys: who is named, nobody where null is said, and an invented person otherwise.
fn people(
    scene: &mut Scene<'_>,
    new: &mut Order,
    customer: Option<Option<Customer>>,
    address: Option<Option<Address>>,
) {
    let id = scene.shop.new_id();
    let customer = match customer {
        Some(None) => None,
        Some(Some(known)) => Some(Customer { id, ..known }),
        None => Some(Customer::invented(id, new.number)),
    };
    let address = match address {
        Some(said) => said,
        None => customer.as_ref().map(Address::invented),
    };
    new.email = customer.as_ref().and_then(|one| one.email.clone());
    new.phone = customer.as_ref().and_then(|one| one.phone.clone());
    new.customer = customer;
    new.billing_address.clone_from(&address);
    new.shipping_address = address;
}

fn pay(scene: &mut Scene<'_>, new: &mut Order, status: &str) -> Result<(), ControlError> {
    let total = new.total();
    let (kind, state, amount) = match status {
        "paid" => (TransactionKind::Sale, "SUCCESS", total),
        "partially_paid" => (TransactionKind::Sale, "SUCCESS", total.share(1, 2)),
        "authorized" => (TransactionKind::Authorization, "SUCCESS", total),
        "pending" => (TransactionKind::Sale, "PENDING", total),
        other => {
            let message = format!("financial_status '{other}' cannot be bought with");
            return Err(ControlError::Body(message));
        }
    };
    new.transactions.push(Transaction {
        id: scene.shop.new_id(),
        kind,
        status: state.to_owned(),
        gateway: "bogus".to_owned(),
        amount,
        parent: None,
        created_at: scene.now,
        test: new.test,
    });
    Ok(())
}
