//! What goes on beside a consumer's own work: the pull of its next batch, and the acknowledgement
//! of its last one. One of each at most, and both stand still while nobody waits here.

use std::future::{Future, pending};
use std::pin::pin;

use futures_util::future::BoxFuture;
use lockstep_ports::{Delivered, PortError};
use tokio::sync::OwnedSemaphorePermit;

/// A batch as the broker gave it.
pub(crate) struct Pulled {
    pub batch: Vec<Delivered>,
    /// Whether it holds as much as was asked for: then more waits, most likely.
    pub is_full: bool,
    /// The leave to hold a large one.
    pub held: Option<OwnedSemaphorePermit>,
}

type Call<'c, T> = Option<BoxFuture<'c, Result<T, PortError>>>;

/// The calls of the broker that are on their way.
#[derive(Default)]
pub(crate) struct Beside<'c> {
    pull: Call<'c, Pulled>,
    pulled: Option<Result<Pulled, PortError>>,
    acknowledgement: Call<'c, ()>,
    /// Why an acknowledgement failed.
    failed: Option<PortError>,
}

impl<'c> Beside<'c> {
    /// Whether a batch is on its way or there.
    pub fn has_batch(&self) -> bool {
        self.pull.is_some() || self.pulled.is_some()
    }

    /// Forgets the batch that is on its way or there: the broker gives it out again.
    pub fn drop_batch(&mut self) {
        self.pull = None;
        self.pulled = None;
    }

    /// Begins to pull; nothing while a batch is on its way or there.
    pub fn pull(&mut self, pull: impl Future<Output = Result<Pulled, PortError>> + Send + 'c) {
        if !self.has_batch() {
            self.pull = Some(Box::pin(pull));
        }
    }

    /// The batch that is on its way or there. Comes never when there is none.
    pub async fn batch(&mut self) -> Result<Pulled, PortError> {
        loop {
            if let Some(pulled) = self.pulled.take() {
                return pulled;
            }
            tokio::select! {
                biased;
                pulled = end_of(&mut self.pull) => return pulled,
                done = end_of(&mut self.acknowledgement) => {
                    self.failed = done.err().or(self.failed.take());
                }
            }
        }
    }

    /// Awaits the consumer's own work, and lets both go on meanwhile.
    pub async fn through<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = work.as_mut() => return done,
                pulled = end_of(&mut self.pull) => self.pulled = Some(pulled),
                done = end_of(&mut self.acknowledgement) => {
                    self.failed = done.err().or(self.failed.take());
                }
            }
        }
    }

    /// Begins to acknowledge, after the acknowledgement before has ended.
    pub async fn acknowledge(
        &mut self,
        acknowledgement: impl Future<Output = Result<(), PortError>> + Send + 'c,
    ) {
        self.acknowledged().await;
        self.acknowledgement = Some(Box::pin(acknowledgement));
    }

    /// Awaits the acknowledgement that is on its way.
    pub async fn acknowledged(&mut self) {
        if self.acknowledgement.is_some()
            && let Err(e) = end_of(&mut self.acknowledgement).await
        {
            self.failed = Some(e);
        }
    }

    /// Why an acknowledgement failed since this was asked.
    pub fn failure(&mut self) -> Option<PortError> {
        self.failed.take()
    }
}

/// The end of a call; never when there is none.
async fn end_of<T>(call: &mut Call<'_, T>) -> Result<T, PortError> {
    let Some(waiting) = call else { return pending().await };
    let done = waiting.await;
    *call = None;
    done
}
