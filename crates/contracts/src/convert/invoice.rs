//! What a back office reports about invoices.

use jiff::Timestamp;
use jiff::civil::Date;
use lockstep_domain::{EventId, Quantity, Sku, WarehouseCode};

use super::fields::{
    OWN_ID_MAX, REASON_TEXT_MAX, at_most, capitals, count, day, each, missing, needed_word,
    optional_sku, revision, url, word,
};
use super::money::{Amount, Money, amount, money, optional_amount};
use super::order::{LINES_MAX, OrderRef, line_number, order_ref};
use super::{Invalid, id, moment, quantity, unknown_value};
use crate::backoffice::v1::{self as proto, ErrorCode};

/// What kind of document it is, and how far it has come.
pub use proto::{InvoiceKind as Kind, InvoiceState as State};

/// Longest tag of a language, in characters.
pub const LANGUAGE_MAX: usize = 35;

/// A checked document. Its plain texts stay in the message.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoice {
    /// The reporter's id of the report.
    pub event_id: EventId,
    /// The reporter's id of the document.
    pub invoice_id: String,
    /// Number of this statement; at least 1, the highest stands.
    pub revision: u32,
    /// What kind of document it is; never unspecified.
    pub kind: Kind,
    /// How far it has come; never unspecified.
    pub state: State,
    /// The order; `None` for what belongs to no order of a store.
    pub order: Option<OrderRef>,
    /// Day of issue.
    pub issued_on: Option<Date>,
    /// Whether it takes its goods from the warehouse.
    pub discharges_stock: bool,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Sum to pay.
    pub total: Option<Money>,
    /// What was paid of it.
    pub paid: Option<Money>,
    /// When, by the reporter's clock.
    pub occurred_at: Timestamp,
}

/// One line of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Shopify's id of the order line, when it is one.
    pub line: Option<i64>,
    /// The thing, when it is named.
    pub sku: Option<Sku>,
    /// How much; not zero, below zero on a credit.
    pub quantity: Quantity,
    /// Price of one unit.
    pub unit_price: Option<Amount>,
    /// Whether goods move with it.
    pub moves_goods: bool,
    /// From where or to where, when it is named.
    pub warehouse: Option<WarehouseCode>,
}

impl Invoice {
    /// The warehouses that it names, each with its field.
    pub fn warehouses(&self) -> impl Iterator<Item = (String, &WarehouseCode)> {
        self.lines.iter().enumerate().filter_map(|(index, line)| {
            let warehouse = line.warehouse.as_ref()?;
            Some((format!("lines[{index}].warehouse_code"), warehouse))
        })
    }
}

/// Checks a document. Whether its warehouses are declared, whether its store is known and its
/// moment believable, is the caller's to say.
///
/// # Errors
/// The first field that is wrong.
pub fn invoice(report: &proto::Invoice) -> Result<Invoice, Invalid> {
    needed_word("invoice_id", &report.invoice_id, OWN_ID_MAX)?;
    let kind = kind(report.kind)?;
    let state = state(report.state)?;
    texts(report)?;
    numbers(report, kind, state)?;
    let issued_on = day("issue_date", &report.issue_date)?;
    if state == State::Issued && issued_on.is_none() {
        return Err(missing("issue_date", "send the day of issue such as 2026-11-24"));
    }
    day("due_date", &report.due_date)?;
    let discharges_stock = report.discharges_stock.ok_or_else(|| {
        missing("discharges_stock", "say true or false: it decides whether the stock fell")
    })?;
    count("lines", report.lines.len(), LINES_MAX)?;
    if state == State::Issued && report.lines.is_empty() {
        return Err(missing("lines", "send the lines of an issued document"));
    }
    Ok(Invoice {
        event_id: id("event_id", &report.event_id)?,
        invoice_id: report.invoice_id.clone(),
        revision: revision(report.revision),
        kind,
        state,
        order: match report.order_key.as_str() {
            "" => None,
            key => Some(order_ref("order_key", key)?),
        },
        issued_on,
        discharges_stock,
        lines: each("lines", &report.lines, |given| line(kind, discharges_stock, given))?,
        total: money("total", report.total.as_ref())?,
        paid: money("paid", report.paid.as_ref())?,
        occurred_at: moment("occurred_at", report.occurred_at.as_ref())?,
    })
}

fn kind(value: i32) -> Result<Kind, Invalid> {
    const FIELD: &str = "kind";
    match Kind::try_from(value).map_err(|_| unknown_value(FIELD))? {
        Kind::Unspecified => Err(missing(FIELD, "say what it is, such as INVOICE_KIND_INVOICE")),
        kind => Ok(kind),
    }
}

