//! What a service's database holds, as [`crate::store`] takes and gives it.

use bytes::Bytes;
use jiff::Timestamp;
use lockstep_contracts::Stream;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::bus::Outgoing;

/// Names one aggregate of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AggregateKey {
    /// Its kind. Kinds are locked in the order of their names.
    pub kind: &'static str,
    /// Its id within the kind.
    pub id: String,
}

/// Ids of aggregates that are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdRange {
    /// The kind.
    pub kind: &'static str,
    /// What the ids begin with.
    pub prefix: String,
    /// Only those above this one; empty for all.
    pub after: String,
    /// At most so many, the first ones; nothing for all.
    pub limit: Option<u32>,
}

impl IdRange {
    /// All that begin with a prefix.
    #[must_use]
    pub fn all(kind: &'static str, prefix: &str) -> Self {
        Self { kind, prefix: prefix.to_owned(), after: String::new(), limit: None }
    }

    /// Some of those that begin with a prefix.
    #[must_use]
    pub fn page(kind: &'static str, prefix: &str, after: &str, limit: u32) -> Self {
        Self { after: after.to_owned(), limit: Some(limit), ..Self::all(kind, prefix) }
    }
}

/// The present state of an aggregate.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Number of events behind it.
    pub version: u64,
    /// JSON of the state.
    pub state: Box<RawValue>,
}

/// An event to be appended.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Whose event it is.
    pub key: AggregateKey,
    /// Its number within the aggregate, from 1.
    pub version: u64,
    /// Name of the event, as stored.
    pub kind: String,
    /// JSON of the event.
    pub body: Box<RawValue>,
    /// When it was decided.
    pub at: Timestamp,
    /// Id of the message, effect or question that caused it.
    pub cause: String,
}

/// An event as stored.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Position in the service's log; grows, with gaps.
    pub position: i64,
    /// Kind of the aggregate.
    pub aggregate_kind: String,
    /// Id of the aggregate.
    pub aggregate_id: String,
    /// Its number within the aggregate.
    pub version: u64,
    /// Name of the event.
    pub kind: String,
    /// JSON of the event.
    pub body: Box<RawValue>,
    /// When it was decided.
    pub at: Timestamp,
    /// What caused it.
    pub cause: String,
}

/// The state of an aggregate to be written.
#[derive(Clone, Debug)]
pub struct SaveState {
    /// Whose state it is.
    pub key: AggregateKey,
    /// Number of events behind it.
    pub version: u64,
    /// JSON of the state.
    pub state: Box<RawValue>,
}

/// A public event that waits for the broker, or is kept so that it can be published again.
#[derive(Clone, Debug)]
pub struct OutboxRow {
    /// The message; its `ce-id` is the row's id.
    pub message: Outgoing,
    /// The row's id, unique: also `ce-id`.
    pub id: String,
}

/// An outbox row with its place.
#[derive(Clone, Debug)]
pub struct OutboxState {
    /// Position in the outbox, in order of insertion.
    pub position: i64,
    /// The row.
    pub row: OutboxRow,
}

/// A public event that the broker refuses for its content: it is kept and no longer tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// The row's id, also `ce-id`.
    pub id: String,
    /// The stream that was to hold it.
    pub stream: Stream,
    /// Its subject.
    pub subject: String,
    /// What the broker said.
    pub reason: String,
}

/// Where an effect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectState {
    /// Committed; it may have been sent.
    Intended,
    /// Sent, and nobody knows whether it was executed.
    Unknown,
    /// As unknown, and nothing that can be read tells: it waits for a person's word. It is not
    /// taken, and no lane is due for it.
    Asks,
    /// Answered, refused or dropped.
    Closed,
}

