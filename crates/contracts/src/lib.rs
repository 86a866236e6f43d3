//! The contracts between Lockstep's services, and between Lockstep and the outside: messages,
//! subjects and metadata, all generated from or beside `proto/`.
//!
//! This crate must never do I/O, know a broker or a database, or decide anything: it says what a
//! message looks like and where it goes. Time and ids arrive as arguments.
//!
//! Start with [`Event`] and [`Outgoing`], then [`Metadata`]; `docs/subjects.md` lists every
//! message that has a subject.
#![deny(missing_docs)]

pub mod catalogue;
pub mod cloudevents;
pub mod convert;
mod envelope;
mod generated;
pub mod partition;
pub mod shopify;
pub mod subject;
pub mod time;
pub mod token;

pub use catalogue::{CATALOGUE, CatalogueEntry, EntryKind, catalogue_markdown};
pub use cloudevents::{HeaderError, Metadata, TraceContext};
pub use envelope::{EnvelopeError, Event, Outgoing, Request, decode, decode_request};
pub use generated::{backoffice, catalog, operations, orders, settings, shipments, stock};
pub use partition::Partition;
pub use subject::{Filter, Stream, Subject};

/// Descriptors of every file in `proto/` with its comments, as an encoded `FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lockstep.binpb"));
