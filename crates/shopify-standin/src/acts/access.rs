//! A person installs the app, says yes or no, or takes a token away; what the law demands.

use super::find;
use super::{Answer, ControlError, Scene, fields, nothing, read};
use crate::clock;
use crate::model::access::OldSecret;
use crate::oauth::{self, Request};
use crate::webhooks::fact::Fact;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a secret that was replaced still counts.
const SECRET_LIFE: Duration = Duration::from_secs(3600);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    access_token: String,
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    api_secret: String,
    #[serde(default)]
    sign_with: SignWith,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SignWith {
    #[default]
    New,
    Old,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Install {
    app_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    url: String,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    deny: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfOrder {
    order: Value,
}

/// The app is there again, with a token that a person brings it.
pub(super) fn reinstall(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Token = read(body)?;
    let shop = &mut *scene.shop;
    let old = std::mem::replace(&mut shop.access_token, asked.access_token);
    shop.access.end_all(&old, scene.now, false);
    let fresh = shop.access_token.clone();
    shop.access.tokens.remove(&fresh);
    shop.access.installation += 1;
    shop.installed = true;
    if let Some(scopes) = asked.scopes {
        shop.scopes = scopes;
    }
    Ok(nothing())
}

/// Gives the app a new secret; Shopify may go on signing with the old one for an hour.
pub(super) fn rotate_secret(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Secret = read(body)?;
    let signs = matches!(asked.sign_with, SignWith::Old);
    let until = clock::later(scene.now, SECRET_LIFE);
    let shop = &mut *scene.shop;
    if asked.api_secret == shop.secret {
        if let Some(old) = &mut shop.access.old_secret {
            old.signs = signs;
        }
        return Ok(nothing());
    }
    let secret = std::mem::replace(&mut shop.secret, asked.api_secret);
    shop.access.old_secret = Some(OldSecret { secret, until, signs });
    Ok(nothing())
}

/// The address at which the app's installation begins.
pub(super) fn install(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Install = read(body)?;
    let url = oauth::install_url(scene.shop, scene.now, asked.app_url.as_deref());
    Ok(fields(json!({"url": url.map_err(ControlError::Body)?})))
}

/// Says yes or no to what the address of the consent page asks for.
pub(super) fn consent(scene: &mut Scene<'_>, body: Value) -> Answer {
    let asked: Consent = read(body)?;
    let wrong = |error: String| ControlError::Body(format!("url: {error}"));
    let url = reqwest::Url::parse(&asked.url).map_err(|error| wrong(error.to_string()))?;
    let parameters: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let request =
        Request::read(scene.shop, &parameters).map_err(|denied| wrong(denied.description))?;
    let answer = if asked.deny {
        oauth::Answer::Deny
    } else {
        oauth::Answer::Approve(asked.scopes.unwrap_or_else(|| request.scopes.clone()))
    };
    let location = oauth::decide(scene.shop, scene.now, &request, answer, &mut scene.action);
    Ok(fields(json!({"location": location})))
}

/// Ends all tokens; nobody tells the app.
pub(super) fn revoke_tokens(scene: &mut Scene<'_>) -> Answer {
    let (now, lasting) = (scene.now, scene.shop.access_token.clone());
    scene.shop.access.end_all(&lasting, now, true);
    scene.shop.kill_token(&lasting, now);
    Ok(nothing())
}

/// The results of all bulk operations cannot be fetched any more.
pub(super) fn expire_bulk_files(scene: &mut Scene<'_>) -> Answer {
    let names: Vec<String> = scene.shop.files.keys().cloned().collect();
    for name in &names {
        if let Some(file) = scene.shop.files.get_mut(name) {
            file.expires_at = file.expires_at.min(scene.now);
        }
    }
    Ok(fields(json!({"files": names.len()})))
}

/// What a page inside the admin would get.
pub(super) fn session_token(scene: &mut Scene<'_>) -> Answer {
    Ok(fields(json!({"session_token": oauth::session_token(scene.shop, scene.now)})))
}

/// The customer of an order must be forgotten.
pub(super) fn redact_customer(scene: &mut Scene<'_>, body: Value) -> Answer {
    let customer = customer(scene, body)?;
    scene.action.add(Fact::CustomersRedact { customer });
    Ok(fields(json!({"customer_id": customer})))
}

/// The customer of an order wants to know what is kept of them.
pub(super) fn request_customer_data(scene: &mut Scene<'_>, body: Value) -> Answer {
    let customer = customer(scene, body)?;
    let request = scene.shop.new_id();
    scene.action.add(Fact::CustomersDataRequest { customer, request });
    Ok(fields(json!({"customer_id": customer, "request_id": request})))
}

fn customer(scene: &Scene<'_>, body: Value) -> Result<i64, ControlError> {
    let asked: OfOrder = read(body)?;
    let order = find::order(scene.shop, &asked.order)?;
    let order = scene.shop.orders.get(&order);
    let customer = order.and_then(|order| order.customer.as_ref());
    let customer = customer.map(|customer| customer.id);
    customer.ok_or_else(|| ControlError::Missing("customer of this order".to_owned()))
}
