//! One transaction of a service.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_ports::{
    AggregateKey, DeadLetterRow, EffectState, ErrorKind, IdRange, NewEffect, NewEvent, OutboxRow,
    PortError, SaveState, Snapshot, Timer, Tx,
};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::error::{failed, in_time};
use crate::{aggregates, checkpoints, dead_letters, effects, events, inbox, outbox, timers};

/// A transaction that is rolled back unless it is committed.
pub(crate) struct PgTx {
    transaction: Transaction<'static, Postgres>,
    limit: Duration,
    /// True from the start of a call until it has succeeded. A call that failed, or was given up
    /// half way, leaves it true: Postgres would answer a commit then by rolling back, without an
    /// error, and what was lost would be acknowledged.
    spoilt: bool,
}

impl PgTx {
    pub(crate) fn new(transaction: Transaction<'static, Postgres>, limit: Duration) -> Self {
        Self { transaction, limit, spoilt: false }
    }

    fn start(&mut self) -> Result<&mut PgConnection, PortError> {
        if self.spoilt {
            return Err(PortError::plain(
                ErrorKind::Transient,
                "the transaction has failed before and can only be dropped",
            ));
        }
        self.spoilt = true;
        Ok(&mut self.transaction)
    }

    fn end<T>(&mut self, answer: Result<T, PortError>) -> Result<T, PortError> {
        self.spoilt = answer.is_err();
        answer
    }
}

#[async_trait]
impl Tx for PgTx {
    async fn inbox(
        &mut self,
        ids: &[(String, Vec<u8>)],
        now: Timestamp,
    ) -> Result<Vec<Option<Vec<u8>>>, PortError> {
        let answer = in_time(self.limit, inbox::note(self.start()?, ids, now)).await;
        self.end(answer)
    }

    async fn load(&mut self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        let answer = in_time(self.limit, aggregates::load(self.start()?, keys)).await;
        self.end(answer)
    }

    async fn peek(&mut self, keys: &[AggregateKey]) -> Result<Vec<Option<Snapshot>>, PortError> {
        let answer = in_time(self.limit, aggregates::read(self.start()?, keys)).await;
        self.end(answer)
    }

    async fn ids(&mut self, range: &IdRange) -> Result<Vec<String>, PortError> {
        let answer = in_time(self.limit, aggregates::ids(self.start()?, range)).await;
        self.end(answer)
    }

    async fn drop_states(&mut self) -> Result<(), PortError> {
        let answer = in_time(self.limit, aggregates::clear(self.start()?)).await;
        self.end(answer)
    }

    async fn append(&mut self, new: &[NewEvent]) -> Result<(), PortError> {
        let answer = in_time(self.limit, events::append(self.start()?, new)).await;
        self.end(answer)
    }

    async fn save(&mut self, states: &[SaveState]) -> Result<(), PortError> {
        let answer = in_time(self.limit, aggregates::save(self.start()?, states)).await;
        self.end(answer)
    }

    async fn outbox(&mut self, rows: &[OutboxRow], now: Timestamp) -> Result<(), PortError> {
        let answer = in_time(self.limit, outbox::add(self.start()?, rows, now)).await;
        self.end(answer)
    }

    async fn open_effects(&mut self, new: &[NewEffect]) -> Result<(), PortError> {
        let answer = in_time(self.limit, effects::open(self.start()?, new)).await;
        self.end(answer)
    }

    async fn hold_effect(
        &mut self,
        id: Uuid,
        attempts: u32,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        let limit = self.limit;
        let hold = effects::hold(self.start()?, id, attempts, until);
        let answer = in_time(limit, hold).await;
        self.end(answer)
    }

    async fn move_effect(
        &mut self,
        id: Uuid,
        state: EffectState,
        note: &str,
        attempts: Option<u32>,
    ) -> Result<bool, PortError> {
        let limit = self.limit;
        let step = effects::step(self.start()?, id, state, note, attempts);
        let answer = in_time(limit, step).await;
        self.end(answer)
    }

    async fn timers(&mut self, keys: &[(String, String)]) -> Result<Vec<Option<Timer>>, PortError> {
        let answer = in_time(self.limit, timers::load(self.start()?, keys)).await;
        self.end(answer)
    }

    async fn save_timers(&mut self, new: &[Timer]) -> Result<(), PortError> {
        let answer = in_time(self.limit, timers::save(self.start()?, new)).await;
        self.end(answer)
    }

    async fn set_checkpoint(&mut self, consumer: &str, sequence: u64) -> Result<u64, PortError> {
        let limit = self.limit;
        let advance = checkpoints::advance(self.start()?, consumer, sequence);
        let answer = in_time(limit, advance).await;
        self.end(answer)
    }

    async fn open_dead_letters(&mut self, letters: &[DeadLetterRow]) -> Result<(), PortError> {
        let answer = in_time(self.limit, dead_letters::open(self.start()?, letters)).await;
        self.end(answer)
    }

    async fn dead_letter(&mut self, id: Uuid) -> Result<Option<DeadLetterRow>, PortError> {
        let answer = in_time(self.limit, dead_letters::lock_open(self.start()?, id)).await;
        self.end(answer)
    }

    async fn set_dead_letter(
        &mut self,
        id: Uuid,
        state: &str,
        reason: &str,
        attempts: u32,
    ) -> Result<(), PortError> {
        let limit = self.limit;
        let set = dead_letters::set(self.start()?, id, state, reason, attempts);
        let answer = in_time(limit, set).await;
        self.end(answer)
    }

    async fn commit(mut self: Box<Self>) -> Result<(), PortError> {
        self.start()?;
        let limit = self.limit;
        in_time(limit, async {
            self.transaction
                .commit()
                .await
                .map_err(|error| failed("cannot commit the transaction", error))
        })
        .await
    }
}
