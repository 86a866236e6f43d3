//! What this process knows of a store's points, and who waits for them. No waiting happens here:
//! [`Book::next`] says what is to be done, and is told how that ended.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::points::{Ledger, Meter, Observed, Report, Urgency, Wish};
use lockstep_ports::StoredPoints;

/// A waiting call: by urgency, then by age.
pub(super) type Key = (Urgency, u64);

/// What was read so recently is believed when it says that the points are not there.
const FRESH: SignedDuration = SignedDuration::from_millis(50);
/// A call that waits this long says so to the other processes.
const WISH_AFTER: SignedDuration = SignedDuration::from_millis(500);
/// A wish that is not renewed ends so long after its points should be there.
const WISH_KEEP: SignedDuration = SignedDuration::from_secs(1);
/// Processes to reckon with when nothing is known of them.
const MEMBERS_UNKNOWN: f64 = 4.0;
/// Points differ by less than this through rounding only.
const ROUNDING: f64 = 1e-6;

/// What is to be done next.
pub(super) enum Step {
    /// Nothing; the first of those that still wait will have its points after this.
    Done(Option<Duration>),
    /// Read the ledger.
    Load,
    /// Write this over that revision.
    Save(Ledger, u64),
}

struct Waiting {
    cost: f64,
    since: Timestamp,
}

struct Granted {
    cost: f64,
    spent_before: f64,
}

/// The shared ledger as this process saw it last.
struct Seen {
    ledger: Option<Ledger>,
    revision: u64,
    at: Timestamp,
    is_current: bool,
}

#[derive(PartialEq)]
enum Mode {
    /// With the others, through the shared ledger.
    Together,
    /// With its own ledger: there is no shared one, or it cannot be reached before then.
    Alone(Option<Timestamp>),
}

pub(super) struct Book {
    holder: String,
    mode: Mode,
    /// Grows with each change of mode: what was reserved in one is no measure in the other.
    epoch: u64,
    shared: Option<Seen>,
    own: Option<Ledger>,
    /// Share of the bucket that `own` stands for.
    share: f64,
    own_report: Report,
    /// The store answers without a bucket.
    is_unlimited: bool,
    /// Points of calls that were let through and have not landed.
    outstanding: f64,
    pending: Report,
    /// Written, perhaps; its number says so.
    sent: Option<Report>,
    numbers: u64,
    observed: Option<Observed>,
    waiting: BTreeMap<Key, Waiting>,
    granted: BTreeMap<Key, Granted>,
    /// Calls were let through and nobody was told yet.
    has_news: bool,
    tickets: u64,
    saving: Option<(Ledger, Vec<Key>, bool)>,
}

impl Book {
    pub(super) fn new(holder: &str, is_shared: bool) -> Self {
        Self {
            holder: holder.to_owned(),
            mode: if is_shared { Mode::Together } else { Mode::Alone(None) },
            epoch: 0,
            shared: None,
            own: None,
            share: if is_shared { 1.0 / MEMBERS_UNKNOWN } else { 1.0 },
            own_report: Report::default(),
            is_unlimited: false,
            outstanding: 0.0,
            pending: Report::default(),
            sent: None,
            numbers: 0,
            observed: None,
            waiting: BTreeMap::new(),
            granted: BTreeMap::new(),
            has_news: false,
            tickets: 0,
            saving: None,
        }
    }

    /// Takes a place among the waiting.
    pub(super) fn wait(&mut self, urgency: Urgency, cost: f64, since: Timestamp) -> Key {
        self.tickets += 1;
        let key = (urgency, self.tickets);
        self.waiting.insert(key, Waiting { cost, since });
        key
    }

    pub(super) fn is_first(&self, key: &Key) -> bool {
        self.waiting.keys().next() == Some(key)
    }

