//! `orderEditBegin`, its changes, and `orderEditCommit`: nothing happens before the commit.

use super::input::amount;
use super::{done, no};
use crate::clock;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::ids::{self, gid};
use crate::model::order::{Currencies, CustomItem, EditSession, Staged};
use crate::mutate::Done;
use crate::mutate::payload::Payload;
use crate::orders::Refused;
use crate::orders::edit::{Ask, Change, edit};
use crate::resolve::{Front, Obj, Record, id, text};
use serde_json::Value;
use std::time::Duration;

type Ran = Result<Done, GraphqlError>;

/// A session that nobody goes on with ends.
const SESSION_LIFE: Duration = Duration::from_secs(600);

fn shown(session: i64, line: Option<i64>) -> Done {
    let own =
        Record::new("OrderEditSession").with("id", Out::leaf(gid("OrderEditSession", session)));
    let payload = Payload::default()
        .with("calculatedOrder", Some(Obj::Calculated(session)))
        .with("calculatedLineItem", line.map(|line| Obj::CalculatedLine(session, line)))
        .with_out("orderEditSession", own.object());
    done(payload)
}

/// `orderEditBegin`
pub(super) fn begin(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let order = id(arguments, "id", "Order")?;
    let Some(known) = front.shop.orders.get(&order) else {
        return Ok(no(&Refused::missing("The order does not exist."), &["id"]));
    };
    if known.cancelled_at.is_some() {
        return Ok(no(&Refused::new("The order cannot be edited.").blameless(), &["id"]));
    }
    let now = front.now;
    front.shop.edits.retain(|_, one| clock::later(one.begun_at, SESSION_LIFE) > now);
    if front.shop.edits.values().any(|one| one.order == order) {
        let message = "Another edit of this order has not been committed.";
        return Ok(no(&Refused::new(message), &["id"]));
    }
    let session = front.shop.new_id();
    let fresh = EditSession { id: session, order, begun_at: now, changes: Vec::new() };
    front.shop.edits.insert(session, fresh);
    Ok(shown(session, None))
}

/// The session that an argument names.
fn session(front: &Front<'_>, arguments: &Arguments) -> Result<Result<i64, Done>, GraphqlError> {
    let given = text(arguments, "id").unwrap_or_default();
    let parsed = ids::parse(given);
    let fits = |kind: &str| matches!(kind, "CalculatedOrder" | "OrderEditSession");
    let Some(gid) = parsed.filter(|gid| fits(&gid.kind)) else {
        return Err(GraphqlError::invalid_id(given));
    };
    let known = front.shop.edits.get(&gid.number);
    let alive = known.filter(|one| clock::later(one.begun_at, SESSION_LIFE) > front.now);
    let missing = || no(&Refused::missing("The calculated order does not exist."), &["id"]);
    Ok(alive.map(|one| one.id).ok_or_else(missing))
}

/// `orderEditAddVariant`
pub(super) fn add_variant(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let session = match session(front, arguments)? {
        Ok(session) => session,
        Err(missing) => return Ok(missing),
    };
    let variant = id(arguments, "variantId", "ProductVariant")?;
    let location = text(arguments, "locationId").is_some();
    let location = location.then(|| id(arguments, "locationId", "Location")).transpose()?;
    let quantity = arguments.get("quantity").and_then(Value::as_i64).unwrap_or_default();
    let Some(item) = front.shop.variants.get(&variant).map(|one| one.item) else {
        return Ok(no(&Refused::missing("The variant does not exist."), &["variantId"]));
    };
    if quantity <= 0 {
        return Ok(no(&Refused::new("Quantity must be greater than 0"), &["quantity"]));
    }
    let doubled = front.shop.edits.get(&session).is_some_and(|one| {
        let order = front.shop.orders.get(&one.order);
        let lines = order.into_iter().flat_map(|order| &order.lines);
        let mut staged = one.changes.iter();
        lines.filter(|line| line.current() > 0).any(|line| line.variant == Some(variant))
            || staged.any(|one| matches!(one, Staged::Add { item: known, .. } if *known == item))
    });
    if doubled && arguments.get("allowDuplicates") != Some(&Value::Bool(true)) {
        let message = "The variant has already been added to the order.";
        return Ok(no(&Refused::new(message), &["variantId"]));
    }
    let line = front.shop.new_id();
    if let Some(one) = front.shop.edits.get_mut(&session) {
        one.changes.push(Staged::Add { line, item, quantity, location });
    }
    Ok(shown(session, Some(line)))
}

