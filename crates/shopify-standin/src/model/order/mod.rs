//! Orders: lines, payments, shipping, refunds, edits. Plain data and what follows from it; what
//! changes an order stands in `crate::orders`.

pub mod changes;
pub mod line;
pub mod money;
pub mod payment;
pub mod person;
pub mod returning;
pub mod shipping;

pub use changes::{
    CustomItem, Disposition, Edit, EditSession, Metafield, Notice, Return, ReturnLine, Staged,
};
pub use line::OrderLine;
pub use money::{Currencies, Money};
pub use payment::{Paid, Refund, RefundLine, Restock, Transaction, TransactionKind};
pub use person::{Address, Customer};
pub use returning::{ExchangeLine, Removal, ReverseDelivery, ReverseDeliveryLine, ReverseTracking};
pub use shipping::{
    Ended, FulfilledLine, Fulfillment, FulfillmentOrder, FulfillmentOrderLine, Hold, Tracking,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Number of its GID.
    pub id: i64,
    /// 1001, 1002, ...
    pub number: i64,
    /// The name it was created with, if not `#1001`.
    pub own_name: Option<String>,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it is said to have been placed.
    pub processed_at: Timestamp,
    /// When it was closed (archived).
    pub closed_at: Option<Timestamp>,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// `customer`, `inventory`, ...
    pub cancel_reason: Option<String>,
    /// The staff's note about it.
    pub cancel_note: Option<String>,
    /// Where it came from.
    pub source_name: String,
    /// Its id there.
    pub source_identifier: Option<String>,
    /// Made by `orderCreate`.
    pub by_api: bool,
    /// No real order.
    pub test: bool,
    /// Tags.
    pub tags: Vec<String>,
    /// In words.
    pub note: Option<String>,
    /// Free fields.
    pub attributes: Vec<(String, String)>,
    /// The customer's own number.
    pub po_number: Option<String>,
    /// Personal.
    pub email: Option<String>,
    /// Personal.
    pub phone: Option<String>,
    /// Personal.
    pub customer: Option<Customer>,
    /// Personal.
    pub shipping_address: Option<Address>,
    /// Personal.
    pub billing_address: Option<Address>,
    /// The shop where it was sold over the counter.
    pub location: Option<i64>,
    /// Currencies.
    pub currencies: Currencies,
    /// Taxes are part of the prices.
    pub taxes_included: bool,
    /// In millionths.
    pub tax_rate: i64,
    /// Number and name of the way of shipping, and its price.
    pub shipping: Option<ShippingLine>,
    /// The financial status it was created with, for orders without transactions.
    pub declared: Option<String>,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// True once fulfillment orders were made.
    pub routed: bool,
    /// What is to be shipped from where.
    pub fulfillment_orders: Vec<FulfillmentOrder>,
    /// Its shipments.
    pub fulfillments: Vec<Fulfillment>,
    /// Its payments.
    pub transactions: Vec<Transaction>,
    /// Its refunds.
    pub refunds: Vec<Refund>,
    /// Its returns.
    pub returns: Vec<Return>,
    /// Its edits.
    pub edits: Vec<Edit>,
    /// What its customer was told.
    pub notices: Vec<Notice>,
    /// Its metafields.
    pub metafields: Vec<Metafield>,
}

/// A way of shipping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingLine {
    /// Number of its GID.
    pub id: i64,
    /// Shown name.
    pub title: String,
    /// Its price.
    pub price: Money,
}

impl Order {
    /// `#1001`.
    #[must_use]
    pub fn name(&self) -> String {
        self.own_name.clone().unwrap_or_else(|| format!("#{}", self.number))
    }

    /// A fulfillment's name, `#1001-F1`.
    #[must_use]
    pub fn fulfillment_name(&self, number: usize) -> String {
        format!("{}-F{number}", self.name())
    }

    /// A line.
    #[must_use]
    pub fn line(&self, id: i64) -> Option<&OrderLine> {
        self.lines.iter().find(|line| line.id == id)
    }

    /// A line to be changed.
    pub fn line_mut(&mut self, id: i64) -> Option<&mut OrderLine> {
        self.lines.iter_mut().find(|line| line.id == id)
    }

    /// A fulfillment order.
    #[must_use]
    pub fn fulfillment_order(&self, id: i64) -> Option<&FulfillmentOrder> {
        self.fulfillment_orders.iter().find(|one| one.id == id)
    }

    /// A fulfillment order to be changed.
    pub fn fulfillment_order_mut(&mut self, id: i64) -> Option<&mut FulfillmentOrder> {
        self.fulfillment_orders.iter_mut().find(|one| one.id == id)
    }

    /// A shipment.
    #[must_use]
    pub fn fulfillment(&self, id: i64) -> Option<&Fulfillment> {
        self.fulfillments.iter().find(|one| one.id == id)
    }

    /// A refund.
    #[must_use]
    pub fn refund(&self, id: i64) -> Option<&Refund> {
        self.refunds.iter().find(|one| one.id == id)
    }

