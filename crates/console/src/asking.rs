//! Questions to other services, with a deadline, and what their silence means.

use std::time::Duration;

use lockstep_contracts::{Request, Subject};
use lockstep_ports::{Ask, ErrorKind};

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

/// Asks a service that may be silent: `None` then.
///
/// # Errors
/// An answer that cannot be read.
pub async fn ask_or_silent<R: Request>(
    port: &dyn Ask,
    subject: Subject,
    request: &R,
) -> Result<Option<R::Reply>, Problem> {
    match lockstep_runtime::ask(port, subject, request, ANSWER_TIME_MAX).await {
        Ok(reply) => Ok(Some(reply)),
        Err(failed) if failed.kind == ErrorKind::Permanent => Err(failed.into()),
        Err(_) => Ok(None),
    }
}

/// Services that did not answer.
pub fn silent(services: &[String]) -> Problem {
    let names = services.join(", ");
    let detail = format!("{names} did not answer in {} seconds", ANSWER_TIME_MAX.as_secs());
    let fix = format!("see that it runs (`lockstep run {names}`), then send the same again");
    Problem::new(Code::ServiceSilent, "", detail, fix)
}
