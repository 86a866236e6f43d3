//! `POST /jobs/{id}/cancel`: ends a job; what it did stays.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::operations::v1::JobAction;

use super::{OneJob, control};
use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;

/// The job's service decides.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<OneJob>, Problem> {
    control(&console, path.text("job"), JobAction::Cancel).await
}
