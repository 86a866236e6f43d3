//! Ties a pure decider of the domain to a stored kind of aggregate.

use std::any::Any;

use lockstep_domain::decider::Decider;
use lockstep_ports::{AggregateKey, ErrorKind, PortError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::error;

/// A kind of aggregate of one service. Implemented by a marker type of the service, so that the
/// domain need not know how it is stored.
pub trait Aggregate: Send + Sync + 'static {
    /// The rules.
    type Decider: Decider<
            State: Serialize + DeserializeOwned + Clone + Default + Send + Sync + 'static,
            Event: Serialize + DeserializeOwned,
        >;
    /// Name of the kind. Transactions lock kinds in the order of their names.
    const KIND: &'static str;

    /// Names one aggregate of the kind.
    fn key(id: impl Into<String>) -> AggregateKey {
        AggregateKey { kind: Self::KIND, id: id.into() }
    }
}

/// State of an aggregate.
pub type StateOf<A> = <<A as Aggregate>::Decider as Decider>::State;
/// Command of an aggregate.
pub type CommandOf<A> = <<A as Aggregate>::Decider as Decider>::Command;
/// Event of an aggregate.
pub type EventOf<A> = <<A as Aggregate>::Decider as Decider>::Event;
/// Rejection of an aggregate.
pub type RejectionOf<A> = <<A as Aggregate>::Decider as Decider>::Rejection;

/// A state whose type is known to the service only.
pub(crate) trait AnyState: Send {
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    fn to_json(&self) -> Result<Box<RawValue>, PortError>;
}

impl<S> AnyState for S
where
    S: Serialize + Send + 'static,
{
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn to_json(&self) -> Result<Box<RawValue>, PortError> {
        to_json(self)
    }
}

/// JSON of anything that is stored.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<Box<RawValue>, PortError> {
    serde_json::value::to_raw_value(value)
        .map_err(|e| PortError::new(ErrorKind::Permanent, "encode for storage", e))
}

/// A stored value; the content of a database is outside data. One that cannot be read is the work
/// of a later version, or damage, and never the fault of the message that needs it: whoever needs
/// it stops and says so, and goes on when it can be read.
pub(crate) fn from_json<T: DeserializeOwned>(
    what: &AggregateKey,
    json: &RawValue,
) -> Result<T, PortError> {
    serde_json::from_str(json.get()).map_err(|e| {
        let (code, kind, id) = ("LS0107", what.kind, what.id.as_str());
        error!(code, kind, id, error = %e, "this version cannot read a stored state");
        let text = format!("decode the stored {kind} {id}, perhaps of a later version");
        PortError::new(ErrorKind::Transient, text, e)
    })
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
}

/// The `type` tag of a stored event: its name in the log.
pub(crate) fn event_name(json: &RawValue) -> String {
    match serde_json::from_str::<Tag<'_>>(json.get()) {
        Ok(tag) => tag.kind.to_owned(),
        Err(_) => "untagged".to_owned(),
    }
}

/// Folds stored events into a stored state, for a rebuild.
pub trait Evolver: Send + Sync {
    /// Kind of aggregate that it folds.
    fn kind(&self) -> &'static str;

    /// The state after one more event.
    fn evolve(
        &self,
        state: Option<&RawValue>,
        event: &RawValue,
    ) -> Result<Box<RawValue>, PortError>;
}

/// The evolver of an aggregate kind.
pub struct EvolverOf<A>(std::marker::PhantomData<fn() -> A>);

impl<A> Default for EvolverOf<A> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<A: Aggregate> Evolver for EvolverOf<A> {
    fn kind(&self) -> &'static str {
        A::KIND
    }

    fn evolve(
        &self,
        state: Option<&RawValue>,
        event: &RawValue,
    ) -> Result<Box<RawValue>, PortError> {
        let key = A::key("(rebuild)");
        let state: StateOf<A> = match state {
            Some(json) => from_json(&key, json)?,
            None => StateOf::<A>::default(),
        };
        let event: EventOf<A> = from_json(&key, event)?;
        to_json(&A::Decider::evolve(state, &event))
    }
}
