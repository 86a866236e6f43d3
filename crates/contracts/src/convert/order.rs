//! What a back office answers to orders, and the names of orders in all reports.

use std::fmt;

use jiff::Timestamp;
use lockstep_domain::stock::pool::LineKey;
use lockstep_domain::{EventId, LineId, OrderKey, Sku, StoreId, WarehouseCode};

use super::fields::{NAME_MAX, count, each, missing, optional_sku, reason, units, word};
use super::{Invalid, id, moment, unknown_value};
use crate::backoffice::v1 as proto;

/// Most lines of one report.
pub const LINES_MAX: usize = 1_000;

/// An order as reports name it: `{store}:{Shopify order id}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderRef {
    /// The store.
    pub store: StoreId,
    /// Shopify's id of the order; above zero.
    pub order: i64,
}

impl fmt::Display for OrderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.store, self.order)
    }
}

/// Reads the key of an order.
///
/// # Errors
/// When it is not of the one form that a key has.
pub fn order_ref(field: &str, key: &str) -> Result<OrderRef, Invalid> {
    const FIX: &str = "copy it from Lockstep's feed: {store}:{Shopify order id}";
    if key.is_empty() {
        return Err(missing(field, FIX));
    }
    let parts = key.split_once(':').and_then(|(store, number)| {
        Some(OrderRef { store: store.parse().ok()?, order: shopify_number(number)? })
    });
    parts.ok_or_else(|| Invalid::validation(field, "it is not the key of an order", FIX))
}

/// Digits alone: a sign, a space or a leading zero would make two names of one thing.
pub(super) fn shopify_number(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

/// Shopify's id of an order line.
pub(super) fn line_number(field: &str, text: &str) -> Result<i64, Invalid> {
    const FIX: &str = "send the digits of Shopify's id of the order line";
    if text.is_empty() {
        return Err(missing(field, FIX));
    }
    shopify_number(text)
        .ok_or_else(|| Invalid::validation(field, "it is not Shopify's id of an order line", FIX))
}

/// The order line that a movement belongs to.
pub(super) fn line_key(reference: &proto::OrderReference) -> Result<LineKey, Invalid> {
    let order = order_ref("order_key", &reference.order_key)?;
    line_number("line_id", &reference.line_id)?;
    Ok(LineKey {
        store: order.store,
        order: id::<OrderKey>("order_key", &reference.order_key)?,
        line: id::<LineId>("line_id", &reference.line_id)?,
    })
}

/// Which request of the store is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// The order itself.
    Order,
    /// The wish to cancel it.
    Cancellation,
}

/// Which units are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All that is open for the back office.
    Whole,
    /// These; at least one.
    Lines(Vec<Units>),
}

/// Units of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// Shopify's id of the line.
    pub line: i64,
    /// The thing, where it is another than the link says.
    pub sku: Option<Sku>,
    /// How many; above zero.
    pub quantity: i64,
    /// From where, when it is said.
    pub warehouse: Option<WarehouseCode>,
}

impl Extent {
    /// The warehouses that it names, each with its field.
    pub fn warehouses(&self) -> impl Iterator<Item = (String, &WarehouseCode)> {
        let lines = match self {
            Self::Whole => [].as_slice(),
            Self::Lines(lines) => lines,
        };
        lines.iter().enumerate().filter_map(|(index, units)| {
            let warehouse = units.warehouse.as_ref()?;
            Some((format!("lines[{index}].warehouse_code"), warehouse))
        })
    }
}

/// A checked acceptance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The reporter's id.
    pub event_id: EventId,
    /// The order.
    pub order: OrderRef,
    /// What is accepted.
    pub answers: Answers,
    /// Revision that was read; 0 when it does not matter.
    pub order_revision: u32,
    /// How much of it.
    pub extent: Extent,
    /// The back office's own number of the order; may be empty.
    pub reference: String,
    /// When, by the reporter's clock.
    pub occurred_at: Timestamp,
}

/// Checks an acceptance. Whether its warehouses are declared, whether its store is known and its
/// moment believable, is the caller's to say.
///
/// # Errors
/// The first field that is wrong.
pub fn acceptance(report: &proto::OrderAcceptance) -> Result<Acceptance, Invalid> {
    word("reference", &report.reference, NAME_MAX)?;
    Ok(Acceptance {
        event_id: id("event_id", &report.event_id)?,
        order: order_ref("order_key", &report.order_key)?,
        answers: answers(report.answers)?,
        order_revision: report.order_revision,
        extent: extent(report.whole_order, &report.lines)?,
        reference: report.reference.clone(),
        occurred_at: moment("occurred_at", report.occurred_at.as_ref())?,
    })
}

