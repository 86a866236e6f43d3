//! `POST /stores/{id}/webhooks/repair`: makes the subscriptions that are missing.

use axum::Json;
use axum::extract::State;

use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;
use crate::webhooks::{self, Repaired};

/// Repairing what is whole changes nothing.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<Repaired>, Problem> {
    let id = path.store()?;
    console.registry.store(&id).await?;
    Ok(Json(webhooks::repair(console.shop(&id), &console.webhook_uri).await?))
}
