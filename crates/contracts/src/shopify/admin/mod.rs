//! Operations of Shopify's Admin GraphQL: exact request bytes out, typed answers back.
//!
//! Each operation is a `.graphql` file, checked by a test against the published schema of the
//! pinned version (`schema.graphql` is the part of it that they use), with a builder that gives a
//! [`Call`] and a decoder that reads `data` of the answer. Variables and answers are typed by that
//! schema: `answers/` is written from both by `cargo xtask schema`, so that a field that an
//! operation does not ask for cannot be read, and one that may be null cannot be taken for there.
//!
//! What a decoder reads is as the schema says, or the answer is refused by its path. A word that an
//! enum lacks is kept as text. Nothing here sends anything.

mod activate;
#[expect(dead_code, reason = "generated whole: calls fill and decoders read what they need")]
mod answers;
mod bulk;
#[cfg(test)]
mod cost;
mod document;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod generate_types;
mod levels;
mod locations;
mod order_cancel;
mod order_contact;
mod order_parts;
mod order_read;
mod order_routing;
mod orders_updated;
mod pages;
#[cfg(test)]
mod places_test;
#[cfg(test)]
mod published;
#[cfg(test)]
mod schema_test;
mod shipment_read;
mod shipment_write;
mod stock_write;
mod subscriptions;
#[cfg(test)]
mod used;
mod user_error;
mod variants;
mod variants_page;
mod view;
mod who_am_i;

pub use activate::{Activated, activate, decode_activate};
pub use bulk::{
    BULK_COST, BulkStarted, BulkState, BulkStatus, SignedUrl, bulk_cancel, bulk_list, bulk_run,
    bulk_state, bulk_variants, decode_bulk_list, decode_bulk_run, decode_bulk_state,
    decode_bulk_variant,
};
pub use document::{Call, DecodeError, Document, LINES_MAX};
pub use levels::{ItemAtLocation, Level, Quantities, decode_levels_of_items, levels_of_items};
pub use locations::{Location, LocationsPage, decode_locations, locations};
pub use order_cancel::{decode_order_cancel, order_cancel};
pub use order_contact::{OrderContact, decode_order_contact, order_contact};
pub use order_read::{OrderPages, Rest, decode_order_numbers, order_numbers};
pub use order_routing::{decode_orders_of_fulfillment_orders, orders_of_fulfillment_orders};
pub use orders_updated::{
    ORDERS_UPDATED_COST, OrdersUpdated, decode_orders_updated, orders_updated,
};
pub use shipment_read::{ShipmentPages, decode_shipments_of_order, shipments_of_order};
pub use shipment_write::{
    Fulfilled, decode_fulfilled, fulfillment_cancel, fulfillment_create, fulfillment_tracking,
};
pub use stock_write::{
    AdjustLine, Adjustment, QUANTITY_MAX, QuantityName, Reason, SetLine, Setting, StockWritten,
    adjust_quantities, decode_adjust_quantities, decode_set_quantities, set_quantities,
};
pub use subscriptions::{
    Subscribed, Subscription, SubscriptionsPage, Widened, decode_subscribe, decode_subscriptions,
    decode_unsubscribe, decode_widen_subscription, subscribe, subscriptions, unsubscribe,
    widen_subscription,
};
pub use user_error::{ErrorCode, UserError};
pub use variants::{
    CodeField, Variant, VariantsFound, decode_variants_by_code, decode_variants_by_ids,
    variants_by_code, variants_by_ids,
};
pub use variants_page::{
    VARIANTS_COUNT_COST, VARIANTS_PAGE_COST, VARIANTS_PER_PAGE, VariantsPage,
    decode_variants_count, decode_variants_number, decode_variants_page, variants_count,
    variants_count_up_to, variants_page,
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
    subscriptions::WIDEN,
    order_read::NUMBERS,
    order_read::FULFILLMENT_LINES,
    order_read::FULFILLMENT_ORDER_LINES,
    order_read::FULFILLMENT_ORDERS,
    order_read::LINES,
    order_read::REFUND_LINES,
    order_contact::DOCUMENT,
    order_routing::DOCUMENT,
    order_cancel::DOCUMENT,
    orders_updated::DOCUMENT,
    variants_page::PAGE,
    variants_page::COUNT,
    bulk::RUN,
    bulk::STATE,
    bulk::LIST,
    bulk::CANCEL,
    shipment_read::ORDER,
    shipment_read::ROUTES,
    shipment_write::CREATE,
    shipment_write::TRACK,
    shipment_write::CANCEL,
];
