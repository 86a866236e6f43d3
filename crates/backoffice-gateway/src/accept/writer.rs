//! The one writer of a back office: groups of calls, each in one transaction.

use std::collections::HashSet;
use std::sync::Arc;

use lockstep_contracts::TraceContext;
use lockstep_domain::ids::BackOfficeId;
use lockstep_runtime::{Engine, Lifecycle, Origin, Published, Work};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tracing::{error, warn};

use super::fates::{Fate, Group, Judged, message_id};
use super::publish::publish;
use super::{AWAY, GROUP_REPORTS_MAX};
use crate::fault::CallFault;
use crate::translate::Report;

/// The reports of one call, and who waits for their fates.
pub struct Call {
    /// Its checked items; at least one.
    pub reports: Vec<Report>,
    /// Its id.
    pub id: String,
    /// Its trace.
    pub trace: Option<TraceContext>,
    /// Who waits.
    pub answer: oneshot::Sender<Result<Vec<Fate>, CallFault>>,
    /// Its room among the reports that wait.
    pub _room: OwnedSemaphorePermit,
}

/// One report of a group, with what its event carries on.
struct Entry<'c> {
    report: &'c Report,
    call_id: &'c str,
    trace: &'c Option<TraceContext>,
}

/// What became of one report of a group.
enum Outcome {
    /// It was decided; the flag says whether the broker holds what was said in its transaction.
    Judged(Judged, Published),
    /// The database refuses it for its content.
    Refused,
    /// It was not decided.
    Away,
}

enum Failure {
    Away,
    Content(String),
}

/// The one writer of a back office.
pub struct Writer {
    engine: Arc<Engine>,
    backoffice: BackOfficeId,
    /// True while rows of an earlier group may still wait for the broker.
    is_behind: bool,
}

impl Writer {
    /// A writer that has written nothing yet.
    pub fn new(engine: Arc<Engine>, backoffice: BackOfficeId) -> Self {
        Self { engine, backoffice, is_behind: false }
    }

