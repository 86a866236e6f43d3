//! Runs of "sync products" as people see and steer them.

use lockstep_contracts::catalog::v1::{StartProductSyncRequest, StartProductSyncResponse};
use lockstep_contracts::operations::v1 as proto;
use lockstep_contracts::operations::v1::{
    ControlJobRequest, ControlJobResponse, GetJobRequest, GetJobResponse, JobAction,
    ListJobsRequest, ListJobsResponse,
};
use lockstep_contracts::time::to_proto;
use lockstep_domain::catalog::{Bulk, Job, JobCommand, JobState, Stage, StoreSyncCommand, Tally};
use lockstep_domain::{JobId, StoreId};
use lockstep_ports::{ErrorKind, PortError, Timer};
use lockstep_runtime::{Directory, Engine, EngineError, Origin, Stop, Work, telemetry};

use crate::aggregates::{JobKind, RulesKind, StoreSyncKind};
use crate::service::SERVICE;
use crate::syncer::{SYNC, again, later, least_wait, never, stop_writing};

/// What the jobs of this service do.
const KIND: &str = "products_sync";
/// Jobs on one page.
const PAGE_MAX: u32 = 100;
/// Longest name of whoever asks, in characters.
const NAME_MAX: usize = 255;

/// Begins a run, or gives the one that is on.
pub async fn start_product_sync(
    engine: &Engine,
    directory: &Directory,
    request: &StartProductSyncRequest,
) -> Result<StartProductSyncResponse, PortError> {
    let refused = |code: &str, message: String, fix: &str| StartProductSyncResponse {
        code: code.to_owned(),
        message,
        fix: fix.to_owned(),
        ..StartProductSyncResponse::default()
    };
    let known = StoreId::try_new(request.store.as_str()).ok();
    let Some(store) = known.filter(|store| directory.stores.contains_key(store.as_str())) else {
        let shown: String = request.store.chars().take(80).collect();
        let fix = "GET /api/v1/stores lists the stores";
        return Ok(refused("UNKNOWN_STORE", format!("there is no store {shown:?}"), fix));
    };
    let requested_by = name(&request.requested_by);
    // The decision may be taken again with more loaded, and then it needs the same id.
    let mut fresh = None;
    let begun = engine
        .transact(origin("start", &store), &[], |work| {
            let id = *fresh.get_or_insert_with(|| work.next_id());
            let id =
                JobId::try_new(id.to_string()).map_err(|e| Stop::Poison(format!("job: {e}")))?;
            begin(work, &store, id, &requested_by)
        })
        .await
        .map_err(port_error)?;
    Ok(match begun {
        Some((id, job, already_running)) => StartProductSyncResponse {
            job: Some(shown(&id, &job)),
            already_running,
            ..StartProductSyncResponse::default()
        },
        None => refused(
            "NO_BACKOFFICE",
            format!("no back office of {store} owns stock or products"),
            "give a back office of the store the role stock or catalog",
        ),
    })
}

/// The run that is on afterwards, and whether it was before; nothing without a back office.
fn begin(
    work: &mut Work<'_>,
    store: &StoreId,
    id: JobId,
    requested_by: &str,
) -> Result<Option<(JobId, Job, bool)>, Stop> {
    let sync = work.state::<StoreSyncKind>(store.as_str())?.clone();
    if let Some(running) = sync.running {
        let job = work.state::<JobKind>(running.as_str())?.clone();
        return Ok(Some((running, job, true)));
    }
    if work.peek::<RulesKind>(store.as_str())?.offices.is_empty() {
        return Ok(None);
    }
    let begin = StoreSyncCommand::Begin { job: id.clone() };
    work.execute::<StoreSyncKind>(store.as_str(), &begin)?.map_err(never)?;
    let start = JobCommand::Start {
        store: store.clone(),
        run: sync.run.saturating_add(1),
        requested_by: requested_by.to_owned(),
        at: work.now(),
    };
    work.execute::<JobKind>(id.as_str(), &start)?.map_err(|e| Stop::Poison(e.to_string()))?;
    let job = work.state::<JobKind>(id.as_str())?.clone();
    let timer = work.timer(store.as_str(), SYNC)?;
    let (due_at, trace) = (Some(work.now()), work.traceparent());
    work.set_timer(Timer { due_at, trace, ..timer });
    Ok(Some((id, job, false)))
}

