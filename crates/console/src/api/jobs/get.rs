//! `GET /jobs/{id}`: forecast, progress and result of a job.

use axum::Json;
use axum::extract::State;

use super::{OneJob, find};
use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::job::JobView;

/// Ended jobs are shown, too.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<OneJob>, Problem> {
    let (job, _) = find(&console, path.text("job")).await?;
    Ok(Json(OneJob { job: JobView::new(job) }))
}
