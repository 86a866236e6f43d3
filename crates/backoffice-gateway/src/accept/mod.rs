//! Takes reports exactly once, in groups.
//!
//! Each back office has one writer. What arrives while a group commits becomes the next group,
//! without a timer: alone, a call pays for one transaction; under load, many share one.

mod fates;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lockstep_contracts::backoffice::v1::{CountReported, MovementReported};
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Partition, TraceContext};
use lockstep_domain::ids::BackOfficeId;
use lockstep_runtime::{About, Engine, Lifecycle, Origin, Published, Work};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use crate::fault::CallFault;
use crate::translate::{Content, ITEMS_MAX, Report};
pub use fates::Fate;
use fates::{Group, Judged, message_id};

/// Calls of one back office that wait while a group commits; beyond it a call is answered 503.
const WAITING_CALLS_MAX: usize = 256;
/// Reports in one transaction: at most what one call may bring, which is also what the broker
/// takes as one atomic batch.
const GROUP_REPORTS_MAX: usize = ITEMS_MAX;

const AWAY: CallFault = CallFault::Unavailable("the broker or the database is away");
const FULL: CallFault = CallFault::Unavailable("too many calls of this back office wait");
const LATE: CallFault = CallFault::Unavailable("the reports were not stored in time");
const STOPPING: CallFault = CallFault::Unavailable("the service is stopping");

/// Stores reports and publishes them.
pub struct Acceptor {
    engine: Arc<Engine>,
    life: Lifecycle,
    deadline: Duration,
    writers: Mutex<HashMap<BackOfficeId, mpsc::Sender<Call>>>,
}

/// The reports of one call, and who waits for their fates.
struct Call {
    reports: Vec<Report>,
    id: String,
    trace: Option<TraceContext>,
    answer: oneshot::Sender<Result<Vec<Fate>, CallFault>>,
}

/// What a call brings.
pub struct Batch {
    /// Its checked items.
    pub reports: Vec<Report>,
    /// Id of the call; becomes the cause of the events.
    pub call_id: String,
    /// Trace that the events carry on.
    pub trace: Option<TraceContext>,
}

impl Acceptor {
    /// An acceptor that waits at most `deadline` for a group.
    pub fn new(engine: Arc<Engine>, life: Lifecycle, deadline: Duration) -> Arc<Self> {
        Arc::new(Self { engine, life, deadline, writers: Mutex::default() })
    }

    /// The fates of the reports, in their order. Everything accepted is durable and acknowledged
    /// by the broker.
    ///
    /// # Errors
    /// `Unavailable`: the reports may or may not have been taken; the same call again is safe.
    pub async fn accept(
        self: &Arc<Self>,
        backoffice: &BackOfficeId,
        batch: Batch,
    ) -> Result<Vec<Fate>, CallFault> {
        if batch.reports.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, fates) = oneshot::channel();
        let Batch { reports, call_id: id, trace } = batch;
        let call = Call { reports, id, trace, answer };
        self.writer(backoffice).try_send(call).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => FULL,
            mpsc::error::TrySendError::Closed(_) => STOPPING,
        })?;
        match tokio::time::timeout(self.deadline, fates).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(STOPPING),
            Err(_) => Err(LATE),
        }
    }

    fn writer(self: &Arc<Self>, backoffice: &BackOfficeId) -> mpsc::Sender<Call> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = writers.get(backoffice) {
            return sender.clone();
        }
        let (sender, calls) = mpsc::channel(WAITING_CALLS_MAX);
        writers.insert(backoffice.clone(), sender.clone());
        let writer = Writer {
            engine: self.engine.clone(),
            backoffice: backoffice.clone(),
            is_behind: false,
        };
        self.life.tracker.spawn(run(writer, calls, self.life.clone()));
        sender
    }
}

async fn run(mut writer: Writer, mut calls: mpsc::Receiver<Call>, life: Lifecycle) {
    let mut held = None;
    loop {
        let first = match held.take() {
            Some(call) => Some(call),
            None => tokio::select! {
                biased;
                call = calls.recv() => call,
                () = life.shutdown.cancelled(), if !calls.is_closed() => {
                    // What is already in the queue is still answered.
                    calls.close();
                    continue;
                }
            },
        };
        let Some(first) = first else { return };
        let mut size = first.reports.len();
        let mut group = vec![first];
        while let Ok(call) = calls.try_recv() {
            size += call.reports.len();
            if size > GROUP_REPORTS_MAX {
                held = Some(call);
                break;
            }
            group.push(call);
        }
        // Whoever gave up waiting will send the same again.
        group.retain(|call| !call.answer.is_closed());
        writer.settle(group).await;
    }
}

/// The one writer of a back office.
struct Writer {
    engine: Arc<Engine>,
    backoffice: BackOfficeId,
    /// True while rows of an earlier group may still wait for the broker.
    is_behind: bool,
}

