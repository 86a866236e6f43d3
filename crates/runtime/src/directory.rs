//! Settings as they are now, from the KV bucket `settings`, and their adoption by a service.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use lockstep_contracts::settings::v1::{BackOfficeSettings, StoreSettings};
use lockstep_ports::{Kv, KvEntry, KvEvent, PortError};
use prost::Message;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::engine::{Engine, Origin};
use crate::lifecycle::Lifecycle;
use crate::processor::Processor;
use crate::pulse::Pulse;
use crate::retry::Retry;

/// Bucket that the console writes.
pub const SETTINGS_BUCKET: &str = "settings";
/// Keys of stores begin with this.
pub const STORE_PREFIX: &str = "store.";
/// Keys of back offices begin with this.
pub const BACKOFFICE_PREFIX: &str = "backoffice.";

/// What a key of the bucket holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Settings {
    /// A store's settings.
    Store(StoreSettings),
    /// A back office's settings.
    BackOffice(BackOfficeSettings),
}

/// One value of the bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingsChange {
    /// Its key, e.g. `store.north`.
    pub key: String,
    /// Its revision; grows with every write.
    pub revision: u64,
    /// Its content.
    pub value: Settings,
}

impl SettingsChange {
    /// Reads an entry; the error is for the log.
    pub fn try_from_entry(entry: &KvEntry) -> Result<Self, String> {
        let value = if entry.key.starts_with(STORE_PREFIX) {
            StoreSettings::decode(entry.value.as_ref()).map(Settings::Store)
        } else if entry.key.starts_with(BACKOFFICE_PREFIX) {
            BackOfficeSettings::decode(entry.value.as_ref()).map(Settings::BackOffice)
        } else {
            return Err(format!("unknown settings key {}", entry.key));
        };
        let value = value.map_err(|e| format!("settings key {}: {e}", entry.key))?;
        Ok(Self { key: entry.key.clone(), revision: entry.revision, value })
    }
}

/// Time for the adoption of one change: it may touch every level of a large store.
const ADOPTION_MAX: Duration = Duration::from_secs(300);

/// Every store and back office that there is, by id. Deleted stores are not in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    /// Stores by id.
    pub stores: BTreeMap<String, StoreSettings>,
    /// Back offices by id.
    pub backoffices: BTreeMap<String, BackOfficeSettings>,
}

impl Directory {
    fn put(&mut self, change: &SettingsChange) {
        match &change.value {
            Settings::Store(s) if s.deleted => {
                self.stores.remove(&s.id);
            }
            Settings::Store(s) => {
                self.stores.insert(s.id.clone(), s.clone());
            }
            Settings::BackOffice(b) => {
                self.backoffices.insert(b.id.clone(), b.clone());
            }
        }
    }

    fn remove(&mut self, key: &str) {
        if let Some(id) = key.strip_prefix(STORE_PREFIX) {
            self.stores.remove(id);
        } else if let Some(id) = key.strip_prefix(BACKOFFICE_PREFIX) {
            self.backoffices.remove(id);
        }
    }
}

/// The directory, live.
pub type SharedDirectory = watch::Receiver<Arc<Directory>>;

/// Revisions that a service works by.
#[derive(Clone, Default)]
pub struct Adopted(Arc<Mutex<BTreeMap<String, u64>>>);

impl Adopted {
    /// Highest adopted revision of a key; 0 for none.
    pub fn revision(&self, key: &str) -> u64 {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(key).copied().unwrap_or(0)
    }

    fn note(&self, key: &str, revision: u64) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = map.entry(key.to_owned()).or_insert(0);
        *slot = revision.max(*slot);
    }
}

/// Where news of the bucket is shown.
pub struct News {
    /// Revisions that the service works by.
    pub adopted: Adopted,
    /// The directory.
    pub directory: watch::Sender<Arc<Directory>>,
    /// Stamped as long as the bucket is followed.
    pub pulse: Pulse,
}

/// Follows the bucket: adopts each change with the service's own processor,
/// then shows it in the directory. Ends with the lifecycle.
pub async fn follow(
    kv: &dyn Kv,
    adopter: (&Engine, &dyn Processor),
    news: &News,
    life: &Lifecycle,
) {
    let mut failures = 0;
    while !life.shutdown.is_cancelled() {
        news.pulse.beat();
        let result = tokio::select! {
            biased;
            () = life.shutdown.cancelled() => return,
            result = follow_once(kv, adopter, news) => result,
        };
        // A watch that ended had worked; only one that cannot begin waits longer each time.
        failures = if result.is_ok() { 1 } else { failures + 1 };
        match result {
            Ok(()) => warn!("the watch on settings ended; watching again"),
            Err(e) => warn!(error = e.chain(), "cannot follow settings; trying again"),
        }
        life.pause(Retry::AWAY, failures).await;
    }
}

async fn follow_once(
    kv: &dyn Kv,
    adopter: (&Engine, &dyn Processor),
    shown: &News,
) -> Result<(), PortError> {
    let mut events = kv.watch(SETTINGS_BUCKET, "").await?;
    // Until everything known is seen, changes gather; consumers then start once, not per key.
    let mut present = Directory::default();
    let mut caught_up = false;
    while let Some(event) = shown.pulse.through(events.next()).await {
        let mut news = None;
        match event {
            KvEvent::Put(entry) => match SettingsChange::try_from_entry(&entry) {
                Ok(change) => {
                    shown.pulse.allow(ADOPTION_MAX);
                    if adopt(adopter, &change).await? {
                        present.put(&change);
                        news = Some(change);
                    }
                }
                Err(reason) => error!(code = "LS0101", reason, "unreadable settings are ignored"),
            },
            KvEvent::Deleted { key, .. } => present.remove(&key),
            KvEvent::CaughtUp => caught_up = true,
        }
        if caught_up {
            shown.directory.send_replace(Arc::new(present.clone()));
        }
        // Last: whoever hears that a change is adopted may rely on the directory, too.
        if let Some(change) = news {
            shown.adopted.note(&change.key, change.revision);
        }
    }
    Ok(())
}

/// False when the service refuses the change: then it works by the former settings.
async fn adopt(
    adopter: (&Engine, &dyn Processor),
    change: &SettingsChange,
) -> Result<bool, PortError> {
    let (engine, processor) = adopter;
    let cause = format!("settings:{}:{}", change.key, change.revision);
    let result =
        engine.transact(Origin::new(cause, None), &[], |work| processor.adopt(change, work)).await;
    match result {
        Ok(()) => {
            info!(
                service = engine.service(),
                settings.key = change.key,
                settings.revision = change.revision,
                "settings adopted"
            );
            Ok(true)
        }
        Err(e) if e.is_permanent() => {
            // The console checks what it writes; what slips through must not stop the others.
            error!(
                code = "LS0102",
                settings.key = change.key,
                error = e.chain(),
                "settings are refused and the former ones stay"
            );
            Ok(false)
        }
        Err(e) => Err(crate::processor::port_error(e)),
    }
}
