//! The shape of every aggregate: commands are decided into events, events fold into the state.

use std::fmt::Debug;

/// A pure aggregate.
///
/// Both functions are synchronous and total. Time and new ids arrive inside the command, so that
/// the same history always gives the same state.
pub trait Decider {
    /// What the aggregate knows; the default is the state before its first event.
    type State: Default + Clone;
    /// A request.
    type Command;
    /// A fact, stored for good.
    type Event;
    /// Why a command was refused.
    type Rejection: Debug;

    /// The events that the command causes. An empty list means "already so".
    ///
    /// # Errors
    /// The rule that forbids the command.
    fn decide(
        state: &Self::State,
        command: &Self::Command,
    ) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// The state after one more event. Accepts every event in every state.
    #[must_use]
    fn evolve(state: Self::State, event: &Self::Event) -> Self::State;

    /// The state after a list of events.
    #[must_use]
    fn evolve_all<'a>(
        state: Self::State,
        events: impl IntoIterator<Item = &'a Self::Event>,
    ) -> Self::State
    where
        Self::Event: 'a,
    {
        events.into_iter().fold(state, Self::evolve)
    }
}
