//! Jobs as the API shows them.

use std::collections::BTreeMap;

use lockstep_contracts::operations::v1::{Job, JobState};
use serde::Serialize;

use super::moment;

/// Long work.
#[derive(Serialize)]
pub struct JobView {
    id: String,
    service: String,
    kind: String,
    store: String,
    state: &'static str,
    forecast: Option<ForecastView>,
    done: u64,
    result: BTreeMap<String, u64>,
    message: String,
    requested_by: String,
    started_at: Option<String>,
    ended_at: Option<String>,
}

#[derive(Serialize)]
struct ForecastView {
    items: u64,
    calls: u64,
    points: u64,
    seconds: u64,
}

impl JobView {
    /// A job as its service tells it.
    pub fn new(job: Job) -> Self {
        Self {
            state: state(job.state()),
            forecast: job.forecast.map(|forecast| ForecastView {
                items: forecast.items,
                calls: forecast.calls,
                points: forecast.points,
                seconds: forecast.seconds,
            }),
            result: job.result.into_iter().map(|count| (count.name, count.value)).collect(),
            started_at: moment(job.started_at.as_ref()),
            ended_at: moment(job.ended_at.as_ref()),
            id: job.id,
            service: job.service,
            kind: job.kind,
            store: job.store,
            done: job.done,
            message: job.message,
            requested_by: job.requested_by,
        }
    }
}

/// Name of a state. One that this version does not know is none that a caller waits for.
const fn state(state: JobState) -> &'static str {
    match state {
        JobState::Running => "running",
        JobState::Paused => "paused",
        JobState::Done => "done",
        JobState::Cancelled => "cancelled",
        JobState::Failed => "failed",
        JobState::Unspecified => "unknown",
    }
}
