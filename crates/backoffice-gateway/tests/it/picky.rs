//! A database and a broker that refuse single messages for their content.

use std::time::Duration;

use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, Bus, Checkpoint, ConsumerSpec, DeadLetterRow, Delivered, EffectState, ErrorKind,
    IdRange, NewEffect, NewEvent, OutboxRow, Outgoing, PortError, PublishAck, SaveState, Snapshot,
    Timer, Tx,
};
use lockstep_testkit::bus::MemoryBus;
use uuid::Uuid;

/// The in-memory broker, except that it takes no batch with one of these ids.
pub struct PickyBus {
    pub inner: MemoryBus,
    pub refuses: Vec<String>,
}

impl PickyBus {
    fn is_refused(&self, message: &Outgoing) -> bool {
        let id = message.headers.iter().find(|(name, _)| name == "ce-id");
        id.is_some_and(|(_, id)| self.refuses.contains(id))
    }
}

#[async_trait::async_trait]
impl Bus for PickyBus {
    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<PublishAck>, PortError> {
        if batch.iter().any(|message| self.is_refused(message)) {
            return Err(PortError::plain(ErrorKind::Permanent, "larger than max_payload"));
        }
        self.inner.publish(batch).await
    }

    async fn pull(
        &self,
        consumer: &ConsumerSpec,
        start_after: u64,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivered>, PortError> {
        self.inner.pull(consumer, start_after, max, wait).await
    }

    async fn ack(&self, messages: &[Delivered]) -> Result<(), PortError> {
        self.inner.ack(messages).await
    }

    async fn rewind(
        &self,
        consumer: &ConsumerSpec,
        checkpoint: &dyn Checkpoint,
    ) -> Result<(), PortError> {
        self.inner.rewind(consumer, checkpoint).await
    }

    async fn lag(&self, consumer: &ConsumerSpec) -> Result<u64, PortError> {
        self.inner.lag(consumer).await
    }

    async fn is_ready(&self) -> bool {
        self.inner.is_ready().await
    }
}

/// A transaction that goes well unless it brings a message with one of these ids.
pub struct PickyTx {
    pub inner: Box<dyn Tx>,
    pub refuses: Vec<String>,
}

#[async_trait::async_trait]
impl Tx for PickyTx {
    async fn inbox(
        &mut self,
        ids: &[(String, Vec<u8>)],
        now: Timestamp,
    ) -> Result<Vec<Option<Vec<u8>>>, PortError> {
        if let Some((id, _)) = ids.iter().find(|(id, _)| self.refuses.contains(id)) {
            return Err(PortError::plain(ErrorKind::Permanent, format!("no room for {id}")));
        }
        self.inner.inbox(ids, now).await
    }

    async fn load(&mut self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        self.inner.load(keys).await
    }

    async fn peek(&mut self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        self.inner.peek(keys).await
    }

    async fn ids(&mut self, range: &IdRange) -> Result<Vec<String>, PortError> {
        self.inner.ids(range).await
    }

    async fn append(&mut self, events: &[NewEvent]) -> Result<(), PortError> {
        self.inner.append(events).await
    }

    async fn drop_states(&mut self) -> Result<(), PortError> {
        self.inner.drop_states().await
    }

    async fn save(&mut self, states: &[SaveState]) -> Result<(), PortError> {
        self.inner.save(states).await
    }

    async fn outbox(&mut self, rows: &[OutboxRow], now: Timestamp) -> Result<(), PortError> {
        self.inner.outbox(rows, now).await
    }

    async fn open_effects(&mut self, effects: &[NewEffect]) -> Result<(), PortError> {
        self.inner.open_effects(effects).await
    }

    async fn hold_effect(
        &mut self,
        id: Uuid,
        attempts: u32,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        self.inner.hold_effect(id, attempts, until).await
    }

    async fn move_effect(
        &mut self,
        id: Uuid,
        state: EffectState,
        note: &str,
        attempts: Option<u32>,
    ) -> Result<bool, PortError> {
        self.inner.move_effect(id, state, note, attempts).await
    }

    async fn timers(&mut self, keys: &[(String, String)]) -> Result<Vec<Option<Timer>>, PortError> {
        self.inner.timers(keys).await
    }

    async fn save_timers(&mut self, timers: &[Timer]) -> Result<(), PortError> {
        self.inner.save_timers(timers).await
    }

    async fn set_checkpoint(&mut self, consumer: &str, sequence: u64) -> Result<u64, PortError> {
        self.inner.set_checkpoint(consumer, sequence).await
    }

    async fn open_dead_letters(&mut self, letters: &[DeadLetterRow]) -> Result<(), PortError> {
        self.inner.open_dead_letters(letters).await
    }

    async fn dead_letter(&mut self, id: Uuid) -> Result<Option<DeadLetterRow>, PortError> {
        self.inner.dead_letter(id).await
    }

    async fn set_dead_letter(
        &mut self,
        id: Uuid,
        state: &str,
        reason: &str,
        attempts: u32,
    ) -> Result<(), PortError> {
        self.inner.set_dead_letter(id, state, reason, attempts).await
    }

    async fn commit(self: Box<Self>) -> Result<(), PortError> {
        self.inner.commit().await
    }
}
