//! Falls that wait for an explanation, and what a read of the store's orders tells of them.
//!
//! What a level shows as sold is what known lines sold, what was edited away, and what was sold by
//! orders of which nobody told. Where every change of an order from one read to another is known,
//! the last is no more at the later one. So as much was edited in between, at least, as more was
//! seen then than what known lines can have sold by it and what was unexplained at the earlier one.
//! What known lines had sold is taken with the most at the later and with the least at the earlier
//! read: what cannot be told stays presumed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{LevelEvent, ReadChange};
use super::known::KnownSold;
use super::read::Facts;
use super::state::LevelLocation;
use crate::ids::LocationId;
use crate::stock::orders_read::Span;

/// A mark that is older than this goes along with the reads: orders are always read up to a moment
/// ago, and what was sold since the mark hides an edit.
const MARK_SPAN: SignedDuration = SignedDuration::from_mins(30);
/// A fall is looked at until orders were read up to so long after it: what was sold meanwhile may
/// hide an edit ..
const LOOKED_MAX: SignedDuration = SignedDuration::from_hours(6);
/// .. and never for longer than this: order-sync, too, has given up by then.
const WAITED_MAX: SignedDuration = SignedDuration::from_hours(3 * 24);

/// What is watched of a level at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// When it was read last: when that was answered ..
    pub at: Timestamp,
    /// .. and when it began. Long ago where an earlier version did not keep it.
    #[serde(default)]
    pub begun: Timestamp,
    /// What orders of which nobody told can have sold, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
    /// Falls that wait for an explanation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub falls: Option<Falls>,
}

/// What was unexplained at a read, at most. While every change of an order is known it grows no
/// more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// When that read began.
    pub at: Timestamp,
    /// Units.
    pub units: i64,
}

/// Falls that wait for an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Falls {
    /// The mark: when a read was answered at which all of them had been seen ..
    pub at: Timestamp,
    /// .. and when it began.
    #[serde(default)]
    pub begun: Timestamp,
    /// Units that the store had sold by then, presumed sales included.
    pub seen: i64,
    /// Units that fell.
    pub units: i64,
    /// When the first of them was seen; nothing while the mark says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The read before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
}

/// A read before anything fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// When it began.
    pub begun: Timestamp,
    /// Units that the store had sold by then, presumed sales included.
    pub seen: i64,
}

/// A read at which falls had been seen.
#[derive(Clone, Copy)]
struct End {
    begun: Timestamp,
    at: Timestamp,
    seen: i64,
}

impl Falls {
    /// When the first of them was seen.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since.unwrap_or(self.at)
    }
}

impl Watch {
    /// Units turned out to be edits, or nobody waits any more.
    pub(super) fn settle(&mut self, edited: i64) {
        self.falls = self.falls.filter(|falls| 0 < edited && edited < falls.units).map(|falls| {
            let left = |units: i64| units.saturating_sub(edited);
            Falls { seen: left(falls.seen), units: left(falls.units), ..falls }
        });
    }
}

/// What is watched after a read; nothing where it shows no level.
pub(super) fn after(
    before: &LevelLocation,
    facts: &Facts,
    (sold, fallen): (Option<i64>, i64),
    changes: &[ReadChange],
) -> Option<Watch> {
    facts.shown?;
    let seen = sold?.saturating_add(fallen);
    let (at, begun) = (facts.at, facts.begun);
    // With the first read of its kind begins what can be told.
    let known = before.watch.filter(|_| before.sold.is_some() && before.shown.is_some());
    let fell = changes.iter().fold(0_i64, |sum, change| match change {
        ReadChange::Lowered { units } => sum.saturating_add(*units),
        _ => sum,
    });
    let falls = known.and_then(|known| known.falls);
    let is_old = |falls: &Falls| at.duration_since(falls.at) >= MARK_SPAN;
    let moves = fell > 0 || falls.as_ref().is_some_and(is_old);
    let falls = if moves {
        let last = known.map(|known| Base { begun: known.begun, seen: before.seen_sold() });
        Some(Falls {
            at,
            begun,
            seen,
            units: falls.map_or(0, |falls| falls.units).saturating_add(fell),
            since: Some(falls.map_or(at, |falls| falls.since())),
            base: falls.map_or(last, |falls| falls.base),
        })
    } else {
        falls
    };
    Some(Watch { at, begun, bound: known.and_then(|known| known.bound), falls })
}

