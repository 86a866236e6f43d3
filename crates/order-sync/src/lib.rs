//! order-sync: the orders of every store become facts that everybody is told, and orders that the
//! back offices are told and answer.
//!
//! In: `SHOPIFY` (orders, refunds, fulfillments, fulfillment orders, redactions), `BACKOFFICE`
//! (accept, reject, release), `CATALOG` (links), settings. Out: `ORDERS`, which it owns, reads of
//! orders and `orderCancel` at Shopify, and the bucket `keys`. It must never keep personal data
//! unsealed, nor tell a back office of an order that its store's rules keep from it.
//!
//! Start reading at [`service`], then [`handlers`] for what changes an order, [`settle`] for what
//! is told of it, [`reader`] for how Shopify is asked, and [`sweep`] for what nobody told. The
//! rules themselves stand in `lockstep_domain::order`.

pub mod aggregates;
pub mod announce;
pub mod handlers;
pub mod parked;
pub mod questions;
pub mod reader;
pub mod schedule;
pub mod service;
pub mod settle;
pub mod sweep;
mod swept;
pub mod translate;
pub mod verdicts;
