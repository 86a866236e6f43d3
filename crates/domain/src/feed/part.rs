//! The newest revision of an order's part that a feed has. Keyed by (back office, order,
//! warehouse).

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::decider::Decider;

/// What the feed has of the part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedPart {
    /// The newest revision that was appended; 0 for none.
    pub revision: u32,
}

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartCommand {
    /// Note a revision. No event: the feed has this one, or a newer one, already.
    Note {
        /// The revision.
        revision: u32,
    },
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PartEvent {
    /// The feed has this revision now.
    PartNoted {
        /// The revision.
        revision: u32,
    },
}

impl Decider for FeedPart {
    type State = Self;
    type Command = PartCommand;
    type Event = PartEvent;
    type Rejection = Infallible;

    fn decide(state: &Self, command: &PartCommand) -> Result<Vec<PartEvent>, Infallible> {
        let PartCommand::Note { revision } = *command;
        let is_news = revision > state.revision;
        Ok(if is_news { vec![PartEvent::PartNoted { revision }] } else { Vec::new() })
    }

    fn evolve(state: Self, event: &PartEvent) -> Self {
        let PartEvent::PartNoted { revision } = event;
        Self { revision: state.revision.max(*revision) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_newer_revision_is_news() {
        let news = |state: &FeedPart, revision| {
            let events = FeedPart::decide(state, &PartCommand::Note { revision });
            events.expect("never refused")
        };
        let second = FeedPart::evolve_all(FeedPart::default(), &news(&FeedPart::default(), 2));
        assert_eq!(second.revision, 2);
        for old in [0, 1, 2] {
            assert_eq!(news(&second, old), Vec::new(), "{old}");
        }
        assert_eq!(news(&second, 3), vec![PartEvent::PartNoted { revision: 3 }]);
    }
}
