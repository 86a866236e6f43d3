//! Stores that take no calls now: a token that is refused, points that are used up.
//!
//! While a store rests nothing is planned for it, since an intent that is dropped again is two
//! events per level. When the time is over one call goes out; its answer ends the rest, and another
//! refusal doubles it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_ports::{AdminErrorKind, Clock};
use tracing::{error, info, warn};

use crate::windows::later;

/// A store that does not let us in rests this long at first.
const ACCESS_WAIT: Duration = Duration::from_secs(60);
/// No rest is longer.
const WAIT_MAX: Duration = Duration::from_secs(600);

/// Why a store rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Access,
    Throttled,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    why: Why,
    wait: Duration,
    until: Timestamp,
}

/// Whether a store takes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It does.
    Open,
    /// Its rest is over, and one call tells whether it does again.
    Probe,
    /// It does not until then.
    Rests(Timestamp),
}

/// The stores that rest, as this process knows them: after a restart the first call tells anew.
pub struct Rests {
    clock: Arc<dyn Clock>,
    rests: Mutex<HashMap<StoreId, Rest>>,
}

impl Rests {
    /// Nobody rests.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, rests: Mutex::default() }
    }

    fn rests(&self) -> MutexGuard<'_, HashMap<StoreId, Rest>> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a store takes calls now.
    pub fn stage(&self, store: &StoreId) -> Stage {
        match self.rests().get(store) {
            None => Stage::Open,
            Some(rest) if rest.until > self.clock.now() => Stage::Rests(rest.until),
            Some(_) => Stage::Probe,
        }
    }

    /// How long a store still takes no calls; nothing when it does.
    pub fn wait(&self, store: &StoreId) -> Option<Duration> {
        match self.stage(store) {
            Stage::Rests(until) => {
                let wait = until.duration_since(self.clock.now());
                Some(Duration::try_from(wait).unwrap_or_default())
            }
            Stage::Open | Stage::Probe => None,
        }
    }

    /// Notes what a call that failed says about the store; gives how long it rests then.
    pub fn failed(&self, store: &StoreId, kind: &AdminErrorKind, reason: &str) -> Option<Duration> {
        let (why, first) = match kind {
            AdminErrorKind::Access => (Why::Access, ACCESS_WAIT),
            AdminErrorKind::Throttled { wait } => (Why::Throttled, *wait),
            // It let us in and refused the content.
            AdminErrorKind::Permanent => {
                self.answered(store);
                return None;
            }
            // Says nothing about the store.
            AdminErrorKind::Transient | AdminErrorKind::UnknownOutcome => return None,
        };
        let mut rests = self.rests();
        let before = rests.get(store).filter(|rest| rest.why == why).copied();
        let wait = match (why, before) {
            (Why::Access, Some(rest)) => first.max(rest.wait * 2),
            // Points come back by the second: Shopify knows when.
            (Why::Throttled, _) | (_, None) => first,
        };
        let wait = wait.min(WAIT_MAX);
        let until = later(self.clock.now(), SignedDuration::try_from(wait).unwrap_or_default());
        rests.insert(store.clone(), Rest { why, wait, until });
        drop(rests);
        if before.is_none() {
            match why {
                Why::Access => {
                    error!(code = "LS0405", %store, reason, "the store does not let Lockstep in");
                }
                Why::Throttled => warn!(%store, reason, "the store's points are used up; it rests"),
            }
        }
        Some(wait)
    }

    /// Notes that the store answered.
    pub fn answered(&self, store: &StoreId) {
        if self.rests().remove(store).is_some() {
            info!(%store, "the store takes calls again");
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_testkit::ManualClock;

    use super::*;

    fn north() -> StoreId {
        StoreId::try_new("north").unwrap()
    }

    fn begin() -> (ManualClock, Rests) {
        let clock = ManualClock::at("2026-11-24T10:00:00Z".parse().unwrap());
        (clock.clone(), Rests::new(Arc::new(clock)))
    }

    #[test]
    fn the_wait_doubles_to_ten_minutes_and_an_answer_ends_it() {
        let (clock, rests) = begin();
        for minutes in [1, 2, 4, 8, 10, 10] {
            let wait = rests.failed(&north(), &AdminErrorKind::Access, "401");
            assert_eq!(wait, Some(Duration::from_secs(minutes * 60)));
            assert!(matches!(rests.stage(&north()), Stage::Rests(_)));
            clock.advance(SignedDuration::try_from(wait.unwrap()).unwrap());
            assert_eq!(rests.stage(&north()), Stage::Probe);
        }
        rests.answered(&north());
        assert_eq!(rests.stage(&north()), Stage::Open);
        let wait = rests.failed(&north(), &AdminErrorKind::Access, "401");
        assert_eq!(wait, Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_throttled_store_rests_as_long_as_shopify_says_however_often() {
        let (clock, rests) = begin();
        let says = |seconds| AdminErrorKind::Throttled { wait: Duration::from_secs(seconds) };
        for (said, waits) in [(3, 3), (3, 3), (40, 40), (1, 1)] {
            let wait = rests.failed(&north(), &says(said), "THROTTLED").unwrap();
            assert_eq!(wait, Duration::from_secs(waits));
            clock.advance(SignedDuration::try_from(wait).unwrap());
        }
    }

    #[test]
    fn what_says_nothing_about_the_store_changes_nothing() {
        let (clock, rests) = begin();
        for kind in [AdminErrorKind::Transient, AdminErrorKind::UnknownOutcome] {
            assert_eq!(rests.failed(&north(), &kind, "502"), None);
            assert_eq!(rests.stage(&north()), Stage::Open);
        }
        rests.failed(&north(), &AdminErrorKind::Access, "401");
        clock.advance(SignedDuration::from_mins(1));
        assert_eq!(rests.failed(&north(), &AdminErrorKind::Transient, "502"), None);
        assert_eq!(rests.stage(&north()), Stage::Probe);
        assert_eq!(rests.failed(&north(), &AdminErrorKind::Permanent, "bad argument"), None);
        assert_eq!(rests.stage(&north()), Stage::Open);
    }
}
