//! `GET /stores/{id}/jobs`: the long work that was done for a store, newest first.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use futures_util::future::join_all;
use lockstep_contracts::operations::v1::ListJobsRequest;
use serde::Serialize;

use crate::api::jobs::OWNERS;
use crate::asking::hear;
use crate::extract::{PathParts, QueryParts};
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::job::JobView;

/// Jobs of one answer.
const JOBS_MAX: usize = 100;

#[derive(Serialize)]
pub struct Jobs {
    jobs: Vec<JobView>,
    silent: Vec<String>,
}

/// Newest first; a service that is silent, or that cannot be understood, is named.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    mut query: QueryParts,
) -> Result<Json<Jobs>, Problem> {
    let store = path.store()?;
    let limit = query.limit(20, JOBS_MAX)?;
    query.finish()?;
    console.registry.store(&store).await?;
    let request = ListJobsRequest {
        store: store.to_string(),
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    let asked = OWNERS.iter().map(|service| {
        hear(&*console.parts.ask, service, ListJobsRequest::subject(service), &request)
    });
    let (mut jobs, mut silent) = (Vec::new(), Vec::new());
    for (heard, service) in join_all(asked).await.into_iter().zip(OWNERS) {
        match heard.answer() {
            Some(answer) => jobs.extend(answer.jobs),
            None => silent.push(service.to_owned()),
        }
    }
    jobs.sort_by_key(|job| Reverse(job.started_at.as_ref().map(|at| (at.seconds, at.nanos))));
    jobs.truncate(limit);
    Ok(Json(Jobs { jobs: jobs.into_iter().map(JobView::new).collect(), silent }))
}
