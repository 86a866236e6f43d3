//! Errors as people and programs get them: `application/problem+json` with `code`, `field`, `fix`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lockstep_domain::StoreId;
use lockstep_ports::{AdminError, AdminErrorKind, ErrorKind, PortError};
use serde_json::json;
use tracing::error;

use crate::guard::masked;

/// A refusal or failure that a caller can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The closed code.
    pub code: Code,
    /// Path of the field that is to blame; empty when none is.
    pub field: String,
    /// What is wrong.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:ident;)*) => {
        /// Every code, with its HTTP status.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
            /// 422: a code of the service that was asked, passed on.
            PassedOn(String),
        }

        impl Code {
            /// The code as it is sent.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::PassedOn(text) => text,
                }
            }

            /// Its HTTP status.
            pub const fn status(&self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                    Self::PassedOn(_) => StatusCode::UNPROCESSABLE_ENTITY,
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedJson = "MALFORMED_JSON", BAD_REQUEST;
    /// The body is not CSV with the needed columns.
    MalformedCsv = "MALFORMED_CSV", BAD_REQUEST;
    /// A header is wrong.
    BadHeader = "BAD_HEADER", BAD_REQUEST;
    /// A query parameter is unknown or wrong.
    BadQuery = "BAD_QUERY", BAD_REQUEST;
    /// No bearer token, or a wrong one.
    Unauthenticated = "UNAUTHENTICATED", UNAUTHORIZED;
    /// No such store.
    UnknownStore = "UNKNOWN_STORE", NOT_FOUND;
    /// No such back office, in the path.
    NoBackOffice = "UNKNOWN_BACK_OFFICE", NOT_FOUND;
    /// No such location in the store.
    UnknownLocation = "UNKNOWN_LOCATION", NOT_FOUND;
    /// No such token.
    UnknownToken = "UNKNOWN_TOKEN", NOT_FOUND;
    /// No linked variant with that SKU.
    UnknownSku = "UNKNOWN_SKU", NOT_FOUND;
    /// No such write of unknown outcome.
    UnknownEffect = "UNKNOWN_EFFECT", NOT_FOUND;
    /// No such job.
    UnknownJob = "UNKNOWN_JOB", NOT_FOUND;
    /// No such order.
    UnknownOrder = "UNKNOWN_ORDER", NOT_FOUND;
    /// No such dead letter.
    UnknownDeadLetter = "UNKNOWN_DEAD_LETTER", NOT_FOUND;
    /// Nothing has this path.
    UnknownPath = "UNKNOWN_PATH", NOT_FOUND;
    /// The path knows other methods.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED;
    /// The body did not arrive in time.
    TooSlow = "TOO_SLOW", REQUEST_TIMEOUT;
    /// The store's id is in use.
    StoreExists = "STORE_EXISTS", CONFLICT;
    /// Another store has this shop domain.
    ShopDomainTaken = "SHOP_DOMAIN_TAKEN", CONFLICT;
    /// The back office's id is in use.
    BackOfficeExists = "BACK_OFFICE_EXISTS", CONFLICT;
    /// Somebody else wrote at the same time.
    Conflict = "CONFLICT", CONFLICT;
    /// The write is still repeated under its key.
    StillRepeated = "STILL_REPEATED", CONFLICT;
    /// The job has ended.
    JobEnded = "JOB_ENDED", CONFLICT;
    /// A dead letter's message failed again.
    FailedAgain = "FAILED_AGAIN", CONFLICT;
    /// The body is larger than allowed.
    TooLarge = "TOO_LARGE", PAYLOAD_TOO_LARGE;
    /// The body is of another kind.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", UNSUPPORTED_MEDIA_TYPE;
    /// A field is missing, of the wrong type or of a wrong value.
    Validation = "VALIDATION", UNPROCESSABLE_ENTITY;
    /// A field that nobody knows.
    UnknownField = "UNKNOWN_FIELD", UNPROCESSABLE_ENTITY;
    /// The key was used for another request.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", UNPROCESSABLE_ENTITY;
    /// No such back office, in the body.
    UnknownBackOffice = "UNKNOWN_BACK_OFFICE", UNPROCESSABLE_ENTITY;
    /// The back office has not declared the warehouse.
    UnknownWarehouse = "UNKNOWN_WAREHOUSE", UNPROCESSABLE_ENTITY;
    /// The warehouse serves another location of the store.
    WarehouseTaken = "WAREHOUSE_TAKEN", UNPROCESSABLE_ENTITY;
    /// The back office's warehouses are mapped.
    WarehouseInUse = "WAREHOUSE_IN_USE", UNPROCESSABLE_ENTITY;
    /// One location must be the default.
    DefaultNeeded = "DEFAULT_NEEDED", UNPROCESSABLE_ENTITY;
    /// No location is mapped yet.
    NotMapped = "NOT_MAPPED", UNPROCESSABLE_ENTITY;
    /// An access token is needed.
    TokenNeeded = "TOKEN_NEEDED", UNPROCESSABLE_ENTITY;
    /// Shopify does not take the access token.
    TokenRefused = "TOKEN_REFUSED", UNPROCESSABLE_ENTITY;
    /// The access token opens another shop.
    ShopDomainMismatch = "SHOP_DOMAIN_MISMATCH", UNPROCESSABLE_ENTITY;
    /// Something broke inside; the log says what.
    Internal = "INTERNAL", INTERNAL_SERVER_ERROR;
    /// Shopify refused what should work.
    ShopifyRefused = "SHOPIFY_REFUSED", BAD_GATEWAY;
    /// Shopify does not answer now.
    ShopifyAway = "SHOPIFY_AWAY", SERVICE_UNAVAILABLE;
    /// A service of Lockstep does not answer now.
    ServiceSilent = "SERVICE_SILENT", SERVICE_UNAVAILABLE;
    /// Too much is being sent at once.
    Busy = "BUSY", SERVICE_UNAVAILABLE;
    /// The broker does not answer now.
    BrokerAway = "BROKER_AWAY", SERVICE_UNAVAILABLE;
}

