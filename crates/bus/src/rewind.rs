//! A consumer and the database's checkpoint of it: brought together when one of them was lost.

use async_nats::jetstream::consumer::{DeliverPolicy, Info};
use async_nats::jetstream::stream::RawMessageErrorKind;
use lockstep_ports::{Checkpoint, ConsumerSpec, ErrorKind, PortError};

use crate::connection::NatsBus;
use crate::error::{self, Consumer};

/// Two processes may make one consumer again at the same moment.
const TRIES_MAX: u32 = 3;

/// Where a consumer begins that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Some time before the message of this sequence was published, for what may be open below it.
    Around(u64),
    /// Right behind this sequence.
    After(u64),
}

/// How a consumer stands to a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing that the database does not hold was acknowledged.
    Level,
    /// It may be so: the consumer is made again from this place.
    Beyond(Start),
}

impl NatsBus {
    pub(crate) async fn agree(
        &self,
        doing: &str,
        spec: &ConsumerSpec,
        checkpoint: &dyn Checkpoint,
    ) -> Result<(), PortError> {
        // Before the look at the stream: what was committed by now, the stream once held.
        let committed = checkpoint.read().await?;
        let end = self.end_of(doing, spec).await?;
        if committed > end {
            return self.count_anew(doing, spec, (committed, end), checkpoint).await;
        }
        for _ in 0..TRIES_MAX {
            let Some(info) = self.consumer_info(doing, spec).await? else { return Ok(()) };
            // After the look at the consumer: what it saw acknowledged, others had committed.
            let committed = checkpoint.read().await?;
            let Standing::Beyond(start) = standing(&info, committed) else { return Ok(()) };
            tracing::warn!(
                consumer = spec.durable,
                acknowledged = info.ack_floor.stream_sequence,
                committed,
                "the consumer is ahead of the database and is made again"
            );
            self.remove(doing, spec).await?;
            match self.make(doing, spec, start).await {
                Ok(made) => {
                    self.remember(spec, Some(made));
                    return Ok(());
                }
                Err(Consumer::Failed(error)) => return Err(error),
                // Another process made it from its own place meanwhile.
                Err(_) => {}
            }
        }
        Err(Consumer::Exists.into_error(doing))
    }

    /// The broker lost its data, or has an older copy of it. A consumer of that copy goes on where
    /// it stands; without one, everything that is there is news.
    async fn count_anew(
        &self,
        doing: &str,
        spec: &ConsumerSpec,
        (committed, end): (u64, u64),
        checkpoint: &dyn Checkpoint,
    ) -> Result<(), PortError> {
        tracing::error!(
            code = "LS0701",
            consumer = spec.durable,
            stream = spec.stream.name(),
            committed,
            end,
            "the stream ends before what was processed: the broker has lost messages"
        );
        let info = self.consumer_info(doing, spec).await?;
        let kept = info.filter(|info| info.delivered.stream_sequence <= end);
        if kept.is_none() {
            self.remove(doing, spec).await?;
        }
        checkpoint.lower(kept.map_or(0, |info| info.ack_floor.stream_sequence)).await
    }

    /// The sequence of the last message of the stream.
    async fn end_of(&self, doing: &str, spec: &ConsumerSpec) -> Result<u64, PortError> {
        let stream = self.jetstream.get_stream(spec.stream.name()).await;
        let stream = stream.map_err(|cause| error::get_stream(doing, cause))?;
        Ok(stream.cached_info().state.last_sequence)
    }

    /// Where the broker is to begin.
    pub(crate) async fn policy(
        &self,
        doing: &str,
        spec: &ConsumerSpec,
        start: Start,
    ) -> Result<DeliverPolicy, PortError> {
        let sequence = match start {
            Start::Around(0) | Start::After(0) => return Ok(DeliverPolicy::All),
            Start::After(sequence) => {
                return Ok(DeliverPolicy::ByStartSequence { start_sequence: sequence + 1 });
            }
            Start::Around(sequence) => sequence,
        };
        let stream = self.jetstream.get_stream(spec.stream.name()).await;
        let stream = stream.map_err(|cause| error::get_stream(doing, cause))?;
        let end = stream.cached_info().state.last_sequence;
        if sequence > end {
            let what = format!("{doing}: the stream ends at {end}, before {sequence}");
            return Err(PortError::plain(ErrorKind::Transient, what));
        }
        match stream.get_raw_message(sequence).await {
            Ok(message) => {
                let start_time = message.time - self.options.overlap;
                Ok(DeliverPolicy::ByStartTime { start_time })
            }
            // It outlived its time in the stream, and so did all before it.
            Err(cause) if matches!(cause.kind(), RawMessageErrorKind::NoMessageFound) => {
                Ok(DeliverPolicy::All)
            }
            Err(cause) => Err(PortError::new(ErrorKind::Transient, doing, cause)),
        }
    }
}

fn standing(info: &Info, committed: u64) -> Standing {
    let floor = info.ack_floor.stream_sequence;
    if info.delivered.stream_sequence <= committed {
        return Standing::Level;
    }
    // When all that was delivered above the floor still waits, nothing beyond the checkpoint was
    // acknowledged: the usual picture after a crash, and no reason to disturb the consumer.
    let above_floor = info.delivered.consumer_sequence - info.ack_floor.consumer_sequence;
    if floor <= committed && info.num_ack_pending as u64 == above_floor {
        return Standing::Level;
    }
    if floor <= committed {
        // Others may just have acknowledged what lies below the checkpoint. Whether it is that or
        // something beyond cannot be seen, so what is above the floor comes again, and no more.
        return Standing::Beyond(Start::After(floor));
    }
    Standing::Beyond(Start::Around(committed))
}
