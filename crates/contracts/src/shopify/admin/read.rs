//! Reading of answers without types: what is absent or of another type is `None`. Operations with
//! types ([`super::answers`]) are read strictly.

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value;

use super::answers::parts::ProductVariantOfVariantsByCode as ShownVariant;
use super::document::{DecodeError, Document};
use super::user_error::UserError;
use super::variants::{self, Variant};
use super::view::{Node, Part};

impl Document {
    pub(super) fn missing(&self, path: impl Into<String>) -> DecodeError {
        DecodeError { operation: self.operation, path: path.into() }
    }
}

impl UserError {
    pub(super) fn list(payload: &Value) -> Vec<Self> {
        let part = |value: &Value| match value {
            Value::String(text) => Some(Part(text.clone())),
            Value::Number(number) => Some(Part(number.to_string())),
            _ => None,
        };
        let read = |entry: &Value| {
            let field = list(entry, "field").iter().filter_map(part).collect();
            let message = text(entry, "message").unwrap_or_default();
            Self::new(filled(entry, "code").as_deref(), Some(field), message)
        };
        list(payload, "userErrors").iter().map(read).collect()
    }
}

/// A variant that stands alone.
pub(super) fn variant(node: &Value, document: &'static Document) -> Result<Variant, DecodeError> {
    variants::variant(&ShownVariant::from(Node::root(document, node)))
}

pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

/// As [`text`]; empty text counts as absent, as Shopify uses both for "none".
pub(super) fn filled(value: &Value, key: &str) -> Option<String> {
    text(value, key).filter(|text| !text.is_empty())
}

pub(super) fn flag(value: &Value, key: &str) -> Option<bool> {
    value.get(key)?.as_bool()
}

pub(super) fn number(value: &Value, key: &str) -> Option<i64> {
    value.get(key)?.as_i64()
}

pub(super) fn time(value: &Value, key: &str) -> Option<Timestamp> {
    value.get(key)?.as_str()?.parse().ok()
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// An object under `key`; `None` for null and for anything else.
pub(super) fn object<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|inner| inner.is_object())
}

/// The id of an object, which no answer may lack.
pub(super) fn id<T: FromStr>(
    value: &Value,
    document: &Document,
    path: &str,
) -> Result<T, DecodeError> {
    value
        .get("id")
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| document.missing(format!("{path}.id")))
}

/// The field of `data` that the operation asks for.
pub(super) fn root<'a>(
    data: &'a Value,
    document: &Document,
    key: &str,
) -> Result<&'a Value, DecodeError> {
    object(data, key).ok_or_else(|| document.missing(key))
}

/// Where the next page begins; `None` on the last one.
pub(super) fn next_page(connection: &Value) -> Option<String> {
    let info = connection.get("pageInfo")?;
    if flag(info, "hasNextPage")? { filled(info, "endCursor") } else { None }
}
