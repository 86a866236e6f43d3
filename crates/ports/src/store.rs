//! A service's own durable state: inbox, event log, aggregates, outbox, effects, timers,
//! checkpoints and dead letters, all written in one transaction.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::error::PortError;
use crate::rows::{
    AggregateKey, Cutoffs, DeadLetterHead, DeadLetterRow, EffectRow, EffectState, IdRange,
    LeaseRow, NewEffect, NewEvent, OutboxRow, OutboxState, RefusedRow, SaveState, Snapshot,
    StoredEvent, Timer,
};

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

    /// Lowers the checkpoint of a consumer whose stream ends before it: a broker that lost its data
    /// or was restored from an older copy counts anew. One that stands at `sequence` or below, or
    /// does not exist, stays as it is.
    async fn lower_checkpoint(&self, consumer: &str, sequence: u64) -> Result<(), PortError>;

    /// Outbox rows that no broker has acknowledged or refused and that were added before
    /// `older_than`, in order. Younger ones may be on their way by whoever added them.
    async fn unpublished(
        &self,
        older_than: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxState>, PortError>;

    /// Notes that rows stand in their stream.
    async fn mark_published(&self, ids: &[String], at: Timestamp) -> Result<(), PortError>;

    /// Notes that the broker refuses a row for its content, so that it no longer waits and blocks
    /// nothing. One that is published, or does not exist, stays as it is.
    async fn refuse_outbox(&self, id: &str, reason: &str) -> Result<(), PortError>;

    /// Lets every refused row wait for the broker again; how many.
    async fn retry_outbox(&self) -> Result<u64, PortError>;

    /// Those of these ids that were refused.
    async fn refused_among(&self, ids: &[String]) -> Result<Vec<String>, PortError>;

    /// Rows that were refused, oldest first.
    async fn refused_outbox(&self, limit: u32) -> Result<Vec<RefusedRow>, PortError>;

    /// Every lane that has a due time or an effect that is neither closed nor asks, with the
    /// earliest moment that one of its timers is due or one of its effects' leases ends.
    async fn lanes(&self) -> Result<Vec<(String, Timestamp)>, PortError>;

    /// Timers of a lane that are due at `now`, the longest waiting first.
    async fn due(&self, lane: &str, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError>;

    /// Those of them whose key begins so.
    async fn due_under(
        &self,
        lane: &str,
        prefix: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Timer>, PortError>;

    /// One timer.
    async fn timer(&self, lane: &str, key: &str) -> Result<Option<Timer>, PortError>;

    /// Takes effects of a lane that neither are closed nor ask and whose lease ended, for `lease`.
    /// To be taken is no attempt: [`Tx::hold_effect`] is.
    async fn take_effects(
        &self,
        lane: &str,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError>;

    /// Effects in any of these states, oldest first; closed ones are history and not listed.
    async fn effects_of(
        &self,
        states: &[EffectState],
        limit: u32,
    ) -> Result<Vec<EffectRow>, PortError>;

    /// One effect.
    async fn effect(&self, id: Uuid) -> Result<Option<EffectRow>, PortError>;

    /// Dead letters without their content, newest first: the first page, or the one behind the
    /// letter `after` (empty when that letter is gone).
    async fn dead_letters(
        &self,
        include_closed: bool,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<DeadLetterHead>, PortError>;

    /// One dead letter, open or closed.
    async fn dead_letter(&self, id: Uuid) -> Result<Option<DeadLetterRow>, PortError>;

    /// Takes or renews a named lease for `holder`; false when somebody else holds it.
    async fn lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError>;

    /// Leases whose name begins with `prefix`, by name; one that ended stays until it is taken or
    /// given back.
    async fn leases(&self, prefix: &str) -> Result<Vec<LeaseRow>, PortError>;

    /// Gives a lease back.
    async fn release(&self, name: &str, holder: Uuid) -> Result<(), PortError>;

    /// Removes some of what is older than its cut-off; returns how many rows. More is left until
    /// that is none.
    async fn prune(&self, before: &Cutoffs) -> Result<u64, PortError>;

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

    /// Ids of a kind, in order.
    async fn ids(&mut self, range: &IdRange) -> Result<Vec<String>, PortError>;

    /// Appends events. Errors: `Conflict` when a version exists already.
    async fn append(&mut self, events: &[NewEvent]) -> Result<(), PortError>;

    /// Drops every state, for a rebuild: what is saved afterwards takes their place at the commit,
    /// and until then others wait or see the former ones.
    async fn drop_states(&mut self) -> Result<(), PortError>;

    /// Writes states.
    async fn save(&mut self, states: &[SaveState]) -> Result<(), PortError>;

    /// Adds public events.
    async fn outbox(&mut self, rows: &[OutboxRow], now: Timestamp) -> Result<(), PortError>;

    /// Adds effects.
    async fn open_effects(&mut self, effects: &[NewEffect]) -> Result<(), PortError>;

    /// Counts one more attempt and makes the effect the caller's until `until`: right before it is
    /// sent. False when it is closed, and when it was attempted since the caller saw `attempts`:
    /// then it is somebody else's.
    async fn hold_effect(
        &mut self,
        id: Uuid,
        attempts: u32,
        until: Timestamp,
    ) -> Result<bool, PortError>;

    /// Moves an effect on; false when it was closed already (the outcome came twice), and when it
    /// was attempted again since the caller saw `attempts`. Without them any attempt will do: a
    /// person's word.
    async fn move_effect(
        &mut self,
        id: Uuid,
        state: EffectState,
        note: &str,
        attempts: Option<u32>,
    ) -> Result<bool, PortError>;

    /// Loads and locks timers by (lane, key), in order of both whatever the order asked; one that
    /// does not exist yet is locked too. The answer is in the order asked.
    async fn timers(&mut self, keys: &[(String, String)]) -> Result<Vec<Option<Timer>>, PortError>;

    /// Writes timers whole, in order of lane and key.
    async fn save_timers(&mut self, timers: &[Timer]) -> Result<(), PortError>;

    /// Stores the last sequence of a consumer; it never goes back. Gives what was stored before, 0
    /// before the first: less than what was seen committed means that the database is an older
    /// copy.
    async fn set_checkpoint(&mut self, consumer: &str, sequence: u64) -> Result<u64, PortError>;

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
