//! How an app comes to a token of a shop: approved in the browser, renewed, or asked for with the
//! app's own credentials.

use std::time::Duration;

use async_trait::async_trait;
use lockstep_domain::{ShopDomain, StoreId};
use secrecy::SecretString;

use crate::error::PortError;
use crate::seal::StoreSecrets;

/// The app as Shopify knows it.
#[derive(Clone, Debug)]
pub struct AppKeys {
    /// Its client id.
    pub api_key: String,
    /// Its client secrets, the present one first: several while one is rotated.
    pub api_secrets: Vec<SecretString>,
}

/// What a browser is sent to a shop with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The app's client id.
    pub api_key: String,
    /// The scopes that are asked for.
    pub scopes: Vec<&'static str>,
    /// Where Shopify sends the browser back to; one of the app's allowed addresses.
    pub redirect_uri: String,
    /// What the browser must bring back.
    pub state: String,
}

/// A token that Shopify gave.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The Admin API token.
    pub access_token: SecretString,
    /// Its scopes, as Shopify lists them.
    pub scopes: Vec<String>,
    /// How long it lives; for ever when Shopify says nothing and gives no refresh token.
    pub expires_in: Option<Duration>,
    /// What renews it, once.
    pub refresh_token: Option<SecretString>,
    /// How long that may be used.
    pub refresh_expires_in: Option<Duration>,
}

/// What is asked of a shop's token endpoint.
#[derive(Clone, Debug)]
pub enum GrantRequest {
    /// The code that a browser brought, for an expiring offline token.
    Code(SecretString),
    /// The refresh token, for a new pair. Repeated word for word when the answer is lost: Shopify
    /// then answers the same again.
    Refresh(SecretString),
    /// Nothing but the app's own credentials: for a shop of the app's own organisation.
    ClientCredentials,
}

/// What a failed request for a token means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantErrorKind {
    /// Shopify was not reached, or its answer was lost or cannot be read: the same again may do.
    Away,
    /// Shopify refuses: the code was used, the refresh token is dead, the app may not.
    Refused,
    /// Shopify does not know the app by these credentials.
    App,
}

/// A failed request for a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GrantError {
    /// What it means.
    pub kind: GrantErrorKind,
    /// Shopify's or the network's words, without secrets.
    pub message: String,
}

/// Asks shops for tokens. Nothing that it is given or gets is ever logged.
#[async_trait]
pub trait ShopifyGrants: Send + Sync + 'static {
    /// Where a person approves the app.
    fn approval_url(&self, shop: &ShopDomain, approval: &Approval) -> String;

    /// Asks a shop for a token; an answer that is lost is asked for again at once, word for word.
    async fn grant(
        &self,
        shop: &ShopDomain,
        app: &AppKeys,
        request: &GrantRequest,
    ) -> Result<Granted, GrantError>;

    /// 32 bytes that nobody can guess, in hex. Errors: `Transient`.
    fn nonce(&self) -> Result<String, PortError>;
}

/// Holds what a shop gave a person's approval until it is kept: the code is used up, and the pair
/// is nowhere else. A process that stops tries to keep what it holds.
pub trait HoldsPairs: Send + Sync + 'static {
    /// The pair takes the place of what was kept before the approval, and of nothing newer.
    fn hold(&self, store: &StoreId, before: &StoreSecrets, granted: &Granted);

    /// The pair is kept.
    fn let_go(&self, store: &StoreId, granted: &Granted);
}
