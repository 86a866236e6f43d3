//! Operations of Shopify's Admin GraphQL: exact request bytes out, typed answers back.
//!
//! Each operation is a `.graphql` file, checked by a test against the published schema of the
//! pinned version, with a builder that gives a [`Call`] and a decoder that reads `data` of the
//! answer. Decoders ask only for ids; whatever else is missing or of another type becomes `None`,
//! so a field that Shopify hides or renames never stops the work. Nothing here sends anything.

mod activate;
mod document;
mod levels;
mod locations;
mod read;
#[cfg(test)]
mod schema_test;
mod stock_write;
mod subscriptions;
mod user_error;
mod variants;
mod who_am_i;

pub use activate::{Activated, activate, decode_activate};
pub use document::{Call, DecodeError, Document, LINES_MAX};
pub use levels::{ItemAtLocation, Level, Quantities, decode_levels_of_items, levels_of_items};
pub use locations::{Location, LocationsPage, decode_locations, locations};
pub use stock_write::{
    AdjustLine, Adjustment, QUANTITY_MAX, QuantityName, Reason, SetLine, Setting, StockWritten,
    adjust_quantities, decode_adjust_quantities, decode_set_quantities, set_quantities,
};
pub use subscriptions::{
    Subscribed, Subscription, SubscriptionsPage, decode_subscribe, decode_subscriptions,
    decode_unsubscribe, subscribe, subscriptions, unsubscribe,
};
pub use user_error::{ErrorCode, UserError};
pub use variants::{
    CodeField, Variant, VariantsFound, decode_variants_by_code, decode_variants_by_ids,
    variants_by_code, variants_by_ids,
};
pub use who_am_i::{WhoAmI, decode_who_am_i, who_am_i};

/// Every operation, for the check against the published schema.
pub const DOCUMENTS: &[Document] = &[
    who_am_i::DOCUMENT,
    locations::DOCUMENT,
    variants::BY_IDS,
    variants::BY_CODE,
    levels::DOCUMENT,
    stock_write::SET,
    stock_write::ADJUST,
    activate::DOCUMENT,
    subscriptions::LIST,
    subscriptions::CREATE,
    subscriptions::DELETE,
];
