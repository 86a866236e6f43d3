//! One transaction of a service: load and lock, decide, write everything, commit, publish.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockstep_contracts::TraceContext;
use lockstep_ports::{
    AggregateKey, Bus, Clock, ErrorKind, IdSource, OutboxRow, PortError, Sealer, Snapshot, Store,
    Tx,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::aggregate::{Aggregate, StateOf, from_json};
use crate::dead_letters;
use crate::inbound::Inbound;
use crate::publish::Published;
use crate::pulse::later;
use crate::retry::{Retry, jitter};
use crate::work::{Stop, Work};

/// Aggregates, timers and lists that one transaction may load: a bound on its locks and memory.
const LOADED_MAX: usize = 100_000;
/// Times a transaction is begun again after a conflict or a lock that was lost.
const CONFLICT_ATTEMPTS_MAX: u32 = 8;
/// What a service's shell works with.
pub struct EngineParts {
    /// Name of the service, as in subjects and durable names.
    pub service: &'static str,
    /// Its database.
    pub store: Arc<dyn Store>,
    /// The broker.
    pub bus: Arc<dyn Bus>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// Seals what is kept in dead letters.
    pub sealer: Arc<dyn Sealer>,
}

/// What a transaction answers to: the message, effect, question or setting behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its id, kept with every event that it causes.
    pub cause: String,
    /// Its trace.
    pub trace: Option<TraceContext>,
}

impl Origin {
    /// An origin with its trace.
    pub fn new(cause: impl Into<String>, trace: Option<TraceContext>) -> Self {
        Self { cause: cause.into(), trace }
    }
}

/// Why a transaction did not happen.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The content can never be processed.
    #[error("cannot be processed: {0}")]
    Poison(String),
    /// Another worker concluded the effect first, or attempts it anew; its decision stands.
    #[error("the effect was concluded before")]
    AlreadyConcluded,
    /// The store or the broker failed.
    #[error("transaction of the service")]
    Port(#[from] PortError),
}

impl EngineError {
    /// True when the content is at fault, not the surroundings.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Poison(_) | Self::AlreadyConcluded => true,
            Self::Port(e) => e.kind == ErrorKind::Permanent,
        }
    }

    /// One line for logs and dead letters.
    pub fn chain(&self) -> String {
        match self {
            Self::Poison(reason) => reason.clone(),
            Self::AlreadyConcluded => self.to_string(),
            Self::Port(e) => e.chain(),
        }
    }
}

/// The shell of one service. Shared by its consumers, lanes and questions.
pub struct Engine {
    pub(crate) parts: EngineParts,
    /// Woken when a transaction touched a timer or opened an effect.
    pub(crate) lanes: Notify,
    /// Woken when rows wait in the outbox.
    pub(crate) leftovers: Notify,
}

impl Engine {
    /// The shell over its parts.
    pub fn new(parts: EngineParts) -> Arc<Self> {
        Arc::new(Self { parts, lanes: Notify::new(), leftovers: Notify::new() })
    }

