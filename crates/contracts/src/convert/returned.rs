//! What a back office reports about goods that come back.

use jiff::Timestamp;
use lockstep_domain::{EventId, WarehouseCode};

use super::fields::{
    LOTS_MAX, NAME_MAX, OWN_ID_MAX, REASON_CODE_MAX, REASON_TEXT_MAX, SERIALS_MAX, at_most, count,
    each, missing, needed_word, revision, units, units_or_none, word, words,
};
use super::money::{Money, price};
use super::order::{LINES_MAX, OrderRef, order_ref, shopify_number};
use super::shipment::{LineOf, line_of};
use super::{Invalid, id, moment, unknown_value};
use crate::backoffice::v1 as proto;

/// How far a return has come.
pub use proto::ReturnStatus as Status;

/// A checked return.
#[derive(Clone, Debug, PartialEq)]
pub struct Return {
    /// The reporter's id of the report.
    pub event_id: EventId,
    /// The reporter's id of the return.
    pub return_id: String,
    /// Number of this statement; at least 1, the highest stands.
    pub revision: u32,
    /// The order; `None` when nobody knows.
    pub order: Option<OrderRef>,
    /// Shopify's id of the return, when the store opened it.
    pub shopify_return: Option<i64>,
    /// How far it has come.
    pub status: Status,
    /// What comes or came.
    pub lines: Vec<Line>,
    /// What the back office would refund.
    pub refund: Option<Hint>,
    /// Whether it is closed in the store, when it is said.
    pub close_on_shop: Option<bool>,
    /// When, by the reporter's clock.
    pub occurred_at: Timestamp,
}

/// A hint about money.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    /// What would be refunded.
    pub scope: proto::RefundScope,
    /// The amount, when it is another than the scope gives.
    pub amount: Option<Money>,
}

/// Units of one line with one fate.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which line of the order.
    pub of: LineOf,
    /// Units that should come.
    pub expected: i64,
    /// Units that came; `None` while that is not told.
    pub received: Option<i64>,
    /// What becomes of them; `None` while that is not decided.
    pub disposition: Option<Disposition>,
    /// Their condition.
    pub condition: proto::ReturnCondition,
}

/// What becomes of units that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Back on the shelf here.
    Restock(WarehouseCode),
    /// Not back on the shelf.
    NoRestock,
    /// Set aside.
    Quarantine,
    /// Thrown away.
    Scrap,
}

impl Return {
    /// The warehouses that it names to put goods back into, each with its field.
    pub fn warehouses(&self) -> impl Iterator<Item = (String, &WarehouseCode)> {
        self.lines.iter().enumerate().filter_map(|(index, line)| match &line.disposition {
            Some(Disposition::Restock(warehouse)) => {
                Some((format!("lines[{index}].warehouse_code"), warehouse))
            }
            _ => None,
        })
    }
}

/// Checks a return. Whether its warehouses are declared, whether its store is known and its moment
/// believable, is the caller's to say.
///
/// # Errors
/// The first field that is wrong.
pub fn returned(report: &proto::Return) -> Result<Return, Invalid> {
    needed_word("return_id", &report.return_id, OWN_ID_MAX)?;
    word("shipment_id", &report.shipment_id, OWN_ID_MAX)?;
    word("tracking_number", &report.tracking_number, NAME_MAX)?;
    word("carrier_name", &report.carrier_name, NAME_MAX)?;
    let status = status(report.status)?;
    count("lines", report.lines.len(), LINES_MAX)?;
    if report.lines.is_empty() && !matches!(status, Status::Rejected | Status::Cancelled) {
        return Err(missing("lines", "send at least one line"));
    }
    Ok(Return {
        event_id: id("event_id", &report.event_id)?,
        return_id: report.return_id.clone(),
        revision: revision(report.revision),
        order: match report.order_key.as_str() {
            "" => None,
            key => Some(order_ref("order_key", key)?),
        },
        shopify_return: shopify_return(&report.shopify_return_id)?,
        status,
        lines: each("lines", &report.lines, |given| line(status, given))?,
        refund: report.refund.as_ref().map(hint).transpose()?,
        close_on_shop: report.close_on_shop,
        occurred_at: moment("occurred_at", report.occurred_at.as_ref())?,
    })
}

