//! A service's store in memory, and the suite that every store must pass.
//!
//! [`MemoryStore`] keeps the promises of the port without a server: what a transaction writes is
//! seen by others at its commit and not before, rows are locked until then, and the same things
//! conflict. It runs on one thread and does the same in every run. Start reading at [`memory`];
//! [`conformance`] says what every store promises.

mod content;
mod locks;
pub mod memory;
mod tables;
mod transaction;
mod work;

pub mod conformance;

pub use memory::{MemoryStore, Tally};
