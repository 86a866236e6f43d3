//! The text of a token: `lsk_{token id}_{secret}`.

use std::sync::Arc;

use lockstep_domain::ids::BackOfficeId;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Begins every token, so that scanners of leaked secrets know one.
const PREFIX: &str = "lsk_";
/// Hexadecimal digits of 256 bits.
const SECRET_CHARS: usize = 64;
/// Longest token: prefix, back office id (32), a dot, 32 digits, `_`, the secret.
const TOKEN_CHARS_MAX: usize = 4 + 32 + 1 + 32 + 1 + SECRET_CHARS;

/// 256 random bits; an argument, so that a run can be repeated.
pub type NewSecret = Arc<dyn Fn() -> Result<[u8; 32], SecretError> + Send + Sync>;

/// The machine gives no random bits.
#[derive(Debug, thiserror::Error)]
#[error("the machine gives no random bits")]
pub struct SecretError(#[from] rand::rand_core::OsError);

/// Random bits of the operating system.
///
/// # Errors
/// When the operating system has none.
pub fn os_secret() -> Result<[u8; 32], SecretError> {
    let mut bits = [0; 32];
    OsRng.try_fill_bytes(&mut bits)?;
    Ok(bits)
}

/// A token as somebody presents it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Presented<'a> {
    /// Its id: `{back office}.{digits}`.
    pub id: &'a str,
    secret: &'a str,
}

impl<'a> Presented<'a> {
    /// Takes a token apart; `None` when it is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.len() > TOKEN_CHARS_MAX {
            return None;
        }
        let (id, secret) = text.strip_prefix(PREFIX)?.rsplit_once('_')?;
        let hex = secret.bytes().all(|b| b.is_ascii_hexdigit());
        (secret.len() == SECRET_CHARS && hex && !id.is_empty()).then_some(Self { id, secret })
    }

    /// Compares with a kept digest, in a time that says nothing about it.
    pub fn matches(&self, digest: &str) -> bool {
        self.digest().as_bytes().ct_eq(digest.as_bytes()).into()
    }

    fn digest(&self) -> String {
        digest(self.secret)
    }
}

/// The id of the token that a request makes. The back office stands in it, so that a person who
/// finds a token knows whose it is, and the tokens of one back office lie together.
pub fn token_id(backoffice: &BackOfficeId, request: &str) -> String {
    // The namespace only has to be the same in every process.
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{backoffice}/{request}").as_bytes());
    format!("{}{}", id_prefix(backoffice), id.simple())
}

/// What the ids of all tokens of a back office begin with; an id holds no dot.
pub fn id_prefix(backoffice: &BackOfficeId) -> String {
    format!("{backoffice}.")
}

/// The text of a token and the digest that is kept of it. 256 random bits cannot be guessed, so
/// a fast hash is enough.
pub fn compose(id: &str, bits: [u8; 32]) -> (String, String) {
    let secret = hex(&bits);
    (format!("{PREFIX}{id}_{secret}"), digest(&secret))
}

fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wms() -> BackOfficeId {
        BackOfficeId::try_new("wms").expect("an id")
    }

    #[test]
    fn a_composed_token_matches_its_own_digest_and_no_other() {
        let id = token_id(&wms(), "request-1");
        let (text, digest) = compose(&id, [7; 32]);
        let presented = Presented::parse(&text).expect("a token");
        assert_eq!(presented.id, id);
        assert!(presented.matches(&digest));
        let (_, other) = compose(&id, [8; 32]);
        assert!(!presented.matches(&other));
        assert!(!presented.matches(""));
        assert!(!digest.contains(&text[text.len() - 16..]));
    }

    #[test]
    fn a_request_names_one_token_of_one_back_office() {
        assert_eq!(token_id(&wms(), "a"), token_id(&wms(), "a"));
        assert_ne!(token_id(&wms(), "a"), token_id(&wms(), "b"));
        let erp = BackOfficeId::try_new("erp").expect("an id");
        assert_ne!(token_id(&wms(), "a"), token_id(&erp, "a"));
    }

    #[test]
    fn what_is_no_token_is_not_taken_for_one() {
        let (good, _) = compose(&token_id(&wms(), "a"), [7; 32]);
        let shortened = &good[..good.len() - 1];
        let long = format!("lsk_{}_{}", "x".repeat(100), "0".repeat(64));
        let not_hex = format!("lsk_wms.1_{}", "g".repeat(64));
        for text in ["", "lsk_", "lsk__", "abc", shortened, &long, &not_hex] {
            assert!(Presented::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_operating_system_gives_different_bits() {
        assert_ne!(os_secret().expect("bits"), os_secret().expect("bits"));
    }
}
