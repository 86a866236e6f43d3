//! Where the token of a store comes from.

use std::sync::Arc;

use async_trait::async_trait;
use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{Kv, PortError, Sealer, StoreSecrets};
use secrecy::SecretString;

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
}

/// Tokens from the bucket of sealed secrets. Each call reads anew: a token that was changed or
/// taken away counts at once, in every replica.
pub struct KvTokens {
    kv: Arc<dyn Kv>,
    sealer: Arc<dyn Sealer>,
}

impl KvTokens {
    /// Reads from the bucket through the port.
    pub fn new(kv: Arc<dyn Kv>, sealer: Arc<dyn Sealer>) -> Self {
        Self { kv, sealer }
    }
}

#[async_trait]
impl TokenSource for KvTokens {
    async fn access(&self, store: &StoreId) -> Result<Option<StoreAccess>, PortError> {
        let secrets = StoreSecrets::load(&*self.kv, &*self.sealer, store).await?;
        Ok(secrets.and_then(|(secrets, _)| {
            let token = secrets.access_token?.into();
            Some(StoreAccess { shop_domain: secrets.shop_domain, token })
        }))
    }
}
