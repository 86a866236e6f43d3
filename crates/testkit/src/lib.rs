//! What tests and the simulation use in place of the world: in-memory twins of the ports, a clock
//! that is moved by hand, ids in sequence, and a private database and broker per test.
//!
//! Only tests may depend on this crate; nothing here is ever part of the product. The in-memory
//! twins keep the same promises as the real adapters: one conformance suite runs against both.
//! Start reading at [`clock`], then [`store`] and [`bus`].

pub mod bus;
pub mod clock;
pub mod database;
pub mod grants;
pub mod ids;
pub mod json;
pub mod logs;
pub mod nats;
pub mod steps;
pub mod store;

pub use clock::ManualClock;
pub use database::TestDatabase;
pub use grants::MemoryGrants;
pub use ids::SequenceIds;
pub use logs::Logs;
pub use store::MemoryStore;
