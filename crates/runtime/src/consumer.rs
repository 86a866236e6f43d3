//! The one consumer loop: batches are pulled, decided and acknowledged, each in its turn.
//!
//! While a batch is decided the next one is pulled and the last one acknowledged. What is pulled
//! ahead is one batch, and only of a consumer whose turn it is, so that a service holds no more
//! than that of a few consumers at once. Messages may come twice and in any order all the same: the
//! inbox and the checkpoint answer for that, whichever batch is committed first.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_ports::{Checkpoint, ConsumerSpec, Delivered, PortError, Store};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use crate::beside::{Beside, Pulled};
use crate::engine::Engine;
use crate::processor::{Deciding, Processor, older_copy};
use crate::pulse::Pulse;
use crate::retry::Retry;
use crate::share::Share;

/// How long a pull waits for the first message.
const PULL_WAIT: Duration = Duration::from_secs(5);
/// How long a stop waits for a pull: messages that the broker has sent arrive well within it.
const HAND_OVER: Duration = Duration::from_secs(1);

/// A durable consumer, as one process works on it.
pub struct Consumer {
    /// The service's shell.
    pub engine: Arc<Engine>,
    /// What the service does with messages.
    pub processor: Arc<dyn Processor>,
    /// The consumer.
    pub spec: ConsumerSpec,
    /// Batches that the service decides at once, over all its consumers.
    pub turns: Arc<Semaphore>,
    /// After this nothing is pulled.
    pub shutdown: CancellationToken,
    /// Stamped before each step.
    pub pulse: Pulse,
}

/// Where a consumer stands.
#[derive(Default)]
struct Standing {
    /// Whether the broker's side agrees with the database since the last failure.
    is_started: bool,
    /// A sequence that this process saw committed since.
    after: u64,
    share: Share,
}

impl Consumer {
    /// Pulls and processes until the token is cancelled. What is pulled is finished: what a
    /// process drops comes again only when the broker has waited for its acknowledgement.
    pub async fn run(self) {
        let Self { engine, spec, shutdown, .. } = &self;
        let (mut standing, mut beside) = (Standing::default(), Beside::default());
        let mut failures = 0;
        while !shutdown.is_cancelled() || beside.has_batch() {
            self.pulse.beat();
            match self.turn(&mut standing, &mut beside).await {
                Ok(()) => failures = 0,
                Err(e) => {
                    failures += 1;
                    standing = Standing::default();
                    warn!(consumer = spec.durable, failures, error = e.chain(), "consumer pauses");
                    // The database may be an older copy when it comes back, and what was pulled
                    // ahead would then hide that something before it is missing.
                    beside.drop_batch();
                    if let Err(e) = beside.acknowledged().await {
                        warn!(consumer = spec.durable, error = e.chain(), "messages come again");
                    }
                    engine.back_off_within(shutdown, Retry::AWAY, failures).await;
                }
            }
        }
        if let Err(e) = beside.acknowledged().await {
            warn!(consumer = spec.durable, error = e.chain(), "messages come again");
        }
    }

    async fn turn<'c>(
        &'c self,
        standing: &mut Standing,
        beside: &mut Beside<'c>,
    ) -> Result<(), PortError> {
        let Some(Pulled { batch, is_full }) = self.next(standing, beside).await? else {
            return Ok(());
        };
        // The semaphore is fair: a busy store waits for its turn like every other. Those who work
        // meanwhile stamp for themselves.
        let turn = beside.through(self.pulse.through(self.turns.acquire())).await;
        let Ok(turn) = turn else { return Ok(()) };
        if !self.shutdown.is_cancelled() {
            beside.pull(self.pull(standing.after, standing.share.messages()));
        }
        let clock = self.engine.clock();
        let begun = clock.running();
        standing.after = beside.through(self.process(&batch, standing.after)).await?;
        standing.share.follow(batch.len(), is_full, clock.running().saturating_sub(begun));
        drop(turn);
        let bus = &self.engine.parts.bus;
        beside.acknowledge(async move { bus.ack(&batch).await }).await
    }

    /// The next batch; `None` when there is nothing to decide.
    async fn next<'c>(
        &'c self,
        standing: &mut Standing,
        beside: &mut Beside<'c>,
    ) -> Result<Option<Pulled>, PortError> {
        let Self { engine, spec, .. } = self;
        let checkpoint = Stored { store: &**engine.store(), consumer: &spec.durable };
        if !standing.is_started {
            // A restored database stands behind the broker, a restored broker behind the database.
            engine.parts.bus.rewind(spec, &checkpoint).await?;
            standing.is_started = true;
        }
        if !beside.has_batch() {
            let stored = checkpoint.read().await?;
            if stored < standing.after {
                return Err(older_copy(&spec.durable, stored, standing.after));
            }
            standing.after = stored;
            beside.pull(self.pull(standing.after, standing.share.messages()));
        }
        let pulled = tokio::select! {
            biased;
            // It may have messages in hand, and then ends very soon; one that has none does not.
            () = self.shutdown.cancelled() => tokio::time::timeout(HAND_OVER, beside.batch()).await,
            pulled = beside.batch() => Ok(pulled),
        };
        let Ok(pulled) = pulled else {
            beside.drop_batch();
            return Ok(None);
        };
        let pulled = pulled?;
        if pulled.batch.is_empty() {
            standing.share = Share::default();
            return Ok(None);
        }
        Ok(Some(pulled))
    }

    async fn pull(&self, after: u64, max: usize) -> Result<Pulled, PortError> {
        let batch = self.engine.parts.bus.pull(&self.spec, after, max, PULL_WAIT).await?;
        Ok(Pulled { is_full: batch.len() >= max, batch })
    }

    /// Decides a batch; gives a sequence that is committed by now, as `known` was before.
    async fn process(&self, batch: &[Delivered], known: u64) -> Result<u64, PortError> {
        let Self { engine, spec, .. } = self;
        let span = info_span!("process_batch", service = engine.service(), consumer = spec.durable);
        let mut deciding = Deciding::new(engine, &*self.processor, &spec.durable, batch);
        deciding.known = known;
        self.pulse.beat();
        while deciding.part().instrument(span.clone()).await? {
            self.pulse.beat();
        }
        let Deciding { known, outcome, .. } = deciding;
        info!(
            service = engine.service(),
            consumer = spec.durable,
            messages = batch.len(),
            decided = outcome.decided,
            doubles = outcome.doubles,
            dead = outcome.dead,
            "batch processed"
        );
        Ok(known)
    }
}

/// How far the service's database has come with a consumer.
struct Stored<'a> {
    store: &'a dyn Store,
    consumer: &'a str,
}

#[async_trait]
impl Checkpoint for Stored<'_> {
    async fn read(&self) -> Result<u64, PortError> {
        Ok(self.store.checkpoint(self.consumer).await?.unwrap_or(0))
    }

    async fn lower(&self, sequence: u64) -> Result<(), PortError> {
        self.store.lower_checkpoint(self.consumer, sequence).await
    }
}
