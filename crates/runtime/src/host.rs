//! Hosts one service: settings, consumers, lanes, outbox sweep and the questions that every
//! service answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockstep_contracts::operations::v1::{
    CloseDeadLetterRequest, ExamineRequest, ExamineResponse, Finding, GetDeadLetterRequest,
    ListDeadLettersRequest, Severity,
};
use lockstep_contracts::settings::v1::{AdoptionRequest, AdoptionResponse};
use lockstep_ports::{Ask, ConsumerSpec, Cutoffs, EffectState, Kv, PortError};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::consumer::Consumer;
use crate::dead_letters;
use crate::directory::{Adopted, Directory, News, SharedDirectory, follow};
use crate::engine::Engine;
use crate::lanes::{LaneWorker, run_lanes};
use crate::lifecycle::Lifecycle;
use crate::processor::Processor;
use crate::publish::Swept;
use crate::pulse::{Pulse, later};
use crate::questions::serve_request;
use crate::rebuild::{STATES_LEASE, leave_states, run_on_states};
use crate::retry::{Retry, jitter};

/// Batches that a service decides at once, over all its consumers.
const TURNS_AT_ONCE: usize = 4;
/// Large batches that a service holds at once, over all its consumers: those that are decided, and
/// as many ahead.
const HELD_AT_ONCE: usize = 2 * TURNS_AT_ONCE;
/// The outbox is swept at least this often.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Inbox ids, published outbox rows and closed effects are kept this long.
const KEEP: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Dead letters are kept this long, as the stream `DEAD` is.
const KEEP_LETTERS: Duration = Duration::from_secs(90 * 24 * 3_600);
/// Rows are pruned this often.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// Rows of a kind that are counted for a person; there may be more.
const LOOKED_AT: u32 = 200;
/// Time that one part of a sweep may take: two calls of the database and one of the broker.
const PUBLISH_MAX: Duration = Duration::from_secs(120);
/// Time that one pruning may take: a statement for each kind of rows.
const PRUNE_MAX: Duration = Duration::from_secs(240);

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
    let pulse = lifecycle.pulse(format!("{} settings", engine.service()));
    let news = News { adopted: adopted.clone(), directory: sender, pulse };
    start_settings(&engine, &processor, kv, news, lifecycle);
    start_consumers(&engine, &processor, directory.clone(), lifecycle);
    if let Some(worker) = worker {
        lifecycle.spawn_vital("lanes", run_lanes(engine.clone(), worker, lifecycle.clone()));
    }
    let sweep = Sweep {
        engine: engine.clone(),
        keep_inbox,
        shutdown: lifecycle.shutdown.clone(),
        pulse: lifecycle.pulse(format!("{} outbox", engine.service())),
    };
    lifecycle.spawn_vital("outbox sweep", sweep.run());
    let (present, shutdown) = (engine.clone(), lifecycle.shutdown.clone());
    lifecycle.spawn_vital("presence", async move { stay_present(&present, &shutdown).await });
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
    let life = lifecycle.clone();
    lifecycle.spawn_vital("settings", async move {
        let adopter = (engine.as_ref(), processor.as_ref());
        follow(kv.as_ref(), adopter, &news, &life).await;
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
        let held = Arc::new(Semaphore::new(HELD_AT_ONCE));
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
                info!(service = engine.service(), consumer = spec.durable, "consumer starts");
                let consumer = Consumer {
                    engine: engine.clone(),
                    processor: processor.clone(),
                    turns: turns.clone(),
                    held: held.clone(),
                    shutdown: stop,
                    pulse: life.pulse(format!("consumer {}", spec.durable)),
                    spec,
                };
                life.spawn_watched("consumer", consumer.run());
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                changed = directory.changed() => if changed.is_err() { return },
            }
        }
    });
}

/// Publishes what earlier attempts left behind, and prunes what nobody needs.
struct Sweep {
    engine: Arc<Engine>,
    keep_inbox: bool,
    shutdown: CancellationToken,
    pulse: Pulse,
}

