//! A few seconds of memory, so that a busy back office costs no read per call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::aggregate::TokenState;

/// How long a state is believed: a token revoked through another process stops opening by then.
pub const BELIEVED: SignedDuration = SignedDuration::from_secs(5);
/// Tokens that are remembered; beyond it the cache starts anew.
const TOKENS_MAX: usize = 1_024;

struct Entry {
    state: Arc<TokenState>,
    read_at: Timestamp,
    use_claimed: bool,
}

#[derive(Default)]
struct Inner {
    entries: HashMap<String, Entry>,
    generation: u64,
}

/// States of tokens, read lately.
#[derive(Default)]
pub struct Cache(Mutex<Inner>);

impl Cache {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every critical section leaves the map whole, so a poisoned lock holds good data.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, when it was read lately.
    pub fn get(&self, id: &str, now: Timestamp) -> Option<Arc<TokenState>> {
        let inner = self.lock();
        let entry = inner.entries.get(id)?;
        is_fresh(entry, now).then(|| entry.state.clone())
    }

    /// Grows with every revocation; to be taken before a read.
    pub fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Remembers a state, unless something was revoked since its read began: the read may have
    /// seen the time before.
    pub fn put(&self, id: &str, state: Arc<TokenState>, now: Timestamp, generation: u64) {
        let mut inner = self.lock();
        if inner.generation != generation {
            return;
        }
        if inner.entries.len() >= TOKENS_MAX && !inner.entries.contains_key(id) {
            inner.entries.retain(|_, entry| is_fresh(entry, now));
            if inner.entries.len() >= TOKENS_MAX {
                inner.entries.clear();
            }
        }
        inner.entries.insert(id.to_owned(), Entry { state, read_at: now, use_claimed: false });
    }

    /// True for the first caller that would note a use of this entry.
    pub fn claims_use(&self, id: &str, now: Timestamp) -> bool {
        let mut inner = self.lock();
        match inner.entries.get_mut(id) {
            Some(entry) if is_fresh(entry, now) => !std::mem::replace(&mut entry.use_claimed, true),
            _ => true,
        }
    }

    /// Forgets a token at once.
    pub fn forget(&self, id: &str) {
        let mut inner = self.lock();
        inner.generation += 1;
        inner.entries.remove(id);
    }
}

fn is_fresh(entry: &Entry, now: Timestamp) -> bool {
    let age = now.duration_since(entry.read_at);
    age < BELIEVED && age >= SignedDuration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn believes_for_five_seconds_and_forgets_at_once() {
        let cache = Cache::default();
        let state = Arc::new(TokenState::default());
        cache.put("a", state.clone(), START, cache.generation());
        assert!(cache.get("a", START + SignedDuration::from_millis(4_999)).is_some());
        assert!(cache.get("a", START + BELIEVED).is_none());
        cache.forget("a");
        assert!(cache.get("a", START).is_none());
    }

    #[test]
    fn a_read_that_began_before_a_revocation_is_not_remembered() {
        let cache = Cache::default();
        let before = cache.generation();
        cache.forget("a");
        cache.put("a", Arc::new(TokenState::default()), START, before);
        assert!(cache.get("a", START).is_none());
    }

    #[test]
    fn stays_within_its_bound() {
        let cache = Cache::default();
        let state = Arc::new(TokenState::default());
        for number in 0..TOKENS_MAX * 2 + 1 {
            cache.put(&number.to_string(), state.clone(), START, cache.generation());
            assert!(cache.lock().entries.len() <= TOKENS_MAX);
        }
    }

    #[test]
    fn one_caller_claims_a_use() {
        let cache = Cache::default();
        cache.put("a", Arc::new(TokenState::default()), START, cache.generation());
        assert!(cache.claims_use("a", START));
        assert!(!cache.claims_use("a", START));
    }
}
