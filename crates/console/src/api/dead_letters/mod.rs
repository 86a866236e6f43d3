//! `/dead-letters`. Each service owns its letters; here they are gathered and decided.

pub mod dismiss;
pub mod get;
pub mod list;
pub mod retry;
mod shown;

use axum::Json;
use futures_util::future::join_all;
use lockstep_contracts::operations::v1::{
    CloseDeadLetterRequest, CloseOutcome, DeadLetter, GetDeadLetterRequest,
};
use serde::Serialize;
use tracing::info;

use crate::asking::{ask, hear, silent};
use crate::problem::{Code, Problem};
use crate::service::Console;

/// A letter that is closed now.
#[derive(Serialize)]
pub struct Closed {
    id: String,
    service: String,
    state: String,
}

/// The letter with an id. Only its owner knows it, so every service is asked for this one.
async fn find(console: &Console, id: &str) -> Result<DeadLetter, Problem> {
    let request = GetDeadLetterRequest { id: id.to_owned() };
    let asked = console.services.iter().map(|service| {
        let subject = GetDeadLetterRequest::subject(service);
        hear(&*console.parts.ask, service, subject, &request)
    });
    let mut quiet = Vec::new();
    for (heard, service) in join_all(asked).await.into_iter().zip(&console.services) {
        match heard.answer() {
            Some(answer) => {
                if let Some(letter) = answer.letter {
                    return Ok(DeadLetter { service: service.clone(), ..letter });
                }
            }
            None => quiet.push(service.clone()),
        }
    }
    if quiet.is_empty() { Err(unknown(id)) } else { Err(silent(&quiet)) }
}

/// Asks the letter's owner to close it. A letter that was closed in the same way before is no
/// error.
async fn close(console: &Console, id: &str, retry: bool) -> Result<Json<Closed>, Problem> {
    let state = if retry { "retried" } else { "dismissed" };
    let letter = find(console, id).await?;
    let service = letter.service.as_str();
    if letter.state == state {
        return Ok(closed(id, service, state));
    }
    let request = CloseDeadLetterRequest { id: id.to_owned(), retry };
    let subject = CloseDeadLetterRequest::subject(service);
    let answer = ask(&*console.parts.ask, service, subject, &request).await?;
    match answer.outcome() {
        CloseOutcome::Closed => {
            info!(dead_letter.id = id, service, state, "dead letter closed");
            Ok(closed(id, service, state))
        }
        CloseOutcome::FailedAgain => {
            let fix = "mend the cause and retry, or dismiss it";
            Err(Problem::new(Code::FailedAgain, "", answer.reason, fix))
        }
        CloseOutcome::NotFound | CloseOutcome::Unspecified => Err(unknown(id)),
    }
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
