//! From messages to the domain's types and back: the one place that checks the fields of what
//! comes from outside.
//!
//! A refusal names the field, what is wrong and what to do. Nothing here knows settings other
//! than those given, or what time it is.

pub mod conflict;
mod fields;
pub mod invoice;
pub mod link;
pub mod money;
pub mod order;
pub mod order_lines;
pub mod order_report;
pub mod order_settings;
pub mod order_webhook;
pub mod product;
pub mod report;
pub mod returned;
pub mod sale;
pub mod settings;
pub mod shipment;
pub mod shipment_report;

use jiff::Timestamp;
use lockstep_domain::ids::InvalidId;
use lockstep_domain::quantity::{InvalidQuantity, Quantity};
use thiserror::Error;

use crate::backoffice::v1::{ErrorCode, ItemError};
use crate::time;

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {message}")]
pub struct Invalid {
    /// The closed code.
    pub code: ErrorCode,
    /// Path of the field inside the message, e.g. `order.line_id`.
    pub field: String,
    /// What is wrong, for a person.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

impl Invalid {
    /// A field that is missing or of the wrong form.
    #[must_use]
    pub fn validation(
        field: impl Into<String>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            code: ErrorCode::Validation,
            field: field.into(),
            message: message.into(),
            fix: fix.into(),
        }
    }

    /// The same refusal seen from outside: `at("movements[3]")` makes `quantity` into
    /// `movements[3].quantity`.
    #[must_use]
    pub fn at(mut self, parent: &str) -> Self {
        self.field = format!("{parent}.{}", self.field);
        self
    }
}

impl From<Invalid> for ItemError {
    fn from(invalid: Invalid) -> Self {
        Self {
            code: invalid.code.into(),
            field: invalid.field,
            message: invalid.message,
            fix: invalid.fix,
        }
    }
}

/// An identifier; its own rule is the fix.
fn id<T: std::str::FromStr<Err = InvalidId>>(field: &str, text: &str) -> Result<T, Invalid> {
    text.parse().map_err(|rule: InvalidId| {
        let message = match &rule {
            _ if text.is_empty() => "it is missing".to_owned(),
            InvalidId::Length { .. } => format!("it has {} characters", text.chars().count()),
            InvalidId::ControlCharacter { .. } => "it contains a control character".to_owned(),
            InvalidId::Untrimmed { .. } => "it begins or ends with white space".to_owned(),
            _ => "it is not of the expected form".to_owned(),
        };
        Invalid::validation(field, message, rule.to_string())
    })
}

/// A number that Shopify gave to something: above 0.
fn shopify_id<T: From<i64>>(field: &str, number: i64) -> Result<T, Invalid> {
    if number > 0 {
        Ok(T::from(number))
    } else {
        Err(Invalid::validation(field, "it is missing", "give Shopify's id, a number above 0"))
    }
}

fn quantity(field: &str, text: &str) -> Result<Quantity, Invalid> {
    text.parse().map_err(|rule| {
        let (code, message) = match rule {
            InvalidQuantity::TooLarge => {
                (ErrorCode::QuantityTooLarge, "it is more than can be kept")
            }
            InvalidQuantity::TooPrecise => (ErrorCode::Validation, "it has too many decimals"),
            InvalidQuantity::NotANumber if text.is_empty() => {
                (ErrorCode::Validation, "it is missing")
            }
            InvalidQuantity::NotANumber => (ErrorCode::Validation, "it is not a decimal number"),
        };
        let (field, message) = (field.to_owned(), message.to_owned());
        Invalid { code, field, message, fix: rule.to_string() }
    })
}

fn moment(field: &str, value: Option<&pbjson_types::Timestamp>) -> Result<Timestamp, Invalid> {
    const FIX: &str = "give a moment in UTC such as 2026-11-24T10:00:00Z";
    let value = value.ok_or_else(|| Invalid::validation(field, "it is missing", FIX))?;
    time::from_proto(value).map_err(|_| Invalid::validation(field, "it is not a moment", FIX))
}

/// An enum value that this version does not know. A newer version may have sent it.
fn unknown_value(field: &str) -> Invalid {
    Invalid::validation(
        field,
        "its value is not one of this version's",
        "use a value of the published contract, or upgrade Lockstep",
    )
}
