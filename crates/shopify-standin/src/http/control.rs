//! The control API.

use crate::acts::{self, ControlError, setup};
use crate::faults::{Fault, FaultKind};
use crate::journal::EntryKind;
use crate::model::{Settings, Shop};
use crate::world::{Cell, World, lock};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Seconds for which a question about the journal may wait for an answer.
const LONGEST_WAIT: u64 = 60;

type Result<T> = std::result::Result<T, ControlError>;

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, axum::Json(json!({"error": self.to_string()}))).into_response()
    }
}

/// A JSON answer with its status.
type Json = (StatusCode, axum::Json<Value>);

fn ok(body: Value) -> Json {
    (StatusCode::OK, axum::Json(body))
}

fn find(world: &World, domain: &str) -> Result<Arc<Cell>> {
    world.shop(domain).ok_or_else(|| ControlError::Missing(format!("shop {domain}")))
}

fn body(bytes: &[u8]) -> Result<Value> {
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(bytes).map_err(|error| ControlError::Body(error.to_string()))
}

/// `GET /_standin/health`
pub async fn health(State(world): State<Arc<World>>) -> Json {
    ok(json!({"status": "ok", "shops": world.domains().len(), "schema": "2026-10"}))
}

/// `GET /_standin/shops`
pub async fn shops(State(world): State<Arc<World>>) -> Json {
    ok(json!({"shops": world.domains()}))
}

/// `POST /_standin/shops`
pub async fn create(State(world): State<Arc<World>>, bytes: Bytes) -> Result<Json> {
    let answer = create_shop(&world, body(&bytes)?)?;
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// Makes a shop.
///
/// # Errors
/// When the description is wrong or the domain is taken.
pub fn create_shop(world: &World, body: Value) -> Result<Value> {
    let new: setup::NewShop = acts::read(body)?;
    let domain = new.shop_domain.to_ascii_lowercase();
    if world.shop(&domain).is_some() {
        return Err(ControlError::Exists(format!("shop {domain}")));
    }
    let first_id = world.first_id();
    let now = world.clock.now();
    let (shop, answer) = setup::make(new, &world.schema, now, first_id, world.journal_limit)?;
    if world.add(shop) { Ok(answer) } else { Err(ControlError::Exists(format!("shop {domain}"))) }
}

/// `GET /_standin/{shop}`
pub async fn snapshot(State(world): State<Arc<World>>, Path(shop): Path<String>) -> Result<Json> {
    let shop = find(&world, &shop)?;
    let seen = acts::snapshot(&lock(&shop));
    Ok(ok(seen))
}

/// `DELETE /_standin/{shop}`
pub async fn delete(
    State(world): State<Arc<World>>,
    Path(shop): Path<String>,
) -> Result<StatusCode> {
    if world.remove(&shop) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ControlError::Missing(format!("shop {shop}")))
    }
}

