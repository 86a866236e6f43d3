//! What the client did and what was sent to it, in order; and what it did wrong.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::VecDeque;

/// Makes the enum and the list of all its values together, so that no kind can be left out.
macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        /// A kind of mistake by the client (or, for `Arithmetic`, by this program).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "the names are the documentation and part of the answer")]
        pub enum ViolationKind {
            $($kind),*
        }

        impl ViolationKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind),*];
        }
    };
}

kinds! {
    InvalidDocument,
    InvalidVariables,
    NotImplemented,
    MissingIdempotent,
    BlankKey,
    MissingChangeFrom,
    KeyMismatch,
    KeyAfterFailure,
    KeyConcurrent,
    ArrayTooLarge,
    PageTooLarge,
    MissingFirstLast,
    PagingTooDeep,
    OverCost,
    Throttled,
    DeprecatedField,
    WrongToken,
    ExpiredToken,
    TokenKind,
    BadAuthorization,
    BadTokenRequest,
    AccessDenied,
    WrongVersion,
    BadRequest,
    WriteUnconnected,
    WriteUntracked,
    WriteBundle,
    Refused,
    Arithmetic,
}

/// A mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Grows by one per violation of a shop.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Which mistake.
    pub kind: ViolationKind,
    /// What exactly.
    pub message: String,
    /// Operation name, or the root fields.
    pub operation: Option<String>,
    /// The journal's entry of the call.
    pub journal_seq: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    seq: u64,
    kind: EntryKind,
    text: Box<RawValue>,
}

/// Calls of the client, or messages sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A call of the Admin API.
    Api,
    /// An attempt to deliver a webhook.
    Webhook,
    /// A request about access: consent, codes, tokens.
    Oauth,
    /// A file that is fetched or sent.
    File,
}

/// The journal of one shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Journal {
    limit: usize,
    last: u64,
    entries: VecDeque<Entry>,
    violations: Vec<Violation>,
    /// The newest entry and mistake that the state file holds.
    #[serde(skip)]
    kept: (u64, u64),
}

/// What was added to a journal.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Added {
    entries: Vec<Entry>,
    violations: Vec<Violation>,
}

impl Added {
    /// True when nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.violations.is_empty()
    }
}

impl Journal {
    /// An empty journal that keeps at most `limit` entries.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, last: 0, entries: VecDeque::new(), violations: Vec::new(), kept: (0, 0) }
    }

    /// Adds an entry and answers its number.
    pub fn add(&mut self, kind: EntryKind, at: Timestamp, fields: Map<String, Value>) -> u64 {
        self.last += 1;
        let mut entry = Map::new();
        entry.insert("seq".into(), self.last.into());
        entry.insert("at".into(), at.to_string().into());
        entry.insert("kind".into(), kind_text(kind).into());
        entry.extend(fields);
        // A map of JSON values always has a text.
        if let Ok(text) = serde_json::value::to_raw_value(&entry) {
            self.entries.push_back(Entry { seq: self.last, kind, text });
        }
        while self.entries.len() > self.limit {
            self.entries.pop_front();
        }
        self.last
    }

    /// What was added since the last call.
    pub fn added(&mut self) -> Added {
        let (entry, violation) = self.kept;
        let new = self.entries.iter().rev().take_while(|one| one.seq > entry);
        let mut entries: Vec<Entry> = new.cloned().collect();
        entries.reverse();
        let first = self.violations.partition_point(|one| one.seq <= violation);
        let violations = self.violations.get(first..).unwrap_or_default().to_vec();
        self.forget_added();
        Added { entries, violations }
    }

    /// Forgets what was added.
    pub fn forget_added(&mut self) {
        self.kept = (self.last, self.violations.last().map_or(0, |last| last.seq));
    }

    /// Adds what was written down and is not here.
    pub fn apply(&mut self, added: Added) {
        for entry in added.entries {
            if entry.seq > self.last {
                self.last = entry.seq;
                self.entries.push_back(entry);
            }
        }
        while self.entries.len() > self.limit {
            self.entries.pop_front();
        }
        let last = self.violations.last().map_or(0, |last| last.seq);
        self.violations.extend(added.violations.into_iter().filter(|one| one.seq > last));
    }

    /// Number of the newest entry.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Entries after a number, oldest first.
    #[must_use]
    pub fn after(&self, seq: u64, kind: Option<EntryKind>, limit: usize) -> Vec<Value> {
        self.entries
            .iter()
            .filter(|entry| entry.seq > seq && kind.is_none_or(|kind| entry.kind == kind))
            .take(limit)
            .filter_map(|entry| serde_json::from_str(entry.text.get()).ok())
            .collect()
    }

    /// Writes a mistake down. `journal_seq` is the entry it belongs to.
    pub fn violate(&mut self, at: Timestamp, violation: Noted, operation: Option<String>) {
        let seq = self.violations.last().map_or(0, |last| last.seq) + 1;
        self.violations.push(Violation {
            seq,
            at,
            kind: violation.kind,
            message: violation.message,
            operation,
            journal_seq: self.last,
        });
    }

    /// Mistakes after a number, oldest first.
    #[must_use]
    pub fn violations(&self, after: u64) -> Vec<Violation> {
        let newer = |violation: &&Violation| violation.seq > after;
        self.violations.iter().filter(newer).cloned().collect()
    }
}

/// A mistake noticed while a request runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Which mistake.
    pub kind: ViolationKind,
    /// What exactly.
    pub message: String,
}

impl Noted {
    /// A mistake with its text.
    #[must_use]
    pub fn new(kind: ViolationKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

fn kind_text(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Api => "api",
        EntryKind::Webhook => "webhook",
        EntryKind::Oauth => "oauth",
        EntryKind::File => "file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_entries_go_and_numbers_go_on() {
        let mut journal = Journal::new(2);
        for number in 0..3 {
            let fields = Map::from_iter([("n".to_owned(), Value::from(number))]);
            journal.add(EntryKind::Api, Timestamp::UNIX_EPOCH, fields);
        }
        journal.add(EntryKind::Webhook, Timestamp::UNIX_EPOCH, Map::new());
        let seqs = |found: Vec<Value>| -> Vec<u64> {
            found.iter().filter_map(|entry| entry["seq"].as_u64()).collect()
        };
        assert_eq!(seqs(journal.after(0, None, 10)), [3, 4]);
        assert_eq!(seqs(journal.after(0, Some(EntryKind::Api), 10)), [3]);
        assert_eq!(seqs(journal.after(3, None, 10)), [4]);
        assert_eq!(journal.last(), 4);
    }

    #[test]
    fn violations_name_their_call() {
        let mut journal = Journal::new(2);
        journal.add(EntryKind::Api, Timestamp::UNIX_EPOCH, Map::new());
        let noted = Noted::new(ViolationKind::Throttled, "ran into the bucket");
        journal.violate(Timestamp::UNIX_EPOCH, noted, Some("Set".into()));
        let found = journal.violations(0);
        assert_eq!(found.first().map(|first| first.journal_seq), Some(1));
        assert!(journal.violations(1).is_empty());
    }
}
