//! A private nats-server per test.

use std::time::Duration;

use lockstep_devservices::{DevError, Nats, NatsOptions};

/// A nats-server with JetStream on a port and data folder of its own. It stops, and its data is
/// gone, when it is dropped.
#[derive(Debug)]
pub struct TestNats {
    nats: Nats,
}

impl TestNats {
    /// Starts one with the server's own settings.
    ///
    /// # Errors
    /// When there is no server to be had, or it does not start.
    pub async fn start() -> Result<Self, DevError> {
        Self::start_with(NatsOptions::default()).await
    }

    /// Starts one with settings that differ.
    ///
    /// # Errors
    /// When there is no server to be had, or it does not start.
    pub async fn start_with(options: NatsOptions) -> Result<Self, DevError> {
        let nats = unblocked(move || Nats::start(options)).await?;
        Ok(Self { nats })
    }

    /// The address for a client; the same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        self.nats.url()
    }

    /// SIGKILL: connections break without a farewell.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub async fn kill(self) -> Result<StoppedNats, DevError> {
        let mut nats = self.nats;
        unblocked(move || nats.kill().map(|()| StoppedNats { nats })).await
    }
}

/// A server that was killed, with its data.
#[derive(Debug)]
pub struct StoppedNats {
    nats: Nats,
}

impl StoppedNats {
    /// Removes its data, as if the disk were lost.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn lose_data(&self) -> Result<(), DevError> {
        self.nats.lose_data()
    }

    /// Starts it again on the same port and data.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restart(self) -> Result<TestNats, DevError> {
        let mut nats = self.nats;
        unblocked(move || nats.restart().map(|()| TestNats { nats })).await
    }
}

/// Starting a server waits for it: elsewhere, so that a test's own tasks go on.
async fn unblocked<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DevError> + Send + 'static,
) -> Result<T, DevError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Longest wait for a real server to come to a state.
const EVENTUALLY_MAX: Duration = Duration::from_secs(20);
const EVENTUALLY_STEP: Duration = Duration::from_millis(20);

/// Asks until the answer is yes, for what a real server does in its own time.
///
/// # Panics
/// When it is not so after 20 s; the test has failed.
pub async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let start = tokio::time::Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < EVENTUALLY_MAX, "not so after {EVENTUALLY_MAX:?}: {what}");
        tokio::time::sleep(EVENTUALLY_STEP).await;
    }
}