impl Code {
    /// `UNKNOWN_STORE` as `Unknown store`.
    fn title(&self) -> String {
        let words = self.as_str().replace('_', " ").to_lowercase();
        let mut characters = words.chars();
        let first = characters.next().map(|first| first.to_uppercase().to_string());
        first.unwrap_or_default() + characters.as_str()
    }
}

impl Problem {
    /// A problem with a field.
    pub fn new(
        code: Code,
        field: impl Into<String>,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let detail = masked(&detail.into());
        Self { code, field: masked(&field.into()), detail, fix: masked(&fix.into()) }
    }

    /// What happened.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What happened, and what to do.
    pub fn words(self) -> (String, String) {
        (self.detail, self.fix)
    }

    /// A field that is missing, of the wrong type or of a wrong value.
    pub fn validation(
        field: impl Into<String>,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(Code::Validation, field, detail, fix)
    }

    /// What a failed call to Shopify means for whoever asked.
    pub fn shopify(store: Option<&StoreId>, failed: &AdminError) -> Self {
        match failed.kind {
            AdminErrorKind::Throttled { .. }
            | AdminErrorKind::OutOfPoints { .. }
            | AdminErrorKind::Transient
            | AdminErrorKind::UnknownOutcome => Self::new(
                Code::ShopifyAway,
                "",
                failed.to_string(),
                "send the same again in a minute",
            ),
            AdminErrorKind::Access => Self::new(
                Code::ShopifyRefused,
                "access_token",
                failed.to_string(),
                match store {
                    Some(store) => format!(
                        "give it a working token: PATCH /api/v1/stores/{store} with access_token"
                    ),
                    None => "give a working token".to_owned(),
                },
            ),
            AdminErrorKind::Permanent => Self::new(
                Code::ShopifyRefused,
                "",
                failed.to_string(),
                "look at GET /api/v1/doctor: the token's scopes or the API version may not do",
            ),
        }
    }

    /// An answer of Shopify that cannot be read.
    pub fn unreadable(what: impl std::fmt::Display) -> Self {
        let fix = "set SHOPIFY_API_VERSION to the version that this release was made for";
        Self::new(Code::ShopifyRefused, "", what.to_string(), fix)
    }
}

impl From<PortError> for Problem {
    fn from(failed: PortError) -> Self {
        match failed.kind {
            ErrorKind::Transient => Self::new(
                Code::BrokerAway,
                "",
                failed.chain(),
                "if this was a change, it is open whether it was made; the same request again is \
                 safe, when the broker is back",
            ),
            ErrorKind::Conflict => Self::new(
                Code::Conflict,
                "",
                "somebody else changed the same settings at the same moment",
                "read them again and send the change again",
            ),
            ErrorKind::Permanent => {
                let error = masked(&failed.chain());
                error!(code = "LS0601", error, "a request of the admin API broke");
                let fix = "the console's log, LS0601, says what broke; `lockstep doctor` may too";
                Self::new(Code::Internal, "", failed.what, fix)
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let body = json!({
            "type": format!("urn:lockstep:problem:{}", self.code.as_str()),
            "title": self.code.title(),
            "status": status.as_u16(),
            "code": self.code.as_str(),
            "field": self.field,
            "detail": self.detail,
            "fix": self.fix,
        });
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_code_in_words() {
        assert_eq!(Code::UnknownWarehouse.title(), "Unknown warehouse");
        assert_eq!(Code::PassedOn("SKU_TAKEN".to_owned()).title(), "Sku taken");
    }
}
