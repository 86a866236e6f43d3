//! One turn of a lane: so many calls in the air as the service allows, and planning beside them.
//!
//! A turn of a lane of several calls goes on while anything is due, so that the next calls are
//! ready when the first ones land, and now and then it looks for what was left behind: a call that
//! hangs keeps neither waiting. A call that flies alone begins when nothing else is in the air, and
//! while it is there nothing is planned and nothing else begins.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use lockstep_ports::{EffectRow, PortError};
use uuid::Uuid;

use super::{EFFECT_LEASE, LOOK_EVERY, Lane, Recovery, TURN_MAX, left_behind, not_sent};
use crate::pulse::later;

/// Left-over effects that are taken together.
const RECOVER_MAX: u32 = 16;
/// A turn that goes on looks for what was left behind so often.
const RECOVER_EVERY: Duration = Duration::from_secs(10);
/// While so many calls wait, nothing more is planned.
const WAITING_MAX: usize = 16;

impl Lane<'_> {
    /// A short turn: what a dead process left, then what is due now. True when it did something and
    /// the lane is still this process's.
    pub async fn turn(&self) -> Result<bool, PortError> {
        self.turn_of(false).await
    }

    /// A turn that goes on while anything is due, if the lane has several calls.
    pub async fn long_turn(&self) -> Result<bool, PortError> {
        self.turn_of(self.worker.calls_at_once() > 1).await
    }

    async fn turn_of(&self, goes_on: bool) -> Result<bool, PortError> {
        let left = self.left_behind(&BTreeSet::new()).await?;
        let mut turn = Turn::of(self, goes_on);
        // In a lane of one call nothing is planned beside a call.
        let has_room = turn.calls_at_once > 1;
        for effect in left.again {
            if has_room && !self.worker.flies_alone(&effect) {
                turn.waiting.push_back(effect);
            } else if self.shutdown.is_cancelled() || !self.send_mine(effect).await? {
                return Ok(false);
            }
        }
        Ok(match turn.run().await? {
            Ended::Planned => true,
            Ended::Idle => left.has_any,
            Ended::Lost => false,
        })
    }

    /// Takes what a dead process left, and concludes what must not be sent again; not what is this
    /// turn's own.
    async fn left_behind(&self, own: &BTreeSet<Uuid>) -> Result<Left, PortError> {
        let (engine, store) = (self.engine, self.engine.store());
        self.pulse.beat();
        let left = store.take_effects(self.name, engine.now(), EFFECT_LEASE, RECOVER_MAX).await?;
        let mut result = Left { has_any: !left.is_empty(), again: Vec::new() };
        for effect in left.into_iter().filter(|effect| !own.contains(&effect.id)) {
            match self.worker.recover(&effect, engine.now()) {
                Recovery::Conclude => self.conclude(&effect, &left_behind(&effect)).await?,
                Recovery::Resend => result.again.push(effect),
            }
        }
        Ok(result)
    }

    /// Plans what is due; nothing when nothing is.
    async fn plan_due(&self, limit: u32) -> Result<Option<Vec<EffectRow>>, PortError> {
        self.pulse.beat();
        let due = self.engine.store().due(self.name, self.engine.now(), limit).await?;
        if due.is_empty() { Ok(None) } else { self.plan_all(&due).await.map(Some) }
    }

    /// One call from its lease to its outcome; false when somebody else took over.
    async fn fly(&self, effect: EffectRow) -> Result<bool, PortError> {
        if self.shutdown.is_cancelled() {
            self.hand_back(&effect, "the process stops").await?;
            return Ok(true);
        }
        self.send_mine(effect).await
    }

    /// Concludes what this process will not send: the next one need not wait for its lease. What
    /// was attempted before may have left then, and is judged by that.
    async fn hand_back(&self, effect: &EffectRow, why: &str) -> Result<(), PortError> {
        if effect.attempts > 0 { Ok(()) } else { self.conclude(effect, &not_sent(why)).await }
    }
}

/// What a dead process left.
struct Left {
    has_any: bool,
    /// To be sent once more.
    again: Vec<EffectRow>,
}

enum Ended {
    /// Something was due.
    Planned,
    /// Nothing was.
    Idle,
    /// Somebody else took over, attempted or concluded an effect.
    Lost,
}

/// What there is to do.
struct Plan {
    /// What is due, as effects; `None` when nothing is.
    due: Option<Vec<EffectRow>>,
    /// What was left behind, when it was looked for.
    left: Vec<EffectRow>,
}

/// `Err(None)`: the lane is somebody else's.
type Planned = Result<Plan, Option<PortError>>;

struct Turn<'t> {
    lane: &'t Lane<'t>,
    calls_at_once: u32,
    /// Plans again and again.
    goes_on: bool,
    /// When it is looked for what was left behind.
    recovers_at: Timestamp,
    /// Planned or left over, and not begun.
    waiting: VecDeque<EffectRow>,
    /// What is in the air.
    in_air: BTreeSet<Uuid>,
    /// What is in the air flies alone.
    is_alone: bool,
    /// When a plan was last made.
    looked: Option<Timestamp>,
    has_planned: bool,
    /// Nothing more begins; what is in the air is finished.
    is_lost: bool,
    failed: Option<PortError>,
}

impl<'t> Turn<'t> {
    fn of(lane: &'t Lane<'t>, goes_on: bool) -> Self {
        Self {
            lane,
            calls_at_once: lane.worker.calls_at_once().max(1),
            goes_on,
            recovers_at: later(lane.engine.now(), RECOVER_EVERY),
            waiting: VecDeque::new(),
            in_air: BTreeSet::new(),
            is_alone: false,
            looked: None,
            has_planned: false,
            is_lost: false,
            failed: None,
        }
    }

