//! Pairs that the process holds until they are kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lockstep_domain::StoreId;
use lockstep_ports::{Granted, HoldsPairs, StoreSecrets};
use secrecy::ExposeSecret as _;

/// What each pair takes the place of, and its token.
#[derive(Clone, Default)]
pub struct MemoryPairs(Arc<Mutex<BTreeMap<String, (StoreSecrets, String)>>>);

impl MemoryPairs {
    /// What the pair of a store that is held takes the place of.
    pub fn held(&self, store: &str) -> Option<StoreSecrets> {
        self.0.lock().unwrap().get(store).map(|(before, _)| before.clone())
    }
}

impl HoldsPairs for MemoryPairs {
    fn hold(&self, store: &StoreId, before: &StoreSecrets, granted: &Granted) {
        let token = granted.access_token.expose_secret().to_owned();
        self.0.lock().unwrap().insert(store.to_string(), (before.clone(), token));
    }

    fn let_go(&self, store: &StoreId, granted: &Granted) {
        let token = granted.access_token.expose_secret();
        self.0.lock().unwrap().retain(|of, (_, held)| of != store.as_str() || held != token);
    }
}
