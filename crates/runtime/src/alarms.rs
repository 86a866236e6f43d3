//! Timers that stand for what waits too long, over all lanes: what an operator is told of it.

use std::time::Duration;

use lockstep_ports::PortError;

use crate::engine::Engine;
use crate::pulse::later;

/// Lanes that are looked at.
const LANES_MAX: usize = 1_000;
/// Timers of a lane that are looked at.
const TIMERS_MAX: u32 = 2_000;

/// Lane and key of the timers that are due within a time and whose key begins so.
///
/// # Errors
/// The store is away.
pub async fn alarms(
    engine: &Engine,
    prefix: &str,
    within: Duration,
) -> Result<Vec<(String, String)>, PortError> {
    let until = later(engine.now(), within);
    let mut found = Vec::new();
    for (lane, _) in engine.store().lanes().await?.into_iter().take(LANES_MAX) {
        let due = engine.store().due(&lane, until, TIMERS_MAX).await?;
        let alarms = due.into_iter().filter(|timer| timer.key.starts_with(prefix));
        found.extend(alarms.map(|timer| (timer.lane, timer.key)));
    }
    Ok(found)
}
