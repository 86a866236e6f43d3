//! New orders: where their units are claimed, and how they come into the shop.

use super::route::{self, commit};
use super::{Refused, Work};
use crate::model::order::{Currencies, Money, OrderLine, money};
use crate::model::{LevelKey, Order, Shop, Step};
use crate::webhooks::fact::{Action, Fact};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What a variant's policy says about selling beyond zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It counts.
    Obeyed,
    /// It does not.
    Ignored,
}

/// Where units of an item are taken from: an active location that has enough; where zero is not
/// the end, any active one that stocks it. `claimed` is what the same order took already.
///
/// # Errors
/// When there is no such location.
pub fn source(
    shop: &Shop,
    item: i64,
    quantity: i64,
    (fixed, policy): (Option<i64>, Policy),
    claimed: &BTreeMap<LevelKey, i64>,
) -> Result<LevelKey, Refused> {
    let usable = || {
        shop.levels_of_item(item).filter(|level| {
            let location = shop.locations.get(&level.key.location);
            let open = location
                .is_some_and(|one| one.active && (one.fulfills_online_orders || fixed.is_some()));
            level.active && open && fixed.is_none_or(|fixed| fixed == level.key.location)
        })
    };
    let enough = usable().find(|level| {
        let taken = claimed.get(&level.key).copied().unwrap_or_default();
        level.quantities.available - taken >= quantity
    });
    let free = policy == Policy::Ignored
        || !shop.items.get(&item).is_some_and(|item| item.tracked)
        || shop.variant_of(item).is_some_and(|variant| variant.continues);
    let found = enough.or_else(|| usable().next().filter(|_| free));
    found.map(|level| level.key).ok_or_else(|| {
        let message = format!("no location has {quantity} of item {item} for sale");
        Refused::new(message).code("INVENTORY_CLAIM_FAILED").blameless()
    })
}

/// A line of a variant at its present price, claimed at a level.
///
/// # Errors
/// When the variant is gone.
pub fn line_of(
    shop: &mut Shop,
    key: LevelKey,
    quantity: i64,
    currencies: &Currencies,
) -> Result<OrderLine, Refused> {
    let missing = || Refused::missing(format!("there is no variant of item {}", key.item));
    let id = shop.new_id();
    let item = shop.items.get(&key.item).ok_or_else(missing)?;
    let variant = shop.variant_of(key.item).ok_or_else(missing)?;
    let product = shop.products.get(&variant.product).ok_or_else(missing)?;
    let price = money::parse(&variant.price, money::decimals(&currencies.shop));
    let title = Some(variant.title.clone()).filter(|title| title != "Default Title");
    Ok(OrderLine {
        id,
        variant: Some(variant.id),
        product: Some(product.id),
        item: Some(key.item),
        location: key.location,
        sku: item.sku.clone(),
        title: product.title.clone(),
        variant_title: title,
        vendor: Some(product.vendor.clone()),
        price: currencies.shop_amount(price.unwrap_or_default()),
        discount: Money::default(),
        properties: Vec::new(),
        quantity,
        fulfilled: 0,
        removed: 0,
        returned: 0,
        claimed: item.tracked,
        requires_shipping: item.requires_shipping,
        gift_card: false,
        taxable: true,
    })
}

/// An order without lines.
#[must_use]
pub fn blank(shop: &mut Shop, now: Timestamp) -> Order {
    shop.last_order += 1;
    Order {
        id: shop.new_id(),
        number: shop.last_order,
        own_name: None,
        created_at: now,
        updated_at: now,
        processed_at: now,
        closed_at: None,
        cancelled_at: None,
        cancel_reason: None,
        cancel_note: None,
        source_name: "web".to_owned(),
        source_identifier: None,
        by_api: false,
        test: false,
        tags: Vec::new(),
        note: None,
        attributes: Vec::new(),
        po_number: None,
        email: None,
        phone: None,
        customer: None,
        shipping_address: None,
        billing_address: None,
        location: None,
        currencies: Currencies::single(&shop.currency),
        taxes_included: true,
        tax_rate: 0,
        shipping: None,
        declared: None,
        lines: Vec::new(),
        routed: false,
        fulfillment_orders: Vec::new(),
        fulfillments: Vec::new(),
        transactions: Vec::new(),
        refunds: Vec::new(),
        returns: Vec::new(),
        edits: Vec::new(),
        notices: Vec::new(),
        metafields: Vec::new(),
    }
}

/// Puts a finished order into the shop: claims its units, tells of it, and plans its routing.
///
/// # Errors
/// When the arithmetic breaks.
pub fn place(
    shop: &mut Shop,
    now: Timestamp,
    order: Order,
    action: &mut Action,
) -> Result<i64, Refused> {
    let id = order.id;
    let mut work = Work::of(shop, now, order);
    let claims: Vec<(i64, i64, i64)> =
        work.order.lines.iter().map(|line| (line.id, line.location, line.quantity)).collect();
    for (line, location, units) in claims {
        work.step(line, location, Step::Sold(units));
    }
    work.tell(Fact::OrderCreated(id));
    let moved: Vec<i64> =
        work.order.transactions.iter().filter(|one| one.succeeded()).map(|one| one.id).collect();
    for transaction in moved {
        work.tell(Fact::TransactionCreated { order: id, transaction });
    }
    if work.order.financial_status() == Some("PAID") {
        work.tell(Fact::OrderPaid(id));
    }
    commit(work, action)?;
    route::plan(shop, now, id);
    Ok(id)
}
