//! What may have been missed is read again by the service that it concerns.

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::catalog::v1::StartProductSyncRequest;
use lockstep_contracts::operations::v1::{GetJobRequest, JobState, ListJobsRequest};
use lockstep_contracts::orders::v1::SweepOrdersRequest;
use lockstep_contracts::stock::v1::ReadLevelsRequest;
use lockstep_contracts::time::to_proto;
use lockstep_domain::StoreId;
use lockstep_ports::PortError;
use tracing::{info, warn};

use super::known::{self, Holes, Part};
use crate::asking::hear;
use crate::service::Console;

const ORDER_SYNC: &str = "order-sync";
const PRODUCT_SYNC: &str = "product-sync";
const STOCK_SYNC: &str = "stock-sync";
/// Who asks for a run after a hole.
const AFTER_A_HOLE: &str = "Lockstep, for webhooks that were missed";
/// After a run that failed or was cancelled another one waits so long.
const REST: SignedDuration = SignedDuration::from_hours(1);

/// Has every hole of a store read; what nobody takes on stays.
pub(crate) async fn holes(console: &Console, store: &StoreId) -> Result<(), PortError> {
    let Some(known) = known::load(console, store).await? else { return Ok(()) };
    for part in Part::ALL {
        let Some(since) = known.holes.since(part) else { continue };
        let is_taken_on = match part {
            Part::Orders => orders(console, store, Some(since)).await,
            Part::Products => products(console, store, &known.holes).await?,
            Part::Levels => levels(console, store).await,
        };
        if is_taken_on {
            info!(store.id = %store, ?part, %since, "what may have been missed is read");
            change(console, store, |holes| holes.close(part, since)).await?;
        }
    }
    Ok(())
}

async fn change(
    console: &Console,
    store: &StoreId,
    change: impl Fn(&mut Holes),
) -> Result<(), PortError> {
    known::change(console, store, |known| {
        let mut known = known?;
        change(&mut known.holes);
        Some(known)
    })
    .await?;
    Ok(())
}

/// Asks that the orders be read that changed since a moment, or since they were read last.
pub(crate) async fn orders(console: &Console, store: &StoreId, since: Option<Timestamp>) -> bool {
    let request = SweepOrdersRequest { store: store.to_string(), since: since.map(to_proto) };
    let subject = SweepOrdersRequest::subject();
    hear(&*console.parts.ask, ORDER_SYNC, subject, &request).await.answer().is_some()
}

/// Has a run of "sync products" read what was missed, where people use it: a store that was linked
/// by hand alone is not linked by a machine. The hole stays until that run is done. True when there
/// is nothing to be read.
async fn products(console: &Console, store: &StoreId, holes: &Holes) -> Result<bool, PortError> {
    if let Some(job) = holes.run() {
        follow(console, store, job).await?;
        return Ok(false);
    }
    let now = console.parts.clock.now();
    if holes.rests(now, REST) {
        return Ok(false);
    }
    match has_run(console, store).await {
        None => return Ok(false),
        Some(false) => return Ok(true),
        Some(true) => {}
    }
    if let Some(job) = begin(console, store).await {
        info!(store.id = %store, job, "a run reads what may have been missed of products");
        let opened = holes.opened();
        change(console, store, |holes| holes.read_by(job.clone(), opened)).await?;
    }
    Ok(false)
}

/// What became of a run that reads what was missed; one that is on or paused is waited for.
async fn follow(console: &Console, store: &StoreId, job: &str) -> Result<(), PortError> {
    let request = GetJobRequest { id: job.to_owned() };
    let subject = GetJobRequest::subject(PRODUCT_SYNC);
    let heard = hear(&*console.parts.ask, PRODUCT_SYNC, subject, &request).await;
    let Some(answer) = heard.answer() else { return Ok(()) };
    match answer.job.map(|job| job.state()) {
        Some(JobState::Running | JobState::Paused) => Ok(()),
        Some(JobState::Done) => {
            info!(store.id = %store, job, "what may have been missed of products is read");
            change(console, store, |holes| holes.is_read_by(job)).await
        }
        Some(JobState::Failed | JobState::Cancelled | JobState::Unspecified) | None => {
            warn!(store.id = %store, job, "what was missed of products is read by another run");
            let until = console.parts.clock.now().checked_add(REST).unwrap_or(Timestamp::MAX);
            change(console, store, |holes| holes.is_unread_by(job, until)).await
        }
    }
}

/// Whether people use "sync products" in a store; nothing while nobody can say.
async fn has_run(console: &Console, store: &StoreId) -> Option<bool> {
    let request = ListJobsRequest { store: store.to_string(), limit: 1 };
    let subject = ListJobsRequest::subject(PRODUCT_SYNC);
    let heard = hear(&*console.parts.ask, PRODUCT_SYNC, subject, &request).await;
    heard.answer().map(|answer| !answer.jobs.is_empty())
}

/// Begins a run; gives its job. One that is on may have passed what was missed, so another follows
/// it; one that is refused reads nothing.
async fn begin(console: &Console, store: &StoreId) -> Option<String> {
    let request =
        StartProductSyncRequest { store: store.to_string(), requested_by: AFTER_A_HOLE.to_owned() };
    let subject = StartProductSyncRequest::subject();
    let answer = hear(&*console.parts.ask, PRODUCT_SYNC, subject, &request).await.answer()?;
    let is_begun = answer.code.is_empty() && !answer.already_running;
    answer.job.filter(|_| is_begun).map(|job| job.id)
}

/// Asks that every linked level be read.
async fn levels(console: &Console, store: &StoreId) -> bool {
    let request = ReadLevelsRequest { store: store.to_string() };
    let subject = ReadLevelsRequest::subject();
    hear(&*console.parts.ask, STOCK_SYNC, subject, &request).await.answer().is_some()
}
