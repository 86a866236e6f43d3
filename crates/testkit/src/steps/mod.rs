//! A service that is driven step by step: every call of a port is a step, and at any step it can
//! die.
//!
//! What a service does that lasts, it does by a port. So the moments right before and right after
//! those calls are all that a crash can be told apart by. [`Steps`] counts them, lets other tasks
//! go first by a seed, and at a chosen one stops everything: nothing that stands behind the steps
//! is called any more. Whoever drives the service then drops its runtime, keeps what stands behind,
//! and starts it again. The journal of what was committed tells afterwards what was known when.

mod bus;
mod shopify;
mod store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockstep_ports::{AggregateKey, NewEvent, Snapshot};
use tokio::sync::Notify;

pub use bus::SteppingBus;
pub use shopify::SteppingShopify;
pub use store::SteppingStore;

/// Tasks that go first before a step, at most.
const YIELDS_MAX: u64 = 3;

/// What a transaction committed.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Ids of the messages that were new to it.
    pub messages: Vec<String>,
    /// Events that it appended.
    pub events: Vec<NewEvent>,
    /// Whether it decided messages.
    pub is_batch: bool,
}

/// Something that a test puts between a service and its store, to see that it is found.
pub trait Plant: Send + Sync + 'static {
    /// May change what the inbox knows of messages.
    fn inbox(&self, _known: &mut [Option<Vec<u8>>]) {}

    /// May change what a transaction that decides no messages reads.
    fn loaded_by_lane(&self, _keys: &[AggregateKey], _states: &mut [Option<Snapshot>]) {}
}

/// The steps of one service. Clones count on together.
#[derive(Clone, Debug)]
pub struct Steps {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    inside: Mutex<Inside>,
    crash: Notify,
}

#[derive(Debug)]
struct Inside {
    random: u64,
    taken: u64,
    crash_at: Option<u64>,
    has_crashed: bool,
    commits: Vec<Commit>,
}

impl Steps {
    /// Steps whose turns a seed gives.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let inside = Inside {
            random: seed,
            taken: 0,
            crash_at: None,
            has_crashed: false,
            commits: Vec::new(),
        };
        Self { shared: Arc::new(Shared { inside: Mutex::new(inside), crash: Notify::new() }) }
    }

    /// How many steps were taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.inside().taken
    }

    /// Everything stops at the step with this number.
    pub fn crash_at(&self, step: Option<u64>) {
        self.inside().crash_at = step;
    }

    /// Waits for the crash.
    pub async fn crashed(&self) {
        let crash = self.shared.crash.notified();
        tokio::pin!(crash);
        crash.as_mut().enable();
        if !self.inside().has_crashed {
            crash.await;
        }
    }

    /// Everything may go on: the service was started again.
    pub fn revive(&self) {
        let mut inside = self.inside();
        (inside.has_crashed, inside.crash_at) = (false, None);
    }

    /// Looks at what was committed so far, in order.
    pub fn look<T>(&self, at: impl FnOnce(&[Commit]) -> T) -> T {
        at(&self.inside().commits)
    }

    pub(crate) fn committed(&self, commit: Commit) {
        self.inside().commits.push(commit);
    }

    /// One step. It never ends when the service died before it, or dies at it.
    pub async fn step(&self) {
        let yields = {
            let mut inside = self.inside();
            inside.taken += 1;
            if inside.crash_at.is_some_and(|at| at <= inside.taken) {
                inside.has_crashed = true;
                self.shared.crash.notify_waiters();
            }
            // A small generator: the same seed gives the same turns for ever.
            inside.random = inside
                .random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            if inside.has_crashed { None } else { Some((inside.random >> 33) % (YIELDS_MAX + 1)) }
        };
        let Some(yields) = yields else { return std::future::pending().await };
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        if self.inside().has_crashed {
            std::future::pending().await
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.shared.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use lockstep_ports::Store;

    use super::*;
    use crate::MemoryStore;

    async fn note(store: &dyn Store, id: &str) -> bool {
        let mut tx = store.begin().await.expect("a transaction");
        let ids = [(id.to_owned(), Vec::new())];
        let known = tx.inbox(&ids, Timestamp::UNIX_EPOCH).await.expect("noted");
        tx.commit().await.expect("committed");
        matches!(known.as_slice(), [None])
    }

    #[tokio::test]
    async fn at_a_crash_nothing_goes_on_and_only_what_was_committed_stays() {
        let (memory, mut died) = (MemoryStore::default(), 0);
        for step in 1..10 {
            let steps = Steps::of_seed(step);
            let stepping = SteppingStore::new(Arc::new(memory.clone()), steps.clone());
            steps.crash_at(Some(step));
            let id = format!("message {step}");
            let lived = tokio::select! {
                biased;
                () = steps.crashed() => false,
                _ = note(&stepping, &id) => true,
            };
            died += i32::from(!lived);
            steps.revive();
            let was_committed = steps.look(|commits| commits.len()) == 1;
            assert_eq!(note(&stepping, &id).await, !was_committed, "step {step}");
        }
        assert_eq!(died, 4, "before it, before the inbox, before and after the commit");
    }

    #[tokio::test]
    async fn the_journal_tells_what_was_new() {
        let steps = Steps::of_seed(1);
        let stepping = SteppingStore::new(Arc::new(MemoryStore::default()), steps.clone());
        assert!(note(&stepping, "a").await);
        assert!(!note(&stepping, "a").await);
        let messages = |commits: &[Commit]| -> Vec<_> {
            commits.iter().map(|commit| commit.messages.clone()).collect()
        };
        assert_eq!(steps.look(messages), [vec!["a".to_owned()], Vec::new()]);
    }
}
