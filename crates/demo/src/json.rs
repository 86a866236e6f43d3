//! Fields of answers. One that is missing is an error that quotes the answer.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// What a path such as `/a/b` names, or null.
#[must_use]
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

/// The elements of a list; none when it is not there.
pub fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// # Errors
/// When there is no such text.
pub fn text(value: &Value, field: &str) -> Result<String> {
    let found = value.get(field).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("{field} is missing in {value}"))
}

/// # Errors
/// When there is no such whole number.
pub fn id(value: &Value, field: &str) -> Result<i64> {
    let found = value.get(field).and_then(Value::as_i64);
    found.with_context(|| format!("{field} is missing in {value}"))
}
