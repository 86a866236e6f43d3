//! `POST /webhooks/shopify`: verify, wrap, publish, answer.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use lockstep_contracts::Stream;
use lockstep_ports::{Clock, IdSource, ObjectStore};
use lockstep_runtime::http::Bodies;
use lockstep_runtime::telemetry;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::{Instrument, Span, field, info, info_span, warn};
use uuid::Uuid;

use crate::config::Config;
use crate::delivery::{self, Delivery};
use crate::directory::{Directory, SharedDirectory, Store};
use crate::envelope::{self, Arrival};
use crate::group::{Group, NotPublished};
use crate::refusal::Refusal;
use crate::secrets::Verifier;

const REQUEST_ID: &str = "x-request-id";

/// What a request needs.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) permits: Semaphore,
    pub(crate) bodies: Bodies,
    pub(crate) directory: SharedDirectory,
    pub(crate) verifier: Verifier,
    pub(crate) group: Group,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
}

/// What the log line of a request tells, as far as the request came.
#[derive(Default)]
struct Seen {
    store: String,
    delivery: Option<Delivery>,
    body_bytes: usize,
}

/// Answers 200 once the broker holds the delivery.
pub(crate) async fn handler(State(core): State<Arc<Core>>, request: Request) -> Response {
    let start = Instant::now();
    let request_id = core.ids.next_id();
    let span = info_span!(
        "webhook-ingest.webhook",
        request.id = %request_id,
        store.id = field::Empty,
        webhook.topic = field::Empty,
        webhook.id = field::Empty,
        http.status = field::Empty,
    );
    let mut seen = Seen::default();
    let result = accept(&core, request, &mut seen).instrument(span.clone()).await;
    let status = result.as_ref().map_or_else(Refusal::status, |()| StatusCode::OK);
    span.record("http.status", status.as_u16());
    span.in_scope(|| log(request_id, status, &result, &seen, start));
    let mut response = match result {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refusal) => refusal.into_response(),
    };
    if let Ok(value) = HeaderValue::try_from(request_id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

async fn accept(core: &Core, request: Request, seen: &mut Seen) -> Result<(), Refusal> {
    let _permit = core.permits.try_acquire().map_err(|_| Refusal::Busy)?;
    let directory = core.directory.borrow().clone().ok_or(Refusal::Starting)?;
    let (parts, body) = request.into_parts();
    let claimed = delivery::signature(&parts.headers)?;
    let body = core.bodies.read(&parts.headers, body).await?;
    seen.body_bytes = body.bytes.len();

    // The signature comes first: to whoever does not know the secret, nothing else is told.
    let store = find(&directory, &parts.headers);
    verify(core, store, &body.bytes, &claimed).await?;
    let delivery = Delivery::try_from_headers(&parts.headers)?;
    let delivery = &*seen.delivery.insert(delivery);
    let Some(store) = store else { return accept_unknown(delivery) };
    seen.store.clone_from(&store.id);
    note(&store.id, delivery);
    if store.is_deleted && !delivery.outlives_the_store() {
        return Err(Refusal::DeletedStore);
    }

    let encoded = envelope::encode(body.bytes.clone()).await;
    let trace = telemetry::current_context();
    let arrival = Arrival { store: &store.id, at: core.clock.now(), trace };
    let (message, stored) =
        envelope::wrap(&arrival, delivery, encoded, core.config.message_bytes_max);
    if let Some(stored) = stored {
        let put = core.objects.put(envelope::BODIES, &stored.name, stored.bytes);
        match tokio::time::timeout(core.config.publish_deadline, put).await {
            Ok(Ok(())) => {}
            Ok(Err(cause)) => {
                warn!(error = cause.chain(), "a large body cannot be stored");
                return Err(Refusal::BrokerAway);
            }
            Err(_) => return Err(Refusal::BrokerAway),
        }
    }
    core.group.publish(message).await.map_err(|cause| match cause {
        NotPublished::Away => Refusal::BrokerAway,
        NotPublished::Refused => Refusal::BrokerRefuses,
    })
}

/// A shop that installed the app and was never added here. What privacy law asks about it must be
/// taken, and there is nothing of it to show or to delete.
fn accept_unknown(delivery: &Delivery) -> Result<(), Refusal> {
    if !delivery.is_compliance() {
        return Err(Refusal::UnknownStore);
    }
    let (domain, topic) = (delivery.shop_domain.as_str(), delivery.topic.as_str());
    info!(shop.domain = domain, webhook.topic = topic, "nothing is kept of this shop");
    Ok(())
}

fn find<'a>(directory: &'a Directory, headers: &axum::http::HeaderMap) -> Option<&'a Store> {
    directory.store(&delivery::shop_domain(headers).ok()?)
}

async fn verify(
    core: &Core,
    store: Option<&Store>,
    body: &[u8],
    claimed: &str,
) -> Result<(), Refusal> {
    let store = store.map(|store| store.id.as_str());
    match core.verifier.is_signed(store, body, claimed).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::Unsigned),
        Err(cause) => {
            warn!(store.id = store, error = cause.chain(), "a secret cannot be looked up");
            Err(Refusal::BrokerAway)
        }
    }
}

fn note(store: &str, delivery: &Delivery) {
    let span = Span::current();
    span.record("store.id", store);
    span.record("webhook.topic", &delivery.topic);
    span.record("webhook.id", &delivery.webhook_id);
}

/// The one line of a request. Nothing that was not checked is written, and no body.
fn log(
    request_id: Uuid,
    status: StatusCode,
    result: &Result<(), Refusal>,
    seen: &Seen,
    start: Instant,
) {
    let delivery = seen.delivery.as_ref();
    let (outcome, reason) = match result {
        Ok(()) => ("ACCEPTED", String::new()),
        Err(refusal) => (refusal.code(), refusal.to_string()),
    };
    info!(
        request.id = %request_id,
        http.status = status.as_u16(),
        outcome,
        reason,
        stream = Stream::Shopify.name(),
        store.id = seen.store,
        shop.domain = delivery.map(|delivery| delivery.shop_domain.as_str()),
        webhook.topic = delivery.map(|delivery| delivery.topic.as_str()),
        webhook.id = delivery.map(|delivery| delivery.webhook_id.as_str()),
        body.bytes = seen.body_bytes,
        duration_ms = start.elapsed().as_secs_f64() * 1_000.0,
        "webhook answered"
    );
}
