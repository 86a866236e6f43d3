//! The points of one store as all processes know them together.
//!
//! What must hold: `free` and everything reserved is never more than what Shopify's bucket holds,
//! less what calls in the air may already have taken of their own reservation. It holds because
//! points leave `free` before their call leaves, come back only when its answer says that they
//! were not needed, and refill no higher than the bucket less what is reserved. What an answer
//! tells of the bucket bounds `free` from both sides, so that nothing that went wrong stays wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Bucket, Meter, Report, Urgency, as_wait, later, seconds_between};

/// A reservation that its holder does not renew ends after this: longer than any call, its wait
/// for points included.
pub const RESERVED_MAX: SignedDuration = SignedDuration::from_secs(60);
/// A process counts as a member this long after its last write.
pub const MEMBER_KEEP: SignedDuration = SignedDuration::from_mins(10);
/// The clocks of processes differ by less than this, or one of them is wrong.
pub const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_secs(10);
/// Most members that are remembered.
pub const HOLDERS_MAX: usize = 64;

/// What all processes know of a store's points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Size of the bucket.
    pub maximum: f64,
    /// Points that flow in per second.
    pub restore_rate: f64,
    /// Points that nobody holds. Below zero after Shopify took more than was known of.
    pub free: f64,
    /// Up to when refilling is reckoned.
    pub at: Timestamp,
    /// Points that surely or possibly were spent, ever.
    pub spent: f64,
    /// What they were spent on.
    #[serde(default)]
    pub meter: Meter,
    /// The processes, by the ids that they gave themselves.
    #[serde(default)]
    pub holders: BTreeMap<String, Holder>,
}

/// What one process has of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    /// Points for calls that it is making.
    pub reserved: f64,
    /// When they count as spent, unless it renews them.
    pub until: Timestamp,
    /// When it last wrote.
    pub seen: Timestamp,
    /// Number of its last report.
    pub told: u64,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Wish>,
}

/// A call that could not be made for want of points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// Its lane.
    pub urgency: Urgency,
    /// Since when it waits.
    pub since: Timestamp,
    /// Its points.
    pub points: f64,
    /// When it is given up.
    pub until: Timestamp,
}

/// What an answer told of the bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// The bucket at the end of the call.
    pub bucket: Bucket,
    /// When the answer came.
    pub received: Timestamp,
    /// [`Ledger::spent`] when the call's points were reserved.
    pub spent_before: f64,
    /// What the call itself spent.
    pub own: f64,
}

impl Ledger {
    /// A store's bucket as the first answer tells it.
    #[must_use]
    pub fn learnt(bucket: &Bucket, now: Timestamp) -> Self {
        Self {
            maximum: bucket.maximum,
            restore_rate: bucket.restore_rate,
            free: bucket.available.min(bucket.maximum),
            at: now,
            spent: 0.0,
            meter: Meter::default(),
            holders: BTreeMap::new(),
        }
    }

    /// Lets time pass: the bucket refills, reservations that nobody renewed end, and who was not
    /// seen for long is forgotten.
    pub fn pass(&mut self, now: Timestamp) {
        self.correct(now);
        let held = self.holders.values().filter(|holder| holder.reserved > 0.0);
        let mut ends: Vec<_> = held.map(|holder| holder.until).filter(|end| *end <= now).collect();
        ends.sort_unstable();
        for end in ends {
            self.refill(end);
            for holder in self.holders.values_mut().filter(|holder| holder.until <= end) {
                // Its process may have died before the call or after it: the careful reading.
                self.spent += std::mem::take(&mut holder.reserved);
            }
        }
        self.refill(now);
        let oldest = now.checked_sub(MEMBER_KEEP).unwrap_or(Timestamp::MIN);
        for holder in self.holders.values_mut() {
            holder.wish = holder.wish.filter(|wish| wish.until > now);
        }
        self.holders.retain(|_, holder| holder.reserved > 0.0 || holder.seen > oldest);
    }

    /// Lets time pass for a process that writes. What a clock far behind has set back is not
    /// counted again: it is its own time, since its own last write, that it lets pass. Nor does its
    /// own reservation end now, since it says itself what is left of it.
    fn pass_for(&mut self, id: &str, now: Timestamp) {
        self.correct(now);
        if let Some(holder) = self.holders.get_mut(id) {
            holder.until = later(now, RESERVED_MAX);
            self.at = self.at.max(holder.seen.min(now));
        }
        self.pass(now);
    }

    /// A clock that is far ahead leaves moments behind that are long in coming: until then the
    /// bucket would not refill for the others, and what its process reserved would not end.
    fn correct(&mut self, now: Timestamp) {
        let latest = |from| later(from, CLOCKS_APART_MAX);
        if self.at > latest(now) {
            self.at = now;
        }
        let end = later(now, RESERVED_MAX);
        for holder in self.holders.values_mut() {
            if holder.until > latest(end) {
                holder.until = end;
            }
            if holder.seen > later(now, MEMBER_KEEP) {
                holder.seen = end;
            }
            if let Some(wish) = holder.wish.as_mut().filter(|wish| wish.until > latest(end)) {
                wish.until = end;
            }
        }
    }

    /// What is reserved may not have been taken from the bucket yet: it refills no higher than
    /// would leave room for that.
    fn refill(&mut self, now: Timestamp) {
        let refilled = self.free + seconds_between(self.at, now) * self.restore_rate;
        self.free = refilled.min(self.maximum - self.reserved());
        // A process whose clock is a little behind adds nothing and takes nothing away.
        self.at = self.at.max(now);
    }

