//! What a service does with messages: a batch becomes one transaction; poison leaves as a dead
//! letter. [`crate::consumer`] pulls the batches.

use std::collections::HashSet;

use async_trait::async_trait;
use lockstep_contracts::operations::v1::Finding;
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::{Event, Stream};
use lockstep_ports::{AggregateKey, ConsumerSpec, Delivered, ErrorKind, OutboxRow, PortError, Tx};
use tracing::{Instrument, error};

use crate::aggregate::Evolver;
use crate::dead_letters;
use crate::directory::{Directory, SettingsChange};
use crate::engine::{Engine, EngineError};
use crate::inbound::Inbound;
use crate::retry::Retry;
use crate::telemetry;
use crate::work::{Stop, Work};

/// What a service does with messages and settings. Pure: everything goes through [`Work`], and only
/// what an operator asks for is read beside it.
#[async_trait]
pub trait Processor: Send + Sync + 'static {
    /// The durable consumers that it needs: one per store, or per back office.
    fn consumers(&self, directory: &Directory) -> Vec<ConsumerSpec>;

    /// Aggregates that the message surely needs; the rest is loaded when asked for.
    fn keys(&self, message: &Inbound) -> Vec<AggregateKey>;

    /// Aggregates that stand behind those of [`Processor::keys`], of all messages of a batch; asked
    /// when these are loaded. They are loaded together, before the first message is decided, so
    /// that two batches lock them in one order. A hint as well: it may look, and changes nothing.
    fn behind(
        &self,
        messages: &[&Inbound],
        work: &mut Work<'_>,
    ) -> Result<Vec<AggregateKey>, Stop> {
        let _ = (messages, work);
        Ok(Vec::new())
    }

    /// Decides one message. Doubles were removed before.
    fn apply(&self, message: &Inbound, work: &mut Work<'_>) -> Result<(), Stop>;

    /// Adopts a store's or back office's settings into the service's own log. An older revision
    /// than the adopted one must change nothing.
    fn adopt(&self, change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop>;

    /// One per kind of aggregate, for the rebuild.
    fn evolvers(&self) -> Vec<Box<dyn Evolver>>;

    /// What an operator wants to know of this service, beside what every service tells.
    async fn examine(&self, _: &Engine) -> Result<Vec<Finding>, PortError> {
        Ok(Vec::new())
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchOutcome {
    /// Messages decided.
    pub decided: usize,
    /// Messages known from before.
    pub doubles: usize,
    /// Messages that became dead letters.
    pub dead: usize,
}

impl BatchOutcome {
    fn plus(self, other: Self) -> Self {
        Self {
            decided: self.decided + other.decided,
            doubles: self.doubles + other.doubles,
            dead: self.dead + other.dead,
        }
    }
}

/// Decides a batch in one transaction. A batch that fails for its content is halved until the
/// culprit stands alone, and that one becomes a dead letter.
pub async fn process_batch(
    engine: &Engine,
    processor: &dyn Processor,
    consumer: &str,
    batch: &[Delivered],
) -> Result<BatchOutcome, PortError> {
    let mut deciding = Deciding::new(engine, processor, consumer, batch);
    while deciding.part().await? {}
    Ok(deciding.outcome)
}

/// A batch that is decided part by part: whole, or in halves since something in it fails.
pub(crate) struct Deciding<'b> {
    engine: &'b Engine,
    processor: &'b dyn Processor,
    consumer: &'b str,
    /// Depth-first halves, the earlier half first.
    waiting: Vec<&'b [Delivered]>,
    races: u32,
    /// A sequence that this process saw committed. A database that stands below is an older copy:
    /// what lies between was acknowledged, and comes again only when nothing is committed beyond.
    pub known: u64,
    /// What has become of it so far.
    pub outcome: BatchOutcome,
    /// Whether something in it fails, so that it is decided in parts.
    pub is_halved: bool,
}

impl<'b> Deciding<'b> {
    pub fn new(
        engine: &'b Engine,
        processor: &'b dyn Processor,
        consumer: &'b str,
        batch: &'b [Delivered],
    ) -> Self {
        let (waiting, outcome) = (vec![batch], BatchOutcome::default());
        Self { engine, processor, consumer, waiting, races: 0, known: 0, outcome, is_halved: false }
    }

    /// Decides the next part; false when there is none.
    pub async fn part(&mut self) -> Result<bool, PortError> {
        let Some(part) = self.waiting.pop() else { return Ok(false) };
        match self.try_part(part).await {
            Ok((one, rows)) => {
                self.outcome = self.outcome.plus(one);
                self.has_committed(part, rows).await;
            }
            Err(e) if e.kind == ErrorKind::Conflict => {
                self.races += 1;
                self.waiting.push(part);
                self.engine.back_off(Retry::RACE, self.races).await;
            }
            Err(e) if e.kind == ErrorKind::Permanent => match part {
                [] => {}
                [culprit] => {
                    let rows = self.bury(culprit, &e.chain()).await?;
                    self.outcome.dead += 1;
                    self.has_committed(part, rows).await;
                }
                many => {
                    self.is_halved = true;
                    let (first, second) = many.split_at(many.len() / 2);
                    self.waiting.push(second);
                    self.waiting.push(first);
                }
            },
            Err(e) => return Err(e),
        }
        Ok(true)
    }

    async fn has_committed(&mut self, part: &[Delivered], rows: Vec<OutboxRow>) {
        self.known = self.known.max(last_of(part));
        self.engine.publish(rows).await;
    }

    /// Stores how far the consumer has come, as the last thing before a commit.
    async fn advance(&self, tx: &mut dyn Tx, part: &[Delivered]) -> Result<(), PortError> {
        let before = tx.set_checkpoint(self.consumer, last_of(part)).await?;
        if before >= self.known {
            return Ok(());
        }
        let (consumer, known) = (self.consumer, self.known);
        Err(older_copy(consumer, before, known))
    }

    async fn try_part(
        &self,
        batch: &[Delivered],
    ) -> Result<(BatchOutcome, Vec<OutboxRow>), PortError> {
        let Self { engine, processor, .. } = *self;
        let mut session = engine.begin().await.map_err(port_error)?;
        let mut outcome = BatchOutcome::default();
        let mut letters = Vec::new();
        let (readable, unreadable) = open_envelopes(batch);
        let ids: Vec<_> =
            readable.iter().map(|(d, m)| (inbox_id(d, Some(m)), Vec::new())).collect();
        let seen = session.tx.inbox(&ids, session.work.now()).await?;
        let fresh: Vec<_> =
            readable.iter().zip(&seen).filter(|(_, s)| s.is_none()).map(|(m, _)| m).collect();
        outcome.doubles = batch.len() - unreadable.len() - fresh.len();
        for (delivered, reason) in unreadable {
            let id = [(inbox_id(delivered, None), Vec::new())];
            if session.tx.inbox(&id, session.work.now()).await? == [None] {
                letters.push(dead_letters::letter(engine, delivered, None, reason)?);
            } else {
                outcome.doubles += 1;
            }
        }
        let keys: Vec<_> = fresh.iter().flat_map(|(_, m)| processor.keys(m)).collect();
        session.load(&keys).await.map_err(port_error)?;
        let messages: Vec<_> = fresh.iter().map(|(_, message)| message).collect();
        let behind = session.run(|work| processor.behind(&messages, work)).await;
        session.load(&behind.map_err(port_error)?).await.map_err(port_error)?;
        let is_exporting = telemetry::current_context().is_some();
        for (delivered, message) in fresh {
            let span = telemetry::consume_span(engine.service(), message, is_exporting);
            let trace = telemetry::context_of(&span).or_else(|| message.metadata.trace.clone());
            session.work.set_cause(&message.metadata.id, trace);
            let decided = session.run(|work| processor.apply(message, work)).instrument(span).await;
            match decided {
                Ok(()) => match session.work.take_refused() {
                    None => outcome.decided += 1,
                    Some(reason) => {
                        letters.push(dead_letters::letter(
                            engine,
                            delivered,
                            Some(message),
                            reason,
                        )?);
                    }
                },
                Err(EngineError::Poison(reason)) => {
                    letters.push(dead_letters::letter(engine, delivered, Some(message), reason)?);
                }
                Err(e) => return Err(port_error(e)),
            }
        }
        outcome.dead = letters.len();
        dead_letters::open(&mut session, &letters).await?;
        self.advance(&mut *session.tx, batch).await?;
        let rows = session.commit().await.map_err(port_error)?;
        Ok((outcome, rows))
    }

    async fn bury(&self, culprit: &Delivered, reason: &str) -> Result<Vec<OutboxRow>, PortError> {
        let Self { engine, consumer, .. } = *self;
        error!(
            consumer,
            stream = culprit.stream.name(),
            sequence = culprit.sequence,
            reason,
            "message becomes a dead letter"
        );
        let message = Inbound::try_new(culprit).ok();
        let letter = dead_letters::letter(engine, culprit, message.as_ref(), reason.to_owned())?;
        let mut session = engine.begin().await.map_err(port_error)?;
        let id = [(inbox_id(culprit, message.as_ref()), Vec::new())];
        // Known by now: another replica has decided it.
        if session.tx.inbox(&id, session.work.now()).await? == [None] {
            dead_letters::open(&mut session, &[letter]).await?;
        }
        self.advance(&mut *session.tx, std::slice::from_ref(culprit)).await?;
        session.commit().await.map_err(port_error)
    }
}

fn last_of(messages: &[Delivered]) -> u64 {
    messages.iter().map(|message| message.sequence).max().unwrap_or(0)
}

/// The database stands before what this process saw committed.
pub(crate) fn older_copy(consumer: &str, stored: u64, known: u64) -> PortError {
    let what = format!(
        "the database is an older copy: it holds {consumer} up to {stored}, and {known} was \
         committed; what is missing is asked for again"
    );
    PortError::plain(ErrorKind::Transient, what)
}

/// Ids are unique per stream: a back office chooses its own and must not meet a webhook's. What
/// cannot be read is known by its place.
fn inbox_id(delivered: &Delivered, message: Option<&Inbound>) -> String {
    match message {
        Some(message) => format!("{}/{}", delivered.stream.name(), message.metadata.id),
        None => format!("{}/#{}", delivered.stream.name(), delivered.sequence),
    }
}

type Opened<'b> = (Vec<(&'b Delivered, Inbound)>, Vec<(&'b Delivered, String)>);

/// Reads envelopes; of several messages with one id the first stays.
fn open_envelopes(batch: &[Delivered]) -> Opened<'_> {
    let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
    let mut ids = HashSet::new();
    for delivered in batch {
        match Inbound::try_new(delivered) {
            Ok(message) => {
                if ids.insert(message.metadata.id.clone()) {
                    readable.push((delivered, message));
                }
            }
            Err(reason) => unreadable.push((delivered, reason)),
        }
    }
    (readable, unreadable)
}

pub(crate) fn port_error(e: EngineError) -> PortError {
    match e {
        EngineError::Port(e) => e,
        other => PortError::plain(ErrorKind::Permanent, other.chain()),
    }
}

/// A consumer of everything that one store's Shopify says.
pub fn webhook_consumer(service: &str, store: &str, topics: &[&str]) -> ConsumerSpec {
    let filters = topics
        .iter()
        .map(|topic| WebhookReceived::filter(Some(store), Some(topic)).into())
        .collect();
    let durable = format!("{service}-shopify-{store}");
    ConsumerSpec { stream: WebhookReceived::STREAM, durable, filters }
}

/// A consumer of everything in a stream that tells of one store or back office.
pub fn scope_consumer(service: &str, stream: Stream, scope: &str) -> ConsumerSpec {
    let durable = format!("{service}-{}-{scope}", stream.name().to_lowercase());
    ConsumerSpec { stream, durable, filters: vec![stream.filter_scope(scope).into()] }
}
