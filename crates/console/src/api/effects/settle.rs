//! `POST /effects/{id}/settle`: a person says whether Shopify shows the write.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::stock::v1::{SettleEffectRequest, SettleOutcome, SettledAs};
use serde::Serialize;
use tracing::info;

use super::OWNER;
use crate::asking::ask;
use crate::body::JsonBody;
use crate::extract::PathParts;
use crate::fields;
use crate::problem::{Code, Problem};
use crate::registry::ADMINISTRATOR;
use crate::service::Shared;

#[derive(Serialize)]
pub struct Settled {
    id: String,
    applied: bool,
}

/// All lines of one write applied together or not at all, so that one word settles them.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    JsonBody(mut body): JsonBody,
) -> Result<Json<Settled>, Problem> {
    let fix = "say true when Shopify's history of the item shows the write, false when not";
    let applied = body.need("applied", fix, fields::flag)?;
    body.finish()?;
    let id = path.text("effect").to_owned();
    let said = if applied { SettledAs::Applied } else { SettledAs::NotApplied };
    let request = SettleEffectRequest {
        id: id.clone(),
        settled_as: said.into(),
        by: ADMINISTRATOR.to_owned(),
    };
    let subject = SettleEffectRequest::subject();
    let answer = ask(&*console.parts.ask, OWNER, subject, &request).await?;
    match answer.outcome() {
        SettleOutcome::Settled => {
            info!(effect.id = id, applied, "effect settled");
            Ok(Json(Settled { id, applied }))
        }
        SettleOutcome::StillRepeated => Err(Problem::new(
            Code::StillRepeated,
            "",
            "Lockstep still repeats this write under its key, for at most 24 hours",
            "wait: it ends by itself, or asks then",
        )),
        SettleOutcome::NotFound | SettleOutcome::Invalid | SettleOutcome::Unspecified => {
            let shown: String = id.chars().take(80).collect();
            let detail = format!("no write {shown} asks for a person's word");
            let fix = "GET /api/v1/effects lists them";
            Err(Problem::new(Code::UnknownEffect, "", detail, fix))
        }
    }
}
