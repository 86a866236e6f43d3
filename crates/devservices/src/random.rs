//! Unpredictable numbers from the standard library alone: for ports, folder names and the
//! password of a private database.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::TcpListener;

use crate::DevError;

/// Below the range from which systems take the ports of outgoing connections (32768 on Linux,
/// 49152 elsewhere), so that a server that restarts finds its port still free.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
const PORT_TRIES_MAX: u32 = 200;

/// 64 bits from the keys that the standard library seeds from the system.
pub(crate) fn number() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish()
}

/// A port on which nothing listens on loopback now.
pub(crate) fn free_port() -> Result<u16, DevError> {
    let span = u64::from(PORTS.end - PORTS.start);
    for _ in 0..PORT_TRIES_MAX {
        let offset = u16::try_from(number() % span).unwrap_or_default();
        let port = PORTS.start + offset;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(DevError::missing(
        format!("a free port between {} and {} on 127.0.0.1", PORTS.start, PORTS.end),
        "stop something that listens there",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_listened_on() {
        let port = free_port().expect("a port is free");
        assert!(PORTS.contains(&port));
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
    }

    #[test]
    fn numbers_differ() {
        assert_ne!(number(), number());
    }
}
