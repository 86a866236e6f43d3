//! *Pool*: one SKU of one back office, over all of its warehouses.
//!
//! The state holds a position per warehouse and, per order line, how much was sold and how much
//! of that the back office's number already lacks. Positions follow facts, not their order of
//! arrival: any permutation of the same movements and counts ends in the same position, because
//! each fact is placed by its own time.
//!
//! Start with [`decide`], then [`state::Pool`] for the questions it answers.

pub mod command;
mod compact;
pub mod decide;
pub mod event;
mod evolve;
mod facts;
mod journal;
pub mod ledger;
pub mod line;
mod lines;
pub mod position;
pub mod rejection;
pub mod state;

#[cfg(test)]
mod line_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use command::{
    BookCount, BookMovement, Claim, ClaimLine, Elsewhere, PoolCommand, Restocked, Taking,
};
pub use event::{
    CountIgnoredReason, FactTaken, MovementBooked, MovementEffect, PoolEvent, PositionCounted,
};
pub use ledger::Counted;
pub use line::LineKey;
pub use position::{LastCount, Position};
pub use rejection::PoolRejection;
pub use state::Pool;

use crate::decider::Decider;

impl Decider for Pool {
    type State = Self;
    type Command = PoolCommand;
    type Event = PoolEvent;
    type Rejection = PoolRejection;

    fn decide(state: &Self, command: &PoolCommand) -> Result<Vec<PoolEvent>, PoolRejection> {
        decide::decide(state, command)
    }

    fn evolve(state: Self, event: &PoolEvent) -> Self {
        evolve::evolve(state, event)
    }
}
