//! A service's own durable state: inbox, event log, aggregates, outbox, effects, timers,
//! checkpoints and dead letters, all written in one transaction.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use lockstep_contracts::Stream;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::bus::Outgoing;
use crate::error::PortError;

/// Names one aggregate of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AggregateKey {
    /// Its kind. Kinds are locked in the order of their names.
    pub kind: &'static str,
    /// Its id within the kind.
    pub id: String,
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

/// Where an effect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectState {
    /// Committed; it may have been sent.
    Intended,
    /// Sent, and nobody knows whether it was executed.
    Unknown,
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
    /// Times it was sent, as far as known.
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

/// A service's database.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Opens a transaction.
    async fn begin(&self) -> Result<Box<dyn Tx>, PortError>;

    /// States of aggregates, without locks, in the order asked; for questions.
    async fn read(&self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError>;

    /// Aggregates of a kind whose id begins with `prefix` and is above `after`, in order of id.
    async fn scan(
        &self,
        kind: &'static str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Snapshot)>, PortError>;

    /// Events above `after`, in order of position.
    async fn events(&self, after: i64, limit: u32) -> Result<Vec<StoredEvent>, PortError>;

    /// Events of one aggregate above a version, in order of version.
    async fn events_of(
        &self,
        key: &AggregateKey,
        after_version: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, PortError>;

    /// The last stream sequence that was committed for a consumer.
    async fn checkpoint(&self, consumer: &str) -> Result<Option<u64>, PortError>;

    /// Outbox rows that no broker has acknowledged, in order.
    async fn unpublished(&self, limit: u32) -> Result<Vec<OutboxState>, PortError>;

    /// Notes that rows stand in their stream.
    async fn mark_published(&self, ids: &[String], at: Timestamp) -> Result<(), PortError>;

    /// Every lane that has a due time or an effect that is not closed, with the earliest moment
    /// that one of its timers is due or one of its effects' leases ends.
    async fn lanes(&self) -> Result<Vec<(String, Timestamp)>, PortError>;

    /// Timers of a lane that are due at `now`, the longest waiting first.
    async fn due(&self, lane: &str, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError>;

    /// One timer.
    async fn timer(&self, lane: &str, key: &str) -> Result<Option<Timer>, PortError>;

    /// Takes effects of a lane that are not closed and whose lease ended, for `lease`.
    async fn take_effects(
        &self,
        lane: &str,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError>;

    /// Effects of unknown outcome, oldest first.
    async fn unknown_effects(&self, limit: u32) -> Result<Vec<EffectRow>, PortError>;

    /// Dead letters, newest first.
    async fn dead_letters(
        &self,
        include_closed: bool,
        limit: u32,
    ) -> Result<Vec<DeadLetterRow>, PortError>;

    /// Takes or renews a named lease for `holder`; false when somebody else holds it.
    async fn lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError>;

    /// Gives a lease back.
    async fn release(&self, name: &str, holder: Uuid) -> Result<(), PortError>;

    /// Removes inbox ids, published outbox rows and closed effects older than `before`; returns how
    /// many.
    async fn prune(&self, before: Timestamp, keep_inbox: bool) -> Result<u64, PortError>;

    /// Drops every aggregate state, for a rebuild.
    async fn drop_states(&self) -> Result<(), PortError>;

    /// True when the database answers now and is migrated.
    async fn is_ready(&self) -> bool;
}

/// One transaction. Dropped without `commit`, it never happened.
#[async_trait]
pub trait Tx: Send {
    /// Notes message ids with a digest of their content. For each: `None` when it is new, else
    /// the digest under which it was noted before.
    async fn inbox(
        &mut self,
        ids: &[(String, Vec<u8>)],
        now: Timestamp,
    ) -> Result<Vec<Option<Vec<u8>>>, PortError>;

    /// Loads and locks aggregates, in order of key whatever the order asked; a key that has no
    /// state yet is locked too. The answer is in the order asked.
    async fn load(&mut self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError>;

    /// As `load`, without locks: what others have committed by now. For what is read often and
    /// written seldom, such as adopted settings.
    async fn peek(&mut self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError>;

    /// Ids of a kind that begin with `prefix`, in order.
    async fn ids(&mut self, kind: &'static str, prefix: &str) -> Result<Vec<String>, PortError>;

    /// Appends events. Errors: `Conflict` when a version exists already.
    async fn append(&mut self, events: &[NewEvent]) -> Result<(), PortError>;

    /// Writes states.
    async fn save(&mut self, states: &[SaveState]) -> Result<(), PortError>;

    /// Adds public events.
    async fn outbox(&mut self, rows: &[OutboxRow]) -> Result<(), PortError>;

    /// Adds effects.
    async fn open_effects(&mut self, effects: &[NewEffect]) -> Result<(), PortError>;

    /// Moves an effect on; false when it was closed already (the outcome came twice).
    async fn move_effect(
        &mut self,
        id: Uuid,
        state: EffectState,
        note: &str,
        lease_until: Option<Timestamp>,
    ) -> Result<bool, PortError>;

    /// Loads and locks timers by (lane, key), in order of both whatever the order asked; the answer
    /// is in the order asked. One that does not exist is not locked: of two transactions that make
    /// it at once, the later one stays.
    async fn timers(&mut self, keys: &[(String, String)]) -> Result<Vec<Option<Timer>>, PortError>;

    /// Writes timers whole, in order of lane and key.
    async fn save_timers(&mut self, timers: &[Timer]) -> Result<(), PortError>;

    /// Stores the last sequence of a consumer; it never goes back.
    async fn set_checkpoint(&mut self, consumer: &str, sequence: u64) -> Result<(), PortError>;

    /// Opens dead letters.
    async fn open_dead_letters(&mut self, letters: &[DeadLetterRow]) -> Result<(), PortError>;

    /// Locks an open dead letter.
    async fn dead_letter(&mut self, id: Uuid) -> Result<Option<DeadLetterRow>, PortError>;

    /// Closes or re-words a dead letter.
    async fn set_dead_letter(
        &mut self,
        id: Uuid,
        state: &str,
        reason: &str,
        attempts: u32,
    ) -> Result<(), PortError>;

    /// Makes it durable.
    async fn commit(self: Box<Self>) -> Result<(), PortError>;
}
