//! The work of a transaction: locks, and writes that are staged.

use std::collections::BTreeSet;
use std::mem::take;
use std::sync::Arc;

use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, DeadLetterRow, EffectRow, EffectState, ErrorKind, IdRange, NewEffect, NewEvent,
    OutboxRow, PortError, SaveState, Snapshot, Timer,
};
use uuid::Uuid;

use super::content::{check_json, check_letter, check_number, check_text, kept, refused};
use super::locks::Resource;
use super::memory::Shared;
use super::tables::{Effect, Noted, Staged, Waiting};

/// What a transaction holds and has written; given up when it is dropped.
pub(crate) struct Work {
    shared: Arc<Shared>,
    number: u64,
    staged: Staged,
}

impl Work {
    pub(crate) fn begin(shared: Arc<Shared>) -> Self {
        let number = shared.locks.enter();
        Self { shared, number, staged: Staged::default() }
    }

    pub(crate) fn commit(&mut self) {
        let staged = take(&mut self.staged);
        self.shared.tables().commit(staged);
    }

    /// Forgets what was written and lets go of every lock, as a database does at the first error.
    pub(crate) fn give_up(&mut self) {
        self.staged = Staged::default();
        self.shared.locks.leave(self.number);
    }

    pub(crate) async fn inbox(
        &mut self,
        ids: &[(String, Vec<u8>)],
        now: Timestamp,
    ) -> Result<Vec<Option<Vec<u8>>>, PortError> {
        for (id, _) in ids {
            check_text(&[id])?;
        }
        self.lock(ids.iter().map(|(id, _)| Resource::Inbox(id.clone())).collect()).await?;
        let known = ids.iter().map(|(id, digest)| self.note(id, digest, now)).collect();
        Ok(known)
    }

    pub(crate) async fn load(
        &mut self,
        keys: &[AggregateKey],
    ) -> Result<Vec<Option<Snapshot>>, PortError> {
        self.shared.tally().loads += 1;
        self.lock(keys.iter().cloned().map(Resource::Aggregate).collect()).await?;
        Ok(self.states(keys))
    }

    pub(crate) async fn peek(
        &mut self,
        keys: &[AggregateKey],
    ) -> Result<Vec<Option<Snapshot>>, PortError> {
        self.shared.tally().peeks += 1;
        Ok(self.states(keys))
    }

    pub(crate) async fn ids(&mut self, range: &IdRange) -> Result<Vec<String>, PortError> {
        let IdRange { kind, prefix, after, limit } = range;
        let tables = self.shared.tables();
        let is_kept = !self.staged.drops_states;
        let committed = tables.with_prefix(kind, prefix).map(|(key, _)| key).filter(|_| is_kept);
        let staged =
            self.staged.states.keys().filter(|key| key.kind == *kind && key.id.starts_with(prefix));
        let ids: BTreeSet<String> = committed.chain(staged).map(|key| key.id.clone()).collect();
        drop(tables);
        let most = limit.map_or(usize::MAX, |limit| limit as usize);
        Ok(ids.into_iter().filter(|id| id > after || after.is_empty()).take(most).collect())
    }

    /// Forgets the states that were there, and those that it saved itself.
    pub(crate) fn drop_states(&mut self) {
        self.staged.drops_states = true;
        self.staged.states.clear();
    }

    pub(crate) async fn append(&mut self, events: &[NewEvent]) -> Result<(), PortError> {
        let versions = events.iter().map(|event| (event.key.clone(), event.version));
        self.lock(versions.map(|(key, version)| Resource::Event(key, version)).collect()).await?;
        for event in events {
            self.stage_event(event)?;
        }
        Ok(())
    }

    pub(crate) async fn save(&mut self, states: &[SaveState]) -> Result<(), PortError> {
        let keys = states.iter().map(|state| state.key.clone());
        self.lock(keys.map(Resource::Aggregate).collect()).await?;
        for SaveState { key, version, state } in states {
            check_text(&[&key.id])?;
            check_json(state)?;
            check_number(*version)?;
            let snapshot = Snapshot { version: *version, state: state.clone() };
            self.staged.states.insert(key.clone(), snapshot);
        }
        Ok(())
    }

    pub(crate) async fn outbox(
        &mut self,
        rows: &[OutboxRow],
        now: Timestamp,
    ) -> Result<(), PortError> {
        self.lock(rows.iter().map(|row| Resource::Outbox(row.id.clone())).collect()).await?;
        for row in rows {
            self.stage_outbox(row, now)?;
        }
        Ok(())
    }

