//! The shell over the in-memory twins of its ports.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends at its first surprise"
)]

mod ahead;
mod batches;
mod counter;
mod health;
mod http;
mod lanes;
mod outbox;
mod rebuild;
mod replicas;
mod stop;
mod undo;
