//! Hosts one service: settings, consumers, lanes, outbox sweep and the questions that every
//! service answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::operations::v1::{
    CloseDeadLetterRequest, ExamineRequest, ExamineResponse, Finding, ListDeadLettersRequest,
    Severity,
};
use lockstep_contracts::settings::v1::{AdoptionRequest, AdoptionResponse};
use lockstep_ports::{Ask, ConsumerSpec, Kv, PortError};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::dead_letters;
use crate::directory::{Adopted, Directory, News, SharedDirectory, follow};
use crate::engine::Engine;
use crate::lanes::{LaneWorker, run_lanes};
use crate::lifecycle::Lifecycle;
use crate::processor::{Processor, run_consumer};
use crate::questions::serve_request;
use crate::retry::Retry;

/// Batches that a service decides at once, over all its consumers.
const TURNS_AT_ONCE: usize = 4;
/// The outbox is swept at least this often.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Inbox ids and published outbox rows are kept this long.
const KEEP: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Rows are pruned this often.
const PRUNE_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// A service to be hosted.
pub struct Hosted {
    /// Its shell.
    pub engine: Arc<Engine>,
    /// What it does with messages and settings.
    pub processor: Arc<dyn Processor>,
    /// What it does in its lanes; `None` when it calls nobody.
    pub worker: Option<Arc<dyn LaneWorker>>,
    /// True: inbox ids are never pruned (they answer for doubles by themselves).
    pub keep_inbox: bool,
}

/// Starts everything that every service has. The directory that it returns is kept current, each
/// change shown after the service adopted it.
pub fn start(
    hosted: Hosted,
    kv: Arc<dyn Kv>,
    ask: Arc<dyn Ask>,
    lifecycle: &Lifecycle,
) -> SharedDirectory {
    let (sender, directory) = watch::channel(Arc::new(Directory::default()));
    let adopted = Adopted::default();
    let Hosted { engine, processor, worker, keep_inbox } = hosted;
    let news = News { adopted: adopted.clone(), directory: sender };
    start_settings(&engine, &processor, kv, news, lifecycle);
    start_consumers(&engine, &processor, directory.clone(), lifecycle);
    if let Some(worker) = worker {
        lifecycle.spawn_vital("lanes", run_lanes(engine.clone(), worker, lifecycle.clone()));
    }
    let (swept, shutdown) = (engine.clone(), lifecycle.shutdown.clone());
    lifecycle.spawn_vital("outbox sweep", async move { sweep(&swept, keep_inbox, shutdown).await });
    answer_common(&engine, &processor, &ask, adopted, lifecycle);
    directory
}

fn start_settings(
    engine: &Arc<Engine>,
    processor: &Arc<dyn Processor>,
    kv: Arc<dyn Kv>,
    news: News,
    lifecycle: &Lifecycle,
) {
    let (engine, processor) = (engine.clone(), processor.clone());
    let shutdown = lifecycle.shutdown.clone();
    lifecycle.spawn_vital("settings", async move {
        let adopter = (engine.as_ref(), processor.as_ref());
        follow(kv.as_ref(), adopter, &news, &shutdown).await;
    });
}

/// One task per durable consumer, started and ended as stores and back offices come and go.
fn start_consumers(
    engine: &Arc<Engine>,
    processor: &Arc<dyn Processor>,
    mut directory: SharedDirectory,
    lifecycle: &Lifecycle,
) {
    let (engine, processor) = (engine.clone(), processor.clone());
    let (life, shutdown) = (lifecycle.clone(), lifecycle.shutdown.clone());
    lifecycle.spawn_vital("consumers", async move {
        let turns = Arc::new(Semaphore::new(TURNS_AT_ONCE));
        let mut running: BTreeMap<String, (ConsumerSpec, CancellationToken)> = BTreeMap::new();
        loop {
            let wanted = processor.consumers(&directory.borrow_and_update().clone());
            running.retain(|_, (spec, stop)| {
                let stays = wanted.contains(spec);
                if !stays {
                    stop.cancel();
                }
                stays
            });
            for spec in wanted {
                if running.contains_key(&spec.durable) {
                    continue;
                }
                let stop = shutdown.child_token();
                running.insert(spec.durable.clone(), (spec.clone(), stop.clone()));
                let (engine, processor, turns) = (engine.clone(), processor.clone(), turns.clone());
                info!(service = engine.service(), consumer = spec.durable, "consumer starts");
                life.spawn_watched("consumer", async move {
                    run_consumer(&engine, processor.as_ref(), spec, &turns, stop).await;
                });
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = directory.changed() => if changed.is_err() { return },
            }
        }
    });
}

