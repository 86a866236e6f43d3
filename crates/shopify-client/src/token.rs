//! Where the token of a store comes from.

mod due;
mod opened;
mod pair;
mod renew;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{
    ErrorKind, GrantKind, Granted, HoldsPairs, Kv, PortError, Sealer, StoreSecrets,
};
use prost::Message;
use secrecy::{ExposeSecret, SecretString};

use opened::Opened;

pub use due::ahead;
pub use renew::{Renewal, Renewer};

/// A broker that does not answer for this long is away: what opened the store last is used, if that
/// was a moment ago. As long as the points of a store wait for it.
const AWAY_AFTER: Duration = Duration::from_millis(500);

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
/// store's settings name opens nothing: what is meant for one shop must never reach another. While
/// the broker is away, what opened a store last does so for a few minutes more.
pub struct KvTokens {
    kv: Arc<dyn Kv>,
    sealer: Arc<dyn Sealer>,
    settings: SettingsPlace,
    lasting: Option<Lasting>,
}

/// What makes the access of a store last.
struct Lasting {
    renewer: Arc<Renewer>,
    opened: Opened,
}

/// What opens a store, and until when.
type Open = (StoreAccess, Option<Timestamp>);

impl KvTokens {
    /// Reads from the buckets through the port.
    pub fn new(kv: Arc<dyn Kv>, sealer: Arc<dyn Sealer>, settings: SettingsPlace) -> Self {
        Self { kv, sealer, settings, lasting: None }
    }

    /// Renews what ends, ahead of time, and bears a broker that is away for a moment.
    #[must_use]
    pub fn renewing(self, parts: Renewal) -> Self {
        let opened = Opened::new(parts.clock.clone());
        let renewer = Arc::new(Renewer::new(self.kv.clone(), self.sealer.clone(), parts));
        Self { lasting: Some(Lasting { renewer, opened }), ..self }
    }

    /// Tries once more to keep what was renewed and could not be kept. For a process that ends,
    /// when its tasks have.
    pub async fn keep_the_rest(&self) {
        if let Some(lasting) = &self.lasting {
            lasting.renewer.keep_the_rest().await;
        }
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

impl KvTokens {
    /// What opens the store by what is kept, renewed if need be.
    async fn read(&self, store: &StoreId) -> Result<Option<Open>, PortError> {
        let secrets = StoreSecrets::load(&*self.kv, &*self.sealer, store);
        let (secrets, named) = tokio::join!(secrets, self.named_shop(store));
        let Some((secrets, _)) = secrets? else { return Ok(None) };
        let holds = |lasting: &Lasting| lasting.renewer.holds_pair(store, &secrets);
        let knows_better = self.lasting.as_ref().is_some_and(holds);
        if let Some(shut) = secrets.grant.shut
            && !knows_better
        {
            return Err(renew::is_shut(store, shut.why));
        }
        let has_none = secrets.access_token.is_none() && secrets.grant.kind == GrantKind::Token;
        if has_none && !knows_better {
            return Ok(None);
        }
        let named = named?;
        if secrets.shop_domain.as_str() != named {
            let other = &secrets.shop_domain;
            let what = format!("the token kept for {store} opens {other}, not {named}");
            return Err(refused(what));
        }
        let secrets = match &self.lasting {
            Some(lasting) => lasting.renewer.fresh(store, secrets).await?,
            None => secrets,
        };
        let Some(token) = secrets.access_token else { return Ok(None) };
        let access = StoreAccess { shop_domain: secrets.shop_domain, token: token.into() };
        Ok(Some((access, secrets.grant.expires_at)))
    }
}

impl Lasting {
    /// What is read, or what was opened a moment ago while that cannot be said.
    async fn or_recent(
        &self,
        store: &StoreId,
        reading: impl Future<Output = Result<Option<Open>, PortError>>,
    ) -> Result<Option<StoreAccess>, PortError> {
        let mut reading = std::pin::pin!(reading);
        let read = match tokio::time::timeout(AWAY_AFTER, reading.as_mut()).await {
            Ok(read) => read,
            Err(_) => match self.opened.recent(store) {
                Some(access) => return Ok(Some(access)),
                None => reading.await,
            },
        };
        match read {
            Ok(Some((access, expires_at))) => {
                self.opened.note(store, &access, expires_at);
                Ok(Some(access))
            }
            Err(failed) if failed.kind != ErrorKind::Permanent => {
                self.opened.recent(store).map(Some).ok_or(failed)
            }
            nothing => {
                self.opened.forget(store);
                nothing.map(|_| None)
            }
        }
    }
}

#[async_trait]
impl TokenSource for KvTokens {
    async fn access(&self, store: &StoreId) -> Result<Option<StoreAccess>, PortError> {
        let reading = self.read(store);
        match &self.lasting {
            Some(lasting) => lasting.or_recent(store, reading).await,
            None => Ok(reading.await?.map(|(access, _)| access)),
        }
    }

    fn refused(&self, store: &StoreId, access: &StoreAccess) {
        if let Some(lasting) = &self.lasting {
            lasting.opened.forget(store);
            lasting.renewer.suspect(store, access.token.expose_secret());
        }
    }
}

impl HoldsPairs for KvTokens {
    fn hold(&self, store: &StoreId, before: &StoreSecrets, granted: &Granted) {
        if let Some(lasting) = &self.lasting {
            lasting.renewer.hold(store, before, granted.clone());
        }
    }

    fn let_go(&self, store: &StoreId, granted: &Granted) {
        if let Some(lasting) = &self.lasting {
            lasting.renewer.let_go(store, granted);
        }
    }
}

fn refused(what: String) -> PortError {
    PortError::plain(ErrorKind::Permanent, what)
}
