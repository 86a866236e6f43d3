//! Stores that take no calls now: a token that is refused, points that are used up.
//!
//! While a store rests nothing is planned for it, since an intent that is dropped again is two
//! events per level. When the time is over one call goes out; its answer ends the rest, and another
//! refusal doubles it. What was in the air when a rest began neither ends it nor makes it longer.
//!
//! A rise that this process has no points for is no reason to rest: falls may have them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_ports::{AdminErrorKind, Clock, Urgency};
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
    since: Timestamp,
    until: Timestamp,
}

/// A call that failed.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'f> {
    /// How.
    pub kind: &'f AdminErrorKind,
    /// How urgent it was.
    pub urgency: Urgency,
    /// When it began.
    pub begun: Timestamp,
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
            Stage::Rests(until) => Some(self.time_to(until)),
            Stage::Open | Stage::Probe => None,
        }
    }

    fn time_to(&self, until: Timestamp) -> Duration {
        Duration::try_from(until.duration_since(self.clock.now())).unwrap_or_default()
    }

    /// Notes what a call that failed says about the store; gives how long it rests then.
    pub fn failed(&self, store: &StoreId, call: &Failed<'_>, reason: &str) -> Option<Duration> {
        let (why, first) = match call.kind {
            AdminErrorKind::Access => (Why::Access, ACCESS_WAIT),
            AdminErrorKind::Throttled { wait } => (Why::Throttled, *wait),
            // Nothing is more urgent than a fall: when it has no points, nobody has.
            AdminErrorKind::OutOfPoints { wait } if call.urgency == Urgency::StockDown => {
                (Why::Throttled, *wait)
            }
            // It let us in and refused the content.
            AdminErrorKind::Permanent => {
                self.answered(store, call.begun);
                return None;
            }
            // Says nothing about the store.
            AdminErrorKind::OutOfPoints { .. }
            | AdminErrorKind::Transient
            | AdminErrorKind::UnknownOutcome => return None,
        };
        let mut rests = self.rests();
        let before = rests.get(store).filter(|rest| rest.why == why).copied();
        if let Some(rest) = before.filter(|rest| rest.since >= call.begun) {
            return Some(self.time_to(rest.until));
        }
        let wait = match (why, before) {
            (Why::Access, Some(rest)) => first.max(rest.wait * 2),
            // Points come back by the second: Shopify knows when.
            (Why::Throttled, _) | (_, None) => first,
        };
        let (wait, since) = (wait.min(WAIT_MAX), self.clock.now());
        let until = later(since, SignedDuration::try_from(wait).unwrap_or_default());
        rests.insert(store.clone(), Rest { why, wait, since, until });
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

    /// Notes that the store answered a call that began then.
    pub fn answered(&self, store: &StoreId, begun: Timestamp) {
        let mut rests = self.rests();
        if rests.get(store).is_some_and(|rest| rest.since < begun) {
            rests.remove(store);
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

    fn fails(rests: &Rests, kind: &AdminErrorKind, urgency: Urgency) -> Option<Duration> {
        let call = Failed { kind, urgency, begun: rests.clock.now() };
        rests.failed(&north(), &call, "a reason")
    }

    #[test]
    fn the_wait_doubles_to_ten_minutes_and_an_answer_ends_it() {
        let (clock, rests) = begin();
        let refused = || fails(&rests, &AdminErrorKind::Access, Urgency::StockDown);
        for minutes in [1, 2, 4, 8, 10, 10] {
            let wait = refused();
            assert_eq!(wait, Some(Duration::from_secs(minutes * 60)));
            assert!(matches!(rests.stage(&north()), Stage::Rests(_)));
            clock.advance(SignedDuration::try_from(wait.unwrap()).unwrap());
            assert_eq!(rests.stage(&north()), Stage::Probe);
        }
        rests.answered(&north(), clock.now());
        assert_eq!(rests.stage(&north()), Stage::Open);
        assert_eq!(refused(), Some(Duration::from_secs(60)));
    }

    #[test]
    fn what_was_in_the_air_when_a_rest_began_neither_ends_it_nor_doubles_it() {
        let (clock, rests) = begin();
        let in_the_air = clock.now();
        let minute = Some(Duration::from_secs(60));
        let (kind, urgency) = (&AdminErrorKind::Access, Urgency::StockUp);
        let call = Failed { kind, urgency, begun: in_the_air };
        for _ in 0..4 {
            assert_eq!(rests.failed(&north(), &call, "401"), minute);
        }
        rests.answered(&north(), in_the_air);
        assert_eq!(rests.wait(&north()), minute);
    }

    #[test]
    fn a_throttled_store_rests_as_long_as_shopify_says_however_often() {
        let (clock, rests) = begin();
        let says = |seconds| AdminErrorKind::Throttled { wait: Duration::from_secs(seconds) };
        for (said, waits) in [(3, 3), (3, 3), (40, 40), (1, 1)] {
            let wait = fails(&rests, &says(said), Urgency::StockUp).unwrap();
            assert_eq!(wait, Duration::from_secs(waits));
            clock.advance(SignedDuration::try_from(wait).unwrap());
        }
    }

    #[test]
    fn a_call_that_has_no_points_rests_the_store_only_when_nothing_is_more_urgent() {
        let (_, rests) = begin();
        let kind = AdminErrorKind::OutOfPoints { wait: Duration::from_secs(2) };
        assert_eq!(fails(&rests, &kind, Urgency::StockUp), None);
        assert_eq!(rests.stage(&north()), Stage::Open);
        assert_eq!(fails(&rests, &kind, Urgency::StockDown), Some(Duration::from_secs(2)));
        assert!(matches!(rests.stage(&north()), Stage::Rests(_)));
    }

    #[test]
    fn what_says_nothing_about_the_store_changes_nothing() {
        let (clock, rests) = begin();
        let meets = |kind| fails(&rests, &kind, Urgency::StockDown);
        for kind in [AdminErrorKind::Transient, AdminErrorKind::UnknownOutcome] {
            assert_eq!(meets(kind), None);
            assert_eq!(rests.stage(&north()), Stage::Open);
        }
        meets(AdminErrorKind::Access);
        clock.advance(SignedDuration::from_mins(1));
        assert_eq!(meets(AdminErrorKind::Transient), None);
        assert_eq!(rests.stage(&north()), Stage::Probe);
        assert_eq!(meets(AdminErrorKind::Permanent), None);
        assert_eq!(rests.stage(&north()), Stage::Open);
    }
}
