//! How a new store comes to its token: brought by a person, asked for with the app's credentials,
//! or later, when somebody approves the app in the browser.

use jiff::Timestamp;
use lockstep_contracts::shopify::admin::WhoAmI;
use lockstep_domain::ShopDomain;
use lockstep_ports::{
    AppKeys, Grant, GrantError, GrantErrorKind, GrantKind, GrantRequest, StoreSecrets,
};
use serde_json::Value;

use crate::fields;
use crate::problem::{Code, Problem};
use crate::secrets;
use crate::service::Console;

/// What a request says about the token of a store.
pub struct Means {
    /// A token in hand.
    pub access_token: Option<String>,
    /// The secret of the store's own app.
    pub api_secret: Option<String>,
    /// The client id of the store's own app.
    pub api_key: Option<String>,
    /// Whether the token is to be asked for with the app's own credentials.
    pub asks_itself: bool,
}

/// What is to be kept of a new store, and what Shopify says about it; nothing before somebody has
/// approved.
pub struct Obtained {
    /// To be sealed.
    pub secrets: StoreSecrets,
    /// The shop.
    pub found: Option<WhoAmI>,
}

/// `grant` of a body.
///
/// # Errors
/// Another word.
pub fn asks_itself(path: &str, value: Value) -> Result<bool, Problem> {
    match fields::text(path, value)?.as_str() {
        "approval" => Ok(false),
        "client_credentials" => Ok(true),
        other => Err(Problem::validation(
            path,
            format!("{path} is {other}"),
            "give approval, or client_credentials for an app of the shop's own organisation",
        )),
    }
}

/// Nothing is kept anywhere yet: a wrong token never stands in the place of one that works.
///
/// # Errors
/// Shopify does not confirm what is given, or there is no way to a token.
pub async fn obtain(
    console: &Console,
    domain: &ShopDomain,
    means: &Means,
) -> Result<Obtained, Problem> {
    let now = console.parts.clock.now();
    let mut secrets = StoreSecrets {
        shop_domain: domain.clone(),
        access_token: means.access_token.clone(),
        api_secret: means.api_secret.clone(),
        scopes: Vec::new(),
        grant: Grant { api_key: means.api_key.clone(), ..Grant::default() },
    };
    if means.api_key.is_some() && means.api_secret.is_none() {
        return Err(Problem::validation(
            "api_secret",
            "api_key names an app of the store's own, and its secret is missing",
            "give api_key and api_secret together",
        ));
    }
    if means.access_token.is_some() {
        secrets.grant.granted_at = Some(now);
    } else {
        let app = console.app_of(Some(&secrets)).ok_or_else(no_app)?;
        if !means.asks_itself {
            return Ok(Obtained { secrets, found: None });
        }
        ask(console, &app, &mut secrets, now).await?;
    }
    let token = secrets.access_token.clone().unwrap_or_default();
    let found = secrets::confirm(console, domain, &token).await?;
    secrets.scopes.clone_from(&found.scopes);
    Ok(Obtained { secrets, found: Some(found) })
}

async fn ask(
    console: &Console,
    app: &AppKeys,
    secrets: &mut StoreSecrets,
    now: Timestamp,
) -> Result<(), Problem> {
    let (grants, request) = (&console.parts.grants, GrantRequest::ClientCredentials);
    let granted = grants.grant(&secrets.shop_domain, app, &request).await;
    let granted = granted.map_err(|failed| not_given(&failed, &secrets.shop_domain))?;
    secrets.take_in(GrantKind::ClientCredentials, &granted, now);
    Ok(())
}

fn not_given(failed: &GrantError, domain: &ShopDomain) -> Problem {
    let (code, field, fix) = match failed.kind {
        GrantErrorKind::Away => (Code::ShopifyAway, "", "send the same again in a minute"),
        GrantErrorKind::Refused => (
            Code::TokenRefused,
            "grant",
            "client credentials work for shops of the app's own organisation; for others leave \
             grant out and approve in the browser",
        ),
        GrantErrorKind::App => (
            Code::TokenRefused,
            "grant",
            "see that SHOPIFY_API_KEY and SHOPIFY_API_SECRET are the client id and the client \
             secret of one app",
        ),
    };
    Problem::new(code, field, format!("Shopify gives no token for {domain}: {failed}"), fix)
}

fn no_app() -> Problem {
    Problem::new(
        Code::TokenNeeded,
        "access_token",
        "access_token is missing, and no app is set up that could be approved in the browser",
        "set SHOPIFY_API_KEY to the app's client id, or give the Admin API token of an app that is \
         installed in the shop",
    )
}
