//! The persisted window of an inventory item: when its next push may leave.
//!
//! The first change leaves at once and opens a window; what changes inside it leaves in one push at
//! its end, and that push opens the next. Nothing here reads a clock: every function takes the
//! present moment, and the state is stored, so a restart neither loses nor restarts a window.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::settings::WindowEdge;

/// The window of one inventory item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// When the pending change leaves; nothing while there is none.
    pub due_at: Option<Timestamp>,
    /// The end of the window that the last push opened.
    pub not_before: Option<Timestamp>,
    /// Since when a change is pending.
    pub dirty_since: Option<Timestamp>,
    /// What is left of the one skip that a window has.
    pub skip: Skip,
}

/// The one skip of a window (`stock.sold_out_fast_lane`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Not used.
    #[default]
    Ready,
    /// The pending push leaves before the window ends.
    Taken,
    /// Used; the next push that waits its turn gives it back.
    Spent,
}

impl Window {
    /// Something changed.
    ///
    /// `skip` lets the change leave at once even inside a window, once: the item falls to its
    /// sold-out threshold.
    #[must_use]
    pub fn change(
        self,
        now: Timestamp,
        edge: WindowEdge,
        window_len: SignedDuration,
        skip: bool,
    ) -> Self {
        let latest = later(now, window_len);
        // A clock that was set back must not hold a change for longer than one window.
        let opens = self.not_before.map_or(now, |at| at.clamp(now, latest));
        let turn = match edge {
            WindowEdge::Leading => opens,
            WindowEdge::Trailing => latest,
        };
        // What is pending keeps its turn, and a deferral holds.
        let due = self.due_at.map_or(turn, |due| due.min(latest));
        let skips = skip && self.skip == Skip::Ready && due > now;
        Self {
            due_at: Some(if skips { now } else { due }),
            dirty_since: self.dirty_since.or(Some(now)),
            skip: if skips { Skip::Taken } else { self.skip },
            ..self
        }
    }

    /// A push left with everything that was pending; it opens the next window.
    #[must_use]
    pub fn pushed(self, now: Timestamp, window_len: SignedDuration) -> Self {
        let inside = self.not_before.is_some_and(|at| now < at);
        let skip = match self.skip {
            Skip::Taken => Skip::Spent,
            Skip::Spent if inside => Skip::Spent,
            Skip::Ready | Skip::Spent => Skip::Ready,
        };
        Self { due_at: None, not_before: Some(later(now, window_len)), dirty_since: None, skip }
    }

    /// What was pending turned out to need no push. No window opens.
    #[must_use]
    pub fn settled(self) -> Self {
        let skip = if self.skip == Skip::Taken { Skip::Ready } else { self.skip };
        Self { due_at: None, dirty_since: None, skip, ..self }
    }

    /// The pending push cannot leave before a moment: no budget, or a write in the air.
    #[must_use]
    pub fn deferred(self, now: Timestamp, until: Timestamp) -> Self {
        Self { due_at: self.due_at.map(|_| until.max(now)), ..self }
    }

    /// Whether the pending push may leave.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due| due <= now)
    }
}

/// A moment later; the end of time where there is none.
fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
