//! Rules of single fields that the reports of back offices share.

use jiff::civil::Date;
use lockstep_domain::{Quantity, Sku};

use super::{Invalid, id, quantity};
use crate::backoffice::v1::ErrorCode;

/// Longest `reason_code`, in characters.
pub const REASON_CODE_MAX: usize = 64;
/// Longest `reason_text`, note or other words of the reporter, in characters.
pub const REASON_TEXT_MAX: usize = 1_000;
/// Longest id that a reporter gives to a thing of its own, in characters.
pub const OWN_ID_MAX: usize = 64;
/// Longest name or code where nothing shorter is said, in characters.
pub const NAME_MAX: usize = 255;
/// Longest address of a page, in characters.
pub const URL_MAX: usize = 2_000;
/// Most lots of one line.
pub const LOTS_MAX: usize = 100;
/// Most serial numbers of one line.
pub const SERIALS_MAX: usize = 1_000;

pub(super) fn missing(field: &str, fix: impl Into<String>) -> Invalid {
    Invalid::validation(field, "it is missing", fix)
}

/// Text of any form up to a length.
pub(super) fn at_most(field: &str, text: &str, max: usize) -> Result<(), Invalid> {
    if text.chars().nth(max).is_none() {
        return Ok(());
    }
    let message = format!("it has {} characters", text.chars().count());
    Err(Invalid::validation(field, message, format!("send at most {max} characters")))
}

/// A code or a name: empty, or text that two systems compare alike.
pub(super) fn word(field: &str, text: &str, max: usize) -> Result<(), Invalid> {
    at_most(field, text, max)?;
    if text.chars().any(char::is_control) {
        let fix = "send it without control characters";
        return Err(Invalid::validation(field, "it contains a control character", fix));
    }
    if text.trim() != text {
        let fix = "send it without white space at its ends";
        return Err(Invalid::validation(field, "it begins or ends with white space", fix));
    }
    Ok(())
}

/// A code or a name that must be there.
pub(super) fn needed_word(field: &str, text: &str, max: usize) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(missing(field, format!("send 1 to {max} characters")));
    }
    word(field, text, max)
}

/// Every one of a list of codes.
pub(super) fn words(
    field: &str,
    list: &[String],
    count_max: usize,
    max: usize,
) -> Result<(), Invalid> {
    count(field, list.len(), count_max)?;
    for (index, text) in list.iter().enumerate() {
        needed_word(&format!("{field}[{index}]"), text, max)?;
    }
    Ok(())
}

/// The length of a list.
pub(super) fn count(field: &str, count: usize, max: usize) -> Result<(), Invalid> {
    if count <= max {
        return Ok(());
    }
    let message = format!("it has {count} entries");
    Err(Invalid::validation(field, message, format!("send at most {max} entries")))
}

/// Checks the entries of a list; a refusal names the entry.
pub(super) fn each<M, T>(
    field: &str,
    list: &[M],
    check: impl Fn(&M) -> Result<T, Invalid>,
) -> Result<Vec<T>, Invalid> {
    let one = |(index, entry)| check(entry).map_err(|e| e.at(&format!("{field}[{index}]")));
    list.iter().enumerate().map(one).collect()
}

/// The reason that a reporter gives.
pub(super) fn reason(code: &str, text: &str) -> Result<(), Invalid> {
    word("reason_code", code, REASON_CODE_MAX)?;
    at_most("reason_text", text, REASON_TEXT_MAX)
}

/// An optional SKU.
pub(super) fn optional_sku(field: &str, text: &str) -> Result<Option<Sku>, Invalid> {
    if text.is_empty() { Ok(None) } else { id(field, text).map(Some) }
}

/// Units of an order line: Shopify knows whole ones only.
pub(super) fn units(field: &str, text: &str) -> Result<i64, Invalid> {
    let units = units_or_none(field, text)?;
    if units > 0 {
        return Ok(units);
    }
    Err(Invalid {
        code: ErrorCode::QuantityZero,
        field: field.to_owned(),
        message: "it is zero".to_owned(),
        fix: "leave the entry out, or name how many units are meant".to_owned(),
    })
}

/// As [`units`]; none is a statement, too.
pub(super) fn units_or_none(field: &str, text: &str) -> Result<i64, Invalid> {
    let quantity = not_negative(field, quantity(field, text)?)?;
    if quantity.floor_units() == quantity.ceil_units() {
        return Ok(quantity.floor_units());
    }
    let fix = "send whole units: lines of orders are counted in pieces";
    Err(Invalid::validation(field, "it is not a whole number of units", fix))
}

pub(super) fn not_negative(field: &str, quantity: Quantity) -> Result<Quantity, Invalid> {
    if quantity.is_negative() {
        let fix = "send a number that is not below zero";
        return Err(Invalid::validation(field, "it is below zero", fix));
    }
    Ok(quantity)
}

/// The number of a statement: the first one may leave it out.
#[must_use]
pub(super) const fn revision(given: u32) -> u32 {
    if given == 0 { 1 } else { given }
}

/// Address of a page; may be empty.
pub(super) fn url(field: &str, text: &str) -> Result<(), Invalid> {
    at_most(field, text, URL_MAX)?;
    let is_page = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .is_some_and(|rest| !rest.is_empty());
    let is_plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if text.is_empty() || (is_page && is_plain) {
        return Ok(());
    }
    let fix = "send an address such as https://carrier.example/track/123";
    Err(Invalid::validation(field, "it is not the address of a page", fix))
}

/// A day of the calendar; may be empty.
pub(super) fn day(field: &str, text: &str) -> Result<Option<Date>, Invalid> {
    if text.is_empty() {
        return Ok(None);
    }
    let is_plain = text.len() == 10;
    match text.parse() {
        Ok(day) if is_plain => Ok(Some(day)),
        _ => Err(Invalid::validation(field, "it is not a day", "send a day such as 2026-11-24")),
    }
}

/// Capital letters of a fixed number, such as a currency; may be empty.
pub(super) fn capitals(
    field: &str,
    text: &str,
    length: usize,
    example: &str,
) -> Result<(), Invalid> {
    let is_code = text.len() == length && text.bytes().all(|b| b.is_ascii_uppercase());
    if text.is_empty() || is_code {
        return Ok(());
    }
    let message = format!("it is not {length} capital letters");
    Err(Invalid::validation(field, message, format!("send a code such as {example}")))
}
