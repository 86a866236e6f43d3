//! Keys of `@idempotent`: kept 24 hours per shop and mutation, compared by the exact text.

use crate::clock;
use crate::model::{Changes, Table};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// How long a key is known.
pub const KEY_LIFE: Duration = Duration::from_secs(24 * 3600);

/// What a key's first attempt left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Still in the air.
    Running,
    /// It was refused by `userErrors`.
    Refused,
    /// It succeeded; the number of the adjustment group, if it changed anything.
    Group(Option<i64>),
    /// It succeeded; the level it connected.
    Level(crate::model::LevelKey),
    /// It succeeded; the refund it made.
    Refund {
        /// The order.
        order: i64,
        /// The refund.
        refund: i64,
    },
}

/// A verdict about a key that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Never seen, or longer ago than 24 hours: run it.
    New,
    /// Same text, done: answer from the present state.
    Done(Outcome),
    /// Same text, the first is in the air.
    Concurrent,
    /// Other text.
    Mismatch,
    /// The first attempt was refused.
    Failed {
        /// How often the client was told of it.
        told: u32,
    },
}

/// A key and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    text: String,
    outcome: Outcome,
    at: Timestamp,
    /// How often the client was told of the refusal.
    #[serde(default)]
    refusals_told: u32,
}

/// The keys of one shop.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct KeyStore(Table<String, Entry>);

/// The text by which two requests are "the same": what was sent, byte for byte.
#[must_use]
pub fn request_text(query: &str, variables: &str) -> String {
    let mut hash = Sha256::new();
    for part in [query, variables] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl KeyStore {
    /// Looks a key up and, when it is new, marks it as being in the air.
    pub fn begin(&mut self, mutation: &str, key: &str, text: &str, now: Timestamp) -> Known {
        self.0.retain(|_, entry| clock::later(entry.at, KEY_LIFE) > now);
        let place = place(mutation, key);
        if let Some(entry) = self.0.get(&place) {
            return match &entry.outcome {
                _ if entry.text != text => Known::Mismatch,
                Outcome::Running => Known::Concurrent,
                Outcome::Refused => Known::Failed { told: entry.refusals_told },
                done => Known::Done(done.clone()),
            };
        }
        let (text, outcome) = (text.to_owned(), Outcome::Running);
        self.0.insert(place, Entry { text, outcome, at: now, refusals_told: 0 });
        Known::New
    }

    /// The client hears the answer to a request with this key.
    pub fn heard(&mut self, mutation: &str, key: &str) {
        let place = place(mutation, key);
        let told = |entry: &Entry| entry.outcome == Outcome::Refused;
        if !self.0.get(&place).is_some_and(told) {
            return;
        }
        if let Some(entry) = self.0.get_mut(&place) {
            entry.refusals_told = entry.refusals_told.saturating_add(1);
        }
    }

    /// Writes down how the first attempt ended.
    pub fn finish(&mut self, mutation: &str, key: &str, outcome: Outcome) {
        if let Some(entry) = self.0.get_mut(&place(mutation, key)) {
            entry.outcome = outcome;
        }
    }

    /// Forgets every key whose attempt was in the air when the program was killed.
    pub fn forget_running(&mut self) {
        self.0.retain(|_, entry| entry.outcome != Outcome::Running);
    }

    /// What changed since the last call.
    pub fn changes(&mut self) -> Changes<String, Entry> {
        self.0.changes()
    }

    /// Forgets what changed.
    pub fn forget_changes(&mut self) {
        self.0.forget_changes();
    }

    /// Makes changes that were written down happen again.
    pub fn apply(&mut self, changes: Changes<String, Entry>) {
        self.0.apply(changes);
    }

    /// Forgets a key whose attempt is in the air and will not end.
    pub fn forget(&mut self, mutation: &str, key: &str) {
        let place = place(mutation, key);
        if self.0.get(&place).is_some_and(|entry| entry.outcome == Outcome::Running) {
            self.0.remove(&place);
        }
    }
}

fn place(mutation: &str, key: &str) -> String {
    format!("{mutation} {key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_runs_once_and_is_forgotten_after_a_day() {
        let mut keys = KeyStore::default();
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!(keys.begin("set", "k", "a", start), Known::New);
        assert_eq!(keys.begin("set", "k", "a", start), Known::Concurrent);
        keys.finish("set", "k", Outcome::Group(Some(7)));
        let done = Known::Done(Outcome::Group(Some(7)));
        assert_eq!(keys.begin("set", "k", "a", start), done);
        assert_eq!(keys.begin("set", "k", "b", start), Known::Mismatch);
        assert_eq!(keys.begin("adjust", "k", "b", start), Known::New);
        let almost = clock::later(start, KEY_LIFE - Duration::from_secs(1));
        assert_eq!(keys.begin("set", "k", "a", almost), done);
        assert_eq!(keys.begin("set", "k", "b", clock::later(start, KEY_LIFE)), Known::New);
    }

    #[test]
    fn a_refused_attempt_uses_its_key_up() {
        let mut keys = KeyStore::default();
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!(keys.begin("set", "k", "a", start), Known::New);
        keys.finish("set", "k", Outcome::Refused);
        keys.forget("set", "k");
        assert_eq!(keys.begin("set", "k", "a", start), Known::Failed { told: 0 });
    }

    #[test]
    fn it_is_counted_how_often_a_client_heard_of_a_refusal() {
        let mut keys = KeyStore::default();
        let start = Timestamp::UNIX_EPOCH;
        keys.begin("set", "k", "a", start);
        keys.finish("set", "k", Outcome::Refused);
        // Answers that nobody hears tell nothing.
        for (heard, told) in [(true, 1), (false, 1), (true, 2)] {
            if heard {
                keys.heard("set", "k");
            }
            assert_eq!(keys.begin("set", "k", "a", start), Known::Failed { told });
        }
    }

    #[test]
    fn the_order_of_fields_counts() {
        assert_ne!(request_text("q", r#"{"a":1,"b":2}"#), request_text("q", r#"{"b":2,"a":1}"#));
        assert_ne!(request_text("ab", "c"), request_text("a", "bc"));
    }
}
