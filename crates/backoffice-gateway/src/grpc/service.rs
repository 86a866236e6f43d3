//! The methods of `service.proto`.

use std::future::Future;
use std::sync::Arc;

use lockstep_contracts::backoffice::v1 as proto;
use lockstep_contracts::backoffice::v1::back_office_service_server::BackOfficeService;
use lockstep_domain::ids::BackOfficeId;
use lockstep_runtime::telemetry;
use tonic::{Request, Response, Status};
use tracing::{Instrument, field, info, info_span};

use super::feed::FeedStream;
use super::status::{code, status};
use crate::fault::CallFault;
use crate::report::Core;
use crate::rest::trace_headers;
use crate::translate::Item;

/// The service over the core that REST shares.
pub struct Grpc {
    /// That core.
    pub core: Arc<Core>,
}

impl Grpc {
    async fn many<T: Item>(
        &self,
        request: Request<Vec<T>>,
    ) -> Result<Vec<proto::ItemAnswer>, Status> {
        respond(T::CALL, request, |backoffice, items| async move {
            self.core.report(&backoffice, items.into_iter().map(Ok).collect()).await
        })
        .await
    }

    async fn one<T: Item>(
        &self,
        request: Request<Option<T>>,
    ) -> Result<Option<proto::ItemAnswer>, Status> {
        respond(T::CALL, request, |backoffice, item| async move {
            self.core.report_one(&backoffice, item.map(Ok)).await.map(Some)
        })
        .await
    }
}

/// Answers a call in its span, with its canonical line.
pub async fn respond<M, R, F>(
    name: &'static str,
    request: Request<M>,
    work: impl FnOnce(BackOfficeId, M) -> F,
) -> Result<R, Status>
where
    F: Future<Output = Result<R, CallFault>>,
{
    let (metadata, mut extensions, message) = request.into_parts();
    let span = info_span!("report", otel.name = name, transport = "grpc", call.id = field::Empty);
    telemetry::set_parent_from_headers(&span, &trace_headers(&metadata.into_headers()));
    let started = tokio::time::Instant::now();
    async {
        let answered = match extensions.remove::<BackOfficeId>() {
            Some(backoffice) => work(backoffice, message).await,
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

/// Writes a method that hands the field `$field` of its request to the core.
macro_rules! methods {
    ($($how:ident $name:ident($request:ident.$field:ident) -> $response:ident.$answer:ident;)*) => {
        #[tonic::async_trait]
        impl BackOfficeService for Grpc {
            $(
                async fn $name(
                    &self,
                    request: Request<proto::$request>,
                ) -> Result<Response<proto::$response>, Status> {
                    let $answer = self.$how(request.map(|message| message.$field)).await?;
                    Ok(Response::new(proto::$response { $answer }))
                }
            )*

            type FeedStream = FeedStream;

            async fn feed(
                &self,
                request: Request<proto::FeedRequest>,
            ) -> Result<Response<FeedStream>, Status> {
                self.follow_feed(request).await
            }

            async fn ack_feed(
                &self,
                request: Request<proto::AckFeedRequest>,
            ) -> Result<Response<proto::AckFeedResponse>, Status> {
                self.acknowledge_feed(request).await
            }
        }
    };
}

methods! {
    many report_stock_movements(ReportStockMovementsRequest.movements)
        -> ReportStockMovementsResponse.items;
    many report_stock_counts(ReportStockCountsRequest.counts) -> ReportStockCountsResponse.items;
    many upsert_products(UpsertProductsRequest.products) -> UpsertProductsResponse.items;
    many delete_products(DeleteProductsRequest.deletions) -> DeleteProductsResponse.items;
    one accept_order(AcceptOrderRequest.acceptance) -> AcceptOrderResponse.item;
    one reject_order(RejectOrderRequest.rejection) -> RejectOrderResponse.item;
    one release_order(ReleaseOrderRequest.release) -> ReleaseOrderResponse.item;
    one report_shipment(ReportShipmentRequest.shipment) -> ReportShipmentResponse.item;
    one report_return(ReportReturnRequest.return_report) -> ReportReturnResponse.item;
    one report_invoice(ReportInvoiceRequest.invoice) -> ReportInvoiceResponse.item;
    one record_sale(RecordSaleRequest.sale) -> RecordSaleResponse.item;
    one record_sale_refund(RecordSaleRefundRequest.refund) -> RecordSaleRefundResponse.item;
}
