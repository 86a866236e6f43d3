//! An in-memory broker that behaves like the real one, and misbehaves on demand.
//!
//! It is deterministic: nothing happens by itself. What the real broker does after a time (it
//! delivers again what nobody acknowledged) happens when a test says so.

mod ask;
mod faulty;
mod kv;
mod messages;
mod objects;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lockstep_contracts::Stream;
use lockstep_ports::{ErrorKind, Outgoing, PortError};
use tokio::sync::Notify;

pub use faulty::{Fails, FaultyKv, HeldWrite};

use ask::Answerers;
use kv::Bucket;
use messages::{Consumer, Kept};

/// The real server's default limit of one message, and of one atomic batch.
const PAYLOAD_MAX: usize = 1024 * 1024;
const BATCH_MESSAGES_MAX: usize = 1_000;

/// An in-memory broker. Clones share it.
#[derive(Clone, Default)]
pub struct MemoryBus {
    state: Arc<Mutex<State>>,
    published: Arc<Notify>,
}

#[derive(Default)]
struct State {
    faults: Faults,
    /// What new messages are dated.
    now: Timestamp,
    streams: BTreeMap<Stream, Vec<Kept>>,
    consumers: BTreeMap<(Stream, String), Consumer>,
    buckets: BTreeMap<String, Bucket>,
    objects: BTreeMap<String, BTreeMap<String, bytes::Bytes>>,
    answerers: Answerers,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// The broker is away: every call fails, and nothing is taken.
    pub is_away: bool,
    /// Each message comes twice.
    pub duplicates: bool,
    /// Messages of one pull come in an order that this seed gives.
    pub reorders: Option<u64>,
    /// Acknowledgements get lost.
    pub loses_acks: bool,
    /// The next publish is taken, and its answer gets lost.
    pub loses_publish_ack: bool,
}

impl MemoryBus {
    /// An empty broker with the product's buckets and object store.
    #[must_use]
    pub fn new() -> Self {
        let bus = Self::default();
        {
            let mut state = bus.lock();
            let buckets = [("settings", 64), ("shopify", 1), ("keys", 1), ("idempotency", 1)];
            for (bucket, history) in buckets {
                state.buckets.insert(bucket.to_owned(), Bucket::new(history));
            }
            state.objects.insert("shopify-bodies".to_owned(), BTreeMap::new());
        }
        bus
    }

    /// Changes what goes wrong from now on.
    pub fn with_faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.lock().faults);
        self.published.notify_waiters();
    }

    /// Everything that was published to a stream, in order of sequence (the first is 1).
    #[must_use]
    pub fn published(&self, stream: Stream) -> Vec<Outgoing> {
        let state = self.lock();
        let log = state.streams.get(&stream);
        log.into_iter().flatten().map(|kept| kept.message.clone()).collect()
    }

    /// Names of all buckets.
    #[must_use]
    pub fn buckets(&self) -> Vec<String> {
        self.lock().buckets.keys().cloned().collect()
    }

    /// Dates what is published from now on.
    pub fn set_time(&self, now: Timestamp) {
        self.lock().now = now;
    }

    /// As if the broker lost its disk and was laid out anew: streams and buckets count from 1
    /// again, and watchers learn that every key is gone.
    pub fn lose_everything(&self) {
        let mut state = self.lock();
        state.streams.clear();
        state.consumers.clear();
        state.buckets.values_mut().for_each(Bucket::lose);
        state.objects.values_mut().for_each(BTreeMap::clear);
    }

    /// As if the acknowledgement wait of every consumer had passed: what was delivered and not
    /// acknowledged comes again.
    pub fn redeliver(&self) {
        let mut state = self.lock();
        state.consumers.values_mut().for_each(Consumer::redeliver);
        drop(state);
        self.published.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, when the broker is there.
    fn reach(&self, doing: &str) -> Result<MutexGuard<'_, State>, PortError> {
        let state = self.lock();
        if state.faults.is_away {
            let what = format!("{doing}: the broker is away");
            return Err(PortError::plain(ErrorKind::Transient, what));
        }
        Ok(state)
    }
}

fn refused(what: impl Into<String>) -> PortError {
    PortError::plain(ErrorKind::Permanent, what)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lockstep_ports::{Bus, ConsumerSpec};

    use super::*;

    fn messages(count: u32) -> Vec<Outgoing> {
        let message = |n: u32| Outgoing {
            stream: Stream::Stock,
            subject: "stock.v1.north.0.pushed".to_owned(),
            headers: Vec::new(),
            body: n.to_string().into(),
        };
        (0..count).map(message).collect()
    }

    fn consumer(durable: &str) -> ConsumerSpec {
        ConsumerSpec { stream: Stream::Stock, durable: durable.to_owned(), filters: Vec::new() }
    }

    async fn pull(bus: &MemoryBus, durable: &str) -> Vec<(u64, u64)> {
        let delivered = bus.pull(&consumer(durable), 0, 100, Duration::ZERO).await.unwrap();
        bus.ack(&delivered).await.unwrap();
        delivered.iter().map(|message| (message.sequence, message.attempt)).collect()
    }

    #[tokio::test]
    async fn duplicates_come_as_second_deliveries() {
        let bus = MemoryBus::new();
        bus.publish(messages(2)).await.unwrap();
        bus.with_faults(|faults| faults.duplicates = true);
        assert_eq!(pull(&bus, "a").await, [(1, 1), (2, 1), (1, 2), (2, 2)]);
    }

    #[tokio::test]
    async fn a_seed_gives_one_order_and_loses_nothing() {
        let bus = MemoryBus::new();
        bus.publish(messages(20)).await.unwrap();
        bus.with_faults(|faults| faults.reorders = Some(7));
        let first = pull(&bus, "a").await;
        assert_eq!(first, pull(&bus, "b").await);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_ne!(first, sorted);
        assert_eq!(sorted, (1..=20).map(|sequence| (sequence, 1)).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn lost_acknowledgements_bring_messages_again() {
        let bus = MemoryBus::new();
        bus.publish(messages(2)).await.unwrap();
        bus.with_faults(|faults| faults.loses_acks = true);
        assert_eq!(pull(&bus, "a").await, [(1, 1), (2, 1)]);
        assert_eq!(pull(&bus, "a").await, []);
        bus.redeliver();
        assert_eq!(pull(&bus, "a").await, [(1, 2), (2, 2)]);
    }

    #[tokio::test]
    async fn a_lost_answer_is_transient_and_the_batch_is_taken() {
        let bus = MemoryBus::new();
        bus.with_faults(|faults| faults.loses_publish_ack = true);
        assert_eq!(bus.publish(messages(2)).await.unwrap_err().kind, ErrorKind::Transient);
        bus.publish(messages(2)).await.unwrap();
        assert_eq!(bus.published(Stream::Stock).len(), 4);
        bus.with_faults(|faults| faults.is_away = true);
        assert_eq!(bus.publish(messages(1)).await.unwrap_err().kind, ErrorKind::Transient);
        assert!(!bus.is_ready().await);
        assert_eq!(bus.published(Stream::Stock).len(), 4);
    }
}