/// One job.
pub async fn get_job(
    engine: &Engine,
    request: &GetJobRequest,
) -> Result<GetJobResponse, PortError> {
    let Ok(id) = JobId::try_new(request.id.as_str()) else { return Ok(GetJobResponse::default()) };
    let job = engine.read::<JobKind>(id.as_str()).await?;
    Ok(GetJobResponse { job: job.map(|job| shown(&id, &job)) })
}

/// The jobs of a store, newest first.
pub async fn list_jobs(
    engine: &Engine,
    request: &ListJobsRequest,
) -> Result<ListJobsResponse, PortError> {
    let Ok(store) = StoreId::try_new(request.store.as_str()) else {
        return Ok(ListJobsResponse::default());
    };
    let sync = engine.read::<StoreSyncKind>(store.as_str()).await?.unwrap_or_default();
    let mut jobs = Vec::new();
    for id in sync.jobs.iter().take(request.limit.clamp(1, PAGE_MAX) as usize) {
        if let Some(job) = engine.read::<JobKind>(id.as_str()).await? {
            jobs.push(shown(id, &job));
        }
    }
    Ok(ListJobsResponse { jobs })
}

/// Pauses, resumes or ends a job.
pub async fn control_job(
    engine: &Engine,
    request: &ControlJobRequest,
) -> Result<ControlJobResponse, PortError> {
    let Ok(id) = JobId::try_new(request.id.as_str()) else {
        return Ok(ControlJobResponse::default());
    };
    let known = engine.read::<JobKind>(id.as_str()).await?.and_then(|job| job.store);
    let Some(store) = known else { return Ok(ControlJobResponse::default()) };
    let requested_by = name(&request.requested_by);
    let action = JobAction::try_from(request.action).unwrap_or_default();
    let decided = engine.transact(origin("control", &store), &[], |work| {
        let (requested_by, at) = (requested_by.clone(), work.now());
        let wish = match action {
            JobAction::Unspecified => {
                return Err(Stop::Poison("say what is wanted of the job".to_owned()));
            }
            JobAction::Pause => JobCommand::Pause { requested_by },
            JobAction::Resume => JobCommand::Resume { requested_by },
            JobAction::Cancel => JobCommand::Cancel { requested_by, at },
        };
        let sync = work.state::<StoreSyncKind>(store.as_str())?.running.clone();
        let decided = work.execute::<JobKind>(id.as_str(), &wish)?;
        // One that was going on has its next step in the air or due already.
        let is_new = decided.as_ref().is_ok_and(|events| !events.is_empty());
        let refusal = decided.err().map(|ended| ended.to_string()).unwrap_or_default();
        let job = work.state::<JobKind>(id.as_str())?.clone();
        if refusal.is_empty() && sync.as_ref() == Some(&id) {
            match action {
                JobAction::Resume if is_new => {
                    again(work, &store, later(at, least_wait(&job.stage)))?;
                }
                JobAction::Cancel => {
                    stop_writing(work, &store, (&id, &job))?;
                    let end = StoreSyncCommand::End { job: id.clone() };
                    work.execute::<StoreSyncKind>(store.as_str(), &end)?.map_err(never)?;
                }
                JobAction::Resume | JobAction::Pause | JobAction::Unspecified => {}
            }
        }
        Ok((job, refusal))
    });
    let (job, refusal) = decided.await.map_err(port_error)?;
    Ok(ControlJobResponse { job: Some(shown(&id, &job)), refusal })
}

fn name(requested_by: &str) -> String {
    match requested_by.trim() {
        "" => "somebody".to_owned(),
        name => name.chars().take(NAME_MAX).collect(),
    }
}

fn origin(what: &str, store: &StoreId) -> Origin {
    Origin::new(format!("products_sync:{what}:{store}"), telemetry::current_context())
}

