//! One store's points in this process: who may call now, and who goes first.
//!
//! Waiting calls are let through by urgency, then by age; the first of them holds back the rest
//! until its points are there, so a dear call is not starved by cheap ones behind it. The points
//! themselves are in a [`Ledger`] that all processes share: a call goes only after its points were
//! reserved there, by one write for all calls that wait, and its answer is told there by another.
//!
//! Until the first answer of a store one call goes alone. While the ledger cannot be reached, this
//! process goes on with its share of what all of them knew last, and never waits for it.

mod book;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lockstep_domain::StoreId;
use lockstep_domain::points::{Bucket, Ledger, Meter, Observed};
use lockstep_ports::{Clock, ErrorKind, Kv, PortError, StoredPoints, Urgency};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use book::{Book, Key, Step};

/// Longest wait for points. What waits longer is given back: its numbers grow stale, and its
/// caller can decide again.
pub const POINTS_WAIT_MAX: Duration = Duration::from_secs(5);
/// A rise gives its place in its lane back sooner: falls may become due behind it.
const RISE_WAIT_MAX: Duration = Duration::from_secs(1);
/// Longest wait for an answer of the shared ledger, after which this process goes on alone, and
/// the time in which the ledger may be written again after others came between.
const LEDGER_WAIT_MAX: Duration = Duration::from_millis(500);
/// The ledger is not asked again so soon after it could not be reached.
const LEDGER_PAUSE: Duration = Duration::from_secs(2);
/// When others wrote between for too long, the ledger is looked at again after this.
const CROWDED_PAUSE: Duration = Duration::from_millis(50);

/// Where the ledger is kept, and as whom this process writes there.
#[derive(Clone)]
pub struct SharedPoints {
    /// The buckets.
    pub kv: Arc<dyn Kv>,
    /// An id of this process that no other has.
    pub holder: String,
    /// What still tells the ledger.
    tasks: TaskTracker,
}

impl SharedPoints {
    /// The ledgers in these buckets, for a process that no other has the id of.
    pub fn new(kv: Arc<dyn Kv>, holder: String) -> Self {
        Self { kv, holder, tasks: TaskTracker::new() }
    }

