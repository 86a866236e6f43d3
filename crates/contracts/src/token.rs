//! Subject tokens: any text made safe for a broker's subject.
//!
//! Letters, digits, `_` and `-` stand for themselves; every other byte of the UTF-8 form becomes
//! `%XX`; the empty text becomes `%`. What would be longer than [`LENGTH_MAX`] is cut and carries
//! a hash instead, since the server closes a connection whose control line is too long.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Longest token, in bytes.
pub const LENGTH_MAX: usize = 48;
/// Stands for the empty text: a token may not be empty, and `%` alone escapes nothing.
const EMPTY: &str = "%";
/// Stands before a hash. No escaped byte looks like it, so a hashed token is never another's.
const HASH_MARK: &str = "%-";
/// 128 bits.
const HASH_BYTES: usize = 16;
const PREFIX_MAX: usize = LENGTH_MAX - HASH_MARK.len() - 2 * HASH_BYTES;

/// Escapes a text into one token: never empty, at most [`LENGTH_MAX`] bytes of letters, digits,
/// `_`, `-` and `%`. Different texts give different tokens (long ones but for a collision of
/// 128-bit hashes).
#[must_use]
pub fn escape(text: &str) -> String {
    if text.is_empty() {
        return EMPTY.to_owned();
    }
    let mut token = String::with_capacity(text.len().min(LENGTH_MAX));
    let mut prefix = 0;
    for byte in text.bytes() {
        push(&mut token, byte);
        if token.len() <= PREFIX_MAX {
            prefix = token.len();
        }
        if token.len() > LENGTH_MAX {
            token.truncate(prefix);
            token.push_str(HASH_MARK);
            let digest: [u8; 32] = Sha256::digest(text).into();
            for byte in digest.iter().take(HASH_BYTES) {
                push_hex(&mut token, *byte);
            }
            return token;
        }
    }
    token
}

fn push(token: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
        token.push(char::from(byte));
    } else {
        token.push('%');
        push_hex(token, byte);
    }
}

fn push_hex(token: &mut String, byte: u8) {
    let _ = write!(token, "{byte:02X}");
}

/// The text that a token stands for. `None` when the token carries a hash, or was not made by
/// [`escape`].
#[must_use]
pub fn unescape(token: &str) -> Option<String> {
    if token == EMPTY {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' { hex(rest.next()?)? << 4 | hex(rest.next()?)? } else { byte });
    }
    String::from_utf8(bytes).ok().filter(|text| escape(text) == token)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
