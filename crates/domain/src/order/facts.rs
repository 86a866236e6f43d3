//! What Shopify says of an order: its numbers, which every webhook of a whole order brings, and
//! what only a read brings (routing, prices, the sealed contact).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{
    CustomerId, FulfillmentOrderId, FulfillmentOrderLineId, InventoryItemId, LineItemId,
    LocationId, RefundId, VariantId,
};
use crate::quantity::Quantity;

/// The numbers of an order at one of its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFacts {
    /// Shopify's version of the order, in whole seconds.
    pub updated_at: Timestamp,
    /// When it was cancelled.
    #[serde(default)]
    pub cancelled_at: Option<Timestamp>,
    /// When it was closed (archived).
    #[serde(default)]
    pub closed_at: Option<Timestamp>,
    /// Its lines, by id.
    pub lines: Vec<LineNumbers>,
    /// Its refunds, by id.
    #[serde(default)]
    pub refunds: Vec<Refund>,
}

/// The numbers of one line, in units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineNumbers {
    /// Shopify's id of the line.
    pub line: LineItemId,
    /// The variant; nothing for a custom line or a deleted product.
    #[serde(default)]
    pub variant: Option<VariantId>,
    /// Its inventory item, where it is told: webhooks do not.
    #[serde(default)]
    pub item: Option<InventoryItemId>,
    /// Ordered; never falls.
    pub quantity: i64,
    /// Ordered, less what was removed or refunded since.
    pub current: i64,
    /// Neither fulfilled nor removed nor refunded.
    pub open: i64,
    /// Fulfilled, by the location that sent them.
    #[serde(default)]
    pub fulfilled: Vec<AtLocation>,
}

/// Units at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AtLocation {
    /// The location; nothing when Shopify does not say.
    pub location: Option<LocationId>,
    /// Units.
    pub units: i64,
}

/// How refunded units come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restock {
    /// They do not.
    NoRestock,
    /// They were never sent, and can be sold again.
    Cancel,
    /// They came back, and can be sold again.
    Return,
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Shopify's id of it.
    pub id: RefundId,
    /// When it was made.
    pub at: Timestamp,
    /// What was refunded in units; empty for money alone.
    #[serde(default)]
    pub lines: Vec<RefundLine>,
}

/// Refunded units of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    /// The line.
    pub line: LineItemId,
    /// Units.
    pub units: i64,
    /// How they come back.
    pub restock: Restock,
    /// Where; nothing when they do not.
    #[serde(default)]
    pub location: Option<LocationId>,
}

impl OrderFacts {
    /// The facts with lists in one order, so that two deliveries of one state are equal.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        for line in &mut self.lines {
            line.fulfilled = gathered(std::mem::take(&mut line.fulfilled));
        }
        self.lines.sort_by_key(|line| line.line);
        for refund in &mut self.refunds {
            refund.lines.sort_by_key(|line| (line.line, line.restock, line.location));
        }
        self.refunds.sort_by_key(|refund| refund.id);
        self
    }

    /// Whether both show the same, whoever told them: only reads name inventory items.
    pub(super) fn same_numbers(&self, other: &Self) -> bool {
        let bare = |facts: &Self| {
            let mut facts = facts.clone();
            facts.lines.iter_mut().for_each(|line| line.item = None);
            facts
        };
        bare(self) == bare(other)
    }

    /// A line.
    #[must_use]
    pub fn line(&self, id: LineItemId) -> Option<&LineNumbers> {
        self.lines.iter().find(|line| line.line == id)
    }

    /// Units of a line that were refunded, whether or not they had been fulfilled.
    pub(super) fn refunded(&self, id: LineItemId) -> i64 {
        let lines = self.refunds.iter().flat_map(|refund| &refund.lines);
        lines.filter(|line| line.line == id).map(|line| line.units).sum()
    }

    /// Open units of a line; none of a cancelled order.
    pub(super) fn open(&self, line: &LineNumbers) -> i64 {
        if self.cancelled_at.is_some() { 0 } else { line.open.max(0) }
    }
}

impl LineNumbers {
    /// Units that were fulfilled, wherever.
    #[must_use]
    pub fn fulfilled_units(&self) -> i64 {
        self.fulfilled.iter().map(|at| at.units).sum()
    }
}

/// One entry per location, in order, without empty ones.
pub(super) fn gathered(units: Vec<AtLocation>) -> Vec<AtLocation> {
    let mut by_location: BTreeMap<Option<LocationId>, i64> = BTreeMap::new();
    for at in units {
        *by_location.entry(at.location).or_default() += at.units;
    }
    let entries = by_location.into_iter().filter(|(_, units)| *units > 0);
    entries.map(|(location, units)| AtLocation { location, units }).collect()
}

/// An amount of money in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Exact, to four decimals.
    pub amount: Quantity,
    /// ISO 4217.
    pub currency: String,
}

/// The same amount as the merchant and as the customer see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyPair {
    /// In the store's currency.
    pub shop: Money,
    /// In the currency that the customer saw.
    pub presentment: Money,
}

