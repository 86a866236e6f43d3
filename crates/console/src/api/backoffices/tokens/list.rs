//! `GET /backoffices/{id}/tokens`, without their secrets.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::backoffice::v1::ListTokensRequest;
use serde::Serialize;

use super::OWNER;
use crate::asking::ask;
use crate::extract::PathParts;
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::moment;

#[derive(Serialize)]
pub struct Tokens {
    tokens: Vec<Token>,
}

#[derive(Serialize)]
struct Token {
    token_id: String,
    label: String,
    issued_at: Option<String>,
    last_used_at: Option<String>,
}

/// At most 200, as the gateway gives them.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<Tokens>, Problem> {
    let id = path.backoffice()?;
    console.registry.backoffice(&id).await?;
    let request = ListTokensRequest { backoffice: id.to_string() };
    let subject = ListTokensRequest::subject();
    let found = ask(&*console.parts.ask, OWNER, subject, &request).await?;
    let tokens = found.tokens.into_iter().map(|token| Token {
        issued_at: moment(token.issued_at.as_ref()),
        last_used_at: moment(token.last_used_at.as_ref()),
        token_id: token.token_id,
        label: token.label,
    });
    Ok(Json(Tokens { tokens: tokens.collect() }))
}
