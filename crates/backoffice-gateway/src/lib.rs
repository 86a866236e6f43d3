//! Takes the reports of back offices over gRPC and REST, each exactly once, and gives each back
//! office its feed.
//!
//! **What comes in.** The reports of `lockstep.backoffice.v1` (stock, products, orders, shipments,
//! returns, invoices, sales), the console's questions about tokens, and what other services
//! announce to a back office (`OrderAnnounced`, `RefundAnnounced`, verdicts). **What goes out.**
//! Each accepted report as its event (`MovementReported`, `OrderAcceptReported`, ...) on the
//! stream `BACKOFFICE`, which this service owns, and the feed.
//!
//! **What it must never do.** Answer ACCEPTED before the broker holds the report; let one item
//! fail its neighbours; keep a token's secret, or personal data unsealed; know what a report does
//! to stock; show an entry of a feed before the ones below it.
//!
//! **Where to start reading.** [`translate`] (what may be said), [`accept`] (exactly once, in
//! groups), [`feed`], then [`rest`] and [`grpc`], which meet in `report`.

pub mod accept;
pub mod config;
mod descriptors;
pub mod fault;
pub mod feed;
pub mod grpc;
pub mod openapi;
mod report;
pub mod rest;
pub mod service;
pub mod tokens;
pub mod translate;

pub use config::{Config, ConfigError};
pub use feed::append::evolvers;
pub use service::{Gateway, Listeners, Ports, SERVICE, Service};
pub use tokens::secret::{NewSecret, SecretError, os_secret};
