//! A lease in a bucket: one of all replicas does what must not be done twice at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{Clock, IdSource};
use crate::error::{ErrorKind, PortError};
use crate::kv::{Kv, KvEntry};

/// What stands under the key of a lease.
#[derive(Debug, Serialize, Deserialize)]
struct Holding {
    holder: Uuid,
    until: Timestamp,
}

/// Leases of one bucket. Whoever dies with one keeps it no longer than until its end; whoever is
/// slower than that must bear that another has begun, so what is done under a lease still ends in a
/// compare-and-set.
#[derive(Clone)]
pub struct KvLeases {
    kv: Arc<dyn Kv>,
    bucket: &'static str,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

/// A lease that is held.
#[derive(Debug, PartialEq, Eq)]
pub struct KvLease {
    key: String,
    revision: u64,
}

impl KvLeases {
    /// Leases of a bucket.
    #[must_use]
    pub fn new(
        kv: Arc<dyn Kv>,
        bucket: &'static str,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self { kv, bucket, clock, ids }
    }

    /// Takes a lease for a time; `None` while somebody else holds it. Errors: those of the bucket.
    pub async fn take(&self, key: &str, time: Duration) -> Result<Option<KvLease>, PortError> {
        let now = self.clock.now();
        let present = self.kv.get(self.bucket, key).await?;
        let held = present.as_ref().and_then(|entry| {
            // What cannot be read was written by nobody who knows leases: it holds nothing.
            serde_json::from_slice::<Holding>(&entry.value).ok()
        });
        if held.is_some_and(|held| held.until > now) {
            return Ok(None);
        }
        let until = now.checked_add(time).unwrap_or(Timestamp::MAX);
        let holder = self.ids.next_id();
        let holding = Holding { holder, until };
        let value = serde_json::to_vec(&holding)
            .map_err(|error| PortError::new(ErrorKind::Permanent, "write a lease", error))?;
        let expected = present.map_or(0, |entry| entry.revision);
        match self.kv.put(self.bucket, key, Bytes::from(value), expected).await {
            Ok(revision) => Ok(Some(KvLease { key: key.to_owned(), revision })),
            Err(failed) => self.look_again(key, holder, failed).await,
        }
    }

    /// A write whose answer was lost may have been done: then the lease is held, and nobody else
    /// would ever give it back.
    async fn look_again(
        &self,
        key: &str,
        holder: Uuid,
        failed: PortError,
    ) -> Result<Option<KvLease>, PortError> {
        let is_lost = failed.kind != ErrorKind::Conflict;
        match self.kv.get(self.bucket, key).await {
            Ok(Some(entry)) if is_held_by(&entry, holder) => {
                Ok(Some(KvLease { key: key.to_owned(), revision: entry.revision }))
            }
            _ if is_lost => Err(failed),
            _ => Ok(None),
        }
    }

    /// Gives a lease back before its end. One that ended meanwhile and is somebody else's stays
    /// theirs. Errors: those of the bucket; the lease then ends by itself.
    pub async fn release(&self, lease: KvLease) -> Result<(), PortError> {
        match self.kv.delete(self.bucket, &lease.key, Some(lease.revision)).await {
            Err(failed) if failed.kind == ErrorKind::Conflict => Ok(()),
            released => released,
        }
    }
}

fn is_held_by(entry: &KvEntry, holder: Uuid) -> bool {
    serde_json::from_slice::<Holding>(&entry.value).is_ok_and(|held| held.holder == holder)
}
