//! The contract over gRPC: the same core, the same answers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn_with_state};
use lockstep_contracts::backoffice::v1::back_office_service_server::{
    BackOfficeService, BackOfficeServiceServer,
};
use lockstep_contracts::backoffice::v1::{
    ItemAnswer, ReportStockCountsRequest, ReportStockCountsResponse, ReportStockMovementsRequest,
    ReportStockMovementsResponse,
};
use lockstep_domain::ids::BackOfficeId;
use lockstep_runtime::telemetry;
use prost::Message;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};
use tracing::{Instrument, field, info, info_span};

use crate::fault::{CallFault, RETRY_AFTER};
use crate::report::Core;
use crate::rest::{BODY_BYTES_MAX, trace_headers};
use crate::translate::Item;

/// Trailer of a refused call: the `ItemError` that REST words as a problem.
pub const ERROR_TRAILER: &str = "lockstep-error-bin";

/// The service of `service.proto`. Tokens are checked before a message is read, so that a
/// stranger's bytes are never gathered.
pub fn routes(core: Arc<Core>) -> Routes {
    let service = BackOfficeServiceServer::new(Grpc { core: core.clone() })
        .max_decoding_message_size(BODY_BYTES_MAX);
    Routes::new(service).into_axum_router().layer(from_fn_with_state(core, admit)).into()
}

async fn admit(
    State(core): State<Arc<Core>>,
    mut request: http::Request<Body>,
    next: Next,
) -> http::Response<Body> {
    let authorization = request.headers().get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    match core.tokens.verify(authorization).await {
        Ok(backoffice) => {
            request.extensions_mut().insert(backoffice);
            next.run(request).await
        }
        Err(fault) => status(&fault).into_http(),
    }
}

struct Grpc {
    core: Arc<Core>,
}

#[tonic::async_trait]
impl BackOfficeService for Grpc {
    async fn report_stock_movements(
        &self,
        request: Request<ReportStockMovementsRequest>,
    ) -> Result<Response<ReportStockMovementsResponse>, Status> {
        let name = "backoffice-gateway.report_movements";
        let items = self.report(request.map(|message| message.movements), name).await?;
        Ok(Response::new(ReportStockMovementsResponse { items }))
    }

    async fn report_stock_counts(
        &self,
        request: Request<ReportStockCountsRequest>,
    ) -> Result<Response<ReportStockCountsResponse>, Status> {
        let name = "backoffice-gateway.report_counts";
        let items = self.report(request.map(|message| message.counts), name).await?;
        Ok(Response::new(ReportStockCountsResponse { items }))
    }
}

impl Grpc {
    async fn report<T: Item>(
        &self,
        request: Request<Vec<T>>,
        name: &'static str,
    ) -> Result<Vec<ItemAnswer>, Status> {
        let (metadata, extensions, items) = request.into_parts();
        let span =
            info_span!("report", otel.name = name, transport = "grpc", call.id = field::Empty);
        telemetry::set_parent_from_headers(&span, &trace_headers(&metadata.into_headers()));
        let started = tokio::time::Instant::now();
        async {
            let answered = match extensions.get::<BackOfficeId>() {
                Some(backoffice) => {
                    self.core.report(backoffice, items.into_iter().map(Ok).collect()).await
                }
                None => Err(CallFault::Unauthenticated("the call was not admitted")),
            };
            let duration_ms = started.elapsed().as_millis() as u64;
            match &answered {
                Ok(_) => info!(grpc.code = "OK", duration_ms, "call answered"),
                Err(fault) => info!(grpc.code = ?code(fault), duration_ms, "call refused"),
            }
            answered
        }
        .instrument(span)
        .await
        .map_err(|fault| status(&fault))
    }
}

fn code(fault: &CallFault) -> Code {
    match fault {
        CallFault::Unauthenticated(_) => Code::Unauthenticated,
        CallFault::Invalid(_) | CallFault::BatchTooLarge { .. } => Code::InvalidArgument,
        CallFault::BodyTooLarge { .. } => Code::ResourceExhausted,
        CallFault::TooSlow(_) => Code::DeadlineExceeded,
        CallFault::Unavailable(_) => Code::Unavailable,
    }
}

fn status(fault: &CallFault) -> Status {
    let (code, error) = (code(fault), fault.to_error());
    let mut trailers = MetadataMap::new();
    trailers.insert_bin(ERROR_TRAILER, MetadataValue::from_bytes(&error.encode_to_vec()));
    if code == Code::Unavailable {
        trailers.insert("retry-after", MetadataValue::from(RETRY_AFTER.as_secs()));
    }
    Status::with_metadata(code, format!("{}; {}", error.message, error.fix), trailers)
}
