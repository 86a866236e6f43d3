//! Questions between services: request and reply over the broker, typed by the contracts.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use lockstep_contracts::{Request, Subject};
use lockstep_ports::{Ask, ErrorKind, PortError};
use prost::Message;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info_span, warn};

use crate::lifecycle::Lifecycle;
use crate::retry::Retry;
use crate::telemetry;

/// Questions that a service answers at once, per subject; more wait in the broker's client.
const ANSWERS_AT_ONCE_MAX: usize = 16;

/// Asks and awaits the typed answer.
pub async fn ask<R: Request>(
    port: &dyn Ask,
    subject: Subject,
    request: &R,
    deadline: Duration,
) -> Result<R::Reply, PortError> {
    let headers = telemetry::current_headers();
    let body = Bytes::from(request.encode_to_vec());
    let answer = port.ask(subject.as_str(), headers, body, deadline).await?;
    R::Reply::decode(answer)
        .map_err(|e| PortError::new(ErrorKind::Permanent, format!("answer to {}", R::TYPE), e))
}

/// Answers a kind of question until the token is cancelled. A question whose handler fails gets
/// no answer: whoever asked sees the service as silent, and the log says why.
pub fn serve_request<R, H, F>(
    port: Arc<dyn Ask>,
    subject: Subject,
    group: &'static str,
    handler: H,
    lifecycle: &Lifecycle,
) where
    R: Request + 'static,
    H: Fn(R) -> F + Send + Sync + 'static,
    F: Future<Output = Result<R::Reply, PortError>> + Send + 'static,
{
    let handler = Arc::new(handler);
    let life = lifecycle.clone();
    lifecycle.tracker.spawn(async move {
        let mut failures = 0;
        while !life.shutdown.is_cancelled() {
            let listening =
                listen::<R, H, F>(&*port, subject.as_str(), group, &handler, &life.tracker);
            let listened = tokio::select! {
                biased;
                () = life.shutdown.cancelled() => return,
                listened = listening => listened,
            };
            // Questions that ended had been heard; only ones that cannot be heard wait longer.
            failures = if listened.is_ok() { 1 } else { failures + 1 };
            let error = listened.err().map(|e| e.chain()).unwrap_or_default();
            warn!(subject = subject.as_str(), error, "questions cannot be heard; again");
            life.pause(Retry::AWAY, failures).await;
        }
    });
}

async fn listen<R, H, F>(
    port: &dyn Ask,
    subject: &str,
    group: &str,
    handler: &Arc<H>,
    tasks: &TaskTracker,
) -> Result<(), PortError>
where
    R: Request + 'static,
    H: Fn(R) -> F + Send + Sync + 'static,
    F: Future<Output = Result<R::Reply, PortError>> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(ANSWERS_AT_ONCE_MAX));
    let mut questions = port.questions(subject, group).await?;
    while let Some(question) = questions.next().await {
        let Ok(slot) = slots.clone().acquire_owned().await else { return Ok(()) };
        let handler = handler.clone();
        let span = info_span!("answer", question = R::TYPE);
        telemetry::set_parent_from_headers(&span, &question.headers);
        let answering = async move {
            let result = match R::decode(question.body) {
                Ok(request) => handler(request).await,
                Err(e) => Err(PortError::new(ErrorKind::Permanent, "unreadable question", e)),
            };
            let sent = match result {
                Ok(reply) => question.answerer.answer(reply.encode_to_vec().into()).await,
                Err(e) => Err(e),
            };
            if let Err(e) = sent {
                warn!(question = R::TYPE, error = e.chain(), "question goes unanswered");
            }
            drop(slot);
        };
        tasks.spawn(answering.instrument(span));
    }
    Ok(())
}
