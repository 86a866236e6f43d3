//! A transaction in memory: what it writes is staged until it is committed.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, DeadLetterRow, EffectState, ErrorKind, IdRange, NewEffect, NewEvent, OutboxRow,
    PortError, SaveState, Snapshot, Timer, Tx,
};
use uuid::Uuid;

use super::memory::Shared;
use super::work::Work;

pub(crate) struct MemoryTx {
    work: Work,
    /// True from the start of a call until it has succeeded; then nothing can be committed.
    spoilt: bool,
}

impl MemoryTx {
    pub(crate) fn begin(shared: Arc<Shared>) -> Self {
        Self { work: Work::begin(shared), spoilt: false }
    }

    fn start(&mut self) -> Result<(), PortError> {
        if self.spoilt {
            return Err(PortError::plain(
                ErrorKind::Transient,
                "the transaction has failed before and can only be dropped",
            ));
        }
        self.spoilt = true;
        Ok(())
    }

    fn end<T>(&mut self, answer: Result<T, PortError>) -> Result<T, PortError> {
        self.spoilt = answer.is_err();
        if self.spoilt {
            self.work.give_up();
        }
        answer
    }
}

#[async_trait]
impl Tx for MemoryTx {
    async fn inbox(
        &mut self,
        ids: &[(String, Vec<u8>)],
        now: Timestamp,
    ) -> Result<Vec<Option<Vec<u8>>>, PortError> {
        self.start()?;
        let answer = self.work.inbox(ids, now).await;
        self.end(answer)
    }

    async fn load(&mut self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        self.start()?;
        let answer = self.work.load(keys).await;
        self.end(answer)
    }

    async fn peek(&mut self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        self.start()?;
        let answer = self.work.peek(keys).await;
        self.end(answer)
    }

    async fn ids(&mut self, range: &IdRange) -> Result<Vec<String>, PortError> {
        self.start()?;
        let answer = self.work.ids(range).await;
        self.end(answer)
    }

    async fn drop_states(&mut self) -> Result<(), PortError> {
        self.start()?;
        self.work.drop_states();
        self.end(Ok(()))
    }

    async fn append(&mut self, events: &[NewEvent]) -> Result<(), PortError> {
        self.start()?;
        let answer = self.work.append(events).await;
        self.end(answer)
    }

    async fn save(&mut self, states: &[SaveState]) -> Result<(), PortError> {
        self.start()?;
        let answer = self.work.save(states).await;
        self.end(answer)
    }

    async fn outbox(&mut self, rows: &[OutboxRow], now: Timestamp) -> Result<(), PortError> {
        self.start()?;
        let answer = self.work.outbox(rows, now).await;
        self.end(answer)
    }

    async fn open_effects(&mut self, effects: &[NewEffect]) -> Result<(), PortError> {
        self.start()?;
        let answer = self.work.open_effects(effects).await;
        self.end(answer)
    }

    async fn hold_effect(
        &mut self,
        id: Uuid,
        attempts: u32,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        self.start()?;
        let answer = self.work.hold_effect(id, attempts, until).await;
        self.end(answer)
    }

    async fn move_effect(
        &mut self,
        id: Uuid,
        state: EffectState,
        note: &str,
        attempts: Option<u32>,
    ) -> Result<bool, PortError> {
        self.start()?;
        let answer = self.work.move_effect(id, state, note, attempts).await;
        self.end(answer)
    }

    async fn timers(&mut self, keys: &[(String, String)]) -> Result<Vec<Option<Timer>>, PortError> {
        self.start()?;
        let answer = self.work.timers(keys).await;
        self.end(answer)
    }

    async fn save_timers(&mut self, timers: &[Timer]) -> Result<(), PortError> {
        self.start()?;
        let answer = self.work.save_timers(timers).await;
        self.end(answer)
    }

    async fn set_checkpoint(&mut self, consumer: &str, sequence: u64) -> Result<u64, PortError> {
        self.start()?;
        let answer = self.work.set_checkpoint(consumer, sequence).await;
        self.end(answer)
    }

    async fn open_dead_letters(&mut self, letters: &[DeadLetterRow]) -> Result<(), PortError> {
        self.start()?;
        let answer = self.work.open_dead_letters(letters).await;
        self.end(answer)
    }

    async fn dead_letter(&mut self, id: Uuid) -> Result<Option<DeadLetterRow>, PortError> {
        self.start()?;
        let answer = self.work.dead_letter(id).await;
        self.end(answer)
    }

    async fn set_dead_letter(
        &mut self,
        id: Uuid,
        state: &str,
        reason: &str,
        attempts: u32,
    ) -> Result<(), PortError> {
        self.start()?;
        let answer = self.work.set_dead_letter(id, state, reason, attempts).await;
        self.end(answer)
    }

    async fn commit(mut self: Box<Self>) -> Result<(), PortError> {
        self.start()?;
        self.work.commit();
        Ok(())
    }
}
