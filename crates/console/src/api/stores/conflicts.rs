//! `GET /stores/{id}/conflicts`: variants that a person must decide about, as JSON by page or as
//! one CSV file.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use lockstep_contracts::catalog::v1::{ListConflictsRequest, ListConflictsResponse};
use lockstep_domain::StoreId;
use serde::Serialize;

use crate::asking::ask;
use crate::csv_text::{CsvFile, wants_csv};
use crate::extract::{PathParts, QueryParts, bad};
use crate::problem::Problem;
use crate::service::{Console, Shared};
use crate::view::conflict::{COLUMNS, ConflictView};

/// The service that finds them.
const OWNER: &str = "product-sync";
/// Conflicts of one page.
const PAGE_MAX: usize = 500;
/// Pages of one CSV file: half a million conflicts.
const CSV_PAGES_MAX: usize = 1_000;

#[derive(Serialize)]
struct Page {
    conflicts: Vec<ConflictView>,
    next: Option<String>,
}

/// In order of variant id. The header `Accept: text/csv` asks for the file.
pub async fn handler(
    State(console): Shared,
    path: PathParts,
    mut query: QueryParts,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let store = path.store()?;
    let after = match query.text("after") {
        None => 0,
        Some(text) => text.parse().map_err(|_| bad("after", &text, "a variant id"))?,
    };
    let limit = query.limit(200, PAGE_MAX)?;
    query.finish()?;
    console.registry.store(&store).await?;
    if wants_csv(&headers) {
        return csv_file(&console, &store).await;
    }
    let found = page(&console, &store, after, limit).await?;
    let last = found.conflicts.last().filter(|_| found.more);
    let next = last.map(|last| last.variant_id.to_string());
    let conflicts = found.conflicts.into_iter().map(ConflictView::new).collect();
    Ok(Json(Page { conflicts, next }).into_response())
}

async fn page(
    console: &Console,
    store: &StoreId,
    after: i64,
    limit: usize,
) -> Result<ListConflictsResponse, Problem> {
    let request = ListConflictsRequest {
        store: store.to_string(),
        after_variant_id: after,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    ask(&*console.parts.ask, OWNER, ListConflictsRequest::subject(), &request).await
}

async fn csv_file(console: &Console, store: &StoreId) -> Result<Response, Problem> {
    let mut file = CsvFile::begin(&COLUMNS)?;
    let mut after = 0;
    for _ in 0..CSV_PAGES_MAX {
        let found = page(console, store, after, PAGE_MAX).await?;
        after = found.conflicts.last().map_or(after, |last| last.variant_id);
        for conflict in found.conflicts {
            file.row(ConflictView::new(conflict).row())?;
        }
        if !found.more {
            break;
        }
    }
    file.end()
}