impl MoneyPair {
    /// The sum of pairs in the same currencies; `None` for an empty list.
    pub fn sum(pairs: impl IntoIterator<Item = Self>) -> Option<Self> {
        pairs.into_iter().reduce(|mut sum, pair| {
            sum.shop.amount = sum.shop.amount.saturating_add(pair.shop.amount);
            let presentment = pair.presentment.amount;
            sum.presentment.amount = sum.presentment.amount.saturating_add(presentment);
            sum
        })
    }

    /// What is left without another amount in the same currencies.
    #[must_use]
    pub fn less(&self, other: &Self) -> Self {
        let mut left = self.clone();
        left.shop.amount = left.shop.amount.saturating_sub(other.shop.amount);
        let presentment = other.presentment.amount;
        left.presentment.amount = left.presentment.amount.saturating_sub(presentment);
        left
    }

    /// Nothing, in the same currencies.
    #[must_use]
    pub fn zero(&self) -> Self {
        let mut zero = self.clone();
        zero.shop.amount = Quantity::ZERO;
        zero.presentment.amount = Quantity::ZERO;
        zero
    }
}

/// What a back office is told of an order beside its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDetails {
    /// Name, such as `#1001`.
    pub name: String,
    /// When it was placed.
    pub created_at: Timestamp,
    /// True when nobody pays it.
    pub test: bool,
    /// Shopify's financial status, upper case; empty when it has none.
    pub financial: String,
    /// Shopify's fulfillment status, upper case.
    pub fulfillment: String,
    /// What placed it, such as `web` or `pos`.
    pub source: String,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// Why it was cancelled, upper case; empty while it is not.
    pub cancel_reason: String,
    /// What the customer pays in all.
    pub total: MoneyPair,
    /// How it is shipped.
    pub shipping_lines: Vec<ShippingLine>,
    /// Its lines, by id.
    pub lines: Vec<LineDetails>,
    /// What its refunds gave back, by id.
    pub refunds: Vec<RefundDetails>,
}

/// A shipping line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingLine {
    /// What the customer chose.
    pub title: String,
    /// The rate's code.
    pub code: String,
    /// Its price.
    pub price: MoneyPair,
}

/// A line beside its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineDetails {
    /// Shopify's id of the line.
    pub line: LineItemId,
    /// SKU of the variant at the sale; may be empty.
    pub sku: String,
    /// Title and variant title.
    pub title: String,
    /// False for what is not shipped.
    pub requires_shipping: bool,
    /// Price of one unit before discounts.
    pub unit_price: MoneyPair,
    /// Discount over all units.
    pub discount: MoneyPair,
    /// Taxes over all units.
    pub tax: MoneyPair,
}

/// Money of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundDetails {
    /// Shopify's id of the refund.
    pub id: RefundId,
    /// What was refunded in all.
    pub amount: MoneyPair,
    /// What was refunded for units of its lines.
    pub lines: Vec<RefundLineMoney>,
}

/// Money of refunded units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLineMoney {
    /// The line.
    pub line: LineItemId,
    /// How the units come back.
    pub restock: Restock,
    /// Where.
    pub location: Option<LocationId>,
    /// What was refunded for them, with tax.
    pub amount: MoneyPair,
}

impl OrderDetails {
    /// A line.
    #[must_use]
    pub fn line(&self, id: LineItemId) -> Option<&LineDetails> {
        self.lines.iter().find(|line| line.line == id)
    }
}

/// A fulfillment order that still has something to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FulfillmentOrder {
    /// Shopify's id of it.
    pub id: FulfillmentOrderId,
    /// Where its goods leave.
    pub location: Option<LocationId>,
    /// Why it is on hold; nothing while it is not.
    #[serde(default)]
    pub hold: Option<String>,
    /// What it holds, by line.
    pub lines: Vec<FulfillmentOrderLine>,
}

/// A line of a fulfillment order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FulfillmentOrderLine {
    /// Shopify's id of it.
    pub id: FulfillmentOrderLineId,
    /// The order's line.
    pub line: LineItemId,
    /// Units still to be sent.
    pub remaining: i64,
}

/// Personal data of an order, sealed with the key of its customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedContact {
    /// Name of the key.
    pub key: String,
    /// The sealed bytes, as text.
    pub sealed: String,
    /// The same for the same data under the same key.
    pub mark: String,
}

impl SealedContact {
    /// Sealing the same data twice gives other bytes and the same mark.
    pub(super) fn same_data(one: Option<&Self>, other: Option<&Self>) -> bool {
        let data = |contact: &Self| (contact.key.clone(), contact.mark.clone());
        one.map(data) == other.map(data)
    }
}

/// Everything that a read of an order shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRead {
    /// Its numbers.
    pub facts: OrderFacts,
    /// What a back office is told beside them.
    pub details: OrderDetails,
    /// Where its open units are routed, by id.
    pub routing: Vec<FulfillmentOrder>,
    /// Its customer.
    #[serde(default)]
    pub customer: Option<CustomerId>,
    /// Whether it was asked who ordered; otherwise what is known of that stays.
    #[serde(default)]
    pub contact_read: bool,
    /// Who ordered; nothing when nobody says, or it was redacted.
    #[serde(default)]
    pub contact: Option<SealedContact>,
}
