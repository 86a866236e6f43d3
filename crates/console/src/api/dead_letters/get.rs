//! `GET /dead-letters/{id}`: one letter, open or closed.

use axum::Json;
use axum::extract::State;

use super::find;
use super::shown::Letter;
use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;

/// Its service is asked for this one letter.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<Letter>, Problem> {
    Ok(Json(find(&console, path.text("letter")).await?.into()))
}
