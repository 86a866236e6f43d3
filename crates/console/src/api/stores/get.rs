//! `GET /stores/{id}`.

use axum::Json;
use axum::extract::State;
use lockstep_ports::StoredPoints;

use crate::access::view::AccessView;
use crate::extract::PathParts;
use crate::problem::Problem;
use crate::secrets;
use crate::service::Shared;
use crate::view::points::PointsView;
use crate::view::settings::StoreView;

/// One store.
pub async fn handler(State(console): Shared, path: PathParts) -> Result<Json<StoreView>, Problem> {
    let id = path.store()?;
    let stored = console.registry.store(&id).await?;
    let kept = secrets::present(&console, &id).await?.secrets;
    let url = console.authorize_url(&stored.value.shop_domain, kept.as_ref());
    let points = StoredPoints::load(&*console.parts.kv, &id).await?.ledger;
    let now = console.parts.clock.now();
    let view = StoreView::new(stored).access(AccessView::new(kept.as_ref(), url));
    Ok(Json(view.points(points.map(|ledger| PointsView::new(&ledger, now)))))
}
