//! Pieces of an order's answers, read into the domain's forms.

use lockstep_domain::order::facts::{
    AtLocation, FulfillmentOrderLine, LineDetails, LineNumbers, Money, MoneyPair, RefundLine,
    RefundLineMoney, Restock,
};
use lockstep_domain::{LineItemId, LocationId};

use super::answers::parts::{
    FulfillmentLineItem, FulfillmentOrderLineItem, LineItem, MoneyBag, MoneyV2, RefundLineItem,
};
use super::answers::words::RefundLineItemRestockType;
use super::document::DecodeError;

pub(super) fn money(set: &MoneyBag<'_>) -> Result<MoneyPair, DecodeError> {
    let one = |money: MoneyV2<'_>| -> Result<Money, DecodeError> {
        let currency = Some(money.currency_code()?).filter(|code| !code.is_empty());
        let currency = currency.ok_or_else(|| money.wrong("currencyCode"))?;
        Ok(Money { amount: money.amount()?, currency })
    };
    Ok(MoneyPair { shop: one(set.shop_money()?)?, presentment: one(set.presentment_money()?)? })
}

/// Units that cannot be below zero.
fn units(number: i64, wrong: impl FnOnce() -> DecodeError) -> Result<i64, DecodeError> {
    if number < 0 { Err(wrong()) } else { Ok(number) }
}

/// A line of an order.
pub(super) fn line(node: &LineItem<'_>) -> Result<(LineNumbers, LineDetails), DecodeError> {
    let id = node.id()?;
    let variant = node.variant()?;
    let numbers = LineNumbers {
        line: id,
        variant: variant.map(|variant| variant.id()).transpose()?,
        item: variant.map(|variant| variant.inventory_item()?.id()).transpose()?,
        quantity: units(node.quantity()?, || node.wrong("quantity"))?,
        current: units(node.current_quantity()?, || node.wrong("currentQuantity"))?,
        open: units(node.unfulfilled_quantity()?, || node.wrong("unfulfilledQuantity"))?,
        fulfilled: Vec::new(),
    };
    let unit_price = money(&node.original_unit_price_set()?)?;
    let (mut discounts, mut taxes) = (Vec::new(), Vec::new());
    for discount in node.discount_allocations()? {
        discounts.push(money(&discount.allocated_amount_set()?)?);
    }
    for tax in node.tax_lines()? {
        taxes.push(money(&tax.price_set()?)?);
    }
    let details = LineDetails {
        line: id,
        sku: node.sku()?.unwrap_or_default(),
        title: title(node.title()?, node.variant_title()?),
        requires_shipping: node.requires_shipping()?,
        discount: MoneyPair::sum(discounts).unwrap_or_else(|| unit_price.zero()),
        tax: MoneyPair::sum(taxes).unwrap_or_else(|| unit_price.zero()),
        unit_price,
    };
    Ok((numbers, details))
}

/// Shopify calls a product's only variant `Default Title`.
fn title(product: String, variant: Option<String>) -> String {
    match variant.as_deref() {
        None | Some("" | "Default Title") => product,
        Some(variant) => format!("{product} / {variant}"),
    }
}

/// A line of a refund.
pub(super) fn refund_line(
    node: &RefundLineItem<'_>,
) -> Result<(RefundLine, RefundLineMoney), DecodeError> {
    let restock = match node.restock_type()? {
        RefundLineItemRestockType::NoRestock => Restock::NoRestock,
        RefundLineItemRestockType::Cancel => Restock::Cancel,
        // The old form of a refund: what came back had been sent.
        RefundLineItemRestockType::Return | RefundLineItemRestockType::LegacyRestock => {
            Restock::Return
        }
        RefundLineItemRestockType::NotInSchema(_) => return Err(node.wrong("restockType")),
    };
    let location = node.location()?.map(|location| location.id()).transpose()?;
    let location = location.filter(|_| restock != Restock::NoRestock);
    let line = node.line_item()?.id()?;
    let tax = money(&node.total_tax_set()?)?;
    let amount = MoneyPair::sum([money(&node.subtotal_set()?)?, tax.clone()]).unwrap_or(tax);
    let units = units(node.quantity()?, || node.wrong("quantity"))?;
    let refunded = RefundLine { line, units, restock, location };
    Ok((refunded, RefundLineMoney { line, restock, location, amount }))
}

/// A line of a fulfillment that was sent from a location.
pub(super) fn sent_line(
    node: &FulfillmentLineItem<'_>,
    location: Option<LocationId>,
) -> Result<(LineItemId, AtLocation), DecodeError> {
    let wrong = || node.wrong("quantity");
    let quantity = node.quantity()?.ok_or_else(wrong)?;
    let line = node.line_item()?.id()?;
    Ok((line, AtLocation { location, units: units(quantity, wrong)? }))
}

/// A line of a fulfillment order.
pub(super) fn routed_line(
    node: &FulfillmentOrderLineItem<'_>,
) -> Result<FulfillmentOrderLine, DecodeError> {
    let remaining = units(node.remaining_quantity()?, || node.wrong("remainingQuantity"))?;
    Ok(FulfillmentOrderLine { id: node.id()?, line: node.line_item()?.id()?, remaining })
}
