//! The bus: publish, pull, acknowledge, go back, measure.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull::FetchBuilder;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use lockstep_ports::{
    Bus, Checkpoint, ConsumerSpec, Delivered, ErrorKind, Outgoing, PortError, PublishAck,
};

use crate::connection::NatsBus;
use crate::error::Consumer;
use crate::{error, headers};

/// One pull takes at most this much into memory, or two messages if those are larger.
const PULL_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Beyond the wait for messages: a pull whose answer is lost has an end of its own.
const ANSWER_MAX: Duration = Duration::from_secs(10);
const ACK: Bytes = Bytes::from_static(b"+ACK");

#[async_trait]
impl Bus for NatsBus {
    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<PublishAck>, PortError> {
        self.publish_batch(batch).await
    }

    async fn pull(
        &self,
        consumer: &ConsumerSpec,
        start_after: u64,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivered>, PortError> {
        let doing = format!("pulling from {} of {}", consumer.durable, consumer.stream);
        let bytes_max = PULL_BYTES_MAX.max(self.payload_max().saturating_mul(2));
        let mut delivered = Vec::new();
        let exchange = self.exchange(&doing, async {
            let opened = self.open_consumer(consumer, start_after).await?;
            // The server answers with what is there, or waits for the first message.
            let mut fetch = opened.fetch().max_messages(max).max_bytes(bytes_max);
            if !wait.is_zero() {
                fetch = fetch.expires(wait);
            }
            collect(consumer, fetch, &mut delivered).await.map_err(|cause| {
                // The consumer may have been removed: it is looked for again next time.
                self.remember(consumer, None);
                PortError::new(ErrorKind::Transient, doing.as_str(), cause)
            })
        });
        let pulled = tokio::time::timeout(wait.saturating_add(ANSWER_MAX), exchange).await;
        let pulled = pulled
            .unwrap_or_else(|late| Err(PortError::new(ErrorKind::Transient, doing.as_str(), late)));
        match pulled {
            // What has arrived is worked on; whatever went wrong comes again with the next pull.
            Err(error) if delivered.is_empty() => Err(error),
            _ => Ok(delivered),
        }
    }

    async fn ack(&self, messages: &[Delivered]) -> Result<(), PortError> {
        let doing = format!("acknowledging {} messages", messages.len());
        let with_address = messages.iter().filter(|message| !message.ack_subject.is_empty());
        self.exchange(&doing, async {
            for message in with_address {
                self.client
                    .publish(message.ack_subject.clone(), ACK)
                    .await
                    .map_err(|cause| error::publish(&doing, cause))?;
            }
            let flushed = self.client.flush().await;
            flushed.map_err(|cause| PortError::new(ErrorKind::Transient, doing.as_str(), cause))
        })
        .await
    }

    async fn rewind(
        &self,
        consumer: &ConsumerSpec,
        checkpoint: &dyn Checkpoint,
    ) -> Result<(), PortError> {
        let doing = format!("rewinding {} of {}", consumer.durable, consumer.stream);
        self.exchange(&doing, self.agree(&doing, consumer, checkpoint)).await
    }

    async fn lag(&self, consumer: &ConsumerSpec) -> Result<u64, PortError> {
        let doing = format!("measuring the lag of {} of {}", consumer.durable, consumer.stream);
        self.exchange(&doing, async {
            let info = self.consumer_info(&doing, consumer).await?;
            let info = info.ok_or_else(|| Consumer::Missing.into_error(&doing))?;
            Ok(info.num_pending + info.num_ack_pending as u64)
        })
        .await
    }

    async fn is_ready(&self) -> bool {
        self.answers().await
    }
}

async fn collect(
    spec: &ConsumerSpec,
    fetch: FetchBuilder<'_>,
    delivered: &mut Vec<Delivered>,
) -> Result<(), async_nats::Error> {
    let mut messages = fetch.messages().await?;
    while let Some(message) = messages.next().await {
        delivered.push(deliver(spec, message?)?);
    }
    Ok(())
}

fn deliver(
    spec: &ConsumerSpec,
    message: jetstream::Message,
) -> Result<Delivered, async_nats::Error> {
    let info = message.info()?;
    let (sequence, attempt) = (info.stream_sequence, info.delivered);
    let message = message.message;
    Ok(Delivered {
        stream: spec.stream,
        sequence,
        subject: message.subject.into_string(),
        headers: headers::decode(message.headers.as_ref()),
        body: message.payload,
        attempt: u64::try_from(attempt).unwrap_or(1),
        ack_subject: message.reply.map(async_nats::Subject::into_string).unwrap_or_default(),
    })
}
