//! `POST /effects/{id}/settle`: a person says whether Shopify shows the call.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::shipments::v1::{CallSettledAs, SettleCallOutcome, SettleCallRequest};
use lockstep_contracts::stock::v1::{SettleEffectRequest, SettleOutcome, SettledAs};
use serde::Serialize;
use serde_json::Value;
use tracing::info;

use super::{SHIPMENTS, STOCK};
use crate::asking::ask;
use crate::body::JsonBody;
use crate::extract::PathParts;
use crate::fields;
use crate::problem::{Code, Problem};
use crate::registry::ADMINISTRATOR;
use crate::service::{Console, Shared};

#[derive(Serialize)]
pub struct Settled {
    id: String,
    applied: bool,
}

/// What a person says.
struct Word {
    id: String,
    applied: bool,
    /// Of a call that made a fulfillment: which one.
    fulfillment: Option<i64>,
}

/// All lines of one write applied together or not at all, so that one word settles them.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    JsonBody(mut body): JsonBody,
) -> Result<Json<Settled>, Problem> {
    let fix = "say true when Shopify shows what the call was to do, false when not";
    let applied = body.need("applied", fix, fields::flag)?;
    let fulfillment = body.take("fulfillment_id", fulfillment_id)?.value();
    body.finish()?;
    if fulfillment.is_some() && !applied {
        let (field, fix) = ("fulfillment_id", "leave it out, or say that the call was applied");
        return Err(Problem::validation(field, "a call that was not applied made none", fix));
    }
    let word = Word { id: path.text("effect").to_owned(), applied, fulfillment };
    let of_stock = match word.fulfillment {
        Some(_) => Ok(false),
        None => stock(&console, &word).await,
    };
    if !matches!(of_stock, Ok(true)) && !shipment(&console, &word).await? {
        // It may be a write of whoever is silent.
        of_stock?;
        let shown: String = word.id.chars().take(80).collect();
        let detail = format!("no call {shown} asks for a person's word");
        let fix = "GET /api/v1/effects lists them";
        return Err(Problem::new(Code::UnknownEffect, "", detail, fix));
    }
    let Word { id, applied, .. } = word;
    info!(effect.id = id, applied, "effect settled");
    Ok(Json(Settled { id, applied }))
}

fn fulfillment_id(path: &str, value: Value) -> Result<i64, Problem> {
    let id = match &value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    id.filter(|id| *id > 0).ok_or_else(|| {
        let fix = "give Shopify's number of the fulfillment; GET /api/v1/effects names those that \
                   may be it";
        Problem::validation(path, "it is no id of a fulfillment", fix)
    })
}

/// Whether it was a write of stock, and is settled now.
async fn stock(console: &Console, word: &Word) -> Result<bool, Problem> {
    let said = if word.applied { SettledAs::Applied } else { SettledAs::NotApplied };
    let request = SettleEffectRequest {
        id: word.id.clone(),
        settled_as: said.into(),
        by: ADMINISTRATOR.to_owned(),
    };
    let subject = SettleEffectRequest::subject();
    let answer = ask(&*console.parts.ask, STOCK, subject, &request).await?;
    match answer.outcome() {
        SettleOutcome::Settled => Ok(true),
        SettleOutcome::StillRepeated => Err(Problem::new(
            Code::StillRepeated,
            "",
            "Lockstep still repeats this write under its key, for at most 24 hours",
            "wait: it ends by itself, or asks then",
        )),
        SettleOutcome::NotFound | SettleOutcome::Invalid | SettleOutcome::Unspecified => Ok(false),
    }
}

/// Whether it was a call that makes a fulfillment, and is settled now.
async fn shipment(console: &Console, word: &Word) -> Result<bool, Problem> {
    let said = if word.applied { CallSettledAs::Applied } else { CallSettledAs::NotApplied };
    let request = SettleCallRequest {
        id: word.id.clone(),
        settled_as: said.into(),
        fulfillment_id: word.fulfillment.unwrap_or(0),
        by: ADMINISTRATOR.to_owned(),
    };
    let subject = SettleCallRequest::subject();
    let answer = ask(&*console.parts.ask, SHIPMENTS, subject, &request).await?;
    let refused = |what: &str, fix: &str| Err(Problem::validation("fulfillment_id", what, fix));
    match answer.outcome() {
        SettleCallOutcome::Settled => Ok(true),
        SettleCallOutcome::WhichOne => refused(
            "not exactly one fulfillment may be the call's",
            "name the one that it is; GET /api/v1/effects names those that may be it",
        ),
        SettleCallOutcome::NotIt => refused(
            &answer.message,
            "name another one, or say that the call was not applied: what is open is sent anew",
        ),
        SettleCallOutcome::NotFound
        | SettleCallOutcome::Invalid
        | SettleCallOutcome::Unspecified => Ok(false),
    }
}
