//! Reads bodies without ever holding more than may be held: of one, and of all together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is counted in pieces of this size, since a semaphore counts in 32 bits.
const PIECE: usize = 1024;

/// What happens to a body for which no memory is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It is refused at once: the sender comes again by itself.
    Refuse,
    /// It waits for its turn, until the deadline.
    Wait,
}

/// Limits of the bodies of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes of one body.
    pub bytes_max: usize,
    /// Bytes of all bodies that are held at once; at least those of one.
    pub in_flight_max: usize,
    /// Time for a body to arrive, and for memory to become free.
    pub deadline: Duration,
    /// What happens when no memory is free.
    pub when_full: WhenFull,
    /// Bytes that are still read, and thrown away, behind a refusal: a sender that is cut off in
    /// mid-sentence never sees the answer. 0: none are.
    pub discard_max: usize,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than one may be.
    #[error("the body has more than {limit} bytes")]
    TooLarge {
        /// What one may be.
        limit: usize,
    },
    /// It did not arrive in time.
    #[error("the body did not arrive within {0:?}")]
    TooSlow(Duration),
    /// The connection broke.
    #[error("the body broke off")]
    BrokenOff,
    /// Other bodies take all the memory.
    #[error("too many bodies are being read")]
    Full,
}

/// Reads bodies. Clones share the memory.
#[derive(Clone, Debug)]
pub struct Bodies {
    pieces: Arc<Semaphore>,
    limits: BodyLimits,
}

/// Memory that is set aside until it is dropped.
#[derive(Debug)]
pub struct Memory(OwnedSemaphorePermit);

/// A body, with its memory until it is dropped.
#[derive(Debug)]
pub struct Held {
    /// The exact bytes.
    pub bytes: Bytes,
    _memory: Memory,
}

impl Bodies {
    /// A reader within the limits.
    pub fn new(limits: BodyLimits) -> Self {
        let bytes = limits.in_flight_max.max(limits.bytes_max);
        let pieces = bytes.div_ceil(PIECE).clamp(1, Semaphore::MAX_PERMITS);
        Self { pieces: Arc::new(Semaphore::new(pieces)), limits }
    }

    /// Reads a body to its end. It is refused before its first byte is read when the sender says
    /// that it is too large, else at the byte that is too much.
    ///
    /// # Errors
    /// Each kind of [`BodyError`].
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Held, BodyError> {
        self.read_up_to(self.limits.bytes_max, headers, body).await
    }

    /// As [`Bodies::read`], for a kind of body that must be smaller than others.
    ///
    /// # Errors
    /// Each kind of [`BodyError`].
    pub async fn read_up_to(
        &self,
        bytes_max: usize,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Held, BodyError> {
        let bytes_max = bytes_max.min(self.limits.bytes_max);
        let said = said_length(headers);
        if said.is_some_and(|said| said > bytes_max as u64) {
            self.discard(headers, body).await;
            return Err(BodyError::TooLarge { limit: bytes_max });
        }
        let said = said.and_then(|said| usize::try_from(said).ok());
        // Who waits for memory in the middle of a body may wait for another who does the same, so
        // a body of unknown length takes all that it may need before it begins.
        let first = match self.limits.when_full {
            WhenFull::Refuse => said.unwrap_or(0),
            WhenFull::Wait => said.unwrap_or(bytes_max),
        };
        let memory = self.set_aside(first).await?;
        let mut stream = body.into_data_stream();
        let reading = self.collect(&mut stream, memory, said.unwrap_or(0), bytes_max);
        let read = tokio::time::timeout(self.limits.deadline, reading).await;
        let read = read.unwrap_or(Err(BodyError::TooSlow(self.limits.deadline)));
        if matches!(read, Err(BodyError::TooLarge { .. })) {
            self.discard_rest(stream).await;
        }
        read
    }

    /// Reads and forgets what a refused sender still sends. One that waits for a go-ahead sends
    /// nothing and needs only the answer.
    pub async fn discard(&self, headers: &HeaderMap, body: Body) {
        if !headers.contains_key(header::EXPECT) {
            self.discard_rest(body.into_data_stream()).await;
        }
    }

    /// Sets memory aside for what somebody else reads.
    ///
    /// # Errors
    /// `Full`; `TooLarge` when it is more than all bodies together may take.
    pub async fn set_aside(&self, bytes: usize) -> Result<Memory, BodyError> {
        let all = self.limits.in_flight_max.max(self.limits.bytes_max);
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).ok().filter(|_| bytes <= all);
        let Some(pieces) = pieces else { return Err(BodyError::TooLarge { limit: all }) };
        let semaphore = self.pieces.clone();
        let permit = match self.limits.when_full {
            WhenFull::Refuse => semaphore.try_acquire_many_owned(pieces).ok(),
            WhenFull::Wait => {
                let waiting = semaphore.acquire_many_owned(pieces);
                let waited = tokio::time::timeout(self.limits.deadline, waiting).await;
                waited.ok().and_then(Result::ok)
            }
        };
        permit.map(Memory).ok_or(BodyError::Full)
    }

