//! The merchant's consent: what is asked for, and the redirect with a code.

use super::{Denied, signed_query, token, with_query};
use crate::clock;
use crate::model::Shop;
use crate::model::access::Code;
use crate::webhooks::fact::{Action, Fact};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::Timestamp;
use std::time::Duration;

/// How long a code may be exchanged.
const CODE_LIFE: Duration = Duration::from_secs(600);

/// A valid request for consent.
#[derive(Clone, Debug)]
pub struct Request {
    /// Scopes that are asked for.
    pub scopes: Vec<String>,
    /// Where the code goes.
    pub redirect_uri: String,
    /// The app's nonce.
    pub state: Option<String>,
    /// A token of the person is asked for.
    pub online: bool,
}

/// What the merchant says.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These scopes are granted.
    Approve(Vec<String>),
    /// Nothing is.
    Deny,
}

impl Request {
    /// Checks the parameters of `/admin/oauth/authorize`.
    ///
    /// # Errors
    /// What Shopify shows instead of its page.
    pub fn read(shop: &Shop, parameters: &[(String, String)]) -> Result<Self, Denied> {
        let get = |name: &str| {
            let found = parameters.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
        };
        if get("client_id") != Some(shop.access.client_id.as_str()) {
            let message = "Could not find Shopify API application with that client_id";
            return Err(Denied::new(400, "application_cannot_be_found", message));
        }
        let redirect_uri = get("redirect_uri").unwrap_or_default().to_owned();
        if !redirects(shop, &redirect_uri) {
            let message = "The redirect_uri is not whitelisted";
            return Err(Denied::new(400, "invalid_request", message));
        }
        let scopes = match get("scope") {
            // The app's own configuration says which.
            None => shop.scopes.clone(),
            Some(list) => {
                list.split([',', ' ']).filter(|one| !one.is_empty()).map(str::to_owned).collect()
            }
        };
        if let Some(unknown) = scopes.iter().find(|scope| !is_scope(scope)) {
            let message = format!("The access scope {unknown} does not exist");
            return Err(Denied::new(400, "invalid_scope", message));
        }
        Ok(Self {
            scopes,
            redirect_uri,
            state: get("state").map(str::to_owned),
            online: get("grant_options[]") == Some("per-user"),
        })
    }
}

fn redirects(shop: &Shop, uri: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(uri) else {
        return false;
    };
    if !shop.access.redirect_uris.is_empty() {
        return shop.access.redirect_uris.iter().any(|known| known == uri);
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

fn is_scope(text: &str) -> bool {
    let rest = text.strip_prefix("unauthenticated_").unwrap_or(text);
    let rest = rest.strip_prefix("read_").or_else(|| rest.strip_prefix("write_"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|ch| ch.is_ascii_lowercase() || ch == '_')
    })
}

/// Does what the merchant said; answers where the browser goes, if anywhere.
pub fn decide(
    shop: &mut Shop,
    now: Timestamp,
    asked: &Request,
    answer: Answer,
    action: &mut Action,
) -> Option<String> {
    let Answer::Approve(granted) = answer else {
        return None;
    };
    let granted: Vec<String> =
        asked.scopes.iter().filter(|scope| granted.contains(scope)).cloned().collect();
    if shop.installed {
        if shortened(&granted) != shortened(&shop.scopes) {
            shop.access.previous_scopes = std::mem::replace(&mut shop.scopes, granted);
            action.add(Fact::ScopesUpdated);
        }
    } else {
        shop.scopes = granted;
        installed(shop);
    }
    let code = token("");
    let kept = Code { online: asked.online, expires_at: clock::later(now, CODE_LIFE), used: false };
    shop.access.codes.insert(code.clone(), kept);
    let mut parameters = common(shop, now);
    parameters.push(("code", code));
    parameters.extend(asked.state.clone().map(|state| ("state", state)));
    let query = signed_query(&shop.secret, &parameters);
    Some(with_query(&asked.redirect_uri, &query))
}

/// The app is there again, with a new token that never expires.
fn installed(shop: &mut Shop) {
    shop.installed = true;
    shop.access.installation += 1;
    shop.access_token = token("shpat_");
}

/// The address that opens the app for the first time, signed.
///
/// # Errors
/// When nobody said where the app is.
pub fn install_url(shop: &Shop, now: Timestamp, app_url: Option<&str>) -> Result<String, String> {
    let address = app_url.or(shop.access.app_url.as_deref());
    let address = address.ok_or_else(|| "the shop has no app_url".to_owned())?;
    Ok(with_query(address, &signed_query(&shop.secret, &common(shop, now))))
}

fn common(shop: &Shop, now: Timestamp) -> Vec<(&'static str, String)> {
    let short = shop.domain.split('.').next().unwrap_or_default();
    let host = STANDARD_NO_PAD.encode(format!("admin.shopify.com/store/{short}"));
    vec![("host", host), ("shop", shop.domain.clone()), ("timestamp", now.as_second().to_string())]
}

/// Scopes as Shopify lists them: a write scope stands for the read scope of the same name.
#[must_use]
pub fn shortened(scopes: &[String]) -> Vec<String> {
    let written = |scope: &str| {
        let what = scope.strip_prefix("read_");
        what.is_some_and(|what| scopes.iter().any(|one| *one == format!("write_{what}")))
    };
    let mut short: Vec<String> = scopes.iter().filter(|one| !written(one)).cloned().collect();
    short.sort();
    short.dedup();
    short
}
