//! What finds the news that nobody brought: windows over what changed, and silence that is longer
//! than a topic's own history explains.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Of what changed so shortly after a window's begin or before its end not all is seen: Shopify's
/// index shows some of it late, and its clock may be apart from ours.
pub const UNSURE: SignedDuration = SignedDuration::from_mins(5);
/// A window begins this long before the end of the last one: what the one is unsure of the next
/// sees for sure.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// A window ends this long before now: what is newer the index may not show yet.
pub const LAG: SignedDuration = SignedDuration::from_secs(60);

/// Breaks shorter than this belong to one burst, and say nothing of how often a topic is heard.
const BURST: SignedDuration = SignedDuration::from_secs(60);
/// Breaks that are remembered.
const BREAKS_MAX: usize = 32;
/// With fewer breaks there is no history to compare with.
const BREAKS_MIN: usize = 8;
/// Silence is not suspected before this ..
const SUSPECT_MIN: SignedDuration = SignedDuration::from_mins(15);
/// .. and at the latest after this.
const SUSPECT_MAX: SignedDuration = SignedDuration::from_hours(24);
/// A silence so many times as long as the longest break is suspected.
const TIMES: i32 = 3;

/// Once in so long a sweep looks further back.
const LOOK_BACK_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How often a store is swept, and how far back once a day: what Shopify's index shows later than
/// windows overlap is found then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rhythm {
    minutes: u32,
    days: u32,
}

impl Rhythm {
    /// A sweep comes no more often than this, in minutes ..
    pub const MINUTES_MIN: u32 = 15;
    /// .. and no more seldom.
    pub const MINUTES_MAX: u32 = 24 * 60;
    /// Shopify shows no older orders to most apps, in days.
    pub const DAYS_MAX: u32 = 60;

    /// A rhythm; what is beyond a limit is taken for the limit.
    #[must_use]
    pub fn new(minutes: u32, days: u32) -> Self {
        let minutes = minutes.clamp(Self::MINUTES_MIN, Self::MINUTES_MAX);
        Self { minutes, days: days.clamp(1, Self::DAYS_MAX) }
    }

    /// Minutes from one sweep to the next.
    #[must_use]
    pub const fn minutes(self) -> u32 {
        self.minutes
    }

    /// Days that are looked back once a day.
    #[must_use]
    pub const fn days(self) -> u32 {
        self.days
    }

    /// From one sweep to the next.
    #[must_use]
    pub fn every(self) -> SignedDuration {
        SignedDuration::from_mins(self.minutes.into())
    }

    /// Whether it is the default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Rhythm {
    fn default() -> Self {
        Self { minutes: 60, days: 3 }
    }
}

/// When a store was looked back over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookBack {
    /// Nothing before is looked at: the store was not connected then.
    pub since: Timestamp,
    /// When it was done last.
    pub last: Timestamp,
}

impl LookBack {
    /// A window as it is looked through now: once a day it begins days before.
    #[must_use]
    pub fn widen(&mut self, window: Window, rhythm: Rhythm, now: Timestamp) -> Window {
        if now.duration_since(self.last) < LOOK_BACK_EVERY {
            return window;
        }
        self.last = now;
        let days = SignedDuration::from_hours(i64::from(rhythm.days) * 24);
        let from = earlier(now, days).max(self.since);
        Window { from: window.from.min(from), ..window }
    }
}

/// A half-open span of time: `from` belongs to it, `until` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

impl Window {
    /// What is to be looked through when everything before `known_until` was; `None` when nothing
    /// new can be seen yet.
    #[must_use]
    pub fn after(known_until: Timestamp, now: Timestamp) -> Option<Self> {
        let until = earlier(now, LAG);
        (until > known_until).then(|| Self { from: earlier(known_until, OVERLAP), until })
    }

    /// The part of which everything that changed is seen; `None` where it is too short. These parts
    /// of windows that follow each other meet.
    #[must_use]
    pub fn sure(&self) -> Option<Self> {
        let from = self.from.checked_add(UNSURE).unwrap_or(Timestamp::MAX);
        let until = earlier(self.until, UNSURE);
        (from < until).then_some(Self { from, until })
    }

    /// Whether a moment belongs to it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// How often a topic of a store is heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hearing {
    /// When it was heard last.
    pub last: Timestamp,
    /// The newest breaks between two hearings, in seconds.
    breaks: Vec<i64>,
    /// How often the present silence was looked into.
    looked: u32,
    /// When it was looked into last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    looked_at: Option<Timestamp>,
}

