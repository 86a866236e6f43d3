//! How an app gets its tokens: the merchant's consent, codes, exchanges, rotation.

mod exchange;
mod grant;
mod jwt;

pub use exchange::{Asked, exchange};
pub use grant::{Answer, Request, decide, install_url};
pub use jwt::session_token;

use crate::ids;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

/// What JavaScript's `encodeURIComponent` leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Why Shopify refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// HTTP status.
    pub status: u16,
    /// `error`.
    pub error: &'static str,
    /// `error_description`.
    pub description: String,
    /// A careful client would not have met this.
    pub mistake: bool,
}

impl Denied {
    fn new(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into(), mistake: true }
    }

    fn blameless(mut self) -> Self {
        self.mistake = false;
        self
    }
}

/// A secret text with a prefix.
fn token(prefix: &str) -> String {
    format!("{prefix}{}", ids::fresh().replace('-', ""))
}

/// A query string whose parameters are signed by `hmac`, as Shopify signs them.
#[must_use]
pub fn signed_query(secret: &str, parameters: &[(&str, String)]) -> String {
    let mut sorted = parameters.to_vec();
    sorted.sort();
    let encode = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
    let pairs: Vec<String> =
        sorted.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let message = pairs.join("&");
    let hmac = keyed(secret, message.as_bytes());
    let hex: String = hmac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{message}&hmac={hex}")
}

/// An address with more parameters.
fn with_query(address: &str, query: &str) -> String {
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}{query}")
}

/// HMAC-SHA256. Any secret is a valid key; an impossible one gives nothing.
fn keyed(secret: &str, message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_vector() {
        let parameters = [
            ("timestamp", "1795219200".to_owned()),
            ("code", "abc123".to_owned()),
            ("state", "nonce-1".to_owned()),
            ("shop", "demo.myshopify.com".to_owned()),
            ("host", "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvZGVtbw".to_owned()),
        ];
        assert_eq!(
            signed_query("lockstep-test-secret", &parameters),
            "code=abc123&host=YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvZGVtbw&shop=demo.myshopify.com\
             &state=nonce-1&timestamp=1795219200\
             &hmac=5872077c29f793352b41afaa515896bc9bb4b3c5ab45cbf8c057ad9a12c3ba93"
        );
    }
}
