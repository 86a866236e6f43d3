//! Orders, as Shopify and the warehouse know them.

use jiff::Timestamp;

/// Sent units that Shopify put back on sale.
#[derive(Clone, Copy, Debug)]
pub struct Returned {
    /// The refund.
    pub refund: i64,
    /// Units.
    pub units: i64,
    /// When.
    pub at: Timestamp,
}

/// A line of an order.
#[derive(Clone, Debug)]
pub struct OrderedLine {
    /// Its id.
    pub id: i64,
    /// The inventory item.
    pub item: i64,
    /// Where Shopify counts it.
    pub location: i64,
    /// Which warehouse owes it.
    pub warehouse: &'static str,
    /// Units ordered.
    pub ordered: i64,
    /// Units refunded before they were sent: refund, units, when.
    pub cancelled: Option<(i64, i64, Timestamp)>,
    /// Units sent.
    pub fulfilled: i64,
    /// Whether the warehouse took it off the shelf.
    pub is_picked: bool,
    /// Whether the goods left.
    pub is_shipped: bool,
    /// When the back office accepted it, and how much of it.
    pub accepted: Option<(Timestamp, i64)>,
    /// What came back and was put back on sale.
    pub returns: Vec<Returned>,
    /// Of that, what the warehouse booked back.
    pub booked_back: i64,
}

impl OrderedLine {
    /// Units that will not be sent any more.
    #[must_use]
    pub fn removed(&self) -> i64 {
        self.cancelled.map_or(0, |(_, units, _)| units)
    }

    /// Units claimed at Shopify.
    #[must_use]
    pub fn sold(&self) -> i64 {
        self.ordered - self.removed()
    }

    /// Units that Shopify put back on sale after they were sent.
    #[must_use]
    pub fn returned(&self) -> i64 {
        self.returns.iter().map(|returned| returned.units).sum()
    }
}

/// An order of a store.
#[derive(Clone, Debug)]
pub struct Order {
    /// The store.
    pub store: String,
    /// Its id.
    pub id: i64,
    /// How often it was told.
    pub revision: u64,
    /// Whether it was cancelled.
    pub is_cancelled: bool,
    /// Its lines.
    pub lines: Vec<OrderedLine>,
}
