//! Everything that the parts of one stand-in share.

use crate::clock::Clock;
use crate::graphql::schema::AdminSchema;
use crate::model::Shop;
use crate::save::Log;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
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
    /// The state file, if there is one.
    pub log: Option<Arc<Log>>,
    /// Where it listens.
    address: OnceLock<String>,
    shops: Mutex<BTreeMap<String, Arc<Cell>>>,
    work: Notify,
}

/// A shop behind a lock.
#[derive(Debug)]
pub struct Cell {
    shop: Mutex<Shop>,
    log: Option<Arc<Log>>,
    changed: Notify,
}

impl Cell {
    fn new(shop: Shop, log: Option<Arc<Log>>) -> Arc<Self> {
        Arc::new(Self { shop: Mutex::new(shop), log, changed: Notify::new() })
    }

    /// The shop as it is now.
    #[must_use]
    pub fn copy(&self) -> Shop {
        self.shop.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until there is something to be found, which is looked for whenever the shop was
    /// let go.
    pub async fn until<T>(&self, mut find: impl FnMut(&Shop) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let found = {
                let shop = self.shop.lock().unwrap_or_else(PoisonError::into_inner);
                find(&shop)
            };
            match found {
                Some(found) => return found,
                None => changed.await,
            }
        }
    }
}

/// A shop that is locked. What was changed is in the state file when it is let go.
#[derive(Debug)]
pub struct Open<'c> {
    shop: MutexGuard<'c, Shop>,
    cell: &'c Cell,
}

impl Open<'_> {
    /// Writes the whole shop into the state file, not only what changed.
    pub fn write_whole(&mut self) {
        if let Some(log) = &self.cell.log {
            log.whole(&mut self.shop);
        }
    }
}

impl Deref for Open<'_> {
    type Target = Shop;

    fn deref(&self) -> &Shop {
        &self.shop
    }
}

impl DerefMut for Open<'_> {
    fn deref_mut(&mut self) -> &mut Shop {
        &mut self.shop
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        match &self.cell.log {
            Some(log) => log.change(&mut self.shop),
            None => self.shop.forget_changes(),
        }
        // Whoever waits has to lock, and so waits for the end of this as well.
        self.cell.changed.notify_waiters();
    }
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
            log: None,
            address: OnceLock::new(),
            shops: Mutex::default(),
            work: Notify::new(),
        }
    }

    /// Takes over the state file and the shops that it holds.
    pub fn keep(&mut self, log: Log, shops: Vec<Shop>) {
        let log = Arc::new(log);
        let cell = |shop: Shop| {
            let domain = shop.domain.clone();
            (domain, Cell::new(shop, Some(Arc::clone(&log))))
        };
        self.shops = Mutex::new(shops.into_iter().map(cell).collect());
        self.log = Some(log);
    }

    /// Says where it listens, once.
    pub fn listens_at(&self, url: String) {
        // Only its start says it.
        let _ = self.address.set(url);
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        self.address.get().map_or("", String::as_str)
    }

    /// All shops.
    #[must_use]
    pub fn shops(&self) -> Vec<Arc<Cell>> {
        plain(&self.shops).values().cloned().collect()
    }

    /// Domains of all shops.
    #[must_use]
    pub fn domains(&self) -> Vec<String> {
        plain(&self.shops).keys().cloned().collect()
    }

    /// A shop by its domain.
    #[must_use]
    pub fn shop(&self, domain: &str) -> Option<Arc<Cell>> {
        plain(&self.shops).get(domain).cloned()
    }

    /// Adds a shop; false when the domain is taken.
    pub fn add(&self, shop: Shop) -> bool {
        let mut shops = plain(&self.shops);
        let free = !shops.contains_key(&shop.domain);
        if free {
            let domain = shop.domain.clone();
            let cell = Cell::new(shop, self.log.clone());
            lock(&cell).write_whole();
            shops.insert(domain, cell);
        }
        free
    }

    /// Removes a shop; false when there is none.
    pub fn remove(&self, domain: &str) -> bool {
        let mut shops = plain(&self.shops);
        let Some(shop) = shops.remove(domain) else {
            return false;
        };
        // Nobody changes it any more when its end is written.
        let _held = lock(&shop);
        if let Some(log) = &self.log {
            log.gone(domain);
        }
        true
    }

    /// The first number for objects of the next shop: no two shops share a number.
    #[must_use]
    pub fn first_id(&self) -> i64 {
        let highest = plain(&self.shops).values().map(|shop| lock(shop).next_id).max();
        let shops_before = highest.map_or(0, |highest| highest / 1_000_000_000_000 + 1);
        61_000_000_001 + shops_before * 1_000_000_000_000
    }

    /// Tells the delivery that there may be something to send.
    pub fn wake(&self) {
        self.work.notify_one();
    }

    /// Waits for [`World::wake`]; what was told before this is polled counts.
    pub async fn woken(&self) {
        self.work.notified().await;
    }
}

/// Locks a shop; a panic elsewhere does not make it unreadable.
pub fn lock(cell: &Cell) -> Open<'_> {
    let shop = cell.shop.lock().unwrap_or_else(PoisonError::into_inner);
    Open { shop, cell }
}

fn plain<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
