//! What a back office sells itself.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lockstep_domain::{EventId, Sku, StoreId, WarehouseCode};

use super::fields::{NAME_MAX, OWN_ID_MAX, count, each, missing, needed_word, reason, units, word};
use super::money::{Amount, Money, currency, optional_amount, price};
use super::returned::{Disposition, disposition_of};
use super::{Invalid, id, moment, unknown_value};
use crate::backoffice::v1 as proto;

/// How it was sold.
pub use proto::SaleKind as Kind;

/// Most lines of one sale; an order of Shopify takes no more.
pub const LINES_MAX: usize = 500;

/// A checked sale. Its plain texts stay in the message.
#[derive(Clone, Debug, PartialEq)]
pub struct Sale {
    /// The reporter's id of the report.
    pub event_id: EventId,
    /// The reporter's id of the sale.
    pub sale_id: String,
    /// How it was sold; never unspecified.
    pub kind: Kind,
    /// The store that gets an order of it, when one is named.
    pub store: Option<StoreId>,
    /// Where the goods come from.
    pub warehouse: WarehouseCode,
    /// ISO 4217.
    pub currency: String,
    /// Its lines; at least one.
    pub lines: Vec<Line>,
    /// Shipping.
    pub shipping: Option<Amount>,
    /// Sum to pay.
    pub total: Amount,
    /// What was paid of it.
    pub paid: Option<Amount>,
    /// When, by the reporter's clock.
    pub sold_at: Timestamp,
}

/// One line of a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The reporter's id of the line.
    pub line_id: String,
    /// What was sold.
    pub sku: Sku,
    /// Units; above zero.
    pub quantity: i64,
    /// Price of one unit.
    pub unit_price: Amount,
    /// Discount on the whole line.
    pub discount: Option<Amount>,
    /// Tax on the whole line.
    pub tax: Option<Amount>,
    /// Where it comes from, when it is another warehouse than the sale's.
    pub warehouse: Option<WarehouseCode>,
}

impl Sale {
    /// The warehouses that it names, each with its field.
    pub fn warehouses(&self) -> impl Iterator<Item = (String, &WarehouseCode)> {
        let of_lines = self.lines.iter().enumerate().filter_map(|(index, line)| {
            let warehouse = line.warehouse.as_ref()?;
            Some((format!("lines[{index}].warehouse_code"), warehouse))
        });
        std::iter::once(("warehouse_code".to_owned(), &self.warehouse)).chain(of_lines)
    }
}

/// Checks a sale. Whether its warehouses are declared, whether its store is known and its moment
/// believable, is the caller's to say.
///
/// # Errors
/// The first field that is wrong.
pub fn sale(report: &proto::Sale) -> Result<Sale, Invalid> {
    needed_word("sale_id", &report.sale_id, OWN_ID_MAX)?;
    word("reference", &report.reference, NAME_MAX)?;
    count("lines", report.lines.len(), LINES_MAX)?;
    if report.lines.is_empty() {
        return Err(missing("lines", "send at least one line"));
    }
    let sale = Sale {
        event_id: id("event_id", &report.event_id)?,
        sale_id: report.sale_id.clone(),
        kind: kind(report.kind)?,
        store: match report.store.as_str() {
            "" => None,
            store => Some(id("store", store)?),
        },
        warehouse: id("warehouse_code", &report.warehouse_code)?,
        currency: currency("currency", &report.currency)?,
        lines: each("lines", &report.lines, line)?,
        shipping: optional_amount("shipping", &report.shipping)?,
        total: needed_amount("total", &report.total)?,
        paid: optional_amount("paid", &report.paid)?,
        sold_at: moment("sold_at", report.sold_at.as_ref())?,
    };
    each_once(sale.lines.iter().map(|line| line.line_id.as_str()))?;
    Ok(sale)
}

fn kind(value: i32) -> Result<Kind, Invalid> {
    const FIELD: &str = "kind";
    match Kind::try_from(value).map_err(|_| unknown_value(FIELD))? {
        Kind::Unspecified => {
            Err(missing(FIELD, "say how it was sold, such as SALE_KIND_POINT_OF_SALE"))
        }
        kind => Ok(kind),
    }
}

