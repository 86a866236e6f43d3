//! Start and stop of a process. The first signal asks for a clean stop, the second ends it.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

/// Longest time that a clean stop may take; below Kubernetes' 30 s.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);

/// Every task of a process starts through its tracker and ends by its token.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Takes in tasks.
    pub tracker: TaskTracker,
    /// Cancelled when the process shall stop.
    pub shutdown: CancellationToken,
    failed: CancellationToken,
}

impl Lifecycle {
    /// A lifecycle that has not begun to end.
    pub fn new() -> Self {
        Self::default()
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
