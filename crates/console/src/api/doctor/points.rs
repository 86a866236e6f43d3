//! The points of every store as the doctor shows them: what is left in the bucket, and what the
//! calls cost so far.

use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::StoreId;
use lockstep_ports::StoredPoints;
use serde::Serialize;
use tracing::warn;

use crate::registry::Stored;
use crate::service::Console;
use crate::view::points::PointsView;

/// The points of a store.
#[derive(Serialize)]
pub struct StorePoints {
    store: String,
    #[serde(flatten)]
    points: PointsView,
}

/// Those of a store; nothing before its first call, and while nobody can say.
pub async fn of(console: &Console, stored: &Stored<StoreSettings>) -> Option<StorePoints> {
    let id = StoreId::try_new(stored.value.id.as_str()).ok()?;
    let loaded = StoredPoints::load(&*console.parts.kv, &id).await;
    let loaded = loaded.inspect_err(|failed| {
        warn!(store.id = %id, why = failed.chain(), "the points of a store cannot be read");
    });
    let points = PointsView::new(&loaded.ok()?.ledger?, console.parts.clock.now());
    Some(StorePoints { store: id.to_string(), points })
}
