//! Sorts the client's errors by what a caller may do about them.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::Info as ConsumerInfo;
use async_nats::jetstream::context::{
    CreateStreamError, CreateStreamErrorKind, GetStreamError, GetStreamErrorKind,
};
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{
    ConsumerCreateStrictError, ConsumerCreateStrictErrorKind, ConsumerError, ConsumerErrorKind,
    ConsumerUpdateError, ConsumerUpdateErrorKind,
};
use async_nats::{ConnectError, ConnectErrorKind, RequestError, RequestErrorKind, ServerAddr};
use lockstep_ports::{ErrorKind, PortError};

pub(crate) const FIX_TOPOLOGY: &str = "run `lockstep topology apply`";

/// The addresses in a list that is separated by commas.
pub(crate) fn addresses(url: &str) -> Result<Vec<ServerAddr>, PortError> {
    url.split(',')
        .map(|part| {
            // The address is not shown: a password may stand in it.
            part.trim().parse().map_err(|cause| {
                let what = "the broker's address cannot be read; expected nats://host:port";
                PortError::new(ErrorKind::Permanent, what, cause)
            })
        })
        .collect()
}

pub(crate) fn connect(cause: ConnectError) -> PortError {
    let kind = match cause.kind() {
        ConnectErrorKind::ServerParse
        | ConnectErrorKind::Authentication
        | ConnectErrorKind::AuthorizationViolation => ErrorKind::Permanent,
        _ => ErrorKind::Transient,
    };
    PortError::new(kind, "connecting to the broker", cause)
}

pub(crate) fn request(doing: &str, cause: RequestError) -> PortError {
    let kind = match cause.kind() {
        RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
            ErrorKind::Permanent
        }
        _ => ErrorKind::Transient,
    };
    PortError::new(kind, doing, cause)
}

pub(crate) fn publish(doing: &str, cause: async_nats::PublishError) -> PortError {
    use async_nats::client::PublishErrorKind;
    let kind = match cause.kind() {
        PublishErrorKind::MaxPayloadExceeded | PublishErrorKind::InvalidSubject => {
            ErrorKind::Permanent
        }
        PublishErrorKind::Send => ErrorKind::Transient,
    };
    PortError::new(kind, doing, cause)
}

/// An error that JetStream answered.
pub(crate) fn jetstream(doing: &str, cause: async_nats::jetstream::Error) -> PortError {
    let code = cause.error_code();
    let what = if code == ErrorCode::STREAM_NOT_FOUND {
        format!("{doing}: the broker has no such stream; {FIX_TOPOLOGY}")
    } else {
        doing.to_owned()
    };
    PortError::new(kind_of(code), what, cause)
}

/// An error that JetStream answered to a published message. What a wrong set-up causes is mended by
/// a person; the message is sound, and goes then.
pub(crate) fn published(doing: &str, cause: async_nats::jetstream::Error) -> PortError {
    let is_of_setup = matches!(
        cause.error_code(),
        ErrorCode::STREAM_NOT_FOUND
            | ErrorCode::STREAM_NOT_MATCH
            | ErrorCode::STREAM_MISMATCH
            | ErrorCode::STREAM_SEALED
            | ErrorCode::STREAM_INVALID_CONFIG
            | ErrorCode::ATOMIC_PUBLISH_DISABLED
            | ErrorCode::BAD_REQUEST
    );
    if is_of_setup {
        let what = format!("{doing}: the stream is not set up for it; {FIX_TOPOLOGY}");
        return PortError::new(ErrorKind::Transient, what, cause);
    }
    jetstream(doing, cause)
}

fn kind_of(code: ErrorCode) -> ErrorKind {
    match code {
        ErrorCode::STREAM_WRONG_LAST_SEQUENCE | ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT => {
            ErrorKind::Conflict
        }
        ErrorCode::STREAM_NOT_FOUND
        | ErrorCode::STREAM_NOT_MATCH
        | ErrorCode::STREAM_MISMATCH
        | ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM
        | ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM
        | ErrorCode::STREAM_INVALID_CONFIG
        | ErrorCode::STREAM_SUBJECT_OVERLAP
        | ErrorCode::STREAM_SEALED
        | ErrorCode::ATOMIC_PUBLISH_DISABLED
        | ErrorCode::ATOMIC_PUBLISH_MISSING_SEQ
        | ErrorCode::ATOMIC_PUBLISH_UNSUPPORTED_HEADER
        | ErrorCode::ATOMIC_PUBLISH_INVALID_BATCH_ID
        | ErrorCode::ATOMIC_PUBLISH_INVALID_BATCH_COMMIT
        | ErrorCode::ATOMIC_PUBLISH_TOO_LARGE_BATCH
        | ErrorCode::ATOMIC_PUBLISH_CONTAINS_DUPLICATE_MESSAGE
        | ErrorCode::CONSUMER_OVERLAPPING_SUBJECT_FILTERS
        | ErrorCode::BAD_REQUEST => ErrorKind::Permanent,
        _ => ErrorKind::Transient,
    }
}

