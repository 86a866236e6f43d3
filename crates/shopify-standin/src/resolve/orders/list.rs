//! The root connection `orders`, its filters, and which orders an app sees at all.

use super::super::page::{Element, Query, Sort, connection, unknown_field, unknown_sort};
use super::super::record::Obj;
use super::super::{Front, text};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::{Answer, Out};
use crate::model::Order;
use crate::model::order::money;
use crate::search::{Held, Term};
use std::time::Duration;

/// Without `read_all_orders` older orders do not exist.
const RECENT: Duration = Duration::from_secs(60 * 24 * 3600);

/// True when the app's scopes show an order of this age.
#[must_use]
pub fn visible(front: &Front<'_>, order: &Order) -> bool {
    front.shop.scopes.iter().any(|scope| scope == "read_all_orders")
        || front.now.checked_sub(RECENT).is_ok_and(|oldest| order.created_at >= oldest)
}

/// The root connection `orders`.
///
/// # Errors
/// For searches and sort keys that are not there.
pub fn orders(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    let key = text(arguments, "sortKey").unwrap_or("PROCESSED_AT");
    let mut elements = Vec::new();
    for order in found(front, arguments)? {
        let sort = match key {
            "ID" | "RELEVANCE" | "ORDER_NUMBER" => Sort::Id,
            "CREATED_AT" => Sort::Time(order.created_at),
            "UPDATED_AT" => Sort::Time(order.updated_at),
            "PROCESSED_AT" => Sort::Time(order.processed_at),
            "PO_NUMBER" => Sort::Text(order.po_number.clone().unwrap_or_default()),
            key => return Err(unknown_sort("orders", key)),
        };
        elements.push(Element { sort, id: order.id, object: Obj::Order(order.id) });
    }
    connection(front, "Order", elements, arguments)
}

/// `ordersCount`.
///
/// # Errors
/// For searches that are not there.
pub fn count(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    let count: Out<Obj> = super::super::catalog::count(found(front, arguments)?.len());
    Ok(count)
}

fn found<'f>(front: &'f Front<'_>, arguments: &Arguments) -> Result<Vec<&'f Order>, GraphqlError> {
    let query = Query::read(front, arguments)?;
    let mut out = Vec::new();
    for order in front.shop.orders.values().filter(|order| visible(front, order)) {
        if query.finds(order.updated_at, |term| matches(order, term))? {
            out.push(order);
        }
    }
    Ok(out)
}

fn matches(order: &Order, term: &Term) -> Result<bool, GraphqlError> {
    let words =
        |text: Option<&String>| text.map_or(Held::Nothing, |text| Held::Words(text.clone()));
    let word = |text: &str| Held::Word(text.to_owned());
    let any = |mut all: Box<dyn Iterator<Item = Held> + '_>| all.any(|held| held.matches(term));
    let held = match term.field.as_deref() {
        Some("id") => Held::Number(order.id),
        Some("name") => word(term_name(order, &term.value)),
        None => return Ok(free(order, term)),
        Some("created_at") => Held::Moment(order.created_at),
        Some("updated_at") => Held::Moment(order.updated_at),
        Some("processed_at") => Held::Moment(order.processed_at),
        Some("status") => return Ok(status(order, &term.value)),
        Some("financial_status") => order.financial_status().map_or(Held::Nothing, word),
        Some("fulfillment_status") => return Ok(fulfillment(order, &term.value)),
        Some("return_status") => word(order.return_status()),
        Some("tag") => return Ok(any(Box::new(order.tags.iter().map(|tag| word(tag))))),
        Some("tag_not") => {
            return Ok(!any(Box::new(order.tags.iter().map(|tag| word(tag)))));
        }
        Some("sku") => {
            let skus = order.lines.iter().map(|line| words(line.sku.as_ref()));
            return Ok(any(Box::new(skus)));
        }
        Some("email") => words(order.email.as_ref()),
        Some("source_name") => word(&order.source_name),
        Some("source_identifier") => order.source_identifier.as_deref().map_or(Held::Nothing, word),
        Some("po_number") => words(order.po_number.as_ref()),
        Some("test") => word(&order.test.to_string()),
        Some("location_id") => order.location.map_or(Held::Nothing, Held::Number),
        Some("customer_id") => {
            order.customer.as_ref().map_or(Held::Nothing, |one| Held::Number(one.id))
        }
        Some("fulfillment_location_id") => {
            let places = order.fulfillments.iter().map(|one| Held::Number(one.location));
            return Ok(any(Box::new(places)));
        }
        Some("gateway") => {
            let names = order.transactions.iter().map(|one| word(&one.gateway));
            return Ok(any(Box::new(names)));
        }
        Some("confirmation_number") => word(&format!("C{}", order.number)),
        Some("current_total_price") => return Ok(price(order, term)),
        Some(field) => return Err(unknown_field("orders", field)),
    };
    Ok(held.matches(term))
}

/// `#1001` is found as `1001` too.
fn term_name<'o>(order: &'o Order, asked: &'o str) -> &'o str {
    let name = order.name();
    if name == asked || name.trim_start_matches('#') == asked { asked } else { "" }
}

/// A bare word looks at names, customers, tags and codes.
fn free(order: &Order, term: &Term) -> bool {
    let customer = order.customer.as_ref().map(crate::model::order::Customer::name);
    let skus = order.lines.iter().filter_map(|line| line.sku.clone());
    let all = [Some(order.name()), order.email.clone(), customer, order.po_number.clone()];
    let all = all.into_iter().flatten().chain(order.tags.iter().cloned()).chain(skus);
    all.map(Held::Words).any(|held| held.matches(term))
}

fn status(order: &Order, asked: &str) -> bool {
    let (closed, cancelled) = (order.closed_at.is_some(), order.cancelled_at.is_some());
    match asked.to_ascii_lowercase().as_str() {
        "open" => !closed && !cancelled,
        "closed" => closed && !cancelled,
        "cancelled" => cancelled,
        "not_closed" => !closed,
        "any" => true,
        _ => false,
    }
}

fn fulfillment(order: &Order, asked: &str) -> bool {
    let held = order.fulfillment_status();
    let shown = order.display_fulfillment_status();
    match asked.to_ascii_lowercase().as_str() {
        "unshipped" => held.is_none(),
        "shipped" | "fulfilled" => held == Some("fulfilled"),
        "partial" => held == Some("partial"),
        "unfulfilled" => held != Some("fulfilled"),
        "scheduled" => shown == "SCHEDULED",
        "on_hold" => shown == "ON_HOLD",
        _ => false,
    }
}

fn price(order: &Order, term: &Term) -> bool {
    let digits = money::decimals(&order.currencies.shop);
    let held = order.current_total().shop;
    money::parse(&term.value, digits).is_some_and(|asked| term.compare.holds(&held, &asked))
}
