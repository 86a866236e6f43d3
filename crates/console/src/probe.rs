//! A token that is no store's yet, held against Shopify.

use async_trait::async_trait;
use lockstep_domain::ShopDomain;
use lockstep_ports::{AdminAnswer, AdminError, AdminRequest};
use secrecy::SecretString;

/// Calls Shopify with a token in hand: nothing of it is kept anywhere.
#[async_trait]
pub trait Probe: Send + Sync + 'static {
    /// Sends once, within the budget of the shop.
    async fn send_as(
        &self,
        shop: &ShopDomain,
        token: &SecretString,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError>;
}