fn state(value: i32) -> Result<State, Invalid> {
    const FIELD: &str = "state";
    match State::try_from(value).map_err(|_| unknown_value(FIELD))? {
        State::Unspecified => {
            Err(missing(FIELD, "say how far it has come, such as INVOICE_STATE_ISSUED"))
        }
        state => Ok(state),
    }
}

fn texts(report: &proto::Invoice) -> Result<(), Invalid> {
    word("language", &report.language, LANGUAGE_MAX)?;
    url("url", &report.url)?;
    at_most("failure", &report.failure, REASON_TEXT_MAX)?;
    capitals("currency", &report.currency, 3, "EUR")?;
    if report.currency.is_empty() && !report.lines.is_empty() {
        return Err(missing("currency", "send the currency of the lines, such as EUR"));
    }
    if report.exchange_rate.is_empty() {
        return Ok(());
    }
    let rate = quantity("exchange_rate", &report.exchange_rate)?;
    if rate.is_zero() || rate.is_negative() {
        let fix = "send how many units of your own currency one of the document's costs";
        return Err(Invalid::validation("exchange_rate", "it is not above zero", fix));
    }
    Ok(())
}

fn numbers(report: &proto::Invoice, kind: Kind, state: State) -> Result<(), Invalid> {
    let exists = matches!(state, State::Issued | State::Cancelled | State::Reversed);
    number("number", report.number.as_ref(), exists)?;
    let takes_back = matches!(kind, Kind::StornoFull | Kind::CreditPartial);
    number("original", report.original.as_ref(), takes_back)
}

fn number(field: &str, given: Option<&proto::InvoiceNumber>, must: bool) -> Result<(), Invalid> {
    match given {
        Some(given) => word("series", &given.series, OWN_ID_MAX)
            .and_then(|()| needed_word("number", &given.number, OWN_ID_MAX))
            .map_err(|e| e.at(field)),
        None if must => Err(missing(field, "send series and number of the document")),
        None => Ok(()),
    }
}

fn line(kind: Kind, discharges_stock: bool, given: &proto::InvoiceLine) -> Result<Line, Invalid> {
    at_most("name", &given.name, REASON_TEXT_MAX)?;
    word("unit", &given.unit, OWN_ID_MAX)?;
    word("tax_name", &given.tax_name, OWN_ID_MAX)?;
    percent("tax_percent", &given.tax_percent)?;
    optional_amount("discount", &given.discount)?;
    let unit_price = match given.unit_price.as_str() {
        "" => None,
        text => Some(amount("unit_price", text)?),
    };
    let line = match given.line_id.as_str() {
        "" => None,
        text => Some(line_number("line_id", text)?),
    };
    let sku = optional_sku("sku", &given.sku)?;
    let moves_goods = discharges_stock && !given.is_service && kind != Kind::Proforma;
    if moves_goods && line.is_none() && sku.is_none() {
        return Err(missing("sku", "name the thing whose stock the document changes"));
    }
    let warehouse = match given.warehouse_code.as_str() {
        "" if !moves_goods => None,
        code => Some(id("warehouse_code", code)?),
    };
    let quantity = signed(kind, &given.quantity)?;
    Ok(Line { line, sku, quantity, unit_price, moves_goods, warehouse })
}

/// The kind decides the sign, so that a mistaken one is refused instead of booked twice over.
fn signed(kind: Kind, text: &str) -> Result<Quantity, Invalid> {
    const FIELD: &str = "quantity";
    let quantity = quantity(FIELD, text)?;
    if quantity.is_zero() {
        return Err(Invalid {
            code: ErrorCode::QuantityZero,
            field: FIELD.to_owned(),
            message: "it is zero".to_owned(),
            fix: "leave the line out, or say how much it stands for".to_owned(),
        });
    }
    let takes_back = matches!(kind, Kind::StornoFull | Kind::CreditPartial);
    if quantity.is_negative() == takes_back {
        return Ok(quantity);
    }
    let (message, fix) = if takes_back {
        ("a document that takes back has quantities below zero", "turn the sign")
    } else {
        ("it is below zero", "use INVOICE_KIND_CREDIT_PARTIAL for what is taken back")
    };
    Err(Invalid::validation(FIELD, message, fix))
}

fn percent(field: &str, text: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Ok(());
    }
    let value = quantity(field, text)?;
    if value.is_negative() || value > Quantity::from_units(100) {
        let fix = "send the tax in percent, such as 19 for 19 %";
        return Err(Invalid::validation(field, "it is not from 0 to 100", fix));
    }
    Ok(())
}