fn status(value: i32) -> Result<Status, Invalid> {
    const FIELD: &str = "status";
    match Status::try_from(value).map_err(|_| unknown_value(FIELD))? {
        Status::Unspecified => {
            Err(missing(FIELD, "say how far it has come, such as RETURN_STATUS_RECEIVED"))
        }
        status => Ok(status),
    }
}

fn shopify_return(text: &str) -> Result<Option<i64>, Invalid> {
    if text.is_empty() {
        return Ok(None);
    }
    let fix = "copy the digits from Lockstep's feed, or leave it out";
    shopify_number(text).map(Some).ok_or_else(|| {
        Invalid::validation("shopify_return_id", "it is not Shopify's id of a return", fix)
    })
}

fn hint(given: &proto::RefundHint) -> Result<Hint, Invalid> {
    let scope =
        proto::RefundScope::try_from(given.scope).map_err(|_| unknown_value("refund.scope"))?;
    Ok(Hint { scope, amount: price("refund.amount", given.amount.as_ref())? })
}

fn line(status: Status, given: &proto::ReturnedLine) -> Result<Line, Invalid> {
    word("reason_code", &given.reason_code, REASON_CODE_MAX)?;
    at_most("note", &given.note, REASON_TEXT_MAX)?;
    words("lots", &given.lots, LOTS_MAX, OWN_ID_MAX)?;
    words("serials", &given.serials, SERIALS_MAX, OWN_ID_MAX)?;
    let condition = proto::ReturnCondition::try_from(given.condition)
        .map_err(|_| unknown_value("condition"))?;
    let of = line_of(&given.line_id, &given.sku)?;
    let expected = match (status, given.quantity_expected.as_str()) {
        (Status::Announced, text) => units("quantity_expected", text)?,
        (_, "") => 0,
        (_, text) => units_or_none("quantity_expected", text)?,
    };
    let came = matches!(status, Status::Received | Status::Inspected | Status::Closed);
    let received = match given.quantity_received.as_str() {
        "" if !came => None,
        text => Some(units_or_none("quantity_received", text)?),
    };
    let disposition = disposition(given)?;
    let is_decided = matches!(status, Status::Inspected | Status::Closed);
    if is_decided && disposition.is_none() && received.is_some_and(|units| units > 0) {
        let fix = "say what becomes of the units, such as RETURN_DISPOSITION_RESTOCK";
        return Err(missing("disposition", fix));
    }
    Ok(Line { of, expected, received, disposition, condition })
}

fn disposition(given: &proto::ReturnedLine) -> Result<Option<Disposition>, Invalid> {
    disposition_of(given.disposition, &given.warehouse_code)
}

/// What becomes of units; RESTOCK says where.
pub(super) fn disposition_of(value: i32, warehouse: &str) -> Result<Option<Disposition>, Invalid> {
    let known = proto::ReturnDisposition::try_from(value);
    let decided = match known.map_err(|_| unknown_value("disposition"))? {
        proto::ReturnDisposition::Restock => {
            return Ok(Some(Disposition::Restock(id("warehouse_code", warehouse)?)));
        }
        proto::ReturnDisposition::Unspecified => None,
        proto::ReturnDisposition::NoRestock => Some(Disposition::NoRestock),
        proto::ReturnDisposition::Quarantine => Some(Disposition::Quarantine),
        proto::ReturnDisposition::Scrap => Some(Disposition::Scrap),
    };
    // Where units lie that are not for sale is the back office's own matter, yet a code is a code.
    if !warehouse.is_empty() {
        id::<WarehouseCode>("warehouse_code", warehouse)?;
    }
    Ok(decided)
}
