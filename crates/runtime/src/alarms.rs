//! Timers that stand for what waits too long, over all lanes: what an operator is told of it.

use std::time::Duration;

use lockstep_contracts::operations::v1::{Finding, Severity};
use lockstep_ports::PortError;

use crate::engine::Engine;
use crate::pulse::later;

/// Lanes that are looked at.
const LANES_MAX: usize = 1_000;
/// Timers of a lane that are looked at.
const TIMERS_MAX: u32 = 2_000;

/// What waits too long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    /// Lane and key of each timer, within a lane the first that is due first.
    pub timers: Vec<(String, String)>,
    /// There are more, which were not looked at.
    pub cut: bool,
}

impl Alarms {
    /// What an operator is told when there are more than were looked at.
    #[must_use]
    pub fn finding(&self, subject: &str) -> Option<Finding> {
        self.cut.then(|| Finding {
            severity: Severity::Warning.into(),
            subject: subject.to_owned(),
            message: format!(
                "more wait than were counted: at most {TIMERS_MAX} of a store are looked at"
            ),
            fix: "mend the causes that are named, then look again".to_owned(),
        })
    }
}

/// The timers that are due within a time and whose key begins so.
///
/// # Errors
/// The store is away.
pub async fn alarms(engine: &Engine, prefix: &str, within: Duration) -> Result<Alarms, PortError> {
    let until = later(engine.now(), within);
    let lanes = engine.store().lanes().await?;
    let mut found = Alarms { timers: Vec::new(), cut: lanes.len() > LANES_MAX };
    for (lane, _) in lanes.into_iter().take(LANES_MAX) {
        // One more, to see whether there is one.
        let due = engine.store().due_under(&lane, prefix, until, TIMERS_MAX + 1).await?;
        let most = usize::try_from(TIMERS_MAX).unwrap_or(usize::MAX);
        found.cut |= due.len() > most;
        found.timers.extend(due.into_iter().take(most).map(|timer| (timer.lane, timer.key)));
    }
    Ok(found)
}
