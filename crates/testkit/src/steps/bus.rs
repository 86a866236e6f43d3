//! A broker that is called step by step.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_ports::{Bus, Checkpoint, ConsumerSpec, Delivered, Outgoing, PortError, PublishAck};

use super::Steps;

/// A pull waits for its first message until there is one: whoever drives the service moves the
/// time, and the machine's own must not be felt.
const NO_END: Duration = Duration::from_secs(365 * 24 * 3_600);

/// A broker behind [`Steps`].
pub struct SteppingBus {
    inner: Arc<dyn Bus>,
    steps: Steps,
}

impl SteppingBus {
    /// Steps before each call, and after each that changes something.
    pub fn new(inner: Arc<dyn Bus>, steps: Steps) -> Self {
        Self { inner, steps }
    }
}

#[async_trait]
impl Bus for SteppingBus {
    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<PublishAck>, PortError> {
        self.steps.step().await;
        let answer = self.inner.publish(batch).await;
        self.steps.step().await;
        answer
    }

    async fn pull(
        &self,
        consumer: &ConsumerSpec,
        start_after: u64,
        max: usize,
        _wait: Duration,
    ) -> Result<Vec<Delivered>, PortError> {
        self.steps.step().await;
        let answer = self.inner.pull(consumer, start_after, max, NO_END).await;
        self.steps.step().await;
        answer
    }

    async fn ack(&self, messages: &[Delivered]) -> Result<(), PortError> {
        self.steps.step().await;
        let answer = self.inner.ack(messages).await;
        self.steps.step().await;
        answer
    }

    async fn rewind(
        &self,
        consumer: &ConsumerSpec,
        checkpoint: &dyn Checkpoint,
    ) -> Result<(), PortError> {
        self.steps.step().await;
        self.inner.rewind(consumer, checkpoint).await
    }

    async fn lag(&self, consumer: &ConsumerSpec) -> Result<u64, PortError> {
        self.steps.step().await;
        self.inner.lag(consumer).await
    }

    async fn is_ready(&self) -> bool {
        self.inner.is_ready().await
    }
}