fn line(given: &proto::SaleLine) -> Result<Line, Invalid> {
    needed_word("line_id", &given.line_id, OWN_ID_MAX)?;
    word("title", &given.title, NAME_MAX)?;
    word("linesheet", &given.linesheet, NAME_MAX)?;
    word("linesheet_code", &given.linesheet_code, OWN_ID_MAX)?;
    Ok(Line {
        line_id: given.line_id.clone(),
        sku: id("sku", &given.sku)?,
        quantity: units("quantity", &given.quantity)?,
        unit_price: needed_amount("unit_price", &given.unit_price)?,
        discount: optional_amount("discount", &given.discount)?,
        tax: optional_amount("tax", &given.tax)?,
        warehouse: match given.warehouse_code.as_str() {
            "" => None,
            code => Some(id("warehouse_code", code)?),
        },
    })
}

/// A checked refund of a sale.
#[derive(Clone, Debug, PartialEq)]
pub struct Refund {
    /// The reporter's id of the report.
    pub event_id: EventId,
    /// The sale.
    pub sale_id: String,
    /// The reporter's id of the refund.
    pub refund_id: String,
    /// True when all that is left of the sale is taken back.
    pub whole_sale: bool,
    /// What is taken back or refunded.
    pub lines: Vec<RefundedLine>,
    /// Sum that was paid back.
    pub amount: Option<Money>,
    /// When, by the reporter's clock.
    pub refunded_at: Timestamp,
}

/// Units of a line of a sale that were taken back or only refunded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundedLine {
    /// The line of the sale.
    pub line_id: String,
    /// Units; above zero.
    pub quantity: i64,
    /// What becomes of them.
    pub disposition: Disposition,
    /// What is paid back for them.
    pub amount: Option<Amount>,
}

impl Refund {
    /// The warehouses that it names, each with its field.
    pub fn warehouses(&self) -> impl Iterator<Item = (String, &WarehouseCode)> {
        self.lines.iter().enumerate().filter_map(|(index, line)| match &line.disposition {
            Disposition::Restock(warehouse) => {
                Some((format!("lines[{index}].warehouse_code"), warehouse))
            }
            _ => None,
        })
    }
}

/// Checks a refund of a sale, as [`sale`].
///
/// # Errors
/// The first field that is wrong.
pub fn refund(report: &proto::SaleRefund) -> Result<Refund, Invalid> {
    needed_word("sale_id", &report.sale_id, OWN_ID_MAX)?;
    needed_word("refund_id", &report.refund_id, OWN_ID_MAX)?;
    reason(&report.reason_code, &report.reason_text)?;
    count("lines", report.lines.len(), LINES_MAX)?;
    if report.whole_sale && !report.lines.is_empty() {
        let message = "lines are named although the whole sale is meant";
        let fix = "name no line with whole_sale";
        return Err(Invalid::validation("lines", message, fix));
    }
    let amount = price("amount", report.amount.as_ref())?;
    if !report.whole_sale && amount.is_none() {
        return Err(missing("amount", "send the sum that was paid back, or say whole_sale"));
    }
    Ok(Refund {
        event_id: id("event_id", &report.event_id)?,
        sale_id: report.sale_id.clone(),
        refund_id: report.refund_id.clone(),
        whole_sale: report.whole_sale,
        lines: each("lines", &report.lines, refunded_line)?,
        amount,
        refunded_at: moment("refunded_at", report.refunded_at.as_ref())?,
    })
}

fn refunded_line(given: &proto::RefundedSaleLine) -> Result<RefundedLine, Invalid> {
    needed_word("line_id", &given.line_id, OWN_ID_MAX)?;
    let disposition = disposition_of(given.disposition, &given.warehouse_code)?;
    Ok(RefundedLine {
        line_id: given.line_id.clone(),
        quantity: units("quantity", &given.quantity)?,
        disposition: disposition.unwrap_or(Disposition::NoRestock),
        amount: optional_amount("amount", &given.amount)?,
    })
}

fn needed_amount(field: &str, text: &str) -> Result<Amount, Invalid> {
    optional_amount(field, text)?.ok_or_else(|| missing(field, "send a decimal such as 12.50"))
}

fn each_once<'a>(ids: impl Iterator<Item = &'a str>) -> Result<(), Invalid> {
    let mut seen = BTreeSet::new();
    for (index, id) in ids.enumerate() {
        if !seen.insert(id) {
            let field = format!("lines[{index}].line_id");
            let fix = "give each line of a sale an id of its own";
            return Err(Invalid::validation(field, "another line has the same id", fix));
        }
    }
    Ok(())
}
