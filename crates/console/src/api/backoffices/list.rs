//! `GET /backoffices`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::extract::QueryParts;
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::settings::BackOfficeView;

#[derive(Serialize)]
pub struct Page {
    backoffices: Vec<BackOfficeView>,
    next: Option<String>,
}

/// A page of back offices, by id.
pub async fn handler(State(console): Shared, mut query: QueryParts) -> Result<Json<Page>, Problem> {
    let after = query.text("after").unwrap_or_default();
    let limit = query.limit(200, 500)?;
    query.finish()?;
    let mut found = console.registry.backoffices().await?;
    found.retain(|stored| stored.value.id > after);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|stored| stored.value.id.clone());
    let found = found.into_iter().map(|stored| BackOfficeView::new(stored, Vec::new()));
    Ok(Json(Page { backoffices: found.collect(), next }))
}
