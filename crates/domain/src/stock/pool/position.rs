//! What is known of one warehouse's stock of one SKU.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::compact::Mark;
use super::journal::Journal;
use crate::ids::EventId;
use crate::quantity::Quantity;

/// Single movements are kept this long before the newest, for counts that arrive late.
const JOURNAL_SPAN: SignedDuration = SignedDuration::from_hours(7 * 24);
/// And never more than this many, since the state is written whole with each batch. At the limit
/// the oldest are summed up, and a count older than those is ignored.
const JOURNAL_LEN_MAX: usize = 1_000;

/// The position of a SKU in a warehouse.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Position {
    quantity: Option<Quantity>,
    /// The sum of what moved while the position is unknown.
    moved: Quantity,
    offset: i64,
    last_count: Option<LastCount>,
    first_counted_at: Option<Timestamp>,
    /// Movements after the last count.
    journal: Journal,
    /// The time of the newest movement that was summed up and left the journal.
    folded_until: Option<Timestamp>,
    newest: Option<Timestamp>,
}

/// The count that fixed a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCount {
    /// The moment it speaks of.
    pub counted_at: Timestamp,
    /// The reporter's id.
    pub event_id: EventId,
}

impl Position {
    /// What the warehouse holds; nothing while it was never counted.
    #[must_use]
    pub const fn quantity(&self) -> Option<Quantity> {
        self.quantity
    }

    /// The position, or the sum of movements while it is unknown.
    #[must_use]
    pub fn running(&self) -> Quantity {
        self.quantity.unwrap_or(self.moved)
    }

    /// Units between the running sum of movements and the position: what the first count brought.
    #[must_use]
    pub const fn offset(&self) -> i64 {
        self.offset
    }

    /// The last count.
    #[must_use]
    pub const fn last_count(&self) -> Option<&LastCount> {
        self.last_count.as_ref()
    }

    /// The time of the newest movement.
    #[must_use]
    pub const fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    pub(super) fn counted_at(&self) -> Option<Timestamp> {
        self.last_count.as_ref().map(|count| count.counted_at)
    }

    pub(super) fn is_before_count(&self, at: Timestamp) -> bool {
        self.counted_at().is_some_and(|counted_at| at <= counted_at)
    }

    /// Whether the first count already holds what happened then. For Delta that count is no
    /// change, and so is all that comes to light of the time before it.
    pub(super) fn is_before_first_count(&self, at: Timestamp) -> bool {
        self.first_counted_at.is_some_and(|counted_at| at <= counted_at)
    }

    pub(super) const fn folded_until(&self) -> Option<Timestamp> {
        self.folded_until
    }

    pub(super) fn holds(&self, at: Timestamp, event_id: &EventId) -> bool {
        self.journal.holds(at, Mark::of(event_id))
    }

    /// The sum of journaled movements that happened after a moment.
    pub(super) fn moved_after(&self, at: Timestamp) -> Quantity {
        self.journal.sum_after(at)
    }

    pub(super) fn change(&mut self, applied: Quantity, at: Timestamp) {
        let absorbs = self.is_before_first_count(at);
        match &mut self.quantity {
            Some(quantity) => {
                let before = quantity.floor_units();
                *quantity = quantity.saturating_add(applied);
                if absorbs {
                    let change = quantity.floor_units().saturating_sub(before);
                    self.offset = self.offset.saturating_add(change);
                }
            }
            None => self.moved = self.moved.saturating_add(applied),
        }
        self.newest = self.newest.max(Some(at));
    }

    /// Remembers a movement for counts that arrive later than it.
    pub(super) fn remember(&mut self, at: Timestamp, mark: Mark, quantity: Quantity) {
        if self.is_before_count(at) {
            return;
        }
        self.journal.add(at, mark, quantity);
        // Saturating at the beginning of time keeps everything, which is safe.
        let horizon = self
            .newest
            .and_then(|newest| newest.checked_sub(JOURNAL_SPAN).ok())
            .unwrap_or(Timestamp::MIN);
        let gone = self.journal.shorten(horizon, JOURNAL_LEN_MAX);
        self.folded_until = self.folded_until.max(gone);
    }

    pub(super) fn count(&mut self, count: LastCount, after: Quantity, offset: i64) {
        self.journal.keep_after(count.counted_at);
        self.first_counted_at = self.first_counted_at.or(Some(count.counted_at));
        self.quantity = Some(after);
        self.moved = Quantity::ZERO;
        self.offset = offset;
        self.last_count = Some(count);
        self.folded_until = None;
    }
}
