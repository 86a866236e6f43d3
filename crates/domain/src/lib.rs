//! The rules of Lockstep, as pure functions.
//!
//! **What it is.** Every decision that the services take: how a movement changes a position, what
//! a level must show, what is written to Shopify and when, which SKU belongs to which variant.
//! Each aggregate is a [`decider::Decider`]: `decide` turns a command into events, `evolve` folds
//! events into the state. States and events are stored as JSON of the types in this crate, so a
//! changed field is a changed stored form (`tests/golden/`).
//!
//! **What it must never do.** No input or output, no clock, no randomness, no identifiers made
//! here: time and ids arrive as arguments. No panic on any stored or received value.
//!
//! **Where to start reading.** [`stock::pool`] (what a warehouse holds), [`stock::level`] (what
//! Shopify shows), then [`stock::target`] and [`stock::plan`], which turn the first into a write
//! to the second, and [`stock::window`], which says when. [`points`] is what a store's API lets
//! us spend.
#![deny(missing_docs)]

pub mod catalog;
pub mod decider;
pub mod feed;
pub mod ids;
pub mod link;
pub mod order;
mod pairs;
pub mod points;
pub mod quantity;
pub mod shipment;
pub mod stock;
pub mod sweep;

#[cfg(test)]
mod testing;

pub use decider::Decider;
pub use ids::{
    BackOfficeId, BulkOperationId, CustomerId, EffectId, EventId, FulfillmentId,
    FulfillmentOrderId, FulfillmentOrderLineId, InventoryItemId, JobId, LineId, LineItemId,
    LocationId, OrderId, OrderKey, ProductId, RefundId, ShopDomain, Sku, StoreId, VariantId,
    Warehouse, WarehouseCode,
};
pub use quantity::Quantity;
