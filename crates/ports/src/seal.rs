//! Sealing of what must not be readable at rest, and the sealed secrets of a store.

use std::fmt;

use lockstep_domain::{ShopDomain, StoreId};
use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, PortError};
use crate::kv::Kv;

/// Bucket that holds the sealed secrets of the stores.
pub const SECRETS_BUCKET: &str = "shopify";

/// Seals and opens with the process's master key. The name of what is sealed is bound into the
/// seal: sealed bytes moved to another name do not open.
pub trait Sealer: Send + Sync + 'static {
    /// Seals `plain` under `name`. Errors: `Permanent`.
    fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, PortError>;

    /// Opens what was sealed under `name`. Errors: `Permanent`, for bytes that are not sealed, were
    /// changed, belong to another name or were sealed with a master key that is not here.
    fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, PortError>;
}

/// What opens a store's Shopify, as it is sealed in KV.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreSecrets {
    /// The store that the token opens; a token is never sent to another domain.
    pub shop_domain: ShopDomain,
    /// Admin API token; none after the store was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// Secret that signs this app's webhooks, when it is not the process's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_secret: Option<String>,
    /// Scopes that Shopify granted.
    #[serde(default)]
    pub scopes: Vec<String>,
}

impl fmt::Debug for StoreSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSecrets")
            .field("shop_domain", &self.shop_domain)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl StoreSecrets {
    /// Key in [`SECRETS_BUCKET`]; also the name that the value is sealed under.
    #[must_use]
    pub fn key(store: &StoreId) -> String {
        format!("{store}.token")
    }

    /// The secrets of a store and their revision; `None` when it has none. Errors: those of the
    /// bucket; `Permanent` when the value does not open or is not what was sealed.
    pub async fn load(
        kv: &dyn Kv,
        sealer: &dyn Sealer,
        store: &StoreId,
    ) -> Result<Option<(Self, u64)>, PortError> {
        let key = Self::key(store);
        let Some(entry) = kv.get(SECRETS_BUCKET, &key).await? else { return Ok(None) };
        Ok(Some((Self::open(sealer, &key, &entry.value)?, entry.revision)))
    }

    /// Opens a value of [`SECRETS_BUCKET`]. Errors: `Permanent`.
    pub fn open(sealer: &dyn Sealer, key: &str, sealed: &[u8]) -> Result<Self, PortError> {
        let plain = sealer.open(key, sealed)?;
        serde_json::from_slice(&plain)
            .map_err(|error| PortError::new(ErrorKind::Permanent, format!("read {key}"), error))
    }

    /// Seals and writes them when the key's revision is `expected`; gives the new revision.
    /// Errors: those of the bucket.
    pub async fn save(
        &self,
        kv: &dyn Kv,
        sealer: &dyn Sealer,
        store: &StoreId,
        expected: u64,
    ) -> Result<u64, PortError> {
        let key = Self::key(store);
        let plain = serde_json::to_vec(self)
            .map_err(|error| PortError::new(ErrorKind::Permanent, "write secrets", error))?;
        let sealed = sealer.seal(&key, &plain)?;
        kv.put(SECRETS_BUCKET, &key, sealed.into(), expected).await
    }
}
