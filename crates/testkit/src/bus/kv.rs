//! Key-value buckets.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use lockstep_ports::{ErrorKind, Kv, KvEntry, KvEvent, PortError};
use tokio::sync::mpsc;

use super::{MemoryBus, State, refused};

/// A bucket with everybody who watches it.
pub(super) struct Bucket {
    history: usize,
    revision: u64,
    keys: BTreeMap<String, Vec<Version>>,
    watchers: Vec<(String, mpsc::UnboundedSender<KvEvent>)>,
}

/// One version of a key; without a value it is a deletion.
struct Version {
    revision: u64,
    value: Option<Bytes>,
}

impl Bucket {
    pub(super) fn new(history: usize) -> Self {
        Self { history, revision: 0, keys: BTreeMap::new(), watchers: Vec::new() }
    }

    pub(super) fn lose(&mut self) {
        self.revision = 0;
        let keys = std::mem::take(&mut self.keys);
        let had_value =
            |versions: &Vec<Version>| versions.last().is_some_and(|v| v.value.is_some());
        for (key, _) in keys.into_iter().filter(|(_, versions)| had_value(versions)) {
            let event = KvEvent::Deleted { key: key.clone(), revision: 0 };
            self.watchers.retain(|(prefix, watcher)| {
                !key.starts_with(prefix.as_str()) || watcher.send(event.clone()).is_ok()
            });
        }
    }

    fn present(&self, key: &str) -> Option<KvEntry> {
        entry(key, self.keys.get(key)?.last()?)
    }

    fn write(&mut self, key: &str, value: Option<Bytes>) -> u64 {
        self.revision += 1;
        let revision = self.revision;
        let versions = self.keys.entry(key.to_owned()).or_default();
        versions.push(Version { revision, value: value.clone() });
        let surplus = versions.len().saturating_sub(self.history);
        versions.drain(..surplus);
        let event = match value {
            Some(value) => KvEvent::Put(KvEntry { key: key.to_owned(), value, revision }),
            None => KvEvent::Deleted { key: key.to_owned(), revision },
        };
        self.watchers.retain(|(prefix, watcher)| {
            !key.starts_with(prefix.as_str()) || watcher.send(event.clone()).is_ok()
        });
        revision
    }
}

#[async_trait]
impl Kv for MemoryBus {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<KvEntry>, PortError> {
        check_key(key)?;
        Ok(self.reach("reading a bucket")?.bucket(bucket)?.present(key))
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expected: u64,
    ) -> Result<u64, PortError> {
        check_key(key)?;
        let mut state = self.reach("writing to a bucket")?;
        let bucket = state.bucket(bucket)?;
        let present = bucket.present(key).map_or(0, |entry| entry.revision);
        if present != expected {
            let what = format!("writing {key}: revision {present} is not {expected}");
            return Err(PortError::plain(ErrorKind::Conflict, what));
        }
        Ok(bucket.write(key, Some(value)))
    }

    async fn delete(
        &self,
        bucket: &str,
        key: &str,
        expected: Option<u64>,
    ) -> Result<(), PortError> {
        check_key(key)?;
        let mut state = self.reach("deleting from a bucket")?;
        let bucket = state.bucket(bucket)?;
        let present = bucket.present(key).map_or(0, |entry| entry.revision);
        if let Some(expected) = expected.filter(|expected| *expected != present) {
            let what = format!("deleting {key}: revision {present} is not {expected}");
            return Err(PortError::plain(ErrorKind::Conflict, what));
        }
        if present > 0 {
            bucket.write(key, None);
        }
        Ok(())
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<KvEntry>, PortError> {
        let mut state = self.reach("listing a bucket")?;
        let bucket = state.bucket(bucket)?;
        let keys = bucket.keys.keys().filter(|key| key.starts_with(prefix));
        Ok(keys.filter_map(|key| bucket.present(key)).collect())
    }

    async fn history(&self, bucket: &str, key: &str) -> Result<Vec<KvEntry>, PortError> {
        check_key(key)?;
        let mut state = self.reach("reading a history")?;
        let versions = state.bucket(bucket)?.keys.get(key);
        Ok(versions.into_iter().flatten().filter_map(|version| entry(key, version)).collect())
    }

    async fn history_of(
        &self,
        bucket: &str,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<KvEntry>, PortError> {
        let mut state = self.reach("reading a history")?;
        let keys = state.bucket(bucket)?.keys.iter().filter(|(key, _)| key.starts_with(prefix));
        let versions = keys.flat_map(|(key, all)| all.iter().map(move |each| (key, each)));
        let mut entries: Vec<KvEntry> =
            versions.filter_map(|(key, version)| entry(key, version)).collect();
        entries.sort_by_key(|entry| Reverse(entry.revision));
        entries.truncate(limit);
        Ok(entries)
    }

    async fn watch(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<BoxStream<'static, KvEvent>, PortError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.reach("watching a bucket")?;
        let bucket = state.bucket(bucket)?;
        let keys = bucket.keys.keys().filter(|key| key.starts_with(prefix));
        let mut present: Vec<KvEntry> = keys.filter_map(|key| bucket.present(key)).collect();
        present.sort_by_key(|entry| entry.revision);
        bucket.watchers.push((prefix.to_owned(), sender));
        let present = present.into_iter().map(KvEvent::Put).chain([KvEvent::CaughtUp]);
        let changes = stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|event| (event, receiver))
        });
        Ok(stream::iter(present).chain(changes).boxed())
    }
}

impl State {
    fn bucket(&mut self, name: &str) -> Result<&mut Bucket, PortError> {
        self.buckets.get_mut(name).ok_or_else(|| refused(format!("there is no bucket {name}")))
    }
}

fn entry(key: &str, version: &Version) -> Option<KvEntry> {
    let value = version.value.clone()?;
    Some(KvEntry { key: key.to_owned(), value, revision: version.revision })
}

fn check_key(key: &str) -> Result<(), PortError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-/_=.".contains(&byte);
    if key.split('.').any(str::is_empty) || !key.bytes().all(is_plain) {
        return Err(refused(format!("{key:?}: a key holds letters, digits and -/_=. only")));
    }
    Ok(())
}
