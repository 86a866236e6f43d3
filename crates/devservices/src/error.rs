//! The one error of this crate. Each message is one line that says what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a private server or a tool could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// Nothing suitable is installed and nothing could be fetched.
    #[error("{what} is missing: {hint}")]
    Missing {
        /// What was looked for.
        what: String,
        /// What to install or set.
        hint: String,
    },
    /// A program that was run answered with a failure.
    #[error("{what} failed: {detail}")]
    Command {
        /// The program and its purpose.
        what: String,
        /// Its exit status and the end of what it printed.
        detail: String,
    },
    /// A download is not what was pinned.
    #[error("{what} does not match its pinned hash {expected}: it was not used")]
    Hash {
        /// The download.
        what: String,
        /// The hash that this version pins.
        expected: String,
    },
    /// A server ended, or did not become ready in time.
    #[error("{what} did not start: {detail}")]
    Start {
        /// The server.
        what: String,
        /// The end of its log.
        detail: String,
    },
    /// The file system refused.
    #[error("cannot {what} {path}")]
    Io {
        /// The attempt, as a verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

impl DevError {
    pub(crate) fn io<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Self + 'a {
        move |source| Self::Io { what, path: path.to_path_buf(), source }
    }

    pub(crate) fn missing(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Missing { what: what.into(), hint: hint.into() }
    }
}
