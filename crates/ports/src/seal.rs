//! Sealing of what must not be readable at rest, and the sealed secrets of a store.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::{ShopDomain, StoreId};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, PortError};
use crate::grant::Granted;
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
    /// How the token was come by, and what renews it.
    #[serde(default, skip_serializing_if = "Grant::is_default")]
    pub grant: Grant,
}

/// How a store's token is come by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// A person brought it, and it never ends.
    #[default]
    Token,
    /// A person approved the app in the browser.
    Approval,
    /// The app asks for it with its own credentials.
    ClientCredentials,
}

/// Why a store's token no longer opens anything, until a person does something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShutWhy {
    /// The app was uninstalled.
    Uninstalled,
    /// Shopify no longer renews the token.
    RefreshRefused,
}

/// Since when, and why, a store's token no longer opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shut {
    /// Why.
    pub why: ShutWhy,
    /// Since when.
    pub at: Timestamp,
}

/// How a store's token was come by, and what renews it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// How.
    #[serde(default)]
    pub kind: GrantKind,
    /// Client id of the store's own app, when it is not the process's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// When the token was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_at: Option<Timestamp>,
    /// When the token ends; `None` for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What renews it, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Until when that may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_expires_at: Option<Timestamp>,
    /// Set when it opens nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shut: Option<Shut>,
}

/// A refresh token, or a kind of token that always ends, without a word of when: renewed well
/// within the hour that such tokens live.
const UNSAID: SignedDuration = SignedDuration::from_mins(50);

impl Grant {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("kind", &self.kind)
            .field("expires_at", &self.expires_at)
            .field("shut", &self.shut)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StoreSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSecrets")
            .field("shop_domain", &self.shop_domain)
            .field("scopes", &self.scopes)
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

impl StoreSecrets {
    /// Takes in a token that Shopify gave now, in the place of the former one; whatever was shut is
    /// open again.
    pub fn take_in(&mut self, kind: GrantKind, granted: &Granted, now: Timestamp) {
        let end = |time: Option<Duration>| {
            let time = SignedDuration::try_from(time?).ok()?;
            Some(now.checked_add(time).unwrap_or(Timestamp::MAX))
        };
        let renews = granted.refresh_token.is_some() || kind == GrantKind::ClientCredentials;
        let unsaid = renews.then(|| now.checked_add(UNSAID).unwrap_or(Timestamp::MAX));
        let is_renewal = self.grant.refresh_token.is_some() && granted.scopes.is_empty();
        if !is_renewal {
            self.scopes.clone_from(&granted.scopes);
        }
        self.access_token = Some(granted.access_token.expose_secret().to_owned());
        self.grant = Grant {
            kind,
            api_key: self.grant.api_key.take(),
            granted_at: Some(now),
            expires_at: end(granted.expires_in).or(unsaid),
            refresh_token: granted.refresh_token.as_ref().map(|t| t.expose_secret().to_owned()),
            refresh_expires_at: end(granted.refresh_expires_in),
            shut: None,
        };
    }

    /// Notes that the token opens nothing any more, and forgets it. Of one that Shopify no longer
    /// renews it stays known which it was: whoever was given its successor at the same moment puts
    /// that in its place.
    pub fn shut(&mut self, why: ShutWhy, at: Timestamp) {
        self.access_token = None;
        if why == ShutWhy::Uninstalled {
            self.grant.refresh_token = None;
        }
        self.grant.expires_at = None;
        self.grant.refresh_expires_at = None;
        self.grant.shut = Some(Shut { why, at });
    }

    /// Key of the lease under which a store's token is given or renewed.
    #[must_use]
    pub fn lease_key(store: &StoreId) -> String {
        format!("{store}.lease.token")
    }

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
