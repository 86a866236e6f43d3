//! Subjects, filters and streams. Builders are generated: no subject is written by hand.

use std::fmt;

use crate::token;

include!(concat!(env!("OUT_DIR"), "/streams.rs"));

impl Stream {
    /// The stream with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|stream| stream.name() == name)
    }

    /// Every subject of the stream; what the stream is made with.
    #[must_use]
    pub fn filter_all(self) -> Filter {
        Filter::generated(format!("{}.>", self.prefix()))
    }

    /// Every subject of one scope. The scope is the first token that a publisher gives: a store, a
    /// back office or a service, depending on the stream.
    #[must_use]
    pub fn filter_scope(self, scope: &str) -> Filter {
        Filter::generated(format!("{}.{}.>", self.prefix(), token::escape(scope)))
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A subject to publish on. Made by the generated `subject` functions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(String);

impl Subject {
    pub(crate) const fn generated(text: String) -> Self {
        Self(text)
    }

    /// A subject that was built before and kept, for instance in an outbox row.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A consumer's filter: a subject that may hold `*` (one token) and end in `>` (one or more).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter(String);

impl Filter {
    pub(crate) const fn generated(text: String) -> Self {
        Self(text)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a subject passes, by the broker's rules.
    #[must_use]
    pub fn matches(&self, subject: &str) -> bool {
        let mut tokens = subject.split('.');
        for wanted in self.0.split('.') {
            match (wanted, tokens.next()) {
                (">", Some(_)) => return true,
                ("*", Some(_)) => {}
                (literal, Some(token)) if literal == token => {}
                _ => return false,
            }
        }
        tokens.next().is_none()
    }
}

impl From<Subject> for Filter {
    fn from(subject: Subject) -> Self {
        Self(subject.0)
    }
}

macro_rules! text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

text!(Subject);
text!(Filter);
