//! Stores that take no calls now: a token that is refused, points that are used up.
//!
//! While a store rests nothing is planned for it, since an intent that is dropped again is two
//! events per level. When the time is over one call goes out; its answer ends the rest, and another
//! refusal doubles it. What was in the air when a rest began neither ends it nor makes it longer by
//! saying the same again; a longer rest is never replaced by a shorter one.
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
/// While the one call waits for its turn, it is looked again after this.
const ASKED_WAIT: SignedDuration = SignedDuration::from_secs(1);
/// The one call is not waited for longer, in case that it was never made.
const ASKED_MAX: SignedDuration = SignedDuration::from_secs(30);
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
    /// When the call was planned that is to tell whether it is over.
    asked: Option<Timestamp>,
}

impl Rest {
    /// A clock that is set back makes no rest longer, and keeps no answer from ending it.
    fn correct(&mut self, now: Timestamp) {
        if self.since > now {
            self.since = now;
            self.until = after(now, self.wait);
        }
        self.asked = self.asked.filter(|asked| *asked <= now);
    }
}

fn after(from: Timestamp, wait: Duration) -> Timestamp {
    later(from, SignedDuration::try_from(wait).unwrap_or_default())
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

    fn rest(&self, store: &StoreId) -> Option<Rest> {
        let mut rests = self.rests();
        let rest = rests.get_mut(store)?;
        rest.correct(self.clock.now());
        Some(*rest)
    }

    /// Whether calls may be planned for a store now.
    pub fn stage(&self, store: &StoreId) -> Stage {
        let now = self.clock.now();
        let Some(rest) = self.rest(store) else { return Stage::Open };
        let is_asked = rest.asked.is_some_and(|asked| later(asked, ASKED_MAX) > now);
        match rest.until {
            until if until > now => Stage::Rests(until),
            _ if is_asked => Stage::Rests(later(now, ASKED_WAIT)),
            _ => Stage::Probe,
        }
    }

    /// How long a store still takes no calls; nothing when it does.
    pub fn wait(&self, store: &StoreId) -> Option<Duration> {
        let until = self.rest(store)?.until;
        (until > self.clock.now()).then(|| self.time_to(until))
    }

    /// Notes that the one call is planned that tells whether the store takes calls again.
    pub fn asked(&self, store: &StoreId) {
        if let Some(rest) = self.rests().get_mut(store) {
            rest.asked = Some(self.clock.now());
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
            | AdminErrorKind::UnknownOutcome => {
                if let Some(rest) = self.rests().get_mut(store) {
                    rest.asked = None;
                }
                return None;
            }
        };
        let now = self.clock.now();
        let mut rests = self.rests();
        let before = rests.get(store).copied();
        let was_in_the_air = |rest: &Rest| rest.since >= call.begun && rest.why == why;
        let is_longer = |rest: &Rest| rest.why != why && rest.until >= after(now, first);
        if let Some(rest) = before.filter(|rest| was_in_the_air(rest) || is_longer(rest)) {
            return Some(self.time_to(rest.until));
        }
        let before = before.filter(|rest| rest.why == why);
        let wait = match (why, before) {
            (Why::Access, Some(rest)) => first.max(rest.wait * 2),
            // Points come back by the second: Shopify knows when.
            (Why::Throttled, _) | (_, None) => first,
        };
        let (wait, since) = (wait.min(WAIT_MAX), now);
        let until = after(since, wait);
        rests.insert(store.clone(), Rest { why, wait, since, until, asked: None });
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
    fn what_was_in_the_air_makes_no_rest_shorter_whatever_it_says() {
        let (clock, rests) = begin();
        let in_the_air = clock.now();
        fails(&rests, &AdminErrorKind::Access, Urgency::StockDown);
        let wait = Duration::from_secs(2);
        for kind in [AdminErrorKind::OutOfPoints { wait }, AdminErrorKind::Throttled { wait }] {
            let call = Failed { kind: &kind, urgency: Urgency::StockDown, begun: in_the_air };
            let minute = Some(Duration::from_secs(60));
            assert_eq!(rests.failed(&north(), &call, "a reason"), minute);
            assert_eq!(rests.wait(&north()), minute);
        }
    }

    #[test]
    fn one_call_asks_after_a_rest_until_it_says_nothing_or_is_lost() {
        let (clock, rests) = begin();
        fails(&rests, &AdminErrorKind::Access, Urgency::StockDown);
        clock.advance(SignedDuration::from_mins(1));
        let refused = || matches!(rests.stage(&north()), Stage::Rests(_));
        rests.asked(&north());
        assert!(refused());
        assert_eq!(rests.wait(&north()), None, "the call itself may go");
        fails(&rests, &AdminErrorKind::Transient, Urgency::StockDown);
        assert_eq!(rests.stage(&north()), Stage::Probe);
        rests.asked(&north());
        clock.advance(ASKED_MAX);
        assert_eq!(rests.stage(&north()), Stage::Probe);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_rest_longer() {
        let (clock, rests) = begin();
        fails(&rests, &AdminErrorKind::Access, Urgency::StockDown);
        clock.set(clock.now() - SignedDuration::from_hours(1));
        assert_eq!(rests.wait(&north()), Some(Duration::from_secs(60)));
        clock.advance(SignedDuration::from_mins(1));
        assert_eq!(rests.stage(&north()), Stage::Probe);
        rests.answered(&north(), clock.now());
        assert_eq!(rests.stage(&north()), Stage::Open);
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
