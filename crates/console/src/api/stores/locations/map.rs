//! `PUT /stores/{id}/locations/{location_id}`: which warehouses serve it.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::settings::v1::{BackOfficeSettings, StoreSettings};
use lockstep_domain::{BackOfficeId, LocationId, StoreId};
use serde::Serialize;
use tracing::info;

use super::LocationView;
use crate::body::JsonBody;
use crate::extract::{PathParts, unknown_store};
use crate::problem::{Code, Problem};
use crate::registry::store_key;
use crate::service::{Console, Shared};
use crate::settings::location::MappingChange;

#[derive(Serialize)]
pub struct Mapped {
    #[serde(flatten)]
    location: LocationView,
    revision: u64,
    pending: Vec<String>,
}

/// Replaces the mapping of one location; answers when every service has adopted it.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    JsonBody(fields): JsonBody,
) -> Result<Json<Mapped>, Problem> {
    let id = path.store()?;
    let change = MappingChange::read(fields)?;
    console.registry.store(&id).await?;
    let text = path.text("location");
    let location: LocationId = text.parse().map_err(|_| unknown_location(&id, text))?;
    let backoffices = named(&console, &change).await?;
    let known = console.shop(&id).locations().await?;
    let known = known.iter().find(|one| one.id == location);
    let known = known.ok_or_else(|| unknown_location(&id, text))?;
    let key = store_key(&id);
    let stored = console
        .registry
        .change(&key, |present: Option<&StoreSettings>| {
            let present = present.filter(|present| !present.deleted);
            let mut changed = present.ok_or_else(|| unknown_store(id.as_str()))?.clone();
            change.apply(&mut changed, location, &backoffices)?;
            Ok(changed)
        })
        .await?;
    info!(store.id = %id, location.id = %location, "location mapped");
    let pending = console.pending(&key, stored.revision).await;
    let mapping = stored.value.locations.into_iter();
    let mapping = mapping.into_iter().find(|one| one.location_id == location.get());
    let location = LocationView::new(known, mapping);
    Ok(Json(Mapped { location, revision: stored.revision, pending }))
}

/// The named back offices that exist. Warehouses are only ever added, so what is declared here is
/// still declared when the mapping is written.
async fn named(
    console: &Console,
    change: &MappingChange,
) -> Result<Vec<BackOfficeSettings>, Problem> {
    let mut found = Vec::new();
    for id in change.backoffices() {
        let Ok(id) = BackOfficeId::try_new(id) else { continue };
        found.extend(console.registry.any_backoffice(&id).await?.map(|stored| stored.value));
    }
    Ok(found)
}

fn unknown_location(store: &StoreId, text: &str) -> Problem {
    let shown: String = text.chars().take(80).collect();
    let detail = format!("the store has no location {shown}");
    let fix = format!("GET /api/v1/stores/{store}/locations lists them");
    Problem::new(Code::UnknownLocation, "", detail, fix)
}
