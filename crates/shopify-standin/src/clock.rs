//! Time as an argument: the key life, the bucket, and the distances between webhook attempts
//! follow this clock, which a test can move by hours.

use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The system's time, or a time that a test moves.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// The system's time.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands at `start` until it is moved.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Kind::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System => system_now(),
            Kind::Manual(time) => *time.borrow(),
        }
    }

    /// Moves a manual clock forward; the system's clock moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(time) = &self.0 {
            time.send_modify(|now| *now = later(*now, by));
        }
    }

    /// Waits until the clock shows `moment` or later.
    pub async fn sleep_until(&self, moment: Timestamp) {
        match &self.0 {
            Kind::System => {
                let left = moment.duration_since(system_now());
                tokio::time::sleep(left.try_into().unwrap_or_default()).await;
            }
            Kind::Manual(time) => {
                let mut watched = time.subscribe();
                // The sender lives in `self`, so the channel cannot be closed here.
                let _ = watched.wait_for(|now| *now >= moment).await;
            }
        }
    }
}

/// The one place that reads the system's time.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock; product crates are not used here"
)]
fn system_now() -> Timestamp {
    Timestamp::now()
}

/// `moment` plus `by`, or the last moment that exists.
#[must_use]
pub fn later(moment: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| moment.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

/// `moment` less `by`, or the first moment that exists.
#[must_use]
pub fn earlier(moment: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| moment.checked_sub(by).ok())
        .unwrap_or(Timestamp::MIN)
}

/// How the Admin API writes a moment: whole seconds, UTC.
#[must_use]
pub fn seconds_text(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
