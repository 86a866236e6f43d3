//! The gateway as its clients see it on REST and gRPC: over in-memory ports, and the feed also over
//! a real broker and database.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper that fails fails its test"
)]

mod announce;
mod away;
mod bad_input;
mod bad_reports;
mod examples;
mod feed;
mod feed_calls;
mod feed_grpc;
mod feed_waits;
mod feed_world;
mod grpc;
mod grpc_refusals;
mod idempotency;
mod memory;
mod picky;
mod refused_rows;
mod replicas;
mod sockets;
mod store;
mod tokens;
mod world;
