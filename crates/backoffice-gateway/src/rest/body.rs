//! Reads a request's body within limits of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::fault::{CallFault, Invalid};

/// Bytes of one body. 1,000 movements with every field full of text are below it.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes that are still read, and thrown away, behind a refusal: a client that is cut off in
/// mid-sentence never sees the answer.
const DISCARD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Memory is accounted in pieces of this size.
const PIECE: usize = 16 * 1024;

/// Limits of the bodies that are read at once.
pub struct Bodies {
    pieces: Arc<Semaphore>,
    deadline: Duration,
}

/// A body, and the memory that is set aside for it until the call is answered.
pub struct Held {
    /// The bytes.
    pub bytes: Bytes,
    _memory: OwnedSemaphorePermit,
}

impl Bodies {
    /// Bodies that together take at most `bytes_max`, each arriving within `deadline`.
    pub fn new(bytes_max: usize, deadline: Duration) -> Self {
        let pieces = bytes_max.max(BODY_BYTES_MAX) / PIECE;
        Self { pieces: Arc::new(Semaphore::new(pieces)), deadline }
    }

    /// Reads a body to its end.
    ///
    /// # Errors
    /// `BodyTooLarge`, `TooSlow`, `Invalid` (broken off or compressed), `Unavailable` (no memory
    /// became free in time).
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Held, CallFault> {
        if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
            && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
        {
            self.discard(headers, body).await;
            return Err(compressed());
        }
        let declared = declared_length(headers);
        if declared.is_some_and(|length| length > BODY_BYTES_MAX) {
            self.discard(headers, body).await;
            return Err(CallFault::BodyTooLarge { limit: BODY_BYTES_MAX });
        }
        let memory = self.set_aside(declared.unwrap_or(BODY_BYTES_MAX)).await?;
        let mut stream = body.into_data_stream();
        let bytes = tokio::time::timeout(self.deadline, collect(&mut stream, declared))
            .await
            .unwrap_or(Err(CallFault::TooSlow(self.deadline)));
        match bytes {
            Ok(bytes) => Ok(Held { bytes, _memory: memory }),
            Err(fault) => {
                drop(memory);
                if matches!(fault, CallFault::BodyTooLarge { .. }) {
                    self.discard_stream(stream).await;
                }
                Err(fault)
            }
        }
    }

    /// Reads and forgets what a refused client still sends. One that waits for a go-ahead sends
    /// nothing and needs only the answer.
    pub async fn discard(&self, headers: &HeaderMap, body: Body) {
        if headers.contains_key(header::EXPECT) {
            return;
        }
        self.discard_stream(body.into_data_stream()).await;
    }

    async fn discard_stream(&self, mut stream: BodyDataStream) {
        let reading = async {
            let mut left = DISCARD_BYTES_MAX;
            while let Some(Ok(chunk)) = stream.next().await {
                left = left.saturating_sub(chunk.len());
                if left == 0 {
                    return;
                }
            }
        };
        // Whether the client finishes or not, it gets its answer now.
        let _ = tokio::time::timeout(self.deadline, reading).await;
    }

    async fn set_aside(&self, bytes: usize) -> Result<OwnedSemaphorePermit, CallFault> {
        const FULL: CallFault = CallFault::Unavailable("too many bodies are being read");
        // The quotient is at most 512, so it is never cut off.
        let pieces = u32::try_from(bytes / PIECE + 1).unwrap_or(u32::MAX);
        let waiting = self.pieces.clone().acquire_many_owned(pieces);
        match tokio::time::timeout(self.deadline, waiting).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(FULL),
        }
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(stream: &mut BodyDataStream, declared: Option<usize>) -> Result<Bytes, CallFault> {
    let mut bytes = BytesMut::with_capacity(declared.unwrap_or(0).min(BODY_BYTES_MAX));
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| broken_off())?;
        if bytes.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(CallFault::BodyTooLarge { limit: BODY_BYTES_MAX });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn compressed() -> CallFault {
    CallFault::Invalid(Invalid {
        field: "content-encoding".to_owned(),
        message: "the body is compressed".to_owned(),
        fix: "send plain JSON without Content-Encoding".to_owned(),
    })
}

fn broken_off() -> CallFault {
    CallFault::Invalid(Invalid {
        field: String::new(),
        message: "the body broke off".to_owned(),
        fix: "send the same call again".to_owned(),
    })
}