/// `POST /_standin/{shop}/act/{act}`
pub async fn act(
    State(world): State<Arc<World>>,
    Path((shop, act)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Json> {
    let shop = find(&world, &shop)?;
    let answer = run_act(&world, &shop, &act, body(&bytes)?)?;
    Ok(ok(answer))
}

/// Lets a merchant or a customer do something.
///
/// # Errors
/// When the act or what it names does not exist, or the shop's rules forbid it.
pub fn run_act(world: &World, shop: &Cell, act: &str, body: Value) -> Result<Value> {
    let now = world.clock.now();
    let answer = once(&mut lock(shop), body, |shop, body| {
        acts::act(shop, &world.schema, now, act, body).map(Value::from)
    })?;
    world.wake();
    Ok(answer)
}

/// Does something that may be asked for under an id: whoever did not hear the answer asks again,
/// and it happens once.
fn once(
    shop: &mut Shop,
    mut body: Value,
    work: impl FnOnce(&mut Shop, Value) -> Result<Value>,
) -> Result<Value> {
    let id = body.as_object_mut().and_then(|fields| fields.remove("request_id"));
    let id = id.as_ref().and_then(Value::as_str);
    if let Some(known) = id.and_then(|id| shop.answers.get(id)) {
        return Ok(known.clone());
    }
    let answer = work(shop, body)?;
    if let Some(id) = id {
        shop.answers.insert(id.to_owned(), answer.clone());
    }
    Ok(answer)
}

/// What part of the journal is asked for.
#[derive(Debug, Deserialize)]
pub struct Part {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
    kind: Option<EntryKind>,
    #[serde(default)]
    wait: u64,
}

/// `GET /_standin/{shop}/journal`
pub async fn journal(
    State(world): State<Arc<World>>,
    Path(shop): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json> {
    let shop = find(&world, &shop)?;
    let look = |shop: &Shop| {
        let limit = part.limit.unwrap_or(1000);
        (shop.journal.after(part.after, part.kind, limit), shop.journal.last())
    };
    let found = shop.until(|shop| Some(look(shop)).filter(|(entries, _)| !entries.is_empty()));
    let wait = Duration::from_secs(part.wait.min(LONGEST_WAIT));
    let (entries, last) = match tokio::time::timeout(wait, found).await {
        Ok(found) => found,
        Err(_) => look(&lock(&shop)),
    };
    Ok(ok(json!({"entries": entries, "last": last})))
}

/// `GET /_standin/{shop}/violations`
pub async fn violations(
    State(world): State<Arc<World>>,
    Path(shop): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json> {
    let shop = find(&world, &shop)?;
    let found = lock(&shop).journal.violations(part.after);
    let last = found.last().map_or(part.after, |last| last.seq);
    Ok(ok(json!({"count": found.len(), "violations": found, "last": last})))
}

/// `GET /_standin/{shop}/faults`
pub async fn faults(State(world): State<Arc<World>>, Path(shop): Path<String>) -> Result<Json> {
    let shop = find(&world, &shop)?;
    let pending = lock(&shop).faults.pending().to_vec();
    Ok(ok(json!({"faults": pending})))
}

/// `POST /_standin/{shop}/faults`
pub async fn add_fault(
    State(world): State<Arc<World>>,
    Path(shop): Path<String>,
    bytes: Bytes,
) -> Result<Json> {
    let shop = find(&world, &shop)?;
    let answer = add(&world, &shop, body(&bytes)?)?;
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// Asks for a fault.
///
/// # Errors
/// When there is no such fault.
pub fn add(world: &World, shop: &Cell, body: Value) -> Result<Value> {
    let now = world.clock.now();
    let answer = once(&mut lock(shop), body, |shop, body| {
        let fault: Fault = acts::read(body)?;
        if fault.fault == FaultKind::WebhookRelease {
            let count = shop.outbox.release(now);
            return Ok(json!({"faults": shop.faults.pending(), "released": count}));
        }
        shop.faults.add(fault);
        Ok(json!({"faults": shop.faults.pending()}))
    })?;
    world.wake();
    Ok(answer)
}

/// `DELETE /_standin/{shop}/faults`
pub async fn clear_faults(
    State(world): State<Arc<World>>,
    Path(shop): Path<String>,
) -> Result<StatusCode> {
    let shop = find(&world, &shop)?;
    let mut guard = lock(&shop);
    guard.faults.clear();
    guard.outbox.release(world.clock.now());
    drop(guard);
    world.wake();
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /_standin/{shop}/settings`
pub async fn settings(State(world): State<Arc<World>>, Path(shop): Path<String>) -> Result<Json> {
    let shop = find(&world, &shop)?;
    let settings = lock(&shop).settings.clone();
    Ok(ok(json!(settings)))
}

/// `POST /_standin/{shop}/settings`
pub async fn set(
    State(world): State<Arc<World>>,
    Path(shop): Path<String>,
    bytes: Bytes,
) -> Result<Json> {
    let shop = find(&world, &shop)?;
    Ok(ok(change(&world, &shop, body(&bytes)?)?))
}

/// Changes the settings that are named.
///
/// # Errors
/// When a setting does not exist or cannot have the value.
pub fn change(world: &World, shop: &Cell, body: Value) -> Result<Value> {
    let mut shop = lock(shop);
    let mut all = json!(shop.settings);
    match (&mut all, body) {
        (Value::Object(all), Value::Object(some)) => all.extend(some),
        _ => return Err(ControlError::Body("an object is expected".to_owned())),
    }
    let settings: Settings = acts::read(all)?;
    let answer = json!(settings);
    shop.settings = settings;
    drop(shop);
    world.wake();
    Ok(answer)
}
