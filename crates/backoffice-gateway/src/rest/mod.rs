//! The contract over REST: proto3 JSON in, proto3 JSON or a problem out.

mod decode;
mod diagnose;
mod feed;
pub(crate) mod problem;
mod tree;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use axum::routing::{MethodRouter, get, post};
use lockstep_contracts::backoffice::v1 as proto;
use lockstep_contracts::backoffice::v1::{ErrorCode, ItemAnswer};
use lockstep_domain::ids::BackOfficeId;
use lockstep_runtime::http::{Bodies, Held};
use lockstep_runtime::telemetry;
use serde::Serialize;
use tracing::{Instrument, Span, field, info, info_span, warn};

pub use feed::{ACK_PATH, FEED_PATH};
use problem::Problem;

use crate::fault::{CallFault, Invalid};
use crate::openapi;
use crate::report::Core;
use crate::translate::{Item, Named, Place, name_from_path};

/// Path of the document that describes this API.
pub const OPENAPI_PATH: &str = "/v1/openapi.json";
/// Bytes of one body. 1,000 movements with every field full of text are below it.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A path of the contract, and the method of the service behind it.
pub struct Call {
    /// The path, with `{name}` where it names something.
    pub path: &'static str,
    /// Name of the method in `service.proto`.
    pub method: &'static str,
    route: fn() -> MethodRouter<Arc<Rest>>,
}

const fn call(
    path: &'static str,
    method: &'static str,
    route: fn() -> MethodRouter<Arc<Rest>>,
) -> Call {
    Call { path, method, route }
}

/// Every path that takes reports.
pub const CALLS: &[Call] = &[
    call("/v1/stock/movements", "ReportStockMovements", || post(many::<proto::StockMovement>)),
    call("/v1/stock/counts", "ReportStockCounts", || post(many::<proto::StockCount>)),
    call("/v1/products", "UpsertProducts", || post(many::<proto::Product>)),
    call("/v1/products/delete", "DeleteProducts", || post(many::<proto::ProductDeletion>)),
    call("/v1/orders/{order_key}/accept", "AcceptOrder", || post(named::<proto::OrderAcceptance>)),
    call("/v1/orders/{order_key}/reject", "RejectOrder", || post(named::<proto::OrderRejection>)),
    call("/v1/orders/{order_key}/release", "ReleaseOrder", || post(named::<proto::OrderRelease>)),
    call("/v1/shipments", "ReportShipment", || post(one::<proto::Shipment>)),
    call("/v1/returns", "ReportReturn", || post(one::<proto::Return>)),
    call("/v1/invoices", "ReportInvoice", || post(one::<proto::Invoice>)),
    call("/v1/sales", "RecordSale", || post(one::<proto::Sale>)),
    call("/v1/sales/{sale_id}/refunds", "RecordSaleRefund", || post(named::<proto::SaleRefund>)),
];

/// What the handlers work with.
pub struct Rest {
    core: Arc<Core>,
    bodies: Bodies,
}

/// The routes.
pub fn router(core: Arc<Core>, bodies: Bodies) -> Router {
    let mut router = Router::new()
        .route(OPENAPI_PATH, get(document))
        .route(FEED_PATH, get(feed::page))
        .route(ACK_PATH, post(feed::acknowledge));
    for call in CALLS {
        router = router.route(call.path, (call.route)());
    }
    router
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(Arc::new(Rest { core, bodies }))
}

/// The answer to a list.
#[derive(Serialize)]
struct Items {
    items: Vec<ItemAnswer>,
}

/// The answer to one report.
#[derive(Serialize)]
struct OneItem {
    item: ItemAnswer,
}

async fn many<T: Item>(State(rest): State<Arc<Rest>>, request: Request<Body>) -> Response<Body> {
    respond((T::CALL, StatusCode::ACCEPTED), request, |request| async move {
        let (backoffice, held) = rest.admit(request).await?;
        let items = decode::batch::<T>(&held.bytes)?;
        Ok(Items { items: rest.core.report(&backoffice, items).await? })
    })
    .await
}

async fn one<T: Item>(State(rest): State<Arc<Rest>>, request: Request<Body>) -> Response<Body> {
    respond((T::CALL, StatusCode::ACCEPTED), request, |request| async move {
        let (backoffice, held) = rest.admit(request).await?;
        let item = decode::one::<T>(&held.bytes)?;
        Ok(OneItem { item: rest.core.report_one(&backoffice, item).await? })
    })
    .await
}

async fn named<T: Named>(
    State(rest): State<Arc<Rest>>,
    name: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Response<Body> {
    respond((T::CALL, StatusCode::ACCEPTED), request, |request| async move {
        let (backoffice, held) = rest.admit(request).await?;
        let Path(name) = name.map_err(|_| unreadable_path(T::NAME))?;
        let mut item = decode::one::<T>(&held.bytes)?;
        if let Some(Ok(item)) = &mut item {
            let place = Place::only(T::FIELD);
            let refuse = |invalid| CallFault::Refused(place.error(invalid));
            name_from_path(item, name).map_err(refuse)?;
        }
        Ok(OneItem { item: rest.core.report_one(&backoffice, item).await? })
    })
    .await
}

/// Answers a call in its span, with its canonical line: its name, and the status of a good answer.
async fn respond<F, R>(
    (name, good): (&'static str, StatusCode),
    request: Request<Body>,
    work: impl FnOnce(Request<Body>) -> F,
) -> Response<Body>
where
    F: Future<Output = Result<R, CallFault>>,
    R: Serialize,
{
    let span = info_span!(
        "report",
        otel.name = name,
        transport = "rest",
        call.id = field::Empty,
        http.status = field::Empty,
    );
    telemetry::set_parent_from_headers(&span, &trace_headers(request.headers()));
    let started = tokio::time::Instant::now();
    let answering = work(request);
    async {
        let response = match answering.await {
            Ok(answer) => json(good, &answer),
            Err(fault) => Problem::from(&fault).into_response(),
        };
        note(&response, started.elapsed());
        response
    }
    .instrument(span)
    .await
}

impl Rest {
    /// Who calls, and what they send. The token comes first: a stranger's bytes are not gathered.
    async fn admit(&self, request: Request<Body>) -> Result<(BackOfficeId, Held), CallFault> {
        let (parts, body) = request.into_parts();
        let headers = &parts.headers;
        let authorization = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let admitted = match self.core.tokens.verify(authorization).await {
            Ok(_) if is_compressed(headers) => Err(compressed()),
            verified => verified,
        };
        match admitted {
            Ok(backoffice) => Ok((backoffice, self.bodies.read(headers, body).await?)),
            Err(fault) => {
                self.bodies.discard(headers, body).await;
                Err(fault)
            }
        }
    }
}

fn is_compressed(headers: &HeaderMap) -> bool {
    let encoding = headers.get(header::CONTENT_ENCODING);
    encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn compressed() -> CallFault {
    CallFault::Invalid(Invalid {
        field: "content-encoding".to_owned(),
        message: "the body is compressed".to_owned(),
        fix: "send plain JSON without Content-Encoding".to_owned(),
    })
}

fn unreadable_path(name: &str) -> CallFault {
    CallFault::Invalid(Invalid {
        field: name.to_owned(),
        message: "the path does not hold text in UTF-8".to_owned(),
        fix: format!("write `{name}` into the path, percent-encoded"),
    })
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
        format!("reports are sent with POST; {FEED_PATH} and {OPENAPI_PATH} are read with GET"),
    )
    .into_response()
}

#[cfg(test)]
mod tests;
