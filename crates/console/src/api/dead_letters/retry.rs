//! `POST /dead-letters/{id}/retry`: decides the message again, in one transaction with closing
//! the letter.

use axum::Json;
use axum::extract::State;

use super::{Closed, close};
use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;

/// The letter's service decides.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<Closed>, Problem> {
    close(&console, path.text("letter"), true).await
}
