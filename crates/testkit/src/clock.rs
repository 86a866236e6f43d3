//! A clock that the test moves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_ports::Clock;
use tokio::sync::Notify;

/// Stands still until it is set or advanced; whoever sleeps wakes when it has come far enough, and
/// of several whoever went to sleep first. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    inside: Mutex<Inside>,
    /// Wakes in the order of going to sleep, unlike a watch: the same run goes the same way.
    moved: Notify,
    more_sleep: Notify,
}

#[derive(Debug)]
struct Inside {
    now: Timestamp,
    running: SignedDuration,
    given: u64,
    waiting: BTreeMap<u64, Timestamp>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        let (running, given, waiting) = (SignedDuration::ZERO, 0, BTreeMap::new());
        let inside = Mutex::new(Inside { now, running, given, waiting });
        let (moved, more_sleep) = (Notify::new(), Notify::new());
        Self { shared: Arc::new(Shared { inside, moved, more_sleep }) }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.shared.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows another time, also an earlier one (a machine whose clock was set back); no time has
    /// passed.
    pub fn set(&self, now: Timestamp) {
        self.inside().now = now;
        self.shared.moved.notify_waiters();
    }

    /// Moves on. A calendar that ends earlier is the end.
    pub fn advance(&self, by: SignedDuration) {
        {
            let mut inside = self.inside();
            inside.running = inside.running.saturating_add(by);
            inside.now = inside.now.checked_add(by).unwrap_or(Timestamp::MAX);
        }
        self.shared.moved.notify_waiters();
    }

    /// Waits until at least so many sleep: then everybody who was to go to sleep does, and moving
    /// the clock reaches them all.
    pub async fn wait_for_sleepers(&self, count: usize) {
        let enough = || self.inside().waiting.len() >= count;
        wait_for(&self.shared.more_sleep, enough).await;
    }

    /// The earliest moment at which a sleeper wakes: where a simulation moves to next.
    pub fn next_waking(&self) -> Option<Timestamp> {
        self.inside().waiting.values().min().copied()
    }
}

/// Waits until something holds, looking again at each notice.
async fn wait_for(notice: &Notify, holds: impl Fn() -> bool) {
    loop {
        // Waits from before the look, so that nothing in between is missed.
        let noticed = notice.notified();
        tokio::pin!(noticed);
        noticed.as_mut().enable();
        if holds() {
            return;
        }
        noticed.await;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.inside().now
    }

    fn running(&self) -> Duration {
        Duration::try_from(self.inside().running).unwrap_or_default()
    }

    async fn sleep_until(&self, at: Timestamp) {
        if self.now() >= at {
            return;
        }
        let _sleeper = Sleeper::register(self, at);
        wait_for(&self.shared.moved, || self.now() >= at).await;
    }
}

/// Counts as asleep until it is dropped, also when the sleep is cancelled.
struct Sleeper {
    clock: ManualClock,
    number: u64,
}

impl Sleeper {
    fn register(clock: &ManualClock, at: Timestamp) -> Self {
        let number = {
            let mut inside = clock.inside();
            inside.given += 1;
            let number = inside.given;
            inside.waiting.insert(number, at);
            number
        };
        clock.shared.more_sleep.notify_waiters();
        Self { clock: clock.clone(), number }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.clock.inside().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn after(seconds: i64) -> Timestamp {
        NOON + SignedDuration::from_secs(seconds)
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = ManualClock::at(NOON);
        let sleep = clock.sleep_until(after(30));
        tokio::pin!(sleep);
        assert!(futures_util::poll!(&mut sleep).is_pending());
        assert_eq!(clock.next_waking(), Some(after(30)));
        clock.advance(SignedDuration::from_secs(29));
        assert!(futures_util::poll!(&mut sleep).is_pending());
        clock.advance(SignedDuration::from_secs(1));
        assert!(futures_util::poll!(&mut sleep).is_ready());
        assert_eq!(clock.now(), after(30));
        assert_eq!(clock.next_waking(), None);
    }

    #[tokio::test]
    async fn what_is_past_does_not_sleep() {
        let clock = ManualClock::at(NOON);
        clock.sleep_until(NOON).await;
        clock.set(after(-60));
        assert_eq!(clock.now(), after(-60));
        assert!(futures_util::poll!(std::pin::pin!(clock.sleep_until(NOON))).is_pending());
    }

    #[tokio::test]
    async fn the_test_waits_until_everybody_sleeps() {
        let clock = ManualClock::at(NOON);
        let sleeper = clock.sleep_until(after(5));
        let mover = async {
            clock.wait_for_sleepers(1).await;
            clock.advance(SignedDuration::from_secs(5));
        };
        tokio::join!(sleeper, mover);
        assert_eq!(clock.now(), after(5));
    }

    #[tokio::test]
    async fn a_cancelled_sleep_is_no_sleeper() {
        let clock = ManualClock::at(NOON);
        {
            let sleep = clock.sleep_until(after(5));
            tokio::pin!(sleep);
            assert!(futures_util::poll!(&mut sleep).is_pending());
        }
        assert_eq!(clock.next_waking(), None);
    }
}
