//! `GET /stores/{id}/stock/{sku}`: everything known of one SKU in one store.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::stock::v1::{GetStockRequest, LevelView, WarehousePosition};
use lockstep_domain::{Sku, StoreId};
use serde::Serialize;

use crate::asking::ask;
use crate::extract::PathParts;
use crate::problem::{Code, Problem};
use crate::service::Shared;
use crate::view::moment;

/// The service that knows.
const OWNER: &str = "stock-sync";

#[derive(Serialize)]
pub struct Stock {
    store: String,
    sku: String,
    positions: Vec<Position>,
    levels: Vec<Level>,
    window_until: Option<String>,
    dirty_since: Option<String>,
}

#[derive(Serialize)]
struct Position {
    warehouse: String,
    sku: String,
    position: Option<String>,
    owed: i64,
    free: Option<i64>,
}

#[derive(Serialize)]
struct Level {
    inventory_item_id: String,
    location_id: String,
    warehouses: Vec<String>,
    available_target: Option<i64>,
    on_hand_target: Option<i64>,
    delta_target: i64,
    booked: Option<i64>,
    explained_available: Option<i64>,
    explained_on_hand: Option<i64>,
    verdict: String,
    in_flight: String,
}

/// stock-sync answers; what it does not know yet is null.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<Stock>, Problem> {
    let store = path.store()?;
    console.registry.store(&store).await?;
    let text = path.text("sku");
    let sku =
        Sku::try_new(text).map_err(|broken| unknown_sku(&store, text, &broken.to_string()))?;
    let request = GetStockRequest { store: store.to_string(), sku: sku.to_string() };
    let subject = GetStockRequest::subject();
    let answer = ask(&*console.parts.ask, OWNER, subject, &request).await?;
    if !answer.found {
        return Err(unknown_sku(&store, text, "no variant of the store is linked to it"));
    }
    Ok(Json(Stock {
        store: store.to_string(),
        sku: sku.to_string(),
        positions: answer.positions.into_iter().map(Position::from).collect(),
        levels: answer.levels.into_iter().map(Level::from).collect(),
        window_until: moment(answer.window_until.as_ref()),
        dirty_since: moment(answer.dirty_since.as_ref()),
    }))
}

impl From<WarehousePosition> for Position {
    fn from(known: WarehousePosition) -> Self {
        Self {
            warehouse: known.warehouse,
            sku: known.sku,
            position: known.position,
            owed: known.owed,
            free: known.free,
        }
    }
}

impl From<LevelView> for Level {
    fn from(known: LevelView) -> Self {
        Self {
            inventory_item_id: known.inventory_item_id.to_string(),
            location_id: known.location_id.to_string(),
            warehouses: known.warehouses,
            available_target: known.available_target,
            on_hand_target: known.on_hand_target,
            delta_target: known.delta_target,
            booked: known.booked,
            explained_available: known.explained_available,
            explained_on_hand: known.explained_on_hand,
            verdict: known.verdict,
            in_flight: known.in_flight,
        }
    }
}

fn unknown_sku(store: &StoreId, sku: &str, why: &str) -> Problem {
    let shown: String = sku.chars().take(80).collect();
    let fix = format!("link a variant to it: PUT /api/v1/stores/{store}/links/{{variant_id}}");
    Problem::new(Code::UnknownSku, "", format!("{shown:?}: {why}"), fix)
}
