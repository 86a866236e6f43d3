//! The endpoint of the Admin API: token, version, and the forms in which an answer may fail to
//! arrive.

use super::answer::{Ending, Reply};
use super::call::{self, Call, Caller};
use super::listener::Fuse;
use crate::graphql::error::GraphqlError;
use crate::ids;
use crate::journal::{EntryKind, Noted, ViolationKind};
use crate::model::{Bearer, Shop};
use crate::webhooks::API_VERSION;
use crate::world::{Cell, World, lock};
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The oldest version still served; older requests are answered by it.
const OLDEST: &str = "2026-01";

/// `POST /{shop}/admin/api/{version}/graphql.json`
pub async fn graphql(
    State(world): State<Arc<World>>,
    ConnectInfo(fuse): ConnectInfo<Fuse>,
    Path((domain, version)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request_id = ids::fresh();
    let found = world.shop(&domain);
    let (Some(shop), Some(served)) = (found, served_version(&version)) else {
        return respond(Reply::json(404, json!({"errors": "Not Found"})), &request_id, API_VERSION);
    };
    let early = admitted(&world, &mut lock(&shop), &version, &headers, &request_id);
    let reply = match early {
        Err(reply) => reply,
        Ok(bearer) => match Call::read(&body) {
            Err(reply) => refuse(&world, &shop, reply, &request_id),
            // The call goes on when its client hangs up.
            Ok(call) => {
                let work =
                    call::answer(Arc::clone(&world), shop, call.by(bearer), request_id.clone());
                world.tasks.spawn(work).await.unwrap_or_else(|_| broken(&request_id))
            }
        },
    };
    world.wake();
    match reply.ending {
        Ending::Hangs => std::future::pending().await,
        Ending::Reset => fuse.blow(),
        Ending::Answered | Ending::Halved => {}
    }
    respond(reply, &request_id, served)
}

/// The version that answers; `None` when it is no version at all.
fn served_version(asked: &str) -> Option<&'static str> {
    let (year, month) = asked.split_once('-').unwrap_or(("9999", "99"));
    let digits =
        |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    if asked == "unstable" {
        return Some("unstable");
    }
    if !digits(year, 4) || !digits(month, 2) || asked > "2027-01" {
        return None;
    }
    let known = ["2026-01", "2026-04", "2026-07", API_VERSION, "2027-01"];
    Some(known.into_iter().find(|known| *known == asked).unwrap_or(OLDEST))
}

/// Checks the shop's state and the token.
fn admitted(
    world: &World,
    shop: &mut Shop,
    version: &str,
    headers: &HeaderMap,
    request_id: &str,
) -> Result<Caller, Reply> {
    let now = world.clock.now();
    let token = headers.get("X-Shopify-Access-Token").and_then(|value| value.to_str().ok());
    let bearer = shop.bearer(token, now);
    let mut log = |status: u16, body: Value, noted: Option<Noted>| {
        let mut fields = Map::new();
        fields.insert("request_id".to_owned(), request_id.into());
        fields.insert("status".to_owned(), status.into());
        fields.insert("answer".to_owned(), body.clone());
        shop.journal.add(EntryKind::Api, now, fields);
        if let Some(noted) = noted {
            shop.journal.violate(now, noted, None);
        }
        Reply::json(status, body)
    };
    if let Some(status) = shop.settings.http_status {
        let body = json!({"errors": status_text(status)});
        return Err(log(status, body, None));
    }
    let kind = match bearer {
        Bearer::Good(kind) => kind,
        Bearer::Bad(noted) => {
            let reply = Reply::unauthorized();
            return Err(log(reply.status, reply.body, noted));
        }
        Bearer::WrongKind => {
            let message = "[API] Non-expiring access tokens are no longer accepted for the Admin \
                           API. Start using expiring offline tokens";
            let noted = Noted::new(ViolationKind::TokenKind, message);
            return Err(log(403, json!({"errors": message}), Some(noted)));
        }
    };
    if version != API_VERSION {
        let message = format!("the version {version} was asked for, not {API_VERSION}");
        shop.journal.violate(now, Noted::new(ViolationKind::WrongVersion, message), None);
    }
    let debug = headers.get("Shopify-GraphQL-Cost-Debug").is_some_and(|value| value == "1");
    Ok(Caller { kind, token: token.unwrap_or_default().to_owned(), debug })
}

pub(super) fn status_text(status: u16) -> &'static str {
    match status {
        402 => "This shop's plan does not have access to this feature",
        403 => "Forbidden",
        423 => "This shop is unavailable",
        503 => "Service Unavailable",
        _ => "Unavailable",
    }
}

/// Writes down a body that is no request.
fn refuse(world: &World, shop: &Cell, reply: Reply, request_id: &str) -> Reply {
    let now = world.clock.now();
    let mut shop = lock(shop);
    let mut fields = Map::new();
    fields.insert("request_id".to_owned(), request_id.into());
    fields.insert("status".to_owned(), reply.status.into());
    fields.insert("answer".to_owned(), reply.body.clone());
    shop.journal.add(EntryKind::Api, now, fields);
    let noted = Noted::new(ViolationKind::BadRequest, reply.body.to_string());
    shop.journal.violate(now, noted, None);
    reply
}

fn broken(request_id: &str) -> Reply {
    let message =
        format!("Internal error. Looks like something went wrong on our end. {request_id}");
    Reply::errors(&[
        GraphqlError::new("INTERNAL_SERVER_ERROR", message).with("requestId", request_id)
    ])
}

pub(super) fn respond(reply: Reply, request_id: &str, version: &str) -> Response {
    let (kind, mut text) = match &reply.body {
        Value::String(html) => ("text/html", html.clone()),
        json => ("application/json; charset=utf-8", json.to_string()),
    };
    if reply.ending == Ending::Halved {
        let mut end = text.len() / 2;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    let mut response = Body::from(text).into_response();
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let own =
        [("x-request-id", request_id.to_owned()), ("x-shopify-api-version", version.to_owned())];
    for (name, value) in own.into_iter().chain(reply.headers) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2026-10", Some("2026-10"))]
    #[case("2026-04", Some("2026-04"))]
    #[case("2024-01", Some("2026-01"))]
    #[case("unstable", Some("unstable"))]
    #[case("2031-01", None)]
    #[case("latest", None)]
    fn versions_fall_forward(#[case] asked: &str, #[case] served: Option<&str>) {
        assert_eq!(served_version(asked), served);
    }
}
