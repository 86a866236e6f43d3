//! `GET /effects?outcome=unknown`: oldest first.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::shipments::v1::ListUnknownCallsRequest;
use lockstep_contracts::stock::v1::ListUnknownEffectsRequest;
use lockstep_domain::StoreId;
use serde::Serialize;

use super::{SHIPMENTS, STOCK};
use crate::asking::{Heard, hear, silent};
use crate::extract::{QueryParts, bad};
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::effect::Effect;

/// Effects of one answer.
const EFFECTS_MAX: usize = 200;

#[derive(Serialize)]
pub struct Effects {
    effects: Vec<Effect>,
    has_more: bool,
    /// Services whose effects are missing here: they did not answer.
    silent: Vec<String>,
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
    let most = query.limit(EFFECTS_MAX, EFFECTS_MAX)?;
    query.finish()?;
    let limit = u32::try_from(most).unwrap_or(u32::MAX);
    let writes = ListUnknownEffectsRequest { store: store.clone(), only_asking, limit };
    let calls = ListUnknownCallsRequest { store, limit };
    let port = &*console.parts.ask;
    let (writes, calls) = tokio::join!(
        hear(port, STOCK, ListUnknownEffectsRequest::subject(), &writes),
        hear(port, SHIPMENTS, ListUnknownCallsRequest::subject(), &calls),
    );
    let mut found = Effects { effects: Vec::new(), has_more: false, silent: Vec::new() };
    match writes {
        Heard::Answer(answer) => {
            found.effects.extend(answer.effects.into_iter().map(Effect::of_stock));
            found.has_more |= answer.has_more;
        }
        Heard::Silence | Heard::Unreadable(_) => found.silent.push(STOCK.to_owned()),
    }
    match calls {
        Heard::Answer(answer) => {
            found.effects.extend(answer.calls.into_iter().map(Effect::of_shipment));
            found.has_more |= answer.has_more;
        }
        Heard::Silence | Heard::Unreadable(_) => found.silent.push(SHIPMENTS.to_owned()),
    }
    if found.silent.len() == 2 {
        return Err(silent(&found.silent));
    }
    found.effects.sort_by(|one, other| one.age().cmp(&other.age()));
    found.has_more |= found.effects.len() > most;
    found.effects.truncate(most);
    Ok(Json(found))
}
