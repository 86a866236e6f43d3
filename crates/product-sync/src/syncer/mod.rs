//! The lane of a store: the steps of its run, one at a time.
//!
//! Each step is an effect: what it reads is sent for, and what was read is concluded in one
//! transaction that also names the next step. So a process may die anywhere, and the run goes on
//! from the last step that was concluded. Steps that only read may be made again, and of two
//! answers to one step the first stands. The one step that Shopify keeps, the request for a file,
//! carries a name: without an answer it is looked for before another one is sent (ADR 0020).

mod air;
mod context;
mod files;
mod known;
mod linking;
mod reading;
mod seeing;
mod stopping;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::catalog::{
    Bulk, BulkFrom, Found, Job, JobCommand, JobState, Stage, StoreSyncCommand, Tally,
};
use lockstep_domain::{BulkOperationId, StoreId};
use lockstep_ports::{
    AggregateKey, Ask, Clock, EffectRow, EffectState, ShopifyAdmin, ShopifyFiles, Store, Timer,
};
use lockstep_runtime::{Aggregate, LaneWorker, Recovery, Sent, Stop, Work};
use tracing::{error, info};

use crate::aggregates::{JobKind, RulesKind, StoreSyncKind};
use context::{Context, Does};
pub use files::Addresses;
use stopping::Wanted;
pub(crate) use stopping::with as stop_writing;

/// Key of the timer in a store's lane.
pub const SYNC: &str = "products_sync";
/// What certainly failed on its way is done again after this.
const AWAY_WAIT: Duration = Duration::from_secs(2);

/// What the steps read with.
pub struct Syncer {
    /// Shopify.
    pub shopify: Arc<dyn ShopifyAdmin>,
    /// stock-sync.
    pub ask: Arc<dyn Ask>,
    /// The service's own database.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Shopify's files.
    pub files: Arc<dyn ShopifyFiles>,
    /// From how many variants on a file is asked for.
    pub bulk_from: BulkFrom,
    /// Where the files stand that are being read.
    pub addresses: Addresses,
}

#[async_trait]
impl LaneWorker for Syncer {
    fn keys(&self, lane: &str, _: &[Timer]) -> Vec<AggregateKey> {
        vec![StoreSyncKind::key(lane)]
    }

