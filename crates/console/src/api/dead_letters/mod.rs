//! `/dead-letters`. Each service owns its letters; here they are gathered and decided.

pub mod dismiss;
pub mod list;
pub mod retry;

use axum::Json;
use futures_util::future::join_all;
use lockstep_contracts::operations::v1::{
    CloseDeadLetterRequest, CloseOutcome, DeadLetter, ListDeadLettersRequest,
};
use serde::Serialize;
use tracing::info;

use crate::asking::{ask_or_silent, silent};
use crate::problem::{Code, Problem};
use crate::service::Console;

/// Letters that one service shows.
const LETTERS_MAX: u32 = 200;

/// A letter that is closed now.
#[derive(Serialize)]
pub struct Closed {
    id: String,
    service: String,
    state: String,
}

/// Letters of every service, and the services that were silent.
async fn gather(
    console: &Console,
    include_closed: bool,
) -> Result<(Vec<DeadLetter>, Vec<String>), Problem> {
    let request = ListDeadLettersRequest { limit: LETTERS_MAX, include_closed };
    let asked = console.services.iter().map(|service| {
        let subject = ListDeadLettersRequest::subject(service);
        ask_or_silent(&*console.parts.ask, subject, &request)
    });
    let (mut letters, mut silent) = (Vec::new(), Vec::new());
    for (answer, service) in join_all(asked).await.into_iter().zip(&console.services) {
        match answer? {
            Some(answer) => letters.extend(answer.letters),
            None => silent.push(service.clone()),
        }
    }
    Ok((letters, silent))
}

/// Asks each service in turn to close the letter: only its owner knows it. A letter that was
/// closed in the same way before is no error.
async fn close(console: &Console, id: &str, retry: bool) -> Result<Json<Closed>, Problem> {
    let state = if retry { "retried" } else { "dismissed" };
    let request = CloseDeadLetterRequest { id: id.to_owned(), retry };
    let mut quiet = Vec::new();
    for service in &console.services {
        let subject = CloseDeadLetterRequest::subject(service);
        let Some(answer) = ask_or_silent(&*console.parts.ask, subject, &request).await? else {
            quiet.push(service.clone());
            continue;
        };
        match answer.outcome() {
            CloseOutcome::Closed => {
                info!(dead_letter.id = id, service, state, "dead letter closed");
                return Ok(closed(id, service, state));
            }
            CloseOutcome::FailedAgain => {
                let fix = "mend the cause and retry, or dismiss it";
                return Err(Problem::new(Code::FailedAgain, "", answer.reason, fix));
            }
            CloseOutcome::NotFound | CloseOutcome::Unspecified => {}
        }
    }
    let (letters, _) = gather(console, true).await?;
    if let Some(letter) = letters.iter().find(|letter| letter.id == id && letter.state == state) {
        return Ok(closed(id, &letter.service, state));
    }
    if quiet.is_empty() { Err(unknown(id)) } else { Err(silent(&quiet)) }
}

fn closed(id: &str, service: &str, state: &str) -> Json<Closed> {
    let (id, service) = (id.to_owned(), service.to_owned());
    Json(Closed { id, service, state: state.to_owned() })
}

fn unknown(id: &str) -> Problem {
    let shown: String = id.chars().take(80).collect();
    let detail = format!("there is no open dead letter {shown}");
    Problem::new(Code::UnknownDeadLetter, "", detail, "GET /api/v1/dead-letters lists them")
}
