//! One turn of a lane: so many calls in the air as the service allows, and planning beside them.
//!
//! A turn of a lane of several calls goes on while anything is due, so that the next calls are
//! ready when the first ones land; a slow answer keeps nothing waiting but what waits for it.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use lockstep_ports::{EffectRow, PortError};

use super::{EFFECT_LEASE, LOOK_EVERY, Lane, Recovery, TURN_MAX, left_behind, not_sent};
use crate::pulse::later;

/// Left-over effects in one turn.
const RECOVER_MAX: u32 = 16;
/// A long turn plans for so long: then it is looked for what was left behind.
const TURN_TIME_MAX: Duration = Duration::from_secs(10);

impl Lane<'_> {
    /// A short turn: what a dead process left, then what is due now. True when it did something and
    /// the lane is still this process's.
    pub async fn turn(&self) -> Result<bool, PortError> {
        self.turn_for(Duration::ZERO).await
    }

    /// A turn that goes on for some seconds while anything is due, if the lane has several calls.
    pub async fn long_turn(&self) -> Result<bool, PortError> {
        let is_long = self.worker.calls_at_once() > 1;
        self.turn_for(if is_long { TURN_TIME_MAX } else { Duration::ZERO }).await
    }

    /// Plans once, and again and again until the time is over.
    async fn turn_for(&self, time: Duration) -> Result<bool, PortError> {
        let (engine, store) = (self.engine, self.engine.store());
        self.pulse.beat();
        let left = store.take_effects(self.name, engine.now(), EFFECT_LEASE, RECOVER_MAX).await?;
        let did = !left.is_empty();
        for effect in left {
            if self.worker.recover(&effect, engine.now()) == Recovery::Conclude {
                self.conclude(&effect, &left_behind(&effect)).await?;
            } else if self.shutdown.is_cancelled() || !self.send_mine(effect).await? {
                return Ok(false);
            }
        }
        Ok(match Turn::of(self, time).run().await? {
            Ended::Planned => true,
            Ended::Idle => did,
            Ended::Lost => false,
        })
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
            // The next process need not wait for its lease.
            self.conclude(&effect, &not_sent("the process stops")).await?;
            return Ok(true);
        }
        self.send_mine(effect).await
    }
}

enum Ended {
    /// Something was due.
    Planned,
    /// Nothing was.
    Idle,
    /// Somebody else took over, attempted or concluded an effect.
    Lost,
}

/// What is due, as effects: `None` when nothing is. `Err(None)`: the lane is somebody else's.
type Planned = Result<Option<Vec<EffectRow>>, Option<PortError>>;

struct Turn<'t> {
    lane: &'t Lane<'t>,
    calls_at_once: u32,
    until: Timestamp,
    /// Planned, and not begun.
    waiting: VecDeque<EffectRow>,
    has_looked: bool,
    has_planned: bool,
    /// Nothing more begins; what is in the air is finished.
    is_lost: bool,
    failed: Option<PortError>,
}

impl<'t> Turn<'t> {
    fn of(lane: &'t Lane<'t>, time: Duration) -> Self {
        Self {
            lane,
            calls_at_once: lane.worker.calls_at_once().max(1),
            until: later(lane.engine.now(), time),
            waiting: VecDeque::new(),
            has_looked: false,
            has_planned: false,
            is_lost: false,
            failed: None,
        }
    }

    fn room(&self, in_air: usize) -> bool {
        in_air < usize::try_from(self.calls_at_once).unwrap_or(usize::MAX) && !self.is_lost
    }

    fn may_plan(&self, in_air: usize) -> bool {
        let lane = self.lane;
        let is_time = !self.has_looked || lane.engine.now() < self.until;
        let goes_on = is_time && !lane.shutdown.is_cancelled();
        goes_on && self.waiting.is_empty() && self.room(in_air)
    }

    async fn run(mut self) -> Result<Ended, PortError> {
        let lane = self.lane;
        let mut air = FuturesUnordered::new();
        loop {
            while self.room(air.len())
                && let Some(effect) = self.waiting.pop_front()
            {
                air.push(lane.fly(effect));
            }
            if self.may_plan(air.len()) {
                let planning = self.plan();
                self.has_looked = true;
                tokio::pin!(planning);
                let planned = loop {
                    tokio::select! {
                        planned = &mut planning => break planned,
                        Some(done) = air.next() => self.landed(done),
                    }
                };
                if self.take(planned) {
                    continue;
                }
            }
            if air.is_empty() {
                break;
            }
            let looks_again = self.may_plan(air.len());
            let soon = later(lane.engine.now(), LOOK_EVERY);
            tokio::select! {
                Some(done) = air.next() => self.landed(done),
                () = lane.engine.clock().sleep_until(soon), if looks_again => {}
            }
        }
        match self.failed {
            Some(error) => Err(error),
            None if self.is_lost => Ok(Ended::Lost),
            None if self.has_planned => Ok(Ended::Planned),
            None => Ok(Ended::Idle),
        }
    }

    /// Plans what is due, if the lane is still this process's.
    fn plan(&self) -> impl Future<Output = Planned> + use<'t> {
        let (lane, is_first) = (self.lane, !self.has_looked);
        let limit = TURN_MAX.saturating_mul(self.calls_at_once);
        async move {
            // Whoever began the turn holds the lane; it may take longer than the lease.
            if !is_first && !lane.is_held().await? {
                return Err(None);
            }
            Ok(lane.plan_due(limit).await?)
        }
    }

    /// True when something was due.
    fn take(&mut self, planned: Planned) -> bool {
        match planned {
            Ok(Some(effects)) => {
                self.has_planned = true;
                self.waiting.extend(effects);
                return true;
            }
            Ok(None) => {}
            Err(None) => self.is_lost = true,
            Err(Some(error)) => self.landed(Err(error)),
        }
        false
    }

    fn landed(&mut self, done: Result<bool, PortError>) {
        self.is_lost |= !matches!(done, Ok(true));
        if let Err(error) = done {
            self.failed.get_or_insert(error);
        }
    }
}