fn port_error(error: EngineError) -> PortError {
    match error {
        EngineError::Port(e) => e,
        other => PortError::plain(ErrorKind::Permanent, other.chain()),
    }
}

fn shown(id: &JobId, job: &Job) -> proto::Job {
    let state = match job.state {
        None => proto::JobState::Unspecified,
        Some(JobState::Running) => proto::JobState::Running,
        Some(JobState::Paused) => proto::JobState::Paused,
        Some(JobState::Done) => proto::JobState::Done,
        Some(JobState::Cancelled) => proto::JobState::Cancelled,
        Some(JobState::Failed) => proto::JobState::Failed,
    };
    proto::Job {
        id: id.to_string(),
        service: SERVICE.to_owned(),
        kind: KIND.to_owned(),
        store: job.store.as_ref().map(ToString::to_string).unwrap_or_default(),
        state: state.into(),
        forecast: job.forecast.map(|f| proto::JobForecast {
            items: f.items,
            calls: f.calls,
            points: f.points,
            seconds: f.seconds,
        }),
        done: job.tally.read,
        result: result(&job.tally),
        message: message(job),
        requested_by: job.requested_by.clone(),
        started_at: job.started_at.map(to_proto),
        ended_at: job.ended_at.map(to_proto),
    }
}

fn result(tally: &Tally) -> Vec<proto::JobCount> {
    let count = |name: &str, value| proto::JobCount { name: name.to_owned(), value };
    let mut counts = vec![
        count("linked_by_sku", tally.linked_by_sku),
        count("linked_by_barcode", tally.linked_by_barcode),
        count("linked_before", tally.linked_before),
        count("conflicts", tally.conflicts()),
        count("conflicts_closed", tally.closed),
        count("gone", tally.gone),
    ];
    let of_kind = tally.conflicts.iter();
    counts.extend(of_kind.map(|(kind, n)| count(&format!("conflicts_{}", kind.as_str()), *n)));
    counts
}

/// What it is doing, or why it ended.
fn message(job: &Job) -> String {
    let doing = match &job.stage {
        Stage::Count => "counting the variants".to_owned(),
        Stage::Read { .. } => "reading the variants".to_owned(),
        Stage::File { step } => of_file(step),
        Stage::Sweep { .. } => "forgetting variants that are gone".to_owned(),
        Stage::BySku { .. } => "linking by SKU".to_owned(),
        Stage::ByBarcode { .. } => "linking by barcode and listing conflicts".to_owned(),
    };
    match job.state {
        Some(JobState::Running) if job.reason.is_empty() => doing,
        Some(JobState::Running) => format!("{doing}; waits: {}", job.reason),
        Some(JobState::Paused) => format!("paused while {doing}"),
        Some(JobState::Done) => match job.tally.conflicts() {
            0 => "done; every variant is linked".to_owned(),
            1 => "done; 1 variant is for a person to decide".to_owned(),
            n => format!("done; {n} variants are for a person to decide"),
        },
        _ => job.reason.clone(),
    }
}

/// Where it stands with Shopify's file.
fn of_file(step: &Bulk) -> String {
    match step {
        Bulk::Ask { busy: 0, .. } => "asking Shopify for a file of all variants".to_owned(),
        Bulk::Ask { busy, .. } => {
            format!("waiting while Shopify writes other files (asked {busy} times)")
        }
        Bulk::Find { .. } => "looking whether Shopify writes the file of all variants".to_owned(),
        Bulk::Wait { objects: 0, .. } => "waiting for Shopify's file of all variants".to_owned(),
        Bulk::Wait { objects, .. } => {
            format!("waiting for Shopify's file of all variants ({objects} written so far)")
        }
        Bulk::Read { progress, .. } if progress.part => {
            format!("reading what Shopify wrote of its file ({} lines)", progress.lines)
        }
        Bulk::Read { progress, .. } => {
            format!("reading Shopify's file of all variants ({} lines)", progress.lines)
        }
        Bulk::Prove { .. } => "comparing a part of Shopify's file with its count".to_owned(),
    }
}