    /// Whether calls were let through since this was asked last.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    /// Whether nobody waits.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.granted.is_empty()
    }

    /// The points of a call, when they were reserved: what a permit keeps of that moment.
    pub(super) fn claim(&mut self, key: &Key) -> Option<(u64, f64)> {
        self.granted.remove(key).map(|granted| (self.epoch, granted.spent_before))
    }

    /// The call is no longer wanted.
    pub(super) fn give_up(&mut self, key: &Key) {
        self.waiting.remove(key);
        if let Some(granted) = self.granted.remove(key) {
            self.outstanding = (self.outstanding - granted.cost).max(0.0);
        }
    }

    /// A call was answered and cost `spent` of the points that were reserved for it.
    pub(super) fn landed(&mut self, cost: f64, spent: f64) {
        self.outstanding = (self.outstanding - cost).max(0.0);
        self.pending.spent += spent;
        self.own_report.spent += spent;
    }

    pub(super) fn count(&mut self, meter: &Meter) {
        self.pending.meter.add(meter);
    }

    /// What an answer showed, to a call whose points were reserved in `epoch`.
    pub(super) fn observed(&mut self, epoch: u64, mut seen: Observed) {
        if epoch != self.epoch {
            // Nothing tells what others spent since: it may lower what is free, and not raise it.
            seen.spent_before = f64::NEG_INFINITY;
        }
        self.is_unlimited = false;
        self.observed = Some(seen);
    }

    /// Shopify executed a call and showed no bucket.
    pub(super) fn saw_no_bucket(&mut self) {
        self.is_unlimited |= self.known().is_none() && self.observed.is_none();
    }

    fn known(&self) -> Option<&Ledger> {
        match self.mode {
            Mode::Together => self.shared.as_ref()?.ledger.as_ref(),
            Mode::Alone(_) => self.own.as_ref(),
        }
    }

    /// Share of the bucket that is left.
    pub(super) fn left(&self, now: Timestamp) -> Option<f64> {
        match self.known() {
            _ if self.is_unlimited => Some(1.0),
            Some(ledger) => Some(ledger.left(now)),
            None => None,
        }
    }

    /// Decides what is to be done: lets calls through as far as the points go.
    pub(super) fn next(&mut self, now: Timestamp) -> Step {
        if self.is_unlimited {
            while let Some((key, _)) = self.waiting.first_key_value() {
                let key = *key;
                self.grant(key, 0.0);
            }
            return Step::Done(None);
        }
        if matches!(self.mode, Mode::Alone(Some(until)) if until <= now) {
            return Step::Load;
        }
        match self.mode {
            Mode::Alone(_) => Step::Done(self.next_alone(now)),
            Mode::Together => self.next_together(now),
        }
    }

    /// Until a bucket is known one call goes alone.
    fn learn(&mut self) {
        let first = self.waiting.keys().next().copied();
        if let Some(key) = first.filter(|_| self.outstanding <= ROUNDING) {
            self.grant(key, 0.0);
        }
    }

    fn grant(&mut self, key: Key, spent_before: f64) {
        let Some(Waiting { cost, .. }) = self.waiting.remove(&key) else { return };
        self.outstanding += cost;
        self.granted.insert(key, Granted { cost, spent_before });
        self.has_news = true;
    }

    /// The waiting calls in their order, until one whose points are not there.
    fn take(&self, ledger: &mut Ledger, now: Timestamp) -> (Vec<Key>, Option<(Wish, Duration)>) {
        let mut taken = Vec::new();
        for (key, waiting) in &self.waiting {
            let (since, points) = (waiting.since, waiting.cost);
            let mut wish = Wish { urgency: key.0, since, points, until: now };
            match ledger.take(&self.holder, &wish, now) {
                Ok(()) => taken.push(*key),
                Err(wait) => {
                    let keep = SignedDuration::try_from(wait).unwrap_or_default() + WISH_KEEP;
                    wish.until = now.checked_add(keep).unwrap_or(Timestamp::MAX);
                    return (taken, Some((wish, wait)));
                }
            }
        }
        (taken, None)
    }

    fn next_alone(&mut self, now: Timestamp) -> Option<Duration> {
        let seen = self.observed.take().map(|seen| {
            let bucket = seen.bucket.part(self.share);
            Observed { bucket, ..seen }
        });
        let Some(mut own) = self.own.take() else {
            let Some(seen) = seen else {
                self.learn();
                return None;
            };
            let mut own = Ledger::learnt(&seen.bucket, seen.received);
            own.tell(&self.holder, &Report::default(), self.outstanding, now);
            self.own_report.spent = 0.0;
            self.own = Some(own);
            return self.next_alone(now);
        };
        self.own_report.number += 1;
        own.tell(&self.holder, &self.own_report, self.outstanding, now);
        self.own_report.spent = 0.0;
        if let Some(seen) = seen {
            own.observe(&seen, now);
        }
        let (taken, waits) = self.take(&mut own, now);
        for key in taken {
            self.grant(key, own.spent);
        }
        self.own = Some(own);
        waits.map(|(_, wait)| wait)
    }

    fn next_together(&mut self, now: Timestamp) -> Step {
        let Some(seen) = self.shared.as_ref().filter(|seen| seen.is_current) else {
            return Step::Load;
        };
        let (revision, is_fresh) = (seen.revision, now.duration_since(seen.at) <= FRESH);
        let mut ledger = match (&seen.ledger, &self.observed) {
            (Some(ledger), _) => ledger.clone(),
            (None, Some(observed)) => {
                let mut ledger = Ledger::learnt(&observed.bucket, observed.received);
                // The bucket that was seen lacks already what is told now.
                ledger.free += self.unsaid();
                ledger
            }
            (None, None) => {
                self.learn();
                return Step::Done(None);
            }
        };
        let is_first = seen.ledger.is_none();
        let mut is_changed = self.tell(&mut ledger, now) || is_first;
        let (taken, waits) = self.take(&mut ledger, now);
        if waits.is_some() && !is_fresh && !is_first {
            return Step::Load;
        }
        is_changed |= !taken.is_empty();
        let long = waits.filter(|(wish, _)| now.duration_since(wish.since) >= WISH_AFTER);
        let wish = long.map(|(wish, _)| wish);
        let said = ledger.holders.get(&self.holder).and_then(|holder| holder.wish);
        let same = |a: Option<Wish>| a.map(|wish| (wish.urgency, wish.since));
        if same(wish) != same(said) {
            ledger.wish(&self.holder, wish, now);
            is_changed = true;
        }
        if !is_changed {
            return Step::Done(waits.map(|(_, wait)| wait));
        }
        self.saving = Some((ledger.clone(), taken, self.observed.is_some()));
        Step::Save(ledger, revision)
    }

    /// Points of reports that the ledger may not have.
    fn unsaid(&self) -> f64 {
        self.pending.spent + self.sent.as_ref().map_or(0.0, |sent| sent.spent)
    }

    /// Tells what there is to tell; true when that changed the ledger.
    fn tell(&mut self, ledger: &mut Ledger, now: Timestamp) -> bool {
        if self.sent.as_ref().is_some_and(|sent| ledger.has(&self.holder, sent)) {
            self.sent = None;
        }
        if self.sent.is_none() && !self.pending.is_empty() {
            self.numbers += 1;
            let report = std::mem::take(&mut self.pending);
            self.sent = Some(Report { number: self.numbers, ..report });
        }
        let row = ledger.holders.get(&self.holder);
        let held = row.map_or(0.0, |row| row.reserved);
        // What landed since the report that may be on its way is told by the next one: until then
        // it stays reserved, or its points would be free and not spent.
        let outstanding = self.outstanding + self.pending.spent;
        let differs = (held - outstanding).abs() > ROUNDING;
        if self.sent.is_none() && self.observed.is_none() && !differs {
            return false;
        }
        // Number 0 is known to everybody: nothing but what is held.
        let nothing = Report::default();
        let report = self.sent.as_ref().unwrap_or(&nothing);
        ledger.tell(&self.holder, report, outstanding, now);
        if let Some(seen) = &self.observed {
            ledger.observe(seen, now);
        }
        true
    }

    /// The ledger was read; true when this process had gone on alone.
    pub(super) fn loaded(&mut self, stored: StoredPoints, now: Timestamp) -> bool {
        let StoredPoints { ledger, revision } = stored;
        self.shared = Some(Seen { ledger, revision, at: now, is_current: true });
        let was_alone = self.mode != Mode::Together;
        if was_alone {
            self.change(Mode::Together);
            self.own = None;
        }
        was_alone
    }

    /// What was to be written stands there.
    pub(super) fn saved(&mut self, revision: u64, now: Timestamp) {
        let Some((ledger, taken, was_observed)) = self.saving.take() else { return };
        let spent_before = ledger.spent;
        self.sent = None;
        if was_observed {
            self.observed = None;
        }
        let ledger = Some(ledger);
        self.shared = Some(Seen { ledger, revision, at: now, is_current: true });
        for key in taken {
            self.grant(key, spent_before);
        }
    }

    /// Somebody else wrote before.
    pub(super) fn outdated(&mut self) {
        self.saving = None;
        if let Some(seen) = &mut self.shared {
            seen.is_current = false;
        }
    }

    /// The ledger cannot be reached: goes on alone until then. True when it did not before.
    pub(super) fn go_alone(&mut self, until: Timestamp, now: Timestamp) -> bool {
        self.outdated();
        if matches!(self.mode, Mode::Alone(_)) {
            self.mode = Mode::Alone(Some(until));
            return false;
        }
        self.change(Mode::Alone(Some(until)));
        let last = self.shared.as_ref().and_then(|seen| seen.ledger.as_ref());
        self.share = last.map_or(1.0 / MEMBERS_UNKNOWN, Ledger::share);
        self.own = last.map(|last| last.alone(now));
        self.own_report = Report::default();
        true
    }

    fn change(&mut self, mode: Mode) {
        self.mode = mode;
        self.epoch += 1;
        if let Some(seen) = &mut self.observed {
            seen.spent_before = f64::NEG_INFINITY;
        }
    }
}
