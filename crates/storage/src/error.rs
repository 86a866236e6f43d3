//! Sorts a failure of the database by what the caller may do about it.
//!
//! Only what the server says about the *content* is permanent: a permanent failure takes a message
//! out of the flow, so a missing table, a full disk or a lost privilege must never look like one.

use std::time::Duration;

use lockstep_ports::{ErrorKind, PortError};
use tokio::time::timeout;

/// The unique key that a second writer of an aggregate violates.
const EVENTS_OF_AGGREGATE: &str = "events_of_aggregate";

/// Serialization failure and deadlock: the server let another transaction go first, and this one
/// can be run again at once.
const LOST_TO_ANOTHER: [&str; 2] = ["40001", "40P01"];

/// A failure while doing `what`, sorted, with its cause.
pub(crate) fn failed(what: &str, error: sqlx::Error) -> PortError {
    match error {
        sqlx::Error::Database(error) => {
            let kind = kind_of(error.code().as_deref(), error.constraint());
            PortError::new(kind, what, error.into_error())
        }
        // The content could not be put into the wire format.
        sqlx::Error::Encode(_)
        | sqlx::Error::Configuration(_)
        | sqlx::Error::InvalidArgument(_) => PortError::new(ErrorKind::Permanent, what, error),
        other => PortError::new(ErrorKind::Transient, what, other),
    }
}

/// A value that the database's types cannot hold, or that none of ours can.
pub(crate) fn unfit(
    what: &str,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> PortError {
    PortError::new(ErrorKind::Permanent, what, cause)
}

/// Something stored that this version cannot read. It may be the work of a later version, and is
/// never the fault of the message that needs it: so the work stops, and nothing is lost.
pub(crate) fn unreadable(
    what: &str,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> PortError {
    PortError::new(ErrorKind::Transient, what, cause)
}

/// Waits for an answer at most so long: a peer that vanished without a word never answers, and the
/// server's own limit cannot be heard from it.
pub(crate) async fn in_time<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    timeout(limit, call).await.unwrap_or_else(|late| {
        Err(PortError::new(ErrorKind::Transient, "the database does not answer", late))
    })
}

fn kind_of(code: Option<&str>, constraint: Option<&str>) -> ErrorKind {
    match code {
        Some("23505") if constraint == Some(EVENTS_OF_AGGREGATE) => ErrorKind::Conflict,
        Some(code) if LOST_TO_ANOTHER.contains(&code) => ErrorKind::Conflict,
        Some(code) if is_content(code) => ErrorKind::Permanent,
        _ => ErrorKind::Transient,
    }
}

/// True for the classes data exception, integrity violation, cardinality violation and program
/// limit exceeded (a key too long for its index).
fn is_content(code: &str) -> bool {
    ["21", "22", "23", "54"].iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_content_is_permanent() {
        for code in ["22P05", "22021", "22003", "22P02", "23505", "23514", "23502", "54000"] {
            assert_eq!(kind_of(Some(code), None), ErrorKind::Permanent, "{code}");
        }
        // Shutdown, cannot connect, too many connections, disk full, cancelled, no such table, no
        // privilege, read only.
        for code in ["57P01", "08006", "53300", "53100", "57014", "42P01", "42501", "25006"] {
            assert_eq!(kind_of(Some(code), None), ErrorKind::Transient, "{code}");
        }
        assert_eq!(kind_of(None, None), ErrorKind::Transient);
    }

    #[test]
    fn who_lost_to_another_can_decide_again() {
        for (code, constraint) in
            [("40001", None), ("40P01", None), ("23505", Some(EVENTS_OF_AGGREGATE))]
        {
            assert_eq!(kind_of(Some(code), constraint), ErrorKind::Conflict, "{code}");
        }
        assert_eq!(kind_of(Some("23505"), Some("outbox_id_key")), ErrorKind::Permanent);
    }
}
