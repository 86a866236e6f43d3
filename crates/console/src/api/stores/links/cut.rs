//! `DELETE /stores/{id}/links/{variant_id}`: cuts every link of a variant.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::catalog::v1::LinkWish;

use super::{LinkChanged, variant, wish_one};
use crate::extract::{PathParts, QueryParts};
use crate::problem::Problem;
use crate::service::Shared;

/// Cutting what is not linked is `unchanged`.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    mut query: QueryParts,
) -> Result<Json<LinkChanged>, Problem> {
    let store = path.store()?;
    let dry_run = query.flag("dry_run")?;
    query.finish()?;
    let variant_id = variant(path.text("variant"))?.get();
    console.registry.store(&store).await?;
    let wish = LinkWish { variant_id, ..LinkWish::default() };
    wish_one(&console, &store, wish, dry_run).await
}
