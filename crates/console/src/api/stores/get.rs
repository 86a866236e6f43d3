//! `GET /stores/{id}`.

use axum::Json;
use axum::extract::State;

use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::settings::StoreView;

/// One store.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<StoreView>, Problem> {
    let stored = console.registry.store(&path.store()?).await?;
    Ok(Json(StoreView::new(stored)))
}
