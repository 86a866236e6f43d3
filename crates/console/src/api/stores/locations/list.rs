//! `GET /stores/{id}/locations`: every location of Shopify with its mapping.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::LocationView;
use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;

#[derive(Serialize)]
pub struct Locations {
    locations: Vec<LocationView>,
}

/// In Shopify's order; what is mapped and gone stands at the end.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<Locations>, Problem> {
    let id = path.store()?;
    let mut mapped = console.registry.store(&id).await?.value.locations;
    let mut locations = Vec::new();
    for location in console.shop(&id).locations().await? {
        let position = mapped.iter().position(|one| one.location_id == location.id.get());
        let mapping = position.map(|position| mapped.remove(position));
        locations.push(LocationView::new(&location, mapping));
    }
    locations.extend(mapped.into_iter().map(LocationView::gone));
    Ok(Json(Locations { locations }))
}
