//! Limits and secrets of the process.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

/// A body above this is refused with 413. Shopify's own largest payloads (an order of hundreds of
/// lines, a product of 2,048 variants) stay below 5 MB.
pub const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Room in a message for its headers and the fields beside the body.
pub const ENVELOPE_BYTES: usize = 8 * 1024;

/// What an operator may turn.
#[derive(Clone)]
pub struct Config {
    /// Path of the endpoint.
    pub path: String,
    /// Secrets of the process's own app; two while one is rotated. May be empty when every store
    /// has its own.
    pub secrets: Vec<SecretString>,
    /// Requests at once; one more is answered 503.
    pub requests_in_flight_max: usize,
    /// Bytes of bodies in memory at once; a request that would need more is answered 503.
    pub body_bytes_in_flight_max: usize,
    /// Time within which a body must arrive. Shopify itself gives up after 5 s.
    pub body_deadline: Duration,
    /// Time within which the broker must acknowledge; then the request is answered 503.
    pub publish_deadline: Duration,
    /// The broker's limit of one message; a larger body goes to the object store.
    pub message_bytes_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/webhooks/shopify".to_owned(),
            secrets: Vec::new(),
            requests_in_flight_max: 512,
            body_bytes_in_flight_max: 32 * 1024 * 1024,
            body_deadline: Duration::from_secs(5),
            publish_deadline: Duration::from_secs(2),
            message_bytes_max: 1024 * 1024,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("path", &self.path)
            .field("secrets", &format_args!("{} kept secret", self.secrets.len()))
            .field("requests_in_flight_max", &self.requests_in_flight_max)
            .field("body_bytes_in_flight_max", &self.body_bytes_in_flight_max)
            .field("body_deadline", &self.body_deadline)
            .field("publish_deadline", &self.publish_deadline)
            .field("message_bytes_max", &self.message_bytes_max)
            .finish()
    }
}

/// A value that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The path is not one.
    #[error("the path {path:?} must begin with / and hold neither spaces nor braces")]
    Path {
        /// What was given.
        path: String,
    },
    /// An empty secret would verify what anybody signs with nothing.
    #[error("one of the secrets is empty")]
    EmptySecret,
    /// Nothing could ever be answered.
    #[error("{name} is below {least}")]
    TooLittle {
        /// Name of the value.
        name: &'static str,
        /// The least that works.
        least: usize,
    },
}

impl Config {
    /// The secrets in a list that is separated by commas, as `LOCKSTEP_SHOPIFY_API_SECRET` holds
    /// them. An empty text holds none.
    pub fn split_secrets(list: &SecretString) -> Vec<SecretString> {
        let parts = list.expose_secret().split(',').map(str::trim);
        parts.filter(|part| !part.is_empty()).map(SecretString::from).collect()
    }

    /// Checks the values against each other.
    ///
    /// # Errors
    /// The first value that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let is_odd = |c: char| c.is_whitespace() || "{}*?#".contains(c);
        if !self.path.starts_with('/') || self.path.contains(is_odd) {
            return Err(ConfigError::Path { path: self.path.clone() });
        }
        if self.secrets.iter().any(|secret| secret.expose_secret().is_empty()) {
            return Err(ConfigError::EmptySecret);
        }
        let millis = |time: Duration| usize::try_from(time.as_millis()).unwrap_or(usize::MAX);
        let limits = [
            ("requests_in_flight_max", self.requests_in_flight_max, 1),
            ("body_bytes_in_flight_max", self.body_bytes_in_flight_max, BODY_BYTES_MAX),
            ("body_deadline in milliseconds", millis(self.body_deadline), 1),
            ("publish_deadline in milliseconds", millis(self.publish_deadline), 1),
            ("message_bytes_max", self.message_bytes_max, 2 * ENVELOPE_BYTES),
        ];
        match limits.into_iter().find(|(_, value, least)| value < least) {
            Some((name, _, least)) => Err(ConfigError::TooLittle { name, least }),
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
        let path = Config { path: "webhooks".to_owned(), ..Config::default() };
        assert!(matches!(path.validate(), Err(ConfigError::Path { .. })));
        let empty = Config { secrets: vec![SecretString::from("")], ..Config::default() };
        assert_eq!(empty.validate(), Err(ConfigError::EmptySecret));
        let small = Config { body_bytes_in_flight_max: 1, ..Config::default() };
        let refused = small.validate().unwrap_err().to_string();
        assert_eq!(refused, format!("body_bytes_in_flight_max is below {BODY_BYTES_MAX}"));
    }

    #[test]
    fn secrets_are_split_and_never_shown() {
        let secrets = Config::split_secrets(&SecretString::from(" old , new,"));
        let plain: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(plain, ["old", "new"]);
        let shown = format!("{:?}", Config { secrets, ..Config::default() });
        assert!(shown.contains("2 kept secret") && !shown.contains("old"), "{shown}");
        assert!(Config::split_secrets(&SecretString::from("")).is_empty());
    }
}
