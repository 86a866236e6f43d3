//! What a database refuses for its content, and how it keeps time.

use jiff::Timestamp;
use lockstep_ports::{ErrorKind, PortError};
use serde_json::Value;
use serde_json::value::RawValue;

const LETTER_STATES: [&str; 3] = ["open", "retried", "dismissed"];

/// Text may hold every character but NUL.
pub(crate) fn check_text(texts: &[&str]) -> Result<(), PortError> {
    if texts.iter().any(|text| text.contains('\0')) {
        return Err(refused("a text with a NUL character"));
    }
    Ok(())
}

/// Neither may the texts inside JSON, where NUL comes as an escape; halves of characters neither.
pub(crate) fn check_json(json: &RawValue) -> Result<(), PortError> {
    if !json.get().contains("\\u") {
        return Ok(());
    }
    let value: Value = serde_json::from_str(json.get())
        .map_err(|error| PortError::new(ErrorKind::Permanent, "JSON that cannot be kept", error))?;
    if has_nul(&value) { Err(refused("JSON with a NUL character")) } else { Ok(()) }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A database's numbers have a sign.
pub(crate) fn check_number(number: u64) -> Result<(), PortError> {
    if i64::try_from(number).is_err() {
        return Err(refused("a number beyond the range of a database"));
    }
    Ok(())
}

/// Times are kept in microseconds.
pub(crate) fn kept(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

pub(crate) fn refused(what: &str) -> PortError {
    PortError::plain(ErrorKind::Permanent, what)
}

/// A letter's state is one of three.
pub(crate) fn check_letter(state: &str, attempts: u32) -> Result<(), PortError> {
    if !LETTER_STATES.contains(&state) {
        return Err(refused("a dead letter of no known state"));
    }
    if i32::try_from(attempts).is_err() {
        return Err(refused("more attempts than can be stored"));
    }
    Ok(())
}
