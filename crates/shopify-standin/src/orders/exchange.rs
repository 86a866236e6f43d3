//! Exchanges: units that are sent instead of those that come back. They stand on the return until
//! they are processed; then they are lines of the order, claimed and to be shipped.

use super::edit::claim;
use super::place::{self, Policy};
use super::{Refused, Work};
use crate::model::order::{ExchangeLine, money};
use std::collections::BTreeMap;

/// Units that are to be sent instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// The variant.
    pub variant: i64,
    /// How many.
    pub quantity: i64,
    /// Discount, in millionths of the price.
    pub discount: i64,
}

/// The lines of a new return.
///
/// # Errors
/// Variants that do not exist, and quantities that are none.
pub(super) fn lines(
    work: &mut Work<'_>,
    asked: &[Exchanged],
) -> Result<Vec<ExchangeLine>, Refused> {
    let mut made = Vec::new();
    for (row, one) in asked.iter().enumerate() {
        let row = row.to_string();
        let place = ["exchangeLineItems", row.as_str()];
        if one.quantity <= 0 {
            let message = "Quantity must be greater than 0";
            return Err(Refused::new(message).code("GREATER_THAN").at(&place));
        }
        let id = work.shop.new_id();
        let missing = || {
            let refused = Refused::missing("Variant does not exist.").code("NOT_FOUND").at(&place);
            let gone = work.shop.gone.contains_key(&one.variant);
            if gone { refused.blameless() } else { refused }
        };
        let variant = work.shop.variants.get(&one.variant).ok_or_else(missing)?;
        let product = work.shop.products.get(&variant.product);
        let title = Some(variant.title.clone()).filter(|title| title != "Default Title");
        made.push(ExchangeLine {
            id,
            variant: variant.id,
            product: variant.product,
            item: variant.item,
            sku: work.shop.items.get(&variant.item).and_then(|item| item.sku.clone()),
            title: product.map(|product| product.title.clone()).unwrap_or_default(),
            variant_title: title,
            discount: one.discount,
            quantity: one.quantity,
            processed: 0,
            lines: Vec::new(),
        });
    }
    Ok(made)
}

/// Sends units of a return's exchange lines out.
///
/// # Errors
/// More than is left, and variants that nothing stocks any more.
pub(super) fn release(work: &mut Work<'_>, id: i64, units: &[(i64, i64)]) -> Result<(), Refused> {
    let mut claimed = BTreeMap::new();
    for (row, (line, quantity)) in units.iter().enumerate() {
        let row = row.to_string();
        let place = ["input", "exchangeLineItems", row.as_str()];
        let fresh = one(work, id, (*line, *quantity), &mut claimed).map_err(|no| no.at(&place))?;
        let found = work.order.returns.iter_mut().find(|known| known.id == id);
        let mut all = found.into_iter().flat_map(|known| known.exchanges.iter_mut());
        if let Some(known) = all.find(|known| known.id == *line) {
            known.processed += quantity;
            known.lines.push(fresh);
        }
        work.order.closed_at = None;
    }
    Ok(())
}

/// Makes units of an exchange line a line of the order and answers its number.
fn one(
    work: &mut Work<'_>,
    id: i64,
    (line, quantity): (i64, i64),
    claimed: &mut BTreeMap<crate::model::LevelKey, i64>,
) -> Result<i64, Refused> {
    let missing = || Refused::missing("Exchange line item does not exist.").code("NOT_FOUND");
    let found = work.order.returns.iter().find(|known| known.id == id).ok_or_else(missing)?;
    let known = found.exchanges.iter().find(|known| known.id == line).ok_or_else(missing)?;
    if quantity <= 0 || quantity > known.unprocessed() {
        let message = "Quantity is not processable: more than the exchange line item has left.";
        let refused = Refused::new(message).code("INVALID");
        return Err(refused.unless_known(work.order.updated_at, work.now));
    }
    let (item, discount) = (known.item, known.discount);
    // The merchant promised it, so it is sent whether it is there or not.
    let policy = Policy::Ignored;
    let key = place::source(work.shop, item, quantity, (None, policy), claimed)
        .map_err(|no| no.code("INVALID"))?;
    *claimed.entry(key).or_default() += quantity;
    let mut fresh = place::line_of(work.shop, key, quantity, &work.order.currencies)?;
    fresh.discount = fresh.price.times(quantity).share(discount, money::ONE);
    let number = fresh.id;
    work.order.lines.push(fresh);
    claim(work, number, key, quantity);
    Ok(number)
}
