//! `POST /stores/{id}/webhooks/repair`: makes the subscriptions that are missing.

use axum::Json;
use axum::extract::State;

use crate::access::upkeep::mend_now;
use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;
use crate::webhooks::Repaired;

/// Repairing what is whole changes nothing; what was missed is read.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<Repaired>, Problem> {
    let id = path.store()?;
    console.registry.store(&id).await?;
    Ok(Json(mend_now(&console, &id).await?))
}
