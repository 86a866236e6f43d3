//! Time and identity arrive as arguments, so that a test can move the one and fix the other.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

/// The time. Real in a running product, moved by hand in a test.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// This moment, UTC.
    fn now(&self) -> Timestamp;

    /// Time since some moment of the process. Unlike `now` it neither jumps nor goes back when the
    /// machine's clock is set: for what must tell how long something takes.
    fn running(&self) -> Duration;

    /// Returns when `now()` has reached `at`; at once when it already has.
    async fn sleep_until(&self, at: Timestamp);
}

/// New identifiers.
pub trait IdSource: Send + Sync + 'static {
    /// A fresh id, never given before.
    fn next_id(&self) -> Uuid;
}

/// The machine's own time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's time")]
    fn running(&self) -> Duration {
        static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
        FIRST.elapsed()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let wait = at.duration_since(self.now());
        if let Ok(wait) = Duration::try_from(wait) {
            tokio::time::sleep(wait).await;
        }
    }
}

/// Ids that sort by the time of their making.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimeOrderedIds;

impl IdSource for TimeOrderedIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    fn next_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
