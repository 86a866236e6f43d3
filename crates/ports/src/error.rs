//! One error for every port, sorted by what the caller may do about it.

use std::error::Error;

/// What a caller may do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The other side is away or busy: the same call may succeed later.
    Transient,
    /// Somebody else wrote first: load again and decide again.
    Conflict,
    /// The content can never be taken.
    Permanent,
}

/// A failure of an adapter. Its message tells its own level; the cause stands in `source`.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct PortError {
    /// What may be done about it.
    pub kind: ErrorKind,
    /// What was being done.
    pub what: String,
    /// Why it failed.
    #[source]
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl PortError {
    /// A failure with its cause.
    pub fn new(
        kind: ErrorKind,
        what: impl Into<String>,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, what: what.into(), cause: Some(cause.into()) }
    }

    /// A failure that has no deeper cause.
    pub fn plain(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), cause: None }
    }

    /// The whole chain in one line, for the place that handles the error.
    pub fn chain(&self) -> String {
        let mut text = self.what.clone();
        let mut next = self.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}
