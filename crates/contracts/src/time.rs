//! Moments: protobuf's form and the product's.

use jiff::Timestamp;
use thiserror::Error;

/// A protobuf timestamp that is no moment: its nanoseconds are outside 0 to 999,999,999, or its
/// seconds are beyond the years that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{seconds} seconds and {nanos} nanoseconds since 1970 are not a moment")]
pub struct TimeError {
    seconds: i64,
    nanos: i32,
}

/// To protobuf's form. Moments before 1970 keep their nanoseconds counting forward, as the
/// protobuf rules ask.
#[must_use]
pub fn to_proto(time: Timestamp) -> pbjson_types::Timestamp {
    let (seconds, nanos) = (time.as_second(), time.subsec_nanosecond());
    if nanos < 0 {
        pbjson_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 }
    } else {
        pbjson_types::Timestamp { seconds, nanos }
    }
}

/// From protobuf's form.
///
/// # Errors
/// When the pair is no moment.
pub fn from_proto(time: &pbjson_types::Timestamp) -> Result<Timestamp, TimeError> {
    let wrong = TimeError { seconds: time.seconds, nanos: time.nanos };
    if !(0..1_000_000_000).contains(&time.nanos) {
        return Err(wrong);
    }
    Timestamp::new(time.seconds, time.nanos).map_err(|_| wrong)
}
