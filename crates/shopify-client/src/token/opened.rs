//! What opened a store last: for the short time in which the broker that holds the tokens is away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lockstep_domain::StoreId;
use lockstep_ports::Clock;

use crate::token::StoreAccess;

/// What was opened is used without looking again for no longer than this: a token that was taken
/// away meanwhile must not be used for long.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// The accesses of a process, as they were opened last.
pub struct Opened {
    clock: Arc<dyn Clock>,
    last: Mutex<HashMap<StoreId, Last>>,
}

struct Last {
    access: StoreAccess,
    expires_at: Option<Timestamp>,
    /// How long the process had run: a clock that is set makes nothing younger.
    at: Duration,
}

impl Opened {
    /// Remembers nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: Mutex::default() }
    }

    /// Notes what was just opened.
    pub fn note(&self, store: &StoreId, access: &StoreAccess, expires_at: Option<Timestamp>) {
        let last = Last { access: access.clone(), expires_at, at: self.clock.running() };
        self.lock().insert(store.clone(), last);
    }

    /// The store is open no more, or its token is no longer taken.
    pub fn forget(&self, store: &StoreId) {
        self.lock().remove(store);
    }

    /// What opened the store a short while ago, and has not ended since.
    pub fn recent(&self, store: &StoreId) -> Option<StoreAccess> {
        let (now, running) = (self.clock.now(), self.clock.running());
        let lasts = self.lock();
        let last = lasts.get(store)?;
        let is_young = running.saturating_sub(last.at) < REMEMBERED;
        let opens = last.expires_at.is_none_or(|end| end > now);
        (is_young && opens).then(|| last.access.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StoreId, Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
