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
use lockstep_ports::{AggregateKey, EffectRow, EffectState, PortError, Timer};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info_span, warn};
use uuid::Uuid;

use crate::engine::{Engine, EngineError, Origin};
use crate::processor::port_error;
use crate::retry::Retry;
use crate::telemetry;
use crate::work::{Stop, Work};

/// Longest time that one call may take; the adapter ends it then.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(20);
/// An effect's lease: it outlives the call, with room for the commit before it.
pub const EFFECT_LEASE: Duration = Duration::from_secs(30);
/// A lane's lease; renewed before each turn.
const LANE_LEASE: Duration = Duration::from_secs(60);
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

/// Runs the lanes of a service until the token is cancelled; a turn that began is finished.
pub async fn run_lanes(
    engine: Arc<Engine>,
    worker: Arc<dyn LaneWorker>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
) {
    let holder = engine.parts.ids.next_id();
    let busy: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let mut failures = 0;
    while !shutdown.is_cancelled() {
        let next = match start_due_lanes(&engine, &worker, &tracker, &busy, holder).await {
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
            () = shutdown.cancelled() => {}
            () = engine.lanes.notified() => {}
            () = engine.clock().sleep_until(next) => {}
        }
    }
}

/// Starts a turn for each lane with something due; gives the moment to look again.
async fn start_due_lanes(
    engine: &Arc<Engine>,
    worker: &Arc<dyn LaneWorker>,
    tracker: &TaskTracker,
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
        tracker.spawn(async move {
            if let Err(e) = run_turns(&engine, worker.as_ref(), &lane, holder).await {
                warn!(
                    service = engine.service(),
                    lane,
                    error = e.chain(),
                    "lane gives up its turn"
                );
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
) -> Result<(), PortError> {
    let name = format!("lane:{lane}");
    let now = engine.now();
    if !engine.store().lease(&name, holder, now, after(now, LANE_LEASE)).await? {
        engine.pause(LOOK_EVERY).await;
        return Ok(());
    }
    let result = async {
        while turn(engine, worker, lane).await? {
            let now = engine.now();
            if !engine.store().lease(&name, holder, now, after(now, LANE_LEASE)).await? {
                break;
            }
        }
        Ok(())
    }
    .await;
    engine.store().release(&name, holder).await?;
    result
}

/// One turn: what a dead process left, then what is due. True when it did something.
pub async fn turn(engine: &Engine, worker: &dyn LaneWorker, lane: &str) -> Result<bool, PortError> {
    let now = engine.now();
    let left = engine.store().take_effects(lane, now, EFFECT_LEASE, RECOVER_MAX).await?;
    let mut did = !left.is_empty();
    for effect in left {
        let sent = match worker.recover(&effect, engine.now()) {
            Recovery::Resend => send(worker, &effect).await,
            Recovery::Conclude => Sent::Unknown("the process that sent it ended".to_owned()),
        };
        conclude(engine, worker, &effect, &sent).await?;
    }
    let due = engine.store().due(lane, now, TURN_MAX).await?;
    if due.is_empty() {
        return Ok(did);
    }
    did = true;
    for effect in plan(engine, worker, lane, &due).await? {
        // The commit may have taken long: a call that could outlive its lease is not made.
        let ends = after(engine.now(), CALL_TIME_MAX);
        if effect.1 < ends {
            continue;
        }
        let sent = send(worker, &effect.0).await;
        conclude(engine, worker, &effect.0, &sent).await?;
    }
    Ok(did)
}

async fn plan(
    engine: &Engine,
    worker: &dyn LaneWorker,
    lane: &str,
    due: &[Timer],
) -> Result<Vec<(EffectRow, Timestamp)>, PortError> {
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
