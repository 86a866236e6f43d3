//! `/admin/oauth/access_token`: codes, rotation, token exchange, client credentials.

use super::{Denied, grant, jwt, token};
use crate::clock;
use crate::model::Shop;
use crate::model::access::{Refresh, Spent, Token, TokenKind};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ACCESS_LIFE: Duration = Duration::from_secs(3600);
const REFRESH_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);
const DAY: Duration = Duration::from_secs(86_399);

/// What grants are called.
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const OFFLINE: &str = "urn:shopify:params:oauth:token-type:offline-access-token";
const ONLINE: &str = "urn:shopify:params:oauth:token-type:online-access-token";

/// A request for a token.
#[derive(Clone, Debug, Default)]
pub struct Asked(BTreeMap<String, String>);

impl Asked {
    /// The fields of a body.
    #[must_use]
    pub fn new(fields: BTreeMap<String, String>) -> Self {
        Self(fields)
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// What is asked for, without anything secret.
    #[must_use]
    pub fn grant(&self) -> &str {
        match self.get("grant_type") {
            "" => "authorization_code",
            other => other,
        }
    }

    fn expiring(&self) -> bool {
        matches!(self.get("expiring"), "1" | "true")
    }
}

/// Gives a token out. `unheard`: a fault will spoil the answer.
///
/// # Errors
/// What Shopify answers instead.
pub fn exchange(
    shop: &mut Shop,
    now: Timestamp,
    asked: &Asked,
    unheard: bool,
) -> Result<Value, Denied> {
    shop.access.forget(now);
    if asked.get("client_id") != shop.access.client_id {
        let message = "Could not find Shopify API application with that client_id";
        return Err(Denied::new(400, "application_cannot_be_found", message));
    }
    if !shop.access.secrets(&shop.secret, now).any(|known| known == asked.get("client_secret")) {
        return Err(Denied::new(401, "invalid_client", "The client secret is wrong"));
    }
    match asked.grant() {
        "authorization_code" => by_code(shop, now, asked),
        "refresh_token" => by_refresh(shop, now, asked, unheard),
        "client_credentials" => by_credentials(shop, now),
        EXCHANGE => by_token(shop, now, asked),
        other => {
            let message = format!("The grant type {other} is not known");
            Err(Denied::new(400, "unsupported_grant_type", message))
        }
    }
}

fn by_code(shop: &mut Shop, now: Timestamp, asked: &Asked) -> Result<Value, Denied> {
    let message = "The authorization code was not found or was already used";
    let code = shop.access.codes.get_mut(asked.get("code"));
    let Some(code) = code.filter(|code| !code.used && code.expires_at > now) else {
        return Err(Denied::new(400, "invalid_request", message));
    };
    code.used = true;
    Ok(match (code.online, asked.expiring()) {
        (true, _) => online(shop, now),
        (false, true) => chain(shop, now),
        (false, false) => lasting(shop),
    })
}

fn by_refresh(
    shop: &mut Shop,
    now: Timestamp,
    asked: &Asked,
    unheard: bool,
) -> Result<Value, Denied> {
    let window = Duration::from_secs(shop.settings.refresh_repeat_seconds);
    let denied = || {
        let message = "This request requires an active refresh_token";
        Denied::new(401, "invalid_request", message)
    };
    let request = format!("{:?}", asked.0);
    let old = asked.get("refresh_token").to_owned();
    let Some(known) = shop.access.refreshes.get_mut(&old) else {
        return Err(denied());
    };
    if let Some(spent) = &mut known.spent {
        let repeated = spent.request == request && clock::later(spent.at, window) >= now;
        if !known.dead && repeated && shop.installed {
            spent.unheard &= unheard;
            return Ok(serde_json::from_str(&spent.answer).unwrap_or(Value::Null));
        }
        // Whoever never heard the answer may ask again, and hears that it is too late.
        let excused = spent.unheard;
        return Err(if excused { denied().blameless() } else { denied() });
    }
    if known.dead || known.expires_at <= now || !shop.installed {
        return Err(denied().blameless());
    }
    let answer = chain(shop, now);
    // The fresh token's own refresh token is alive, the one that was used is spent.
    if let Some(known) = shop.access.refreshes.get_mut(&old) {
        let answer = answer.to_string();
        known.dead = false;
        known.spent = Some(Spent { at: now, request, answer, unheard });
    }
    Ok(answer)
}

fn by_credentials(shop: &mut Shop, now: Timestamp) -> Result<Value, Denied> {
    if !shop.settings.same_organization {
        let message = "The app and the shop do not belong to the same organization";
        return Err(Denied::new(400, "shop_not_permitted", message).blameless());
    }
    if !shop.installed {
        let message = "The app is not installed on the shop";
        return Err(Denied::new(400, "app_not_installed", message).blameless());
    }
    let fresh = issue(shop, TokenKind::Offline, clock::later(now, DAY));
    Ok(json!({"access_token": fresh, "scope": scope(shop), "expires_in": DAY.as_secs()}))
}

fn by_token(shop: &mut Shop, now: Timestamp, asked: &Asked) -> Result<Value, Denied> {
    let subject = asked.get("subject_token");
    let wrong = |message: &str| Denied::new(400, "invalid_subject_token", message);
    let wanted = asked.get("requested_token_type");
    match (asked.get("subject_token_type"), wanted) {
        (OFFLINE, OFFLINE) if subject == shop.access_token && shop.installed => {
            if !asked.expiring() {
                let message = "expiring=1 is needed to move to an expiring token";
                return Err(Denied::new(400, "invalid_request", message));
            }
            // There is no way back: the token that never expired is dead.
            let answer = chain(shop, now);
            let old = std::mem::replace(&mut shop.access_token, token("shpat_"));
            shop.access.end(&old, now, false);
            Ok(answer)
        }
        (OFFLINE, OFFLINE) => Err(wrong("The subject token is not a non-expiring token")),
        (ID_TOKEN, OFFLINE | ONLINE) => {
            let mut secrets = shop.access.secrets(&shop.secret, now);
            let holds = secrets.any(|secret| jwt::holds(shop, secret, subject, now));
            drop(secrets);
            if !holds || !shop.installed {
                return Err(wrong("The session token is not valid"));
            }
            Ok(match (wanted == ONLINE, asked.expiring()) {
                (true, _) => online(shop, now),
                (false, true) => chain(shop, now),
                (false, false) => lasting(shop),
            })
        }
        _ => {
            let message = "These token types cannot be exchanged";
            Err(Denied::new(400, "invalid_request", message))
        }
    }
}

/// The token that never expires: the same each time for one installation.
fn lasting(shop: &Shop) -> Value {
    json!({"access_token": shop.access_token, "scope": scope(shop)})
}

/// A token that expires, with its refresh token. The chain before it ends at once.
fn chain(shop: &mut Shop, now: Timestamp) -> Value {
    for older in shop.access.refreshes.values_mut() {
        older.dead = true;
    }
    let access = issue(shop, TokenKind::Offline, clock::later(now, ACCESS_LIFE));
    let refresh = token("shprt_");
    let kept = Refresh { expires_at: clock::later(now, REFRESH_LIFE), dead: false, spent: None };
    shop.access.refreshes.insert(refresh.clone(), kept);
    let mut answer = Map::new();
    answer.insert("access_token".into(), access.into());
    answer.insert("scope".into(), scope(shop).into());
    if !shop.settings.no_expires_in {
        answer.insert("expires_in".into(), ACCESS_LIFE.as_secs().into());
    }
    answer.insert("refresh_token".into(), refresh.into());
    answer.insert("refresh_token_expires_in".into(), REFRESH_LIFE.as_secs().into());
    answer.into()
}

fn online(shop: &mut Shop, now: Timestamp) -> Value {
    let fresh = issue(shop, TokenKind::Online, clock::later(now, DAY));
    json!({
        "access_token": fresh,
        "scope": scope(shop),
        "expires_in": DAY.as_secs(),
        "associated_user_scope": scope(shop),
        "associated_user": {
            "id": shop.id, "first_name": "Mo", "last_name": "Merchant",
            "email": "mo@example.com", "email_verified": true, "account_owner": true,
            "locale": "en", "collaborator": false,
        },
    })
}

fn issue(shop: &mut Shop, kind: TokenKind, expires_at: Timestamp) -> String {
    let fresh = token("shpat_");
    let kept = Token { kind, expires_at: Some(expires_at), dead: None, surprise: false };
    shop.access.tokens.insert(fresh.clone(), kept);
    fresh
}

fn scope(shop: &Shop) -> String {
    grant::shortened(&shop.scopes).join(",")
}
