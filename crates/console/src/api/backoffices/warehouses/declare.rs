//! `PUT /backoffices/{id}/warehouses/{code}`: declares a warehouse, or renames it.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::settings::v1::BackOfficeSettings;
use lockstep_domain::WarehouseCode;
use tracing::info;

use crate::body::JsonBody;
use crate::extract::{PathParts, unknown_backoffice};
use crate::fields;
use crate::problem::Problem;
use crate::registry::backoffice_key;
use crate::service::Shared;
use crate::settings::backoffice::{NAME_CHARS_MAX, declare};
use crate::view::settings::BackOfficeView;

/// Declaring what is declared changes nothing.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    JsonBody(mut fields): JsonBody,
) -> Result<Json<BackOfficeView>, Problem> {
    let id = path.backoffice()?;
    let name = fields.take("name", fields::short_text(NAME_CHARS_MAX))?;
    fields.finish()?;
    let text = path.text("code");
    let code = WarehouseCode::try_new(text).map_err(|broken| {
        let shown: String = text.chars().take(80).collect();
        Problem::validation("code", format!("{shown:?} is no code"), broken.to_string())
    })?;
    let key = backoffice_key(&id);
    let stored = console
        .registry
        .change(&key, |present: Option<&BackOfficeSettings>| {
            let mut changed = present.ok_or_else(|| unknown_backoffice(id.as_str()))?.clone();
            declare(&mut changed, &code, name.clone())?;
            Ok(changed)
        })
        .await?;
    info!(backoffice.id = %id, warehouse.code = %code, "warehouse declared");
    let pending = console.pending(&key, stored.revision).await;
    Ok(Json(BackOfficeView::new(stored, pending)))
}
