//! The one type of retry. Delays are jittered by up to half, so that many never return at once.

use std::time::Duration;

use lockstep_ports::IdSource;

/// How often and how long to wait before the same thing is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never.
    None,
    /// Always the same wait.
    Fixed {
        /// The wait.
        wait: Duration,
    },
    /// Doubling from `first` up to `max`.
    Exponential {
        /// The first wait.
        first: Duration,
        /// The longest wait.
        max: Duration,
    },
}

impl Retry {
    /// A transaction that lost a race: 5, 10, 20, 40, 80 ms, then 100 ms.
    pub const RACE: Self =
        Self::Exponential { first: Duration::from_millis(5), max: Duration::from_millis(100) };
    /// A broker, database or other service that is away: 0.1, 0.2, 0.4 .. 10 s, for ever.
    pub const AWAY: Self =
        Self::Exponential { first: Duration::from_millis(100), max: Duration::from_secs(10) };

    /// The wait before attempt `attempt + 1`, between half of it (jitter 0.0) and the whole (1.0).
    pub fn delay(self, attempt: u32, jitter: f64) -> Duration {
        let whole = self.whole_delay(attempt);
        let half = whole / 2;
        half + half.mul_f64(jitter.clamp(0.0, 1.0))
    }

    /// The wait without jitter.
    pub fn whole_delay(self, attempt: u32) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Fixed { wait } => wait,
            Self::Exponential { first, max } => {
                let doublings = attempt.saturating_sub(1).min(20);
                first.saturating_mul(1 << doublings).min(max)
            }
        }
    }
}

/// A number from 0.0 to 1.0 out of the random part of a fresh id.
pub fn jitter(ids: &dyn IdSource) -> f64 {
    let [.., high, low] = ids.next_id().into_bytes();
    f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use lockstep_ports::TimeOrderedIds;

    use super::*;

    #[test]
    fn doubles_up_to_its_maximum() {
        let waits: Vec<u128> = (1..=9).map(|n| Retry::AWAY.whole_delay(n).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert_eq!(Retry::AWAY.whole_delay(u32::MAX), Duration::from_secs(10));
    }

    #[test]
    fn jitter_stays_between_half_and_whole() {
        let mut seen = std::collections::BTreeSet::new();
        for attempt in 1..50 {
            let whole = Retry::AWAY.whole_delay(attempt);
            let wait = Retry::AWAY.delay(attempt, jitter(&TimeOrderedIds));
            assert!(wait >= whole / 2 && wait <= whole, "{wait:?} of {whole:?}");
            seen.insert(wait);
        }
        assert!(seen.len() > 40, "the waits differ");
        assert_eq!(Retry::AWAY.delay(1, 0.0), Duration::from_millis(50));
        assert_eq!(Retry::AWAY.delay(1, 1.0), Duration::from_millis(100));
    }
}
