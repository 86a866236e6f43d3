//! `POST /backoffices`: adds a back office.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use lockstep_contracts::settings::v1::BackOfficeSettings;
use lockstep_domain::BackOfficeId;
use serde_json::Value;
use tracing::info;

use crate::api::{REPLAYED, has_key};
use crate::body::JsonBody;
use crate::fields;
use crate::problem::{Code, Problem};
use crate::registry::backoffice_key;
use crate::service::Shared;
use crate::settings::backoffice::{self, BackOfficeChange, KIND};
use crate::view::settings::BackOfficeView;

/// A repetition under an `Idempotency-Key` answers with the back office as it is.
pub async fn handler(
    State(console): Shared,
    headers: HeaderMap,
    JsonBody(mut fields): JsonBody,
) -> Result<Response, Problem> {
    let id: BackOfficeId = fields.need("id", "choose a short id, e.g. wms", fields::parsed)?;
    fields.take("kind", kind)?;
    let change = BackOfficeChange::read(&mut fields)?;
    fields.finish()?;
    let key = backoffice_key(&id);
    if let Some(stored) = console.registry.any_backoffice(&id).await? {
        if !has_key(&headers) {
            return Err(exists(&id));
        }
        let pending = console.pending(&key, stored.revision).await;
        return Ok((REPLAYED, Json(BackOfficeView::new(stored, pending))).into_response());
    }
    let stored = console
        .registry
        .change(&key, |present: Option<&BackOfficeSettings>| {
            if present.is_some() {
                return Err(exists(&id));
            }
            let mut made = backoffice::new(&id);
            change.clone().apply(&mut made);
            Ok(made)
        })
        .await?;
    info!(backoffice.id = %id, "back office added");
    let pending = console.pending(&key, stored.revision).await;
    Ok((StatusCode::CREATED, Json(BackOfficeView::new(stored, pending))).into_response())
}

fn kind(path: &str, value: Value) -> Result<(), Problem> {
    fields::one_of(&[(KIND, 0)])(path, value).map(drop)
}

fn exists(id: &BackOfficeId) -> Problem {
    let detail = format!("there is a back office {id}");
    let fix = format!("choose another id, or change it: PATCH /api/v1/backoffices/{id}");
    Problem::new(Code::BackOfficeExists, "id", detail, fix)
}
