//! The one way to wait: for a condition, with a deadline.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

const POLL: Duration = Duration::from_millis(60);

/// An error after which waiting makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Hopeless(pub String);

/// Asks until there is an answer. Errors on the way are told only when the time is over, except
/// a [`Hopeless`] one.
///
/// # Errors
/// When the time is over.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut condition: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        let last = match condition().await {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => None,
            Err(error) if error.is::<Hopeless>() => return Err(error),
            Err(error) => Some(error),
        };
        if Instant::now() >= deadline {
            let late = format!("waited {} s in vain: {what}", limit.as_secs());
            return Err(last.map_or_else(|| anyhow!(late.clone()), |e| e.context(late.clone())));
        }
        tokio::time::sleep(POLL).await;
    }
}
