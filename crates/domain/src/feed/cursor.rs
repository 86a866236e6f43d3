//! How far a back office has read its feed, by its own word. Keyed by the back office.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::decider::Decider;

/// The cursor: where reading goes on when the caller does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedCursor {
    /// Number of the last entry that the back office has stored; 0 for none.
    pub acknowledged: u64,
    /// When it last moved.
    pub at: Option<Timestamp>,
}

/// A request to the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorCommand {
    /// Everything up to this entry is stored.
    Acknowledge {
        /// Number of the entry.
        number: u64,
        /// Number of the last entry of the feed.
        last: u64,
        /// Now.
        at: Timestamp,
    },
}

/// A fact of the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CursorEvent {
    /// It moved forward.
    FeedAcknowledged {
        /// Number of the last entry that is stored.
        number: u64,
        /// When.
        at: Timestamp,
    },
}

/// The entry does not exist yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the feed ends at entry {last}")]
pub struct BeyondEnd {
    /// Number of the last entry.
    pub last: u64,
}

impl Decider for FeedCursor {
    type State = Self;
    type Command = CursorCommand;
    type Event = CursorEvent;
    type Rejection = BeyondEnd;

    fn decide(state: &Self, command: &CursorCommand) -> Result<Vec<CursorEvent>, BeyondEnd> {
        let CursorCommand::Acknowledge { number, last, at } = *command;
        if number > last {
            return Err(BeyondEnd { last });
        }
        // A repeat, or one that was overtaken: the cursor never goes back.
        if number <= state.acknowledged {
            return Ok(Vec::new());
        }
        Ok(vec![CursorEvent::FeedAcknowledged { number, at }])
    }

    fn evolve(state: Self, event: &CursorEvent) -> Self {
        let CursorEvent::FeedAcknowledged { number, at } = event;
        Self { acknowledged: state.acknowledged.max(*number), at: Some(*at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn acknowledge(state: &FeedCursor, number: u64) -> Result<FeedCursor, BeyondEnd> {
        let command = CursorCommand::Acknowledge { number, last: 5, at: NOW };
        let events = FeedCursor::decide(state, &command)?;
        Ok(FeedCursor::evolve_all(state.clone(), &events))
    }

    #[test]
    fn it_goes_forward_up_to_the_end_and_never_back() {
        let third = acknowledge(&FeedCursor::default(), 3).expect("within the feed");
        assert_eq!(third.acknowledged, 3);
        for earlier in [0, 1, 3] {
            assert_eq!(acknowledge(&third, earlier), Ok(third.clone()), "{earlier}");
        }
        assert_eq!(acknowledge(&third, 5).map(|cursor| cursor.acknowledged), Ok(5));
        assert_eq!(acknowledge(&third, 6), Err(BeyondEnd { last: 5 }));
        assert_eq!(acknowledge(&third, u64::MAX), Err(BeyondEnd { last: 5 }));
    }
}
