//! Group publishing: what arrived while the last group awaited its acknowledgement goes as the
//! next atomic batch. There is no timer: alone, a message goes at once; under load the groups
//! grow by themselves, and one write to disk serves them all.

use std::sync::Arc;
use std::time::Duration;

use lockstep_ports::{Bus, ErrorKind, Outgoing, PortError};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

/// Half of what the broker takes at most: larger groups gain nothing and keep everybody waiting.
pub const GROUP_MESSAGES_MAX: usize = 500;
/// A group is closed when it has reached this size, so one message may go beyond it.
pub const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why a message was not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPublished {
    /// The broker is away or did not answer in time; it may have taken the message.
    #[error("the broker is away")]
    Away,
    /// The broker will never take it.
    #[error("the broker refuses the message")]
    Refused,
}

/// Hands messages to the publisher. Clones share it.
#[derive(Clone)]
pub struct Group {
    waiting: mpsc::Sender<Waiting>,
    deadline: Duration,
}

struct Waiting {
    message: Outgoing,
    answer: oneshot::Sender<Result<(), NotPublished>>,
}

/// The publisher itself. It ends when every [`Group`] is dropped and all are answered.
pub struct Publisher {
    waiting: mpsc::Receiver<Waiting>,
    bus: Arc<dyn Bus>,
    deadline: Duration,
}

impl Group {
    /// A group for at most `waiting_max` messages that wait, and its publisher, which must run.
    /// `deadline` is for one message from its arrival to its acknowledgement.
    pub fn new(bus: Arc<dyn Bus>, waiting_max: usize, deadline: Duration) -> (Self, Publisher) {
        let (sender, waiting) = mpsc::channel(waiting_max);
        (Self { waiting: sender, deadline }, Publisher { waiting, bus, deadline })
    }

    /// Returns once the broker has acknowledged the message's own group.
    ///
    /// # Errors
    /// When it has not.
    pub async fn publish(&self, message: Outgoing) -> Result<(), NotPublished> {
        let (answer, answered) = oneshot::channel();
        let published = async {
            let sent = self.waiting.send(Waiting { message, answer }).await;
            sent.map_err(|_| NotPublished::Away)?;
            answered.await.unwrap_or(Err(NotPublished::Away))
        };
        tokio::time::timeout(self.deadline, published).await.unwrap_or(Err(NotPublished::Away))
    }
}

impl Publisher {
    /// Publishes until every [`Group`] is dropped.
    pub async fn run(mut self) {
        while let Some(first) = self.waiting.recv().await {
            // Nobody waits for it any more: its request was answered 503, and comes again.
            if first.answer.is_closed() {
                continue;
            }
            let group = self.gather(first);
            self.publish(group).await;
        }
    }

    fn gather(&mut self, first: Waiting) -> Vec<Waiting> {
        let mut bytes = first.message.body.len();
        let mut group = vec![first];
        while group.len() < GROUP_MESSAGES_MAX && bytes < GROUP_BYTES_MAX {
            let Ok(next) = self.waiting.try_recv() else { break };
            if next.answer.is_closed() {
                continue;
            }
            bytes += next.message.body.len();
            group.push(next);
        }
        group
    }

    async fn publish(&self, group: Vec<Waiting>) {
        let messages = group.iter().map(|waiting| waiting.message.clone()).collect();
        match self.send(messages).await {
            Ok(()) => answer(group, Ok(())),
            Err(cause) if cause.kind == ErrorKind::Permanent && group.len() > 1 => {
                // One of them is to blame; the others must not suffer for it.
                for waiting in group {
                    let sent = self.send(vec![waiting.message.clone()]).await;
                    answer(vec![waiting], sent.map_err(|cause| judge(&cause)));
                }
            }
            Err(cause) => answer(group, Err(judge(&cause))),
        }
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        match tokio::time::timeout(self.deadline, self.bus.publish(messages)).await {
            Ok(published) => published.map(|_| ()),
            Err(late) => Err(PortError::new(ErrorKind::Transient, "publishing a group", late)),
        }
    }
}

fn judge(cause: &PortError) -> NotPublished {
    if cause.kind == ErrorKind::Permanent {
        error!(code = "LS0302", error = cause.chain(), "the broker refuses a webhook");
        NotPublished::Refused
    } else {
        warn!(error = cause.chain(), "webhooks cannot be published; Shopify sends them again");
        NotPublished::Away
    }
}

fn answer(group: Vec<Waiting>, result: Result<(), NotPublished>) {
    for waiting in group {
        // Whoever waited may have given up.
        let _ = waiting.answer.send(result);
    }
}
