//! Bodies of requests, read within limits.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use lockstep_runtime::http::{Bodies, BodyError, BodyLimits, Held, WhenFull};
use serde_json::Value;

use crate::fields::Fields;
use crate::problem::{Code, Problem};
use crate::service::Console;

/// Largest JSON body.
const JSON_BYTES_MAX: usize = 1 << 20;
/// Largest CSV body: 50,000 links with long codes.
const CSV_BYTES_MAX: usize = 10 << 20;
/// Bodies of all requests together.
const IN_FLIGHT_BYTES_MAX: usize = 64 << 20;
/// A body has this long to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// The limits of this service.
pub fn bodies() -> Bodies {
    Bodies::new(BodyLimits {
        bytes_max: CSV_BYTES_MAX,
        in_flight_max: IN_FLIGHT_BYTES_MAX,
        deadline: BODY_TIME_MAX,
        when_full: WhenFull::Wait,
        discard_max: JSON_BYTES_MAX,
    })
}

/// A JSON object. No body at all counts as an empty one.
pub struct JsonBody(pub Fields);

/// JSON or CSV, by `Content-Type`.
pub enum AnyBody {
    /// A JSON object.
    Json(Fields),
    /// The bytes of a CSV file.
    Csv(Held),
}

impl FromRequest<Arc<Console>> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Problem> {
        let kind = media_type(request.headers());
        let held = read(console, request, JSON_BYTES_MAX).await?;
        match kind.as_deref() {
            Some("application/json" | "application/merge-patch+json") => {
                json(&held.bytes).map(Self)
            }
            None if held.bytes.is_empty() => json(b"{}").map(Self),
            other => Err(unsupported(other, "application/json")),
        }
    }
}

impl FromRequest<Arc<Console>> for AnyBody {
    type Rejection = Problem;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Problem> {
        let kind = media_type(request.headers());
        match kind.as_deref() {
            Some("application/json") => {
                json(&read(console, request, JSON_BYTES_MAX).await?.bytes).map(Self::Json)
            }
            Some("text/csv") => read(console, request, CSV_BYTES_MAX).await.map(Self::Csv),
            other => Err(unsupported(other, "text/csv or application/json")),
        }
    }
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn unsupported(found: Option<&str>, expected: &str) -> Problem {
    let detail = match found {
        Some(found) => format!("the body is sent as {found}"),
        None => "the body is sent without a Content-Type".to_owned(),
    };
    let fix = format!("send it with Content-Type: {expected}");
    Problem::new(Code::UnsupportedMediaType, "", detail, fix)
}

async fn read(console: &Console, request: Request, max: usize) -> Result<Held, Problem> {
    let (parts, body) = request.into_parts();
    let read = console.bodies.read_up_to(max, &parts.headers, body).await;
    read.map_err(|refused| {
        let (code, fix) = match &refused {
            BodyError::TooLarge { .. } => (Code::TooLarge, "send less in one request"),
            BodyError::TooSlow(_) => (Code::TooSlow, "send the request again, faster"),
            BodyError::BrokenOff => (Code::MalformedJson, "send the request again"),
            BodyError::Full => (Code::Busy, "send the request again in a minute"),
        };
        Problem::new(code, "", refused.to_string(), fix)
    })
}

fn json(bytes: &[u8]) -> Result<Fields, Problem> {
    let value: Value = serde_json::from_slice(bytes).map_err(|refused| {
        let fix = "send one JSON object";
        Problem::new(Code::MalformedJson, "", format!("the body is not JSON: {refused}"), fix)
    })?;
    Fields::try_new("", value)
}