    /// Waits until the ledger was told of every answer so far.
    pub async fn told(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

/// The budget of one store.
pub struct Budget {
    place: Option<(SharedPoints, StoreId)>,
    book: Mutex<Book>,
    changed: Notify,
    /// Held while the ledger is written: this process writes once for all that wait.
    writing: tokio::sync::Mutex<()>,
}

/// How a call ended, for the meter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// The bucket that the answer showed; `None`: none.
    pub bucket: Option<Bucket>,
    /// Points that it cost, as far as the answer tells.
    pub points: Option<f64>,
    /// True when the bucket was empty.
    pub throttled: bool,
}

impl Budget {
    /// The budget of a shop. Without a place it is this process's own.
    pub fn new(place: Option<(SharedPoints, StoreId)>) -> Self {
        let holder = place.as_ref().map_or("alone", |(shared, _)| shared.holder.as_str());
        Self {
            book: Mutex::new(Book::new(holder, place.is_some())),
            place,
            changed: Notify::new(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    /// Waits for points, at most [`POINTS_WAIT_MAX`]; a rise less.
    ///
    /// # Errors
    /// How long the points will still take.
    pub async fn acquire(
        self: &Arc<Self>,
        clock: &dyn Clock,
        urgency: Urgency,
        cost: u32,
    ) -> Result<Permit, Duration> {
        let begun = clock.now();
        let patience = if urgency == Urgency::StockUp { RISE_WAIT_MAX } else { POINTS_WAIT_MAX };
        let deadline = add(begun, patience);
        let place = Place::take(self, (urgency, begun), f64::from(cost));
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening begins before the look, so that no change falls between the two.
            changed.as_mut().enable();
            let mut wait = patience;
            if self.lock().is_first(&place.key) {
                wait = self.settle(clock).await.unwrap_or(wait);
            }
            let claimed = self.lock().claim(&place.key);
            if let Some(reserved) = claimed {
                return Ok(place.into_permit(reserved));
            }
            let now = clock.now();
            let until = add(now, wait);
            if until > deadline && now >= deadline {
                return Err(wait.max(Duration::from_secs(1)));
            }
            tokio::select! {
                () = changed => {}
                () = clock.sleep_until(until.min(deadline)) => {}
            }
        }
    }

    /// Share of the bucket that is left; `None` before the first answer.
    pub fn left(&self, now: Timestamp) -> Option<f64> {
        self.lock().left(now)
    }

    /// Counts levels that were written.
    pub fn wrote_levels(&self, levels: usize) {
        let levels = u64::try_from(levels).unwrap_or(u64::MAX);
        self.lock().count(&Meter { levels, ..Meter::default() });
    }

    /// Tells the ledger of an answer, beside whoever waits for that answer.
    fn tell(self: Arc<Self>, clock: &Arc<dyn Clock>) {
        let Some((shared, _)) = &self.place else {
            // Nobody else is told, and nothing is waited for.
            drop(self.lock().next(clock.now()));
            return;
        };
        let (tasks, clock) = (shared.tasks.clone(), Arc::clone(clock));
        tasks.spawn(async move { self.settle(&*clock).await });
    }

    /// Tells the ledger what this process spent and reserves what its waiting calls need. Gives
    /// how long the first of those that remain will wait.
    async fn settle(&self, clock: &dyn Clock) -> Option<Duration> {
        let _one = self.writing.lock().await;
        let deadline = add(clock.now(), LEDGER_WAIT_MAX);
        loop {
            let step = self.lock().next(clock.now());
            let done = match (step, &self.place) {
                (Step::Load | Step::Save(..), Some(_)) if clock.now() > deadline => {
                    self.lock().outdated();
                    debug!("others write the shared budget all the time; looked at again soon");
                    return Some(CROWDED_PAUSE);
                }
                (Step::Done(wait), _) => {
                    // Told once: it wakes its teller too, who would else go round until the
                    // calls that were let through have gone.
                    if self.lock().take_news() {
                        self.changed.notify_waiters();
                    }
                    return wait;
                }
                (Step::Load, Some(place)) => self.load(place, clock).await,
                (Step::Save(ledger, revision), Some(place)) => {
                    self.save(place, (&ledger, revision), clock).await
                }
                (Step::Load | Step::Save(..), None) => return None,
            };
            if let Err(why) = done {
                let pause_until = add(clock.now(), LEDGER_PAUSE);
                if self.lock().go_alone(pause_until, clock.now()) {
                    let store = &self.place.as_ref()?.1;
                    warn!(%store, error = why, "the shared budget cannot be reached; \
                          this process goes on with its share");
                }
            }
        }
    }

    async fn load(
        &self,
        (shared, store): &(SharedPoints, StoreId),
        clock: &dyn Clock,
    ) -> Result<(), String> {
        let loading = StoredPoints::load(&*shared.kv, store);
        let stored = within(clock, loading).await?.map_err(|error| error.chain())?;
        if self.lock().loaded(stored, clock.now()) {
            info!(%store, "the shared budget can be reached again");
        }
        Ok(())
    }

    async fn save(
        &self,
        (shared, store): &(SharedPoints, StoreId),
        (ledger, revision): (&Ledger, u64),
        clock: &dyn Clock,
    ) -> Result<(), String> {
        let saving = StoredPoints::save(&*shared.kv, store, ledger, revision);
        match within(clock, saving).await? {
            Ok(revision) => self.lock().saved(revision, clock.now()),
            Err(error) if error.kind == ErrorKind::Conflict => {
                self.lock().outdated();
            }
            Err(error) => return Err(error.chain()),
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        // A panic elsewhere cannot leave the figures half written; they stay usable.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ledger must not keep a call waiting.
async fn within<T>(
    clock: &dyn Clock,
    exchange: impl Future<Output = Result<T, PortError>>,
) -> Result<Result<T, PortError>, String> {
    tokio::select! {
        biased;
        result = exchange => Ok(result),
        () = clock.sleep_until(add(clock.now(), LEDGER_WAIT_MAX)) => {
            Err(format!("no answer within {LEDGER_WAIT_MAX:?}"))
        }
    }
}

/// A place among the waiting; given up when the call is no longer wanted.
struct Place {
    budget: Arc<Budget>,
    key: Key,
    cost: f64,
    is_claimed: bool,
}

impl Place {
    fn take(budget: &Arc<Budget>, (urgency, since): (Urgency, Timestamp), cost: f64) -> Self {
        let key = budget.lock().wait(urgency, cost, since);
        Self { budget: Arc::clone(budget), key, cost, is_claimed: false }
    }

    fn into_permit(mut self, (epoch, spent_before): (u64, f64)) -> Permit {
        self.is_claimed = true;
        Permit {
            budget: Arc::clone(&self.budget),
            urgency: self.key.0,
            cost: self.cost,
            epoch,
            spent_before,
            is_told: false,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_claimed {
            self.budget.lock().give_up(&self.key);
        }
        self.budget.changed.notify_waiters();
    }
}

/// Points reserved for one call in the air.
pub struct Permit {
    budget: Arc<Budget>,
    urgency: Urgency,
    cost: f64,
    epoch: u64,
    spent_before: f64,
    is_told: bool,
}

impl Permit {
    /// Learns from an answer and gives back what it did not cost. Whoever has the answer does not
    /// wait until the ledger is told.
    pub fn answered(mut self, spent: Spent, clock: &Arc<dyn Clock>) {
        let points = match spent.throttled {
            true => 0.0,
            false => spent.points.unwrap_or(self.cost).clamp(0.0, self.cost),
        };
        let seen = spent.bucket.filter(Bucket::is_usable).map(|bucket| Observed {
            bucket,
            received: clock.now(),
            spent_before: self.spent_before,
            own: points,
        });
        let mut meter = Meter { calls: 1, throttled: spent.throttled.into(), ..Meter::default() };
        meter.points.insert(self.urgency, points);
        self.is_told = true;
        {
            let mut book = self.budget.lock();
            book.landed(self.cost, points);
            book.count(&meter);
            match seen {
                Some(seen) => book.observed(self.epoch, seen),
                None => book.saw_no_bucket(),
            }
        }
        Arc::clone(&self.budget).tell(clock);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.is_told {
            // Nobody knows whether Shopify took the points: they count as spent.
            self.budget.lock().landed(self.cost, self.cost);
        }
        self.budget.changed.notify_waiters();
    }
}

fn add(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