    pub(crate) async fn open_effects(&mut self, effects: &[NewEffect]) -> Result<(), PortError> {
        self.lock(effects.iter().map(|effect| Resource::Effect(effect.id)).collect()).await?;
        for effect in effects {
            self.stage_effect(effect)?;
        }
        Ok(())
    }

    pub(crate) async fn hold_effect(
        &mut self,
        id: Uuid,
        attempts: u32,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        let Some(mut effect) = self.open_effect(id, Some(attempts)).await? else {
            return Ok(false);
        };
        effect.row.attempts += 1;
        effect.lease_until = kept(until);
        self.staged.effects.insert(id, effect);
        Ok(true)
    }

    pub(crate) async fn move_effect(
        &mut self,
        id: Uuid,
        state: EffectState,
        note: &str,
        attempts: Option<u32>,
    ) -> Result<bool, PortError> {
        check_text(&[note])?;
        let Some(mut effect) = self.open_effect(id, attempts).await? else {
            return Ok(false);
        };
        effect.row.state = state;
        note.clone_into(&mut effect.row.note);
        self.staged.effects.insert(id, effect);
        Ok(true)
    }

    /// Locks an effect; it is given when it is not closed and at this attempt.
    async fn open_effect(
        &mut self,
        id: Uuid,
        attempts: Option<u32>,
    ) -> Result<Option<Effect>, PortError> {
        self.lock(BTreeSet::from([Resource::Effect(id)])).await?;
        let is_at = |effect: &Effect| attempts.is_none_or(|at| effect.row.attempts == at);
        let open = self.effect(id).filter(|effect| effect.row.state != EffectState::Closed);
        Ok(open.filter(is_at))
    }

    pub(crate) async fn timers(
        &mut self,
        keys: &[(String, String)],
    ) -> Result<Vec<Option<Timer>>, PortError> {
        self.shared.tally().timers += 1;
        let places = keys.iter().cloned();
        self.lock(places.map(|(lane, key)| Resource::Timer(lane, key)).collect()).await?;
        Ok(keys.iter().map(|place| self.timer(place)).collect())
    }

    pub(crate) async fn save_timers(&mut self, timers: &[Timer]) -> Result<(), PortError> {
        self.shared.tally().timers_written += timers.len();
        let places = timers.iter().map(|timer| (timer.lane.clone(), timer.key.clone()));
        self.lock(places.map(|(lane, key)| Resource::Timer(lane, key)).collect()).await?;
        for timer in timers {
            let trace = timer.trace.as_deref().unwrap_or_default();
            check_text(&[&timer.lane, &timer.key, &timer.note, trace])?;
            let timer = Timer {
                due_at: timer.due_at.map(kept),
                not_before: timer.not_before.map(kept),
                dirty_since: timer.dirty_since.map(kept),
                ..timer.clone()
            };
            self.staged.timers.insert((timer.lane.clone(), timer.key.clone()), timer);
        }
        Ok(())
    }

    pub(crate) async fn set_checkpoint(
        &mut self,
        consumer: &str,
        sequence: u64,
    ) -> Result<u64, PortError> {
        check_text(&[consumer])?;
        check_number(sequence)?;
        self.lock(BTreeSet::from([Resource::Checkpoint(consumer.to_owned())])).await?;
        let committed = self.shared.tables().checkpoints.get(consumer).copied();
        let staged = self.staged.checkpoints.get(consumer).copied();
        let before = committed.unwrap_or(0).max(staged.unwrap_or(0));
        self.staged.checkpoints.insert(consumer.to_owned(), sequence.max(before));
        Ok(before)
    }

    pub(crate) async fn open_dead_letters(
        &mut self,
        letters: &[DeadLetterRow],
    ) -> Result<(), PortError> {
        self.lock(letters.iter().map(|letter| Resource::DeadLetter(letter.id)).collect()).await?;
        for letter in letters {
            self.stage_letter(letter)?;
        }
        Ok(())
    }

    pub(crate) async fn dead_letter(
        &mut self,
        id: Uuid,
    ) -> Result<Option<DeadLetterRow>, PortError> {
        self.lock(BTreeSet::from([Resource::DeadLetter(id)])).await?;
        Ok(self.letter(id).filter(|letter| letter.state == "open"))
    }

    pub(crate) async fn set_dead_letter(
        &mut self,
        id: Uuid,
        state: &str,
        reason: &str,
        attempts: u32,
    ) -> Result<(), PortError> {
        check_text(&[reason])?;
        check_letter(state, attempts)?;
        self.lock(BTreeSet::from([Resource::DeadLetter(id)])).await?;
        let Some(letter) = self.letter(id) else {
            return Err(refused("there is no such dead letter"));
        };
        let letter = DeadLetterRow {
            state: state.to_owned(),
            reason: reason.to_owned(),
            attempts,
            ..letter
        };
        self.staged.dead_letters.insert(id, letter);
        Ok(())
    }

