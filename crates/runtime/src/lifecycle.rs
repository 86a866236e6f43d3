//! Start and stop of a process. The first signal asks for a clean stop, the second ends it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lockstep_ports::{Clock, IdSource, SystemClock, TimeOrderedIds};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::pulse::{Pulse, Pulses, later};
use crate::retry::{Retry, jitter};

/// Longest time that a clean stop may take; below Kubernetes' 30 s.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);

/// Every task of a process starts through its tracker and ends by its token.
#[derive(Clone)]
pub struct Lifecycle {
    /// Takes in tasks.
    pub tracker: TaskTracker,
    /// Cancelled when the process shall stop.
    pub shutdown: CancellationToken,
    failed: CancellationToken,
    pulses: Pulses,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle")
            .field("tasks", &self.tracker.len())
            .field("stops", &self.shutdown.is_cancelled())
            .field("pulses", &self.pulses)
            .finish_non_exhaustive()
    }
}

impl Lifecycle {
    /// A lifecycle that has not begun to end, by the machine's own time.
    pub fn new() -> Self {
        Self::by(Arc::new(SystemClock), Arc::new(TimeOrderedIds))
    }

    /// As [`Lifecycle::new`], by another time; ids give the jitter of its waits.
    pub fn by(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self {
            tracker: TaskTracker::default(),
            shutdown: CancellationToken::default(),
            failed: CancellationToken::default(),
            pulses: Pulses::default(),
            clock,
            ids,
        }
    }

    /// Waits before attempt `attempt + 1`, or until the stop.
    pub async fn pause(&self, retry: Retry, attempt: u32) {
        let until = later(self.clock.now(), retry.delay(attempt, jitter(&*self.ids)));
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => {}
            () = self.clock.sleep_until(until) => {}
        }
    }

    /// Watches over a loop: `/healthz` names it when it does not turn any more.
    pub fn pulse(&self, name: impl Into<String>) -> Pulse {
        self.pulses.add(name, self.clock.clone())
    }

    /// The loops of the process.
    pub fn pulses(&self) -> &Pulses {
        &self.pulses
    }

    /// Starts a task that must run as long as the process: when it ends by itself, so does the
    /// process, with a failure.
    pub fn spawn_vital<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let watch = Watch { life: self.clone(), name, may_end: false };
        self.tracker.spawn(async move {
            // Moved in, so that it falls when the task ends, by a panic too.
            let _watch = watch;
            task.await;
        });
    }

    /// Starts a task that may end, but whose panic ends the process: nobody would start it again.
    pub fn spawn_watched<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let watch = Watch { life: self.clone(), name, may_end: true };
        self.tracker.spawn(async move {
            let _watch = watch;
            task.await;
        });
    }

    fn fail(&self, task: &'static str) {
        error!(code = "LS0001", task, "a vital task ended; the process stops");
        self.failed.cancel();
        self.shutdown.cancel();
    }

    /// True when a task, not a person, asked for the stop.
    pub fn has_failed(&self) -> bool {
        self.failed.is_cancelled()
    }

    /// Cancels on SIGINT or SIGTERM; a second signal ends the process at once.
    pub fn stop_on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut term = signal(SignalKind::terminate())?;
        let mut int = signal(SignalKind::interrupt())?;
        let shutdown = self.shutdown.clone();
        // Not tracked: it must outlive the stop that it watches.
        #[expect(clippy::disallowed_methods, reason = "watches over the tracker itself")]
        tokio::spawn(async move {
            tokio::select! { _ = term.recv() => {} _ = int.recv() => {} }
            info!("stopping; a second signal ends the process at once");
            shutdown.cancel();
            tokio::select! { _ = term.recv() => {} _ = int.recv() => {} }
            warn!("second signal: ending at once");
            std::process::exit(130);
        });
        Ok(())
    }

    /// Waits for the token, then for the tasks, at most [`SHUTDOWN_GRACE`]. True when every task
    /// ended in time.
    pub async fn finish(&self) -> bool {
        self.shutdown.cancelled().await;
        self.tracker.close();
        let ended = tokio::time::timeout(SHUTDOWN_GRACE, self.tracker.wait()).await.is_ok();
        if !ended {
            warn!(left = self.tracker.len(), "tasks did not end within the grace period");
        }
        ended
    }
}

/// Falls with the task that it watches.
struct Watch {
    life: Lifecycle,
    name: &'static str,
    may_end: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let is_end = !self.may_end && !self.life.shutdown.is_cancelled();
        if is_end || std::thread::panicking() {
            self.life.fail(self.name);
        }
    }
}