    fn calls_at_once(&self) -> usize {
        usize::try_from(self.calls_at_once).unwrap_or(usize::MAX)
    }

    fn has_room(&self) -> bool {
        self.in_air.len() < self.calls_at_once() && !self.is_alone && !self.is_lost
    }

    /// The first of what waits, if it may begin now.
    fn next(&mut self, is_planning: bool) -> Option<EffectRow> {
        let first = self.waiting.front().filter(|_| self.has_room())?;
        let is_alone = self.lane.worker.flies_alone(first);
        if is_alone && (!self.in_air.is_empty() || is_planning) {
            return None;
        }
        self.is_alone = is_alone;
        let next = self.waiting.pop_front()?;
        self.in_air.insert(next.id);
        Some(next)
    }

    /// When it may be looked for what is due: at once while little waits, and now and then while
    /// others wait, since what is due may be more urgent than they are.
    fn looks_at(&self) -> Option<Timestamp> {
        let now = self.lane.engine.now();
        if self.is_alone || self.is_lost || self.lane.shutdown.is_cancelled() {
            return None;
        }
        let Some(looked) = self.looked else { return Some(now) };
        if !self.goes_on || self.waiting.len() >= WAITING_MAX {
            return None;
        }
        if self.waiting.front().is_some_and(|first| self.lane.worker.is_urgent(first)) {
            return None;
        }
        // One plan ahead: the next calls are ready when these land.
        let is_short = self.waiting.len() < self.calls_at_once();
        Some(if is_short { now } else { later(looked, LOOK_EVERY) })
    }

    async fn run(mut self) -> Result<Ended, PortError> {
        let lane = self.lane;
        let mut air = FuturesUnordered::new();
        loop {
            while let Some(effect) = self.next(false) {
                air.push(fly(lane, effect));
            }
            if self.looks_at().is_some_and(|at| at <= lane.engine.now()) {
                let planning = self.plan();
                tokio::pin!(planning);
                let planned = loop {
                    while let Some(effect) = self.next(true) {
                        air.push(fly(lane, effect));
                    }
                    tokio::select! {
                        biased;
                        planned = &mut planning => break planned,
                        Some(done) = air.next() => self.landed(done),
                    }
                };
                self.looked = Some(lane.engine.now());
                if self.take(planned) {
                    continue;
                }
            }
            if air.is_empty() {
                if self.waiting.is_empty() || self.is_lost {
                    break;
                }
                continue;
            }
            let looks_again = self.looks_at().is_some();
            let soon = later(self.looked.unwrap_or(Timestamp::MIN), LOOK_EVERY);
            tokio::select! {
                biased;
                Some(done) = air.next() => self.landed(done),
                () = lane.engine.clock().sleep_until(soon), if looks_again => {}
            }
        }
        self.hand_back().await;
        match self.failed {
            Some(error) => Err(error),
            None if self.is_lost => Ok(Ended::Lost),
            None if self.has_planned => Ok(Ended::Planned),
            None => Ok(Ended::Idle),
        }
    }

    /// After a failure of one call nobody took over: what waits need not wait for its lease.
    async fn hand_back(&self) {
        if self.failed.is_none() || !matches!(self.lane.is_held().await, Ok(true)) {
            return;
        }
        for effect in &self.waiting {
            if self.lane.hand_back(effect, "another call of the lane failed").await.is_err() {
                // Their leases end by themselves.
                return;
            }
        }
    }

    /// Plans what is due, and looks for what was left behind when it is time, if the lane is still
    /// this process's.
    fn plan(&mut self) -> impl Future<Output = Planned> + use<'t> {
        let (lane, is_first) = (self.lane, self.looked.is_none());
        let limit = TURN_MAX.saturating_mul(self.calls_at_once);
        let now = lane.engine.now();
        let own = (now >= self.recovers_at).then(|| {
            self.recovers_at = later(now, RECOVER_EVERY);
            self.in_air.iter().copied().chain(self.waiting.iter().map(|one| one.id)).collect()
        });
        async move {
            // Whoever began the turn holds the lane; it may take longer than the lease.
            if !is_first && !lane.is_held().await? {
                return Err(None);
            }
            let left = match own {
                Some(own) => lane.left_behind(&own).await?.again,
                None => Vec::new(),
            };
            Ok(Plan { due: lane.plan_due(limit).await?, left })
        }
    }

    /// True when something was due.
    fn take(&mut self, planned: Planned) -> bool {
        match planned {
            Ok(Plan { due, left }) => {
                let is_due = due.is_some();
                self.has_planned |= is_due;
                let worker = self.lane.worker;
                let (urgent, others): (Vec<_>, Vec<_>) = due
                    .into_iter()
                    .flatten()
                    .chain(left)
                    .partition(|effect| worker.is_urgent(effect));
                urgent.into_iter().rev().for_each(|effect| self.waiting.push_front(effect));
                self.waiting.extend(others);
                return is_due;
            }
            Err(None) => self.is_lost = true,
            Err(Some(error)) => self.failed(Err(error)),
        }
        false
    }

    fn landed(&mut self, (id, done): Landed) {
        self.in_air.remove(&id);
        self.is_alone = false;
        self.failed(done);
    }

    fn failed(&mut self, done: Result<bool, PortError>) {
        self.is_lost |= !matches!(done, Ok(true));
        if let Err(error) = done {
            self.failed.get_or_insert(error);
        }
    }
}

/// A call that was in the air, and whether the lane is still this process's.
type Landed = (Uuid, Result<bool, PortError>);

async fn fly(lane: &Lane<'_>, effect: EffectRow) -> Landed {
    (effect.id, lane.fly(effect).await)
}
