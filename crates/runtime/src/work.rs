//! What one transaction decides. Pure and synchronous: the engine loads before and writes after.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use lockstep_contracts::{Event, Metadata, Subject, TraceContext};
use lockstep_domain::decider::Decider;
use lockstep_ports::{
    AggregateKey, Delivered, EffectRow, EffectState, ErrorKind, IdRange, IdSource, NewEffect,
    NewEvent, OutboxRow, Outgoing, PortError, SaveState, Snapshot, Timer,
};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::aggregate::{
    Aggregate, AnyState, CommandOf, EventOf, RejectionOf, StateOf, event_name, from_json, to_json,
};

/// Why a decision stops before its end.
#[derive(Debug)]
pub enum Stop {
    /// It needs aggregates that are not loaded; the engine loads them and runs it again.
    Need(Vec<AggregateKey>),
    /// It needs to see aggregates that it does not change; they are read without a lock.
    Peek(Vec<AggregateKey>),
    /// It needs timers, each by lane and key.
    NeedTimers(Vec<(String, String)>),
    /// It needs the ids of a kind.
    NeedIds(IdRange),
    /// The input can never be processed; the words are for a person.
    Poison(String),
    /// Something stored cannot be read.
    Fault(PortError),
}

/// Lane and key of a timer.
type Place = (String, String);
/// A timer, and whether it must be written.
type Noted = (Timer, bool);

/// What an event is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'s> {
    /// The aggregate: becomes `ce-subject`.
    pub aggregate: &'s str,
    /// The version of the aggregate that the event tells of.
    pub sequence: Option<u64>,
}

struct Entry {
    version: u64,
    state: Box<dyn AnyState>,
    dirty: bool,
}

/// An effect that a decision moves on.
#[derive(Clone, Debug)]
pub(crate) struct EffectMove {
    pub id: Uuid,
    pub state: EffectState,
    pub note: String,
    /// The attempt whose outcome it is; `None` for a person's word.
    pub attempts: Option<u32>,
}

#[derive(Default)]
pub(crate) struct Staged {
    pub events: Vec<NewEvent>,
    pub outbox: Vec<OutboxRow>,
    pub effects: Vec<NewEffect>,
    pub moves: Vec<EffectMove>,
    /// Messages that are given up, each with its reason.
    pub given_up: Vec<(Delivered, String)>,
    /// Why parts of the message that is being decided cannot be taken.
    pub refused: Vec<String>,
}

#[derive(Clone, Copy)]
struct Mark {
    events: usize,
    outbox: usize,
    effects: usize,
    moves: usize,
    given_up: usize,
    refused: usize,
}

/// One transaction's decisions: states, staged events, messages, effects and timers.
pub struct Work<'a> {
    service: &'static str,
    ids: &'a dyn IdSource,
    now: Timestamp,
    cause: String,
    trace: Option<TraceContext>,
    stored: HashMap<AggregateKey, Option<Snapshot>>,
    peeked: HashMap<AggregateKey, Box<dyn AnyState>>,
    unlocked: HashMap<AggregateKey, Option<Snapshot>>,
    listed: BTreeMap<IdRange, Vec<String>>,
    entries: HashMap<AggregateKey, Entry>,
    timers: BTreeMap<Place, Noted>,
    undo_timers: Vec<(Place, Option<Noted>)>,
    /// Aggregates that the input under way changed. Nothing of them is copied: one that must be as
    /// before is folded again from what is stored and staged.
    changed_now: HashSet<AggregateKey>,
    /// Aggregates that some input changed, perhaps one that was undone.
    ever_changed: HashSet<AggregateKey>,
    /// Whom the commit wakes. Kept when an input is undone: who wakes in vain looks and waits on.
    pub(crate) wakes: Vec<Arc<Notify>>,
    pub(crate) staged: Staged,
}

