//! An OTLP receiver: what a collector would see.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Keeps every span that is exported to it.
#[derive(Clone, Default)]
pub struct Receiver {
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Receiver {
    /// Starts a receiver; gives it with its endpoint.
    pub async fn start() -> (Self, String) {
        let receiver = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("a bound socket"));
        let service = TraceServiceServer::new(receiver.clone());
        let serving =
            Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's process")]
        tokio::spawn(async move { serving.await.expect("the receiver serves") });
        (receiver, endpoint)
    }

    /// Spans so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Names of the spans of one trace that hang together: from each, parents lead to `root`.
    pub fn names_below(&self, root: &Span) -> Vec<String> {
        let spans = self.spans();
        let is_below = |span: &&Span| {
            let mut at = *span;
            // A trace is a tree, but what comes over the wire might not be.
            for _ in 0..spans.len() {
                if at.span_id == root.span_id {
                    return true;
                }
                let Some(parent) = spans
                    .iter()
                    .find(|s| s.trace_id == at.trace_id && s.span_id == at.parent_span_id)
                else {
                    return false;
                };
                at = parent;
            }
            false
        };
        spans.iter().filter(is_below).map(|span| span.name.clone()).collect()
    }
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        for resource in request.into_inner().resource_spans {
            for scope in resource.scope_spans {
                spans.extend(scope.spans);
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