/// A checked rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The reporter's id.
    pub event_id: EventId,
    /// The order.
    pub order: OrderRef,
    /// What is rejected.
    pub answers: Answers,
    /// Revision that was read; 0 when it does not matter.
    pub order_revision: u32,
    /// How much of it.
    pub extent: Extent,
    /// The reporter's code of the reason; may be empty.
    pub reason_code: String,
    /// The reporter's words; may be empty.
    pub reason_text: String,
    /// When, by the reporter's clock.
    pub occurred_at: Timestamp,
}

/// Checks a rejection, as [`acceptance`].
///
/// # Errors
/// The first field that is wrong.
pub fn rejection(report: &proto::OrderRejection) -> Result<Rejection, Invalid> {
    reason(&report.reason_code, &report.reason_text)?;
    Ok(Rejection {
        event_id: id("event_id", &report.event_id)?,
        order: order_ref("order_key", &report.order_key)?,
        answers: answers(report.answers)?,
        order_revision: report.order_revision,
        extent: extent(report.whole_order, &report.lines)?,
        reason_code: report.reason_code.clone(),
        reason_text: report.reason_text.clone(),
        occurred_at: moment("occurred_at", report.occurred_at.as_ref())?,
    })
}

/// What becomes of released units in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Fulfilled without tracking and without notice.
    Fulfill,
    /// Cancelled.
    Cancel,
}

/// A checked release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The reporter's id.
    pub event_id: EventId,
    /// The order.
    pub order: OrderRef,
    /// What becomes of the units.
    pub outcome: Outcome,
    /// How much of it.
    pub extent: Extent,
    /// The reporter's code of the reason; may be empty.
    pub reason_code: String,
    /// The reporter's words; may be empty.
    pub reason_text: String,
    /// When, by the reporter's clock.
    pub occurred_at: Timestamp,
}

/// Checks a release, as [`acceptance`].
///
/// # Errors
/// The first field that is wrong.
pub fn release(report: &proto::OrderRelease) -> Result<Release, Invalid> {
    reason(&report.reason_code, &report.reason_text)?;
    let outcome = proto::ReleaseOutcome::try_from(report.outcome);
    Ok(Release {
        event_id: id("event_id", &report.event_id)?,
        order: order_ref("order_key", &report.order_key)?,
        outcome: match outcome.map_err(|_| unknown_value("outcome"))? {
            proto::ReleaseOutcome::Unspecified | proto::ReleaseOutcome::Fulfill => Outcome::Fulfill,
            proto::ReleaseOutcome::Cancel => Outcome::Cancel,
        },
        extent: extent(report.whole_order, &report.lines)?,
        reason_code: report.reason_code.clone(),
        reason_text: report.reason_text.clone(),
        occurred_at: moment("occurred_at", report.occurred_at.as_ref())?,
    })
}

fn answers(value: i32) -> Result<Answers, Invalid> {
    const FIELD: &str = "answers";
    match proto::OrderRequest::try_from(value).map_err(|_| unknown_value(FIELD))? {
        proto::OrderRequest::Unspecified | proto::OrderRequest::Fulfil => Ok(Answers::Order),
        proto::OrderRequest::Cancel => Ok(Answers::Cancellation),
        proto::OrderRequest::Hold | proto::OrderRequest::Inform => Err(Invalid::validation(
            FIELD,
            "this request asks for no answer",
            "use ORDER_REQUEST_FULFIL or ORDER_REQUEST_CANCEL",
        )),
    }
}

fn extent(whole: bool, lines: &[proto::OrderUnits]) -> Result<Extent, Invalid> {
    extent_is_clear("lines", whole, lines.len())?;
    if whole {
        return Ok(Extent::Whole);
    }
    count("lines", lines.len(), LINES_MAX)?;
    each("lines", lines, |units_of| {
        let warehouse = &units_of.warehouse_code;
        Ok(Units {
            line: line_number("line_id", &units_of.line_id)?,
            sku: optional_sku("sku", &units_of.sku)?,
            quantity: units("quantity", &units_of.quantity)?,
            warehouse: match warehouse.as_str() {
                "" => None,
                code => Some(id("warehouse_code", code)?),
            },
        })
    })
    .map(Extent::Lines)
}

/// Either the whole, or at least one line: an empty list shall never mean everything.
pub(super) fn extent_is_clear(field: &str, whole: bool, lines: usize) -> Result<(), Invalid> {
    let message = match (whole, lines) {
        (true, 0) | (false, 1..) => return Ok(()),
        (true, _) => "lines are named although everything is meant",
        (false, 0) => "no line is named",
    };
    let fix = "name at least one line, or say whole_order and name none";
    Err(Invalid::validation(field, message, fix))
}
