//! Reads a body without ever holding more than may be held: of one request, and of all together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::BODY_BYTES_MAX;
use crate::refusal::Refusal;

/// The budget is counted in units of this size, since a semaphore counts in 32 bits.
const UNIT: usize = 1024;

/// What all bodies together may take.
pub(crate) struct Budget {
    units: Arc<Semaphore>,
    deadline: Duration,
}

/// A body, and its share of the budget until it is dropped.
pub(crate) struct Read {
    /// The exact bytes.
    pub(crate) bytes: Bytes,
    _share: OwnedSemaphorePermit,
}

impl Budget {
    pub(crate) fn new(bytes_max: usize, deadline: Duration) -> Self {
        let units = (bytes_max / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self { units: Arc::new(Semaphore::new(units)), deadline }
    }

    /// The whole body. Refused before the first byte is read when the sender says that it is too
    /// large, else at the byte that is too much.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Read, Refusal> {
        let said = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let said = said.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
        let Some(said) = usize::try_from(said).ok().filter(|said| *said <= BODY_BYTES_MAX) else {
            return Err(Refusal::BodyTooLarge);
        };
        let read = tokio::time::timeout(self.deadline, self.collect(said, body));
        read.await.unwrap_or(Err(Refusal::BodyTooSlow))
    }

    async fn collect(&self, said: usize, body: Body) -> Result<Read, Refusal> {
        let mut share = self.share(said)?;
        let mut held = share.num_permits() * UNIT;
        let mut frames = body.into_data_stream();
        let mut bytes = BytesMut::new();
        while let Some(frame) = frames.next().await {
            let frame = frame.map_err(|_| Refusal::BodyBroken)?;
            let length = bytes.len() + frame.len();
            if length > BODY_BYTES_MAX {
                return Err(Refusal::BodyTooLarge);
            }
            if length > held {
                share.merge(self.share(length - held)?);
                held = share.num_permits() * UNIT;
            }
            if bytes.is_empty() {
                // What was said is only now believed: nobody reserves memory by a header alone.
                bytes.reserve(said.max(frame.len()));
            }
            bytes.extend_from_slice(&frame);
        }
        Ok(Read { bytes: bytes.freeze(), _share: share })
    }

    fn share(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).map_err(|_| Refusal::BodyTooLarge)?;
        self.units.clone().try_acquire_many_owned(units).map_err(|_| Refusal::Busy)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn budget(bytes: usize) -> Budget {
        Budget::new(bytes, Duration::from_secs(5))
    }

    fn chunks(count: usize) -> Body {
        let chunk = Bytes::from(vec![b'x'; 1024 * 1024]);
        let chunks = stream::iter((0..count).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
        Body::from_stream(chunks)
    }

    #[tokio::test]
    async fn a_body_that_grows_too_large_is_refused_there() {
        let budget = budget(4 * BODY_BYTES_MAX);
        let read = budget.read(&HeaderMap::new(), chunks(10)).await;
        assert_eq!(read.ok().unwrap().bytes.len(), BODY_BYTES_MAX);
        let read = budget.read(&HeaderMap::new(), chunks(50)).await;
        assert!(matches!(read, Err(Refusal::BodyTooLarge)));
    }

    #[tokio::test]
    async fn a_length_above_the_limit_is_refused_unread() {
        let headers = HeaderMap::from_iter([(CONTENT_LENGTH, "52428800".parse().unwrap())]);
        // A body that never comes: it is not waited for.
        let silent = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let read = budget(BODY_BYTES_MAX).read(&headers, silent).await;
        assert!(matches!(read, Err(Refusal::BodyTooLarge)));
    }

    #[tokio::test]
    async fn all_bodies_together_stay_within_the_budget() {
        let budget = budget(BODY_BYTES_MAX);
        let held = budget.read(&HeaderMap::new(), chunks(6)).await.ok().unwrap();
        let refused = budget.read(&HeaderMap::new(), chunks(6)).await;
        assert!(matches!(refused, Err(Refusal::Busy)));
        drop(held);
        assert!(budget.read(&HeaderMap::new(), chunks(6)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let silent = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let read = budget(BODY_BYTES_MAX).read(&HeaderMap::new(), silent).await;
        assert!(matches!(read, Err(Refusal::BodyTooSlow)));
    }
}
