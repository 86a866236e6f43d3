//! `POST /backoffices/{id}/tokens`: makes a bearer token, shown this once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use lockstep_contracts::backoffice::v1::IssueTokenRequest;
use serde::Serialize;
use tracing::info;

use super::OWNER;
use crate::asking::ask;
use crate::body::JsonBody;
use crate::extract::PathParts;
use crate::fields;
use crate::idempotency::IdempotencyKey;
use crate::problem::Problem;
use crate::service::Shared;

/// Characters of a label.
const LABEL_CHARS_MAX: usize = 100;

#[derive(Serialize)]
pub struct Issued {
    token_id: String,
    token: String,
    label: String,
}

/// The `Idempotency-Key` becomes the request's id at the gateway: one key makes one token.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    key: IdempotencyKey,
    JsonBody(mut fields): JsonBody,
) -> Result<(StatusCode, Json<Issued>), Problem> {
    let id = path.backoffice()?;
    let keyed = key.request(&fields);
    let label = fields.take("label", fields::short_text(LABEL_CHARS_MAX))?;
    fields.finish()?;
    let label = label.value().unwrap_or_default();
    console.registry.backoffice(&id).await?;
    let request_id = match &keyed {
        None => console.parts.ids.next_id().to_string(),
        Some(keyed) => {
            keyed.note(&console, id.as_str()).await?;
            keyed.key().to_owned()
        }
    };
    let request =
        IssueTokenRequest { backoffice: id.to_string(), label: label.clone(), request_id };
    let subject = IssueTokenRequest::subject();
    let made = ask(&*console.parts.ask, OWNER, subject, &request).await?;
    info!(backoffice.id = %id, token.id = made.token_id, "token issued");
    let issued = Issued { token_id: made.token_id, token: made.token, label };
    Ok((StatusCode::CREATED, Json(issued)))
}
