//! Lanes: one worker per store turns what is due into effects, sends them and concludes.
//!
//! An effect is committed with its exact bytes before it is sent, and its outcome is decided in a
//! transaction of its own. A process that dies between the two leaves an effect whose lease ends;
//! the next worker of the lane asks the service whether to send the same bytes again or to
//! conclude that the outcome is unknown.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::TraceContext;
use lockstep_ports::{AggregateKey, EffectRow, EffectState, ErrorKind, PortError, Timer};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info_span, warn};
use uuid::Uuid;

use crate::engine::{Engine, EngineError, Origin};
use crate::lifecycle::Lifecycle;
use crate::processor::port_error;
use crate::retry::Retry;
use crate::telemetry;
use crate::work::{Stop, Work};

/// Longest time that one call may take; the adapter ends it then.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(20);
/// An effect's lease: it outlives the call, with room for the commit before it.
pub const EFFECT_LEASE: Duration = Duration::from_secs(30);
/// A lane's lease; renewed before each turn and each call, which it outlives.
const LANE_LEASE: Duration = Duration::from_secs(30);
/// What cannot be planned is tried again after this.
const SET_ASIDE: Duration = Duration::from_secs(3600);
/// Timers in one turn: one packed call's worth.
pub const TURN_MAX: u32 = 250;
/// Left-over effects in one turn.
const RECOVER_MAX: u32 = 16;
/// Other processes' changes are noticed at least this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a sent call came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// The other side answered; the service reads the answer.
    Answered(Value),
    /// Certainly not executed; may be tried after the wait.
    NotApplied {
        /// When it may be tried again.
        wait: Duration,
        /// Why.
        reason: String,
    },
    /// Certainly not executed, and the same will never be.
    Refused(String),
    /// Nobody knows.
    Unknown(String),
}

/// What to do with an effect that a dead process left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The same bytes are safe to send again.
    Resend,
    /// They are not: conclude with [`Sent::Unknown`].
    Conclude,
}

/// What a service does in its lanes.
#[async_trait]
pub trait LaneWorker: Send + Sync + 'static {
    /// Aggregates that the due timers surely need.
    fn keys(&self, lane: &str, due: &[Timer]) -> Vec<AggregateKey>;

    /// Turns due timers into effects; every timer given must be closed, deferred or dropped.
    fn plan(&self, lane: &str, due: &[Timer], work: &mut Work<'_>) -> Result<(), Stop>;

    /// Makes the call, once, within [`CALL_TIME_MAX`].
    async fn send(&self, effect: &EffectRow) -> Sent;

    /// Whether an effect of a dead process may be sent again.
    fn recover(&self, effect: &EffectRow, now: Timestamp) -> Recovery;

    /// Decides what the outcome means. Returns where the effect stands then.
    fn conclude(
        &self,
        effect: &EffectRow,
        sent: &Sent,
        work: &mut Work<'_>,
    ) -> Result<EffectState, Stop>;
}

/// Runs the lanes of a service until the lifecycle ends; a call that began is finished.
pub async fn run_lanes(engine: Arc<Engine>, worker: Arc<dyn LaneWorker>, life: Lifecycle) {
    let holder = engine.parts.ids.next_id();
    let busy: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let mut failures = 0;
    while !life.shutdown.is_cancelled() {
        let next = match start_due_lanes(&engine, &worker, &life, &busy, holder).await {
            Ok(next) => {
                failures = 0;
                next
            }
            Err(e) => {
                failures += 1;
                warn!(service = engine.service(), error = e.chain(), "lanes pause");
                engine.pause(Retry::AWAY.delay(failures)).await;
                continue;
            }
        };
        tokio::select! {
            () = life.shutdown.cancelled() => {}
            () = engine.lanes.notified() => {}
            () = engine.clock().sleep_until(next) => {}
        }
    }
}

