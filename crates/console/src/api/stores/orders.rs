//! `GET /stores/{id}/orders`: where the orders of a store stand with the back offices.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::orders::v1::ListOrdersRequest;
use serde::Serialize;

use crate::api::orders::OWNER;
use crate::asking::ask;
use crate::extract::{PathParts, QueryParts, bad};
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::order::{Order, STANDINGS};

/// Orders that one page may be asked for.
const PAGE_MAX: usize = 500;
/// Orders that order-sync gives at once.
const GIVEN_MAX: usize = 200;

#[derive(Serialize)]
pub struct Page {
    orders: Vec<Order>,
    next: Option<String>,
}

/// In order of Shopify's ids; `standing` gives those alone that stand so. A page may be short and
/// still not be the last one: `next` says.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    mut query: QueryParts,
) -> Result<Json<Page>, Problem> {
    let store = path.store()?;
    let after = query.text("after").unwrap_or_default();
    if !after.is_empty() && after.parse::<i64>().is_err() {
        return Err(bad("after", &after, "an order id of Shopify's"));
    }
    let standing = query.one_of("standing", &STANDINGS)?;
    let limit = query.limit(GIVEN_MAX, PAGE_MAX)?.min(GIVEN_MAX);
    query.finish()?;
    console.registry.store(&store).await?;
    let request = ListOrdersRequest {
        store: store.to_string(),
        standing: standing.map_or(0, i32::from),
        after,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    let subject = ListOrdersRequest::subject();
    let found = ask(&*console.parts.ask, OWNER, subject, &request).await?;
    let next = Some(found.next).filter(|next| !next.is_empty());
    Ok(Json(Page { orders: found.orders.into_iter().map(Order::new).collect(), next }))
}
