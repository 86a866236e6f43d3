//! `GET /stores`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::extract::QueryParts;
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::settings::StoreView;

#[derive(Serialize)]
pub struct Page {
    stores: Vec<StoreView>,
    next: Option<String>,
}

/// A page of stores, by id.
pub async fn handler(State(console): Shared, mut query: QueryParts) -> Result<Json<Page>, Problem> {
    let after = query.text("after").unwrap_or_default();
    let limit = query.limit(200, 500)?;
    query.finish()?;
    let mut stores = console.registry.stores().await?;
    stores.retain(|stored| stored.value.id > after);
    let more = stores.len() > limit;
    stores.truncate(limit);
    let next = stores.last().filter(|_| more).map(|stored| stored.value.id.clone());
    Ok(Json(Page { stores: stores.into_iter().map(StoreView::new).collect(), next }))
}
