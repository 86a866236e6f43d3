//! Files that nobody waits for any more: Shopify is told, so that it writes for somebody else.

use lockstep_domain::catalog::{Job, Stage};
use lockstep_domain::{BulkOperationId, JobId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{Sent, Stop, Work};

use super::{AWAY_WAIT, later};

/// What keys of its timers begin with.
const PREFIX: &str = "products_file_stop";
/// Times that it is tried: the file ends by itself, too.
const TRIES_MAX: u32 = 5;

/// What a timer stops; nothing where it is another one.
pub fn of(key: &str) -> Option<(JobId, BulkOperationId)> {
    let (job, operation) = key.strip_prefix(PREFIX)?.strip_prefix(':')?.rsplit_once(':')?;
    Some((job.parse().ok()?, operation.parse().ok()?))
}

fn key(job: &JobId, operation: BulkOperationId) -> String {
    format!("{PREFIX}:{job}:{operation}")
}

/// A run ended: what Shopify writes for it is stopped.
pub fn with(work: &mut Work<'_>, store: &StoreId, (id, job): (&JobId, &Job)) -> Result<(), Stop> {
    match &job.stage {
        Stage::File { step } => match step.writing() {
            Some(operation) => soon(work, store, id, operation),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// An operation is stopped with the next turn.
pub fn soon(
    work: &mut Work<'_>,
    store: &StoreId,
    job: &JobId,
    operation: BulkOperationId,
) -> Result<(), Stop> {
    let (due_at, trace) = (Some(work.now()), work.traceparent());
    let timer = work.timer(store.as_str(), &key(job, operation))?;
    work.set_timer(Timer { due_at, trace, note: String::new(), ..timer });
    Ok(())
}

/// What came of it: tried again a few times where it may not have arrived. Stopped twice is
/// stopped.
pub fn conclude(
    work: &mut Work<'_>,
    store: &StoreId,
    (job, operation): (&JobId, BulkOperationId),
    sent: &Sent,
) -> Result<(), Stop> {
    let wait = match sent {
        Sent::Answered(_) | Sent::Refused(_) => return Ok(()),
        Sent::NotApplied { wait, .. } => (*wait).max(AWAY_WAIT),
        Sent::Unknown(_) => AWAY_WAIT,
    };
    let timer = work.timer(store.as_str(), &key(job, operation))?;
    let tries = timer.note.parse().unwrap_or(0_u32).saturating_add(1);
    if tries < TRIES_MAX {
        let due_at = Some(later(work.now(), wait));
        work.set_timer(Timer { due_at, note: tries.to_string(), ..timer });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_the_run_and_the_operation() {
        let job = JobId::try_new("0199-ab:c").unwrap();
        let operation = BulkOperationId(9_007_199_254_740_993);
        assert_eq!(of(&key(&job, operation)), Some((job, operation)));
        for other in ["products_sync", "products_file_stop:x", "products_file_stop:j:0"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
