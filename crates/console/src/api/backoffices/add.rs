//! `POST /backoffices`: adds a back office.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lockstep_contracts::settings::v1::BackOfficeSettings;
use lockstep_domain::BackOfficeId;
use serde_json::Value;
use tracing::info;

use crate::api::REPLAYED;
use crate::body::JsonBody;
use crate::fields;
use crate::idempotency::{IdempotencyKey, KeyedRequest};
use crate::problem::{Code, Problem};
use crate::registry::backoffice_key;
use crate::service::{Console, Shared};
use crate::settings::backoffice::{self, BackOfficeChange, KIND};
use crate::view::settings::BackOfficeView;

/// A repetition under its `Idempotency-Key` answers with the back office as it is.
pub async fn handler(
    State(console): Shared,
    key: IdempotencyKey,
    JsonBody(mut fields): JsonBody,
) -> Result<Response, Problem> {
    let keyed = key.request(&fields);
    let id: BackOfficeId = fields.need("id", "choose a short id, e.g. wms", fields::parsed)?;
    fields.take("kind", kind)?;
    let change = BackOfficeChange::read(&mut fields)?;
    fields.finish()?;
    if let Some(answer) = repeated(&console, keyed.as_ref()).await? {
        return Ok(answer);
    }
    if console.registry.any_backoffice(&id).await?.is_some() {
        return Err(exists(&id));
    }
    if let Some(keyed) = &keyed {
        keyed.note(&console, id.as_str()).await?;
    }
    let key = backoffice_key(&id);
    let made = console
        .registry
        .change(&key, |present: Option<&BackOfficeSettings>| {
            if present.is_some() {
                return Err(exists(&id));
            }
            let mut made = backoffice::new(&id);
            change.clone().apply(&mut made);
            Ok(made)
        })
        .await;
    let stored = match made {
        Ok(stored) => stored,
        // Two requests under one key at once: the later one is answered with what the first made.
        Err(refused) => {
            return repeated(&console, keyed.as_ref()).await?.ok_or(refused);
        }
    };
    info!(backoffice.id = %id, "back office added");
    let pending = console.pending(&key, stored.revision).await;
    Ok((StatusCode::CREATED, Json(BackOfficeView::new(stored, pending))).into_response())
}

/// The back office that the same request made under its key, as it is now.
async fn repeated(
    console: &Console,
    keyed: Option<&KeyedRequest>,
) -> Result<Option<Response>, Problem> {
    let Some(keyed) = keyed else { return Ok(None) };
    let Some(made) = keyed.made(console).await? else { return Ok(None) };
    let Ok(id) = BackOfficeId::try_new(made) else { return Ok(None) };
    let Some(stored) = console.registry.any_backoffice(&id).await? else { return Ok(None) };
    let pending = console.pending(&backoffice_key(&id), stored.revision).await;
    Ok(Some((REPLAYED, Json(BackOfficeView::new(stored, pending))).into_response()))
}

fn kind(path: &str, value: Value) -> Result<(), Problem> {
    fields::one_of(&[(KIND, 0)])(path, value).map(drop)
}

fn exists(id: &BackOfficeId) -> Problem {
    let detail = format!("there is a back office {id}");
    let fix = format!("choose another id, or change it: PATCH /api/v1/backoffices/{id}");
    Problem::new(Code::BackOfficeExists, "id", detail, fix)
}
