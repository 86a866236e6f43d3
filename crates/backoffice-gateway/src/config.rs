//! Limits of the gateway, with the values that fit a small machine.

use std::time::Duration;

use crate::rest::BODY_BYTES_MAX;

/// What an operator may turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Bytes of bodies of both transports in memory at once; more calls wait for their turn.
    pub body_bytes_in_flight_max: usize,
    /// Time within which a body must arrive.
    pub body_deadline: Duration,
    /// Time within which a call's reports must be stored and published; then it is answered 503.
    pub call_deadline: Duration,
    /// gRPC calls at once on one connection.
    pub grpc_calls_per_connection_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            body_bytes_in_flight_max: 32 * 1024 * 1024,
            body_deadline: Duration::from_secs(30),
            call_deadline: Duration::from_secs(20),
            grpc_calls_per_connection_max: 64,
        }
    }
}

/// A value that cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// One body of the greatest size would never be read.
    #[error("body_bytes_in_flight_max is below {BODY_BYTES_MAX}, the size of one body")]
    TooLittleMemory,
    /// Nothing could ever be answered.
    #[error("{name} is zero")]
    Zero {
        /// Name of the value.
        name: &'static str,
    },
}

impl Config {
    /// Checks the values against each other.
    ///
    /// # Errors
    /// The first value that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.body_bytes_in_flight_max < BODY_BYTES_MAX {
            return Err(ConfigError::TooLittleMemory);
        }
        let zero = [
            ("body_deadline", self.body_deadline.is_zero()),
            ("call_deadline", self.call_deadline.is_zero()),
            ("grpc_calls_per_connection_max", self.grpc_calls_per_connection_max == 0),
        ];
        match zero.into_iter().find(|(_, is_zero)| *is_zero) {
            Some((name, _)) => Err(ConfigError::Zero { name }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_we_ship_work() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn what_cannot_work_is_named() {
        let small = Config { body_bytes_in_flight_max: 1, ..Config::default() };
        assert_eq!(small.validate(), Err(ConfigError::TooLittleMemory));
        let still = Config { call_deadline: Duration::ZERO, ..Config::default() };
        assert_eq!(still.validate(), Err(ConfigError::Zero { name: "call_deadline" }));
    }
}
