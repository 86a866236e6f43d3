//! The shell over the in-memory twins of its ports.
#![expect(clippy::unwrap_used, reason = "a test ends at its first surprise")]

mod batches;
mod counter;
mod lanes;
mod rebuild;
