//! How a store as a whole stands with Shopify: whether it lets Lockstep in, and if not, why.
//!
//! Whoever calls Shopify writes it down in the bucket `shopify`, so that a person is told the same
//! by every process. While there is an entry the store's work waits; the first call that is
//! answered removes it.

use jiff::Timestamp;
use lockstep_domain::StoreId;
use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, PortError};
use crate::kv::Kv;
use crate::points::POINTS_BUCKET;

/// Why a store does not let Lockstep in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// 401: the token is wrong or expired, or the app was uninstalled.
    TokenRefused,
    /// 402: the shop's bill is not paid.
    Frozen,
    /// 403: the shop or this kind of token is barred.
    Barred,
    /// 423: Shopify locked the shop.
    Locked,
    /// The shop was closed or is paused.
    Inactive,
    /// What a later version wrote.
    #[serde(other)]
    Unknown,
}

impl Trouble {
    /// What it is, for a person.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::TokenRefused => {
                "Shopify refuses the token: it is wrong or expired, or the app was uninstalled"
            }
            Self::Frozen => "Shopify froze the shop: its bill is not paid",
            Self::Barred => "Shopify bars the shop or this kind of token",
            Self::Locked => "Shopify locked the shop",
            Self::Inactive => "the shop is closed or paused",
            Self::Unknown => "Shopify does not let Lockstep in",
        }
    }

    /// What a person does about it. The store's work goes on by itself then.
    #[must_use]
    pub fn fix(self, store: &StoreId) -> String {
        match self {
            Self::TokenRefused => format!(
                "approve the app in Shopify again, or give the store a working token: \
                 PATCH /api/v1/stores/{store} with access_token"
            ),
            Self::Frozen => "pay the shop's bill in Shopify's admin".to_owned(),
            Self::Barred => {
                "ask Shopify's support about the shop; a public app needs an expiring token"
                    .to_owned()
            }
            Self::Locked => "ask Shopify's support why the shop is locked".to_owned(),
            Self::Inactive => {
                format!("open the shop again, or remove the store: DELETE /api/v1/stores/{store}")
            }
            Self::Unknown => "see whether the shop can be opened in Shopify's admin".to_owned(),
        }
    }
}

/// A store that does not let Lockstep in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Why.
    pub trouble: Trouble,
    /// Since when.
    pub since: Timestamp,
    /// When it was last told so.
    pub seen: Timestamp,
    /// Shopify's words.
    #[serde(default)]
    pub said: String,
}

impl Standing {
    /// Key in the bucket `shopify`.
    #[must_use]
    pub fn key(store: &StoreId) -> String {
        format!("{store}.standing")
    }

    /// The entry of a store with its revision; `None` while it lets us in. An entry that cannot be
    /// read says at least that there is trouble. Errors: those of the bucket.
    pub async fn load(kv: &dyn Kv, store: &StoreId) -> Result<Option<(Self, u64)>, PortError> {
        let Some(entry) = kv.get(POINTS_BUCKET, &Self::key(store)).await? else { return Ok(None) };
        let unreadable = Self {
            trouble: Trouble::Unknown,
            since: Timestamp::UNIX_EPOCH,
            seen: Timestamp::UNIX_EPOCH,
            said: String::new(),
        };
        Ok(Some((serde_json::from_slice(&entry.value).unwrap_or(unreadable), entry.revision)))
    }

    /// Writes the entry over `expected`; gives the new revision. Errors: those of the bucket.
    pub async fn save(
        &self,
        kv: &dyn Kv,
        store: &StoreId,
        expected: u64,
    ) -> Result<u64, PortError> {
        let key = Self::key(store);
        let value = serde_json::to_vec(self)
            .map_err(|error| PortError::new(ErrorKind::Permanent, format!("write {key}"), error))?;
        kv.put(POINTS_BUCKET, &key, value.into(), expected).await
    }

    /// Removes the entry that has this revision. Errors: those of the bucket.
    pub async fn end(kv: &dyn Kv, store: &StoreId, revision: u64) -> Result<(), PortError> {
        kv.delete(POINTS_BUCKET, &Self::key(store), Some(revision)).await
    }
}