impl Hearing {
    /// A topic that is heard for the first time.
    #[must_use]
    pub const fn first(at: Timestamp) -> Self {
        Self { last: at, breaks: Vec::new(), looked: 0, looked_at: None }
    }

    /// It is heard; false when that says nothing new. News may come late and in any order.
    pub fn hear(&mut self, at: Timestamp) -> bool {
        let pause = at.duration_since(self.last);
        if pause < BURST {
            return false;
        }
        self.last = at;
        self.looked = 0;
        self.looked_at = None;
        self.breaks.push(pause.as_secs());
        if self.breaks.len() > BREAKS_MAX {
            self.breaks.remove(0);
        }
        true
    }

    /// The silence is looked into: it may last longer before it is again. Gives the moment since
    /// when nobody looked.
    pub fn look(&mut self, now: Timestamp) -> Timestamp {
        self.looked = self.looked.saturating_add(1);
        self.looked_at.replace(now).unwrap_or(self.last)
    }

    /// When the silence is to be looked into where that costs little; `None` without a history.
    #[must_use]
    pub fn suspect_at(&self) -> Option<Timestamp> {
        self.suspect(Some(SUSPECT_MAX), 8)
    }

    /// When it is to be looked into where everything is read for it: a silence that the history
    /// explains is left alone however long it is, and one that goes on is looked into ever more
    /// seldom.
    #[must_use]
    pub fn suspect_whole_at(&self) -> Option<Timestamp> {
        self.suspect(None, 16)
    }

