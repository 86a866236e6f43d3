//! The endpoints, one per file, in folders that follow their paths.

mod activity;
mod backoffices;
mod dead_letters;
mod doctor;
mod effects;
mod jobs;
mod orders;
mod shipments;
mod stores;

use std::sync::Arc;

pub use stores::{NEEDED_SCOPES, missing_scopes_of};

use axum::Router;
use axum::routing::{delete, get, post, put};

use crate::service::Console;

/// Header of an answer that repeats what an earlier request under the same key made.
const REPLAYED: [(&str, &str); 1] = [("idempotent-replayed", "true")];

/// Everything below `/api/v1`.
pub(crate) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .merge(store_routes())
        .merge(backoffice_routes())
        .route("/dead-letters", get(dead_letters::list::handler))
        .route("/dead-letters/{letter}", get(dead_letters::get::handler))
        .route("/dead-letters/{letter}/retry", post(dead_letters::retry::handler))
        .route("/dead-letters/{letter}/dismiss", post(dead_letters::dismiss::handler))
        .route("/effects", get(effects::list::handler))
        .route("/effects/{effect}/settle", post(effects::settle::handler))
        .route("/jobs/{job}", get(jobs::get::handler))
        .route("/jobs/{job}/pause", post(jobs::pause::handler))
        .route("/jobs/{job}/resume", post(jobs::resume::handler))
        .route("/jobs/{job}/cancel", post(jobs::cancel::handler))
        .route("/orders/{order}", get(orders::get::handler))
        .route("/shipments", get(shipments::handler))
        .route("/activity", get(activity::handler))
        .route("/doctor", get(doctor::handler))
}

fn store_routes() -> Router<Arc<Console>> {
    use stores::{add, change, get as show, list, remove};
    use stores::{conflicts, jobs, links, locations, orders, products, stock, webhooks};
    Router::new()
        .route("/stores", get(list::handler).post(add::handler))
        .route("/stores/{store}", get(show::handler).patch(change::handler).delete(remove::handler))
        .route("/stores/{store}/webhooks/repair", post(webhooks::repair::handler))
        .route("/stores/{store}/locations", get(locations::list::handler))
        .route("/stores/{store}/locations/{location}", put(locations::map::handler))
        .route("/stores/{store}/links", get(links::list::handler).post(links::import::handler))
        .route(
            "/stores/{store}/links/{variant}",
            put(links::set::handler).delete(links::cut::handler),
        )
        .route("/stores/{store}/products/sync", post(products::sync::handler))
        .route("/stores/{store}/jobs", get(jobs::handler))
        .route("/stores/{store}/orders", get(orders::handler))
        .route("/stores/{store}/conflicts", get(conflicts::handler))
        .route("/stores/{store}/stock/{sku}", get(stock::get::handler))
}

fn backoffice_routes() -> Router<Arc<Console>> {
    use backoffices::{add, change, get as show, list, tokens, warehouses};
    Router::new()
        .route("/backoffices", get(list::handler).post(add::handler))
        .route("/backoffices/{backoffice}", get(show::handler).patch(change::handler))
        .route("/backoffices/{backoffice}/warehouses/{code}", put(warehouses::declare::handler))
        .route(
            "/backoffices/{backoffice}/tokens",
            get(tokens::list::handler).post(tokens::issue::handler),
        )
        .route("/backoffices/{backoffice}/tokens/{token}", delete(tokens::revoke::handler))
}
