//! Postgres behind the `Store` port: inbox, event log, states, outbox, effects, timers,
//! checkpoints, dead letters and leases, one schema per service.
//!
//! Every line of SQL of the product stands in this crate, and no rule of the business does. Each
//! service's schema has the same tables; names are unqualified, and `search_path` decides whose
//! they are. Start reading at [`PgStore`], then the module of a table; `migrations/` says why each
//! table exists, `README.md` how the offline data of the queries is made again.

mod aggregates;
mod checkpoints;
mod connection;
mod convert;
mod dead_letters;
mod effects;
mod error;
mod events;
mod inbox;
mod leases;
mod migrations;
mod options;
mod outbox;
mod prefix;
mod store;
mod timers;
mod transaction;

pub use migrations::{fingerprint, migrate, pending_migrations};
pub use options::StoreOptions;
pub use store::PgStore;
