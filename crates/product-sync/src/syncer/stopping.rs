//! Files that nobody waits for any more: Shopify is told, so that it writes for somebody else.
//!
//! One timer of a store's lane says that there are some; its note names them. Those that Shopify is
//! being told of are in effects.

use jiff::Timestamp;
use lockstep_domain::catalog::{Job, Stage};
use lockstep_domain::{BulkOperationId, JobId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{Sent, Stop, Work};
use serde::{Deserialize, Serialize};

use super::{AWAY_WAIT, context, later};

/// Key of the timer.
pub const STOPS: &str = "products_file_stop";
/// Times that it is tried: the file ends by itself, too.
const TRIES_MAX: u32 = 5;
/// Files that wait for it at once: more than Shopify writes for one store.
const WAITING_MAX: usize = 16;

/// A file that nobody waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The run that it was written for.
    pub job: JobId,
    /// The operation that writes it.
    pub operation: BulkOperationId,
    /// Times that Shopify was told.
    #[serde(default)]
    pub tries: u32,
}

/// What a timer stops; nothing where it is another one.
pub fn of(timer: &Timer) -> Option<Vec<Wanted>> {
    if timer.key == STOPS {
        return Some(waiting(timer));
    }
    // The version before had a timer for each file.
    let (job, operation) = timer.key.strip_prefix(STOPS)?.strip_prefix(':')?.rsplit_once(':')?;
    let tries = timer.note.parse().unwrap_or_default();
    Some(vec![Wanted { job: job.parse().ok()?, operation: operation.parse().ok()?, tries }])
}

fn waiting(timer: &Timer) -> Vec<Wanted> {
    serde_json::from_str(&timer.note).unwrap_or_default()
}

/// Shopify is told.
pub fn plan(work: &mut Work<'_>, store: &StoreId, wanted: Vec<Wanted>) -> Result<(), Stop> {
    for one in wanted {
        let effect = context::stop(work, store, &one)?;
        work.open_effect(effect);
    }
    Ok(())
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
    let now = work.now();
    add(work, store, Wanted { job: job.clone(), operation, tries: 0 }, now)
}

/// One more waits, until a moment at the latest.
fn add(work: &mut Work<'_>, store: &StoreId, wanted: Wanted, until: Timestamp) -> Result<(), Stop> {
    let trace = work.traceparent();
    let timer = work.timer(store.as_str(), STOPS)?;
    let mut waiting = waiting(&timer);
    waiting.retain(|one| one.operation != wanted.operation);
    waiting.push(wanted);
    // The oldest have ended by themselves.
    let over = waiting.len().saturating_sub(WAITING_MAX);
    waiting.drain(..over);
    let note = serde_json::to_string(&waiting)
        .map_err(|e| Stop::Poison(format!("files to be stopped: {e}")))?;
    let due_at = Some(timer.due_at.map_or(until, |known| known.min(until)));
    work.set_timer(Timer { due_at, trace, note, ..timer });
    Ok(())
}

/// What came of it: tried again a few times where it may not have arrived. Stopped twice is
/// stopped.
pub fn conclude(
    work: &mut Work<'_>,
    store: &StoreId,
    wanted: Wanted,
    sent: &Sent,
) -> Result<(), Stop> {
    let wait = match sent {
        Sent::Answered(_) | Sent::Refused(_) => return Ok(()),
        Sent::NotApplied { wait, .. } => (*wait).max(AWAY_WAIT),
        Sent::Unknown(_) => AWAY_WAIT,
    };
    let tries = wanted.tries.saturating_add(1);
    if tries < TRIES_MAX {
        let until = later(work.now(), wait);
        add(work, store, Wanted { tries, ..wanted }, until)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(key: &str, note: &str) -> Timer {
        Timer { key: key.to_owned(), note: note.to_owned(), ..Timer::default() }
    }

    #[test]
    fn a_timer_names_the_runs_and_the_operations() {
        let job = JobId::try_new("0199-ab:c").unwrap();
        let operation = BulkOperationId(9_007_199_254_740_993);
        let wanted = vec![Wanted { job, operation, tries: 2 }];
        let note = serde_json::to_string(&wanted).unwrap();
        assert_eq!(of(&timer(STOPS, &note)), Some(wanted.clone()));
        assert_eq!(of(&timer(STOPS, "")), Some(Vec::new()));
        let before = format!("{STOPS}:0199-ab:c:9007199254740993");
        assert_eq!(of(&timer(&before, "2")), Some(wanted));
        for other in ["products_sync", "products_file_stop:x", "products_file_stop:j:0"] {
            assert_eq!(of(&timer(other, "")), None, "{other}");
        }
    }
}
