//! Where the processes keep a store's points together: a key of the bucket `shopify`, written by
//! compare-and-set.

use lockstep_domain::StoreId;
use lockstep_domain::points::Ledger;

use crate::error::{ErrorKind, PortError};
use crate::kv::Kv;

/// Bucket that holds the ledgers of the stores' points.
pub const POINTS_BUCKET: &str = "shopify";

/// A store's points as they stand in the bucket, with the revision to write over.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPoints {
    /// What stands there; nothing before the first answer of the store.
    pub ledger: Option<Ledger>,
    /// Its revision; 0 when nothing stands there.
    pub revision: u64,
}

impl StoredPoints {
    /// Key in [`POINTS_BUCKET`].
    #[must_use]
    pub fn key(store: &StoreId) -> String {
        format!("{store}.budget")
    }

    /// What stands there now. A value that cannot be read is nothing to keep: points are learnt
    /// anew from the next answer. Errors: those of the bucket.
    pub async fn load(kv: &dyn Kv, store: &StoreId) -> Result<Self, PortError> {
        let Some(entry) = kv.get(POINTS_BUCKET, &Self::key(store)).await? else {
            return Ok(Self { ledger: None, revision: 0 });
        };
        let ledger = serde_json::from_slice(&entry.value).ok();
        Ok(Self { ledger, revision: entry.revision })
    }

    /// Writes over `expected`; gives the new revision. Errors: those of the bucket.
    pub async fn save(
        kv: &dyn Kv,
        store: &StoreId,
        ledger: &Ledger,
        expected: u64,
    ) -> Result<u64, PortError> {
        let key = Self::key(store);
        let value = serde_json::to_vec(ledger)
            .map_err(|error| PortError::new(ErrorKind::Permanent, format!("write {key}"), error))?;
        kv.put(POINTS_BUCKET, &key, value.into(), expected).await
    }
}
