//! Logs, traces and their way over the broker: `traceparent` in message headers and stored rows.

use lockstep_contracts::TraceContext;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Span, debug_span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::inbound::Inbound;

const TRACEPARENT: &str = "traceparent";

/// How logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line, for machines.
    Json,
    /// For a person at a terminal.
    Text,
}

/// What is told, and where to.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// Filter directives, e.g. `info,lockstep=debug`.
    pub filter: String,
    /// How logs look.
    pub format: LogFormat,
    /// OTLP endpoint over gRPC; `None` exports nothing. The standard `OTEL_*` variables tune it.
    pub otlp_endpoint: Option<String>,
    /// `service.name` of the exported spans.
    pub service_name: String,
}

/// Flushes what is not exported yet when the process ends.
#[derive(Default)]
pub struct TelemetryGuard(Option<SdkTracerProvider>);

impl TelemetryGuard {
    /// Exports everything recorded so far.
    pub fn flush(&self) {
        if let Some(provider) = &self.0
            && let Err(e) = provider.force_flush()
        {
            tracing::warn!(error = %e, "spans could not be exported");
        }
    }
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take() {
            // Nothing can be done about a failure at the very end of the process.
            let _ = provider.shutdown();
        }
    }
}

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not understood.
    #[error("log filter is not understood")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter cannot be built.
    #[error("OTLP exporter cannot be built")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Another subscriber is installed already.
    #[error("telemetry was started twice")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts logs and traces for the process.
pub fn init(config: &TelemetryConfig) -> Result<TelemetryGuard, TelemetryError> {
    let filter = EnvFilter::try_new(&config.filter)?;
    let provider = match &config.otlp_endpoint {
        Some(endpoint) => Some(provider(endpoint, &config.service_name)?),
        None => None,
    };
    let traces =
        provider.as_ref().map(|p| tracing_opentelemetry::layer().with_tracer(p.tracer("lockstep")));
    let logs = match config.format {
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .with_span_list(false)
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Text => tracing_subscriber::fmt::layer().with_writer(std::io::stderr).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(traces).with(logs).try_init()?;
    Ok(TelemetryGuard(provider))
}

fn provider(endpoint: &str, service: &str) -> Result<SdkTracerProvider, TelemetryError> {
    use opentelemetry_otlp::WithExportConfig;
    let exporter =
        opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

struct Carrier(Vec<(String, String)>);

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        if !value.is_empty() {
            self.0.push((key.to_owned(), value));
        }
    }
}

impl Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(key)).map(|(_, v)| v.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(n, _)| n.as_str()).collect()
    }
}

/// Trace headers of the present span; empty when nothing is traced.
pub fn current_headers() -> Vec<(String, String)> {
    headers_of(&Span::current())
}

fn headers_of(span: &Span) -> Vec<(String, String)> {
    let mut carrier = Carrier(Vec::new());
    TraceContextPropagator::new().inject_context(&span.context(), &mut carrier);
    carrier.0
}

/// Trace context of a span, as messages and rows carry it; `None` when nothing is traced.
pub fn context_of(span: &Span) -> Option<TraceContext> {
    let headers = headers_of(span);
    let find = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    TraceContext::try_new(find(TRACEPARENT)?, find("tracestate"))
}

/// Trace context of the present span.
pub fn current_context() -> Option<TraceContext> {
    context_of(&Span::current())
}

/// Makes a span the child of a remote one.
pub fn set_parent(span: &Span, trace: Option<&TraceContext>) {
    let Some(trace) = trace else { return };
    let headers = vec![(TRACEPARENT.to_owned(), trace.traceparent().to_owned())];
    set_parent_from_headers(span, &headers);
}

/// Makes a span the child of the one in headers, when there is one.
pub fn set_parent_from_headers(span: &Span, headers: &[(String, String)]) {
    let carrier = Carrier(headers.to_vec());
    if carrier.get(TRACEPARENT).is_some() {
        // Fails only when no exporter is installed: then there is no trace to join.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
    }
}

macro_rules! consume_at {
    ($level:ident, $service:expr, $message:expr) => {
        $level!(
            "consume",
            service = $service,
            message.id = $message.metadata.id,
            message.r#type = $message.metadata.event_type,
            message.subject = $message.subject,
            message.sequence = $message.sequence,
        )
    };
}

/// The span of one consumed message, a child of the one that published it. Where nothing is
/// exported, and for a message whose trace is not sampled, it is one for debugging: there is one
/// for every message, and nobody would look at it.
pub(crate) fn consume_span(service: &'static str, message: &Inbound, is_exporting: bool) -> Span {
    let trace = message.metadata.trace.as_ref();
    if !is_exporting || !trace.is_none_or(is_sampled) {
        return consume_at!(debug_span, service, message);
    }
    let span = consume_at!(info_span, service, message);
    set_parent(&span, trace);
    span
}

/// The last bit of the flags that end a `traceparent`.
fn is_sampled(trace: &TraceContext) -> bool {
    let flags = trace.traceparent().rsplit('-').next().unwrap_or_default();
    u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1)
}
