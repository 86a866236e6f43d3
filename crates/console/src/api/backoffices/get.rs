//! `GET /backoffices/{id}`.

use axum::Json;
use axum::extract::State;

use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::settings::BackOfficeView;

/// One back office.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
) -> Result<Json<BackOfficeView>, Problem> {
    let stored = console.registry.backoffice(&path.backoffice()?).await?;
    Ok(Json(BackOfficeView::new(stored, Vec::new())))
}
