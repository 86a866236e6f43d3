//! Why a whole call, or one item of it, is not taken.

use std::time::Duration;

use lockstep_contracts::backoffice::v1::{ErrorCode, ItemError};
use lockstep_runtime::http::BodyError;

/// What a client is told to wait before it sends the same again.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A call that is refused as a whole. Nothing of it has been taken, except for
/// [`CallFault::Unavailable`], whose items may have been: the same call again is safe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// No token, a wrong one, or one that was revoked.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The body is not what the contract says.
    #[error("{}", .0.message)]
    Invalid(Invalid),
    /// The body has more bytes than are read.
    #[error("the body has more than {limit} bytes")]
    BodyTooLarge {
        /// The most that is read.
        limit: usize,
    },
    /// The batch has more items than are taken at once.
    #[error("the batch has {count} items, more than {limit}")]
    BatchTooLarge {
        /// Field that holds the items.
        list: &'static str,
        /// Items that were sent.
        count: usize,
        /// The most that is taken at once.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive within {} seconds", .0.as_secs())]
    TooSlow(Duration),
    /// The broker or the database is away, or too many calls wait.
    #[error("{0}")]
    Unavailable(&'static str),
    /// The one report of the call is refused.
    #[error("{}", .0.message)]
    Refused(ItemError),
    /// The contract has no such method.
    #[error("the contract has no such method")]
    NoSuchMethod,
}

impl From<BodyError> for CallFault {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::BodyTooLarge { limit },
            BodyError::TooSlow(deadline) => Self::TooSlow(deadline),
            BodyError::BrokenOff => Self::Invalid(Invalid {
                field: String::new(),
                message: "the body broke off".to_owned(),
                fix: "send the same call again".to_owned(),
            }),
            BodyError::Full => Self::Unavailable("too many bodies are being read"),
        }
    }
}

/// What is wrong with a field, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Path of the field; empty for the body itself.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: String,
}

impl CallFault {
    /// The fault as the contract words it.
    pub fn to_error(&self) -> ItemError {
        let (code, field, fix) = match self {
            Self::Unauthenticated(_) => (
                ErrorCode::Unauthenticated,
                "authorization".to_owned(),
                "send the header `Authorization: Bearer <token>` with a token of this back office"
                    .to_owned(),
            ),
            Self::Invalid(invalid) => {
                (ErrorCode::Validation, invalid.field.clone(), invalid.fix.clone())
            }
            Self::BodyTooLarge { limit } => (
                ErrorCode::TooLarge,
                String::new(),
                format!("send at most {limit} bytes; split the batch"),
            ),
            Self::BatchTooLarge { list, limit, .. } => (
                ErrorCode::TooLarge,
                (*list).to_owned(),
                format!("send at most {limit} items in one call; split the batch"),
            ),
            Self::TooSlow(_) => (
                ErrorCode::Unavailable,
                String::new(),
                "send the same call again over a faster connection, or a smaller batch".to_owned(),
            ),
            Self::Unavailable(_) => (
                ErrorCode::Unavailable,
                String::new(),
                "send the same call again after the time in Retry-After; repeats are safe"
                    .to_owned(),
            ),
            Self::Refused(error) => return error.clone(),
            Self::NoSuchMethod => (
                ErrorCode::Validation,
                "path".to_owned(),
                "call a method of lockstep.backoffice.v1.BackOfficeService; an older Lockstep has \
                 fewer"
                    .to_owned(),
            ),
        };
        ItemError { code: code.into(), field, message: self.to_string(), fix }
    }
}
