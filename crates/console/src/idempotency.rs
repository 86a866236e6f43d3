//! `Idempotency-Key`: a request that is made again under its key is done once.
//!
//! What a key was first used for is written down before the first effect, for a day: the digest of
//! the request, and the id of what it makes. Neither key nor body is kept. The same request again
//! is answered with what stands under that id, or is carried on where it broke off; another request
//! under the key is refused.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use lockstep_ports::{ErrorKind, KvEntry, PortError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::fields::Fields;
use crate::problem::{Code, Problem};
use crate::service::Console;

/// Bucket of the keys; its entries go by themselves after [`KEEP`].
const BUCKET: &str = "idempotency";
/// How long a key is remembered.
const KEEP: SignedDuration = SignedDuration::from_hours(24);
/// Characters of a key.
const KEY_CHARS_MAX: usize = 200;
/// The header.
const HEADER: &str = "Idempotency-Key";

/// The header of a request, if it has one.
pub struct IdempotencyKey {
    key: Option<String>,
    call: String,
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let call = format!("{} {}", parts.method, parts.uri.path());
        let Some(value) = parts.headers.get(HEADER) else { return Ok(Self { key: None, call }) };
        let text = value.to_str().unwrap_or_default().trim();
        if text.is_empty() || text.len() > KEY_CHARS_MAX {
            let detail = match value.len() {
                0..=KEY_CHARS_MAX => "the key is empty or not plain text".to_owned(),
                length => format!("the key has {length} characters"),
            };
            let fix = format!("give 1 to {KEY_CHARS_MAX} visible ASCII characters, or no key");
            return Err(Problem::new(Code::BadHeader, HEADER, detail, fix));
        }
        Ok(Self { key: Some(text.to_owned()), call })
    }
}

impl IdempotencyKey {
    /// The request under its key; `None` without one.
    pub fn request(self, body: &Fields) -> Option<KeyedRequest> {
        let key = self.key?;
        // The key is part of the digest, so that the record tells nothing about a body.
        let content = digest(&[&key, &self.call, &body.text()]);
        Some(KeyedRequest { name: digest(&[&key]), content, key })
    }
}

/// A request that can be recognised.
pub struct KeyedRequest {
    name: String,
    content: String,
    key: String,
}

/// What a key was used for.
#[derive(Serialize, Deserialize)]
struct Record {
    content: String,
    answer: String,
    at: Timestamp,
}

impl KeyedRequest {
    /// The key itself.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Id of what the same request made, or was about to make, under this key.
    ///
    /// # Errors
    /// `IDEMPOTENCY_KEY_REUSED`.
    pub async fn made(&self, console: &Console) -> Result<Option<String>, Problem> {
        let (record, _) = self.record(console).await?;
        record.map(|record| self.same(record)).transpose()
    }

    /// Writes down what the request is about to make, before it makes it.
    ///
    /// # Errors
    /// `IDEMPOTENCY_KEY_REUSED` when another request was faster.
    pub async fn note(&self, console: &Console, answer: &str) -> Result<(), Problem> {
        let (record, revision) = self.record(console).await?;
        if let Some(record) = record {
            return self.same(record).map(drop);
        }
        let at = console.parts.clock.now();
        let record = Record { content: self.content.clone(), answer: answer.to_owned(), at };
        let bytes = serde_json::to_vec(&record)
            .map_err(|e| PortError::new(ErrorKind::Permanent, "write an idempotency key", e))?;
        let kv = &console.parts.kv;
        match kv.put(BUCKET, &self.name, Bytes::from(bytes), revision).await {
            Ok(_) => Ok(()),
            Err(failed) if failed.kind == ErrorKind::Conflict => {
                let (record, _) = self.record(console).await?;
                record.map_or(Err(failed.into()), |record| self.same(record).map(drop))
            }
            Err(failed) => Err(failed.into()),
        }
    }

    /// The record and the revision to write the next one at. What is older than a day, or cannot be
    /// read, counts as none.
    async fn record(&self, console: &Console) -> Result<(Option<Record>, u64), Problem> {
        let entry = console.parts.kv.get(BUCKET, &self.name).await?;
        let Some(KvEntry { value, revision, .. }) = entry else { return Ok((None, 0)) };
        let now = console.parts.clock.now();
        let record = serde_json::from_slice::<Record>(&value).ok();
        Ok((record.filter(|record| now.duration_since(record.at) < KEEP), revision))
    }

    fn same(&self, record: Record) -> Result<String, Problem> {
        if record.content == self.content {
            return Ok(record.answer);
        }
        Err(Problem::new(
            Code::IdempotencyKeyReused,
            HEADER,
            "another request was made under this key within 24 hours",
            "give each request a key of its own, and the same one only to repeat it unchanged",
        ))
    }
}

/// Hexadecimal SHA-256 of texts, each with its length.
fn digest(parts: &[&str]) -> String {
    use std::fmt::Write;
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