    async fn lock(&self, resources: BTreeSet<Resource>) -> Result<(), PortError> {
        self.shared.locks.lock(self.number, resources).await
    }

    fn states(&self, keys: &[AggregateKey]) -> Vec<Option<Snapshot>> {
        let tables = self.shared.tables();
        let committed = |key| tables.states.get(key).filter(|_| !self.staged.drops_states);
        keys.iter()
            .map(|key| self.staged.states.get(key).or_else(|| committed(key)).cloned())
            .collect()
    }

    fn timer(&self, place: &(String, String)) -> Option<Timer> {
        let staged = self.staged.timers.get(place).cloned();
        staged.or_else(|| self.shared.tables().timers.get(place).cloned())
    }

    fn letter(&self, id: Uuid) -> Option<DeadLetterRow> {
        let staged = self.staged.dead_letters.get(&id).cloned();
        staged.or_else(|| self.shared.tables().dead_letters.get(&id).cloned())
    }

    fn effect(&self, id: Uuid) -> Option<Effect> {
        let staged = self.staged.effects.get(&id).cloned();
        staged.or_else(|| self.shared.tables().effects.get(&id).cloned())
    }

    fn note(&mut self, id: &str, digest: &[u8], now: Timestamp) -> Option<Vec<u8>> {
        let staged = self.staged.inbox.get(id).map(|noted| noted.digest.clone());
        let before =
            staged.or_else(|| self.shared.tables().inbox.get(id).map(|noted| noted.digest.clone()));
        if before.is_none() {
            let noted = Noted { digest: digest.to_vec(), seen_at: kept(now) };
            self.staged.inbox.insert(id.to_owned(), noted);
        }
        before
    }

    fn stage_event(&mut self, event: &NewEvent) -> Result<(), PortError> {
        check_text(&[&event.key.id, &event.kind, &event.cause])?;
        check_json(&event.body)?;
        check_number(event.version)?;
        if event.version == 0 {
            return Err(refused("an event without a version"));
        }
        let staged = &self.staged.events;
        let taken =
            staged.iter().any(|each| each.key == event.key && each.version == event.version)
                || self
                    .shared
                    .tables()
                    .versions
                    .get(&event.key)
                    .is_some_and(|versions| versions.contains_key(&event.version));
        if taken {
            return Err(PortError::plain(ErrorKind::Conflict, "cannot append events"));
        }
        self.staged.events.push(NewEvent { at: kept(event.at), ..event.clone() });
        Ok(())
    }

    fn stage_outbox(&mut self, row: &OutboxRow, now: Timestamp) -> Result<(), PortError> {
        check_text(&[&row.id, &row.message.subject])?;
        for (name, value) in &row.message.headers {
            check_text(&[name, value])?;
        }
        let staged = self.staged.outbox.iter().any(|each| each.row.id == row.id);
        if staged || self.shared.tables().outbox.holds(&row.id) {
            return Err(refused("a public event whose id exists"));
        }
        let waiting = Waiting { row: row.clone(), opened_at: kept(now), refusal: None };
        self.staged.outbox.push(waiting);
        Ok(())
    }

    fn stage_effect(&mut self, effect: &NewEffect) -> Result<(), PortError> {
        check_text(&[&effect.lane, &effect.kind, effect.trace.as_deref().unwrap_or_default()])?;
        check_json(&effect.context)?;
        if self.effect(effect.id).is_some() {
            return Err(refused("an effect whose id exists"));
        }
        let row = EffectRow {
            id: effect.id,
            lane: effect.lane.clone(),
            kind: effect.kind.clone(),
            request: effect.request.clone(),
            context: effect.context.clone(),
            state: EffectState::Intended,
            attempts: 0,
            created_at: kept(effect.at),
            note: String::new(),
            trace: effect.trace.clone(),
        };
        let lease_until = kept(effect.lease_until);
        self.staged.effects.insert(effect.id, Effect { row, lease_until });
        Ok(())
    }

    fn stage_letter(&mut self, letter: &DeadLetterRow) -> Result<(), PortError> {
        check_text(&[&letter.subject, &letter.message_type, &letter.message_id, &letter.reason])?;
        check_number(letter.stream_sequence)?;
        check_letter(&letter.state, letter.attempts)?;
        if self.letter(letter.id).is_some() {
            return Err(refused("a dead letter whose id exists"));
        }
        let letter = DeadLetterRow { opened_at: kept(letter.opened_at), ..letter.clone() };
        self.staged.dead_letters.insert(letter.id, letter);
        Ok(())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.give_up();
    }
}
