//! `PUT /stores/{id}/links/{variant_id}`: links a variant to a SKU by hand.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::catalog::v1::LinkWish;
use lockstep_domain::{BackOfficeId, Sku};

use super::{LinkChanged, variant, wish_one};
use crate::body::JsonBody;
use crate::extract::{PathParts, QueryParts};
use crate::fields;
use crate::problem::Problem;
use crate::service::Shared;

/// Linking what is linked so is `unchanged`.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    mut query: QueryParts,
    JsonBody(mut body): JsonBody,
) -> Result<Json<LinkChanged>, Problem> {
    let store = path.store()?;
    let dry_run = query.flag("dry_run")?;
    query.finish()?;
    let backoffice: BackOfficeId =
        body.need("backoffice", "name the back office that stocks it", fields::parsed)?;
    let sku: Sku = body.need("sku", "give the back office's code of it", fields::parsed)?;
    body.finish()?;
    let variant_id = variant(path.text("variant"))?.get();
    console.registry.store(&store).await?;
    let (backoffice, sku) = (backoffice.to_string(), sku.to_string());
    wish_one(&console, &store, LinkWish { variant_id, backoffice, sku }, dry_run).await
}