impl<'a> Work<'a> {
    pub(crate) fn new(service: &'static str, ids: &'a dyn IdSource, now: Timestamp) -> Self {
        Self {
            service,
            ids,
            now,
            cause: String::new(),
            trace: None,
            stored: HashMap::new(),
            peeked: HashMap::new(),
            unlocked: HashMap::new(),
            listed: BTreeMap::new(),
            entries: HashMap::new(),
            timers: BTreeMap::new(),
            undo_timers: Vec::new(),
            changed_now: HashSet::new(),
            ever_changed: HashSet::new(),
            wakes: Vec::new(),
            staged: Staged::default(),
        }
    }

    /// The moment of the transaction.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A fresh id.
    pub fn next_id(&self) -> Uuid {
        self.ids.next_id()
    }

    /// Id of the message, effect or question that is being decided.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// Trace of what is being decided.
    pub fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// Its `traceparent`, as timers and effects keep it.
    pub fn traceparent(&self) -> Option<String> {
        self.trace.as_ref().map(|t| t.traceparent().to_owned())
    }

    /// What follows belongs to this trace: a transaction may serve several calls.
    pub fn in_trace(&mut self, trace: Option<TraceContext>) {
        self.trace = trace;
    }

    /// Wakes those who wait in this process, once what was decided is committed.
    pub fn wake_after_commit(&mut self, waiting: &Arc<Notify>) {
        if !self.wakes.iter().any(|known| Arc::ptr_eq(known, waiting)) {
            self.wakes.push(waiting.clone());
        }
    }

    pub(crate) fn set_cause(&mut self, cause: &str, trace: Option<TraceContext>) {
        cause.clone_into(&mut self.cause);
        self.trace = trace;
    }

    pub(crate) fn missing(&self, keys: &[AggregateKey]) -> Vec<AggregateKey> {
        let mut keys: Vec<_> =
            keys.iter().filter(|k| !self.stored.contains_key(*k)).cloned().collect();
        keys.sort();
        keys.dedup();
        keys
    }

    pub(crate) fn give(&mut self, key: AggregateKey, snapshot: Option<Snapshot>) {
        self.stored.insert(key, snapshot);
    }

    pub(crate) fn give_unlocked(&mut self, key: AggregateKey, snapshot: Option<Snapshot>) {
        self.unlocked.insert(key, snapshot);
    }

    pub(crate) fn give_ids(&mut self, range: IdRange, ids: Vec<String>) {
        self.listed.insert(range, ids);
    }

    fn entry<A: Aggregate>(&mut self, key: &AggregateKey) -> Result<&mut Entry, Stop> {
        if !self.entries.contains_key(key) {
            let Some(snapshot) = self.stored.get(key) else {
                return Err(Stop::Need(vec![key.clone()]));
            };
            let (mut version, mut state) = match snapshot {
                Some(s) => {
                    (s.version, from_json::<StateOf<A>>(key, &s.state).map_err(Stop::Fault)?)
                }
                None => (0, StateOf::<A>::default()),
            };
            let known = version;
            // Only what was undone is folded again, so the list is seldom gone through.
            let changed = self.ever_changed.contains(key).then_some(&self.staged.events);
            for staged in changed.into_iter().flatten().filter(|staged| staged.key == *key) {
                let event: EventOf<A> = from_json(key, &staged.body).map_err(Stop::Fault)?;
                state = A::Decider::evolve(state, &event);
                version = staged.version;
            }
            let entry = Entry { version, state: Box::new(state), dirty: version > known };
            self.entries.insert(key.clone(), entry);
        }
        self.entries.get_mut(key).ok_or_else(|| Stop::Need(vec![key.clone()]))
    }

    /// The state of an aggregate, loaded and locked.
    pub fn state<A: Aggregate>(&mut self, id: &str) -> Result<&StateOf<A>, Stop> {
        let key = A::key(id);
        let entry = self.entry::<A>(&key)?;
        entry.state.as_any().downcast_ref().ok_or_else(|| Stop::Fault(mismatch(&key)))
    }

