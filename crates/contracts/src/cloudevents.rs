//! CloudEvents 1.0 in binary mode, as plain names and values of message headers.
//!
//! Values are percent-encoded as the CloudEvents HTTP binding asks, so that no value can hold a
//! line break or anything else that a header cannot carry.

use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

mod trace;

pub use trace::TraceContext;

/// Names of the headers.
pub mod header {
    /// Version of CloudEvents; always [`super::SPEC_VERSION`].
    pub const SPEC_VERSION: &str = "ce-specversion";
    /// Id of the message; inboxes remove doubles by it.
    pub const ID: &str = "ce-id";
    /// The service that published it.
    pub const SOURCE: &str = "ce-source";
    /// Full protobuf name of the message.
    pub const TYPE: &str = "ce-type";
    /// When it happened.
    pub const TIME: &str = "ce-time";
    /// What it is about.
    pub const SUBJECT: &str = "ce-subject";
    /// Id shared by everything that one cause led to.
    pub const CORRELATION_ID: &str = "ce-correlationid";
    /// Id of the message that caused this one.
    pub const CAUSATION_ID: &str = "ce-causationid";
    /// Version of the aggregate.
    pub const SEQUENCE: &str = "ce-sequence";
    /// Form of the payload; always [`super::CONTENT_TYPE`](super::PROTOBUF).
    pub const CONTENT_TYPE: &str = "content-type";
    /// W3C trace context.
    pub const TRACEPARENT: &str = "traceparent";
    /// W3C trace context, of vendors.
    pub const TRACESTATE: &str = "tracestate";
}

/// The version of CloudEvents spoken here.
pub const SPEC_VERSION: &str = "1.0";
/// `datacontenttype` of every message.
pub const PROTOBUF: &str = "application/protobuf";

/// Space, quote and percent beside controls and what is not ASCII: the CloudEvents HTTP binding,
/// section 3.1.3.2.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// What a message says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Id of the message, derived from its source where there is one; inboxes remove doubles by it.
    pub id: String,
    /// The service that published it, for instance `stock-sync`.
    pub source: String,
    /// Full protobuf name of the message.
    pub event_type: String,
    /// When it happened.
    pub time: Timestamp,
    /// What it is about, as plain text; carried percent-encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Id shared by everything that one cause led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Id of the message that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// Version of the aggregate that the event made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The trace that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceContext>,
}

/// A header that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// A header that every message must have is not there.
    #[error("header `{name}` is missing")]
    Missing {
        /// The header.
        name: &'static str,
    },
    /// A header's value is not what it must be.
    #[error("header `{name}` must be {expected}")]
    Invalid {
        /// The header.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl Metadata {
    /// Metadata with what every message has; the rest is set by field.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        source: impl Into<String>,
        event_type: impl Into<String>,
        time: Timestamp,
    ) -> Self {
        Self {
            id: id.into(),
            source: source.into(),
            event_type: event_type.into(),
            time,
            subject: None,
            correlation_id: None,
            causation_id: None,
            sequence: None,
            trace: None,
        }
    }

    /// As headers. Every value is visible ASCII, but for spaces inside `tracestate`.
    #[must_use]
    pub fn to_headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            (header::SPEC_VERSION, SPEC_VERSION.to_owned()),
            (header::ID, encode(&self.id)),
            (header::SOURCE, encode(&self.source)),
            (header::TYPE, encode(&self.event_type)),
            (header::TIME, self.time.to_string()),
            (header::CONTENT_TYPE, PROTOBUF.to_owned()),
        ];
        let optional = [
            (header::SUBJECT, &self.subject),
            (header::CORRELATION_ID, &self.correlation_id),
            (header::CAUSATION_ID, &self.causation_id),
        ];
        for (name, value) in optional {
            headers.extend(value.as_deref().map(|value| (name, encode(value))));
        }
        headers.extend(self.sequence.map(|value| (header::SEQUENCE, value.to_string())));
        if let Some(trace) = &self.trace {
            headers.push((header::TRACEPARENT, trace.traceparent().to_owned()));
            let state = trace.tracestate().map(|state| (header::TRACESTATE, state.to_owned()));
            headers.extend(state);
        }
        headers
    }

    /// From headers. Names are compared without case; headers of others are passed over. A trace
    /// context that is not valid is passed over too, as W3C asks.
    ///
    /// # Errors
    /// When a header that every message has is missing, or a value is wrong.
    pub fn from_headers<'a>(
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, HeaderError> {
        let found = Headers(headers.into_iter().collect());
        found.must_equal(header::SPEC_VERSION, SPEC_VERSION, "`1.0`")?;
        found.must_equal(header::CONTENT_TYPE, PROTOBUF, "`application/protobuf`")?;
        let time = found.required(header::TIME)?.parse().map_err(|_| HeaderError::Invalid {
            name: header::TIME,
            expected: "a moment as of RFC 3339",
        })?;
        let sequence = found.value(header::SEQUENCE)?.map(|value| value.parse()).transpose();
        Ok(Self {
            id: found.required(header::ID)?,
            source: found.required(header::SOURCE)?,
            event_type: found.required(header::TYPE)?,
            time,
            subject: found.value(header::SUBJECT)?,
            correlation_id: found.value(header::CORRELATION_ID)?,
            causation_id: found.value(header::CAUSATION_ID)?,
            sequence: sequence.map_err(|_| HeaderError::Invalid {
                name: header::SEQUENCE,
                expected: "a whole number from 0",
            })?,
            trace: found.raw(header::TRACEPARENT).and_then(|traceparent| {
                TraceContext::try_new(traceparent, found.raw(header::TRACESTATE))
            }),
        })
    }
}

fn encode(value: &str) -> String {
    utf8_percent_encode(value, ENCODED).to_string()
}

struct Headers<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Headers<'a> {
    fn raw(&self, name: &str) -> Option<&'a str> {
        let mut all = self.0.iter();
        all.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn value(&self, name: &'static str) -> Result<Option<String>, HeaderError> {
        let decode = |value| percent_decode_str(value).decode_utf8();
        self.raw(name)
            .map(decode)
            .transpose()
            .map(|value| value.map(Into::into))
            .map_err(|_| HeaderError::Invalid { name, expected: "percent-encoded UTF-8" })
    }

    fn required(&self, name: &'static str) -> Result<String, HeaderError> {
        self.value(name)?.ok_or(HeaderError::Missing { name })
    }

    fn must_equal(
        &self,
        name: &'static str,
        wanted: &str,
        expected: &'static str,
    ) -> Result<(), HeaderError> {
        match self.raw(name) {
            None => Err(HeaderError::Missing { name }),
            Some(value) if value == wanted => Ok(()),
            Some(_) => Err(HeaderError::Invalid { name, expected }),
        }
    }
}