pub(crate) fn get_stream(doing: &str, cause: GetStreamError) -> PortError {
    match cause.kind() {
        GetStreamErrorKind::JetStream(answer) => jetstream(doing, answer),
        GetStreamErrorKind::EmptyName | GetStreamErrorKind::InvalidStreamName => {
            PortError::new(ErrorKind::Permanent, doing, cause)
        }
        GetStreamErrorKind::Request => PortError::new(ErrorKind::Transient, doing, cause),
    }
}

pub(crate) fn create_stream(doing: &str, cause: CreateStreamError) -> PortError {
    match cause.kind() {
        CreateStreamErrorKind::JetStream(answer) => jetstream(doing, answer),
        CreateStreamErrorKind::TimedOut
        | CreateStreamErrorKind::Response
        | CreateStreamErrorKind::JetStreamUnavailable => {
            PortError::new(ErrorKind::Transient, doing, cause)
        }
        _ => PortError::new(ErrorKind::Permanent, doing, cause),
    }
}

/// What a call about a consumer came to.
pub(crate) enum Consumer {
    /// There is none of that name.
    Missing,
    /// Somebody else made it meanwhile.
    Exists,
    /// It failed.
    Failed(PortError),
}

impl Consumer {
    /// As an error, where neither presence nor absence is expected.
    pub(crate) fn into_error(self, doing: &str) -> PortError {
        match self {
            Self::Missing => {
                PortError::plain(ErrorKind::Transient, format!("{doing}: the consumer is gone"))
            }
            Self::Exists => {
                PortError::plain(ErrorKind::Transient, format!("{doing}: the consumer is back"))
            }
            Self::Failed(error) => error,
        }
    }

    fn answered(doing: &str, answer: async_nats::jetstream::Error) -> Self {
        match answer.error_code() {
            ErrorCode::CONSUMER_NOT_FOUND | ErrorCode::CONSUMER_DOES_NOT_EXIST => Self::Missing,
            ErrorCode::CONSUMER_ALREADY_EXISTS | ErrorCode::CONSUMER_NAME_EXIST => Self::Exists,
            _ => Self::Failed(jetstream(doing, answer)),
        }
    }
}

pub(crate) fn consumer(doing: &str, cause: ConsumerError) -> Consumer {
    let kind = match cause.kind() {
        ConsumerErrorKind::JetStream(answer) => return Consumer::answered(doing, answer),
        ConsumerErrorKind::InvalidConsumerType | ConsumerErrorKind::InvalidName => {
            ErrorKind::Permanent
        }
        _ => ErrorKind::Transient,
    };
    Consumer::Failed(PortError::new(kind, doing, cause))
}

pub(crate) fn create_consumer(doing: &str, cause: ConsumerCreateStrictError) -> Consumer {
    let kind = match cause.kind() {
        ConsumerCreateStrictErrorKind::JetStream(answer) => {
            return Consumer::answered(doing, answer);
        }
        ConsumerCreateStrictErrorKind::AlreadyExists => return Consumer::Exists,
        ConsumerCreateStrictErrorKind::InvalidConsumerType
        | ConsumerCreateStrictErrorKind::InvalidName => ErrorKind::Permanent,
        _ => ErrorKind::Transient,
    };
    Consumer::Failed(PortError::new(kind, doing, cause))
}

pub(crate) fn update_consumer(doing: &str, cause: ConsumerUpdateError) -> Consumer {
    let kind = match cause.kind() {
        ConsumerUpdateErrorKind::JetStream(answer) => return Consumer::answered(doing, answer),
        ConsumerUpdateErrorKind::DoesNotExist => return Consumer::Missing,
        ConsumerUpdateErrorKind::InvalidConsumerType | ConsumerUpdateErrorKind::InvalidName => {
            ErrorKind::Permanent
        }
        _ => ErrorKind::Transient,
    };
    Consumer::Failed(PortError::new(kind, doing, cause))
}

pub(crate) fn consumer_info(
    doing: &str,
    answer: Response<ConsumerInfo>,
) -> Result<ConsumerInfo, Consumer> {
    match answer {
        Response::Ok(info) => Ok(info),
        Response::Err { error } => Err(Consumer::answered(doing, error)),
    }
}