/// Publishes what earlier attempts left behind, and prunes what nobody needs.
async fn sweep(engine: &Engine, keep_inbox: bool, shutdown: CancellationToken) {
    let mut failures = 0;
    let mut prune_at = engine.now();
    while !shutdown.is_cancelled() {
        let swept = engine.publish_leftovers().await;
        match &swept {
            Ok(true) => failures = 0,
            Ok(false) => failures += 1,
            Err(e) => {
                failures += 1;
                warn!(service = engine.service(), error = e.chain(), "outbox sweep pauses");
            }
        }
        if swept.is_ok() && engine.now() >= prune_at {
            prune_at = later(engine.now(), PRUNE_EVERY);
            let before = later(engine.now(), -KEEP);
            match engine.store().prune(before, keep_inbox).await {
                Ok(0) => {}
                Ok(rows) => info!(service = engine.service(), rows, "old rows pruned"),
                Err(e) => warn!(service = engine.service(), error = e.chain(), "prune failed"),
            }
        }
        let wait = if failures == 0 { SWEEP_EVERY } else { Retry::AWAY.delay(failures) };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
            () = engine.leftovers.notified(), if failures == 0 => {}
        }
    }
    // The last words of a process: what a clean stop can still publish, it publishes.
    if let Err(e) = engine.publish_leftovers().await {
        warn!(service = engine.service(), error = e.chain(), "outbox rows wait for the next start");
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

fn answer_common(
    engine: &Arc<Engine>,
    processor: &Arc<dyn Processor>,
    ask: &Arc<dyn Ask>,
    adopted: Adopted,
    lifecycle: &Lifecycle,
) {
    let service = engine.service();
    let adoption = move |request: AdoptionRequest| {
        let revision = adopted.revision(&request.key);
        async move { Ok(AdoptionResponse { revision }) }
    };
    let subject = AdoptionRequest::subject(service);
    serve_request(ask.clone(), subject, service, adoption, lifecycle);
    let list_engine = engine.clone();
    let list = move |request: ListDeadLettersRequest| {
        let engine = list_engine.clone();
        async move { dead_letters::list(&engine, &request).await }
    };
    let subject = ListDeadLettersRequest::subject(service);
    serve_request(ask.clone(), subject, service, list, lifecycle);
    let (close_engine, processor) = (engine.clone(), processor.clone());
    let close = move |request: CloseDeadLetterRequest| {
        let (engine, processor) = (close_engine.clone(), processor.clone());
        async move { dead_letters::close(&engine, Some(processor.as_ref()), &request).await }
    };
    let subject = CloseDeadLetterRequest::subject(service);
    serve_request(ask.clone(), subject, service, close, lifecycle);
    let engine = engine.clone();
    let examine = move |_: ExamineRequest| {
        let engine = engine.clone();
        async move { examine(&engine).await }
    };
    let subject = ExamineRequest::subject(service);
    serve_request(ask.clone(), subject, service, examine, lifecycle);
}

/// What an operator wants to know of any service.
async fn examine(engine: &Engine) -> Result<ExamineResponse, PortError> {
    let unpublished = engine.store().unpublished(100).await?.len();
    let letters = engine.store().dead_letters(false, 200).await?.len();
    let unknown = engine.store().unknown_effects(200).await?.len();
    let findings = vec![
        finding("outbox", unpublished, "events wait for the broker", "look at the broker"),
        finding(
            "dead letters",
            letters,
            "messages could not be processed",
            "lockstep dead-letters list, then retry or dismiss each",
        ),
        finding(
            "effects",
            unknown,
            "calls to Shopify have an unknown outcome",
            "they are resolved by reading; if they stay, look at the store's access",
        ),
    ];
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok(ExamineResponse { service: engine.service().to_owned(), version, findings })
}

fn finding(subject: &str, count: usize, what: &str, fix: &str) -> Finding {
    let severity = if count == 0 { Severity::Ok } else { Severity::Warning };
    Finding {
        severity: severity.into(),
        subject: subject.to_owned(),
        message: format!("{count} {what}"),
        fix: if count == 0 { String::new() } else { fix.to_owned() },
    }
}
