//! Settings in the broker's bucket: read, listed, and changed by compare-and-set.

use std::sync::Arc;

use bytes::Bytes;
use lockstep_contracts::settings::v1::{BackOfficeSettings, StoreSettings};
use lockstep_contracts::time::to_proto;
use lockstep_domain::{BackOfficeId, StoreId};
use lockstep_ports::{Clock, ErrorKind, Kv, KvEntry, PortError};
use lockstep_runtime::directory::{BACKOFFICE_PREFIX, SETTINGS_BUCKET, STORE_PREFIX};
use prost::Message;

use crate::extract::{unknown_backoffice, unknown_store};
use crate::problem::Problem;

/// Times that a change is decided anew because somebody else wrote first.
const ATTEMPTS_MAX: u32 = 5;
/// Who writes, as long as one token stands for every administrator.
pub const ADMINISTRATOR: &str = "admin";

/// Settings and their revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<T> {
    /// The settings.
    pub value: T,
    /// Revision of their key.
    pub revision: u64,
}

/// What is kept under a key of the bucket.
pub trait Kept: Message + Default + Clone + PartialEq {
    /// Notes when and by whom it was written.
    fn stamp(&mut self, at: pbjson_types::Timestamp, by: &str);
}

impl Kept for StoreSettings {
    fn stamp(&mut self, at: pbjson_types::Timestamp, by: &str) {
        self.updated_at = Some(at);
        by.clone_into(&mut self.updated_by);
    }
}

impl Kept for BackOfficeSettings {
    fn stamp(&mut self, at: pbjson_types::Timestamp, by: &str) {
        self.updated_at = Some(at);
        by.clone_into(&mut self.updated_by);
    }
}

/// Key of a store's settings.
pub fn store_key(id: &StoreId) -> String {
    format!("{STORE_PREFIX}{id}")
}

/// Key of a back office's settings.
pub fn backoffice_key(id: &BackOfficeId) -> String {
    format!("{BACKOFFICE_PREFIX}{id}")
}

/// The bucket.
#[derive(Clone)]
pub struct Registry {
    kv: Arc<dyn Kv>,
    clock: Arc<dyn Clock>,
}

impl Registry {
    /// Reads and writes through the port.
    pub fn new(kv: Arc<dyn Kv>, clock: Arc<dyn Clock>) -> Self {
        Self { kv, clock }
    }

    /// A store that exists and was not deleted.
    pub async fn store(&self, id: &StoreId) -> Result<Stored<StoreSettings>, Problem> {
        let found = self.any_store(id).await?.filter(|stored| !stored.value.deleted);
        found.ok_or_else(|| unknown_store(id.as_str()))
    }

    /// A store, also a deleted one.
    pub async fn any_store(&self, id: &StoreId) -> Result<Option<Stored<StoreSettings>>, Problem> {
        self.read(&store_key(id)).await
    }

    /// A back office that exists.
    pub async fn backoffice(
        &self,
        id: &BackOfficeId,
    ) -> Result<Stored<BackOfficeSettings>, Problem> {
        let found = self.read(&backoffice_key(id)).await?;
        found.ok_or_else(|| unknown_backoffice(id.as_str()))
    }

    /// A back office, if there is one.
    pub async fn any_backoffice(
        &self,
        id: &BackOfficeId,
    ) -> Result<Option<Stored<BackOfficeSettings>>, Problem> {
        self.read(&backoffice_key(id)).await
    }

    /// Every store that was not deleted, by id.
    pub async fn stores(&self) -> Result<Vec<Stored<StoreSettings>>, Problem> {
        let mut stores = self.all::<StoreSettings>(STORE_PREFIX).await?;
        stores.retain(|stored| !stored.value.deleted);
        stores.sort_by(|a, b| a.value.id.cmp(&b.value.id));
        Ok(stores)
    }

    /// Every back office, by id.
    pub async fn backoffices(&self) -> Result<Vec<Stored<BackOfficeSettings>>, Problem> {
        let mut all = self.all::<BackOfficeSettings>(BACKOFFICE_PREFIX).await?;
        all.sort_by(|a, b| a.value.id.cmp(&b.value.id));
        Ok(all)
    }

    /// Kept versions of a key, oldest first.
    pub async fn history(&self, key: &str) -> Result<Vec<KvEntry>, Problem> {
        Ok(self.kv.history(SETTINGS_BUCKET, key).await?)
    }

    /// The newest kept versions of all keys, newest first.
    pub async fn newest(&self, limit: usize) -> Result<Vec<KvEntry>, Problem> {
        Ok(self.kv.history_of(SETTINGS_BUCKET, "", limit).await?)
    }

    /// Changes settings, or makes them from `None`. `change` is asked again when somebody else
    /// wrote meanwhile, so it decides on what is really there. What changes nothing is not
    /// written.
    ///
    /// # Errors
    /// Those of `change`; `CONFLICT` when others keep writing.
    pub async fn change<T: Kept>(
        &self,
        key: &str,
        mut change: impl FnMut(Option<&T>) -> Result<T, Problem>,
    ) -> Result<Stored<T>, Problem> {
        for attempt in 1..=ATTEMPTS_MAX {
            let present = self.read::<T>(key).await?;
            let value = change(present.as_ref().map(|stored| &stored.value))?;
            if let Some(present) = present.as_ref().filter(|stored| stored.value == value) {
                return Ok(present.clone());
            }
            match self.put(key, value, present.map_or(0, |stored| stored.revision)).await {
                Err(failed) if failed.kind == ErrorKind::Conflict && attempt < ATTEMPTS_MAX => {}
                written => return Ok(written?),
            }
        }
        Err(PortError::plain(ErrorKind::Conflict, format!("write {key}")).into())
    }

    /// Writes settings in the place of those of one revision (0: there are none), also when they
    /// say the same: whoever holds the former revision can no longer write.
    ///
    /// # Errors
    /// Those of the bucket: `Conflict` when there is another revision.
    pub async fn put<T: Kept>(
        &self,
        key: &str,
        mut value: T,
        expected: u64,
    ) -> Result<Stored<T>, PortError> {
        value.stamp(to_proto(self.clock.now()), ADMINISTRATOR);
        let bytes = Bytes::from(value.encode_to_vec());
        let revision = self.kv.put(SETTINGS_BUCKET, key, bytes, expected).await?;
        Ok(Stored { value, revision })
    }

    async fn read<T: Kept>(&self, key: &str) -> Result<Option<Stored<T>>, Problem> {
        let entry = self.kv.get(SETTINGS_BUCKET, key).await?;
        entry.map(|entry| decode(&entry)).transpose()
    }

    async fn all<T: Kept>(&self, prefix: &str) -> Result<Vec<Stored<T>>, Problem> {
        let entries = self.kv.list(SETTINGS_BUCKET, prefix).await?;
        entries.iter().map(decode).collect()
    }
}

/// Settings of an entry.
///
/// # Errors
/// Bytes that are no settings.
pub fn decode<T: Kept>(entry: &KvEntry) -> Result<Stored<T>, Problem> {
    let value = T::decode(entry.value.as_ref()).map_err(|failed| {
        let what = format!("read the settings {}", entry.key);
        PortError::new(ErrorKind::Permanent, what, failed)
    })?;
    Ok(Stored { value, revision: entry.revision })
}
