//! *Feed*: what a back office is told, one entry after the other. Keyed by the back office.
//!
//! The number of an entry is the version of the aggregate: it is given in the order of commits,
//! without gaps, while the aggregate is locked. Entries are read from the log; the state only
//! counts them. [`FeedPart`] keeps late news of an order away, and [`FeedCursor`] how far the
//! back office has read.

mod cursor;
mod part;

pub use cursor::{BeyondEnd, CursorCommand, CursorEvent, FeedCursor};
pub use part::{FeedPart, PartCommand, PartEvent};

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::ids::{OrderKey, WarehouseCode};

/// How many entries a feed has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Feed {
    /// Number of its last entry; 0 while there is none.
    pub last: u64,
}

/// Personal data of an entry, unreadable without its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedContact {
    /// Name of the key.
    pub key: String,
    /// The sealed bytes, in base64.
    pub sealed: String,
}

/// What an entry says. `content` is the message of the contract that is delivered, as protobuf in
/// base64: a message that a later version widens stays readable here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum FeedEntry {
    /// The part of an order that one warehouse serves; source: order-sync.
    Order {
        /// The order.
        order: OrderKey,
        /// The warehouse.
        warehouse: WarehouseCode,
        /// The revision of the order that this is.
        revision: u32,
        /// A `FeedOrder` without its contact.
        content: String,
        /// Who ordered, and where it goes; `None` when nobody is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<SealedContact>,
    },
    /// A refund; source: order-sync.
    Refund {
        /// The order.
        order: OrderKey,
        /// A `FeedRefund`.
        content: String,
    },
    /// A verdict on a report of the back office; source: who decided the report.
    Verdict {
        /// The reporter's id of the report.
        event_id: String,
        /// A `FeedVerdict`.
        content: String,
    },
}

/// A request to a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedCommand {
    /// Add an entry at its end.
    Append {
        /// The entry.
        entry: FeedEntry,
        /// W3C `traceparent` of the news that led to it.
        trace: Option<String>,
    },
}

/// A fact of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FeedEvent {
    /// It has an entry more.
    EntryAppended {
        /// The entry.
        entry: FeedEntry,
        /// W3C `traceparent` of the news that led to it, so that its delivery joins that trace.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace: Option<String>,
    },
}

impl Decider for Feed {
    type State = Self;
    type Command = FeedCommand;
    type Event = FeedEvent;
    type Rejection = Infallible;

    fn decide(_: &Self, command: &FeedCommand) -> Result<Vec<FeedEvent>, Infallible> {
        let FeedCommand::Append { entry, trace } = command;
        Ok(vec![FeedEvent::EntryAppended { entry: entry.clone(), trace: trace.clone() }])
    }

    fn evolve(state: Self, event: &FeedEvent) -> Self {
        let FeedEvent::EntryAppended { .. } = event;
        Self { last: state.last.saturating_add(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_the_next_number() {
        let entry = FeedEntry::Verdict { event_id: "e".to_owned(), content: String::new() };
        let mut feed = Feed::default();
        for number in 1..=3 {
            let command = FeedCommand::Append { entry: entry.clone(), trace: None };
            let events = Feed::decide(&feed, &command);
            let events = events.expect("entries are never refused");
            assert_eq!(events.len(), 1, "one event is one number");
            feed = Feed::evolve_all(feed, &events);
            assert_eq!(feed.last, number);
        }
    }
}