/// What a look at a level is made with.
pub(super) struct Look<'l> {
    /// When every change of an order is known.
    pub read: &'l [Span],
    /// What known lines come to.
    pub known: &'l KnownSold,
    /// This moment.
    pub now: Timestamp,
}

/// Ends what of the falls were edits, and all of them where nobody need wait any more; and notes
/// what can be unexplained, at most.
pub(super) fn look(
    location: LocationId,
    known: &LevelLocation,
    look: &Look<'_>,
) -> Vec<LevelEvent> {
    let Some(watch) = known.watch else { return Vec::new() };
    let newest = End { begun: watch.begun, at: watch.at, seen: known.seen_sold() };
    let edited = watch.falls.map_or(0, |falls| look.edited(&newest, watch.bound, &falls));
    let is_over = watch.falls.is_some_and(|falls| look.is_over(&falls));
    let is_done = watch.falls.is_some_and(|falls| look.is_done(&watch, &falls));
    let settled = watch.falls.filter(|_| edited > 0 || is_done || is_over);
    let mut after = watch;
    if settled.is_some() {
        after.settle(edited);
    }
    let bound = if after.falls.is_none() {
        let seen = newest.seen.saturating_sub(edited);
        look.bound(&End { seen, ..newest }, watch.bound, is_over)
    } else {
        None
    };
    let settled = settled.map(|_| LevelEvent::FallsSettled { location, edited });
    let bound = bound.map(|bound| LevelEvent::Bounded { location, bound });
    settled.into_iter().chain(bound).collect()
}

impl Look<'_> {
    fn span(&self, at: Timestamp) -> Option<&Span> {
        self.read.iter().find(|span| span.holds(at))
    }

    /// Units that no line explains at a read, at most.
    fn unexplained(&self, span: &Span, begun: Timestamp, seen: i64) -> Option<i64> {
        let least = self.known.at_least(begun, span.since).filter(|_| span.holds(begun))?;
        Some(seen.saturating_sub(least).max(0))
    }

    /// Units that were edited away: what can be told by the newest read, or by the mark.
    fn edited(&self, newest: &End, bound: Option<Bound>, falls: &Falls) -> i64 {
        let mark = End { begun: falls.begun, at: falls.at, seen: falls.seen };
        let by = |end: &End| self.edited_by(end, bound, falls);
        by(newest).max(by(&mark)).unwrap_or(0).clamp(0, falls.units)
    }

    fn edited_by(&self, end: &End, bound: Option<Bound>, falls: &Falls) -> Option<i64> {
        let span = self.span(end.at)?;
        // Every order there is was read.
        let ever = span.since.is_none().then_some(0);
        let bound = bound.filter(|bound| span.holds(bound.at)).map(|bound| bound.units);
        let base = falls.base.and_then(|base| self.unexplained(span, base.begun, base.seen));
        let unheard = [ever, bound, base].into_iter().flatten().min()?;
        let explained = self.known.at_most(end.begun)?.saturating_add(unheard);
        Some(end.seen.saturating_sub(explained))
    }

    /// Whether all that can be told is: every order was read up to the newest read, none changed
    /// since or may have been more by then, and no sweep is still to come that would reach further
    /// back.
    fn is_done(&self, watch: &Watch, falls: &Falls) -> bool {
        let reaches_all = |span: &Span| {
            watch.bound.is_none_or(|bound| span.holds(bound.at))
                && falls.base.is_none_or(|base| span.holds(base.begun))
        };
        self.span(watch.at).is_some_and(reaches_all)
            && self.known.is_still(watch.at)
            && self.known.at_most(watch.begun) == Some(self.known.units)
    }

    fn is_over(&self, falls: &Falls) -> bool {
        let since = falls.since();
        let read_until = self.read.iter().map(|span| span.until).max();
        read_until.is_some_and(|until| until.duration_since(since) >= LOOKED_MAX)
            || self.now.duration_since(since) >= WAITED_MAX
    }

    /// What is unexplained at a read, at most, where that is news. A bound that no span reaches
    /// stays while a sweep may still come.
    fn bound(&self, end: &End, known: Option<Bound>, is_over: bool) -> Option<Bound> {
        let span = self.span(end.at)?;
        let units = self.unexplained(span, end.begun, end.seen)?;
        let is_news = known.is_none_or(|known| match span.holds(known.at) {
            true => units < known.units,
            false => is_over,
        });
        is_news.then_some(Bound { at: end.begun, units })
    }
}
