//! `PATCH /backoffices/{id}`: merges settings; answers when every service has adopted them.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::settings::v1::BackOfficeSettings;
use tracing::info;

use crate::body::JsonBody;
use crate::extract::{PathParts, unknown_backoffice};
use crate::problem::Problem;
use crate::registry::backoffice_key;
use crate::service::Shared;
use crate::settings::backoffice::BackOfficeChange;
use crate::view::settings::BackOfficeView;

/// What is not named stays; `null` is the default.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    JsonBody(mut fields): JsonBody,
) -> Result<Json<BackOfficeView>, Problem> {
    let id = path.backoffice()?;
    let change = BackOfficeChange::read(&mut fields)?;
    fields.finish()?;
    let key = backoffice_key(&id);
    let stored = console
        .registry
        .change(&key, |present: Option<&BackOfficeSettings>| {
            let mut changed = present.ok_or_else(|| unknown_backoffice(id.as_str()))?.clone();
            change.clone().apply(&mut changed);
            Ok(changed)
        })
        .await?;
    info!(backoffice.id = %id, settings.revision = stored.revision, "back office changed");
    let pending = console.pending(&key, stored.revision).await;
    Ok(Json(BackOfficeView::new(stored, pending)))
}
