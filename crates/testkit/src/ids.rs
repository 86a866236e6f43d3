//! Ids in sequence.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lockstep_ports::IdSource;
use uuid::Uuid;

/// Gives ids that count up from 1 within a series: readable in a failure, and the same in every
/// run. Clones count on together.
#[derive(Clone, Debug, Default)]
pub struct SequenceIds {
    series: u64,
    given: Arc<AtomicU64>,
}

impl SequenceIds {
    /// Another series: ids of two series never meet.
    pub fn of_series(series: u64) -> Self {
        Self { series, given: Arc::default() }
    }
}

impl IdSource for SequenceIds {
    fn next_id(&self) -> Uuid {
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        Uuid::from_u64_pair(self.series, number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_up_and_series_never_meet() {
        let ids = SequenceIds::default();
        assert_eq!(ids.next_id(), Uuid::from_u128(1));
        assert_eq!(ids.clone().next_id(), Uuid::from_u128(2));
        assert_ne!(SequenceIds::of_series(1).next_id(), Uuid::from_u128(1));
    }
}