    /// Works until the lifecycle ends and the queue is empty.
    pub async fn run(mut self, mut calls: mpsc::UnboundedReceiver<Call>, life: Lifecycle) {
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
            self.settle(group).await;
        }
    }

    async fn settle(&mut self, group: Vec<Call>) {
        if group.is_empty() {
            return;
        }
        // While the broker is away nothing more is stored, so that an outage does not fill the
        // outbox with what clients repeat anyway.
        if self.is_behind && !self.has_published_all().await {
            for call in group {
                // Whoever gave up waiting needs no answer.
                let _ = call.answer.send(Err(AWAY));
            }
            return;
        }
        let entries: Vec<Entry<'_>> = group.iter().flat_map(entries).collect();
        let outcomes = self.store_halving(&entries).await;
        self.answer(group, outcomes).await;
    }

    /// Stores what can be stored: what the database refuses for its content is halved until the
    /// culprit stands alone. One bad report spoils neither its call nor its neighbours.
    async fn store_halving(&self, entries: &[Entry<'_>]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(entries.len());
        let mut is_away = false;
        // The next part is the last, so that outcomes stand in the order of the entries.
        let mut parts = vec![entries];
        while let Some(part) = parts.pop() {
            let stored = if is_away { Err(Failure::Away) } else { self.store(part).await };
            match (stored, part) {
                (Ok((judged, published)), _) => {
                    outcomes.extend(judged.into_iter().map(|j| Outcome::Judged(j, published)));
                }
                (Err(Failure::Away), _) => {
                    is_away = true;
                    outcomes.extend(part.iter().map(|_| Outcome::Away));
                }
                (Err(Failure::Content(error)), [culprit]) => {
                    error!(
                        code = "LS0201",
                        backoffice.id = self.backoffice.as_str(),
                        event.id = culprit.report.event_id.as_str(),
                        error,
                        "a report cannot be stored"
                    );
                    outcomes.push(Outcome::Refused);
                }
                (Err(Failure::Content(_)), _) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
            }
        }
        outcomes
    }

    async fn store(&self, entries: &[Entry<'_>]) -> Result<(Vec<Judged>, Published), Failure> {
        let Some(first) = entries.first() else { return Ok((Vec::new(), Published::All)) };
        let group = Group::of(self.backoffice.as_str(), entries.iter().map(|e| e.report));
        let origin = Origin::new(first.call_id, first.trace.clone());
        let decide = |work: &mut Work<'_>, seen: &[Option<Vec<u8>>]| {
            let judged: Vec<Judged> = group.fates(seen).collect();
            for (entry, judged) in entries.iter().zip(&judged) {
                if judged.fate == Fate::Accepted {
                    work.in_trace(entry.trace.clone());
                    publish(work, &self.backoffice, entry.report);
                }
            }
            Ok(judged)
        };
        let stored = self.engine.transact_inbox(group.inbox_ids(), origin, &[], decide).await;
        stored.map_err(|e| {
            if e.is_permanent() {
                return Failure::Content(e.chain());
            }
            warn!(
                backoffice.id = self.backoffice.as_str(),
                error = e.chain(),
                "reports are not stored"
            );
            Failure::Away
        })
    }

    /// Tells each call its fates, once the broker holds what they speak of.
    async fn answer(&mut self, group: Vec<Call>, outcomes: Vec<Outcome>) {
        let any = |is: fn(&Judged, Published) -> bool| {
            outcomes.iter().any(|o| matches!(o, Outcome::Judged(j, p) if is(j, *p)))
        };
        self.is_behind = any(|_, published| published == Published::Pending);
        // A repeat is confirmed only when its first was published: perhaps another process, or
        // an earlier life of this one, committed it and was cut off from the broker.
        let repeats = any(|judged, _| judged.was_known && judged.fate == Fate::Duplicate);
        let refusals = any(|_, published| published == Published::Refused);
        let earlier = !repeats || (!self.is_behind && self.has_published_all().await);
        let put_aside = if repeats || refusals {
            let reports = group.iter().flat_map(|call| &call.reports);
            let id = |r: &Report| message_id(self.backoffice.as_str(), r.event_id.as_str());
            self.put_aside(reports.map(id).collect()).await
        } else {
            Some(HashSet::new())
        };
        let mut outcomes = outcomes.into_iter();
        for call in group {
            let mine = outcomes.by_ref().take(call.reports.len()).zip(&call.reports);
            let fates = put_aside.as_ref().and_then(|put_aside| {
                let fate = |(outcome, report): (Outcome, &Report)| {
                    let id = message_id(self.backoffice.as_str(), report.event_id.as_str());
                    fate(&outcome, earlier, put_aside.contains(&id))
                };
                mine.map(fate).collect::<Option<Vec<Fate>>>()
            });
            // Whoever gave up waiting needs no answer.
            let _ = call.answer.send(fates.ok_or(AWAY));
        }
    }

    /// Which of these events the broker refused for their content: nobody reads them.
    async fn put_aside(&self, ids: Vec<String>) -> Option<HashSet<String>> {
        match self.engine.store().refused_among(&ids).await {
            Ok(refused) => Some(refused.into_iter().collect()),
            Err(e) => {
                warn!(error = e.chain(), "what the broker refused cannot be read");
                None
            }
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

fn entries(call: &Call) -> impl Iterator<Item = Entry<'_>> {
    let entry = |report| Entry { report, call_id: &call.id, trace: &call.trace };
    call.reports.iter().map(entry)
}

/// What may be told of a report; nothing while the broker does not hold it. Put aside: the broker
/// refuses its event, so nobody will ever act on it.
fn fate(outcome: &Outcome, earlier: bool, is_put_aside: bool) -> Option<Fate> {
    match outcome {
        Outcome::Judged(judged, _) if is_put_aside && judged.fate != Fate::Conflict => {
            Some(Fate::Refused)
        }
        Outcome::Refused => Some(Fate::Refused),
        Outcome::Away => None,
        Outcome::Judged(judged, published) => {
            let is_held = match (judged.fate, judged.was_known) {
                (Fate::Conflict | Fate::Refused, _) => true,
                (_, true) => earlier,
                (_, false) => *published != Published::Pending,
            };
            is_held.then_some(judged.fate)
        }
    }
}
