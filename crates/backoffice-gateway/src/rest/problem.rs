//! Refusals of whole calls as `application/problem+json` (RFC 9457).

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use lockstep_contracts::backoffice::v1::ErrorCode;
use serde::Serialize;

use crate::fault::{CallFault, RETRY_AFTER};

/// Media type of a refusal.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Always `about:blank`: `code` tells the kind.
    pub r#type: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The status.
    pub status: u16,
    /// One of the closed list of the contract.
    pub code: &'static str,
    /// Path of the field; empty for the body itself.
    pub field: String,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub fix: String,
}

impl Problem {
    /// A refusal under a status of its own.
    pub fn new(
        status: StatusCode,
        code: ErrorCode,
        field: &str,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Refused"),
            status: status.as_u16(),
            code: code.as_str_name(),
            field: field.to_owned(),
            detail: detail.into(),
            fix: fix.into(),
        }
    }

    /// The answer.
    pub fn into_response(self) -> Response<Body> {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER.as_secs().into());
        }
        response
    }
}

impl From<&CallFault> for Problem {
    fn from(fault: &CallFault) -> Self {
        let error = fault.to_error();
        Self::new(status(fault), error.code(), &error.field, error.message, error.fix)
    }
}

/// The HTTP status of a fault.
pub fn status(fault: &CallFault) -> StatusCode {
    match fault {
        CallFault::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        CallFault::Invalid(_) => StatusCode::BAD_REQUEST,
        CallFault::BodyTooLarge { .. } | CallFault::BatchTooLarge { .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        CallFault::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
        CallFault::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        CallFault::Refused(error) => match error.code() {
            ErrorCode::Conflict => StatusCode::CONFLICT,
            ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        },
        CallFault::NoSuchMethod => StatusCode::NOT_FOUND,
    }
}
