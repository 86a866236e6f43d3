//! `POST /dead-letters/{id}/dismiss`: closes the letter; its message is not decided.

use axum::Json;
use axum::extract::State;

use super::{Closed, close};
use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;

/// The letter's service decides.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<Closed>, Problem> {
    close(&console, path.text("letter"), false).await
}