/// An outside call to be made.
#[derive(Clone, Debug)]
pub struct NewEffect {
    /// Its id; also Shopify's idempotency key where there is one.
    pub id: Uuid,
    /// The lane of workers that sends it, e.g. a store's id.
    pub lane: String,
    /// Kind of call, the service's own word.
    pub kind: String,
    /// The exact bytes of the call.
    pub request: Bytes,
    /// The service's own notes (JSON), needed to read the answer.
    pub context: Box<RawValue>,
    /// Until when only the process that committed it may send it.
    pub lease_until: Timestamp,
    /// When it was decided.
    pub at: Timestamp,
    /// W3C `traceparent` of what asked for it.
    pub trace: Option<String>,
}

/// An effect as stored.
#[derive(Clone, Debug)]
pub struct EffectRow {
    /// Its id.
    pub id: Uuid,
    /// Its lane.
    pub lane: String,
    /// Kind of call.
    pub kind: String,
    /// The exact bytes of the call.
    pub request: Bytes,
    /// The service's own notes (JSON).
    pub context: Box<RawValue>,
    /// Where it stands.
    pub state: EffectState,
    /// Times somebody made it theirs in order to send it; 0 is one that certainly never left.
    pub attempts: u32,
    /// When it was decided.
    pub created_at: Timestamp,
    /// Words about the last outcome.
    pub note: String,
    /// W3C `traceparent` of what asked for it.
    pub trace: Option<String>,
}

/// Something that becomes due in a lane: a window, a retry, a comparison. When it is due is a rule
/// of the domain; here it is only kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timer {
    /// The lane, e.g. a store's id.
    pub lane: String,
    /// What is due, the service's own key.
    pub key: String,
    /// When; `None` while nothing waits.
    pub due_at: Option<Timestamp>,
    /// End of the open window.
    pub not_before: Option<Timestamp>,
    /// Since when a change waits.
    pub dirty_since: Option<Timestamp>,
    /// The service's own word about it.
    pub note: String,
    /// W3C `traceparent` of the oldest change that waits.
    pub trace: Option<String>,
}

/// A message that could not be processed, without its content.
#[derive(Clone, Debug)]
pub struct DeadLetterHead {
    /// Id of the letter.
    pub id: Uuid,
    /// Where the message came from.
    pub stream: Stream,
    /// Its sequence there.
    pub stream_sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Its `ce-type`.
    pub message_type: String,
    /// Its `ce-id`.
    pub message_id: String,
    /// Why, for a person.
    pub reason: String,
    /// Times it was tried.
    pub attempts: u32,
    /// `open`, `retried` or `dismissed`.
    pub state: String,
    /// When it was given up.
    pub opened_at: Timestamp,
}

/// A message that could not be processed.
#[derive(Clone, Debug)]
pub struct DeadLetterRow {
    /// Id of the letter.
    pub id: Uuid,
    /// Where the message came from.
    pub stream: Stream,
    /// Its sequence there.
    pub stream_sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Its `ce-type`.
    pub message_type: String,
    /// Its `ce-id`.
    pub message_id: String,
    /// Its headers and body, sealed.
    pub sealed: Bytes,
    /// Why, for a person.
    pub reason: String,
    /// Times it was tried.
    pub attempts: u32,
    /// `open`, `retried` or `dismissed`.
    pub state: String,
    /// When it was given up.
    pub opened_at: Timestamp,
}

/// A lease as stored, ended or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Its name.
    pub name: String,
    /// Who took or renewed it last.
    pub holder: Uuid,
    /// When it ends, or ended.
    pub until: Timestamp,
}

/// What [`crate::Store::prune`] removes: of each kind what is older than its moment, and nothing
/// where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cutoffs {
    /// Message ids that were noted before.
    pub inbox: Option<Timestamp>,
    /// Public events that were published before.
    pub outbox: Option<Timestamp>,
    /// Effects that were decided before and are closed.
    pub effects: Option<Timestamp>,
    /// What a person may look at, open or closed: dead letters that were opened before, and public
    /// events that were added before and refused.
    pub letters: Option<Timestamp>,
    /// Timers that remember nothing any more, however old.
    pub blank_timers: bool,
}
