//! One turn of a lane: so many calls in the air as the service allows, and planning beside them.
//!
//! A turn of a lane of several calls goes on while anything is due, so that the next calls are
//! ready when the first ones land, and now and then it looks for what was left behind: a call that
//! hangs keeps neither waiting. A call that flies alone begins when nothing else is in the air, and
//! while it is there nothing is planned and nothing else begins. From when it waits, nothing more
//! is planned once what was in the air then has landed: neither a rush nor a call that hangs keeps
//! the others from their turn.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use lockstep_ports::{EffectRow, PortError};
use uuid::Uuid;

use super::{EFFECT_LEASE, LOOK_EVERY, Lane, Recovery, TURN_MAX, left_behind, not_sent};
use crate::pulse::later;

/// Left-over effects that are taken together.
const RECOVER_MAX: u32 = 16;
/// A turn that goes on looks for what was left behind so often.
const RECOVER_EVERY: Duration = Duration::from_secs(10);
/// What waited for so long is planned anew instead of sent: what it was made from is old.
const WAIT_MAX: Duration = Duration::from_secs(5);
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
                turn.waiting.push_back(turn.wait(effect));
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

/// An effect that did not begin.
struct Waiting {
    effect: EffectRow,
    /// As time that runs.
    since: Duration,
    flies_alone: bool,
}

struct Turn<'t> {
    lane: &'t Lane<'t>,
    calls_at_once: u32,
    /// Plans again and again.
    goes_on: bool,
    /// When it was last looked for what was left behind, as time that runs.
    recovered: Duration,
    /// Planned or left over, and not begun.
    waiting: VecDeque<Waiting>,
    /// What is in the air, and since when.
    in_air: BTreeMap<Uuid, Duration>,
    /// What is in the air flies alone.
    is_alone: bool,
    /// What was in the air when a call that flies alone began to wait; `None` when none waits.
    before_alone: Option<BTreeSet<Uuid>>,
    /// When a plan was last made, as time that runs.
    looked: Option<Duration>,
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
            recovered: lane.engine.clock().running(),
            waiting: VecDeque::new(),
            in_air: BTreeMap::new(),
            is_alone: false,
            before_alone: None,
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

    fn running(&self) -> Duration {
        self.lane.engine.clock().running()
    }

    fn wait(&self, effect: EffectRow) -> Waiting {
        let flies_alone = self.lane.worker.flies_alone(&effect);
        Waiting { effect, since: self.running(), flies_alone }
    }

    /// Whether a call that flies alone waits for one that was in the air before it.
    fn waits_for_another(&self) -> bool {
        let before = self.before_alone.as_ref();
        before.is_some_and(|before| before.iter().any(|id| self.in_air.contains_key(id)))
    }

    /// The place of what may begin now.
    fn first(&self) -> Option<usize> {
        let passes = self.waits_for_another();
        self.waiting.iter().position(|one| !passes || !one.flies_alone)
    }

    /// What may begin now, and whether it waited too long for it.
    fn next(&mut self, is_planning: bool) -> Option<(EffectRow, bool)> {
        if self.before_alone.is_none() && self.waiting.iter().any(|one| one.flies_alone) {
            self.before_alone = Some(self.in_air.keys().copied().collect());
        }
        let place = self.first().filter(|_| self.has_room())?;
        let is_alone = self.waiting.get(place)?.flies_alone;
        if is_alone && (!self.in_air.is_empty() || is_planning) {
            return None;
        }
        let next = self.waiting.remove(place)?;
        if is_alone {
            (self.is_alone, self.before_alone) = (true, None);
        }
        self.in_air.insert(next.effect.id, self.running());
        let is_old = self.is_old(&next);
        Some((next.effect, is_old))
    }

    /// What was attempted goes out as it is; what flies alone asks and changes nothing.
    fn is_old(&self, one: &Waiting) -> bool {
        let waited = self.running().saturating_sub(one.since);
        self.goes_on && one.effect.attempts == 0 && !one.flies_alone && waited > WAIT_MAX
    }

    /// How long to wait until it may be looked for what is due: not at all while little waits, and
    /// now and then while others wait, since what is due may be more urgent than they are.
    fn looks_in(&self) -> Option<Duration> {
        if self.is_alone || self.is_lost || self.lane.shutdown.is_cancelled() {
            return None;
        }
        let Some(looked) = self.looked else { return Some(Duration::ZERO) };
        if !self.goes_on || self.waiting.len() >= WAITING_MAX {
            return None;
        }
        if self.before_alone.is_some() && !self.waits_for_another() {
            return None;
        }
        let first = self.first().and_then(|place| self.waiting.get(place));
        if first.is_some_and(|first| self.lane.worker.is_urgent(&first.effect)) {
            return None;
        }
        // One plan ahead, so that the next calls are ready when these land; beside a call that
        // hangs no more than what begins at once.
        let now = self.running();
        let hangs = |since: &Duration| now.saturating_sub(*since) > LOOK_EVERY;
        let is_short = if self.in_air.values().any(hangs) {
            self.waiting.is_empty() && self.has_room()
        } else {
            self.waiting.len() < self.calls_at_once()
        };
        let ago = now.saturating_sub(looked);
        Some(if is_short { Duration::ZERO } else { LOOK_EVERY.saturating_sub(ago) })
    }

    async fn run(mut self) -> Result<Ended, PortError> {
        let lane = self.lane;
        let mut air = FuturesUnordered::new();
        loop {
            while let Some(next) = self.next(false) {
                air.push(fly(lane, next));
            }
            if self.looks_in() == Some(Duration::ZERO) {
                let planning = self.plan();
                tokio::pin!(planning);
                let planned = loop {
                    while let Some(next) = self.next(true) {
                        air.push(fly(lane, next));
                    }
                    tokio::select! {
                        biased;
                        planned = &mut planning => break planned,
                        Some(done) = air.next() => self.landed(done),
                    }
                };
                self.looked = Some(self.running());
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
            // What was just looked for is not looked for at once.
            let ago = self.running().saturating_sub(self.looked.unwrap_or_default());
            let soon = later(lane.engine.now(), LOOK_EVERY.saturating_sub(ago));
            let looks_again = self.looks_in().is_some();
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
        for Waiting { effect, .. } in &self.waiting {
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
        let now = self.running();
        let own = (now.saturating_sub(self.recovered) >= RECOVER_EVERY).then(|| {
            self.recovered = now;
            let waiting = self.waiting.iter().map(|one| one.effect.id);
            self.in_air.keys().copied().chain(waiting).collect()
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
                let all = due.into_iter().flatten().chain(left);
                let (urgent, others): (Vec<_>, Vec<_>) =
                    all.partition(|effect| worker.is_urgent(effect));
                for effect in urgent.into_iter().rev() {
                    self.waiting.push_front(self.wait(effect));
                }
                for effect in others {
                    self.waiting.push_back(self.wait(effect));
                }
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

async fn fly(lane: &Lane<'_>, (effect, is_old): (EffectRow, bool)) -> Landed {
    if is_old {
        let done = lane.hand_back(&effect, "it waited too long and is planned anew").await;
        return (effect.id, done.map(|()| true));
    }
    (effect.id, lane.fly(effect).await)
}
