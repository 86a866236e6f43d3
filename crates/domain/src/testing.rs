//! Given, when, then as types, so that a test cannot be put together in the wrong order.

use std::fmt::Debug;

use jiff::{SignedDuration, Timestamp};

use crate::decider::Decider;

/// The history before the command.
pub(crate) struct Given<D: Decider> {
    state: D::State,
}

/// The outcome of the command.
pub(crate) struct When<D: Decider> {
    state: D::State,
    result: Result<Vec<D::Event>, D::Rejection>,
}

/// Starts from nothing.
pub(crate) fn given<D: Decider>() -> Given<D> {
    Given { state: D::State::default() }
}

impl<D: Decider> Given<D>
where
    D::Event: Debug + PartialEq,
    D::Rejection: PartialEq,
{
    /// Commands that were accepted before.
    pub(crate) fn after(mut self, commands: impl IntoIterator<Item = D::Command>) -> Self {
        for command in commands {
            self.state = apply::<D>(self.state, &command);
        }
        self
    }

    /// The command in question.
    pub(crate) fn when(self, command: &D::Command) -> When<D> {
        let result = D::decide(&self.state, command);
        let state = match &result {
            Ok(events) => D::evolve_all(self.state, events),
            Err(_) => self.state,
        };
        When { state, result }
    }
}

impl<D: Decider> When<D>
where
    D::Event: Debug + PartialEq,
    D::Rejection: PartialEq,
{
    /// The events it must cause.
    #[track_caller]
    pub(crate) fn then(self, expected: &[D::Event]) -> D::State {
        assert_eq!(self.result.expect("the command is accepted"), expected);
        self.state
    }

    /// It must cause nothing.
    #[track_caller]
    pub(crate) fn then_silent(self) -> D::State {
        self.then(&[])
    }

    /// It must be refused.
    #[track_caller]
    pub(crate) fn then_refused(self, expected: &D::Rejection) {
        assert_eq!(self.result.expect_err("the command is refused"), *expected);
    }

    /// It must be accepted; the events are not the point.
    #[track_caller]
    pub(crate) fn then_accepted(self) -> D::State {
        self.result.expect("the command is accepted");
        self.state
    }
}

/// The state after an accepted command.
#[track_caller]
pub(crate) fn apply<D: Decider>(state: D::State, command: &D::Command) -> D::State {
    let events = D::decide(&state, command).expect("the command is accepted");
    D::evolve_all(state, &events)
}

/// A moment, in seconds after an arbitrary start.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_219_200)
        .expect("a valid moment")
        .saturating_add(SignedDuration::from_secs(seconds))
        .expect("a valid span")
}

/// An id from literal text.
#[track_caller]
pub(crate) fn id<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("a valid id")
}
