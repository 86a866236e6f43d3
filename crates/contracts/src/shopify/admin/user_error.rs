//! `userErrors`: what Shopify refuses about the content of a mutation.

use super::answers::parts;
use super::document::DecodeError;
use super::view::Part;

/// One entry of `userErrors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserError {
    /// Its code; `None` for the error types that have none.
    pub code: Option<ErrorCode>,
    /// Path of the field, from the argument down; empty when nothing can be blamed.
    pub field: Vec<String>,
    /// Shopify's words.
    pub message: String,
}

impl UserError {
    /// Index of the line that is blamed, counted from 0 as sent.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.field.iter().find_map(|part| part.parse().ok())
    }

    pub(super) fn new(code: Option<&str>, field: Option<Vec<Part>>, message: String) -> Self {
        let field = field.unwrap_or_default().into_iter().map(|part| part.0).collect();
        let code = code.filter(|code| !code.is_empty());
        Self { code: code.map(|code| ErrorCode::from_text(code.to_owned())), field, message }
    }

    /// Errors of the type that has no code.
    pub(super) fn plain(errors: &[parts::UserError<'_>]) -> Result<Vec<Self>, DecodeError> {
        let read = |one: &parts::UserError<'_>| Ok(Self::new(None, one.field()?, one.message()?));
        errors.iter().map(read).collect()
    }
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Codes of the inventory mutations, and whatever else comes.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
            /// A code that this version does not know.
            Other(String),
        }

        impl ErrorCode {
            /// Shopify's name of it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(text) => text,
                }
            }

            fn from_text(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$name,)*
                    _ => Self::Other(text),
                }
            }
        }
    };
}

error_codes! {
    /// The guard does not hold: somebody else wrote.
    ChangeFromQuantityStale = "CHANGE_FROM_QUANTITY_STALE",
    /// The same key is being processed: wait, then the same bytes again.
    IdempotencyConcurrentRequest = "IDEMPOTENCY_CONCURRENT_REQUEST",
    /// The key was used with other bytes.
    IdempotencyKeyParameterMismatch = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
    /// The first attempt under this key failed: a new key is needed.
    IdempotencyPreviousAttemptFailed = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
    /// No such inventory item.
    InvalidInventoryItem = "INVALID_INVENTORY_ITEM",
    /// No such location.
    InvalidLocation = "INVALID_LOCATION",
    /// A quantity name that the mutation does not write.
    InvalidName = "INVALID_NAME",
    /// `on_hand` below zero.
    InvalidQuantityNegative = "INVALID_QUANTITY_NEGATIVE",
    /// Above Shopify's limit.
    InvalidQuantityTooHigh = "INVALID_QUANTITY_TOO_HIGH",
    /// Below Shopify's limit.
    InvalidQuantityTooLow = "INVALID_QUANTITY_TOO_LOW",
    /// A reason that Shopify does not list.
    InvalidReason = "INVALID_REASON",
    /// Not a URI.
    InvalidReferenceDocument = "INVALID_REFERENCE_DOCUMENT",
    /// A bundle's parent: its stock comes from its components.
    NonMutableInventoryItem = "NON_MUTABLE_INVENTORY_ITEM",
    /// One level twice in one call.
    NoDuplicateInventoryItemIdGroupIdPair = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
    /// The item has no level there (versions before 2026-10).
    ItemNotStockedAtLocation = "ITEM_NOT_STOCKED_AT_LOCATION",
    /// The adjustment failed as a whole.
    AdjustQuantitiesFailed = "ADJUST_QUANTITIES_FAILED",
    /// Shopify could not do it now.
    ServiceUnavailable = "SERVICE_UNAVAILABLE",
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::answers::set_quantities::{self, answer};
    use super::*;

    #[test]
    fn the_blamed_line_is_the_first_number_of_the_path() {
        let data = json!({"inventorySetQuantities": {"userErrors": [
            {"code": "INVALID_LOCATION", "field": ["input", "quantities", "7", "locationId"],
             "message": "The specified location could not be found."},
            {"code": "CHANGE_FROM_QUANTITY_STALE", "field": null, "message": "stale"},
            {"code": "NEW_ONE", "field": ["input", "changes", 3], "message": ""},
            {"code": null, "field": ["id"], "message": "no code"},
        ]}});
        let payload = answer(&data).inventory_set_quantities().unwrap().unwrap();
        let read = |one: &set_quantities::InventorySetQuantitiesUserError<'_>| {
            let code = one.code().unwrap();
            let (field, message) = (one.field().unwrap(), one.message().unwrap());
            UserError::new(code.as_ref().map(|code| code.as_str()), field, message)
        };
        let errors: Vec<_> = payload.user_errors().unwrap().iter().map(read).collect();
        let lines: Vec<_> = errors.iter().map(UserError::line).collect();
        assert_eq!(lines, [Some(7), None, Some(3), None]);
        let codes: Vec<_> = errors.iter().map(|e| e.code.as_ref().map(ErrorCode::as_str)).collect();
        assert_eq!(
            codes,
            [Some("INVALID_LOCATION"), Some("CHANGE_FROM_QUANTITY_STALE"), Some("NEW_ONE"), None]
        );
        assert_eq!(errors[2].code, Some(ErrorCode::Other("NEW_ONE".to_owned())));
    }
}
