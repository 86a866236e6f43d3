//! Bodies of requests, read within limits.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde_json::Value;

use crate::fields::Fields;
use crate::problem::{Code, Problem};

/// Largest JSON body.
const JSON_BYTES_MAX: usize = 1 << 20;
/// Largest CSV body: 50,000 links with long codes.
const CSV_BYTES_MAX: usize = 10 << 20;

/// A JSON object. No body at all counts as an empty one.
pub struct JsonBody(pub Fields);

/// JSON or CSV, by `Content-Type`.
pub enum AnyBody {
    /// A JSON object.
    Json(Fields),
    /// The bytes of a CSV file.
    Csv(Bytes),
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind = media_type(&parts.headers);
        let bytes = read(&parts.headers, body, JSON_BYTES_MAX).await?;
        match kind.as_deref() {
            Some("application/json" | "application/merge-patch+json") => json(&bytes).map(Self),
            None if bytes.is_empty() => json(b"{}").map(Self),
            other => Err(unsupported(other, "application/json")),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for AnyBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind = media_type(&parts.headers);
        match kind.as_deref() {
            Some("application/json") => {
                json(&read(&parts.headers, body, JSON_BYTES_MAX).await?).map(Self::Json)
            }
            Some("text/csv") => read(&parts.headers, body, CSV_BYTES_MAX).await.map(Self::Csv),
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

async fn read(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("the body is larger than {max} bytes");
        Problem::new(Code::TooLarge, "", detail, "send less in one request")
    };
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > max) {
        return Err(too_large());
    }
    // One byte more than allowed tells "too large" from a body that broke off.
    match axum::body::to_bytes(body, max + 1).await {
        Ok(bytes) if bytes.len() <= max => Ok(bytes),
        Ok(_) => Err(too_large()),
        Err(failed) if is_length_limit(&failed) => Err(too_large()),
        Err(failed) => {
            let detail = format!("the body broke off: {failed}");
            Err(Problem::new(Code::MalformedJson, "", detail, "send the request again"))
        }
    }
}

fn is_length_limit(failed: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(failed);
    while let Some(error) = cause {
        if error.to_string().contains("length limit") {
            return true;
        }
        cause = error.source();
    }
    false
}

fn json(bytes: &[u8]) -> Result<Fields, Problem> {
    let value: Value = serde_json::from_slice(bytes).map_err(|refused| {
        let fix = "send one JSON object";
        Problem::new(Code::MalformedJson, "", format!("the body is not JSON: {refused}"), fix)
    })?;
    Fields::try_new("", value)
}
