//! The endpoints, one per file, in folders that follow their paths.

mod activity;
mod backoffices;
mod dead_letters;
mod doctor;
mod stores;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{delete, get, post, put};

use crate::service::Console;

/// Header of an answer that repeats what an earlier request under the same key made.
const REPLAYED: [(&str, &str); 1] = [("idempotent-replayed", "true")];

/// The caller's key of a request, at most 200 characters of it.
fn key(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("idempotency-key")?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.chars().take(200).collect())
}

/// Whether the caller would know its own request again.
fn has_key(headers: &HeaderMap) -> bool {
    key(headers).is_some()
}

/// Everything below `/api/v1`.
pub(crate) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .merge(store_routes())
        .merge(backoffice_routes())
        .route("/dead-letters", get(dead_letters::list::handler))
        .route("/dead-letters/{letter}/retry", post(dead_letters::retry::handler))
        .route("/dead-letters/{letter}/dismiss", post(dead_letters::dismiss::handler))
        .route("/activity", get(activity::handler))
        .route("/doctor", get(doctor::handler))
}

fn store_routes() -> Router<Arc<Console>> {
    use stores::{add, change, get as show, links, list, locations, remove, stock, webhooks};
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