/// `orderEditAddCustomItem`
pub(super) fn add_custom(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let session = match session(front, arguments)? {
        Ok(session) => session,
        Err(missing) => return Ok(missing),
    };
    let located = text(arguments, "locationId").is_some();
    let location = located.then(|| id(arguments, "locationId", "Location")).transpose()?;
    if location.is_some_and(|location| !front.shop.locations.contains_key(&location)) {
        return Ok(no(&Refused::missing("The location does not exist."), &["locationId"]));
    }
    let order = front.shop.edits.get(&session).and_then(|one| front.shop.orders.get(&one.order));
    let Some(currencies) = order.map(|order| order.currencies.clone()) else {
        return Ok(no(&Refused::missing("The calculated order does not exist."), &["id"]));
    };
    let flag = |name: &str| arguments.get(name).and_then(Value::as_bool);
    let quantity = arguments.get("quantity").and_then(Value::as_i64).unwrap_or_default();
    let title = text(arguments, "title").unwrap_or_default().trim().to_owned();
    if title.is_empty() {
        return Ok(no(&Refused::new("Title can't be blank"), &["title"]));
    }
    if quantity <= 0 {
        return Ok(no(&Refused::new("Quantity must be greater than 0"), &["quantity"]));
    }
    let price = match price(arguments.get("price"), &currencies) {
        Ok(price) => currencies.presentment_amount(price),
        Err(message) => return Ok(no(&Refused::new(message), &["price"])),
    };
    let what = CustomItem {
        title,
        price,
        location,
        requires_shipping: flag("requiresShipping").unwrap_or(false),
        taxable: flag("taxable").unwrap_or(true),
    };
    let line = front.shop.new_id();
    if let Some(one) = front.shop.edits.get_mut(&session) {
        one.changes.push(Staged::Custom { line, what, quantity });
    }
    Ok(shown(session, Some(line)))
}

/// A price in the customer's currency; the error is the message of a refusal.
fn price(input: Option<&Value>, currencies: &Currencies) -> Result<i64, &'static str> {
    let input = input.unwrap_or(&Value::Null);
    if input.get("currencyCode").and_then(Value::as_str) != Some(currencies.presentment.as_str()) {
        return Err("Price currency must be the presentment currency of the order");
    }
    let price = amount(input.get("amount"), &currencies.presentment);
    price.filter(|price| *price >= 0).ok_or("Price must be greater than or equal to 0")
}

/// `orderEditSetQuantity`
pub(super) fn set_quantity(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let session = match session(front, arguments)? {
        Ok(session) => session,
        Err(missing) => return Ok(missing),
    };
    let given = text(arguments, "lineItemId").unwrap_or_default();
    let parsed = ids::parse(given);
    let fits = |kind: &str| matches!(kind, "CalculatedLineItem" | "LineItem");
    let Some(line) = parsed.filter(|gid| fits(&gid.kind)).map(|gid| gid.number) else {
        return Err(GraphqlError::invalid_id(given));
    };
    let quantity = arguments.get("quantity").and_then(Value::as_i64).unwrap_or_default();
    let restock = arguments.get("restock").and_then(Value::as_bool).unwrap_or_default();
    let order = front.shop.edits.get(&session).map(|one| one.order);
    let known = order.and_then(|order| front.shop.orders.get(&order)?.line(line));
    let too_few = known.is_some_and(|known| known.current() - quantity > known.remaining());
    let there = known.is_some();
    let one = front.shop.edits.get_mut(&session);
    let mut changes = one.map(|one| &mut one.changes).into_iter().flatten();
    let added = changes.find_map(|change| match change {
        Staged::Add { line: fresh, quantity, .. }
        | Staged::Custom { line: fresh, quantity, .. }
            if *fresh == line =>
        {
            Some(quantity)
        }
        _ => None,
    });
    if quantity < 0 || too_few {
        let message = "Quantity cannot be lower than the number of fulfilled items";
        return Ok(no(&Refused::new(message).blameless(), &["quantity"]));
    }
    match (added, there) {
        (Some(staged), _) => *staged = quantity,
        (None, true) => {
            if let Some(one) = front.shop.edits.get_mut(&session) {
                one.changes.retain(
                    |known| !matches!(known, Staged::Set { line: set, .. } if *set == line),
                );
                one.changes.push(Staged::Set { line, quantity, restock });
            }
        }
        (None, false) => {
            return Ok(no(&Refused::missing("The line item does not exist."), &["lineItemId"]));
        }
    }
    Ok(shown(session, Some(line)))
}

/// `orderEditCommit`
pub(super) fn commit(front: &mut Front<'_>, arguments: &Arguments) -> Ran {
    let session = match session(front, arguments)? {
        Ok(session) => session,
        Err(missing) => return Ok(missing),
    };
    let Some(one) = front.shop.edits.get(&session).cloned() else {
        return Ok(no(&Refused::missing("The calculated order does not exist."), &["id"]));
    };
    let changes = one.changes.iter().filter_map(|change| match change {
        Staged::Add { quantity: 0, .. } | Staged::Custom { quantity: 0, .. } => None,
        Staged::Custom { what, quantity, .. } => {
            Some(Change::Custom { what: what.clone(), quantity: *quantity })
        }
        Staged::Add { item, quantity, location, .. } => {
            Some(Change::Add { item: *item, quantity: *quantity, location: *location })
        }
        Staged::Set { line, quantity, restock } => {
            Some(Change::Set { line: *line, quantity: *quantity, restock: *restock })
        }
    });
    let notify = arguments.get("notifyCustomer").and_then(Value::as_bool).unwrap_or_default();
    let note = text(arguments, "staffNote").map(str::to_owned);
    let ask = Ask { changes: changes.collect(), notify, note };
    if ask.changes.is_empty() {
        return Ok(no(&Refused::new("There are no changes to commit."), &["id"]));
    }
    let made = edit(front.shop, front.now, one.order, &ask, &mut front.action);
    Ok(match made {
        Ok(_) => {
            front.shop.edits.remove(&session);
            let said = Out::List(vec![Out::leaf("Order updated")]);
            let payload = Payload::default().with("order", Some(Obj::Order(one.order)));
            done(payload.with_out("successMessages", said))
        }
        Err(reason) => no(&reason, &["id"]),
    })
}
