//! `DELETE /backoffices/{id}/tokens/{token_id}`: makes a token invalid within 5 s.

use axum::extract::State;
use axum::http::StatusCode;
use lockstep_contracts::backoffice::v1::RevokeTokenRequest;
use tracing::info;

use super::OWNER;
use crate::asking::ask;
use crate::extract::PathParts;
use crate::problem::{Code, Problem};
use crate::service::Shared;

/// A token that is not there is `UNKNOWN_TOKEN`.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<StatusCode, Problem> {
    let id = path.backoffice()?;
    console.registry.backoffice(&id).await?;
    let token_id = path.text("token").to_owned();
    let request = RevokeTokenRequest { backoffice: id.to_string(), token_id };
    let subject = RevokeTokenRequest::subject();
    let answer = ask(&*console.parts.ask, OWNER, subject, &request).await?;
    if !answer.revoked {
        let detail = format!("{id} has no token with this id");
        let fix = format!("GET /api/v1/backoffices/{id}/tokens lists them");
        return Err(Problem::new(Code::UnknownToken, "", detail, fix));
    }
    info!(backoffice.id = %id, token.id = request.token_id, "token revoked");
    Ok(StatusCode::NO_CONTENT)
}