    /// The state of an aggregate that this decision does not change, read without a lock. Read it
    /// after the aggregates that it rules: whoever changes rules locks those, too.
    pub fn peek<A: Aggregate>(&mut self, id: &str) -> Result<&StateOf<A>, Stop> {
        let key = A::key(id);
        if self.stored.contains_key(&key) {
            return self.state::<A>(id);
        }
        if !self.peeked.contains_key(&key) {
            let Some(snapshot) = self.unlocked.get(&key) else {
                return Err(Stop::Peek(vec![key]));
            };
            let state: StateOf<A> = match snapshot {
                Some(s) => from_json(&key, &s.state).map_err(Stop::Fault)?,
                None => StateOf::<A>::default(),
            };
            self.peeked.insert(key.clone(), Box::new(state));
        }
        let state = self.peeked.get(&key).and_then(|s| s.as_any().downcast_ref());
        state.ok_or_else(|| Stop::Fault(mismatch(&key)))
    }

    /// Asks for several aggregates that are only peeked at, in one go.
    pub fn want_peeks<'i, A: Aggregate>(
        &self,
        ids: impl IntoIterator<Item = &'i str>,
    ) -> Result<(), Stop> {
        let is_there =
            |key: &AggregateKey| self.stored.contains_key(key) || self.unlocked.contains_key(key);
        let mut missing: Vec<_> = ids.into_iter().map(A::key).filter(|k| !is_there(k)).collect();
        missing.sort();
        missing.dedup();
        if missing.is_empty() { Ok(()) } else { Err(Stop::Peek(missing)) }
    }

    /// Number of events behind an aggregate.
    pub fn version<A: Aggregate>(&mut self, id: &str) -> Result<u64, Stop> {
        Ok(self.entry::<A>(&A::key(id))?.version)
    }

    /// Loads and locks several aggregates of a kind, so that [`Work::get`] can show them.
    pub fn load_all<A: Aggregate>(&mut self, ids: &[String]) -> Result<(), Stop> {
        let keys: Vec<_> = ids.iter().map(|id| A::key(id.as_str())).collect();
        self.want(&keys)?;
        for key in &keys {
            self.entry::<A>(key)?;
        }
        Ok(())
    }

    /// The state of an aggregate that was loaded before; several can be held at once.
    pub fn get<A: Aggregate>(&self, id: &str) -> Result<&StateOf<A>, Stop> {
        let key = A::key(id);
        let state = self.entries.get(&key).map(|entry| entry.state.as_any().downcast_ref());
        match state {
            Some(Some(state)) => Ok(state),
            Some(None) => Err(Stop::Fault(mismatch(&key))),
            None => Err(Stop::Fault(PortError::plain(
                ErrorKind::Permanent,
                format!("{} {} was shown before it was loaded", key.kind, key.id),
            ))),
        }
    }

    /// Asks for several aggregates at once, so that they are loaded in one go.
    pub fn want(&self, keys: &[AggregateKey]) -> Result<(), Stop> {
        let missing = self.missing(keys);
        if missing.is_empty() { Ok(()) } else { Err(Stop::Need(missing)) }
    }

    /// Ids of a kind that begin with `prefix`, in order.
    pub fn ids<A: Aggregate>(&self, prefix: &str) -> Result<Vec<String>, Stop> {
        self.listed(IdRange::all(A::KIND, prefix))
    }

    /// The first ids of a kind that begin with `prefix` and are above `after`, in order.
    pub fn ids_after<A: Aggregate>(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, Stop> {
        self.listed(IdRange::page(A::KIND, prefix, after, limit))
    }

    fn listed(&self, range: IdRange) -> Result<Vec<String>, Stop> {
        self.listed.get(&range).cloned().ok_or(Stop::NeedIds(range))
    }

    /// Decides a command; its events are evolved into the state and staged for the log. The
    /// inner error is the domain's refusal.
    pub fn execute<A: Aggregate>(
        &mut self,
        id: &str,
        command: &CommandOf<A>,
    ) -> Result<Result<Vec<EventOf<A>>, RejectionOf<A>>, Stop> {
        let key = A::key(id);
        let events = {
            let entry = self.entry::<A>(&key)?;
            let state: &StateOf<A> =
                entry.state.as_any().downcast_ref().ok_or_else(|| Stop::Fault(mismatch(&key)))?;
            match A::Decider::decide(state, command) {
                Ok(events) => events,
                Err(rejection) => return Ok(Err(rejection)),
            }
        };
        if events.is_empty() {
            return Ok(Ok(events));
        }
        self.ever_changed.insert(key.clone());
        self.changed_now.insert(key.clone());
        let (now, cause) = (self.now, self.cause.clone());
        let mut staged = Vec::with_capacity(events.len());
        let entry = self.entry::<A>(&key)?;
        let state: &mut StateOf<A> =
            entry.state.as_any_mut().downcast_mut().ok_or_else(|| Stop::Fault(mismatch(&key)))?;
        let mut next = std::mem::take(state);
        for event in &events {
            next = A::Decider::evolve(next, event);
            entry.version += 1;
            let body = to_json(event).map_err(Stop::Fault)?;
            let (version, kind) = (entry.version, event_name(&body));
            let cause = cause.clone();
            staged.push(NewEvent { key: key.clone(), version, kind, body, at: now, cause });
        }
        *state = next;
        entry.dirty = true;
        self.staged.events.append(&mut staged);
        Ok(Ok(events))
    }

    /// Publishes an event after the commit. `aggregate` becomes `ce-subject`, `sequence` the
    /// version of the aggregate that it tells of.
    pub fn publish<E: Event>(
        &mut self,
        event: &E,
        subject: Subject,
        aggregate: &str,
        sequence: u64,
    ) {
        let number = self.staged.outbox.len();
        let id = format!("{}:{aggregate}:{sequence}:{number}", self.service);
        self.publish_as(id, event, subject, About { aggregate, sequence: Some(sequence) });
    }

    /// As [`Work::publish`], with the event's id given: derived from its source.
    pub fn publish_as<E: Event>(
        &mut self,
        id: String,
        event: &E,
        subject: Subject,
        about: About<'_>,
    ) {
        let mut metadata = Metadata::new(id.clone(), self.service, E::TYPE, self.now);
        metadata.subject = Some(about.aggregate.to_owned());
        metadata.sequence = about.sequence;
        metadata.causation_id = Some(self.cause.clone());
        metadata.trace.clone_from(&self.trace);
        let headers = metadata.to_headers().into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        let message = Outgoing {
            stream: E::STREAM,
            subject: subject.into(),
            headers,
            body: Bytes::from(event.encode_to_vec()),
        };
        self.staged.outbox.push(OutboxRow { message, id });
    }

    /// Opens an effect: it is sent after the commit.
    pub fn open_effect(&mut self, effect: NewEffect) {
        self.staged.effects.push(effect);
    }

    /// Effects opened so far, as they will be stored.
    pub(crate) fn planned(&self) -> Vec<EffectRow> {
        let row = |e: &NewEffect| EffectRow {
            id: e.id,
            lane: e.lane.clone(),
            kind: e.kind.clone(),
            request: e.request.clone(),
            context: e.context.clone(),
            state: EffectState::Intended,
            attempts: 0,
            created_at: e.at,
            note: String::new(),
            trace: e.trace.clone(),
        };
        self.staged.effects.iter().map(row).collect()
    }

    /// A timer, loaded and locked; a fresh one when there is none. Ask for it after the aggregates.
    pub fn timer(&mut self, lane: &str, key: &str) -> Result<Timer, Stop> {
        let place = (lane.to_owned(), key.to_owned());
        if let Some((timer, _)) = self.timers.get(&place) {
            return Ok(timer.clone());
        }
        Err(Stop::NeedTimers(vec![place]))
    }

    /// Asks for several timers at once.
    pub fn want_timers(&self, keys: Vec<(String, String)>) -> Result<(), Stop> {
        let mut missing: Vec<_> =
            keys.into_iter().filter(|k| !self.timers.contains_key(k)).collect();
        missing.sort();
        missing.dedup();
        if missing.is_empty() { Ok(()) } else { Err(Stop::NeedTimers(missing)) }
    }

    /// Writes a timer. One that is as it was is not written.
    pub fn set_timer(&mut self, timer: Timer) {
        let place = (timer.lane.clone(), timer.key.clone());
        if self.timers.get(&place).is_some_and(|(known, _)| *known == timer) {
            return;
        }
        let before = self.timers.insert(place.clone(), (timer, true));
        self.undo_timers.push((place, before));
    }

    pub(crate) fn give_timer(&mut self, place: (String, String), timer: Option<Timer>) {
        let (lane, key) = place.clone();
        let timer = timer.unwrap_or_else(|| Timer { lane, key, ..Timer::default() });
        self.timers.entry(place).or_insert((timer, false));
    }

    /// Timers that changed, in order of lane and key.
    pub(crate) fn changed_timers(&self) -> Vec<Timer> {
        self.timers.values().filter(|(_, dirty)| *dirty).map(|(t, _)| t.clone()).collect()
    }

    /// Makes a dead letter of a message that was taken before and turned out to be unreadable only
    /// now, outside its own transaction. A retry decides the message again.
    pub fn give_up(&mut self, message: Delivered, reason: impl Into<String>) {
        self.staged.given_up.push((message, reason.into()));
    }

    /// A part of the message that is being decided can never be taken as it stands. The rest of it
    /// is, and the message becomes a dead letter with this reason: a retry decides it again.
    pub fn refuse_part(&mut self, reason: impl Into<String>) {
        self.staged.refused.push(reason.into());
    }

    /// Why the message that was decided last is a dead letter all the same.
    pub(crate) fn take_refused(&mut self) -> Option<String> {
        let reasons = std::mem::take(&mut self.staged.refused);
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// Moves an effect on with the commit; one that is closed already fails the transaction.
    pub fn move_effect(&mut self, id: Uuid, state: EffectState, note: &str) {
        let note = note.to_owned();
        self.staged.moves.push(EffectMove { id, state, note, attempts: None });
    }

    /// As [`Work::move_effect`], for the outcome of one attempt: a later one fails the transaction.
    pub(crate) fn conclude_effect(&mut self, effect: &EffectRow, state: EffectState, note: String) {
        let attempts = Some(effect.attempts);
        self.staged.moves.push(EffectMove { id: effect.id, state, note, attempts });
    }

    /// Runs one input; on failure nothing of it stays.
    pub(crate) fn attempt<R>(
        &mut self,
        run: impl FnOnce(&mut Work<'a>) -> Result<R, Stop>,
    ) -> Result<R, Stop> {
        let mark = self.mark();
        self.changed_now.clear();
        self.undo_timers.clear();
        let result = run(self);
        if result.is_err() {
            self.roll_back(mark);
        }
        self.changed_now.clear();
        result
    }

    fn mark(&self) -> Mark {
        Mark {
            events: self.staged.events.len(),
            outbox: self.staged.outbox.len(),
            effects: self.staged.effects.len(),
            moves: self.staged.moves.len(),
            given_up: self.staged.given_up.len(),
            refused: self.staged.refused.len(),
        }
    }

    fn roll_back(&mut self, mark: Mark) {
        self.staged.events.truncate(mark.events);
        self.staged.outbox.truncate(mark.outbox);
        self.staged.effects.truncate(mark.effects);
        self.staged.moves.truncate(mark.moves);
        self.staged.given_up.truncate(mark.given_up);
        self.staged.refused.truncate(mark.refused);
        while let Some((place, before)) = self.undo_timers.pop() {
            match before {
                Some(timer) => self.timers.insert(place, timer),
                None => self.timers.remove(&place),
            };
        }
        for key in self.changed_now.drain() {
            self.entries.remove(&key);
        }
    }

    /// States that changed, in order of key.
    pub(crate) fn changed(&self) -> Result<Vec<SaveState>, PortError> {
        let mut states = Vec::new();
        for (key, entry) in &self.entries {
            if entry.dirty {
                let state = entry.state.to_json()?;
                states.push(SaveState { key: key.clone(), version: entry.version, state });
            }
        }
        states.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(states)
    }
}

fn mismatch(key: &AggregateKey) -> PortError {
    let text = format!("two types of state under one kind: {}", key.kind);
    PortError::plain(ErrorKind::Permanent, text)
}
