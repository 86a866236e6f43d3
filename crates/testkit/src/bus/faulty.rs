//! The broker's buckets, failing, silent or slow where a test says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use lockstep_ports::{ErrorKind, Kv, KvEntry, KvEvent, PortError};
use tokio::sync::watch;

use super::MemoryBus;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fails {
    /// Nothing is read or written.
    Away,
    /// Nothing is written.
    Before,
    /// It is written, and the answer gets lost.
    After,
    /// No question is ever answered.
    Silent,
    /// Every question is refused for good, as of a bucket that is not there.
    Refusing,
}

/// What fails, and of which bucket; none is all of them.
#[derive(Clone, Copy)]
struct Failing {
    bucket: Option<&'static str>,
    fails: Fails,
}

/// A write that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Held(&'static str),
    Waits,
    LetGo,
}

/// Buckets over the memory bus. Clones share it and what fails.
#[derive(Clone)]
pub struct FaultyKv {
    bus: MemoryBus,
    failing: Arc<Mutex<Option<Failing>>>,
    write: watch::Sender<Write>,
    lists: Arc<AtomicUsize>,
}

/// The next write of a key, which is under way until it is let go.
pub struct HeldWrite(watch::Sender<Write>);

impl HeldWrite {
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

impl FaultyKv {
    /// Buckets in which nothing fails yet.
    #[must_use]
    pub fn new(bus: &MemoryBus) -> Self {
        Self {
            bus: bus.clone(),
            failing: Arc::default(),
            write: watch::Sender::new(Write::LetGo),
            lists: Arc::default(),
        }
    }

    /// What a bucket is asked fails from now on.
    pub fn fail(&self, bucket: &'static str, fails: Fails) {
        self.set(Some(Failing { bucket: Some(bucket), fails }));
    }

    /// Whatever is asked fails from now on.
    pub fn fail_everywhere(&self, fails: Fails) {
        self.set(Some(Failing { bucket: None, fails }));
    }

    /// Nothing fails any more.
    pub fn mend(&self) {
        self.set(None);
    }

    /// The next write of a key is under way until it is let go.
    #[must_use]
    pub fn hold(&self, key: &'static str) -> HeldWrite {
        self.write.send_replace(Write::Held(key));
        HeldWrite(self.write.clone())
    }

    /// How often all of a kind were listed.
    #[must_use]
    pub fn lists(&self) -> usize {
        self.lists.load(Ordering::Relaxed)
    }

    fn set(&self, failing: Option<Failing>) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = failing;
    }

    fn fails(&self, bucket: &str) -> Option<Fails> {
        let failing = *self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = failing?;
        failing.bucket.is_none_or(|of| of == bucket).then_some(failing.fails)
    }

    /// What becomes of a question before it is asked.
    async fn ask(&self, bucket: &str, writes: bool) -> Result<(), PortError> {
        match self.fails(bucket) {
            Some(Fails::Away) => lost(),
            Some(Fails::Before) if writes => lost(),
            Some(Fails::Refusing) => Err(PortError::plain(ErrorKind::Permanent, "no such bucket")),
            Some(Fails::Silent) => std::future::pending().await,
            Some(Fails::Before | Fails::After) | None => Ok(()),
        }
    }
}

fn lost<T>() -> Result<T, PortError> {
    Err(PortError::plain(ErrorKind::Transient, "no answer of the broker"))
}

#[async_trait]
impl Kv for FaultyKv {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<KvEntry>, PortError> {
        self.ask(bucket, false).await?;
        self.bus.get(bucket, key).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expected: u64,
    ) -> Result<u64, PortError> {
        self.ask(bucket, true).await?;
        if matches!(*self.write.borrow(), Write::Held(held) if held == key) {
            let mut write = self.write.subscribe();
            self.write.send_replace(Write::Waits);
            let _ = write.wait_for(|write| *write == Write::LetGo).await;
            self.ask(bucket, true).await?;
        }
        let written = self.bus.put(bucket, key, value, expected).await;
        if self.fails(bucket) == Some(Fails::After) { lost() } else { written }
    }

    async fn delete(
        &self,
        bucket: &str,
        key: &str,
        expected: Option<u64>,
    ) -> Result<(), PortError> {
        self.ask(bucket, true).await?;
        let deleted = self.bus.delete(bucket, key, expected).await;
        if self.fails(bucket) == Some(Fails::After) { lost() } else { deleted }
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<KvEntry>, PortError> {
        self.lists.fetch_add(1, Ordering::Relaxed);
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
