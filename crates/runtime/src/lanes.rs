//! Lanes: one worker per store turns what is due into effects, sends them and concludes.
//!
//! An effect is committed with its exact bytes before it is sent, and its outcome is decided in a
//! transaction of its own. A process that dies between the two leaves an effect whose lease ends;
//! the next worker of the lane asks the service whether to send the same bytes again or to
//! conclude that the outcome is unknown.
//!
//! What a lane does in one turn, and how many calls it has in the air, is in `lanes/turn.rs`.

mod turn;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_contracts::TraceContext;
use lockstep_ports::{AggregateKey, EffectRow, EffectState, ErrorKind, PortError, Timer};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info_span, warn};
use uuid::Uuid;

use crate::engine::{Engine, EngineError, Origin};
use crate::lifecycle::Lifecycle;
use crate::processor::port_error;
use crate::pulse::{Pulse, later};
use crate::retry::Retry;
use crate::telemetry;
use crate::work::{Stop, Work};

/// Longest time that one call may take; the adapter ends it then.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(20);
/// An effect's lease: it outlives the call, with room for the commit before it.
pub const EFFECT_LEASE: Duration = Duration::from_secs(30);
/// A lane's lease; renewed before each turn and each call, which it outlives.
const LANE_LEASE: Duration = Duration::from_secs(30);
/// Leases of lanes are named so.
pub(crate) const LANE_PREFIX: &str = "lane:";
/// What cannot be planned is tried again after this.
const SET_ASIDE: Duration = Duration::from_secs(3600);
/// Timers that are planned together for a call in the air: one packed call's worth.
pub const TURN_MAX: u32 = 250;
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
    /// How many calls of a lane may be in the air at once. What is planned while a call is in the
    /// air must not depend on its outcome, unless it flies alone. So many times [`TURN_MAX`] timers
    /// are planned together.
    fn calls_at_once(&self) -> u32 {
        1
    }

    /// Whether a call must be in the air alone: while it is, nothing is planned and nothing else
    /// begins. It may wait beside others.
    fn flies_alone(&self, _: &EffectRow) -> bool {
        false
    }

    /// Whether a call goes before what was planned earlier and did not begin.
    fn is_urgent(&self, _: &EffectRow) -> bool {
        false
    }

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
    let pulse = life.pulse(format!("{} lanes", engine.service()));
    let mut failures = 0;
    while !life.shutdown.is_cancelled() {
        pulse.beat();
        let next = match start_due_lanes(&engine, &worker, &life, &busy, holder).await {
            Ok(next) => {
                failures = 0;
                next
            }
            Err(e) => {
                failures += 1;
                warn!(service = engine.service(), error = e.chain(), "lanes pause");
                engine.back_off_within(&life.shutdown, Retry::AWAY, failures).await;
                continue;
            }
        };
        tokio::select! {
            biased;
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
    let mut next = later(now, LOOK_EVERY);
    for (name, due_at) in engine.store().lanes().await? {
        if due_at > now {
            next = next.min(due_at);
            continue;
        }
        let is_free = busy.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        if !is_free {
            continue;
        }
        let (engine, worker, busy) = (engine.clone(), worker.clone(), busy.clone());
        let pulse = life.pulse(format!("{} lane {name}", engine.service()));
        let shutdown = life.shutdown.clone();
        life.spawn_watched("lane", async move {
            let (engine, worker) = (&*engine, &*worker);
            let (name, shutdown) = (name.as_str(), &shutdown);
            let lane = Lane { engine, worker, name, holder, shutdown, pulse: &pulse };
            if let Err(e) = lane.run_turns().await {
                let (service, error) = (engine.service(), e.chain());
                warn!(service, lane = name, error, "lane gives up its turn");
                engine.back_off_within(shutdown, Retry::AWAY, 1).await;
            }
            busy.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
            engine.lanes.notify_one();
        });
    }
    Ok(next)
}

/// One lane, as one process works in it.
pub struct Lane<'a> {
    /// The service's shell.
    pub engine: &'a Engine,
    /// What the service does in its lanes.
    pub worker: &'a dyn LaneWorker,
    /// Its name, e.g. a store's id.
    pub name: &'a str,
    /// Who holds it while this process works in it.
    pub holder: Uuid,
    /// After this no call begins.
    pub shutdown: &'a CancellationToken,
    /// Stamped before each step.
    pub pulse: &'a Pulse,
}

