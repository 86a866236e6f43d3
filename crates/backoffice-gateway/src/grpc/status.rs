//! Faults as gRPC words them, and the words for what the transport itself refuses.

use axum::http;
use lockstep_contracts::backoffice::v1::ErrorCode;
use prost::Message;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::fault::{CallFault, Invalid, RETRY_AFTER};
use crate::rest::BODY_BYTES_MAX;

/// Trailer of a refused call: the `ItemError` that REST words as a problem.
pub const ERROR_TRAILER: &str = "lockstep-error-bin";

/// The gRPC code of a fault.
pub fn code(fault: &CallFault) -> Code {
    match fault {
        CallFault::Unauthenticated(_) => Code::Unauthenticated,
        CallFault::Invalid(_) | CallFault::BatchTooLarge { .. } => Code::InvalidArgument,
        CallFault::BodyTooLarge { .. } => Code::ResourceExhausted,
        CallFault::TooSlow(_) => Code::DeadlineExceeded,
        CallFault::Unavailable(_) => Code::Unavailable,
        CallFault::Refused(error) => match error.code() {
            ErrorCode::Conflict => Code::AlreadyExists,
            ErrorCode::Internal => Code::Internal,
            _ => Code::InvalidArgument,
        },
        CallFault::NoSuchMethod => Code::Unimplemented,
    }
}

/// A fault with its code, field and fix in the trailer.
pub fn status(fault: &CallFault) -> Status {
    let (code, error) = (code(fault), fault.to_error());
    let mut trailers = MetadataMap::new();
    trailers.insert_bin(ERROR_TRAILER, MetadataValue::from_bytes(&error.encode_to_vec()));
    if code == Code::Unavailable {
        trailers.insert("retry-after", MetadataValue::from(RETRY_AFTER.as_secs()));
    }
    Status::with_metadata(code, format!("{}; {}", error.message, error.fix), trailers)
}

/// What the transport refused before a handler saw it; nothing for answers that say all.
pub fn unexplained(headers: &http::HeaderMap) -> Option<CallFault> {
    let status = Status::from_header_map(headers)?;
    if status.code() == Code::Ok || status.metadata().get_bin(ERROR_TRAILER).is_some() {
        return None;
    }
    Some(match status.code() {
        Code::Unimplemented => CallFault::NoSuchMethod,
        Code::OutOfRange | Code::ResourceExhausted => {
            CallFault::BodyTooLarge { limit: BODY_BYTES_MAX }
        }
        _ => malformed("the message is not protobuf of this contract"),
    })
}

/// A message that cannot be read.
pub fn malformed(message: &str) -> CallFault {
    CallFault::Invalid(Invalid {
        field: String::new(),
        message: message.to_owned(),
        fix: "send one message of the method's type, made from the published proto files"
            .to_owned(),
    })
}
