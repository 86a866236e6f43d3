//! Questions to other services, with a deadline, and what their silence means.

use std::time::Duration;

use lockstep_contracts::{Request, Subject};
use lockstep_ports::{Ask, ErrorKind};
use tracing::warn;

use crate::guard::masked;
use crate::problem::{Code, Problem};

/// How long an answer is awaited.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// Asks a service that must answer.
///
/// # Errors
/// `SERVICE_SILENT`, naming the service.
pub async fn ask<R: Request>(
    port: &dyn Ask,
    service: &str,
    subject: Subject,
    request: &R,
) -> Result<R::Reply, Problem> {
    lockstep_runtime::ask(port, subject, request, ANSWER_TIME_MAX).await.map_err(|failed| {
        if failed.kind == ErrorKind::Permanent {
            return failed.into();
        }
        silent(&[service.to_owned()])
    })
}

/// What came of a question that a service may leave unanswered.
pub enum Heard<T> {
    /// Its answer.
    Answer(T),
    /// Nothing, in time.
    Silence,
    /// An answer that this version cannot read, in words.
    Unreadable(String),
}

impl<T> Heard<T> {
    /// The answer, if there is a readable one.
    pub fn answer(self) -> Option<T> {
        match self {
            Self::Answer(answer) => Some(answer),
            Self::Silence | Self::Unreadable(_) => None,
        }
    }
}

/// Asks a service that may be silent, or of another version: neither stops what is asked of others.
pub async fn hear<R: Request>(
    port: &dyn Ask,
    service: &str,
    subject: Subject,
    request: &R,
) -> Heard<R::Reply> {
    match lockstep_runtime::ask(port, subject, request, ANSWER_TIME_MAX).await {
        Ok(reply) => Heard::Answer(reply),
        Err(failed) if failed.kind == ErrorKind::Permanent => {
            let why = masked(&failed.chain());
            warn!(service, why, "an answer cannot be read");
            Heard::Unreadable(why)
        }
        Err(_) => Heard::Silence,
    }
}

/// Services that did not answer.
pub fn silent(services: &[String]) -> Problem {
    let names = services.join(", ");
    let detail = format!("{names} did not answer in {} seconds", ANSWER_TIME_MAX.as_secs());
    let fix = format!(
        "see that it runs (`lockstep run {names}`), then send the same again; if this was a \
         change, it is open whether it was made"
    );
    Problem::new(Code::ServiceSilent, "", detail, fix)
}
