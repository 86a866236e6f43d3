//! A line of an order and the counting of its units.

use super::money::Money;
use serde::{Deserialize, Serialize};

/// A line of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderLine {
    /// Number of its GID.
    pub id: i64,
    /// The variant, which may be gone; none for a custom line.
    pub variant: Option<i64>,
    /// The product, which may be gone.
    pub product: Option<i64>,
    /// The inventory item.
    pub item: Option<i64>,
    /// Where the units were claimed, until fulfillment orders say where they are.
    pub location: i64,
    /// Code at the time of the order.
    pub sku: Option<String>,
    /// Shown name at the time of the order.
    pub title: String,
    /// Shown name of the variant at the time of the order.
    pub variant_title: Option<String>,
    /// Maker at the time of the order.
    pub vendor: Option<String>,
    /// Unit price.
    pub price: Money,
    /// Discount of all units together.
    pub discount: Money,
    /// Free fields.
    pub properties: Vec<(String, String)>,
    /// Units ordered; edits may raise it, nothing lowers it.
    pub quantity: i64,
    /// Units in shipments that stand.
    pub fulfilled: i64,
    /// Units taken off before they were shipped: cancelled, refunded or edited away.
    pub removed: i64,
    /// Units refunded that were shipped (or stay open, where the shop is set so).
    pub returned: i64,
    /// False when nothing was claimed: not tracked, or created with BYPASS.
    pub claimed: bool,
    /// Has to be shipped.
    pub requires_shipping: bool,
    /// A gift card.
    pub gift_card: bool,
    /// Is taxed.
    pub taxable: bool,
}

impl OrderLine {
    /// A line of no variant, without a price yet.
    #[must_use]
    pub fn custom(id: i64, title: String, quantity: i64, location: i64) -> Self {
        Self {
            id,
            variant: None,
            product: None,
            item: None,
            location,
            sku: None,
            title,
            variant_title: None,
            vendor: None,
            price: Money::default(),
            discount: Money::default(),
            properties: Vec::new(),
            quantity,
            fulfilled: 0,
            removed: 0,
            returned: 0,
            claimed: false,
            requires_shipping: false,
            gift_card: false,
            taxable: true,
        }
    }

    /// Units still to be shipped (`unfulfilledQuantity`).
    #[must_use]
    pub fn remaining(&self) -> i64 {
        self.quantity - self.fulfilled - self.removed
    }

    /// Units ordered without those removed and refunded (`currentQuantity`).
    #[must_use]
    pub fn current(&self) -> i64 {
        self.quantity - self.removed - self.returned
    }

    /// Shipped units that were not refunded yet.
    #[must_use]
    pub fn returnable(&self) -> i64 {
        (self.fulfilled - self.returned).max(0)
    }

    /// What some of the units cost, after discounts.
    #[must_use]
    pub fn value(&self, units: i64) -> Money {
        self.price.times(units) - self.discount.share(units, self.quantity.max(1))
    }
}

#[cfg(test)]
pub(super) fn plain(quantity: i64, cents: i64) -> OrderLine {
    let money = |amount| Money { shop: amount, presentment: amount };
    OrderLine {
        id: 1,
        variant: None,
        product: None,
        item: None,
        location: 1,
        sku: None,
        title: "Thing".to_owned(),
        variant_title: None,
        vendor: None,
        price: money(cents),
        discount: money(0),
        properties: Vec::new(),
        quantity,
        fulfilled: 0,
        removed: 0,
        returned: 0,
        claimed: true,
        requires_shipping: true,
        gift_card: false,
        taxable: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_as_shopify_counts_them() {
        let line = OrderLine { fulfilled: 4, removed: 2, returned: 1, ..plain(10, 100) };
        assert_eq!((line.remaining(), line.current(), line.returnable()), (4, 7, 3));
        let refunded_open = OrderLine { returned: 2, ..plain(2, 100) };
        assert_eq!((refunded_open.remaining(), refunded_open.returnable()), (2, 0));
    }

    #[test]
    fn a_discount_is_shared_by_the_units() {
        let discount = Money { shop: 100, presentment: 100 };
        let line = OrderLine { discount, ..plain(3, 1000) };
        assert_eq!(line.value(3).shop, 2900);
        assert_eq!(line.value(1).shop, 967);
    }
}
