//! JSON as the ports carry it, for tests that know theirs to be right: what is none panics.

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// A value as text.
pub fn raw(value: &Value) -> Box<RawValue> {
    match to_raw_value(value) {
        Ok(raw) => raw,
        Err(error) => panic!("a test's value cannot be written as JSON: {error}"),
    }
}

/// JSON exactly as written, escapes included.
pub fn raw_text(json: &str) -> Box<RawValue> {
    match RawValue::from_string(json.to_owned()) {
        Ok(raw) => raw,
        Err(error) => panic!("a test's text is no JSON: {error}"),
    }
}

/// What a text means, for a comparison: a database may order fields and space anew.
pub fn value(raw: &RawValue) -> Value {
    match serde_json::from_str(raw.get()) {
        Ok(value) => value,
        Err(error) => panic!("stored JSON cannot be read: {error}"),
    }
}
