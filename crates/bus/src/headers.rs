//! Headers between the ports and the client.

use std::str::FromStr;

use async_nats::header::{HeaderMap, HeaderName, HeaderValue};
use lockstep_ports::{ErrorKind, PortError};

/// Errors: `Permanent`, naming the header that cannot be sent.
pub(crate) fn encode(headers: &[(String, String)]) -> Result<HeaderMap, PortError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let refused = || {
            let what = format!("the header {name:?} cannot be sent: not a plain name and line");
            PortError::plain(ErrorKind::Permanent, what)
        };
        let key = HeaderName::from_str(name).map_err(|_| refused())?;
        let value = HeaderValue::from_str(value).map_err(|_| refused())?;
        map.append(key, value);
    }
    Ok(map)
}

/// In order of name, so that nothing depends on the client's hashing.
pub(crate) fn decode(headers: Option<&HeaderMap>) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = headers
        .into_iter()
        .flat_map(|map| map.iter())
        .flat_map(|(name, values)| {
            values.iter().map(|value| (name.to_string(), value.as_str().to_owned()))
        })
        .collect();
    pairs.sort();
    pairs
}

/// Bytes that headers take on the wire: a version line, a line each, and an empty line.
pub(crate) fn wire_bytes(headers: &HeaderMap) -> usize {
    const VERSION_LINE: usize = "NATS/1.0\r\n".len();
    const PER_LINE: usize = ": ".len() + "\r\n".len();
    const END: usize = "\r\n".len();
    let lines: usize = headers
        .iter()
        .flat_map(|(name, values)| {
            let name = name.to_string().len();
            values.iter().map(move |value| name + value.as_str().len() + PER_LINE)
        })
        .sum();
    VERSION_LINE + lines + END
}
