//! `GET /shipments`: what back offices shipped, and what became of it.

use axum::Json;
use axum::extract::State;
use lockstep_contracts::convert::order::order_ref;
use lockstep_contracts::shipments::v1::ListShipmentsRequest;
use lockstep_domain::StoreId;
use serde::Serialize;

use crate::asking::ask;
use crate::extract::{QueryParts, bad};
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::shipment::{STANDINGS, Shipment};

/// The service that sends them.
pub const OWNER: &str = "shipment-push";
/// Shipments that one page may be asked for.
const PAGE_MAX: usize = 500;
/// Shipments that shipment-push gives at once.
const GIVEN_MAX: usize = 200;

#[derive(Serialize)]
pub struct Page {
    shipments: Vec<Shipment>,
    next: Option<String>,
}

/// In order of store and order; `store`, `order` and `standing` give those alone. The shipments of
/// an order are never parted, so a page may be longer than asked for, and it may be short and not
/// the last one: `next` says.
pub async fn handler(State(console): Shared, mut query: QueryParts) -> Result<Json<Page>, Problem> {
    let store = query.text("store").unwrap_or_default();
    if !store.is_empty() && StoreId::try_new(store.as_str()).is_err() {
        return Err(bad("store", &store, "the id of a store"));
    }
    let order_key = query.text("order").unwrap_or_default();
    if !order_key.is_empty() && order_ref("order", &order_key).is_err() {
        return Err(bad("order", &order_key, "an order's key, {store}:{Shopify order id}"));
    }
    let standing = query.one_of("standing", &STANDINGS)?;
    let after = query.text("after").unwrap_or_default();
    if !after.is_empty() && !after.contains('/') {
        return Err(bad("after", &after, "what the page before gave as next"));
    }
    let limit = query.limit(GIVEN_MAX, PAGE_MAX)?.min(GIVEN_MAX);
    query.finish()?;
    let request = ListShipmentsRequest {
        store,
        order_key,
        standing: standing.map_or(0, i32::from),
        after,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    let subject = ListShipmentsRequest::subject();
    let found = ask(&*console.parts.ask, OWNER, subject, &request).await?;
    let next = Some(found.next).filter(|next| !next.is_empty());
    Ok(Json(Page { shipments: found.shipments.into_iter().map(Shipment::new).collect(), next }))
}
