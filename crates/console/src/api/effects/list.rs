//! `GET /effects?outcome=unknown`: oldest first.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::stock::v1::{ListUnknownEffectsRequest, UnknownEffect, UnknownLine};
use lockstep_domain::StoreId;
use serde::Serialize;

use super::OWNER;
use crate::asking::ask;
use crate::extract::{QueryParts, bad};
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::moment;

/// Effects of one answer.
const EFFECTS_MAX: usize = 200;

#[derive(Serialize)]
pub struct Effects {
    effects: Vec<Effect>,
    has_more: bool,
}

#[derive(Serialize)]
struct Effect {
    id: String,
    store: String,
    kind: String,
    asks: bool,
    since: Option<String>,
    read_at: Option<String>,
    attempts: u32,
    note: String,
    /// What Shopify's history of the item shows beside the write.
    reference: String,
    lines: Vec<Line>,
    /// Of all lines, also when fewer are shown.
    line_count: u32,
}

#[derive(Serialize)]
struct Line {
    inventory_item_id: String,
    location_id: String,
    skus: Vec<String>,
    delta: i64,
    explained_available: Option<i64>,
    explained_on_hand: Option<i64>,
    read_available: Option<i64>,
    read_on_hand: Option<i64>,
    read_committed: Option<i64>,
}

/// Those that ask, and those that are still repeated under their key; `asking=true` gives the
/// former alone.
pub async fn handler(
    State(console): Shared,
    mut query: QueryParts,
) -> Result<Json<Effects>, Problem> {
    match query.text("outcome").as_deref() {
        None | Some("unknown") => {}
        Some(other) => return Err(bad("outcome", other, "unknown")),
    }
    let store = query.text("store").unwrap_or_default();
    if !store.is_empty() && StoreId::try_new(store.as_str()).is_err() {
        return Err(bad("store", &store, "the id of a store"));
    }
    let only_asking = query.flag("asking")?;
    let limit = query.limit(EFFECTS_MAX, EFFECTS_MAX)?;
    query.finish()?;
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let request = ListUnknownEffectsRequest { store, only_asking, limit };
    let subject = ListUnknownEffectsRequest::subject();
    let found = ask(&*console.parts.ask, OWNER, subject, &request).await?;
    let effects = found.effects.into_iter().map(Effect::from).collect();
    Ok(Json(Effects { effects, has_more: found.has_more }))
}

impl From<UnknownEffect> for Effect {
    fn from(effect: UnknownEffect) -> Self {
        Self {
            since: moment(effect.since.as_ref()),
            read_at: moment(effect.read_at.as_ref()),
            reference: format!("gid://lockstep/Push/{}", effect.id),
            id: effect.id,
            store: effect.store,
            kind: effect.kind,
            asks: effect.asks,
            attempts: effect.attempts,
            note: effect.note,
            line_count: effect.line_count,
            lines: effect.lines.into_iter().map(Line::from).collect(),
        }
    }
}

impl From<UnknownLine> for Line {
    fn from(line: UnknownLine) -> Self {
        Self {
            inventory_item_id: line.inventory_item_id.to_string(),
            location_id: line.location_id.to_string(),
            skus: line.skus,
            delta: line.delta,
            explained_available: line.explained_available,
            explained_on_hand: line.explained_on_hand,
            read_available: line.read_available,
            read_on_hand: line.read_on_hand,
            read_committed: line.read_committed,
        }
    }
}
