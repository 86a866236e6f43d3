//! Shopify's token endpoint: approval in the browser, renewal, client credentials.
//!
//! Nothing that is sent or comes back is logged; an error carries Shopify's two words about it and
//! no more.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use lockstep_domain::ShopDomain;
use lockstep_ports::{
    AppKeys, Approval, ErrorKind, GrantError, GrantErrorKind, GrantRequest, Granted, PortError,
    ShopifyGrants,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::BuildError;
use crate::url::UrlTemplate;

/// One attempt, from connecting until the whole answer is there.
const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(10);
/// Attempts at one request: the first, and two more right after a lost answer. Shopify answers a
/// repeated refresh the same again, but for how long is not told.
const ATTEMPTS_MAX: usize = 3;
/// Secrets that are tried: two, while one is rotated.
const SECRETS_MAX: usize = 2;
/// Largest answer that is read. A token's has a few hundred bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Characters of Shopify's words that are kept.
const WORDS_CHARS_MAX: usize = 200;
/// Shopify's words for an app that it does not know by what was sent.
const UNKNOWN_APP: [&str; 3] =
    ["invalid_client", "application_cannot_be_found", "unauthorized_client"];
/// Shopify's words for a refresh token, a code or a shop that will never do: a person must approve.
const REFUSED: [&str; 5] = [
    "invalid_request",
    "invalid_grant",
    "shop_not_permitted",
    "app_not_installed",
    "access_denied",
];
/// The longest that a request for a token takes in all: leases outlive it.
pub const GRANT_TIME_MAX: Duration =
    Duration::from_secs(ATTEMPT_TIME_MAX.as_secs() * (ATTEMPTS_MAX * SECRETS_MAX) as u64);

/// Asks shops for tokens over HTTP.
pub struct GrantClient {
    http: reqwest::Client,
    url: UrlTemplate,
}

/// What a shop answers when it gives a token.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    #[serde(default)]
    scope: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
    refresh_token_expires_in: Option<u64>,
}

/// What a shop answers when it does not.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

impl GrantClient {
    /// Sets the client up; nothing is sent. The process must have installed a TLS provider.
    ///
    /// # Errors
    /// [`BuildError`] when the machine's TLS set-up is unusable.
    pub fn try_new(url: UrlTemplate) -> Result<Self, BuildError> {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")))
            .timeout(ATTEMPT_TIME_MAX)
            // A redirect would carry the app's secret to another host.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        if url.is_loopback() {
            http = http.no_proxy();
        }
        Ok(Self { http: http.build()?, url })
    }

    /// The same bytes until an answer is there.
    async fn ask(&self, shop: &ShopDomain, body: &Value) -> Result<Granted, GrantError> {
        let mut lost = GrantError { kind: GrantErrorKind::Away, message: String::new() };
        for _ in 0..ATTEMPTS_MAX {
            match self.attempt(shop, body).await {
                Ok((status, bytes)) => match sort(status, &bytes) {
                    Some(result) => return result,
                    None => lost.message = format!("{status} from Shopify, without a token"),
                },
                Err(failed) if failed.is_connect() => return Err(away(&failed)),
                Err(failed) => lost = away(&failed),
            }
        }
        Err(lost)
    }

    async fn attempt(
        &self,
        shop: &ShopDomain,
        body: &Value,
    ) -> Result<(u16, Bytes), reqwest::Error> {
        let request = self.http.post(self.url.path(shop, "/admin/oauth/access_token")).json(body);
        let mut response = request.header("accept", "application/json").send().await?;
        let status = response.status().as_u16();
        let mut bytes = BytesMut::new();
        while let Some(chunk) = response.chunk().await? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                break;
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((status, bytes.freeze()))
    }
}

#[async_trait]
impl ShopifyGrants for GrantClient {
    fn approval_url(&self, shop: &ShopDomain, approval: &Approval) -> String {
        let parameters = [
            ("client_id", approval.api_key.clone()),
            ("scope", approval.scopes.join(",")),
            ("redirect_uri", approval.redirect_uri.clone()),
            ("state", approval.state.clone()),
        ];
        let pairs = parameters.iter().map(|(name, value)| {
            format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
        });
        let query = pairs.collect::<Vec<_>>().join("&");
        format!("{}?{query}", self.url.path(shop, "/admin/oauth/authorize"))
    }

    async fn grant(
        &self,
        shop: &ShopDomain,
        app: &AppKeys,
        request: &GrantRequest,
    ) -> Result<Granted, GrantError> {
        let mut result = Err(GrantError {
            kind: GrantErrorKind::App,
            message: "the app has no client secret".to_owned(),
        });
        for secret in app.api_secrets.iter().take(SECRETS_MAX) {
            result = self.ask(shop, &body(app, secret, request)).await;
            let is_unknown = matches!(&result, Err(error) if error.kind == GrantErrorKind::App);
            if !is_unknown {
                break;
            }
        }
        result
    }

