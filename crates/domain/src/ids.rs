//! Identifiers as types of their own, so that a SKU cannot stand where a warehouse is meant.
//!
//! `try_new` validates what comes from outside. Decoding of stored values does not validate
//! again: what was once accepted must stay readable.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why an identifier was refused. The text names the rule and serves as the `fix` of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidId {
    /// Not a short id.
    #[error(
        "a {what} is 1 to 32 characters: lower-case letters, digits and hyphens, \
         not beginning with a hyphen"
    )]
    NotAShortId {
        /// Which identifier, in the words of the glossary.
        what: &'static str,
    },
    /// Empty or too long.
    #[error("a {what} has 1 to {max} characters")]
    Length {
        /// Which identifier, in the words of the glossary.
        what: &'static str,
        /// The greatest number of characters.
        max: usize,
    },
    /// A control character is inside.
    #[error("a {what} contains no control characters")]
    ControlCharacter {
        /// Which identifier, in the words of the glossary.
        what: &'static str,
    },
    /// White space at an end, which two systems would compare differently.
    #[error("a {what} neither begins nor ends with white space")]
    Untrimmed {
        /// Which identifier, in the words of the glossary.
        what: &'static str,
    },
    /// Not the permanent domain of a shop.
    #[error("a shop domain looks like my-shop.myshopify.com")]
    NotAShopDomain,
    /// Neither a positive number nor a gid of the right kind.
    #[error("expected a number or gid://shopify/{kind}/number")]
    NotAGid {
        /// Shopify's name of the kind.
        kind: &'static str,
    },
}

/// What a text identifier must be.
fn check_text(what: &'static str, value: &str, max: usize) -> Result<(), InvalidId> {
    if value.is_empty() || value.chars().nth(max).is_some() {
        return Err(InvalidId::Length { what, max });
    }
    if value.chars().any(char::is_control) {
        return Err(InvalidId::ControlCharacter { what });
    }
    if value.trim() != value {
        return Err(InvalidId::Untrimmed { what });
    }
    Ok(())
}

