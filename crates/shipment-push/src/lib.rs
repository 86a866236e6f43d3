//! shipment-push: what back offices ship becomes fulfillments in the stores, each one once.
//!
//! In: `BACKOFFICE` (shipments, returns), `ORDERS` (lines of orders, releases), `CATALOG` (links),
//! settings. Out: `SHIPMENTS`, which it owns, and reads of orders, `fulfillmentCreate`,
//! `fulfillmentTrackingInfoUpdate` and `fulfillmentCancel` at Shopify. It must never send a
//! fulfillment again whose outcome nobody knows.
//!
//! Start reading at [`service`], then [`handlers`] for what changes a shipment, [`announce`] for
//! what is told of it, and [`pusher`] for how Shopify is asked. The rules themselves stand in
//! `lockstep_domain::shipment`.

pub mod aggregates;
pub mod announce;
pub mod handlers;
pub mod parked;
pub mod pusher;
pub mod questions;
pub mod schedule;
pub mod service;
pub mod translate;
pub mod unknown;
pub mod verdicts;