    /// Name of the service.
    pub fn service(&self) -> &'static str {
        self.parts.service
    }

    /// This moment.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// The service's database, for questions.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// Decides in one transaction and publishes what was said. Runs `decide` again when it needs
    /// more aggregates or when somebody else wrote first.
    pub async fn transact<R: Send>(
        &self,
        origin: Origin,
        first: &[AggregateKey],
        mut decide: impl FnMut(&mut Work<'_>) -> Result<R, Stop> + Send,
    ) -> Result<R, EngineError> {
        let run = |work: &mut Work<'_>, _: &[Option<Vec<u8>>]| decide(work);
        let (result, _) = self.transact_inbox(Vec::new(), origin, first, run).await?;
        Ok(result)
    }

    /// Decides and keeps nothing: for a dry run.
    pub async fn consider<R: Send>(
        &self,
        first: &[AggregateKey],
        decide: impl FnMut(&mut Work<'_>) -> Result<R, Stop> + Send,
    ) -> Result<R, EngineError> {
        let mut session = self.begin().await?;
        session.load(first).await?;
        session.run(decide).await
    }

    /// As [`Engine::transact`], and notes message ids in the inbox: `decide` is told for each
    /// whether it is new (`None`) or under which digest it was noted before.
    pub async fn transact_inbox<R: Send>(
        &self,
        ids: Vec<(String, Vec<u8>)>,
        origin: Origin,
        first: &[AggregateKey],
        mut decide: impl FnMut(&mut Work<'_>, &[Option<Vec<u8>>]) -> Result<R, Stop> + Send,
    ) -> Result<(R, Published), EngineError> {
        let mut attempt = 1;
        loop {
            let mut session = self.begin().await?;
            let done = async {
                let seen = session.tx.inbox(&ids, session.work.now()).await?;
                session.work.set_cause(&origin.cause, origin.trace.clone());
                session.load(first).await?;
                session.run(|work| decide(work, &seen)).await
            }
            .await;
            let result = match done {
                Ok(value) => session.commit().await.map(|rows| (value, rows)),
                Err(e) => {
                    // Who waits holds neither a connection nor a lock.
                    drop(session);
                    Err(e)
                }
            };
            match result {
                Ok((value, rows)) => return Ok((value, self.publish(rows).await)),
                Err(EngineError::Port(e))
                    if is_lost_race(&e) && attempt < CONFLICT_ATTEMPTS_MAX =>
                {
                    debug!(attempt, error = e.chain(), "transaction lost a race; again");
                    self.back_off(Retry::RACE, attempt).await;
                    attempt += 1;
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// State of an aggregate, without a lock; for questions.
    pub async fn read<A: Aggregate>(&self, id: &str) -> Result<Option<StateOf<A>>, PortError> {
        let key = A::key(id);
        let found = self.parts.store.read(std::slice::from_ref(&key)).await?;
        match found.into_iter().next().flatten() {
            Some(snapshot) => Ok(Some(from_json(&key, &snapshot.state)?)),
            None => Ok(None),
        }
    }

    /// States of a kind in order of id; for questions.
    pub async fn scan<A: Aggregate>(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, StateOf<A>)>, PortError> {
        let rows = self.parts.store.scan(A::KIND, prefix, after, limit).await?;
        let decode = |(id, s): (String, Snapshot)| {
            let state = from_json(&A::key(id.as_str()), &s.state)?;
            Ok((id, state))
        };
        rows.into_iter().map(decode).collect()
    }

    pub(crate) async fn begin(&self) -> Result<Session<'_>, EngineError> {
        let tx = self.parts.store.begin().await?;
        let work = Work::new(self.parts.service, self.parts.ids.as_ref(), self.parts.clock.now());
        Ok(Session { engine: self, tx, work })
    }

    /// Waits by the service's clock.
    pub(crate) async fn pause(&self, wait: Duration) {
        self.parts.clock.sleep_until(later(self.now(), wait)).await;
    }

    /// Waits before attempt `attempt + 1`.
    pub(crate) async fn back_off(&self, retry: Retry, attempt: u32) {
        self.pause(retry.delay(attempt, jitter(&*self.parts.ids))).await;
    }

    /// As [`Engine::back_off`], at most until the stop.
    pub(crate) async fn back_off_within(
        &self,
        shutdown: &CancellationToken,
        retry: Retry,
        attempt: u32,
    ) {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = self.back_off(retry, attempt) => {}
        }
    }
}

fn is_lost_race(e: &PortError) -> bool {
    e.kind == ErrorKind::Conflict
}

/// An open transaction with what has been decided in it.
pub(crate) struct Session<'e> {
    engine: &'e Engine,
    pub(crate) tx: Box<dyn Tx>,
    pub(crate) work: Work<'e>,
}

impl Session<'_> {
    pub(crate) fn service(&self) -> &'static str {
        self.engine.parts.service
    }

    /// Loads and locks what is not loaded yet; gives how many that were.
    pub(crate) async fn load(&mut self, keys: &[AggregateKey]) -> Result<usize, EngineError> {
        let missing = self.work.missing(keys);
        let count = missing.len();
        if count == 0 {
            return Ok(0);
        }
        let found = self.tx.load(&missing).await?;
        for (key, snapshot) in missing.into_iter().zip(found) {
            self.work.give(key, snapshot);
        }
        Ok(count)
    }

    /// Runs one input, loading what it turns out to need. On failure nothing of it stays.
    pub(crate) async fn run<R>(
        &mut self,
        mut decide: impl FnMut(&mut Work<'_>) -> Result<R, Stop>,
    ) -> Result<R, EngineError> {
        let mut loaded = 0;
        loop {
            let stop = match self.work.attempt(&mut decide) {
                Ok(value) => return Ok(value),
                Err(stop) => stop,
            };
            let news = self.fetch(stop).await?;
            loaded += news;
            // A round that brings nothing new would come again for ever.
            if news == 0 || loaded > LOADED_MAX {
                let text = format!("a decision cannot get what it needs ({loaded} loaded)");
                return Err(PortError::plain(ErrorKind::Permanent, text).into());
            }
        }
    }

    /// Gets what a decision turned out to need; gives how much of it was new.
    async fn fetch(&mut self, stop: Stop) -> Result<usize, EngineError> {
        match stop {
            Stop::Need(keys) => self.load(&keys).await,
            Stop::Peek(keys) => {
                let found = self.tx.peek(&keys).await?;
                let count = keys.len();
                for (key, snapshot) in keys.into_iter().zip(found) {
                    self.work.give_unlocked(key, snapshot);
                }
                Ok(count)
            }
            Stop::NeedTimers(keys) => {
                let found = self.tx.timers(&keys).await?;
                let count = keys.len();
                for (place, timer) in keys.into_iter().zip(found) {
                    self.work.give_timer(place, timer);
                }
                Ok(count)
            }
            Stop::NeedIds(range) => {
                let ids = self.tx.ids(&range).await?;
                self.work.give_ids(range, ids);
                Ok(1)
            }
            Stop::Poison(reason) => Err(EngineError::Poison(reason)),
            Stop::Fault(e) => Err(e.into()),
        }
    }

    async fn open_given_up(&mut self) -> Result<(), EngineError> {
        let mut letters = Vec::new();
        for (delivered, reason) in std::mem::take(&mut self.work.staged.given_up) {
            let message = Inbound::try_new(&delivered).ok();
            letters.push(dead_letters::letter(self.engine, &delivered, message.as_ref(), reason)?);
        }
        Ok(dead_letters::open(self, &letters).await?)
    }

    /// Writes everything and commits; gives the rows to be published.
    pub(crate) async fn commit(mut self) -> Result<Vec<OutboxRow>, EngineError> {
        self.open_given_up().await?;
        let states = self.work.changed()?;
        let staged = std::mem::take(&mut self.work.staged);
        self.tx.append(&staged.events).await?;
        self.tx.save(&states).await?;
        self.tx.outbox(&staged.outbox, self.work.now()).await?;
        self.tx.open_effects(&staged.effects).await?;
        for m in &staged.moves {
            if !self.tx.move_effect(m.id, m.state, &m.note, m.attempts).await? {
                return Err(EngineError::AlreadyConcluded);
            }
        }
        let timers = self.work.changed_timers();
        self.tx.save_timers(&timers).await?;
        self.tx.commit().await?;
        self.work.wakes.iter().for_each(|waiting| waiting.notify_waiters());
        if !timers.is_empty() || !staged.effects.is_empty() {
            self.engine.lanes.notify_one();
        }
        Ok(staged.outbox)
    }
}
