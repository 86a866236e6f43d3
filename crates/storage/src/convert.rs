//! Between the ports' types and the database's. The only place that knows the `time` crate.
//!
//! Times are kept in microseconds, which is what the database has.

use jiff::Timestamp;
use lockstep_contracts::Stream;
use lockstep_ports::{ErrorKind, PortError};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::error::{unfit, unreadable};

const NANOSECONDS_PER_MICROSECOND: i128 = 1_000;

pub(crate) fn time_in(at: Timestamp) -> Result<OffsetDateTime, PortError> {
    let nanoseconds = i128::from(at.as_microsecond()) * NANOSECONDS_PER_MICROSECOND;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .map_err(|error| unfit("a time that the database cannot hold", error))
}

pub(crate) fn time_out(at: OffsetDateTime) -> Result<Timestamp, PortError> {
    Timestamp::from_nanosecond(at.unix_timestamp_nanos())
        .map_err(|error| unreadable("a stored time beyond the calendar", error))
}

/// Versions, sequences and counts; the database has no unsigned numbers.
pub(crate) fn number_in(number: u64) -> Result<i64, PortError> {
    i64::try_from(number).map_err(|error| unfit("a number that the database cannot hold", error))
}

pub(crate) fn number_out(number: i64) -> Result<u64, PortError> {
    u64::try_from(number).map_err(|error| unreadable("a stored number below zero", error))
}

pub(crate) fn attempts_in(attempts: u32) -> Result<i32, PortError> {
    i32::try_from(attempts).map_err(|error| unfit("more attempts than can be stored", error))
}

pub(crate) fn attempts_out(attempts: i32) -> Result<u32, PortError> {
    u32::try_from(attempts).map_err(|error| unreadable("stored attempts below zero", error))
}

pub(crate) fn json_out(text: String) -> Result<Box<RawValue>, PortError> {
    RawValue::from_string(text)
        .map_err(|error| unreadable("stored JSON that cannot be read", error))
}

pub(crate) fn stream_out(name: &str) -> Result<Stream, PortError> {
    Stream::from_name(name).ok_or_else(|| {
        let what = format!("this version knows no stream {name:?} of a stored row");
        PortError::plain(ErrorKind::Transient, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_microseconds() -> Result<(), PortError> {
        for microseconds in [0, 1, -1, 1_795_500_000_123_456, -2_208_988_800_000_001] {
            let at = Timestamp::from_microsecond(microseconds)
                .map_err(|error| unfit("a test's time", error))?;
            assert_eq!(time_out(time_in(at)?)?, at);
        }
        Ok(())
    }

    #[test]
    fn every_time_of_the_calendar_can_be_stored() -> Result<(), PortError> {
        time_in(Timestamp::MAX)?;
        time_in(Timestamp::MIN)?;
        Ok(())
    }

    #[test]
    fn numbers_above_the_range_of_the_database_are_refused() {
        let refused = number_in(u64::MAX).map_err(|error| error.kind);
        assert_eq!(refused, Err(ErrorKind::Permanent));
    }
}
