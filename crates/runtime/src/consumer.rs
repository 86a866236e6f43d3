//! The one consumer loop: batches are pulled, decided and acknowledged, each in its turn.
//!
//! While a batch is decided the last one is acknowledged and, where more waits, the next one is
//! pulled. How many large batches a service holds is limited over all its consumers; one of which
//! nothing is known asks for a few messages only. Messages may come twice and in any order all the
//! same: the inbox and the checkpoint answer for that, whichever batch is committed first.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_ports::{Checkpoint, ConsumerSpec, Delivered, ErrorKind, PortError, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use crate::beside::{Beside, Pulled};
use crate::engine::Engine;
use crate::processor::{Deciding, Processor, older_copy};
use crate::pulse::Pulse;
use crate::retry::Retry;
use crate::share::{SHARE_MIN, Share, Turn};

/// How long a pull waits for the first message.
const PULL_WAIT: Duration = Duration::from_secs(5);
/// How long a stop waits for a pull: messages that the broker has sent arrive well within it.
const HAND_OVER: Duration = Duration::from_secs(1);

/// How long an acknowledgement may take: a broker that fell silent answers none.
const ACKNOWLEDGE_MAX: Duration = Duration::from_secs(10);

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
    /// Large batches that the service holds at once, over all its consumers: more than its turns.
    pub held: Arc<Semaphore>,
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
    /// Whether the last batch was as large as asked for, so that more waits.
    is_busy: bool,
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
                    beside.acknowledged().await;
                    self.has_acknowledged(&mut standing, &mut beside);
                    engine.back_off_within(shutdown, Retry::AWAY, failures).await;
                }
            }
        }
        beside.acknowledged().await;
        self.has_acknowledged(&mut standing, &mut beside);
    }

    /// An acknowledgement that failed harms nothing that was pulled: it means doubles. But the
    /// broker may have come back as an older copy, so it is looked at before the next pull.
    fn has_acknowledged(&self, standing: &mut Standing, beside: &mut Beside<'_>) {
        if let Some(e) = beside.failure() {
            warn!(consumer = self.spec.durable, error = e.chain(), "messages come again");
            standing.is_started = false;
        }
    }

    async fn turn<'c>(
        &'c self,
        standing: &mut Standing,
        beside: &mut Beside<'c>,
    ) -> Result<(), PortError> {
        self.has_acknowledged(standing, beside);
        let Some(Pulled { mut batch, is_full, held }) = self.next(standing, beside).await? else {
            return Ok(());
        };
        // The semaphore is fair: a busy store waits for its turn like every other. Those who work
        // meanwhile stamp for themselves.
        let turn = beside.through(self.pulse.through(self.turns.acquire())).await;
        let Ok(turn) = turn else { return Ok(()) };
        if is_full
            && standing.is_started
            && !self.shutdown.is_cancelled()
            && let Ok(ahead) = self.held.clone().try_acquire_owned()
        {
            let pull = self.pull(standing.after, standing.share.messages(), Some(ahead));
            beside.pull(pull);
        }
        let clock = self.engine.clock();
        let begun = clock.running();
        let decided = beside.through(self.process(&batch, standing.after, turn)).await?;
        let took = clock.running().saturating_sub(begun);
        standing.after = decided.known;
        standing.is_busy = is_full;
        standing.share.follow(Turn { is_full, took, ..decided.turn });
        for message in &mut batch {
            // What an acknowledgement does not need is not held until it has arrived.
            (message.headers, message.body) = <_>::default();
        }
        drop(held);
        beside.acknowledge(self.acknowledge(batch)).await;
        Ok(())
    }

    /// The next batch; `None` when there is nothing to decide.
    async fn next<'c>(
        &'c self,
        standing: &mut Standing,
        beside: &mut Beside<'c>,
    ) -> Result<Option<Pulled>, PortError> {
        if !beside.has_batch() && !self.begin(standing, beside).await? {
            return Ok(None);
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
            (standing.share, standing.is_busy) = (Share::default(), false);
            return Ok(None);
        }
        Ok(Some(pulled))
    }

    /// Begins to pull where nothing was pulled ahead; false at a stop.
    async fn begin<'c>(
        &'c self,
        standing: &mut Standing,
        beside: &mut Beside<'c>,
    ) -> Result<bool, PortError> {
        let Self { engine, spec, .. } = self;
        let checkpoint = Stored { store: &**engine.store(), consumer: &spec.durable };
        if !standing.is_started {
            // A restored database stands behind the broker, a restored broker behind the database.
            engine.parts.bus.rewind(spec, &checkpoint).await?;
            (standing.is_started, standing.after) = (true, 0);
        }
        let stored = checkpoint.read().await?;
        if stored < standing.after {
            return Err(older_copy(&spec.durable, stored, standing.after));
        }
        standing.after = stored;
        if !standing.is_busy {
            let few = standing.share.messages().min(SHARE_MIN);
            beside.pull(self.pull(stored, few, None));
            return Ok(true);
        }
        let leave = self.pulse.through(self.held.clone().acquire_owned());
        let leave = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => return Ok(false),
            leave = beside.through(leave) => leave,
        };
        beside.pull(self.pull(stored, standing.share.messages(), leave.ok()));
        Ok(true)
    }

    /// With a leave to hold a large batch it waits for nothing: others wait for that leave.
    async fn pull(
        &self,
        after: u64,
        max: usize,
        held: Option<OwnedSemaphorePermit>,
    ) -> Result<Pulled, PortError> {
        let wait = if held.is_some() { Duration::ZERO } else { PULL_WAIT };
        let batch = self.engine.parts.bus.pull(&self.spec, after, max, wait).await?;
        Ok(Pulled { is_full: batch.len() >= max, batch, held })
    }

    async fn acknowledge(&self, batch: Vec<Delivered>) -> Result<(), PortError> {
        let acknowledgement = self.engine.parts.bus.ack(&batch);
        let done = tokio::time::timeout(ACKNOWLEDGE_MAX, acknowledgement).await;
        done.unwrap_or_else(|_| {
            let what = format!("acknowledging {} messages: no answer", batch.len());
            Err(PortError::plain(ErrorKind::Transient, what))
        })
    }

    /// Decides a batch in this turn. One in which something fails is decided in parts, each in a
    /// turn of its own: one store's trouble never slows another.
    async fn process<'c>(
        &'c self,
        batch: &[Delivered],
        known: u64,
        turn: SemaphorePermit<'c>,
    ) -> Result<Decided, PortError> {
        let Self { engine, spec, .. } = self;
        let span = info_span!("process_batch", service = engine.service(), consumer = spec.durable);
        let mut deciding = Deciding::new(engine, &*self.processor, &spec.durable, batch);
        deciding.known = known;
        let mut turn = Some(turn);
        self.pulse.beat();
        while deciding.part().instrument(span.clone()).await? {
            self.pulse.beat();
            if deciding.is_halved {
                drop(turn.take());
                turn = self.pulse.through(self.turns.acquire()).await.ok();
            }
        }
        let Deciding { known, outcome, is_halved, .. } = deciding;
        info!(
            service = engine.service(),
            consumer = spec.durable,
            messages = batch.len(),
            decided = outcome.decided,
            doubles = outcome.doubles,
            dead = outcome.dead,
            "batch processed"
        );
        let (messages, doubles) = (batch.len(), outcome.doubles);
        Ok(Decided { known, turn: Turn { messages, doubles, is_halved, ..Turn::default() } })
    }
}

/// What became of a batch.
struct Decided {
    /// A sequence that is committed by now.
    known: u64,
    turn: Turn,
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
