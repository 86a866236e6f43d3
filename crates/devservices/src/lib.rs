//! Private servers and pinned tools for the demo, the tests and developers.
//!
//! *What it is.* [`Nats`] and [`Postgres`] find or fetch a server, start it on a free loopback
//! port with a data folder of its own, and stop it when they are dropped. A guard process stops
//! it also when the owner dies without warning, so that no process, port or folder is left
//! behind. [`ensure_shopify_schema`] and [`ensure_tool`] fetch what the build and the stand-in
//! need. Each download is pinned and checked, kept in the [`Cache`], and needs no network again.
//!
//! *What it must never do.* Use a crate of the product, touch a server it did not start, listen
//! beyond loopback, install anything on the system, or be part of what is shipped.
//!
//! *Where to start reading.* `nats.rs`, then `process.rs` (how a server is started and stopped).
//! The reasons are in `docs/adr/0005-private-servers-for-tests.md`.

#![expect(
    clippy::disallowed_methods,
    reason = "development only: places and waits come from the environment and the clock"
)]

mod account;
mod cache;
mod command;
mod debian;
mod error;
mod fetch;
mod nats;
mod ports;
mod postgres;
mod process;
mod random;
mod schema;
mod tools;

pub use cache::Cache;
pub use error::DevError;
pub use nats::{Nats, NatsOptions, find_nats_server};
pub use ports::Port;
pub use postgres::{Postgres, PostgresOptions, find_postgres};
pub use process::wait_until;
pub use schema::ensure_shopify_schema;
pub use tools::{Tool, ensure_tool};
