//! The gateway over in-memory ports: what clients see on REST and gRPC.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper that fails fails its test"
)]

mod away;
mod bad_input;
mod examples;
mod grpc;
mod idempotency;
mod replicas;
mod sockets;
mod store;
mod tokens;
mod world;
