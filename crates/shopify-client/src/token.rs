//! Where the token of a store comes from.

mod due;
mod renew;

use std::sync::Arc;

use async_trait::async_trait;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{ErrorKind, GrantKind, Kv, PortError, Sealer, StoreSecrets};
use prost::Message;
use secrecy::{ExposeSecret, SecretString};

pub use due::ahead;
pub use renew::{Renewal, Renewer};

/// What a call needs to reach a store.
#[derive(Debug, Clone)]
pub struct StoreAccess {
    /// The domain that the token belongs to.
    pub shop_domain: ShopDomain,
    /// The Admin API token.
    pub token: SecretString,
}

/// Gives the token of a store as it is now.
#[async_trait]
pub trait TokenSource: Send + Sync + 'static {
    /// `None` when the store has no token.
    async fn access(&self, store: &StoreId) -> Result<Option<StoreAccess>, PortError>;

    /// Shopify answered that it does not take a token.
    fn refused(&self, _store: &StoreId, _access: &StoreAccess) {}
}

/// Where the settings of the stores are kept, so that a token can be held against them.
#[derive(Debug, Clone, Copy)]
pub struct SettingsPlace {
    /// The bucket.
    pub bucket: &'static str,
    /// A store's key is this, followed by its id.
    pub prefix: &'static str,
}

/// Tokens from the bucket of sealed secrets. Each call reads anew: a token that was changed or
/// taken away counts at once, in every replica. A token of another shop than the one that the
/// store's settings name opens nothing: what is meant for one shop must never reach another.
pub struct KvTokens {
    kv: Arc<dyn Kv>,
    sealer: Arc<dyn Sealer>,
    settings: SettingsPlace,
    renewer: Option<Renewer>,
}

impl KvTokens {
    /// Reads from the buckets through the port.
    pub fn new(kv: Arc<dyn Kv>, sealer: Arc<dyn Sealer>, settings: SettingsPlace) -> Self {
        Self { kv, sealer, settings, renewer: None }
    }

    /// Renews what ends, ahead of time.
    #[must_use]
    pub fn renewing(self, parts: Renewal) -> Self {
        let renewer = Renewer::new(self.kv.clone(), self.sealer.clone(), parts);
        Self { renewer: Some(renewer), ..self }
    }

    /// The shop that the store's settings name, those of a deleted store included: its
    /// subscriptions are still ended.
    async fn named_shop(&self, store: &StoreId) -> Result<String, PortError> {
        let SettingsPlace { bucket, prefix } = self.settings;
        let Some(entry) = self.kv.get(bucket, &format!("{prefix}{store}")).await? else {
            return Err(refused(format!("the store {store} has no settings")));
        };
        let settings = StoreSettings::decode(entry.value).map_err(|broken| {
            PortError::new(ErrorKind::Permanent, format!("read the settings of {store}"), broken)
        })?;
        Ok(settings.shop_domain)
    }
}

#[async_trait]
impl TokenSource for KvTokens {
    async fn access(&self, store: &StoreId) -> Result<Option<StoreAccess>, PortError> {
        let secrets = StoreSecrets::load(&*self.kv, &*self.sealer, store);
        let (secrets, named) = tokio::join!(secrets, self.named_shop(store));
        let Some((secrets, _)) = secrets? else { return Ok(None) };
        if let Some(shut) = secrets.grant.shut {
            return Err(renew::is_shut(store, shut.why));
        }
        if secrets.access_token.is_none() && secrets.grant.kind == GrantKind::Token {
            return Ok(None);
        }
        let named = named?;
        if secrets.shop_domain.as_str() != named {
            let other = &secrets.shop_domain;
            let what = format!("the token kept for {store} opens {other}, not {named}");
            return Err(refused(what));
        }
        let secrets = match &self.renewer {
            Some(renewer) => renewer.fresh(store, secrets).await?,
            None => secrets,
        };
        let Some(token) = secrets.access_token else { return Ok(None) };
        Ok(Some(StoreAccess { shop_domain: secrets.shop_domain, token: token.into() }))
    }

    fn refused(&self, store: &StoreId, access: &StoreAccess) {
        if let Some(renewer) = &self.renewer {
            renewer.suspect(store, access.token.expose_secret());
        }
    }
}

fn refused(what: String) -> PortError {
    PortError::plain(ErrorKind::Permanent, what)
}