    async fn collect(
        &self,
        stream: &mut BodyDataStream,
        mut memory: Memory,
        said: usize,
        bytes_max: usize,
    ) -> Result<Held, BodyError> {
        let mut held = memory.0.num_permits() * PIECE;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| BodyError::BrokenOff)?;
            let length = bytes.len() + chunk.len();
            if length > bytes_max {
                return Err(BodyError::TooLarge { limit: bytes_max });
            }
            if length > held {
                memory.0.merge(self.set_aside(length - held).await?.0);
                held = memory.0.num_permits() * PIECE;
            }
            if bytes.is_empty() {
                // What was said is only now believed: nobody reserves memory by a header alone.
                bytes.reserve(said.max(chunk.len()));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Held { bytes: bytes.freeze(), _memory: memory })
    }

    async fn discard_rest(&self, mut stream: BodyDataStream) {
        let mut left = self.limits.discard_max;
        let reading = async {
            while left > 0
                && let Some(Ok(chunk)) = stream.next().await
            {
                left = left.saturating_sub(chunk.len());
            }
        };
        // Whether the sender finishes or not, it gets its answer now.
        let _ = tokio::time::timeout(self.limits.deadline, reading).await;
    }
}

fn said_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    const MIB: usize = 1024 * 1024;

    fn limits(in_flight_max: usize) -> BodyLimits {
        BodyLimits {
            bytes_max: 10 * MIB,
            in_flight_max,
            deadline: Duration::from_secs(5),
            when_full: WhenFull::Refuse,
            discard_max: 0,
        }
    }

    fn chunks(count: usize) -> Body {
        let chunk = Bytes::from(vec![b'x'; MIB]);
        Body::from_stream(stream::iter(
            (0..count).map(move |_| Ok::<_, std::io::Error>(chunk.clone())),
        ))
    }

    fn silent() -> Body {
        Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>())
    }

    fn length(bytes: usize) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_LENGTH, bytes.to_string().parse().unwrap())])
    }

    const TOO_LARGE: BodyError = BodyError::TooLarge { limit: 10 * MIB };

    #[tokio::test]
    async fn a_body_that_grows_too_large_is_refused_there() {
        let bodies = Bodies::new(limits(40 * MIB));
        let read = bodies.read(&HeaderMap::new(), chunks(10)).await.unwrap();
        assert_eq!(read.bytes.len(), 10 * MIB);
        assert_eq!(bodies.read(&HeaderMap::new(), chunks(11)).await.unwrap_err(), TOO_LARGE);
        let small = bodies.read_up_to(MIB, &HeaderMap::new(), chunks(2)).await;
        assert_eq!(small.unwrap_err(), BodyError::TooLarge { limit: MIB });
    }

    #[tokio::test]
    async fn a_length_above_the_limit_is_refused_unread() {
        // A body that never comes: it is not waited for.
        let bodies = Bodies::new(limits(40 * MIB));
        assert_eq!(bodies.read(&length(10 * MIB + 1), silent()).await.unwrap_err(), TOO_LARGE);
        let more_than_all = bodies.set_aside(40 * MIB + 1).await.unwrap_err();
        assert_eq!(more_than_all, BodyError::TooLarge { limit: 40 * MIB });
    }

    #[tokio::test]
    async fn all_bodies_together_stay_within_the_memory() {
        let bodies = Bodies::new(limits(10 * MIB));
        let other = bodies.clone();
        let held = bodies.read(&HeaderMap::new(), chunks(6)).await.unwrap();
        for body in [(HeaderMap::new(), chunks(6)), (length(6 * MIB), chunks(6))] {
            assert_eq!(other.read(&body.0, body.1).await.unwrap_err(), BodyError::Full);
        }
        assert_eq!(other.set_aside(6 * MIB).await.unwrap_err(), BodyError::Full);
        drop(held);
        assert!(other.read(&HeaderMap::new(), chunks(6)).await.is_ok());
    }

    #[tokio::test]
    async fn who_may_wait_gets_the_memory_of_who_is_done() {
        let bodies = Bodies::new(BodyLimits { when_full: WhenFull::Wait, ..limits(10 * MIB) });
        let held = bodies.read(&length(6 * MIB), chunks(6)).await.unwrap();
        let none = HeaderMap::new();
        let waiting = bodies.read(&none, chunks(1));
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(held);
        assert_eq!(waiting.await.unwrap().bytes.len(), MIB);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_memory_has_an_end() {
        let bodies = Bodies::new(BodyLimits { when_full: WhenFull::Wait, ..limits(10 * MIB) });
        let _held = bodies.set_aside(6 * MIB).await.unwrap();
        let read = bodies.read(&HeaderMap::new(), chunks(1)).await;
        assert_eq!(read.unwrap_err(), BodyError::Full);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let bodies = Bodies::new(limits(10 * MIB));
        let read = bodies.read(&length(10), silent()).await;
        assert_eq!(read.unwrap_err(), BodyError::TooSlow(Duration::from_secs(5)));
        assert!(bodies.set_aside(10 * MIB).await.is_ok(), "its memory is free again");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_none() {
        let broken =
            stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("cut"))]);
        let bodies = Bodies::new(limits(10 * MIB));
        let read = bodies.read(&HeaderMap::new(), Body::from_stream(broken)).await;
        assert_eq!(read.unwrap_err(), BodyError::BrokenOff);
    }

    #[tokio::test]
    async fn behind_a_refusal_only_so_much_is_read() {
        for (discard_max, read_of_20) in [(0, 11), (3 * MIB, 14), (64 * MIB, 20)] {
            let bodies = Bodies::new(BodyLimits { discard_max, ..limits(40 * MIB) });
            let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let (counted, chunk) = (count.clone(), Bytes::from(vec![b'x'; MIB]));
            let chunks = stream::iter((0..20).map(move |_| {
                counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Ok::<_, std::io::Error>(chunk.clone())
            }));
            let read = bodies.read(&HeaderMap::new(), Body::from_stream(chunks)).await;
            assert_eq!(read.unwrap_err(), TOO_LARGE);
            assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), read_of_20);
        }
    }
}
