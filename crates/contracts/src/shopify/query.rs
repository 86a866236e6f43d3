//! Signature of a query string: the browser brings what Shopify signed for us.
//!
//! `hmac` is lower-case hex of HMAC-SHA256 with the app's secret, over the other parameters sorted
//! by name and joined as `k=v` with `&`, values percent-encoded: so a value can never pass for a
//! parameter of its own.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

/// Longest query that is looked at. Shopify's own have some hundred bytes.
const QUERY_BYTES_MAX: usize = 4096;
/// A signed query is as old as this, or as far ahead, at most.
const AGE_MAX: SignedDuration = SignedDuration::from_secs(90);
/// What `encodeURIComponent` leaves as it is.
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

/// Why a query is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Too long, not UTF-8, or a name twice.
    #[error("the address holds a query that cannot be read")]
    Unreadable,
    /// No `hmac`.
    #[error("the address is not signed")]
    Unsigned,
    /// No secret of ours signed it.
    #[error("the address was not signed with this app's secret")]
    Forged,
    /// `timestamp` is missing or no number of seconds.
    #[error("the address does not say when it was signed")]
    NoTime,
    /// Signed more than 90 s ago, or from now.
    #[error("the address was signed too long ago, or the clock of this machine is wrong")]
    Stale,
}

/// The parameters of a query string, each name once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads the part of an address after the question mark.
    ///
    /// # Errors
    /// [`QueryError::Unreadable`].
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(QueryError::Unreadable);
        }
        let mut found = BTreeMap::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if found.insert(decoded(name)?, decoded(value)?).is_some() {
                return Err(QueryError::Unreadable);
            }
        }
        Ok(Self(found))
    }

    /// A parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What is signed of it.
    fn message(&self) -> String {
        let signed =
            self.0.iter().filter(|(name, _)| !matches!(name.as_str(), "hmac" | "signature"));
        let pairs = signed.map(|(name, value)| {
            format!("{}={}", utf8_percent_encode(name, PLAIN), utf8_percent_encode(value, PLAIN))
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Whether Shopify signed it with one of the secrets, about now. Every secret is tried, and the
    /// time taken tells nothing about them.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify(&self, secrets: &[impl AsRef<[u8]>], now: Timestamp) -> Result<(), QueryError> {
        let claimed = self.get("hmac").ok_or(QueryError::Unsigned)?;
        let message = self.message();
        let mut valid = Choice::from(0);
        for secret in secrets.iter().map(AsRef::as_ref).filter(|secret| !secret.is_empty()) {
            valid |= sign(secret, &message).as_bytes().ct_eq(claimed.as_bytes());
        }
        if !bool::from(valid) {
            return Err(QueryError::Forged);
        }
        let signed_at = self.get("timestamp").and_then(|text| text.parse::<i64>().ok());
        let signed_at = signed_at.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let age = now.duration_since(signed_at.ok_or(QueryError::NoTime)?).abs();
        if age > AGE_MAX { Err(QueryError::Stale) } else { Ok(()) }
    }
}

fn decoded(text: &str) -> Result<String, QueryError> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| QueryError::Unreadable)
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn sign(secret: &[u8], message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of every length");
    mac.update(message.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "lockstep-test-secret";
    const SIGNED_AT: i64 = 1_795_219_200;
    const QUERY: &str = "code=abc123&host=YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvZGVtbw\
        &shop=demo.myshopify.com&state=nonce-1&timestamp=1795219200";
    const HMAC: &str = "5872077c29f793352b41afaa515896bc9bb4b3c5ab45cbf8c057ad9a12c3ba93";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(SIGNED_AT + seconds).unwrap()
    }

    fn verify(text: &str, secrets: &[&str], seconds: i64) -> Result<(), QueryError> {
        Query::parse(text)?.verify(secrets, at(seconds))
    }

    #[test]
    fn what_shopify_signed_is_believed_for_ninety_seconds() {
        let signed = format!("{QUERY}&hmac={HMAC}");
        assert_eq!(verify(&signed, &[SECRET], 0), Ok(()));
        assert_eq!(verify(&signed, &["older", SECRET], 90), Ok(()));
        assert_eq!(verify(&signed, &[SECRET], -90), Ok(()));
        assert_eq!(verify(&signed, &[SECRET], 91), Err(QueryError::Stale));
        assert_eq!(verify(&signed, &[SECRET], -91), Err(QueryError::Stale));
    }

    #[test]
    fn the_order_and_the_old_signature_do_not_matter() {
        let mut parts: Vec<_> = QUERY.split('&').collect();
        parts.reverse();
        let turned = format!("hmac={HMAC}&signature=old&{}", parts.join("&"));
        assert_eq!(verify(&turned, &[SECRET], 0), Ok(()));
    }

    #[test]
    fn anything_changed_or_another_secret_is_forged() {
        let signed = format!("{QUERY}&hmac={HMAC}");
        for (from, to) in [("abc123", "abc124"), ("demo", "evil"), ("5872", "5873")] {
            let changed = signed.replace(from, to);
            assert_eq!(verify(&changed, &[SECRET], 0), Err(QueryError::Forged), "{changed}");
        }
        assert_eq!(verify(&signed, &["another"], 0), Err(QueryError::Forged));
        assert_eq!(verify(&signed, &[""; 0], 0), Err(QueryError::Forged));
        assert_eq!(verify(&signed.replace(HMAC, ""), &[SECRET], 0), Err(QueryError::Forged));
        assert_eq!(verify(&signed.to_uppercase(), &[SECRET], 0), Err(QueryError::Unsigned));
        assert_eq!(verify(QUERY, &[SECRET], 0), Err(QueryError::Unsigned));
        let added = format!("{signed}&extra=1");
        assert_eq!(verify(&added, &[SECRET], 0), Err(QueryError::Forged));
    }

    #[test]
    fn a_value_never_passes_for_a_parameter() {
        // `state=a&timestamp=..` inside a value is not the parameter of that name.
        let hidden = QUERY.replace("&timestamp=", "%26timestamp%3D");
        let message = Query::parse(&hidden).unwrap().message();
        assert!(message.ends_with("state=nonce-1%26timestamp%3D1795219200"), "{message}");
        assert_eq!(verify(&format!("{hidden}&hmac={HMAC}"), &[SECRET], 0), Err(QueryError::Forged));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert_eq!(Query::parse("shop=a&shop=b"), Err(QueryError::Unreadable));
        assert_eq!(Query::parse("shop=%ff"), Err(QueryError::Unreadable));
        assert_eq!(Query::parse(&"a".repeat(5000)), Err(QueryError::Unreadable));
        let timeless = Query::parse("shop=demo.myshopify.com").unwrap();
        let signed = format!("shop=demo.myshopify.com&hmac={}", sign(b"x", &timeless.message()));
        assert_eq!(verify(&signed, &["x"], 0), Err(QueryError::NoTime));
        assert_eq!(timeless.get("shop"), Some("demo.myshopify.com"));
        assert_eq!(Query::parse("a=1+2%20%2B").unwrap().message(), "a=1%202%20%2B");
    }
}