impl Lane<'_> {
    /// Turns while something is due and nobody else holds the lane.
    async fn run_turns(&self) -> Result<(), PortError> {
        if !self.is_held().await? {
            let look_again = Retry::Fixed { wait: LOOK_EVERY };
            self.engine.back_off_within(self.shutdown, look_again, 1).await;
            return Ok(());
        }
        let result = async {
            while self.long_turn().await? {
                if self.shutdown.is_cancelled() || !self.is_held().await? {
                    break;
                }
            }
            Ok(())
        }
        .await;
        self.engine.store().release(&lease_name(self.name), self.holder).await?;
        result
    }

    /// Takes or renews the lane: while it is held, nobody else sends, plans or concludes in it.
    async fn is_held(&self) -> Result<bool, PortError> {
        self.pulse.beat();
        let (now, store) = (self.engine.now(), self.engine.store());
        store.lease(&lease_name(self.name), self.holder, now, later(now, LANE_LEASE)).await
    }

    /// Sends and concludes; false when somebody else took over, attempted or concluded it.
    async fn send_mine(&self, mut effect: EffectRow) -> Result<bool, PortError> {
        if !self.hold(&mut effect).await? {
            return Ok(false);
        }
        let sent = self.send(&effect).await;
        self.conclude(&effect, &sent).await?;
        Ok(true)
    }

    /// Renews the lane and the effect's own lease right before a call, so that both outlive it, and
    /// counts the attempt: the outcome of an earlier one no longer concludes it.
    async fn hold(&self, effect: &mut EffectRow) -> Result<bool, PortError> {
        if !self.is_held().await? {
            return Ok(false);
        }
        let until = later(self.engine.now(), EFFECT_LEASE);
        let mut tx = self.engine.store().begin().await?;
        let is_mine = tx.hold_effect(effect.id, effect.attempts, until).await?;
        tx.commit().await?;
        effect.attempts += u32::from(is_mine);
        Ok(is_mine)
    }

    /// Plans what is due. A part that fails for its content is halved until the culprit stands
    /// alone, and that one waits for an hour, so that its neighbours do not.
    async fn plan_all(&self, due: &[Timer]) -> Result<Vec<EffectRow>, PortError> {
        let mut planned = Vec::new();
        let mut waiting = vec![due];
        while let Some(part) = waiting.pop() {
            self.pulse.beat();
            match self.plan(part).await {
                Ok(effects) => planned.extend(effects),
                Err(e) if e.kind == ErrorKind::Permanent => match part {
                    [] => {}
                    [culprit] => self.set_aside(culprit, &e).await?,
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

    async fn set_aside(&self, culprit: &Timer, why: &PortError) -> Result<(), PortError> {
        let (code, lane, key) = ("LS0103", self.name, culprit.key.as_str());
        error!(code, lane, key, error = why.chain(), "cannot be planned; set aside");
        let mut tx = self.engine.store().begin().await?;
        let due_at = Some(later(self.engine.now(), SET_ASIDE));
        tx.save_timers(&[Timer { due_at, ..culprit.clone() }]).await?;
        tx.commit().await
    }

    async fn plan(&self, due: &[Timer]) -> Result<Vec<EffectRow>, PortError> {
        let (engine, worker, lane) = (self.engine, self.worker, self.name);
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

    async fn send(&self, effect: &EffectRow) -> Sent {
        self.pulse.beat();
        let lane = effect.lane.as_str();
        let span = info_span!("send_effect", effect.id = %effect.id, effect.kind, lane);
        telemetry::set_parent(&span, effect.trace.as_deref().and_then(as_trace).as_ref());
        let sent = self.worker.send(effect).instrument(span).await;
        self.pulse.beat();
        sent
    }

    /// Decides what the outcome means. An outcome that cannot be decided holds up neither the
    /// other calls nor what is due: its effect comes again when its lease ends.
    async fn conclude(&self, effect: &EffectRow, sent: &Sent) -> Result<(), PortError> {
        let cause = format!("effect:{}", effect.id);
        let trace = effect.trace.as_deref().and_then(as_trace);
        let note = match sent {
            Sent::Answered(_) => "answered".to_owned(),
            Sent::NotApplied { reason, .. } => format!("not applied: {reason}"),
            Sent::Refused(reason) => format!("refused: {reason}"),
            Sent::Unknown(reason) => format!("unknown: {reason}"),
        };
        let decide = |work: &mut Work<'_>| {
            let state = self.worker.conclude(effect, sent, work)?;
            work.conclude_effect(effect, state, note.clone());
            Ok(())
        };
        match self.engine.transact(Origin::new(cause, trace), &[], decide).await {
            Ok(()) | Err(EngineError::AlreadyConcluded) => Ok(()),
            Err(e) if e.is_permanent() => {
                let (code, lane) = ("LS0105", self.name);
                let (id, error) = (effect.id, e.chain());
                error!(code, lane, effect.id = %id, error, "cannot be concluded");
                Ok(())
            }
            Err(e) => Err(port_error(e)),
        }
    }
}

/// What a call came to whose process ended: it never left when nobody attempted it.
fn left_behind(effect: &EffectRow) -> Sent {
    if effect.attempts == 0 {
        return not_sent("the process that meant to send it ended");
    }
    Sent::Unknown("the process that sent it ended".to_owned())
}

fn not_sent(reason: &str) -> Sent {
    Sent::NotApplied { wait: Duration::ZERO, reason: reason.to_owned() }
}

fn lease_name(lane: &str) -> String {
    format!("{LANE_PREFIX}{lane}")
}

fn as_trace(traceparent: &str) -> Option<TraceContext> {
    TraceContext::try_new(traceparent, None)
}
