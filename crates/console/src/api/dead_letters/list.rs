//! `GET /dead-letters`: what could not be processed, over all services.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use lockstep_contracts::operations::v1::DeadLetter;
use serde::Serialize;

use super::{LETTERS_MAX, gather};
use crate::extract::{QueryParts, bad};
use crate::problem::Problem;
use crate::service::Shared;
use crate::view::moment;

#[derive(Serialize)]
pub struct Letters {
    dead_letters: Vec<Letter>,
    silent: Vec<String>,
}

#[derive(Serialize)]
struct Letter {
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

/// Newest first; a silent service is named.
pub async fn handler(
    State(console): Shared,
    mut query: QueryParts,
) -> Result<Json<Letters>, Problem> {
    let include_closed = match query.text("state").as_deref() {
        None | Some("open") => false,
        Some("all") => true,
        Some(other) => return Err(bad("state", other, "open or all")),
    };
    let limit = query.limit(LETTERS_MAX as usize, 1_000)?;
    query.finish()?;
    let (mut letters, silent) = gather(&console, include_closed).await?;
    letters.sort_by_key(|letter| {
        let opened = letter.opened_at.as_ref();
        Reverse(opened.map(|at| (at.seconds, at.nanos)))
    });
    letters.truncate(limit);
    let dead_letters = letters.into_iter().map(Letter::from).collect();
    Ok(Json(Letters { dead_letters, silent }))
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
