//! The simulation: random histories through the real processors, by seed.
//!
//! A history is a few stores, a warehouse or two, people who buy, pick, count, send, cancel and
//! edit, news that comes late, twice, in any order or not at all, calls that get lost, and a
//! service that dies anywhere. It runs in one thread, over a store and a broker in memory, by a
//! time that the history moves, so a seed tells the same history every time. When news has stopped,
//! the numbers that Shopify shows are held against an oracle that shares no code with the product.
//! Start reading at [`world`].
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

pub mod actors;
pub mod check;
pub mod life;
pub mod messages;
pub mod orders;
pub mod owed;
pub mod random;
pub mod scenario;
pub mod shopify;
pub mod world;

use life::Bug;
use scenario::Scenario;
use world::World;

/// What became of a history.
pub struct Outcome {
    /// What did not hold; empty when everything did.
    pub found: Vec<String>,
    /// A digest of everything that the service committed.
    pub digest: u64,
    /// Steps that were taken.
    pub steps: u64,
    /// What happened, for people.
    pub told: Vec<String>,
}

/// Tells the history of a seed.
#[must_use]
pub fn tell(seed: u64, bug: Option<Bug>) -> Outcome {
    let mut world = World::begin(seed, Scenario::of(seed), bug);
    world.play();
    world.outcome()
}
