//! HTTP: the Admin API under `/{shop}/admin/api/`, the control API under `/_standin/`.

mod admin;
mod answer;
mod call;
pub mod control;
mod files;
mod listener;
mod oauth;
mod page;
mod strike;

pub use listener::{Fuse, FusedListener};

use crate::world::World;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use std::sync::Arc;

/// Requests above this size are refused.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Files above this size are refused.
const FILE_LIMIT: usize = 101 * 1024 * 1024;

/// All routes.
pub fn routes(world: Arc<World>) -> Router {
    Router::new()
        .route("/_standin/health", get(control::health))
        .route("/_standin/shops", get(control::shops).post(control::create))
        .route("/_standin/{shop}", get(control::snapshot).delete(control::delete))
        .route("/_standin/{shop}/act/{act}", post(control::act))
        .route("/_standin/{shop}/journal", get(control::journal))
        .route("/_standin/{shop}/violations", get(control::violations))
        .route(
            "/_standin/{shop}/faults",
            get(control::faults).post(control::add_fault).delete(control::clear_faults),
        )
        .route("/_standin/{shop}/settings", get(control::settings).post(control::set))
        .route("/_standin/{shop}/install", get(oauth::install))
        .route("/{shop}/bulk/{file}", get(files::fetch))
        .route("/{shop}/uploads", post(files::send).layer(DefaultBodyLimit::max(FILE_LIMIT)))
        .route("/{shop}/admin/oauth/authorize", get(oauth::ask).post(oauth::decide))
        .route("/{shop}/admin/oauth/access_token", post(oauth::token))
        .route("/{shop}/admin/api/{version}/graphql.json", post(admin::graphql))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(Arc::clone(&world), answer_what_is_kept))
        .with_state(world)
}

/// What could not be written into the state file is not answered.
async fn answer_what_is_kept(
    State(world): State<Arc<World>>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    if world.log.as_ref().is_some_and(|log| log.is_broken()) {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the state cannot be kept").into_response();
    }
    response
}
