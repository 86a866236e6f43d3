//! W3C trace context, level 1.

use serde::{Deserialize, Serialize};

/// Longest `tracestate` that is carried on; W3C asks for at least 512 characters.
const TRACESTATE_MAX: usize = 512;

/// A valid `traceparent` and the `tracestate` beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    traceparent: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tracestate: Option<String>,
}

impl TraceContext {
    /// Checks the form. `None` when `traceparent` is not valid; a `tracestate` that a header
    /// cannot carry, or longer than 512 bytes, is left out.
    #[must_use]
    pub fn try_new(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        if !valid(traceparent) {
            return None;
        }
        let carried = tracestate.map(str::trim).filter(|state| {
            let printable = state.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            printable && !state.is_empty() && state.len() <= TRACESTATE_MAX
        });
        Some(Self { traceparent: traceparent.to_owned(), tracestate: carried.map(str::to_owned) })
    }

    /// `{version}-{trace id}-{parent id}-{flags}`.
    #[must_use]
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// What vendors add.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        self.tracestate.as_deref()
    }
}

/// Version 00: `00-<32 hex>-<16 hex>-<2 hex>`, ids not all zero. What a later version appends is
/// not known here, so such a context is passed over.
fn valid(traceparent: &str) -> bool {
    let parts: Vec<&str> = traceparent.split('-').collect();
    let [version, trace, parent, flags] = parts.as_slice() else { return false };
    let hex = |text: &str, length: usize| {
        text.len() == length
            && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    *version == "00"
        && hex(trace, 32)
        && !zero(trace)
        && hex(parent, 16)
        && !zero(parent)
        && hex(flags, 2)
}
