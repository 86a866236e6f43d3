//! Takes the reports of back offices over gRPC and REST, each exactly once.
//!
//! **What comes in.** `ReportStockMovements` and `ReportStockCounts` of `lockstep.backoffice.v1`,
//! and the console's questions about tokens. **What goes out.** `MovementReported` and
//! `CountReported` on the stream `BACKOFFICE`, which this service owns.
//!
//! **What it must never do.** Answer ACCEPTED before the broker holds the report; let one item
//! fail its neighbours; keep a token's secret; know what a report does to stock.
//!
//! **Where to start reading.** [`translate`] (what may be said), [`accept`] (exactly once, in
//! groups), then [`rest`] and [`grpc`], which meet in `report`.

pub mod accept;
pub mod config;
mod descriptors;
pub mod fault;
pub mod grpc;
pub mod openapi;
mod report;
pub mod rest;
pub mod service;
pub mod tokens;
pub mod translate;

pub use config::{Config, ConfigError};
pub use service::{Gateway, Listeners, Ports, SERVICE, Service, evolvers};
pub use tokens::secret::{NewSecret, SecretError, os_secret};
