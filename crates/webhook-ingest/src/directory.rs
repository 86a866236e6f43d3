//! Which store a shop domain is, from the settings as they are now.
//!
//! Deleted stores stay in it: what privacy law asks for them comes after they are gone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::StreamExt;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_ports::{Kv, KvEvent, PortError};
use lockstep_runtime::directory::{SETTINGS_BUCKET, STORE_PREFIX};
use lockstep_runtime::{Lifecycle, Pulse, Retry};
use prost::Message;
use tokio::sync::watch;
use tracing::{error, warn};

/// A store, as far as a delivery needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Its short id.
    pub id: String,
    /// True when it was deleted.
    pub is_deleted: bool,
}

/// The stores by domain, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory(HashMap<String, Store>);

/// The directory, live; `None` until everything that is known was read once.
pub type SharedDirectory = watch::Receiver<Option<Arc<Directory>>>;

impl Directory {
    /// The store of a domain, given in lower case.
    pub fn store(&self, shop_domain: &str) -> Option<&Store> {
        self.0.get(shop_domain)
    }

    /// Number of stores that are not deleted.
    pub fn count(&self) -> usize {
        self.0.values().filter(|store| !store.is_deleted).count()
    }

    /// A domain that was deleted and added again under another id is the living one's.
    fn of(settings: &BTreeMap<String, StoreSettings>) -> Self {
        let mut stores = HashMap::new();
        let (deleted, living): (Vec<_>, Vec<_>) =
            settings.values().partition(|settings| settings.deleted);
        for settings in deleted.into_iter().chain(living) {
            let store = Store { id: settings.id.clone(), is_deleted: settings.deleted };
            stores.insert(settings.shop_domain.to_ascii_lowercase(), store);
        }
        Self(stores)
    }
}

/// Follows the settings as long as the lifecycle lasts.
pub fn start(kv: Arc<dyn Kv>, life: &Lifecycle) -> SharedDirectory {
    let (sender, directory) = watch::channel(None);
    let (own, pulse) = (life.clone(), life.pulse("webhook-ingest stores"));
    life.spawn_vital("webhook-ingest stores", async move {
        let mut failures = 0;
        while !own.shutdown.is_cancelled() {
            pulse.beat();
            let followed = tokio::select! {
                () = own.shutdown.cancelled() => return,
                followed = follow(&*kv, &sender, &pulse) => followed,
            };
            // A watch that ended had worked; only one that cannot begin waits longer each time.
            failures = if followed.is_ok() { 1 } else { failures + 1 };
            match followed {
                Ok(()) => warn!("the watch on stores ended; watching again"),
                Err(e) => warn!(error = e.chain(), "cannot follow stores; trying again"),
            }
            own.pause(Retry::AWAY, failures).await;
        }
    });
    directory
}

async fn follow(
    kv: &dyn Kv,
    directory: &watch::Sender<Option<Arc<Directory>>>,
    pulse: &Pulse,
) -> Result<(), PortError> {
    let mut events = kv.watch(SETTINGS_BUCKET, STORE_PREFIX).await?;
    let mut settings = BTreeMap::new();
    let mut is_caught_up = false;
    while let Some(event) = pulse.through(events.next()).await {
        match event {
            KvEvent::Put(entry) => match StoreSettings::decode(entry.value.as_ref()) {
                Ok(store) => {
                    settings.insert(entry.key, store);
                }
                Err(cause) => {
                    // The former settings stay: a store is not lost for one bad write.
                    error!(
                        code = "LS0301",
                        settings.key = entry.key,
                        error = %cause,
                        "unreadable settings are passed over"
                    );
                }
            },
            KvEvent::Deleted { key, .. } => {
                settings.remove(&key);
            }
            KvEvent::CaughtUp => is_caught_up = true,
        }
        if is_caught_up {
            directory.send_replace(Some(Arc::new(Directory::of(&settings))));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(stores: &[(&str, &str, bool)]) -> BTreeMap<String, StoreSettings> {
        let store = |(id, domain, deleted): &(&str, &str, bool)| {
            let settings = StoreSettings {
                id: (*id).to_owned(),
                shop_domain: (*domain).to_owned(),
                deleted: *deleted,
                ..StoreSettings::default()
            };
            (format!("store.{id}"), settings)
        };
        stores.iter().map(store).collect()
    }

    #[test]
    fn a_store_that_was_added_again_is_the_living_one() {
        for (old, new) in [("a", "b"), ("b", "a")] {
            let all = [(old, "north.example", true), (new, "North.Example", false)];
            let directory = Directory::of(&settings(&all));
            let store = directory.store("north.example").unwrap();
            assert_eq!((store.id.as_str(), store.is_deleted), (new, false));
            assert_eq!(directory.count(), 1);
        }
    }

    #[test]
    fn a_deleted_store_is_still_known() {
        let directory = Directory::of(&settings(&[("north", "north.example", true)]));
        assert!(directory.store("north.example").unwrap().is_deleted);
        assert_eq!(directory.store("south.example"), None);
        assert_eq!(directory.count(), 0);
    }
}
