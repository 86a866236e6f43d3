//! `/jobs`: long work. Each service keeps its own; here they are shown and steered.

pub mod cancel;
pub mod get;
pub mod pause;
pub mod resume;

use axum::Json;
use futures_util::future::join_all;
use lockstep_contracts::operations::v1::{ControlJobRequest, GetJobRequest, Job, JobAction};
use serde::Serialize;
use tracing::info;

use crate::asking::{ask, hear, silent};
use crate::problem::{Code, Problem};
use crate::registry::ADMINISTRATOR;
use crate::service::Console;
use crate::view::job::JobView;

/// Services that have jobs.
pub const OWNERS: [&str; 1] = ["product-sync"];

/// A job, as every call answers it.
#[derive(Serialize)]
pub struct OneJob {
    /// The job.
    pub job: JobView,
}

/// The job with an id, and its service.
async fn find(console: &Console, id: &str) -> Result<(Job, &'static str), Problem> {
    let request = GetJobRequest { id: id.to_owned() };
    let asked = OWNERS.iter().map(|service| {
        hear(&*console.parts.ask, service, GetJobRequest::subject(service), &request)
    });
    let mut quiet = Vec::new();
    for (heard, service) in join_all(asked).await.into_iter().zip(OWNERS) {
        match heard.answer() {
            Some(answer) => {
                if let Some(job) = answer.job {
                    return Ok((job, service));
                }
            }
            None => quiet.push(service.to_owned()),
        }
    }
    if quiet.is_empty() { Err(unknown(id)) } else { Err(silent(&quiet)) }
}

/// Asks the job's service to pause, resume or end it. What is so already is no error.
async fn control(console: &Console, id: &str, action: JobAction) -> Result<Json<OneJob>, Problem> {
    let (_, service) = find(console, id).await?;
    let request = ControlJobRequest {
        id: id.to_owned(),
        action: action.into(),
        requested_by: ADMINISTRATOR.to_owned(),
    };
    let subject = ControlJobRequest::subject(service);
    let answer = ask(&*console.parts.ask, service, subject, &request).await?;
    if !answer.refusal.is_empty() {
        let fix = format!("GET /api/v1/jobs/{id} shows how it ended; start another if need be");
        return Err(Problem::new(Code::JobEnded, "", answer.refusal, fix));
    }
    let job = answer.job.ok_or_else(|| unknown(id))?;
    info!(job.id = id, service, ?action, "job steered");
    Ok(Json(OneJob { job: JobView::new(job) }))
}

fn unknown(id: &str) -> Problem {
    let shown: String = id.chars().take(80).collect();
    let fix = "GET /api/v1/stores/{id}/jobs lists those of a store";
    Problem::new(Code::UnknownJob, "", format!("there is no job {shown}"), fix)
}
