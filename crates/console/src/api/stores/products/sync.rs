//! `POST /stores/{id}/products/sync`: links variants to SKUs, as a job.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lockstep_contracts::catalog::v1::StartProductSyncRequest;
use tracing::info;

use crate::api::jobs::OneJob;
use crate::asking::ask;
use crate::body::JsonBody;
use crate::extract::PathParts;
use crate::problem::{Code, Problem};
use crate::registry::ADMINISTRATOR;
use crate::service::Shared;
use crate::view::job::JobView;

/// The service that does it.
const OWNER: &str = "product-sync";

/// 202 for a job that begins; 200 with the one that runs already, so that repeating the request
/// does nothing twice.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<OneJob>), Problem> {
    let store = path.store()?;
    body.finish()?;
    console.registry.store(&store).await?;
    let request = StartProductSyncRequest {
        store: store.to_string(),
        requested_by: ADMINISTRATOR.to_owned(),
    };
    let subject = StartProductSyncRequest::subject();
    let answer = ask(&*console.parts.ask, OWNER, subject, &request).await?;
    let Some(job) = answer.job.filter(|_| answer.code.is_empty()) else {
        return Err(Problem::new(Code::PassedOn(answer.code), "", answer.message, answer.fix));
    };
    if answer.already_running {
        return Ok((StatusCode::OK, Json(OneJob { job: JobView::new(job) })));
    }
    info!(store.id = %store, job.id = job.id, "product sync started");
    Ok((StatusCode::ACCEPTED, Json(OneJob { job: JobView::new(job) })))
}
