//! *Redaction*: that personal data of a customer, or of a whole store, was to be erased. Keyed by
//! the store, or by (store, customer).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decider::Decider;

/// What is known of an erasure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Redaction {
    /// When it was last asked for: of orders placed before, no personal data is kept any more.
    pub asked_at: Option<Timestamp>,
    /// Keys that are still to be destroyed.
    pub keys: BTreeSet<String>,
}

impl Redaction {
    /// Whether an order that was placed then keeps no personal data.
    #[must_use]
    pub fn covers(&self, placed_at: Timestamp) -> bool {
        self.asked_at.is_some_and(|asked| placed_at <= asked)
    }
}

/// A request to an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedactionCommand {
    /// Erase.
    Ask {
        /// The keys to be destroyed.
        keys: BTreeSet<String>,
        /// Now.
        at: Timestamp,
    },
    /// Keys were destroyed.
    RecordDestroyed {
        /// Which.
        keys: BTreeSet<String>,
    },
}

/// A fact of an erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RedactionEvent {
    /// It was asked for.
    RedactionAsked {
        /// The keys to be destroyed.
        keys: BTreeSet<String>,
        /// When.
        at: Timestamp,
    },
    /// Keys were destroyed: what they sealed is unreadable for good.
    KeysDestroyed {
        /// Which.
        keys: BTreeSet<String>,
    },
}

impl Decider for Redaction {
    type State = Self;
    type Command = RedactionCommand;
    type Event = RedactionEvent;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &RedactionCommand,
    ) -> Result<Vec<RedactionEvent>, std::convert::Infallible> {
        Ok(match command {
            RedactionCommand::Ask { keys, at } => {
                vec![RedactionEvent::RedactionAsked { keys: keys.clone(), at: *at }]
            }
            RedactionCommand::RecordDestroyed { keys } => {
                let keys: BTreeSet<_> = keys.intersection(&state.keys).cloned().collect();
                let destroyed = RedactionEvent::KeysDestroyed { keys: keys.clone() };
                if keys.is_empty() { Vec::new() } else { vec![destroyed] }
            }
        })
    }

    fn evolve(mut state: Self, event: &RedactionEvent) -> Self {
        match event {
            RedactionEvent::RedactionAsked { keys, at } => {
                state.asked_at = state.asked_at.max(Some(*at));
                state.keys.extend(keys.iter().cloned());
            }
            RedactionEvent::KeysDestroyed { keys } => state.keys.retain(|key| !keys.contains(key)),
        }
        state
    }
}
