//! A clock that the test moves.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockstep_ports::Clock;
use tokio::sync::watch;

/// Stands still until it is set or advanced; whoever sleeps wakes when it has come far enough.
/// Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: watch::Sender<Timestamp>,
    running: watch::Sender<SignedDuration>,
    sleepers: watch::Sender<Sleepers>,
}

#[derive(Debug, Default)]
struct Sleepers {
    given: u64,
    waiting: BTreeMap<u64, Timestamp>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now: watch::Sender::new(now),
            running: watch::Sender::default(),
            sleepers: watch::Sender::default(),
        }
    }

    /// Shows another time, also an earlier one (a machine whose clock was set back); no time has
    /// passed.
    pub fn set(&self, now: Timestamp) {
        self.now.send_replace(now);
    }

    /// Moves on. A calendar that ends earlier is the end.
    pub fn advance(&self, by: SignedDuration) {
        self.running.send_modify(|running| *running = running.saturating_add(by));
        self.now.send_modify(|now| *now = now.checked_add(by).unwrap_or(Timestamp::MAX));
    }

    /// Waits until at least so many sleep: then everybody who was to go to sleep does, and moving
    /// the clock reaches them all.
    pub async fn wait_for_sleepers(&self, count: usize) {
        let mut sleepers = self.sleepers.subscribe();
        // The sender lives in `self`, so waiting cannot end without a sleeper.
        let _ = sleepers.wait_for(|sleepers| sleepers.waiting.len() >= count).await;
    }

    /// The earliest moment at which a sleeper wakes: where a simulation moves to next.
    pub fn next_waking(&self) -> Option<Timestamp> {
        self.sleepers.borrow().waiting.values().min().copied()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn running(&self) -> Duration {
        Duration::try_from(*self.running.borrow()).unwrap_or_default()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut now = self.now.subscribe();
        if *now.borrow() >= at {
            return;
        }
        let _sleeper = Sleeper::register(&self.sleepers, at);
        // The sender lives in `self`, so waiting cannot end before the time has come.
        let _ = now.wait_for(|now| *now >= at).await;
    }
}

/// Counts as asleep until it is dropped, also when the sleep is cancelled.
struct Sleeper {
    sleepers: watch::Sender<Sleepers>,
    number: u64,
}

impl Sleeper {
    fn register(sleepers: &watch::Sender<Sleepers>, at: Timestamp) -> Self {
        let mut number = 0;
        sleepers.send_modify(|sleepers| {
            sleepers.given += 1;
            number = sleepers.given;
            sleepers.waiting.insert(number, at);
        });
        Self { sleepers: sleepers.clone(), number }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.sleepers.send_modify(|sleepers| {
            sleepers.waiting.remove(&self.number);
        });
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