    /// `fulfillment_status` of the webhook body.
    #[must_use]
    pub fn fulfillment_status(&self) -> Option<&'static str> {
        let shipped: i64 = self.lines.iter().map(|line| line.fulfilled).sum();
        let left: i64 = self.lines.iter().map(OrderLine::remaining).sum();
        match (shipped, left) {
            (0, _) => None,
            (_, 0) => Some("fulfilled"),
            _ => Some("partial"),
        }
    }

    /// Value of `OrderDisplayFulfillmentStatus`.
    #[must_use]
    pub fn display_fulfillment_status(&self) -> &'static str {
        match self.fulfillment_status() {
            Some("fulfilled") => return "FULFILLED",
            Some(_) => return "PARTIALLY_FULFILLED",
            None => {}
        }
        if !self.lines.iter().any(|line| line.requires_shipping) {
            return "FULFILLMENT_NOT_REQUIRED";
        }
        let mut open = self.fulfillment_orders.iter().filter(|one| one.is_active()).peekable();
        if open.peek().is_none() {
            return "UNFULFILLED";
        }
        let all = |status: &str| {
            let mut active = self.fulfillment_orders.iter().filter(|one| one.is_active());
            active.all(|one| one.status() == status)
        };
        match () {
            () if all("ON_HOLD") => "ON_HOLD",
            () if all("SCHEDULED") => "SCHEDULED",
            () if all("IN_PROGRESS") => "IN_PROGRESS",
            () => "UNFULFILLED",
        }
    }

    /// Value of `OrderDisplayFinancialStatus`; none was recorded for orders without
    /// transactions.
    #[must_use]
    pub fn financial_status(&self) -> Option<&str> {
        if self.transactions.is_empty() {
            return self.declared.as_deref();
        }
        Some(payment::financial_status(&self.transactions, self.current_total()))
    }

    /// Value of `OrderReturnStatus`.
    #[must_use]
    pub fn return_status(&self) -> &'static str {
        let any = |status: &str| self.returns.iter().any(|one| one.status == status);
        match () {
            () if any("REQUESTED") => "RETURN_REQUESTED",
            () if any("OPEN") => "IN_PROGRESS",
            () if any("CLOSED") => "RETURNED",
            () => "NO_RETURN",
        }
    }

    /// What some units of a line cost in tax.
    #[must_use]
    pub fn tax(&self, line: &OrderLine, units: i64) -> Money {
        if line.taxable && self.tax_rate > 0 {
            line.value(units).tax(self.tax_rate, self.taxes_included)
        } else {
            Money::default()
        }
    }

    /// The lines as they were ordered, after discounts.
    #[must_use]
    pub fn subtotal(&self) -> Money {
        self.lines.iter().map(|line| line.value(line.quantity)).sum()
    }

    /// The lines without removed and refunded units.
    #[must_use]
    pub fn current_subtotal(&self) -> Money {
        self.lines.iter().map(|line| line.value(line.current())).sum()
    }

    /// Discounts of the lines as they were ordered.
    #[must_use]
    pub fn discounts(&self) -> Money {
        self.lines.iter().map(|line| line.discount).sum()
    }

    /// Taxes of the lines as they were ordered.
    #[must_use]
    pub fn total_tax(&self) -> Money {
        self.lines.iter().map(|line| self.tax(line, line.quantity)).sum()
    }

    /// Taxes without removed and refunded units.
    #[must_use]
    pub fn current_tax(&self) -> Money {
        self.lines.iter().map(|line| self.tax(line, line.current())).sum()
    }

    /// The price of shipping.
    #[must_use]
    pub fn shipping_price(&self) -> Money {
        self.shipping.as_ref().map_or_else(Money::default, |line| line.price)
    }

    /// The refunded part of the price of shipping.
    #[must_use]
    pub fn refunded_shipping(&self) -> Money {
        self.refunds.iter().map(|refund| refund.shipping).sum()
    }

    /// All as it was ordered.
    #[must_use]
    pub fn total(&self) -> Money {
        self.subtotal() + self.shipping_price() + self.on_top(self.total_tax())
    }

    /// All without removed and refunded units.
    #[must_use]
    pub fn current_total(&self) -> Money {
        let shipping = self.shipping_price() - self.refunded_shipping();
        self.current_subtotal() + shipping + self.on_top(self.current_tax())
    }

    /// Taxes that are not part of the prices.
    #[must_use]
    pub fn on_top(&self, tax: Money) -> Money {
        if self.taxes_included { Money::default() } else { tax }
    }

    /// What its transactions add up to.
    #[must_use]
    pub fn paid(&self) -> Paid {
        payment::paid(&self.transactions)
    }

    /// Numbers of everything that belongs to it and is found by its own id.
    pub fn parts(&self) -> impl Iterator<Item = i64> {
        let orders = self.fulfillment_orders.iter();
        let fulfillments = self.fulfillments.iter();
        self.lines
            .iter()
            .map(|line| line.id)
            .chain(orders.clone().map(|one| one.id))
            .chain(orders.flat_map(|one| one.lines.iter().map(|line| line.id)))
            .chain(fulfillments.clone().map(|one| one.id))
            .chain(fulfillments.flat_map(|one| one.lines.iter().map(|line| line.id)))
            .chain(self.transactions.iter().map(|one| one.id))
            .chain(self.refunds.iter().map(|one| one.id))
            .chain(self.returns.iter().flat_map(Return::parts))
            .filter(|id| *id != 0)
    }
}
