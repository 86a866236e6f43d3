//! The step of a run that is in the air: nobody makes it a second time before its outcome is
//! decided. Whoever lets the run go on meanwhile is heard then.
//!
//! The note of the run's timer names it, from the transaction that decides to make it to the one
//! that concludes it.

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::{JobId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{Stop, Work};
use serde::{Deserialize, Serialize};

use super::SYNC;

/// A step is concluded long before this: what a process leaves behind is taken up before anything
/// is planned. A note that is older was left by a version that writes none.
const AIR_MAX: SignedDuration = SignedDuration::from_mins(10);

/// A step that was begun and not concluded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct InAir {
    job: JobId,
    step: u64,
    since: Timestamp,
    /// Somebody wanted the run to go on meanwhile.
    #[serde(default)]
    hurried: bool,
}

impl InAir {
    fn of(timer: &Timer) -> Option<Self> {
        serde_json::from_str(&timer.note).ok()
    }

    fn is(&self, (job, step): (&JobId, u64)) -> bool {
        self.job == *job && self.step == step
    }
}

/// Whether a step may begin now. One that is in the air is not begun: its outcome goes on at once.
pub fn begin(
    work: &mut Work<'_>,
    store: &StoreId,
    (job, step): (&JobId, u64),
) -> Result<bool, Stop> {
    let (now, timer) = (work.now(), work.timer(store.as_str(), SYNC)?);
    let known = InAir::of(&timer).filter(|air| air.is((job, step)));
    let known = known.filter(|air| now.duration_since(air.since) < AIR_MAX);
    let is_free = known.is_none();
    let air = match known {
        Some(air) => InAir { hurried: true, ..air },
        None => InAir { job: job.clone(), step, since: now, hurried: false },
    };
    let note = serde_json::to_string(&air).map_err(|e| Stop::Poison(format!("a step: {e}")))?;
    work.set_timer(Timer { note, ..timer });
    Ok(is_free)
}

/// A step is concluded; true when somebody wanted the run to go on meanwhile.
pub fn land(work: &mut Work<'_>, store: &StoreId, of: (&JobId, u64)) -> Result<bool, Stop> {
    let timer = work.timer(store.as_str(), SYNC)?;
    let Some(air) = InAir::of(&timer).filter(|air| air.is(of)) else { return Ok(false) };
    work.set_timer(Timer { note: String::new(), ..timer });
    Ok(air.hurried)
}