impl Writer {
    async fn settle(&mut self, group: Vec<Call>) {
        if group.is_empty() {
            return;
        }
        // While the broker is away nothing more is stored, so that an outage does not fill the
        // outbox with what clients repeat anyway.
        if self.is_behind && !self.has_published_all().await {
            answer_all(group, &AWAY);
            return;
        }
        match self.store(&group).await {
            Ok(judged) => self.answer(group, judged).await,
            Err(Failure::Away) => answer_all(group, &AWAY),
            // The fault of one call must not fail its neighbours.
            Err(Failure::Content) if group.len() > 1 => {
                for call in group {
                    let alone = vec![call];
                    match self.store(&alone).await {
                        Ok(judged) => self.answer(alone, judged).await,
                        Err(_) => answer_all(alone, &AWAY),
                    }
                }
            }
            Err(Failure::Content) => answer_all(group, &AWAY),
        }
    }

    async fn store(&self, calls: &[Call]) -> Result<(Vec<Judged>, Published), Failure> {
        let reports = || calls.iter().flat_map(|call| &call.reports);
        let group = Group::of(self.backoffice.as_str(), reports());
        let origin = match calls.first() {
            Some(call) => Origin::new(call.id.as_str(), call.trace.clone()),
            None => return Ok((Vec::new(), Published::All)),
        };
        let decide = |work: &mut Work<'_>, seen: &[Option<Vec<u8>>]| {
            let judged: Vec<Judged> = group.fates(seen).collect();
            let traced = calls.iter().flat_map(|c| c.reports.iter().map(|r| (&c.trace, r)));
            for ((trace, report), judged) in traced.zip(&judged) {
                if judged.fate == Fate::Accepted {
                    work.in_trace(trace.clone());
                    publish(work, &self.backoffice, report);
                }
            }
            Ok(judged)
        };
        let ids = group.inbox_ids();
        self.engine.transact_inbox(ids, origin, &[], decide).await.map_err(|e| {
            if e.is_permanent() {
                error!(
                    code = "LS0201",
                    backoffice.id = self.backoffice.as_str(),
                    error = e.chain(),
                    "reports cannot be stored"
                );
                Failure::Content
            } else {
                warn!(
                    backoffice.id = self.backoffice.as_str(),
                    error = e.chain(),
                    "reports are not stored"
                );
                Failure::Away
            }
        })
    }

    /// Tells each call its fates, once the broker holds what they speak of.
    async fn answer(&mut self, group: Vec<Call>, (judged, published): (Vec<Judged>, Published)) {
        let published = published == Published::All;
        self.is_behind = !published;
        // A repeat is confirmed only when its first was published: perhaps another process, or
        // an earlier life of this one, committed it and was cut off from the broker.
        let repeats = judged.iter().any(|j| j.was_known && j.fate == Fate::Duplicate);
        let earlier = !repeats || (published && self.has_published_all().await);
        let mut judged = judged.into_iter();
        for call in group {
            let mine: Vec<Judged> = judged.by_ref().take(call.reports.len()).collect();
            let is_held = mine.iter().all(|j| match (j.fate, j.was_known) {
                (Fate::Conflict, _) => true,
                (_, true) => earlier,
                (_, false) => published,
            });
            let fates = mine.iter().map(|j| j.fate).collect();
            // Whoever gave up waiting needs no answer.
            let _ = call.answer.send(if is_held { Ok(fates) } else { Err(AWAY) });
        }
    }

    async fn has_published_all(&self) -> bool {
        match self.engine.publish_leftovers().await {
            Ok(all) => all,
            Err(e) => {
                warn!(error = e.chain(), "leftovers of the outbox cannot be read");
                false
            }
        }
    }
}

enum Failure {
    Away,
    Content,
}

fn answer_all(group: Vec<Call>, fault: &CallFault) {
    for call in group {
        // Whoever gave up waiting needs no answer.
        let _ = call.answer.send(Err(fault.clone()));
    }
}

fn publish(work: &mut Work<'_>, backoffice: &BackOfficeId, report: &Report) {
    let owner = backoffice.as_str();
    let id = message_id(owner, report.event_id.as_str());
    let partition = Partition::of(report.sku.as_str());
    let about = format!("sku/{owner}/{}", report.sku);
    let accepted_at = Some(to_proto(work.now()));
    let backoffice = owner.to_owned();
    match &report.content {
        Content::Movement(movement) => {
            let movement = Some(movement.clone());
            let event = MovementReported { backoffice, movement, accepted_at };
            let subject = MovementReported::subject(owner, partition);
            work.publish_as(id, &event, subject, About { aggregate: &about, sequence: None });
        }
        Content::Count(count) => {
            let event = CountReported { backoffice, count: Some(count.clone()), accepted_at };
            let subject = CountReported::subject(owner, partition);
            work.publish_as(id, &event, subject, About { aggregate: &about, sequence: None });
        }
    }
}
