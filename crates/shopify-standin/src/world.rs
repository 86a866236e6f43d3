//! Everything that the parts of one stand-in share.

use crate::clock::Clock;
use crate::graphql::schema::AdminSchema;
use crate::model::Shop;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

/// The shared parts.
#[derive(Debug)]
pub struct World {
    /// The published schema.
    pub schema: Arc<AdminSchema>,
    /// Time.
    pub clock: Clock,
    /// Multiplies distances between webhook attempts.
    pub retry_scale: f64,
    /// Journal entries kept per shop.
    pub journal_limit: usize,
    /// Sends webhooks.
    pub http: reqwest::Client,
    /// Calls and deliveries that are under way.
    pub tasks: TaskTracker,
    shops: Mutex<BTreeMap<String, Arc<Mutex<Shop>>>>,
    work: Notify,
    changes: AtomicU64,
}

impl World {
    /// A world without shops.
    #[must_use]
    pub fn new(
        schema: Arc<AdminSchema>,
        clock: Clock,
        http: reqwest::Client,
        retry_scale: f64,
        journal_limit: usize,
    ) -> Self {
        Self {
            schema,
            clock,
            retry_scale,
            journal_limit,
            http,
            tasks: TaskTracker::new(),
            shops: Mutex::default(),
            work: Notify::new(),
            changes: AtomicU64::new(0),
        }
    }

    /// All shops.
    #[must_use]
    pub fn shops(&self) -> Vec<Arc<Mutex<Shop>>> {
        lock(&self.shops).values().cloned().collect()
    }

    /// Domains of all shops.
    #[must_use]
    pub fn domains(&self) -> Vec<String> {
        lock(&self.shops).keys().cloned().collect()
    }

    /// A shop by its domain.
    #[must_use]
    pub fn shop(&self, domain: &str) -> Option<Arc<Mutex<Shop>>> {
        lock(&self.shops).get(domain).cloned()
    }

    /// Adds a shop; false when the domain is taken.
    pub fn add(&self, shop: Shop) -> bool {
        let mut shops = lock(&self.shops);
        let free = !shops.contains_key(&shop.domain);
        if free {
            shops.insert(shop.domain.clone(), Arc::new(Mutex::new(shop)));
        }
        free
    }

    /// Removes a shop; false when there is none.
    pub fn remove(&self, domain: &str) -> bool {
        lock(&self.shops).remove(domain).is_some()
    }

    /// The first number for objects of the next shop: no two shops share a number.
    #[must_use]
    pub fn first_id(&self) -> i64 {
        let highest = lock(&self.shops).values().map(|shop| lock(shop).next_id).max();
        let shops_before = highest.map_or(0, |highest| highest / 1_000_000_000_000 + 1);
        61_000_000_001 + shops_before * 1_000_000_000_000
    }

    /// Tells the delivery that there may be something to send.
    pub fn wake(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.work.notify_one();
    }

    /// Grows whenever something may have changed.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Waits for [`World::wake`]; what was told before this is polled counts.
    pub async fn woken(&self) {
        self.work.notified().await;
    }
}

/// Locks; a panic elsewhere does not make the data unreadable.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