/// Starts a turn for each lane with something due; gives the moment to look again.
async fn start_due_lanes(
    engine: &Arc<Engine>,
    worker: &Arc<dyn LaneWorker>,
    life: &Lifecycle,
    busy: &Arc<Mutex<BTreeSet<String>>>,
    holder: Uuid,
) -> Result<Timestamp, PortError> {
    let now = engine.now();
    let mut next = after(now, LOOK_EVERY);
    for (lane, due_at) in engine.store().lanes().await? {
        if due_at > now {
            next = next.min(due_at);
            continue;
        }
        let is_free = busy.lock().unwrap_or_else(PoisonError::into_inner).insert(lane.clone());
        if !is_free {
            continue;
        }
        let (engine, worker, busy) = (engine.clone(), worker.clone(), busy.clone());
        let shutdown = life.shutdown.clone();
        life.spawn_watched("lane", async move {
            let turns = run_turns(&engine, worker.as_ref(), &lane, holder, &shutdown).await;
            if let Err(e) = turns {
                let (service, error) = (engine.service(), e.chain());
                warn!(service, lane, error, "lane gives up its turn");
                engine.pause(Retry::AWAY.delay(1)).await;
            }
            busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&lane);
            engine.lanes.notify_one();
        });
    }
    Ok(next)
}

/// Turns of one lane while something is due and nobody else holds the lane.
async fn run_turns(
    engine: &Engine,
    worker: &dyn LaneWorker,
    lane: &str,
    holder: Uuid,
    shutdown: &CancellationToken,
) -> Result<(), PortError> {
    if !hold_lane(engine, lane, holder).await? {
        engine.pause(LOOK_EVERY).await;
        return Ok(());
    }
    let result = async {
        while turn(engine, worker, lane, holder, shutdown).await? {
            if shutdown.is_cancelled() || !hold_lane(engine, lane, holder).await? {
                break;
            }
        }
        Ok(())
    }
    .await;
    engine.store().release(&lease_name(lane), holder).await?;
    result
}

fn lease_name(lane: &str) -> String {
    format!("lane:{lane}")
}

/// Takes or renews the lane: while it is held, nobody else sends, plans or concludes in it.
async fn hold_lane(engine: &Engine, lane: &str, holder: Uuid) -> Result<bool, PortError> {
    let now = engine.now();
    engine.store().lease(&lease_name(lane), holder, now, after(now, LANE_LEASE)).await
}

/// One turn: what a dead process left, then what is due. True when it did something.
pub async fn turn(
    engine: &Engine,
    worker: &dyn LaneWorker,
    lane: &str,
    holder: Uuid,
    shutdown: &CancellationToken,
) -> Result<bool, PortError> {
    let now = engine.now();
    let left = engine.store().take_effects(lane, now, EFFECT_LEASE, RECOVER_MAX).await?;
    let mut did = !left.is_empty();
    for effect in left {
        let may_send = worker.recover(&effect, engine.now()) == Recovery::Resend;
        if may_send && (shutdown.is_cancelled() || !hold(engine, &effect, holder).await?) {
            return Ok(false);
        }
        let sent = if may_send {
            send(worker, &effect).await
        } else {
            Sent::Unknown("the process that sent it ended".to_owned())
        };
        conclude(engine, worker, &effect, &sent).await?;
    }
    let due = engine.store().due(lane, now, TURN_MAX).await?;
    if due.is_empty() {
        return Ok(did);
    }
    did = true;
    for effect in plan_all(engine, worker, lane, &due).await? {
        let sent = if shutdown.is_cancelled() {
            // Certainly not sent: the next process need not wait for its lease.
            Sent::NotApplied { wait: Duration::ZERO, reason: "the process stops".to_owned() }
        } else if hold(engine, &effect, holder).await? {
            send(worker, &effect).await
        } else {
            return Ok(false);
        };
        conclude(engine, worker, &effect, &sent).await?;
    }
    Ok(did)
}

