//! Ports that are ours from the choice to the end, whether a server listens on them or not.
//!
//! A port for TCP is free for everybody while its server is being restarted. So its twin for UDP,
//! which nobody needs, is held as the lock: it is there for every account of the machine, and the
//! system lets go of it when we die.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::ops::Range;

use crate::{DevError, random};

/// Below are the ports that services are known by.
const LOWEST: u16 = 10_000;
/// Where systems at most begin to take the ports of outgoing connections from: Linux here, others
/// above.
const EPHEMERAL: Range<u16> = 32_768..61_000;
/// Fewer ports than this are not worth while.
const RANGE_MIN: u16 = 2_000;
const TRIES_MAX: u32 = 400;

/// A port on 127.0.0.1 on which nothing listened when it was chosen, and which no other [`Port`]
/// of this machine names for as long as this one lives. No outgoing connection takes it.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _held: UdpSocket,
}

impl Port {
    /// Chooses one.
    ///
    /// # Errors
    /// When none is free.
    pub fn reserve() -> Result<Self, DevError> {
        let range = beside(&ephemeral());
        let span = u64::from(range.end - range.start);
        let chosen = (0..TRIES_MAX).find_map(|_| {
            let offset = u16::try_from(random::number() % span).unwrap_or_default();
            Self::take(range.start + offset)
        });
        chosen.ok_or_else(|| {
            DevError::missing(
                format!("a free port between {} and {} on 127.0.0.1", range.start, range.end),
                "stop something that listens there",
            )
        })
    }

    /// This port, if it is free.
    fn take(number: u16) -> Option<Self> {
        let held = UdpSocket::bind(("127.0.0.1", number)).ok()?;
        TcpListener::bind(("127.0.0.1", number)).ok()?;
        Some(Self { number, _held: held })
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// `127.0.0.1:12345`
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.number)
    }

    /// `http://127.0.0.1:12345`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

/// From where this system takes the ports of outgoing connections.
fn ephemeral() -> Range<u16> {
    let told = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut numbers = told.split_whitespace().map(|number| number.parse::<u16>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(first), Some(last)) if first < last => first..last.saturating_add(1),
        _ => EPHEMERAL,
    }
}

/// Where to choose from: below that, else above; if the system leaves nothing, as usual.
fn beside(ephemeral: &Range<u16>) -> Range<u16> {
    let below = LOWEST..ephemeral.start.min(EPHEMERAL.start);
    let above = ephemeral.end..u16::MAX;
    let large = |range: &Range<u16>| range.end.saturating_sub(range.start) >= RANGE_MIN;
    [below, above].into_iter().find(large).unwrap_or(LOWEST..EPHEMERAL.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_ours_until_we_let_go_and_a_server_can_come_and_go_on_it() {
        let port = Port::reserve().expect("a port is free");
        let number = port.number();
        assert!(Port::take(number).is_none(), "nobody else gets it");
        for _ in 0..2 {
            let server = TcpListener::bind(port.address()).expect("a server starts");
            assert!(Port::take(number).is_none());
            drop(server);
            assert!(Port::take(number).is_none(), "its server is away, the port is not free");
        }
        drop(port);
        assert!(Port::take(number).is_some());
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_not_chosen() {
        let other = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let number = other.local_addr().expect("it listens").port();
        assert!(Port::take(number).is_none());
    }

    #[test]
    fn outgoing_connections_take_none_of_ours() {
        let linux = 32_768..61_000;
        assert_eq!(beside(&linux), 10_000..32_768);
        assert_eq!(beside(&(49_152..u16::MAX)), 10_000..32_768);
        assert_eq!(beside(&(15_000..61_000)), 10_000..15_000);
        assert_eq!(beside(&(1_024..61_000)), 61_000..u16::MAX);
        assert_eq!(beside(&(1_024..u16::MAX)), 10_000..32_768, "there is no such place");
        let chosen = Port::reserve().expect("a port is free").number();
        assert!(beside(&ephemeral()).contains(&chosen));
    }
}
