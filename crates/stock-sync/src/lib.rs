//! stock-sync: what the warehouses hold becomes what the stores show, and every number can be
//! explained.
//!
//! In: `BACKOFFICE` (movements, counts), `CATALOG` (links), `ORDERS` and `SHIPMENTS` (lines),
//! `SHOPIFY` (inventory levels), settings.
//! Out: writes to Shopify's levels, and `STOCK` (pushes and refusals). It owns the stream `STOCK`.
//! It must never write a level from an unknown position, nor twice for one intent.
//!
//! Start reading at [`service`], then [`handlers`] for what changes a number and [`pusher`] for
//! how a number reaches Shopify. The rules themselves stand in `lockstep_domain::stock`.

pub mod aggregates;
pub mod baseline;
pub mod demand;
pub mod effects;
pub mod facts;
mod falls;
pub mod handlers;
pub mod pages;
pub mod pusher;
pub mod questions;
pub mod rereading;
pub mod service;
mod silence;
pub mod skus;
pub mod targets;
pub mod translate;
pub mod verdicts;
pub mod windows;
