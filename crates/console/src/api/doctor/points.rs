//! The points of every store as the doctor shows them: what is left in the bucket, and what the
//! calls cost so far.

use std::time::Duration;

use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::StoreId;
use lockstep_ports::StoredPoints;
use serde::Serialize;
use tokio::time::timeout;
use tracing::warn;

use crate::service::Console;
use crate::view::points::PointsView;

/// The points of a store.
#[derive(Serialize)]
pub struct StorePoints {
    store: String,
    #[serde(flatten)]
    points: PointsView,
}

/// Those of a store; nothing before its first call.
///
/// # Errors
/// Why nobody can say.
pub async fn of(
    console: &Console,
    settings: &StoreSettings,
    limit: Duration,
) -> Result<Option<StorePoints>, String> {
    let Ok(id) = StoreId::try_new(settings.id.as_str()) else { return Ok(None) };
    let why = match timeout(limit, StoredPoints::load(&*console.parts.kv, &id)).await {
        Ok(Ok(loaded)) => {
            return Ok(loaded.ledger.map(|ledger| {
                let points = PointsView::new(&ledger, console.parts.clock.now());
                StorePoints { store: id.to_string(), points }
            }));
        }
        Ok(Err(failed)) => failed.chain(),
        Err(_) => format!("no answer in {} seconds", limit.as_secs()),
    };
    warn!(store.id = %id, why, "the points of a store cannot be read");
    Err(why)
}
