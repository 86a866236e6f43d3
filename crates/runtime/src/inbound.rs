//! A message as a processor sees it.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use lockstep_contracts::{Event, Metadata, Stream, decode};
use lockstep_ports::Delivered;
use serde::{Deserialize, Serialize};

use crate::work::Stop;

/// A delivered message whose envelope could be read.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// Its envelope; `metadata.id` is what the inbox knows it by.
    pub metadata: Metadata,
    /// The stream that holds it.
    pub stream: Stream,
    /// Its sequence there.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// The encoded message.
    pub body: Bytes,
    /// Times it was delivered.
    pub attempts: u32,
    /// The decoded message, once somebody asked for it.
    decoded: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Inbound {
    /// Reads the envelope. The error is a reason for a dead letter.
    pub fn try_new(delivered: &Delivered) -> Result<Self, String> {
        let headers = delivered.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let metadata =
            Metadata::from_headers(headers).map_err(|e| format!("unreadable envelope: {e}"))?;
        Ok(Self {
            metadata,
            stream: delivered.stream,
            sequence: delivered.sequence,
            subject: delivered.subject.clone(),
            body: delivered.body.clone(),
            attempts: u32::try_from(delivered.attempt).unwrap_or(u32::MAX),
            decoded: OnceLock::new(),
        })
    }

    /// As [`Inbound::decode`], decoded once however often it is asked for: the same message is
    /// looked at for its keys, for what stands behind them, and to be decided, perhaps twice.
    pub fn read<E: Event + Send + Sync + 'static>(&self) -> Result<Arc<E>, Stop> {
        if let Some(known) = self.decoded.get()
            && let Ok(event) = known.clone().downcast::<E>()
        {
            return Ok(event);
        }
        let event = Arc::new(self.decode::<E>()?);
        // Only one type can be read from it, so nobody else has put another one there.
        let _ = self.decoded.set(event.clone());
        Ok(event)
    }

    /// The message; a wrong type or broken bytes end as a dead letter.
    pub fn decode<E: Event>(&self) -> Result<E, Stop> {
        decode::<E>(&self.metadata, &self.body)
            .map_err(|e| Stop::Poison(format!("unreadable {}: {e}", self.metadata.event_type)))
    }
}

/// What a dead letter keeps, sealed: enough to decide the message again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub headers: Vec<(String, String)>,
    /// In base64: a list of numbers would be four times the size.
    pub body: String,
}