    fn plan(&self, lane: &str, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop> {
        let store = store_of(lane)?;
        let running = work.state::<StoreSyncKind>(lane)?.running.clone();
        let job = match &running {
            Some(id) => work.state::<JobKind>(id.as_str())?.clone(),
            None => Job::default(),
        };
        let offices = work.peek::<RulesKind>(lane)?.offices.clone();
        work.want_timers(due.iter().map(|t| (t.lane.clone(), t.key.clone())).collect())?;
        let mut is_due = false;
        for timer in due {
            let timer = work.timer(&timer.lane, &timer.key)?;
            match stopping::of(&timer) {
                Some(wanted) => stopping::plan(work, &store, wanted)?,
                None => is_due = true,
            }
            // That a step is in the air is known until it is concluded.
            let note = if timer.key == SYNC { timer.note.clone() } else { String::new() };
            work.set_timer(Timer { due_at: None, note, ..timer });
        }
        let (Some(id), Some(JobState::Running)) = (running, job.state) else { return Ok(()) };
        if !is_due {
            return Ok(());
        }
        if offices.is_empty() {
            let reason = "the store has no back office that owns stock or products".to_owned();
            let fail = JobCommand::Fail { reason, at: work.now() };
            work.execute::<JobKind>(id.as_str(), &fail)?
                .map_err(|e| Stop::Poison(e.to_string()))?;
            return end_where_over(work, &store, id.as_str());
        }
        if air::begin(work, &store, (&id, job.step))? {
            let effect = context::effect(work, &store, (&id, &job), &offices)?;
            work.open_effect(effect);
        }
        Ok(())
    }

    async fn send(&self, effect: &EffectRow) -> Sent {
        let context = match Context::read(effect) {
            Ok(context) => context,
            Err(reason) => return Sent::Refused(reason),
        };
        let Ok(store) = StoreId::try_new(effect.lane.as_str()) else {
            return Sent::Refused(format!("{} is not a store", effect.lane));
        };
        let sent = reading::send(self, &store, effect, &context).await;
        let sent = sent.unwrap_or_else(|sent| sent);
        files::log(&store, &context, &sent);
        sent
    }

    /// What only reads may be made again, and so may a stop. A request for a file is looked for.
    fn recover(&self, effect: &EffectRow, _: Timestamp) -> Recovery {
        match Context::read(effect) {
            Ok(Context { does: Does::File { step: Bulk::Ask { .. }, .. }, .. }) => {
                Recovery::Conclude
            }
            _ => Recovery::Resend,
        }
    }

    fn conclude(
        &self,
        effect: &EffectRow,
        sent: &Sent,
        work: &mut Work<'_>,
    ) -> Result<EffectState, Stop> {
        let store = store_of(&effect.lane)?;
        let context = Context::read(effect).map_err(Stop::Poison)?;
        if let Does::Stop { operation, tries } = &context.does {
            let wanted = Wanted { job: context.job, operation: *operation, tries: *tries };
            stopping::conclude(work, &store, wanted, sent)?;
            return Ok(EffectState::Closed);
        }
        let id = context.job.as_str();
        work.want(&[JobKind::key(id), StoreSyncKind::key(store.as_str())])?;
        let job = work.state::<JobKind>(id)?.clone();
        let outcome = match &context.does {
            Does::File { step, .. } => {
                let sent = (sent, effect.created_at);
                self.file_step(work, &store, (&job, &context, step), sent)?
            }
            _ => None,
        };
        let of = (&context.job, context.step);
        if !job.is_on() || job.step != context.step {
            air::land(work, &store, of)?;
            return Ok(EffectState::Closed);
        }
        let outcome = match outcome {
            Some(outcome) => outcome,
            None => outcome_of(work, &store, (&job, &context), sent)?,
        };
        let is_hurried = air::land(work, &store, of)?;
        let command = &outcome.command;
        work.execute::<JobKind>(id, command)?.map_err(|e| Stop::Poison(e.to_string()))?;
        let job = work.state::<JobKind>(id)?;
        if job.state == Some(JobState::Running) {
            let wait = match sent {
                // Whoever hurries fills no bucket and opens no store.
                Sent::NotApplied { wait, .. } if is_hurried => least_wait(&job.stage).max(*wait),
                _ if is_hurried => least_wait(&job.stage),
                _ => outcome.wait,
            };
            let due = later(work.now(), wait);
            again(work, &store, due)?;
        }
        if let Some(operation) = outcome.cancel {
            stopping::soon(work, &store, &context.job, operation)?;
        }
        end_where_over(work, &store, id)?;
        Ok(EffectState::Closed)
    }
}

/// What an outcome means for the run.
struct Outcome {
    command: JobCommand,
    /// Until the next step.
    wait: Duration,
    /// What Shopify need not write any more.
    cancel: Option<BulkOperationId>,
}

impl Syncer {
    /// What a step of Shopify's file means; nothing where it is as with every other step.
    fn file_step(
        &self,
        work: &mut Work<'_>,
        store: &StoreId,
        (job, context, step): (&Job, &Context, &Bulk),
        (sent, decided_at): (&Sent, Timestamp),
    ) -> Result<Option<Outcome>, Stop> {
        let Some(read) = files::found(step, sent)? else { return Ok(None) };
        if !job.is_on() || job.step != context.step {
            // The run ended or went on meanwhile: nobody reads what Shopify writes for this step.
            if let (Bulk::Ask { .. } | Bulk::Find { .. }, Found::Started { operation }) =
                (step, &read.found)
            {
                stopping::soon(work, store, &context.job, *operation)?;
            }
            return Ok(None);
        }
        let now = work.now();
        let tally = match step.is_old(now) {
            true => Tally::default(),
            false => seeing::see(work, store, job.run, read.variants)?,
        };
        let next = step.next(&read.found, decided_at, now);
        let wait = match &next.stage {
            Stage::File { step } => Duration::try_from(step.wait()).unwrap_or_default(),
            _ => Duration::ZERO,
        };
        if !matches!(next.stage, Stage::File { step: Bulk::Read { .. } }) {
            self.addresses.forget(store);
        }
        let (step, stage, at) = (context.step, Some(next.stage), work.now());
        let command = JobCommand::Advance { step, forecast: None, next: stage, tally, at };
        Ok(Some(Outcome { command, wait, cancel: next.cancel }))
    }
}

/// What an outcome of any other step means.
fn outcome_of(
    work: &mut Work<'_>,
    store: &StoreId,
    (job, context): (&Job, &Context),
    sent: &Sent,
) -> Result<Outcome, Stop> {
    let command = match sent {
        Sent::Answered(answer) => step(work, store, (job, context), answer)?,
        Sent::NotApplied { reason, .. } | Sent::Unknown(reason) => {
            JobCommand::Wait { reason: reason.clone() }
        }
        Sent::Refused(reason) => {
            let job = context.job.as_str();
            error!(code = "LS1001", %store, job, reason, "a sync of products failed");
            JobCommand::Fail { reason: reason.clone(), at: work.now() }
        }
    };
    let wait = match sent {
        Sent::NotApplied { wait, .. } => *wait,
        Sent::Unknown(_) => AWAY_WAIT,
        Sent::Answered(_) | Sent::Refused(_) => Duration::ZERO,
    };
    Ok(Outcome { command, wait, cancel: None })
}

/// What an answer changes, and the next step.
fn step(
    work: &mut Work<'_>,
    store: &StoreId,
    (job, context): (&Job, &Context),
    answer: &serde_json::Value,
) -> Result<JobCommand, Stop> {
    let mut forecast = None;
    let (next, tally) = match &context.does {
        Does::Count => {
            let counted = reading::counted(answer)?;
            forecast = Some(counted.forecast());
            (Some(counted.first), Tally::default())
        }
        Does::Page { above, pages, .. } => {
            let page = reading::page(answer)?;
            let next = seeing::next(*above, *pages, &page);
            (Some(next), seeing::see(work, store, job.run, page.variants)?)
        }
        Does::Scan { stage } => {
            let ids = reading::ids(answer)?;
            let tally = match stage {
                Stage::Sweep { .. } => seeing::sweep(work, store, job.run, &ids)?,
                Stage::BySku { .. } => linking::by_sku(work, store, job.run, &ids)?,
                Stage::ByBarcode { .. } => linking::by_barcode(work, store, job.run, &ids)?,
                Stage::Count | Stage::Read { .. } | Stage::File { .. } => Tally::default(),
            };
            (context::after(stage, &ids), tally)
        }
        Does::File { .. } | Does::Stop { .. } => {
            return Err(Stop::Poison("a step of a file has no such answer".to_owned()));
        }
    };
    Ok(JobCommand::Advance { step: context.step, forecast, next, tally, at: work.now() })
}

/// The next step is due at a moment, or before where somebody said so while a step was in the air.
pub(crate) fn again(work: &mut Work<'_>, store: &StoreId, due: Timestamp) -> Result<(), Stop> {
    let trace = work.traceparent();
    let timer = work.timer(store.as_str(), SYNC)?;
    let due_at = Some(timer.due_at.map_or(due, |known| known.min(due)));
    work.set_timer(Timer { due_at, trace, ..timer });
    Ok(())
}

/// How long a step waits at least, whoever wants the run to go on: a request that nobody answered
/// may still be on its way, and counts for lost only after readings that are apart.
pub(crate) fn least_wait(stage: &Stage) -> Duration {
    match stage {
        Stage::File { step: step @ Bulk::Find { .. } } => {
            Duration::try_from(step.wait()).unwrap_or_default()
        }
        _ => Duration::ZERO,
    }
}

/// A run that has ended makes room for another.
fn end_where_over(work: &mut Work<'_>, store: &StoreId, id: &str) -> Result<(), Stop> {
    let job = work.state::<JobKind>(id)?.clone();
    let running = work.state::<StoreSyncKind>(store.as_str())?.running.clone();
    let Some(running) = running.filter(|running| running.as_str() == id && !job.is_on()) else {
        return Ok(());
    };
    info!(%store, job = id, conflicts = job.tally.conflicts(), "a sync of products ended");
    stopping::with(work, store, (&running, &job))?;
    let end = StoreSyncCommand::End { job: running };
    work.execute::<StoreSyncKind>(store.as_str(), &end)?.map_err(never)?;
    Ok(())
}

fn store_of(lane: &str) -> Result<StoreId, Stop> {
    StoreId::try_new(lane).map_err(|e| Stop::Poison(format!("store: {e}")))
}

pub(crate) fn later(at: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or_default();
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// What cannot happen.
pub(crate) fn never(error: std::convert::Infallible) -> Stop {
    match error {}
}