impl Sweep {
    async fn run(self) {
        let engine = &*self.engine;
        let mut failures = 0;
        let mut prune_at = engine.now();
        // What a process before this one left is of any age.
        let mut is_known_to_wait = true;
        let mut is_refusal_old = true;
        while !self.shutdown.is_cancelled() {
            // Young rows are on their way, unless a publishing is known to have failed.
            let ripe = if is_known_to_wait { engine.any_age() } else { engine.sent_age() };
            // The broker may have been mended since: what it refused to an earlier process is
            // tried once more.
            if is_refusal_old {
                is_refusal_old = !self.retry_refused().await;
            }
            let swept = self.publish(ripe).await;
            match &swept {
                Ok(true) => failures = 0,
                Ok(false) => failures += 1,
                Err(e) => {
                    failures += 1;
                    warn!(service = engine.service(), error = e.chain(), "outbox sweep pauses");
                }
            }
            if swept.is_ok() && engine.now() >= prune_at {
                // After a long time there is much: some of it goes after each sweep, so that
                // nothing waits for the whole.
                let is_rest = self.prune().await;
                let wait = if is_rest { Duration::ZERO } else { PRUNE_EVERY };
                prune_at = later(engine.now(), wait);
            }
            self.pulse.beat();
            let wait = match failures {
                0 => SWEEP_EVERY,
                _ => Retry::AWAY.delay(failures, jitter(&*engine.parts.ids)),
            };
            is_known_to_wait = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => false,
                () = engine.pause(wait) => failures > 0,
                () = engine.leftovers.notified(), if failures == 0 => true,
            };
        }
        // The last words of a process: what a clean stop can still publish, it publishes.
        if let Err(e) = engine.publish_leftovers().await {
            let (service, error) = (engine.service(), e.chain());
            warn!(service, error, "outbox rows wait for the next start");
        }
    }

    /// True when what was refused waits again.
    async fn retry_refused(&self) -> bool {
        let service = self.engine.service();
        match self.engine.store().retry_outbox().await {
            Ok(0) => true,
            Ok(rows) => {
                info!(service, rows, "refused events are tried again");
                true
            }
            Err(e) => {
                warn!(service, error = e.chain(), "refused events cannot be tried again");
                false
            }
        }
    }

    /// True when nothing is left of what was added before a moment.
    async fn publish(&self, older_than: Timestamp) -> Result<bool, PortError> {
        loop {
            self.pulse.allow(PUBLISH_MAX);
            match self.engine.publish_older(older_than).await? {
                Swept::Nothing => return Ok(true),
                Swept::Some => {}
                Swept::Waits => return Ok(false),
            }
        }
    }

    /// True when there may be more.
    async fn prune(&self) -> bool {
        let engine = &*self.engine;
        let ago = |time| earlier(engine.now(), time);
        let before = Cutoffs {
            inbox: (!self.keep_inbox).then(|| ago(KEEP)),
            outbox: Some(ago(KEEP)),
            effects: Some(ago(KEEP)),
            letters: Some(ago(KEEP_LETTERS)),
            blank_timers: true,
        };
        self.pulse.allow(PRUNE_MAX);
        match engine.store().prune(&before).await {
            Ok(0) => false,
            Ok(rows) => {
                info!(service = engine.service(), rows, "old rows pruned");
                true
            }
            Err(e) => {
                warn!(service = engine.service(), error = e.chain(), "prune failed");
                false
            }
        }
    }
}

/// Keeps a rebuild away while the service runs.
async fn stay_present(engine: &Engine, shutdown: &CancellationToken) {
    let (service, process) = (engine.service(), engine.parts.ids.next_id());
    while !shutdown.is_cancelled() {
        match run_on_states(&**engine.store(), &**engine.clock(), process).await {
            Ok(true) => {}
            Ok(false) => error!(code = "LS0106", service, "the states are being rebuilt"),
            Err(e) => warn!(service, error = e.chain(), "presence cannot be told"),
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = engine.pause(STATES_LEASE / 3) => {}
        }
    }
    if let Err(e) = leave_states(&**engine.store(), process).await {
        warn!(service, error = e.chain(), "the end of presence cannot be told");
    }
}

fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
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
    let get_engine = engine.clone();
    let get = move |request: GetDeadLetterRequest| {
        let engine = get_engine.clone();
        async move { dead_letters::get(&engine, &request).await }
    };
    let subject = GetDeadLetterRequest::subject(service);
    serve_request(ask.clone(), subject, service, get, lifecycle);
    let (close_engine, close_processor) = (engine.clone(), processor.clone());
    let close = move |request: CloseDeadLetterRequest| {
        let (engine, processor) = (close_engine.clone(), close_processor.clone());
        async move { dead_letters::close(&engine, Some(processor.as_ref()), &request).await }
    };
    let subject = CloseDeadLetterRequest::subject(service);
    serve_request(ask.clone(), subject, service, close, lifecycle);
    let (engine, processor) = (engine.clone(), processor.clone());
    let examine = move |_: ExamineRequest| {
        let (engine, processor) = (engine.clone(), processor.clone());
        async move {
            let mut answer = examine(&engine).await?;
            answer.findings.extend(processor.examine(&engine).await?);
            Ok(answer)
        }
    };
    let subject = ExamineRequest::subject(service);
    serve_request(ask.clone(), subject, service, examine, lifecycle);
}

/// What an operator wants to know of any service.
async fn examine(engine: &Engine) -> Result<ExamineResponse, PortError> {
    let store = engine.store();
    let unpublished = store.unpublished(engine.sent_age(), LOOKED_AT).await?.len();
    let refused = store.refused_outbox(LOOKED_AT).await?.len();
    let letters = store.dead_letters(false, None, LOOKED_AT).await?.len();
    let unknown = store.effects_of(&[EffectState::Unknown], LOOKED_AT).await?.len();
    let asking = store.effects_of(&[EffectState::Asks], LOOKED_AT).await?.len();
    let findings = vec![
        finding("outbox", unpublished, "events wait for the broker", "look at the broker"),
        finding(
            "refused events",
            refused,
            "events are refused by the broker and put aside",
            "look for LS0104 in the log; mend the broker, then lockstep outbox retry",
        ),
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
        finding(
            "questions",
            asking,
            "calls to Shopify wait for a person's word on whether they were applied",
            "lockstep effects list --asking, then settle each",
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
