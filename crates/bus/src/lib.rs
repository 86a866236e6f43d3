//! NATS JetStream behind the ports.
//!
//! *What it is.* [`NatsBus`] implements [`lockstep_ports::Bus`], [`lockstep_ports::Ask`],
//! [`lockstep_ports::Kv`] and [`lockstep_ports::ObjectStore`] on one connection, and
//! [`topology`] holds the streams, buckets and object stores as data, with the code that applies
//! them.
//!
//! *What it must never do.* Hide a retry (retries live in the consumers), know a service or a
//! message, remove or narrow anything that stands on the broker, or answer before JetStream has
//! acknowledged.
//!
//! *Where to start reading.* `connection.rs`, then `publish.rs` (one atomic batch) and
//! `consume.rs` (durable pull consumers).
#![deny(missing_docs)]

mod ask;
mod connection;
mod consume;
mod consumer;
mod error;
mod filters;
mod headers;
mod kv;
mod object;
mod publish;
mod rewind;
pub mod topology;
mod watch;

pub use connection::{NatsBus, NatsOptions};
pub use publish::BATCH_MESSAGES_MAX;
pub use topology::{Change, Drift, Topology};
