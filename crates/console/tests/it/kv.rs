//! The broker's buckets, failing where a test says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use lockstep_ports::{ErrorKind, Kv, KvEntry, KvEvent, PortError};
use lockstep_testkit::bus::MemoryBus;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fails {
    /// Nothing is read or written.
    Away,
    /// Nothing is written.
    Before,
    /// It is written, and the answer gets lost.
    After,
}

/// Buckets over the memory bus.
#[derive(Clone)]
pub struct FaultyKv {
    bus: MemoryBus,
    fails: Arc<Mutex<Option<(&'static str, Fails)>>>,
    lists: Arc<AtomicUsize>,
}

impl FaultyKv {
    pub fn new(bus: &MemoryBus) -> Self {
        Self { bus: bus.clone(), fails: Arc::default(), lists: Arc::default() }
    }

    /// What a bucket is asked fails from now on.
    pub fn fail(&self, bucket: &'static str, fails: Fails) {
        *self.fails.lock().unwrap() = Some((bucket, fails));
    }

    /// How often all of a kind were listed.
    pub fn lists(&self) -> usize {
        self.lists.load(Ordering::Relaxed)
    }

    pub fn mend(&self) {
        *self.fails.lock().unwrap() = None;
    }

    fn fails(&self, bucket: &str) -> Option<Fails> {
        let fails = *self.fails.lock().unwrap();
        fails.filter(|(of, _)| *of == bucket).map(|(_, fails)| fails)
    }
}

fn lost<T>() -> Result<T, PortError> {
    Err(PortError::plain(ErrorKind::Transient, "no answer of the broker"))
}

#[async_trait]
impl Kv for FaultyKv {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<KvEntry>, PortError> {
        if self.fails(bucket) == Some(Fails::Away) {
            return lost();
        }
        self.bus.get(bucket, key).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expected: u64,
    ) -> Result<u64, PortError> {
        if matches!(self.fails(bucket), Some(Fails::Away | Fails::Before)) {
            return lost();
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
        if matches!(self.fails(bucket), Some(Fails::Away | Fails::Before)) {
            return lost();
        }
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
