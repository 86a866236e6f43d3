//! Takes Shopify's webhooks, each of them into the stream `SHOPIFY` before it is answered.
//!
//! **What comes in.** `POST /webhooks/shopify` from Shopify; settings of stores (which store a
//! shop domain is); the console's question how the service is. **What goes out.**
//! `WebhookReceived` on the stream `SHOPIFY`, which this service owns, and objects in
//! `shopify-bodies`.
//!
//! **What it must never do.** Answer 2xx before the broker has acknowledged; parse or change a
//! body; pass on a delivery whose signature is wrong; read more of a body than it may keep; log a
//! body or a secret.
//!
//! **Where to start reading.** [`handlers`] (the steps of one request), then [`group`] (many
//! requests, one acknowledgement) and [`envelope`] (what is published).

pub mod config;
pub mod delivery;
pub mod directory;
pub mod envelope;
mod examine;
pub mod group;
pub mod handlers;
pub mod refusal;
pub mod secrets;
pub mod service;

pub use config::{Config, ConfigError};
pub use secrets::{SealedSecrets, SecretsOfStores};
pub use service::{Ingest, Ports, SERVICE, Service};
