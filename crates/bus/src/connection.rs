//! The connection and what everything else stands on.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, object_store};
use async_nats::{Client, ConnectOptions, Event};
use lockstep_contracts::Stream;
use lockstep_ports::{ErrorKind, PortError};
use tokio::sync::watch;

use crate::error;

/// Reconnecting waits this long at first, and twice as long each time.
const RECONNECT_WAIT_MIN: Duration = Duration::from_millis(50);
/// A broker that is back is noticed within this time.
const RECONNECT_WAIT_MAX: Duration = Duration::from_secs(1);
/// A broker that fell silent without closing the connection is noticed after two of these.
const PING_EVERY: Duration = Duration::from_secs(10);
/// How long the broker may take to prove that it is there.
const READY_WAIT: Duration = Duration::from_secs(1);

/// Several replicas share a consumer, and the checkpoint is the highest sequence that one of them
/// committed: below it messages may still be open that another one holds. They were published
/// shortly before, so a consumer that is lost begins an hour earlier; the inbox removes doubles.
const OVERLAP: Duration = Duration::from_secs(60 * 60);

/// How the connection and the consumers behave.
#[derive(Clone, Debug)]
pub struct NatsOptions {
    /// Name of the connection, shown by the broker's own tools.
    pub name: String,
    /// Longest wait for an answer or an acknowledgement of the broker.
    pub request_timeout: Duration,
    /// A delivered message that nobody acknowledged within this time is delivered again.
    pub ack_wait: Duration,
    /// A consumer that is made again begins so long before the message at the checkpoint was
    /// published.
    pub overlap: Duration,
    /// Messages of one consumer that may wait for their acknowledgement at once: a few batches of
    /// each process, since one is pulled while another is decided and a third acknowledged.
    pub ack_pending_max: u32,
}

impl Default for NatsOptions {
    fn default() -> Self {
        Self {
            name: "lockstep".to_owned(),
            request_timeout: Duration::from_secs(5),
            ack_wait: Duration::from_secs(30),
            overlap: OVERLAP,
            ack_pending_max: 10_000,
        }
    }
}

/// One connection to the broker. Clones share it.
#[derive(Clone)]
pub struct NatsBus {
    pub(crate) client: Client,
    pub(crate) jetstream: jetstream::Context,
    pub(crate) options: Arc<NatsOptions>,
    pub(crate) consumers: Arc<Mutex<HashMap<(Stream, String), PullConsumer>>>,
    pub(crate) object_stores: Arc<Mutex<HashMap<String, object_store::ObjectStore>>>,
    /// Grows each time that the connection is lost.
    losses: watch::Receiver<u64>,
}

impl NatsBus {
    /// Connects. Several addresses of one cluster are separated by commas; user and password may
    /// stand in the address. Once connected, a lost connection is sought again for ever.
    ///
    /// # Errors
    /// `Permanent` when the address cannot be read or the credentials are refused, `Transient`
    /// when nobody answers.
    pub async fn connect(url: &str, options: NatsOptions) -> Result<Self, PortError> {
        let servers = error::addresses(url)?;
        let (losses_sender, losses) = watch::channel(0);
        let client = ConnectOptions::new()
            .name(&options.name)
            .request_timeout(Some(options.request_timeout))
            .ping_interval(PING_EVERY)
            .reconnect_delay_callback(reconnect_wait)
            .event_callback(move |event| {
                if matches!(event, Event::Disconnected | Event::Closed) {
                    losses_sender.send_modify(|losses| *losses += 1);
                }
                log(&event);
                std::future::ready(())
            })
            .connect(servers)
            .await
            .map_err(error::connect)?;
        let jetstream = jetstream::context::ContextBuilder::new()
            .timeout(options.request_timeout)
            .build(client.clone());
        Ok(Self {
            client,
            jetstream,
            options: Arc::new(options),
            consumers: Arc::default(),
            object_stores: Arc::default(),
            losses,
        })
    }

    /// The broker's limit of one message with its headers, in bytes.
    pub fn payload_max(&self) -> usize {
        self.client.max_payload()
    }

    /// Changes each time that the connection is lost.
    pub(crate) fn losses(&self) -> watch::Receiver<u64> {
        self.losses.clone()
    }

    /// Runs one exchange with the broker, and gives up the moment the connection is lost: the
    /// client would otherwise keep the request for the time when it is connected again.
    pub(crate) async fn exchange<T>(
        &self,
        doing: &str,
        exchange: impl Future<Output = Result<T, PortError>>,
    ) -> Result<T, PortError> {
        let mut losses = self.losses.clone();
        losses.mark_unchanged();
        if self.client.connection_state() != State::Connected {
            return Err(away(doing));
        }
        tokio::select! {
            biased;
            answer = exchange => answer,
            _ = losses.changed() => Err(away(doing)),
        }
    }

    /// True when the broker answers now and serves JetStream.
    pub(crate) async fn answers(&self) -> bool {
        let question = self.exchange("asking whether the broker is ready", async {
            self.jetstream
                .query_account()
                .await
                .map_err(|cause| PortError::new(ErrorKind::Transient, "no account", cause))
        });
        matches!(tokio::time::timeout(READY_WAIT, question).await, Ok(Ok(_)))
    }
}

fn away(doing: &str) -> PortError {
    PortError::plain(ErrorKind::Transient, format!("{doing}: the broker is away"))
}

fn reconnect_wait(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    RECONNECT_WAIT_MIN.saturating_mul(1 << doublings).min(RECONNECT_WAIT_MAX)
}

fn log(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to the broker"),
        Event::Disconnected => tracing::warn!("the connection to the broker is lost"),
        Event::SlowConsumer(_) | Event::ServerError(_) | Event::ClientError(_) => {
            tracing::warn!(event = %event, "the broker's client reports trouble");
        }
        other => tracing::info!(event = %other, "the broker's client reports"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reconnecting_waits_longer_each_time_up_to_a_second() {
        let waits: Vec<u128> =
            [0, 1, 2, 3, 5, 6, 100, usize::MAX].map(|n| reconnect_wait(n).as_millis()).to_vec();
        assert_eq!(waits, [50, 50, 100, 200, 800, 1000, 1000, 1000]);
    }
}
