//! Files: results of bulk operations to be fetched, variables to be sent.

use super::answer::{Ending, Reply};
use super::listener::Fuse;
use crate::faults::FaultKind;
use crate::journal::{EntryKind, Noted, ViolationKind};
use crate::model::Shop;
use crate::world::{World, lock};
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

const FAULTS: [FaultKind; 3] =
    [FaultKind::BulkFileCut, FaultKind::BulkFileReset, FaultKind::BulkFile500];

/// `GET /{shop}/bulk/{file}`: the result of a bulk operation, or what stands in it behind a byte.
pub async fn fetch(
    State(world): State<Arc<World>>,
    ConnectInfo(fuse): ConnectInfo<Fuse>,
    Path((domain, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(shop) = world.shop(&domain) else {
        return gone(404, "NoSuchBucket");
    };
    let reply = content(&mut lock(&shop), world.clock.now(), &format!("bulk/{file}"));
    if reply.ending == Ending::Reset {
        fuse.blow();
    }
    let Value::String(text) = reply.body else {
        return gone(reply.status, "AccessDenied");
    };
    let (from, size) = (behind(&headers), text.len());
    let Some(rest) = text.as_bytes().get(from.unwrap_or(0)..).filter(|rest| !rest.is_empty())
    else {
        return gone(416, "InvalidRange");
    };
    let sent = if reply.ending == Ending::Halved { rest.split_at(rest.len() / 2).0 } else { rest };
    let kind = (header::CONTENT_TYPE, "application/jsonl".to_owned());
    let body = Body::from(sent.to_vec());
    match from {
        None => ([kind], body).into_response(),
        Some(from) => {
            let range = format!("bytes {from}-{}/{size}", size.saturating_sub(1));
            let headers = [kind, (header::CONTENT_RANGE, range)];
            (StatusCode::PARTIAL_CONTENT, headers, body).into_response()
        }
    }
}

/// The first byte of `Range: bytes=10-`; other forms are answered with the whole, as one may.
fn behind(headers: &HeaderMap) -> Option<usize> {
    let range = headers.get(header::RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

fn content(shop: &mut Shop, now: Timestamp, name: &str) -> Reply {
    let fault = shop.faults.take_bulk(&FAULTS);
    let known = shop.files.get(&name.to_owned());
    let text = known.filter(|file| !file.upload && file.expires_at > now);
    let text = text.and_then(|file| file.text.clone());
    let status = match (fault, &text) {
        (Some(FaultKind::BulkFile500), _) => 500,
        (_, None) if known.is_some() => 403,
        (_, None) => 404,
        (_, Some(_)) => 200,
    };
    let ending = match fault {
        Some(FaultKind::BulkFileCut) => Ending::Halved,
        Some(FaultKind::BulkFileReset) => Ending::Reset,
        _ => Ending::Answered,
    };
    let entry = json!({"request": "fetch", "file": name, "status": status,
        "fault": fault.map(FaultKind::as_str)});
    write_down(shop, now, entry, None);
    let body = text.filter(|_| status == 200).map_or(Value::Null, Value::String);
    Reply { ending, ..Reply::json(status, body) }
}

/// `POST /{shop}/uploads`: a form with the parameters that were given out, the file last.
pub async fn send(
    State(world): State<Arc<World>>,
    Path(domain): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(shop) = world.shop(&domain) else {
        return gone(404, "NoSuchBucket");
    };
    let mut shop = lock(&shop);
    let now = world.clock.now();
    let kept = parts(&headers, &body).and_then(|parts| keep(&mut shop, now, &parts));
    let (status, noted) = match &kept {
        Ok(()) => (201, None),
        Err(problem) => (400, Some(Noted::new(ViolationKind::BadRequest, problem.clone()))),
    };
    let entry = json!({"request": "upload", "status": status, "size": body.len()});
    write_down(&mut shop, now, entry, noted);
    match kept {
        Ok(()) => (StatusCode::CREATED, "<PostResponse/>").into_response(),
        Err(problem) => gone(400, &problem),
    }
}

fn keep(shop: &mut Shop, now: Timestamp, parts: &[(String, String)]) -> Result<(), String> {
    let get = |name: &str| {
        let found = parts.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    for needed in ["Content-Type", "success_action_status", "acl", "key"] {
        get(needed).ok_or_else(|| format!("the parameter {needed} is missing"))?;
    }
    let Some((name, text)) = parts.last().filter(|(name, _)| name == "file") else {
        return Err("the file must be the last part".to_owned());
    };
    let key = get("key").unwrap_or(name).to_owned();
    let known = shop.files.get_mut(&key).filter(|file| file.upload && file.expires_at > now);
    let known = known.ok_or_else(|| format!("nobody gave out the key {key}"))?;
    known.text = Some(text.clone());
    Ok(())
}

/// The named parts of a form with a boundary.
fn parts(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, String)>, String> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = kind.and_then(|kind| kind.split_once("boundary=")).map(|(_, rest)| rest);
    let boundary = boundary.ok_or_else(|| "a form with a boundary is expected".to_owned())?;
    let separator = format!("--{}", boundary.trim_matches('"'));
    let text = std::str::from_utf8(body).map_err(|_| "the form is not UTF-8".to_owned())?;
    let mut parts = Vec::new();
    for part in text.split(separator.as_str()) {
        let Some((head, value)) = part.split_once("\r\n\r\n") else {
            continue;
        };
        let name = head.split_once(" name=\"").and_then(|(_, rest)| rest.split_once('"'));
        let name = name.map(|(name, _)| name.to_owned());
        let value = value.strip_suffix("\r\n").unwrap_or(value).to_owned();
        parts.push((name.unwrap_or_default(), value));
    }
    Ok(parts)
}

fn write_down(shop: &mut Shop, now: Timestamp, fields: Value, noted: Option<Noted>) {
    if let Value::Object(fields) = fields {
        shop.journal.add(EntryKind::File, now, fields);
    }
    if let Some(noted) = noted {
        shop.journal.violate(now, noted, Some("file".to_owned()));
    }
}

fn gone(status: u16, code: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, format!("<?xml version='1.0'?><Error><Code>{code}</Code></Error>")).into_response()
}
