//! The contract over REST: proto3 JSON in, proto3 JSON or a problem out.

mod body;
mod decode;
mod diagnose;
pub(crate) mod problem;
mod tree;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use axum::routing::{get, post};
use lockstep_contracts::backoffice::v1::{
    ErrorCode, ItemAnswer, ReportStockCountsResponse, ReportStockMovementsResponse, StockCount,
    StockMovement,
};
use lockstep_runtime::telemetry;
use serde::Serialize;
use tracing::{Instrument, Span, field, info, info_span, warn};

pub use body::BODY_BYTES_MAX;
use body::Bodies;
use problem::Problem;

use crate::config::Config;
use crate::fault::CallFault;
use crate::openapi;
use crate::report::Core;
use crate::translate::Item;

/// Path of the document that describes this API.
pub const OPENAPI_PATH: &str = "/v1/openapi.json";
/// Path that takes movements.
pub const MOVEMENTS_PATH: &str = "/v1/stock/movements";
/// Path that takes counts.
pub const COUNTS_PATH: &str = "/v1/stock/counts";

struct Rest {
    core: Arc<Core>,
    bodies: Bodies,
}

/// The routes.
pub fn router(core: Arc<Core>, config: &Config) -> Router {
    let bodies = Bodies::new(config.body_bytes_in_flight_max, config.body_deadline);
    Router::new()
        .route(MOVEMENTS_PATH, post(movements))
        .route(COUNTS_PATH, post(counts))
        .route(OPENAPI_PATH, get(document))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(Arc::new(Rest { core, bodies }))
}

async fn movements(State(rest): State<Arc<Rest>>, request: Request<Body>) -> Response<Body> {
    let wrap = |items| ReportStockMovementsResponse { items };
    answer::<StockMovement, _>(&rest, request, "backoffice-gateway.report_movements", wrap).await
}

async fn counts(State(rest): State<Arc<Rest>>, request: Request<Body>) -> Response<Body> {
    let wrap = |items| ReportStockCountsResponse { items };
    answer::<StockCount, _>(&rest, request, "backoffice-gateway.report_counts", wrap).await
}

async fn answer<T: Item, R: Serialize>(
    rest: &Rest,
    request: Request<Body>,
    name: &'static str,
    wrap: impl FnOnce(Vec<ItemAnswer>) -> R,
) -> Response<Body> {
    let span = info_span!(
        "report",
        otel.name = name,
        transport = "rest",
        call.id = field::Empty,
        http.status = field::Empty,
    );
    telemetry::set_parent_from_headers(&span, &trace_headers(request.headers()));
    let started = tokio::time::Instant::now();
    async {
        let response = match report::<T>(rest, request).await {
            Ok(items) => json(StatusCode::ACCEPTED, &wrap(items)),
            Err(fault) => Problem::from(&fault).into_response(),
        };
        note(&response, started.elapsed());
        response
    }
    .instrument(span)
    .await
}

async fn report<T: Item>(
    rest: &Rest,
    request: Request<Body>,
) -> Result<Vec<ItemAnswer>, CallFault> {
    let (parts, body) = request.into_parts();
    let authorization = parts.headers.get(header::AUTHORIZATION);
    let verified = rest.core.tokens.verify(authorization.and_then(|v| v.to_str().ok())).await;
    let backoffice = match verified {
        Ok(backoffice) => backoffice,
        Err(fault) => {
            rest.bodies.discard(&parts.headers, body).await;
            return Err(fault);
        }
    };
    let held = rest.bodies.read(&parts.headers, body).await?;
    let items = decode::batch::<T>(&held.bytes)?;
    rest.core.report(&backoffice, items).await
}

/// Headers by which a caller's trace goes on.
pub(crate) fn trace_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    ["traceparent", "tracestate"]
        .into_iter()
        .filter_map(|name| {
            let value = headers.get(name)?.to_str().ok()?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let Ok(body) = serde_json::to_vec(value) else {
        let fault = CallFault::Unavailable("the answer could not be written");
        return Problem::from(&fault).into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let media = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

/// The canonical line of a call.
fn note(response: &Response<Body>, took: Duration) {
    let status = response.status();
    let duration_ms = took.as_millis() as u64;
    if status.is_server_error() {
        warn!(http.status = status.as_u16(), duration_ms, "call refused");
    } else {
        info!(http.status = status.as_u16(), duration_ms, "call answered");
    }
    Span::current().record("http.status", status.as_u16());
}

async fn document() -> Response<Body> {
    json(StatusCode::OK, openapi::document())
}

async fn no_such_path() -> Response<Body> {
    Problem::new(
        StatusCode::NOT_FOUND,
        ErrorCode::Validation,
        "path",
        "there is no such path",
        format!("the paths are described at {OPENAPI_PATH}"),
    )
    .into_response()
}

async fn no_such_method() -> Response<Body> {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::Validation,
        "method",
        "the path does not take this method",
        format!("reports are sent with POST, {OPENAPI_PATH} is read with GET"),
    )
    .into_response()
}

#[cfg(test)]
mod tests;
