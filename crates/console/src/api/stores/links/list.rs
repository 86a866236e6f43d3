//! `GET /stores/{id}/links`, as JSON by page or as one CSV file.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use lockstep_domain::StoreId;
use serde::Serialize;

use super::page;
use crate::csv_text::{CsvFile, wants_csv};
use crate::extract::{PathParts, QueryParts, bad};
use crate::problem::Problem;
use crate::service::{Console, Shared};
use crate::view::link::{COLUMNS, LinkView};

/// Links of one page of product-sync.
const PAGE_MAX: u32 = 500;
/// Pages of one CSV file: half a million links.
const CSV_PAGES_MAX: usize = 1_000;

#[derive(Serialize)]
struct Page {
    links: Vec<LinkView>,
    next: Option<String>,
}

/// The header `Accept: text/csv` asks for the file.
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
    let limit = query.limit(200, 500)?;
    query.finish()?;
    console.registry.store(&store).await?;
    if wants_csv(&headers) {
        return csv_file(&console, &store).await;
    }
    let found = page(&console, &store, after, u32::try_from(limit).unwrap_or(PAGE_MAX)).await?;
    let next = found.links.last().filter(|_| found.more).map(|last| last.variant_id.to_string());
    let links = found.links.into_iter().map(LinkView::new).collect();
    Ok(Json(Page { links, next }).into_response())
}

async fn csv_file(console: &Console, store: &StoreId) -> Result<Response, Problem> {
    let mut file = CsvFile::begin(&COLUMNS)?;
    let mut after = 0;
    for _ in 0..CSV_PAGES_MAX {
        let found = page(console, store, after, PAGE_MAX).await?;
        after = found.links.last().map_or(after, |last| last.variant_id);
        for link in found.links {
            file.row(LinkView::new(link).row())?;
        }
        if !found.more {
            break;
        }
    }
    file.end()
}
