//! `orderUpdate`, `orderClose`, `orderOpen`, `orderMarkAsPaid`, `orderDelete`, `tagsAdd`,
//! `tagsRemove`.

use super::input::{address, id, list, pairs, text, texts};
use super::{done, no};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::ids::{self, gid};
use crate::mutate::Done;
use crate::mutate::payload::Payload;
use crate::orders::pay::{self, Notes};
use crate::orders::{Refused, pay as pays};
use crate::resolve::{Front, Obj, text as said};
use crate::webhooks::fact::Fact;
use serde_json::Value;

type Ran = Result<Done, GraphqlError>;

fn answer(result: Result<(), Refused>, order: i64, field: &[&str]) -> Done {
    match result {
        Ok(()) => done(Payload::default().with("order", Some(Obj::Order(order)))),
        Err(reason) => no(&reason, field),
    }
}

pub(super) fn update(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    for other in ["metafields", "localizedFields"] {
        if !list(input, other).is_empty() {
            return Err(GraphqlError::not_implemented(&format!("OrderInput.{other}")));
        }
    }
    let order = id(input, "id", "Order")?.unwrap_or_default();
    let attributes = input.get("customAttributes").and_then(Value::as_array);
    let notes = Notes {
        tags: texts(input, "tags"),
        note: text(input, "note"),
        attributes: attributes.map(|list| pairs(list, "key")),
        po_number: text(input, "poNumber"),
        email: text(input, "email"),
        phone: text(input, "phone"),
        customer: None,
        shipping_address: input.get("shippingAddress").and_then(address),
    };
    let result = pay::write(front.shop, front.now, order, notes, &mut front.action);
    Ok(answer(result, order, &["id"]))
}

fn named(arguments: &Arguments) -> Result<i64, GraphqlError> {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    Ok(id(input, "id", "Order")?.unwrap_or_default())
}

pub(super) fn close(front: &mut Front<'_>, arguments: &Arguments, closed: bool) -> Ran {
    let order = named(arguments)?;
    let result = pays::close(front.shop, front.now, order, closed, &mut front.action);
    Ok(answer(result, order, &["id"]))
}

pub(super) fn mark_as_paid(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let order = named(arguments)?;
    let result = pays::pay(front.shop, front.now, order, None, &mut front.action);
    Ok(answer(result, order, &["id"]))
}

pub(super) fn delete(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let order = crate::resolve::id(arguments, "orderId", "Order")?;
    Ok(match pays::delete(front.shop, order, &mut front.action) {
        Ok(()) => done(Payload::default().with_out("deletedId", Out::leaf(gid("Order", order)))),
        Err(reason) => no(&reason, &["orderId"]),
    })
}

/// Adds or removes tags of an order or a product.
pub(super) fn tags(front: &mut Front<'_>, arguments: &Arguments, add: bool) -> Ran {
    let given = said(arguments, "id").unwrap_or_default();
    let gid = ids::parse(given).ok_or_else(|| GraphqlError::invalid_id(given))?;
    let listed = arguments.get("tags").and_then(Value::as_array);
    let named: Vec<String> = listed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .flat_map(|text| text.split(','))
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .collect();
    let changed = |known: &[String]| -> Vec<String> {
        let mut tags: Vec<String> =
            known.iter().filter(|tag| add || !named.contains(tag)).cloned().collect();
        if add {
            tags.extend(named.iter().filter(|tag| !known.contains(tag)).cloned());
        }
        tags
    };
    let node = match gid.kind.as_str() {
        "Order" => {
            let known = front.shop.orders.get(&gid.number).map(|order| changed(&order.tags));
            let Some(tags) = known else {
                return Ok(no(&Refused::missing("Order does not exist"), &["id"]));
            };
            let notes = Notes { tags: Some(tags), ..Notes::default() };
            let (order, now) = (gid.number, front.now);
            if let Err(reason) = pay::write(front.shop, now, order, notes, &mut front.action) {
                return Ok(no(&reason, &["id"]));
            }
            Obj::Order(order)
        }
        "Product" => {
            let Some(product) = front.shop.products.get_mut(&gid.number) else {
                return Ok(no(&Refused::missing("Product does not exist"), &["id"]));
            };
            product.tags = changed(&product.tags);
            product.updated_at = front.now;
            front.action.add(Fact::ProductUpdated(gid.number));
            Obj::Product(gid.number)
        }
        other => return Err(GraphqlError::not_implemented(&format!("tags of {other}"))),
    };
    Ok(done(Payload::default().with("node", Some(node))))
}
