//! *Level*: what one inventory item of one store shows, over its locations.
//!
//! The state holds per location what must be shown there given the last read or answered write
//! and every fact known since (*explained*), what Delta has booked, the writes in the air, and
//! the verdict on a level that cannot be written.
//!
//! Start with [`state::LevelLocation`], then [`decide`].

mod activate;
pub mod command;
pub mod conflict;
pub mod decide;
pub mod event;
mod evolve;
mod known;
mod observe;
mod read;
pub mod rejection;
pub mod state;
mod testimony;
mod watch;

#[cfg(test)]
mod activate_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unknown_tests;
#[cfg(test)]
mod watch_properties;
#[cfg(test)]
mod watch_tests;

pub use command::{LevelCommand, Outcome};
pub use conflict::Doubtful;
pub use event::{LevelEvent, LevelRead, ReadChange};
pub use known::{KnownLine, KnownSold};
pub use rejection::LevelRejection;
pub use state::{
    Activation, ActivationEnd, Asked, InFlight, Level, LevelLocation, QuantityName, Shown, Tried,
    Verdict, Write,
};
pub use testimony::agreed;
pub use watch::{Base, Bound, Falls, Watch};

use crate::decider::Decider;

impl Decider for Level {
    type State = Self;
    type Command = LevelCommand;
    type Event = LevelEvent;
    type Rejection = LevelRejection;

    fn decide(state: &Self, command: &LevelCommand) -> Result<Vec<LevelEvent>, LevelRejection> {
        decide::decide(state, command)
    }

    fn evolve(state: Self, event: &LevelEvent) -> Self {
        evolve::evolve(state, event)
    }
}
