//! Key-value buckets: settings and Shopify's sealed secrets.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::error::PortError;

/// One value with its revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvEntry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Bytes,
    /// Revision in the bucket: grows with every write of any key.
    pub revision: u64,
}

/// What a watcher sees. After a broker lost its data, revisions count anew: a lower one than before
/// is no older news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KvEvent {
    /// A key has this value now.
    Put(KvEntry),
    /// A key is gone.
    Deleted {
        /// The key.
        key: String,
        /// Revision of the deletion.
        revision: u64,
    },
    /// Everything that existed when the watch began has been seen.
    CaughtUp,
}

/// Buckets of the broker. They exist: topology makes them.
#[async_trait]
pub trait Kv: Send + Sync + 'static {
    /// The present value.
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<KvEntry>, PortError>;

    /// Writes when the key's revision is `expected` (0: when it does not exist); gives the new
    /// revision. Errors: `Conflict` when it is not.
    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expected: u64,
    ) -> Result<u64, PortError>;

    /// Removes a key; with `expected` only at that revision (0: when there is none to remove).
    /// Errors: `Conflict` when it has another.
    async fn delete(&self, bucket: &str, key: &str, expected: Option<u64>)
    -> Result<(), PortError>;

    /// All present values whose key begins with `prefix`, in order of key.
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<KvEntry>, PortError>;

    /// The kept versions of one key, oldest first.
    async fn history(&self, bucket: &str, key: &str) -> Result<Vec<KvEntry>, PortError>;

    /// The newest kept versions of all keys that begin with `prefix`, newest first, at most
    /// `limit`; deletions are not among them.
    async fn history_of(
        &self,
        bucket: &str,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<KvEntry>, PortError>;

    /// Present values whose key begins with `prefix`, then `CaughtUp`, then every change.
    async fn watch(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<BoxStream<'static, KvEvent>, PortError>;
}
