//! The admin API: what pages, command line and other people's scripts speak to.
//!
//! **What it is.** JSON under `/api/v1`: stores with their locations and settings, back offices
//! with their warehouses and tokens, links, the stock of a SKU, dead letters, activity, doctor.
//! It owns the settings (KV bucket `settings`) and the stores' sealed secrets (KV bucket
//! `shopify`); everything else it asks of the service that owns it.
//!
//! **What it must never do.** Read another service's tables, show a secret after it was given,
//! take a field that it does not know, or do a change by half: what a body says is checked as a
//! whole before anything is written, and what breaks off in between can be sent again.
//!
//! **Where to start reading.** [`service`] for the parts and the router, [`api`] for one endpoint
//! per file, `access` for how a store comes to its token and keeps it, [`problem`] for the closed
//! list of errors, [`settings`] for names and merging.

mod access;
pub mod adoption;
pub mod api;
mod asking;
mod auth;
mod body;
mod csv_text;
mod extract;
mod fields;
mod guard;
mod idempotency;
pub mod probe;
pub mod problem;
mod registry;
mod secrets;
pub mod service;
pub mod settings;
mod shop;
mod view;
mod webhooks;

pub use probe::Probe;
pub use service::{ConsoleConfig, ConsoleParts, Service, router};