    /// The wait is counted from each look, and grows from one to the next, so many times.
    fn suspect(&self, longest_wait: Option<SignedDuration>, times: u32) -> Option<Timestamp> {
        if self.breaks.len() < BREAKS_MIN {
            return None;
        }
        let longest = self.breaks.iter().copied().max().unwrap_or_default();
        let longest_wait = longest_wait.unwrap_or(SignedDuration::MAX);
        let silence = SignedDuration::from_secs(longest).saturating_mul(TIMES);
        let mut silence = silence.clamp(SUSPECT_MIN, longest_wait);
        for _ in 0..self.looked.saturating_sub(1).min(times) {
            silence = silence.saturating_mul(2).min(longest_wait);
        }
        let since = self.looked_at.unwrap_or(self.last);
        Some(since.checked_add(silence).unwrap_or(Timestamp::MAX))
    }
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + minutes * 60).unwrap()
    }

    #[test]
    fn windows_overlap_by_ten_minutes_and_end_a_minute_before_now() {
        let first = Window::after(at(0), at(61)).unwrap();
        assert_eq!(first, Window { from: at(-10), until: at(60) });
        let second = Window::after(first.until, at(121)).unwrap();
        assert_eq!(second.from, at(50));
        assert!(first.holds(at(-10)) && first.holds(at(59)) && !first.holds(at(60)));
        assert!(second.holds(at(60)), "no moment falls between two windows");
        assert_eq!(Window::after(at(60), at(61)), None);
        assert_eq!(Window::after(at(90), at(61)), None, "a clock that was set back");
    }

    #[test]
    fn a_window_is_sure_of_less_than_it_shows_and_the_next_of_the_rest() {
        let first = Window::after(at(0), at(61)).unwrap();
        let second = Window::after(first.until, at(62)).unwrap();
        let (one, other) = (first.sure().unwrap(), second.sure().unwrap());
        assert_eq!(one, Window { from: at(-5), until: at(55) });
        assert_eq!((other.from, other.until), (one.until, at(56)), "no moment is left out");
        // Windows of an earlier version overlapped by less.
        assert_eq!(Window { from: at(-5), until: at(5) }.sure(), None);
    }

    #[test]
    fn once_a_day_a_window_begins_days_before_but_not_before_the_store_was_connected() {
        let day = 24 * 60;
        let mut back = LookBack { since: at(0), last: at(0) };
        let window = |now: i64| Window { from: at(now - 66), until: at(now - 1) };
        let mut widen =
            |now: i64, days| back.widen(window(now), Rhythm::new(60, days), at(now)).from;
        assert_eq!(widen(day - 1, 3), at(day - 67));
        assert_eq!(widen(day, 3), at(0), "it was connected then");
        assert_eq!(widen(day + 60, 3), at(day - 6), "once a day");
        assert_eq!(widen(5 * day, 3), at(2 * day));
        assert_eq!(widen(9 * day, 1), at(8 * day));
    }

    #[test]
    fn a_rhythm_keeps_its_limits() {
        assert_eq!(Rhythm::new(0, 0), Rhythm::new(15, 1));
        assert_eq!(Rhythm::new(9_999, 999), Rhythm::new(1_440, 60));
        assert_eq!(Rhythm::default(), Rhythm::new(60, 3));
    }

    fn heard_every(minutes: i64, times: i64) -> Hearing {
        let mut hearing = Hearing::first(at(0));
        for n in 1..=times {
            assert!(hearing.hear(at(n * minutes)));
        }
        hearing
    }

    #[test]
    fn a_topic_is_compared_with_its_own_history() {
        assert_eq!(heard_every(10, 7).suspect_at(), None, "too little history");
        assert_eq!(heard_every(10, 8).suspect_at(), Some(at(80 + 30)));
        assert_eq!(heard_every(1, 8).suspect_at(), Some(at(8 + 15)), "never before 15 minutes");
        assert_eq!(heard_every(600, 8).suspect_at(), Some(at(4800 + 1440)), "a day at the latest");
    }

    #[test]
    fn bursts_and_late_news_say_nothing() {
        let mut hearing = heard_every(10, 8);
        let before = hearing.clone();
        assert!(!hearing.hear(at(80) + SignedDuration::from_secs(59)));
        assert!(!hearing.hear(at(20)));
        assert_eq!(hearing, before);
    }

    #[test]
    fn a_silence_that_was_looked_into_is_suspected_later_and_later() {
        let mut hearing = heard_every(10, 8);
        let mut due = Vec::new();
        for _ in 0..12 {
            let now = hearing.suspect_at().unwrap();
            due.push(now);
            hearing.look(now);
        }
        assert_eq!(due[..4], [at(110), at(140), at(200), at(320)]);
        assert!(due.is_sorted_by(|one, next| one < next));
        hearing.hear(at(5000));
        let breaks = SignedDuration::from_mins(4920).saturating_mul(3);
        assert!(breaks > SUSPECT_MAX);
        assert_eq!(hearing.suspect_at(), Some(at(5000 + 1440)), "its history has grown");
    }

    #[test]
    fn a_long_silence_is_looked_into_once_a_day_and_only_where_nobody_looked() {
        let mut hearing = heard_every(1_200, 8);
        let (last, day) = (9_600, 1_440);
        // A look that came late is waited from as well.
        for (due, looked, since) in [
            (last + day, last + day, last),
            (last + 2 * day, last + 2 * day + 30, last + day),
            (last + 3 * day + 30, last + 3 * day + 30, last + 2 * day + 30),
        ] {
            assert_eq!(hearing.suspect_at(), Some(at(due)));
            assert_eq!(hearing.look(at(looked)), at(since));
        }
    }

    #[test]
    fn for_what_reads_everything_a_silence_that_is_usual_is_left_alone() {
        let (day, week) = (1_440, 7 * 1_440);
        let mut hearing = heard_every(2 * week, 8);
        let last = 16 * week;
        assert_eq!(hearing.suspect_at(), Some(at(last + day)));
        assert_eq!(hearing.suspect_whole_at(), Some(at(last + 6 * week)));
        hearing.look(at(last + 6 * week));
        assert_eq!(hearing.suspect_whole_at(), Some(at(last + 12 * week)));
        assert_eq!(heard_every(1, 8).suspect_whole_at(), Some(at(8 + 15)));
        assert_eq!(heard_every(10, 7).suspect_whole_at(), None, "too little history");
    }

    #[test]
    fn for_what_reads_everything_a_silence_that_goes_on_is_looked_into_ever_more_seldom() {
        // A morning's work on products, and then nothing for a year.
        let mut hearing = heard_every(10, 8);
        let mut looks = 0;
        while let Some(due) = hearing.suspect_whole_at()
            && due < at(365 * 1_440)
        {
            hearing.look(due);
            looks += 1;
        }
        assert_eq!(looks, 15);
    }

    #[test]
    fn only_the_newest_breaks_count() {
        let mut hearing = Hearing::first(at(0));
        hearing.hear(at(1000));
        for n in 1..=32 {
            hearing.hear(at(1000 + 10 * n));
        }
        assert_eq!(hearing.suspect_at(), Some(at(1320 + 30)));
    }
}
