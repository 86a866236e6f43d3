//! A dead letter as the API shows it: without its content.

use lockstep_contracts::operations::v1::DeadLetter;
use serde::Serialize;

use crate::view::moment;

/// One letter.
#[derive(Serialize)]
pub struct Letter {
    id: String,
    service: String,
    stream: String,
    stream_sequence: String,
    message_type: String,
    message_id: String,
    reason: String,
    attempts: u32,
    state: String,
    opened_at: Option<String>,
}

impl From<DeadLetter> for Letter {
    fn from(letter: DeadLetter) -> Self {
        Self {
            opened_at: moment(letter.opened_at.as_ref()),
            id: letter.id,
            service: letter.service,
            stream: letter.stream,
            stream_sequence: letter.stream_sequence.to_string(),
            message_type: letter.message_type,
            message_id: letter.message_id,
            reason: letter.reason,
            attempts: letter.attempts,
            state: letter.state,
        }
    }
}
