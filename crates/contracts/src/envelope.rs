//! Messages with their metadata and subject, ready to publish, and the way back.

use bytes::Bytes;
use prost::Message;
use thiserror::Error;

use crate::{Metadata, Stream, Subject};

/// A message that is published to a stream. Implemented by the build for every proto message
/// with the option `event`, together with `subject` and `filter` functions.
pub trait Event: Message + Default {
    /// Its full protobuf name; the value of `ce-type`.
    const TYPE: &'static str;
    /// The stream that holds it.
    const STREAM: Stream;
}

/// A question asked by request and reply. Implemented by the build for every proto message with
/// the option `request`.
pub trait Request: Message + Default {
    /// The message that answers it.
    type Reply: Message + Default;
    /// Its full protobuf name; the value of `ce-type`.
    const TYPE: &'static str;
}

/// A message ready for the broker: where it goes, what it says about itself, its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The stream that will hold it; `None` for a request.
    pub stream: Option<Stream>,
    /// Where it is published.
    pub subject: Subject,
    /// Its headers.
    pub metadata: Metadata,
    /// Its protobuf bytes.
    pub payload: Bytes,
}

impl Outgoing {
    /// An event. `metadata.event_type` is set from the message.
    #[must_use]
    pub fn event<E: Event>(event: &E, subject: Subject, metadata: Metadata) -> Self {
        Self::new(Some(E::STREAM), E::TYPE, event, subject, metadata)
    }

    /// A request. `metadata.event_type` is set from the message.
    #[must_use]
    pub fn request<R: Request>(request: &R, subject: Subject, metadata: Metadata) -> Self {
        Self::new(None, R::TYPE, request, subject, metadata)
    }

    fn new(
        stream: Option<Stream>,
        event_type: &str,
        message: &impl Message,
        subject: Subject,
        mut metadata: Metadata,
    ) -> Self {
        event_type.clone_into(&mut metadata.event_type);
        Self { stream, subject, metadata, payload: message.encode_to_vec().into() }
    }

    /// Its headers as names and values.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        self.metadata.to_headers()
    }
}

/// A message that cannot be read as what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EnvelopeError {
    /// `ce-type` names another message.
    #[error("the message is of type `{found}`, not `{expected}`")]
    Type {
        /// The type that was asked for.
        expected: &'static str,
        /// What `ce-type` says.
        found: String,
    },
    /// The payload is not the protobuf form of the type.
    #[error("the payload is no protobuf message of type `{expected}`")]
    Payload {
        /// The type that was asked for.
        expected: &'static str,
        /// What protobuf found.
        #[source]
        source: prost::DecodeError,
    },
}

/// Reads an event.
///
/// # Errors
/// When `ce-type` names another message, or the payload is not protobuf of that type.
pub fn decode<E: Event>(metadata: &Metadata, payload: &[u8]) -> Result<E, EnvelopeError> {
    decode_as(E::TYPE, metadata, payload)
}

/// Reads a request.
///
/// # Errors
/// As [`decode`].
pub fn decode_request<R: Request>(metadata: &Metadata, payload: &[u8]) -> Result<R, EnvelopeError> {
    decode_as(R::TYPE, metadata, payload)
}

fn decode_as<M: Message + Default>(
    expected: &'static str,
    metadata: &Metadata,
    payload: &[u8],
) -> Result<M, EnvelopeError> {
    if metadata.event_type != expected {
        return Err(EnvelopeError::Type { expected, found: metadata.event_type.clone() });
    }
    M::decode(payload).map_err(|source| EnvelopeError::Payload { expected, source })
}