/// Renews the lane and the effect's own lease right before a call, so that both outlive it. False
/// when somebody else took over or concluded it.
async fn hold(engine: &Engine, effect: &EffectRow, holder: Uuid) -> Result<bool, PortError> {
    if !hold_lane(engine, &effect.lane, holder).await? {
        return Ok(false);
    }
    let until = after(engine.now(), EFFECT_LEASE);
    let mut tx = engine.store().begin().await?;
    let is_open = tx.move_effect(effect.id, effect.state, &effect.note, Some(until)).await?;
    tx.commit().await?;
    Ok(is_open)
}

/// Plans what is due. A part that fails for its content is halved until the culprit stands alone,
/// and that one waits for an hour, so that its neighbours do not.
async fn plan_all(
    engine: &Engine,
    worker: &dyn LaneWorker,
    lane: &str,
    due: &[Timer],
) -> Result<Vec<EffectRow>, PortError> {
    let mut planned = Vec::new();
    let mut waiting = vec![due];
    while let Some(part) = waiting.pop() {
        match plan(engine, worker, lane, part).await {
            Ok(effects) => planned.extend(effects),
            Err(e) if e.kind == ErrorKind::Permanent => match part {
                [] => {}
                [culprit] => {
                    let (code, key) = ("LS0103", culprit.key.as_str());
                    error!(code, lane, key, error = e.chain(), "cannot be planned; set aside");
                    set_aside(engine, culprit).await?;
                }
                many => {
                    let (first, second) = many.split_at(many.len() / 2);
                    waiting.push(second);
                    waiting.push(first);
                }
            },
            Err(e) => return Err(e),
        }
    }
    Ok(planned)
}

async fn set_aside(engine: &Engine, culprit: &Timer) -> Result<(), PortError> {
    let mut tx = engine.store().begin().await?;
    let due_at = Some(after(engine.now(), SET_ASIDE));
    tx.save_timers(&[Timer { due_at, ..culprit.clone() }]).await?;
    tx.commit().await
}

async fn plan(
    engine: &Engine,
    worker: &dyn LaneWorker,
    lane: &str,
    due: &[Timer],
) -> Result<Vec<EffectRow>, PortError> {
    let trace = due.iter().find_map(|t| t.trace.as_deref()).and_then(as_trace);
    let span = info_span!("plan_effects", service = engine.service(), lane, due = due.len());
    telemetry::set_parent(&span, trace.as_ref());
    let inner = telemetry::context_of(&span).or(trace);
    let cause = format!("lane:{lane}");
    let keys = worker.keys(lane, due);
    let planned = engine
        .transact(Origin::new(cause, inner), &keys, |work| {
            worker.plan(lane, due, work)?;
            Ok(work.planned())
        })
        .instrument(span)
        .await;
    planned.map_err(port_error)
}

async fn send(worker: &dyn LaneWorker, effect: &EffectRow) -> Sent {
    let span = info_span!("send_effect", effect.id = %effect.id, effect.kind, lane = effect.lane);
    telemetry::set_parent(&span, effect.trace.as_deref().and_then(as_trace).as_ref());
    worker.send(effect).instrument(span).await
}

async fn conclude(
    engine: &Engine,
    worker: &dyn LaneWorker,
    effect: &EffectRow,
    sent: &Sent,
) -> Result<(), PortError> {
    let cause = format!("effect:{}", effect.id);
    let trace = effect.trace.as_deref().and_then(as_trace);
    let note = match sent {
        Sent::Answered(_) => "answered".to_owned(),
        Sent::NotApplied { reason, .. } => format!("not applied: {reason}"),
        Sent::Refused(reason) => format!("refused: {reason}"),
        Sent::Unknown(reason) => format!("unknown: {reason}"),
    };
    let decide = |work: &mut Work<'_>| {
        let state = worker.conclude(effect, sent, work)?;
        work.move_effect(effect.id, state, &note);
        Ok(())
    };
    match engine.transact(Origin::new(cause, trace), &[], decide).await {
        Ok(()) | Err(EngineError::AlreadyConcluded) => Ok(()),
        Err(e) => Err(port_error(e)),
    }
}

fn as_trace(traceparent: &str) -> Option<TraceContext> {
    TraceContext::try_new(traceparent, None)
}

fn after(at: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
