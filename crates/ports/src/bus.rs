//! The broker: streams, durable consumers, questions and the object store.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use lockstep_contracts::Stream;

use crate::error::PortError;

/// A message to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The stream that must hold it.
    pub stream: Stream,
    /// Its subject, from the generated builder.
    pub subject: String,
    /// CloudEvents and trace headers.
    pub headers: Vec<(String, String)>,
    /// The encoded message.
    pub body: Bytes,
}

/// Where a published message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishAck {
    /// Its sequence in its stream.
    pub sequence: u64,
}

/// A durable consumer, as data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerSpec {
    /// The stream that is read.
    pub stream: Stream,
    /// Durable name, unique in the stream: service and purpose.
    pub durable: String,
    /// Subjects that are wanted.
    pub filters: Vec<String>,
}

/// A message as it was delivered. It stays unacknowledged until [`Bus::ack`].
#[derive(Clone, Debug)]
pub struct Delivered {
    /// The stream that holds it.
    pub stream: Stream,
    /// Its sequence there.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// All headers.
    pub headers: Vec<(String, String)>,
    /// The encoded message.
    pub body: Bytes,
    /// 1 for the first delivery.
    pub attempt: u64,
    /// The broker's address for the acknowledgement; empty when there is none.
    pub ack_subject: String,
}

/// How far a database has come with one consumer. It is read as often as the broker's side is
/// looked at, since other replicas go on meanwhile.
#[async_trait]
pub trait Checkpoint: Send + Sync {
    /// The last sequence that was committed; 0 before the first.
    async fn read(&self) -> Result<u64, PortError>;

    /// Sets it down to `sequence`, since the stream counts anew.
    async fn lower(&self, sequence: u64) -> Result<(), PortError>;
}

/// The broker. Everything published is durable when the call returns.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Publishes messages of one stream as one atomic batch: all of them or none. An empty batch
    /// is nothing. Errors: `Transient` when the broker is away (the batch may then still have
    /// been taken: consumers remove doubles by `ce-id`), `Permanent` when it is refused for its
    /// content.
    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<PublishAck>, PortError>;

    /// Up to `max` messages of the consumer, waiting at most `wait` for the first. Creates the
    /// consumer when it does not exist; `start_after` is used only then. It begins some time before
    /// that message was published, since what is older may have been open when the consumer was
    /// lost; from the beginning when the message is gone or `start_after` is 0. Errors: `Transient`
    /// when the stream ends before `start_after`, which is for [`Bus::rewind`] to mend.
    async fn pull(
        &self,
        consumer: &ConsumerSpec,
        start_after: u64,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivered>, PortError>;

    /// Acknowledges messages; a lost acknowledgement means a redelivery, which the inbox removes.
    async fn ack(&self, messages: &[Delivered]) -> Result<(), PortError>;

    /// Makes a consumer and its checkpoint agree, before the first pull and after a failure. A
    /// consumer that stands beyond the checkpoint (a database restored from a backup) is made again
    /// from there, as by a pull. Where the stream ends before the checkpoint (a broker that lost
    /// its data or was restored from an older copy) the checkpoint is set down to where the
    /// consumer stands, and one that is gone, or beyond the end too, begins from the beginning.
    /// What agrees is not touched.
    async fn rewind(
        &self,
        consumer: &ConsumerSpec,
        checkpoint: &dyn Checkpoint,
    ) -> Result<(), PortError>;

    /// Messages of the consumer that nobody has acknowledged, for the lag metric.
    async fn lag(&self, consumer: &ConsumerSpec) -> Result<u64, PortError>;

    /// True when the broker answers now.
    async fn is_ready(&self) -> bool;
}

/// A question to another service.
#[async_trait]
pub trait Ask: Send + Sync + 'static {
    /// Sends `body` and awaits the answer until `deadline`. A service that is away gives
    /// `Transient`.
    async fn ask(
        &self,
        subject: &str,
        headers: Vec<(String, String)>,
        body: Bytes,
        deadline: Duration,
    ) -> Result<Bytes, PortError>;

    /// The questions on a subject; several replicas share them.
    async fn questions(
        &self,
        subject: &str,
        group: &str,
    ) -> Result<BoxStream<'static, Question>, PortError>;
}

/// A question that somebody asked.
pub struct Question {
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// The encoded request.
    pub body: Bytes,
    /// Takes the answer.
    pub answerer: Box<dyn Answerer>,
}

/// Takes the answer to one question.
#[async_trait]
pub trait Answerer: Send {
    /// Sends the encoded reply.
    async fn answer(self: Box<Self>, body: Bytes) -> Result<(), PortError>;
}

/// Bodies too large for a message.
#[async_trait]
pub trait ObjectStore: Send + Sync + 'static {
    /// Stores a body under a name; the same name again replaces it.
    async fn put(&self, bucket: &str, name: &str, body: Bytes) -> Result<(), PortError>;

    /// The body; `None` when there is none (or no longer).
    async fn get(&self, bucket: &str, name: &str) -> Result<Option<Bytes>, PortError>;
}
