//! The lane of a store: the steps of its run, one at a time.
//!
//! Each step is an effect: what it reads is sent for, and what was read is concluded in one
//! transaction that also names the next step. So a process may die anywhere, and the run goes on
//! from the last step that was concluded. All steps only read; the same one again does no harm, and
//! of two answers to one step the first stands.

mod context;
mod known;
mod linking;
mod reading;
mod seeing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_domain::catalog::{Job, JobCommand, JobState, Stage, StoreSyncCommand, Tally};
use lockstep_ports::{
    AggregateKey, Ask, Clock, EffectRow, EffectState, ShopifyAdmin, Store, Timer,
};
use lockstep_runtime::{Aggregate, LaneWorker, Recovery, Sent, Stop, Work};
use tracing::{error, info};

use crate::aggregates::{JobKind, RulesKind, StoreSyncKind};
use context::{Context, Does};

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
        for timer in due {
            let timer = work.timer(&timer.lane, &timer.key)?;
            work.set_timer(Timer { due_at: None, ..timer });
        }
        let (Some(id), Some(JobState::Running)) = (running, job.state) else { return Ok(()) };
        if offices.is_empty() {
            let reason = "the store has no back office that owns stock or products".to_owned();
            let fail = JobCommand::Fail { reason, at: work.now() };
            work.execute::<JobKind>(id.as_str(), &fail)?
                .map_err(|e| Stop::Poison(e.to_string()))?;
            return end_where_over(work, &store, id.as_str());
        }
        let effect = context::effect(work, &store, (&id, &job), &offices)?;
        work.open_effect(effect);
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
        reading::send(self, &store, effect, &context).await.unwrap_or_else(|sent| sent)
    }

    /// Reads alone: each may be made again.
    fn recover(&self, _: &EffectRow, _: Timestamp) -> Recovery {
        Recovery::Resend
    }

    fn conclude(
        &self,
        effect: &EffectRow,
        sent: &Sent,
        work: &mut Work<'_>,
    ) -> Result<EffectState, Stop> {
        let store = store_of(&effect.lane)?;
        let context = Context::read(effect).map_err(Stop::Poison)?;
        let id = context.job.as_str();
        work.want(&[JobKind::key(id), StoreSyncKind::key(store.as_str())])?;
        let job = work.state::<JobKind>(id)?.clone();
        if !job.is_on() || job.step != context.step {
            return Ok(EffectState::Closed);
        }
        let command = match sent {
            Sent::Answered(answer) => {
                let (next, tally) = step(work, &store, (&job, &context), answer)?;
                let forecast = reading::forecast(&context.does, answer);
                let (step, at) = (context.step, work.now());
                JobCommand::Advance { step, forecast, next, tally, at }
            }
            Sent::NotApplied { reason, .. } | Sent::Unknown(reason) => {
                JobCommand::Wait { reason: reason.clone() }
            }
            Sent::Refused(reason) => {
                error!(code = "LS1001", %store, job = id, reason, "a sync of products failed");
                JobCommand::Fail { reason: reason.clone(), at: work.now() }
            }
        };
        work.execute::<JobKind>(id, &command)?.map_err(|e| Stop::Poison(e.to_string()))?;
        let wait = match sent {
            Sent::NotApplied { wait, .. } => *wait,
            Sent::Unknown(_) => AWAY_WAIT,
            Sent::Answered(_) | Sent::Refused(_) => Duration::ZERO,
        };
        if work.state::<JobKind>(id)?.state == Some(JobState::Running) {
            let due = later(work.now(), wait);
            again(work, &store, due)?;
        }
        end_where_over(work, &store, id)?;
        Ok(EffectState::Closed)
    }
}

/// What an answer changes; gives the next step and what came of this one.
fn step(
    work: &mut Work<'_>,
    store: &StoreId,
    (job, context): (&Job, &Context),
    answer: &serde_json::Value,
) -> Result<(Option<Stage>, Tally), Stop> {
    match &context.does {
        Does::Count => {
            let first = Stage::Read { above: None, after: None, pages: 0 };
            Ok((Some(first), Tally::default()))
        }
        Does::Page { above, pages, .. } => {
            let page = reading::page(answer)?;
            let next = seeing::next(*above, *pages, &page);
            Ok((Some(next), seeing::see(work, store, job, page)?))
        }
        Does::Scan { stage } => {
            let ids = reading::ids(answer)?;
            let tally = match stage {
                Stage::Sweep { .. } => seeing::sweep(work, store, job.run, &ids)?,
                Stage::BySku { .. } => linking::by_sku(work, store, job.run, &ids)?,
                Stage::ByBarcode { .. } => linking::by_barcode(work, store, job.run, &ids)?,
                Stage::Count | Stage::Read { .. } => Tally::default(),
            };
            Ok((context::after(stage, &ids), tally))
        }
    }
}

/// The next step is due at a moment.
pub(crate) fn again(work: &mut Work<'_>, store: &StoreId, due: Timestamp) -> Result<(), Stop> {
    let trace = work.traceparent();
    let timer = work.timer(store.as_str(), SYNC)?;
    work.set_timer(Timer { due_at: Some(due), trace, ..timer });
    Ok(())
}

/// A run that has ended makes room for another.
fn end_where_over(work: &mut Work<'_>, store: &StoreId, id: &str) -> Result<(), Stop> {
    let job = work.state::<JobKind>(id)?.clone();
    let running = work.state::<StoreSyncKind>(store.as_str())?.running.clone();
    let Some(running) = running.filter(|running| running.as_str() == id && !job.is_on()) else {
        return Ok(());
    };
    info!(%store, job = id, conflicts = job.tally.conflicts(), "a sync of products ended");
    let end = StoreSyncCommand::End { job: running };
    work.execute::<StoreSyncKind>(store.as_str(), &end)?.map_err(never)?;
    Ok(())
}

fn store_of(lane: &str) -> Result<StoreId, Stop> {
    StoreId::try_new(lane).map_err(|e| Stop::Poison(format!("store: {e}")))
}

fn later(at: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or_default();
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// What cannot happen.
pub(crate) fn never(error: std::convert::Infallible) -> Stop {
    match error {}
}
