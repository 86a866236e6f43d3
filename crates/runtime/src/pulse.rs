//! Whether the loops of a process turn. Each stamps when its next turn is due at the latest;
//! `/healthz` names those that are late. A loop that hangs would otherwise look like one that has
//! nothing to do.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_ports::Clock;

/// A loop that has not turned for this time is late. Longer than any call within one turn may
/// take: a call to Shopify ends after 20 s, a pull waits for 5 s, a statement ends after less.
pub const TURN_MAX: Duration = Duration::from_secs(60);
/// A wait that may be long stamps this often.
const STAMP_EVERY: Duration = Duration::from_secs(20);

/// The loops of a process. Clones show the same.
#[derive(Clone, Default)]
pub struct Pulses(Arc<Mutex<Register>>);

#[derive(Default)]
struct Register {
    given: u64,
    parts: BTreeMap<u64, Arc<Part>>,
}

/// The stamp of one loop; it is no longer asked for when this is dropped.
pub struct Pulse {
    number: u64,
    part: Arc<Part>,
    pulses: Pulses,
}

struct Part {
    name: String,
    clock: Arc<dyn Clock>,
    /// Milliseconds that the process will have run for when the next turn must have come. Not a
    /// moment of the calendar: a clock that is set makes no loop late, and hides none that hangs.
    due: AtomicI64,
}

impl Pulses {
    /// Adds a loop that turns now; the name is for a person.
    pub fn add(&self, name: impl Into<String>, clock: Arc<dyn Clock>) -> Pulse {
        let part = Arc::new(Part { name: name.into(), clock, due: AtomicI64::default() });
        part.allow(TURN_MAX);
        let mut register = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        register.given += 1;
        let number = register.given;
        register.parts.insert(number, part.clone());
        Pulse { number, part, pulses: self.clone() }
    }

    /// Names of the loops that are late, each with the seconds since it was due.
    pub fn late(&self) -> Vec<String> {
        let register = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let late = register.parts.values().filter_map(|part| {
            let late = part.running() - part.due.load(Ordering::Relaxed);
            (late > 0).then(|| format!("{} ({} s late)", part.name, late / 1_000))
        });
        late.collect()
    }
}

impl Pulse {
    /// Another turn.
    pub fn beat(&self) {
        self.part.allow(TURN_MAX);
    }

    /// What comes next may take so long by its own limits.
    pub fn allow(&self, time: Duration) {
        self.part.allow(time);
    }

    /// Awaits what may not come for long, and stamps meanwhile.
    pub async fn through<T>(&self, wait: impl Future<Output = T>) -> T {
        let mut wait = std::pin::pin!(wait);
        loop {
            self.beat();
            let next = later(self.part.clock.now(), STAMP_EVERY);
            tokio::select! {
                biased;
                done = wait.as_mut() => {
                    self.beat();
                    return done;
                }
                () = self.part.clock.sleep_until(next) => {}
            }
        }
    }
}

impl Part {
    fn allow(&self, time: Duration) {
        let due = self.running().saturating_add(milliseconds(time));
        self.due.store(due, Ordering::Relaxed);
    }

    fn running(&self) -> i64 {
        milliseconds(self.clock.running())
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        let mut register = self.pulses.0.lock().unwrap_or_else(PoisonError::into_inner);
        register.parts.remove(&self.number);
    }
}

impl fmt::Debug for Pulses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulses").field("late", &self.late()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").field("name", &self.part.name).finish_non_exhaustive()
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// `at` and a wait; the end of the calendar when there is no such moment.
pub(crate) fn later(at: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
