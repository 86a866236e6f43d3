//! One store's points in this process: who may call now, and who goes first.
//!
//! The bucket is learnt from `extensions.cost` of every answer, never assumed. Until the first
//! answer one call goes alone. Waiting calls are let through by urgency, then by age; the first of
//! them holds back the rest until its points are there, so a dear call is not starved by cheap
//! ones behind it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lockstep_ports::{Clock, Urgency};
use tokio::sync::Notify;

/// Longest wait for points. What waits longer is given back: its numbers grow stale, and its
/// caller can decide again.
pub const POINTS_WAIT_MAX: Duration = Duration::from_secs(5);

/// `throttleStatus` of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThrottleStatus {
    /// Size of the bucket.
    pub maximum: f64,
    /// Points in it.
    pub available: f64,
    /// Points that flow in per second.
    pub restore_rate: f64,
}

impl ThrottleStatus {
    /// Whether the figures can be reckoned with.
    fn is_usable(&self) -> bool {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        positive(self.maximum) && positive(self.restore_rate) && self.available.is_finite()
    }
}

/// The budget of one store.
#[derive(Debug, Default)]
pub struct Budget {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    known: Known,
    /// Requested points of calls in the air. An answer's `available` may not count them yet.
    in_flight: f64,
    /// Waiting calls by urgency, then by age.
    waiting: BTreeSet<(Urgency, u64)>,
    tickets: u64,
}

#[derive(Debug, Default)]
enum Known {
    /// No answer yet; one call goes alone.
    #[default]
    Nothing,
    /// That one call is in the air.
    Learning,
    /// The store has no bucket (its answers carry none).
    Unlimited,
    Points {
        status: ThrottleStatus,
        at: Timestamp,
    },
}

/// What a waiting call may do.
enum Turn {
    Go,
    /// Points are missing; they will be there after this time.
    Points(Duration),
    /// Others go first, or the first answer is awaited.
    Others,
}

impl Budget {
    /// Waits for points, at most [`POINTS_WAIT_MAX`].
    ///
    /// # Errors
    /// How long the points will still take.
    pub async fn acquire(
        self: &Arc<Self>,
        clock: &dyn Clock,
        urgency: Urgency,
        cost: u32,
    ) -> Result<Permit, Duration> {
        let deadline = add(clock.now(), POINTS_WAIT_MAX);
        let place = Place::take(self, urgency, f64::from(cost));
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening begins before the look, so that no change falls between the two.
            changed.as_mut().enable();
            let now = clock.now();
            let turn = self.lock().turn(&place, now);
            let wait = match turn {
                Turn::Go => return Ok(place.into_permit()),
                Turn::Points(wait) => wait,
                Turn::Others => POINTS_WAIT_MAX,
            };
            let until = add(now, wait);
            if until > deadline && now >= deadline {
                return Err(wait.max(Duration::from_secs(1)));
            }
            tokio::select! {
                () = changed => {}
                () = clock.sleep_until(until.min(deadline)) => {}
            }
        }
    }

    /// Share of the bucket that is left; `None` before the first answer.
    pub fn left(&self, now: Timestamp) -> Option<f64> {
        match &self.lock().known {
            Known::Nothing | Known::Learning => None,
            Known::Unlimited => Some(1.0),
            Known::Points { status, at } => {
                Some((refilled(status, *at, now) / status.maximum).clamp(0.0, 1.0))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave the figures half written; they stay usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn(&mut self, place: &Place, now: Timestamp) -> Turn {
        if self.waiting.first() != Some(&place.key) {
            return Turn::Others;
        }
        match &mut self.known {
            Known::Learning => return Turn::Others,
            Known::Nothing => self.known = Known::Learning,
            Known::Unlimited => {}
            Known::Points { status, at } => {
                // A call dearer than the bucket is Shopify's to refuse; it must not wait for ever.
                let need = place.cost.min(status.maximum);
                let available = refilled(status, *at, now);
                if available < need {
                    let seconds = (need - available) / status.restore_rate;
                    return Turn::Points(Duration::try_from_secs_f64(seconds).unwrap_or_default());
                }
                status.available = available - place.cost;
                *at = now;
            }
        }
        self.waiting.remove(&place.key);
        self.in_flight += place.cost;
        Turn::Go
    }
}

/// A place among the waiting; given up when the call is no longer wanted.
struct Place {
    budget: Arc<Budget>,
    key: (Urgency, u64),
    cost: f64,
}

impl Place {
    fn take(budget: &Arc<Budget>, urgency: Urgency, cost: f64) -> Self {
        let mut state = budget.lock();
        state.tickets += 1;
        let key = (urgency, state.tickets);
        state.waiting.insert(key);
        drop(state);
        Self { budget: Arc::clone(budget), key, cost }
    }

    fn into_permit(self) -> Permit {
        Permit { budget: Arc::clone(&self.budget), cost: self.cost }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.budget.lock().waiting.remove(&self.key);
        self.budget.changed.notify_waiters();
    }
}

/// Points taken for one call in the air.
#[derive(Debug)]
pub struct Permit {
    budget: Arc<Budget>,
    cost: f64,
}

impl Permit {
    /// Learns from an answer. `None`: the store answers without a bucket.
    pub fn answered(self, status: Option<ThrottleStatus>, now: Timestamp) {
        let mut state = self.budget.lock();
        let others = (state.in_flight - self.cost).max(0.0);
        match (status.filter(ThrottleStatus::is_usable), &state.known) {
            (Some(mut status), _) => {
                status.available -= others;
                state.known = Known::Points { status, at: now };
            }
            (None, Known::Nothing | Known::Learning) => state.known = Known::Unlimited,
            (None, Known::Unlimited | Known::Points { .. }) => {}
        }
        // The rest is done by `drop`, as for a call that was never answered.
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.in_flight = (state.in_flight - self.cost).max(0.0);
        if matches!(state.known, Known::Learning) {
            state.known = Known::Nothing;
        }
        drop(state);
        self.budget.changed.notify_waiters();
    }
}

fn refilled(status: &ThrottleStatus, at: Timestamp, now: Timestamp) -> f64 {
    let seconds = now.duration_since(at).as_secs_f64().max(0.0);
    (status.available + seconds * status.restore_rate).min(status.maximum)
}

fn add(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
