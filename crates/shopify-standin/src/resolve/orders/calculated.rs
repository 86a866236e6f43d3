//! An order as an edit would leave it.

use super::super::Front;
use super::super::page::{Element, Sort, connection};
use super::super::record::Obj;
use super::{Found, bag};
use crate::graphql::arguments::Arguments;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::order::{EditSession, Staged, money};
use crate::model::{Order, OrderLine};

/// Lines of a session with the quantities that they will have; added ones are told apart.
fn lines<'s>(order: &'s Order, session: &'s EditSession) -> Vec<(i64, i64, bool)> {
    let set = |line: &OrderLine| {
        let mut staged = session.changes.iter().rev();
        staged.find_map(|change| match change {
            Staged::Set { line: known, quantity, .. } if *known == line.id => Some(*quantity),
            _ => None,
        })
    };
    let known = order
        .lines
        .iter()
        .map(|line| (line.id, set(line).unwrap_or_else(|| line.current()), false));
    let added = session.changes.iter().filter_map(|change| match change {
        Staged::Add { line, quantity, .. } | Staged::Custom { line, quantity, .. } => {
            Some((*line, *quantity, true))
        }
        Staged::Set { .. } => None,
    });
    known.chain(added).collect()
}

/// A field of `CalculatedOrder`.
///
/// # Errors
/// Those of its connections.
pub fn order(front: &Front<'_>, id: i64, field: &str, arguments: &Arguments) -> Found {
    let Some(session) = front.shop.edits.get(&id) else {
        return Ok(Some(Out::Null));
    };
    let Some(order) = front.shop.orders.get(&session.order) else {
        return Ok(Some(Out::Null));
    };
    let all = lines(order, session);
    let element = |(line, ..): &(i64, i64, bool)| Element {
        sort: Sort::Id,
        id: *line,
        object: Obj::CalculatedLine(id, *line),
    };
    Ok(Some(match field {
        "id" => Out::leaf(gid("CalculatedOrder", id)),
        "originalOrder" => Out::Object(Obj::Order(session.order)),
        "committed" => Out::leaf(false),
        "subtotalLineItemsQuantity" => {
            Out::leaf(all.iter().map(|(_, quantity, _)| *quantity).sum::<i64>())
        }
        "lineItems" => {
            let elements = all.iter().map(element).collect();
            connection(front, "CalculatedLineItem", elements, arguments)?
        }
        "addedLineItems" => {
            let added = all.iter().filter(|(_, _, added)| *added);
            connection(front, "CalculatedLineItem", added.map(element).collect(), arguments)?
        }
        _ => return Ok(None),
    }))
}

/// A field of `CalculatedLineItem`.
#[must_use]
pub fn line(front: &Front<'_>, (session, line): (i64, i64), field: &str) -> Option<Out<Obj>> {
    let session = front.shop.edits.get(&session)?;
    let order = front.shop.orders.get(&session.order)?;
    let all = lines(order, session);
    let (_, quantity, added) = all.into_iter().find(|(known, ..)| *known == line)?;
    let known = order.line(line);
    let item = session.changes.iter().find_map(|change| match change {
        Staged::Add { line: fresh, item, .. } if *fresh == line => Some(*item),
        _ => None,
    });
    let custom = session.changes.iter().find_map(|change| match change {
        Staged::Custom { line: fresh, what, .. } if *fresh == line => Some(what),
        _ => None,
    });
    let item = item.or_else(|| known.and_then(|known| known.item));
    let variant = item.and_then(|item| front.shop.variant_of(item));
    let restocks = session.changes.iter().any(
        |change| matches!(change, Staged::Set { line: set, restock: true, .. } if *set == line),
    );
    let shipped = known.map_or(0, |known| known.fulfilled);
    Some(match field {
        "id" => Out::leaf(gid("CalculatedLineItem", line)),
        "quantity" => Out::leaf(quantity),
        "editableQuantity" => Out::leaf(quantity - shipped),
        "editableQuantityBeforeChanges" => {
            Out::leaf(known.map_or(0, |known| known.current() - shipped))
        }
        "sku" => {
            let sku = item.and_then(|item| front.shop.items.get(&item)?.sku.clone());
            Out::leaf(known.and_then(|known| known.sku.clone()).or(sku))
        }
        "title" => {
            let product = variant.and_then(|one| front.shop.products.get(&one.product));
            let title = product.map(|product| product.title.clone());
            let title = custom.map(|what| what.title.clone()).or(title);
            Out::leaf(known.map(|known| known.title.clone()).or(title).unwrap_or_default())
        }
        "variantTitle" => Out::leaf(variant.map(|one| one.title.clone())),
        "variant" => Out::maybe(variant.map(|one| Obj::Variant(one.id))),
        "originalUnitPriceSet" | "discountedUnitPriceSet" => {
            let price = known.map(|known| known.price).or(custom.map(|what| what.price));
            let price = price.or_else(|| {
                let price = money::parse(&variant?.price, money::decimals(&order.currencies.shop));
                Some(order.currencies.shop_amount(price?))
            });
            bag(&order.currencies, price.unwrap_or_default())
        }
        "restockable" => Out::leaf(!added && custom.is_none()),
        "restocking" => Out::leaf(restocks),
        _ => return None,
    })
}
