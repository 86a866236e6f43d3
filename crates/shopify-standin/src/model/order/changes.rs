//! Edits, returns, and what a customer was told.

use super::money::Money;
use super::returning::{ExchangeLine, Removal, ReverseDelivery};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A committed edit of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edit {
    /// Its number.
    pub id: i64,
    /// When it was made.
    pub at: Timestamp,
    /// Lines that got more units, and how many.
    pub additions: Vec<(i64, i64)>,
    /// Lines that lost units, and how many.
    pub removals: Vec<(i64, i64)>,
    /// The customer was told.
    pub notify: bool,
    /// In words.
    pub note: Option<String>,
}

/// An edit that was begun and not committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditSession {
    /// Number of the calculated order.
    pub id: i64,
    /// The order.
    pub order: i64,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// What it will change.
    pub changes: Vec<Staged>,
}

/// A change that waits for the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Staged {
    /// A line more.
    Add {
        /// Number of the calculated line.
        line: i64,
        /// The inventory item.
        item: i64,
        /// Units.
        quantity: i64,
        /// Where they are taken from.
        location: Option<i64>,
    },
    /// A line more, of no variant.
    Custom {
        /// Number of the calculated line.
        line: i64,
        /// What it is.
        what: CustomItem,
        /// Units.
        quantity: i64,
    },
    /// Another number of units.
    Set {
        /// The line.
        line: i64,
        /// Units.
        quantity: i64,
        /// Units that are taken off are for sale again.
        restock: bool,
    },
}

/// Something that is sold and stands in no catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomItem {
    /// Shown name.
    pub title: String,
    /// Unit price.
    pub price: Money,
    /// Where it is sold; the first active location when that is not said.
    pub location: Option<i64>,
    /// Has to be shipped.
    pub requires_shipping: bool,
    /// Is taxed.
    pub taxable: bool,
}

/// A return.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Return {
    /// Number of its GID.
    pub id: i64,
    /// 1 for `#1001-R1`.
    pub number: usize,
    /// Value of `ReturnStatus`.
    pub status: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// What is to come back.
    pub lines: Vec<ReturnLine>,
    /// Number of the reverse fulfillment order, once it is approved.
    #[serde(default)]
    pub reverse: Option<i64>,
    /// Reason and note of a no.
    #[serde(default)]
    pub decline: Option<(String, Option<String>)>,
    /// What is sent instead.
    #[serde(default)]
    pub exchanges: Vec<ExchangeLine>,
    /// Parcels on their way back.
    #[serde(default)]
    pub deliveries: Vec<ReverseDelivery>,
    /// What was taken off it.
    #[serde(default)]
    pub removals: Vec<Removal>,
}

/// Units of a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLine {
    /// Number of its GID.
    pub id: i64,
    /// The shipment.
    pub fulfillment: i64,
    /// The shipment's line.
    pub fulfilled_line: i64,
    /// The order's line.
    pub line: i64,
    /// Units.
    pub quantity: i64,
    /// In words.
    pub reason: String,
    /// Number of the reason among those of every shop.
    #[serde(default)]
    pub definition: Option<i64>,
    /// Number of the line of the reverse fulfillment order.
    #[serde(default)]
    pub reverse_line: i64,
    /// Units that were looked at.
    #[serde(default)]
    pub processed: i64,
    /// Units that were refunded with the return.
    #[serde(default)]
    pub refunded: i64,
    /// Where units went.
    #[serde(default)]
    pub dispositions: Vec<Disposition>,
}

/// Where units that came back went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disposition {
    /// Number of its GID.
    pub id: i64,
    /// Value of the enum.
    pub kind: String,
    /// Units.
    pub quantity: i64,
    /// Where they were put back.
    pub location: Option<i64>,
    /// When.
    pub created_at: Timestamp,
}

/// Something that a customer was told, because it was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// `fulfillment_created`, `tracking_updated`, `order_cancelled`, `refund_created`,
    /// `order_edited`, `return_shipping`.
    pub kind: String,
    /// The number of what it is about.
    pub about: i64,
}

/// A metafield of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metafield {
    /// Number of its GID.
    pub id: i64,
    /// First part of its name.
    pub namespace: String,
    /// Second part of its name.
    pub key: String,
    /// Type of its value.
    pub kind: String,
    /// Its value.
    pub value: String,
}