    fn nonce(&self) -> Result<String, PortError> {
        let mut bytes = [0_u8; 32];
        OsRng.try_fill_bytes(&mut bytes).map_err(|error| {
            PortError::new(ErrorKind::Transient, "random bits for a browser", error)
        })?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn body(app: &AppKeys, secret: &SecretString, request: &GrantRequest) -> Value {
    let mut body = json!({ "client_id": app.api_key, "client_secret": secret.expose_secret() });
    let more = match request {
        GrantRequest::Code(code) => json!({ "code": code.expose_secret(), "expiring": "1" }),
        GrantRequest::Refresh(token) => json!({
            "grant_type": "refresh_token", "refresh_token": token.expose_secret(),
        }),
        GrantRequest::ClientCredentials => json!({ "grant_type": "client_credentials" }),
    };
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

/// What an answer means; `None` for one that says nothing, as if it had been lost.
fn sort(status: u16, bytes: &[u8]) -> Option<Result<Granted, GrantError>> {
    let failed = |kind, message: String| Some(Err(GrantError { kind, message }));
    if (200..300).contains(&status) {
        let answer: TokenAnswer = serde_json::from_slice(bytes).ok()?;
        return Some(Ok(answer.into_granted()));
    }
    let refusal: Refusal = serde_json::from_slice(bytes).unwrap_or_default();
    let words = refusal.in_words();
    match status {
        500..=599 => None,
        _ if UNKNOWN_APP.contains(&refusal.error.as_str()) => failed(GrantErrorKind::App, words),
        400 | 401 if REFUSED.contains(&refusal.error.as_str()) => {
            failed(GrantErrorKind::Refused, words)
        }
        // A word that nobody documents ends no approval. A shop that is frozen, barred or locked
        // may open again, and so may one that is asked for too often.
        _ => {
            failed(GrantErrorKind::Away, format!("{status} from Shopify {words}").trim().to_owned())
        }
    }
}

impl TokenAnswer {
    fn into_granted(self) -> Granted {
        let scopes = self.scope.split(',').map(str::trim).filter(|scope| !scope.is_empty());
        Granted {
            scopes: scopes.map(str::to_owned).collect(),
            expires_in: self.expires_in.map(Duration::from_secs),
            refresh_expires_in: self.refresh_token_expires_in.map(Duration::from_secs),
            access_token: self.access_token.into(),
            refresh_token: self.refresh_token.map(SecretString::from),
        }
    }
}

impl Refusal {
    fn in_words(&self) -> String {
        let words = format!("{}: {}", self.error, self.error_description);
        let words = words.trim_matches([':', ' ']);
        words.chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect()
    }
}

/// The address is not told: a code stands in none of ours, but it costs nothing to be sure.
fn away(failed: &reqwest::Error) -> GrantError {
    let what = if failed.is_timeout() {
        "Shopify did not answer in time"
    } else if failed.is_connect() {
        "Shopify cannot be reached"
    } else {
        "the connection to Shopify broke off"
    };
    GrantError { kind: GrantErrorKind::Away, message: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, body: &str) -> Option<GrantErrorKind> {
        let answer = sort(status, body.as_bytes())?;
        Some(answer.expect_err("no token stands in it").kind)
    }

    #[test]
    fn a_failure_is_sorted_by_what_may_be_done_about_it() {
        let refused = r#"{"error":"invalid_request",
            "error_description":"This request requires an active refresh_token"}"#;
        let unknown = r#"{"error":"invalid_client"}"#;
        let html = "<!doctype html><h1>520</h1>";
        for (status, body, expected) in [
            (401, refused, Some(GrantErrorKind::Refused)),
            (400, refused, Some(GrantErrorKind::Refused)),
            (400, r#"{"error":"shop_not_permitted"}"#, Some(GrantErrorKind::Refused)),
            (401, unknown, Some(GrantErrorKind::App)),
            (400, html, Some(GrantErrorKind::Away)),
            (400, r#"{"error":"temporarily_unavailable"}"#, Some(GrantErrorKind::Away)),
            (402, refused, Some(GrantErrorKind::Away)),
            (404, html, Some(GrantErrorKind::Away)),
            (423, "", Some(GrantErrorKind::Away)),
            (429, "", Some(GrantErrorKind::Away)),
            (500, html, None),
            (520, html, None),
            (200, html, None),
            (200, r#"{"access_token":"shpat_1","scope":"#, None),
            (200, r#"{"scope":"read_orders"}"#, None),
        ] {
            assert_eq!(kind(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_pair_is_read_also_without_its_end() {
        let whole = r#"{"access_token":"shpat_1","scope":"write_orders, read_products",
            "expires_in":3600,"refresh_token":"shprt_1","refresh_token_expires_in":7776000}"#;
        let granted = sort(200, whole.as_bytes()).unwrap().unwrap();
        assert_eq!(granted.scopes, ["write_orders", "read_products"]);
        assert_eq!(granted.expires_in, Some(Duration::from_secs(3600)));
        assert_eq!(granted.refresh_expires_in, Some(Duration::from_secs(7_776_000)));
        let less = r#"{"access_token":"shpat_1","refresh_token":"shprt_1"}"#;
        let granted = sort(200, less.as_bytes()).unwrap().unwrap();
        assert!(granted.expires_in.is_none() && granted.refresh_token.is_some());
    }

    #[test]
    fn words_are_short_and_hold_no_control_characters() {
        let words = format!("odd\\n{}", "x".repeat(900));
        let body = format!(r#"{{"error":"invalid_request","error_description":"{words}"}}"#);
        let refused = sort(400, body.as_bytes()).unwrap().unwrap_err();
        assert_eq!(refused.message.chars().count(), WORDS_CHARS_MAX);
        assert!(refused.message.starts_with("invalid_request: oddxxx"), "{}", refused.message);
    }
}
