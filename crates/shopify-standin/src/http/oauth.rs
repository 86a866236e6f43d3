//! How an app gets access: the consent page in the browser, and the endpoint for tokens.

use super::answer::{Ending, Reply};
use super::listener::Fuse;
use super::{admin, page, strike};
use crate::faults::FaultKind;
use crate::ids;
use crate::journal::{EntryKind, Noted, ViolationKind};
use crate::model::Shop;
use crate::oauth::{self, Asked, Denied, Request};
use crate::webhooks::API_VERSION;
use crate::webhooks::fact::Action;
use crate::webhooks::tell;
use crate::world::{World, lock};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

type Pairs = Vec<(String, String)>;

/// `GET /_standin/{shop}/install`: the merchant opens the app for the first time.
pub async fn install(
    State(world): State<Arc<World>>,
    Path(domain): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(shop) = world.shop(&domain) else {
        return nowhere();
    };
    let parameters = pairs(query.as_deref().unwrap_or_default());
    let app_url = value(&parameters, "app_url");
    let url = oauth::install_url(&lock(&shop), world.clock.now(), app_url);
    match url {
        Ok(url) => redirect(&url),
        Err(problem) => page::message(400, "The app is unknown", &problem),
    }
}

/// `GET /{shop}/admin/oauth/authorize`
pub async fn ask(
    State(world): State<Arc<World>>,
    Path(domain): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(shop) = world.shop(&domain) else {
        return nowhere();
    };
    let parameters = pairs(query.as_deref().unwrap_or_default());
    let mut shop = lock(&shop);
    let now = world.clock.now();
    match Request::read(&shop, &parameters) {
        Ok(asked) => {
            let noted = asked.state.is_none().then(|| {
                Noted::new(ViolationKind::BadAuthorization, "consent is asked without a state")
            });
            write_down(&mut shop, now, json!({"request": "authorize", "status": 200}), noted);
            page::consent(&shop, &asked, &parameters)
        }
        Err(denied) => refused(&mut shop, now, "authorize", &denied),
    }
}

/// `POST /{shop}/admin/oauth/authorize`: the form of the consent page.
pub async fn decide(
    State(world): State<Arc<World>>,
    Path(domain): Path<String>,
    body: Bytes,
) -> Response {
    let Some(shop) = world.shop(&domain) else {
        return nowhere();
    };
    let form = pairs(&String::from_utf8_lossy(&body));
    let mut shop = lock(&shop);
    let now = world.clock.now();
    let asked = match Request::read(&shop, &form) {
        Ok(asked) => asked,
        Err(denied) => return refused(&mut shop, now, "decide", &denied),
    };
    let answer = match value(&form, "decision") {
        Some("approve") if value(&form, "chosen").is_none() => {
            oauth::Answer::Approve(asked.scopes.clone())
        }
        Some("approve") => {
            let granted = form.iter().filter(|(name, _)| name == "grant");
            oauth::Answer::Approve(granted.map(|(_, scope)| scope.clone()).collect())
        }
        _ => oauth::Answer::Deny,
    };
    let mut action = Action::default();
    let location = oauth::decide(&mut shop, now, &asked, answer, &mut action);
    if !action.facts().is_empty() {
        tell(&mut shop, &action, now);
    }
    let fields = json!({"request": "decide", "status": 302, "approved": location.is_some()});
    write_down(&mut shop, now, fields, None);
    drop(shop);
    world.wake();
    match location {
        Some(location) => redirect(&location),
        None => page::message(200, "Nothing was installed", "You can close this page."),
    }
}

/// `POST /{shop}/admin/oauth/access_token`
pub async fn token(
    State(world): State<Arc<World>>,
    ConnectInfo(fuse): ConnectInfo<Fuse>,
    Path(domain): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request_id = ids::fresh();
    let Some(shop) = world.shop(&domain) else {
        return nowhere();
    };
    let reply = answer(&mut lock(&shop), world.clock.now(), &headers, &body, &request_id);
    world.wake();
    match reply.ending {
        Ending::Hangs => std::future::pending().await,
        Ending::Reset => fuse.blow(),
        Ending::Answered | Ending::Halved => {}
    }
    admin::respond(reply, &request_id, API_VERSION)
}

fn answer(
    shop: &mut Shop,
    now: Timestamp,
    headers: &HeaderMap,
    body: &[u8],
    request_id: &str,
) -> Reply {
    let asked = Asked::new(fields(headers, body));
    let fault = shop.faults.take_oauth();
    let mut entry = json!({
        "request": "access_token",
        "request_id": request_id,
        "grant": asked.grant(),
        "fault": fault.map(FaultKind::as_str),
    });
    if let Some(reply) = fault.and_then(|fault| strike::before(fault, request_id)) {
        put(&mut entry, "status", reply.status.into());
        write_down(shop, now, entry, None);
        return reply;
    }
    if let Some(status) = shop.settings.http_status {
        put(&mut entry, "status", status.into());
        write_down(shop, now, entry, None);
        return Reply::json(status, json!({"errors": admin::status_text(status)}));
    }
    let unheard = fault.is_some_and(strike::unheard);
    let (reply, noted) = match oauth::exchange(shop, now, &asked, unheard) {
        Ok(body) => (Reply::json(200, body), None),
        Err(denied) => {
            put(&mut entry, "error", denied.error.into());
            let body = json!({"error": denied.error, "error_description": denied.description});
            let text = format!("{}: {}", asked.grant(), denied.description);
            let noted = denied.mistake.then(|| Noted::new(ViolationKind::BadTokenRequest, text));
            (Reply::json(denied.status, body), noted)
        }
    };
    let reply = strike::after(reply, fault, request_id);
    let heard = !matches!(reply.ending, Ending::Hangs | Ending::Reset);
    put(&mut entry, "status", heard.then_some(reply.status).into());
    write_down(shop, now, entry, noted);
    reply
}

/// The fields of a form or of a JSON object.
fn fields(headers: &HeaderMap, body: &[u8]) -> BTreeMap<String, String> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return pairs(&String::from_utf8_lossy(body)).into_iter().collect();
    }
    let map: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    map.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn refused(shop: &mut Shop, now: Timestamp, request: &str, denied: &Denied) -> Response {
    let fields = json!({"request": request, "status": denied.status, "error": denied.error});
    let noted = Noted::new(ViolationKind::BadAuthorization, denied.description.clone());
    write_down(shop, now, fields, Some(noted));
    let title = format!("Oauth error {}", denied.error);
    page::message(denied.status, &title, &denied.description)
}

fn write_down(shop: &mut Shop, now: Timestamp, fields: Value, noted: Option<Noted>) {
    if let Value::Object(fields) = fields {
        shop.journal.add(EntryKind::Oauth, now, fields);
    }
    if let Some(noted) = noted {
        shop.journal.violate(now, noted, Some("oauth".to_owned()));
    }
}

fn put(entry: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = entry {
        fields.insert(name.to_owned(), value);
    }
}

/// The pairs of a query string or form.
fn pairs(text: &str) -> Pairs {
    let url = reqwest::Url::parse(&format!("http://localhost/?{text}"));
    let owned = |url: reqwest::Url| {
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    };
    url.map(owned).unwrap_or_default()
}

fn value<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn redirect(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

fn nowhere() -> Response {
    page::message(404, "Not found", "There is no such shop.")
}
