//! Why a delivery is not taken, as Shopify's retries and a person at a terminal need it.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use lockstep_contracts::shopify::header;
use lockstep_runtime::http::BodyError;
use serde_json::json;

use crate::config::BODY_BYTES_MAX;

/// What a client is told to wait. Shopify keeps to its own times.
const RETRY_AFTER_SECONDS: &str = "2";
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Why a delivery is not taken. Nothing of it was kept, except for [`Refusal::BrokerAway`], where
/// the broker may have taken it: the same delivery again is recognised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The signature is missing or wrong.
    #[error("the signature is missing or not made with a secret of this store")]
    Unsigned,
    /// A header is missing or wrong.
    #[error("the header {name} {problem}")]
    Header {
        /// The header.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
        /// What it must be.
        fix: &'static str,
    },
    /// No store has this domain.
    #[error("no store has this domain")]
    UnknownStore,
    /// The store was deleted.
    #[error("the store was deleted")]
    DeletedStore,
    /// The body is above the limit.
    #[error("the body has more than {BODY_BYTES_MAX} bytes")]
    BodyTooLarge,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTooSlow,
    /// The connection broke.
    #[error("the body broke off")]
    BodyBroken,
    /// As many requests, or bytes, as may be are being worked on.
    #[error("too many requests at once")]
    Busy,
    /// The stores are not known yet.
    #[error("the stores are not known yet")]
    Starting,
    /// The broker is away or does not answer in time.
    #[error("the broker is away")]
    BrokerAway,
    /// The broker will never take this message.
    #[error("the broker refuses the message")]
    BrokerRefuses,
    /// There is nothing at this path.
    #[error("there is nothing at this path")]
    UnknownPath,
    /// Another method.
    #[error("only POST is taken here")]
    WrongMethod,
}

impl From<BodyError> for Refusal {
    fn from(cause: BodyError) -> Self {
        match cause {
            BodyError::TooLarge { .. } => Self::BodyTooLarge,
            BodyError::TooSlow(_) => Self::BodyTooSlow,
            BodyError::BrokenOff => Self::BodyBroken,
            BodyError::Full => Self::Busy,
        }
    }
}

impl Refusal {
    /// A required header that is not there.
    pub(crate) fn missing(name: &'static str, fix: &'static str) -> Self {
        Self::Header { name, problem: "is missing", fix }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unsigned => StatusCode::UNAUTHORIZED,
            Self::Header { .. } | Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::UnknownStore | Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::DeletedStore => StatusCode::GONE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy | Self::Starting | Self::BrokerAway => StatusCode::SERVICE_UNAVAILABLE,
            Self::BrokerRefuses => StatusCode::INTERNAL_SERVER_ERROR,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// A word for scripts and for the log.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsigned => "UNAUTHENTICATED",
            Self::Header { .. } | Self::BodyBroken | Self::WrongMethod => "VALIDATION",
            Self::UnknownStore => "UNKNOWN_STORE",
            Self::UnknownPath => "NOT_FOUND",
            Self::DeletedStore => "STORE_DELETED",
            Self::BodyTooLarge => "TOO_LARGE",
            Self::BodyTooSlow | Self::Busy | Self::Starting | Self::BrokerAway => "UNAVAILABLE",
            Self::BrokerRefuses => "INTERNAL",
        }
    }

    fn field(&self) -> &'static str {
        match self {
            Self::Unsigned => header::HMAC,
            Self::Header { name, .. } => name,
            Self::UnknownStore | Self::DeletedStore => header::SHOP_DOMAIN,
            _ => "",
        }
    }

    fn fix(&self) -> &'static str {
        match self {
            Self::Unsigned => {
                "sign the exact body with HMAC-SHA256 and the app's secret, in base64; in Lockstep \
                 set LOCKSTEP_SHOPIFY_API_SECRET or the store's api_secret"
            }
            Self::Header { fix, .. } => fix,
            Self::UnknownStore => "add the store with POST /api/v1/stores",
            Self::DeletedStore => "remove the subscription, or add the store again",
            Self::BodyTooLarge => "send a smaller body, e.g. a subscription with include_fields",
            Self::UnknownPath => "send webhooks to the path that the subscription must name",
            Self::WrongMethod => "send a POST",
            Self::BodyBroken | Self::BodyTooSlow => "send the same delivery again",
            Self::Busy | Self::Starting | Self::BrokerAway => {
                "send the same delivery again after the time in Retry-After; repeats are safe"
            }
            Self::BrokerRefuses => "look at the log of webhook-ingest, code LS0302",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let problem = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "code": self.code(),
            "detail": self.to_string(),
            "field": self.field(),
            "fix": self.fix(),
        });
        let mut response = (status, Json(problem)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let wait = HeaderValue::from_static(RETRY_AFTER_SECONDS);
            response.headers_mut().insert(RETRY_AFTER, wait);
        }
        response
    }
}
