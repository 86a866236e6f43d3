//! Buckets that are slow, silent or away where a test says.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use lockstep_ports::{ErrorKind, Kv, KvEntry, KvEvent, PortError};
use lockstep_testkit::bus::MemoryBus;
use tokio::sync::watch;

/// How the broker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broker {
    Here,
    /// Every question fails at once.
    Away,
    /// No question is ever answered.
    Silent,
    /// Every question is refused for good, as of a bucket that is not there.
    Refusing,
}

/// A write that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Held(&'static str),
    Waits,
    LetGo,
}

/// Buckets over the memory bus.
#[derive(Clone)]
pub struct SlowKv {
    bus: MemoryBus,
    broker: watch::Sender<Broker>,
    write: watch::Sender<Write>,
}

/// The next write of a key.
pub struct Slow(watch::Sender<Write>);

impl Slow {
    /// Waits until it is under way.
    pub async fn wait_for_one(&self) {
        let mut write = self.0.subscribe();
        let _ = write.wait_for(|write| *write == Write::Waits).await;
    }

    /// It arrives.
    pub fn let_go(&self) {
        self.0.send_replace(Write::LetGo);
    }
}

impl SlowKv {
    pub fn new(bus: &MemoryBus) -> Self {
        let (broker, write) = (watch::Sender::new(Broker::Here), watch::Sender::new(Write::LetGo));
        Self { bus: bus.clone(), broker, write }
    }

    pub fn go_away(&self) {
        self.broker.send_replace(Broker::Away);
    }

    pub fn fall_silent(&self) {
        self.broker.send_replace(Broker::Silent);
    }

    pub fn refuse(&self) {
        self.broker.send_replace(Broker::Refusing);
    }

    pub fn come_back(&self) {
        self.broker.send_replace(Broker::Here);
    }

    /// The next write of a key is under way until it is let go.
    pub fn hold(&self, key: &'static str) -> Slow {
        self.write.send_replace(Write::Held(key));
        Slow(self.write.clone())
    }

    async fn broker(&self) -> Result<(), PortError> {
        let broker = *self.broker.borrow();
        match broker {
            Broker::Here => Ok(()),
            Broker::Away => Err(PortError::plain(ErrorKind::Transient, "the broker is away")),
            Broker::Refusing => Err(PortError::plain(ErrorKind::Permanent, "no such bucket")),
            Broker::Silent => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Kv for SlowKv {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<KvEntry>, PortError> {
        self.broker().await?;
        self.bus.get(bucket, key).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expected: u64,
    ) -> Result<u64, PortError> {
        self.broker().await?;
        if matches!(*self.write.borrow(), Write::Held(held) if held == key) {
            let mut write = self.write.subscribe();
            self.write.send_replace(Write::Waits);
            let _ = write.wait_for(|write| *write == Write::LetGo).await;
            self.broker().await?;
        }
        self.bus.put(bucket, key, value, expected).await
    }

    async fn delete(
        &self,
        bucket: &str,
        key: &str,
        expected: Option<u64>,
    ) -> Result<(), PortError> {
        self.broker().await?;
        self.bus.delete(bucket, key, expected).await
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<KvEntry>, PortError> {
        self.bus.list(bucket, prefix).await
    }

    async fn history(&self, bucket: &str, key: &str) -> Result<Vec<KvEntry>, PortError> {
        self.bus.history(bucket, key).await
    }

    async fn history_of(
        &self,
        bucket: &str,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<KvEntry>, PortError> {
        self.bus.history_of(bucket, prefix, limit).await
    }

    async fn watch(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<BoxStream<'static, KvEvent>, PortError> {
        self.bus.watch(bucket, prefix).await
    }
}
