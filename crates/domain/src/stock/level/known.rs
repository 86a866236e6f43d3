//! What known lines come to at a level, and what they came to at an earlier moment.
//!
//! Of each line only the newest word is kept. Where that is older than a moment it says what the
//! line came to then; where it is newer, that is between nothing and all that was ever ordered.

use jiff::{SignedDuration, Timestamp};

/// How far Shopify's clock may be from ours, at most: orders are dated by it, and reads are not.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Units by which known lines of a store lowered a level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownSold {
    /// As many, by the newest word about each.
    pub units: i64,
    /// Of them those of lines that only reports named: no order told of them yet.
    pub unclaimed: i64,
    /// The lines that are kept.
    pub lines: Vec<KnownLine>,
    /// The newest word about a line that is kept no more. Nothing of it was open by then.
    pub gone: Option<Timestamp>,
}

/// What the newest word says of a line; in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownLine {
    /// The version of its order.
    pub as_of: Timestamp,
    /// What it lowered the level by.
    pub here: i64,
    /// Of that, what may still be cancelled.
    pub open: i64,
    /// What it can have lowered the level by, at most, at any time.
    pub most: i64,
    /// What has no location yet: it may have lowered the level, and is not among the units.
    pub unrouted: i64,
}

impl KnownSold {
    /// The most that these lines can have come to at a moment; nothing when that cannot be told.
    #[must_use]
    pub fn at_most(&self, moment: Timestamp) -> Option<i64> {
        let moment = self.told_by(moment)?;
        Some(self.lines.iter().fold(self.units, |sum, line| {
            let is_newer = line.as_of > moment;
            let more = if is_newer { line.most.saturating_sub(line.here).max(0) } else { 0 };
            sum.saturating_add(more).saturating_add(if is_newer { 0 } else { line.unrouted })
        }))
    }

    /// The least that they came to at a moment, where every change of an order is known `since`
    /// then; nothing: ever. What had been open before may have been cancelled without a word.
    #[must_use]
    pub fn at_least(&self, moment: Timestamp, since: Option<Timestamp>) -> Option<i64> {
        let moment = self.told_by(moment)?;
        let sure = self.units.saturating_sub(self.unclaimed);
        Some(self.lines.iter().fold(sure, |sum, line| {
            let less = if line.as_of > moment {
                line.here
            } else if since.is_some_and(|since| line.as_of < since) {
                line.open
            } else {
                0
            };
            sum.saturating_sub(less)
        }))
    }

    /// Whether nothing was said of them since a moment, and nothing is left to be said. By a clock
    /// that is wrong an edit is missed, and nothing that was sold is taken for one.
    #[must_use]
    pub fn is_still(&self, moment: Timestamp) -> bool {
        let is_old = |line: &KnownLine| line.as_of <= moment && line.unrouted == 0;
        self.gone.is_none_or(|gone| gone <= moment) && self.lines.iter().all(is_old)
    }

    /// Words that are no newer than this were said by a moment.
    fn told_by(&self, moment: Timestamp) -> Option<Timestamp> {
        let told = moment.checked_sub(CLOCKS_APART_MAX).unwrap_or(Timestamp::MIN);
        self.gone.is_none_or(|gone| gone <= told).then_some(told)
    }
}
