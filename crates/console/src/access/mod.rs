//! How stores come to their tokens and keep them: approval in the browser, the end of it, and the
//! subscriptions that go with it.

pub mod browser;
pub mod connect;
mod cookie;
pub mod heard;
pub mod known;
mod mend;
pub mod obtain;
mod page;
mod reread;
pub mod shops;
pub mod uninstalled;
pub mod upkeep;
pub mod view;

use lockstep_domain::{ShopDomain, StoreId};
use lockstep_ports::{AppKeys, StoreSecrets};
use secrecy::SecretString;

use crate::problem::Problem;
use crate::secrets::Kept;
use crate::service::Console;

/// Path where approval begins; also the app's address in Shopify.
pub const START: &str = "/auth/shopify";
/// Path that Shopify sends the browser back to.
pub const CALLBACK: &str = "/auth/shopify/callback";

impl Console {
    /// The app of a store: its own, or the process's; `None` when neither has a client id.
    pub(crate) fn app_of(&self, kept: Option<&StoreSecrets>) -> Option<AppKeys> {
        let own = kept.and_then(|kept| {
            let api_secret = SecretString::from(kept.api_secret.clone()?);
            Some(AppKeys { api_key: kept.grant.api_key.clone()?, api_secrets: vec![api_secret] })
        });
        own.or_else(|| self.app.clone())
    }

    /// Where a person begins to approve; `None` when there is no app to approve.
    pub(crate) fn authorize_url(
        &self,
        domain: &str,
        kept: Option<&StoreSecrets>,
    ) -> Option<String> {
        self.app_of(kept).map(|_| format!("{}{START}?shop={domain}", self.public_url))
    }

    /// The store of a shop.
    pub(crate) async fn store_of(&self, shop: &ShopDomain) -> Result<Option<StoreId>, Problem> {
        self.shops.find(&self.registry, &*self.parts.clock, shop).await
    }
}

/// Whether something can be asked with what is kept.
pub fn opens(kept: &Kept) -> bool {
    let Some(secrets) = &kept.secrets else { return false };
    secrets.grant.shut.is_none() && secrets.access_token.is_some()
}
