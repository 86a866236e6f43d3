//! Locks on rows, held by a transaction until it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockstep_ports::{AggregateKey, ErrorKind, PortError};
use tokio::sync::Notify;
use uuid::Uuid;

/// What one transaction can keep from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resource {
    Inbox(String),
    Aggregate(AggregateKey),
    Event(AggregateKey, u64),
    Outbox(String),
    Effect(Uuid),
    Timer(String, String),
    Checkpoint(String),
    DeadLetter(Uuid),
}

#[derive(Debug, Default)]
pub(crate) struct Locks {
    state: Mutex<State>,
    /// Those who wait look again after each, in the order of their coming: the same run goes the
    /// same way.
    releases: Notify,
}

#[derive(Debug, Default)]
struct State {
    transactions: u64,
    held: BTreeMap<Resource, u64>,
    waiting: BTreeMap<u64, Resource>,
}

impl Locks {
    /// A number for a new transaction.
    pub(crate) fn enter(&self) -> u64 {
        let mut state = self.state();
        state.transactions += 1;
        state.transactions
    }

    /// Locks in order, waiting for whoever holds one. Errors: `Conflict` when they wait for this
    /// transaction in turn, as a database's deadlock.
    pub(crate) async fn lock(
        &self,
        transaction: u64,
        resources: BTreeSet<Resource>,
    ) -> Result<(), PortError> {
        for resource in resources {
            loop {
                // Waits from before the look, so that no release is missed.
                let released = self.releases.notified();
                tokio::pin!(released);
                released.as_mut().enable();
                if self.state().take(transaction, &resource)? {
                    break;
                }
                released.await;
            }
        }
        Ok(())
    }

    /// True when some transaction holds it.
    pub(crate) fn is_held(&self, resource: &Resource) -> bool {
        self.state().held.contains_key(resource)
    }

    /// Releases everything that a transaction holds.
    pub(crate) fn leave(&self, transaction: u64) {
        let mut state = self.state();
        state.held.retain(|_, holder| *holder != transaction);
        state.waiting.remove(&transaction);
        drop(state);
        self.releases.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// True when the lock is taken; else the transaction is noted as waiting.
    fn take(&mut self, transaction: u64, resource: &Resource) -> Result<bool, PortError> {
        self.waiting.remove(&transaction);
        match self.held.get(resource) {
            None => {
                self.held.insert(resource.clone(), transaction);
                Ok(true)
            }
            Some(holder) if *holder == transaction => Ok(true),
            Some(holder) if self.waits_for(*holder, transaction) => Err(PortError::plain(
                ErrorKind::Conflict,
                "two transactions wait for each other's rows",
            )),
            Some(_) => {
                self.waiting.insert(transaction, resource.clone());
                Ok(false)
            }
        }
    }

    /// Follows who waits for whom. A transaction waits for one other at most, so the walk ends.
    fn waits_for(&self, transaction: u64, other: u64) -> bool {
        let mut next = Some(transaction);
        for _ in 0..=self.waiting.len() {
            match next {
                Some(each) if each == other => return true,
                Some(each) => {
                    next =
                        self.waiting.get(&each).and_then(|wanted| self.held.get(wanted).copied());
                }
                None => return false,
            }
        }
        false
    }
}