    /// All that is reserved.
    #[must_use]
    pub fn reserved(&self) -> f64 {
        self.holders.values().map(|holder| holder.reserved).sum()
    }

    /// A process says what it spent and what it still holds for calls in the air. A report that
    /// the ledger has already changes nothing.
    pub fn tell(&mut self, id: &str, report: &Report, outstanding: f64, now: Timestamp) {
        self.pass_for(id, now);
        let holder = self.holder(id, now);
        let held = std::mem::replace(&mut holder.reserved, outstanding);
        let is_new = report.number > holder.told;
        holder.told = holder.told.max(report.number);
        let spent = if is_new { report.spent } else { 0.0 };
        self.free += held - outstanding - spent;
        self.spent += spent;
        if is_new {
            self.meter.add(&report.meter);
        }
        self.free = self.free.min(self.maximum - self.reserved());
    }

    /// Whether the ledger has this report already.
    #[must_use]
    pub fn has(&self, id: &str, report: &Report) -> bool {
        self.holders.get(id).is_some_and(|holder| holder.told >= report.number)
    }

    /// Holds the ledger against the bucket that an answer showed; after [`Ledger::tell`].
    ///
    /// The bucket then held what is free now and what is reserved, less what calls in the air had
    /// taken of their reservation already, and more by what was told as spent since: so `free` lies
    /// between the two ends, and is moved to the nearer one when it does not.
    pub fn observe(&mut self, seen: &Observed, now: Timestamp) {
        self.maximum = seen.bucket.maximum;
        self.restore_rate = seen.bucket.restore_rate;
        let refill = seconds_between(seen.received, now) * self.restore_rate;
        let others = (self.spent - seen.spent_before - seen.own).max(0.0);
        let least = seen.bucket.available - self.reserved() - others;
        let most = seen.bucket.available + refill;
        self.free = self.free.max(least).min(most).min(self.maximum - self.reserved());
    }

    /// Reserves the points of a call that waits since `wish.since`.
    ///
    /// # Errors
    /// How long they will take to flow in, when they are not there.
    pub fn take(&mut self, id: &str, wish: &Wish, now: Timestamp) -> Result<(), Duration> {
        self.pass_for(id, now);
        // A call dearer than the bucket is Shopify's to refuse; it must not wait for ever.
        let need = wish.points.min(self.maximum);
        let leave = wish.urgency.leaves() * (self.maximum - need);
        let missing = need + leave + self.before(id, wish) - self.free;
        // Less than a millionth of a point is a matter of rounding.
        if missing > 1e-6 {
            return Err(as_wait(missing / self.restore_rate));
        }
        self.free -= wish.points;
        let holder = self.holder(id, now);
        holder.reserved += wish.points;
        holder.wish = None;
        Ok(())
    }

    /// Says what a process waits for, so that others do not overtake it for ever.
    pub fn wish(&mut self, id: &str, wish: Option<Wish>, now: Timestamp) {
        self.holder(id, now).wish = wish;
    }

    /// Points that others wait for and that are theirs first.
    fn before(&self, id: &str, wish: &Wish) -> f64 {
        let first = |other: &Wish| (other.urgency, other.since) < (wish.urgency, wish.since);
        let others = self.holders.iter().filter(|(other, _)| other.as_str() != id);
        others.filter_map(|(_, o)| o.wish.filter(first)).map(|o| o.points.min(self.maximum)).sum()
    }

    /// Share of the bucket that is left: 0 to 1.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> f64 {
        let refilled = self.free + seconds_between(self.at, now) * self.restore_rate;
        (refilled.min(self.maximum - self.reserved()) / self.maximum).clamp(0.0, 1.0)
    }

    /// Processes that may be spending.
    #[must_use]
    pub fn members(&self) -> usize {
        self.holders.len().max(1)
    }

    /// The part that a process may count on when it hears nothing of the others: what all of them
    /// know, divided by their number.
    #[must_use]
    pub fn alone(&self, now: Timestamp) -> Self {
        let mut all = self.clone();
        all.pass(now);
        let share = self.share();
        let bucket =
            Bucket { maximum: all.maximum, available: all.free, restore_rate: all.restore_rate };
        Self::learnt(&bucket.part(share), now)
    }

    /// The share that [`Ledger::alone`] gives.
    #[must_use]
    pub fn share(&self) -> f64 {
        u32::try_from(self.members()).map_or(0.0, |members| 1.0 / f64::from(members))
    }

    fn holder(&mut self, id: &str, now: Timestamp) -> &mut Holder {
        if !self.holders.contains_key(id) && self.holders.len() >= HOLDERS_MAX {
            let idle = self.holders.iter().filter(|(_, holder)| holder.reserved <= 0.0);
            let oldest = idle.min_by_key(|(_, holder)| holder.seen).map(|(id, _)| id.clone());
            if let Some(oldest) = oldest {
                self.holders.remove(&oldest);
            }
        }
        let fresh = || Holder { reserved: 0.0, until: now, seen: now, told: 0, wish: None };
        let holder = self.holders.entry(id.to_owned()).or_insert_with(fresh);
        holder.seen = now;
        holder.until = later(now, RESERVED_MAX);
        holder
    }
}