/// `[a-z0-9][a-z0-9-]{0,31}`, checked by hand: one rule does not justify a regex engine.
fn check_short_id(what: &'static str, value: &str) -> Result<(), InvalidId> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if value.is_empty() || value.len() > 32 || value.starts_with('-') || !value.chars().all(allowed)
    {
        return Err(InvalidId::NotAShortId { what });
    }
    Ok(())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Validates text from outside.
            ///
            /// # Errors
            /// The rule that the text breaks.
            pub fn try_new(value: impl Into<String>) -> Result<Self, InvalidId> {
                let value = value.into();
                let check: fn(&str) -> Result<(), InvalidId> = $check;
                check(&value)?;
                Ok(Self(value))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(value: &str) -> Result<Self, InvalidId> {
                Self::try_new(value)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// The short id of a store: `[a-z0-9][a-z0-9-]{0,31}`.
    StoreId,
    |v| check_short_id("store id", v)
);
text_id!(
    /// The short id of a back office: `[a-z0-9][a-z0-9-]{0,31}`.
    BackOfficeId,
    |v| check_short_id("back office id", v)
);
text_id!(
    /// A back office's code for a place that holds stock: 1 to 64 characters.
    WarehouseCode,
    |v| check_text("warehouse code", v, 64)
);
text_id!(
    /// A back office's code for a thing it stocks: 1 to 255 characters, any script or symbol.
    Sku,
    |v| check_text("SKU", v, 255)
);
text_id!(
    /// The key under which a back office and Lockstep speak of one order: 1 to 255 characters.
    OrderKey,
    |v| check_text("order key", v, 255)
);
text_id!(
    /// A line of an order: 1 to 255 characters.
    LineId,
    |v| check_text("line id", v, 255)
);
text_id!(
    /// A reporter's own id of one report, unique per back office: 1 to 64 characters.
    EventId,
    |v| check_text("event id", v, 64)
);
text_id!(
    /// The id of a long piece of work: 1 to 64 characters.
    JobId,
    |v| check_text("job id", v, 64)
);
text_id!(
    /// The id of one call to an outside system: 1 to 64 characters.
    EffectId,
    |v| check_text("effect id", v, 64)
);

/// Shopify's permanent name of a shop, in lower case: `my-shop.myshopify.com`.
/// A stored one is checked as one that is typed: a token goes to no other name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShopDomain(String);

impl ShopDomain {
    /// Validates a domain and brings it to lower case.
    ///
    /// # Errors
    /// [`InvalidId::NotAShopDomain`].
    pub fn try_new(value: impl AsRef<str>) -> Result<Self, InvalidId> {
        let domain = value.as_ref().to_ascii_lowercase();
        // 63 is the longest label that DNS knows.
        let valid = domain.strip_suffix(".myshopify.com").is_some_and(|name| {
            (1..=63).contains(&name.len())
                && !name.starts_with('-')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
        if valid { Ok(Self(domain)) } else { Err(InvalidId::NotAShopDomain) }
    }

    /// The domain.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShopDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ShopDomain {
    type Error = InvalidId;

    fn try_from(value: String) -> Result<Self, InvalidId> {
        Self::try_new(value)
    }
}

impl From<ShopDomain> for String {
    fn from(domain: ShopDomain) -> Self {
        domain.0
    }
}

impl FromStr for ShopDomain {
    type Err = InvalidId;

    fn from_str(value: &str) -> Result<Self, InvalidId> {
        Self::try_new(value)
    }
}

macro_rules! shopify_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// The global id that the Admin GraphQL speaks.
            #[must_use]
            pub fn gid(self) -> String {
                format!(concat!("gid://shopify/", $kind, "/{}"), self.0)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(value: &str) -> Result<Self, InvalidId> {
                let number = value
                    .strip_prefix(concat!("gid://shopify/", $kind, "/"))
                    .unwrap_or(value);
                if !number.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(InvalidId::NotAGid { kind: $kind });
                }
                match number.parse() {
                    Ok(number) if number > 0 => Ok(Self(number)),
                    _ => Err(InvalidId::NotAGid { kind: $kind }),
                }
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(number)
            }
        }
    };
}

shopify_id!(
    /// Shopify's id of a variant.
    VariantId,
    "ProductVariant"
);
shopify_id!(
    /// Shopify's id of an inventory item.
    InventoryItemId,
    "InventoryItem"
);
shopify_id!(
    /// Shopify's id of a location.
    LocationId,
    "Location"
);
shopify_id!(
    /// Shopify's id of a product.
    ProductId,
    "Product"
);

shopify_id!(
    /// Shopify's id of an order.
    OrderId,
    "Order"
);
shopify_id!(
    /// Shopify's id of a line of an order.
    LineItemId,
    "LineItem"
);
shopify_id!(
    /// Shopify's id of a fulfillment order.
    FulfillmentOrderId,
    "FulfillmentOrder"
);
shopify_id!(
    /// Shopify's id of a line of a fulfillment order.
    FulfillmentOrderLineId,
    "FulfillmentOrderLineItem"
);
shopify_id!(
    /// Shopify's id of a fulfillment.
    FulfillmentId,
    "Fulfillment"
);
shopify_id!(
    /// Shopify's id of a refund.
    RefundId,
    "Refund"
);
shopify_id!(
    /// Shopify's id of a bulk operation.
    BulkOperationId,
    "BulkOperation"
);
shopify_id!(
    /// Shopify's id of a customer.
    CustomerId,
    "Customer"
);

/// A warehouse of a back office, written `{backoffice}/{code}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Warehouse {
    /// The back office that owns it.
    pub backoffice: BackOfficeId,
    /// The back office's code for it.
    pub code: WarehouseCode,
}

impl Warehouse {
    /// Names a warehouse.
    #[must_use]
    pub const fn new(backoffice: BackOfficeId, code: WarehouseCode) -> Self {
        Self { backoffice, code }
    }
}

impl fmt::Display for Warehouse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.backoffice, self.code)
    }
}

impl FromStr for Warehouse {
    type Err = InvalidId;

    fn from_str(value: &str) -> Result<Self, InvalidId> {
        // A back office id has no slash, so the first one parts the two; the code may have more.
        let (backoffice, code) =
            value.split_once('/').ok_or(InvalidId::NotAShortId { what: "back office id" })?;
        Ok(Self::new(backoffice.parse()?, code.parse()?))
    }
}

#[cfg(test)]
#[path = "ids_tests.rs"]
mod tests;
