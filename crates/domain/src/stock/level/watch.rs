//! Falls that wait for an explanation, and what a read of the store's orders tells of them.
//!
//! What a level shows as sold is what orders sold, what was edited away, and what was sold by
//! orders of which nobody tells: those of before the store was connected. The last can only become
//! less as their lines come, so the least that was ever unexplained bounds it. What is more than
//! that by the time that every change of an order is known was edited, as far as it fell.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ReadChange;
use super::read::Facts;
use super::state::LevelLocation;
use crate::stock::orders_read::Span;

/// A mark that is older than this goes along with the reads: orders are always read up to a moment
/// ago, and what was sold since the mark hides an edit.
const MARK_SPAN: SignedDuration = SignedDuration::from_mins(30);
/// A fall that orders explain is looked at again for so long: what was sold meanwhile may hide an
/// edit.
const LOOKED_MAX: SignedDuration = SignedDuration::from_hours(6);

/// What is watched of a level at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// When it was read last.
    pub at: Timestamp,
    /// Units that no line explained then.
    pub presumed: i64,
    /// The least that was ever unexplained.
    pub least: Least,
    /// Falls that wait for an explanation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub falls: Option<Falls>,
}

/// The least that was ever unexplained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Least {
    /// When that was seen last.
    pub at: Timestamp,
    /// Units.
    pub units: i64,
}

/// Falls that wait for an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Falls {
    /// The mark: a read at which all of them had been seen.
    pub at: Timestamp,
    /// Units that the store had sold by then, presumed sales included.
    pub seen: i64,
    /// Units that fell.
    pub units: i64,
}

impl Watch {
    /// Units turned out to be edits, or nobody waits any more.
    pub(super) fn settle(&mut self, edited: i64) {
        self.falls = self.falls.filter(|falls| 0 < edited && edited < falls.units).map(|falls| {
            let left = |units: i64| units.saturating_sub(edited);
            Falls { seen: left(falls.seen), units: left(falls.units), ..falls }
        });
        self.presumed = self.presumed.saturating_sub(edited).max(0);
    }
}

/// What is watched after a read.
pub(super) fn after(
    before: &LevelLocation,
    facts: &Facts,
    (sold, fallen): (Option<i64>, i64),
    changes: &[ReadChange],
) -> Option<Watch> {
    let seen = sold?.saturating_add(fallen);
    let (at, presumed) = (facts.at, seen.saturating_sub(facts.known_sold).max(0));
    let now = Least { at, units: presumed };
    // With the first read of its kind begins what can be told.
    let known = before.watch.filter(|_| before.sold.is_some());
    let least = known.map(|known| known.least).filter(|least| least.units < presumed);
    let falls = known.and_then(|known| known.falls);
    let fell = changes.iter().fold(0_i64, |sum, change| match change {
        ReadChange::Lowered { units } => sum.saturating_add(*units),
        _ => sum,
    });
    let units = falls.map_or(0, |falls| falls.units).saturating_add(fell);
    let is_old = |falls: &Falls| at.duration_since(falls.at) >= MARK_SPAN;
    let moves = fell > 0 || falls.as_ref().is_some_and(is_old);
    let falls = if moves { Some(Falls { at, seen, units }) } else { falls };
    Some(Watch { at, presumed, least: least.unwrap_or(now), falls })
}

/// Units that were edited away, now that orders were read; none where nobody need wait any more,
/// and nothing while it cannot be told.
pub(super) fn edited(known: &LevelLocation, read: &[Span], known_sold: i64) -> Option<i64> {
    let watch = known.watch?;
    let falls = watch.falls?;
    let span_of = |at: Timestamp| read.iter().find(|span| span.holds(at));
    // The newest read that orders reach; what was sold since would hide an edit.
    let newest = span_of(watch.at).map(|span| (span, known.seen_sold()));
    let (span, seen) = newest.or_else(|| Some((span_of(falls.at)?, falls.seen)))?;
    let unheard = match span.since {
        // Every order there is was read.
        None => 0,
        Some(since) if since <= watch.least.at => watch.least.units,
        // Orders of before that nobody read: what they sold cannot be told from an edit.
        Some(_) => return Some(0),
    };
    let edited = seen.saturating_sub(known_sold).saturating_sub(unheard).clamp(0, falls.units);
    let is_over = span.until.duration_since(falls.at) >= LOOKED_MAX;
    (edited > 0 || is_over).then_some(edited)
}
