//! Publishing: a group of messages is one atomic batch, acknowledged once.

use async_nats::header::HeaderMap;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::publish::PublishAck as BrokerAck;
use async_nats::jetstream::response::Response;
use async_nats::{Message, RequestErrorKind, Subject};
use bytes::Bytes;
use lockstep_contracts::Stream;
use lockstep_ports::{ErrorKind, Outgoing, PortError, PublishAck};

use crate::connection::NatsBus;
use crate::error::FIX_TOPOLOGY;
use crate::{error, headers};

/// The server takes no larger atomic batch. A caller with more splits them: a split batch is no
/// longer atomic, and only the caller knows where it may be cut.
pub const BATCH_MESSAGES_MAX: usize = 1_000;

const BATCH_ID: &str = "Nats-Batch-Id";
const BATCH_SEQUENCE: &str = "Nats-Batch-Sequence";
const BATCH_COMMIT: &str = "Nats-Batch-Commit";
const EXPECTED_STREAM: &str = "Nats-Expected-Stream";

/// One message, ready for the wire.
struct Ready {
    subject: Subject,
    headers: HeaderMap,
    body: Bytes,
}

/// Why a batch was not taken.
enum Refusal {
    /// The server missed a message of the batch, or refused one, and does not say which.
    Incomplete(PortError),
    /// Anything else.
    Other(PortError),
}

impl NatsBus {
    pub(crate) async fn publish_batch(
        &self,
        batch: Vec<Outgoing>,
    ) -> Result<Vec<PublishAck>, PortError> {
        let Some(stream) = batch.first().map(|message| message.stream) else {
            return Ok(Vec::new());
        };
        let doing = format!("publishing {} messages to {stream}", batch.len());
        let ready = self.prepare(stream, &batch)?;
        self.exchange(&doing, async {
            match self.send(stream, &doing, ready).await {
                Err(Refusal::Incomplete(error)) => {
                    let again = self.prepare(stream, &batch)?;
                    self.send_singly(stream, &doing, again, error).await
                }
                Err(Refusal::Other(error)) => Err(error),
                Ok(acks) => Ok(acks),
            }
        })
        .await
    }

    /// Checks what the server would refuse, before anything is sent: a batch that breaks off
    /// would lie on the server until it forgets it.
    fn prepare(&self, stream: Stream, batch: &[Outgoing]) -> Result<Vec<Ready>, PortError> {
        let refused = |what: String| PortError::plain(ErrorKind::Permanent, what);
        if batch.len() > BATCH_MESSAGES_MAX {
            let count = batch.len();
            return Err(refused(format!(
                "{count} messages do not fit one batch of at most {BATCH_MESSAGES_MAX}"
            )));
        }
        let batch_id = (batch.len() > 1).then(|| self.new_batch_id());
        let count = batch.len();
        let payload_max = self.payload_max();
        let mut ready = Vec::with_capacity(count);
        for (index, message) in batch.iter().enumerate() {
            if message.stream != stream {
                let other = message.stream;
                return Err(refused(format!("one batch for two streams: {stream} and {other}")));
            }
            let mut map = headers::encode(&message.headers)?;
            map.insert(EXPECTED_STREAM, stream.name());
            if let Some(batch_id) = &batch_id {
                map.insert(BATCH_ID, batch_id.as_str());
                map.insert(BATCH_SEQUENCE, (index + 1).to_string().as_str());
                if index + 1 == count {
                    map.insert(BATCH_COMMIT, "1");
                }
            }
            let bytes = headers::wire_bytes(&map) + message.body.len();
            if bytes > payload_max {
                let subject = &message.subject;
                return Err(refused(format!(
                    "a message of {bytes} bytes for {subject} is above the broker's limit of \
                     {payload_max}"
                )));
            }
            let subject = Subject::from(message.subject.as_str());
            if !subject.is_valid() {
                return Err(refused(format!("{subject:?} is no subject")));
            }
            ready.push(Ready { subject, headers: map, body: message.body.clone() });
        }
        Ok(ready)
    }

    /// The client's own random ids; a batch id is at most 64 characters.
    fn new_batch_id(&self) -> String {
        let inbox = self.client.new_inbox();
        inbox.rsplit('.').next().unwrap_or(&inbox).to_owned()
    }

    /// All but the last without a reply subject, so that the server answers once, for the whole.
    async fn send(
        &self,
        stream: Stream,
        doing: &str,
        mut ready: Vec<Ready>,
    ) -> Result<Vec<PublishAck>, Refusal> {
        let Some(last) = ready.pop() else { return Ok(Vec::new()) };
        let count = ready.len() as u64 + 1;
        for message in ready {
            self.client
                .publish_with_headers(message.subject, message.headers, message.body)
                .await
                .map_err(|cause| Refusal::Other(error::publish(doing, cause)))?;
        }
        let request = async_nats::Request::new().headers(last.headers).payload(last.body);
        let answer = self
            .client
            .send_request(last.subject, request)
            .await
            .map_err(|cause| Refusal::Other(error::request(doing, cause)))?;
        acks(stream, doing, count, read(doing, &answer)?).map_err(Refusal::Other)
    }

    /// Sends the batch again with an answer to each message, to hear which one the server refuses:
    /// otherwise a batch with one poisoned message would be tried for ever.
    async fn send_singly(
        &self,
        stream: Stream,
        doing: &str,
        ready: Vec<Ready>,
        otherwise: PortError,
    ) -> Result<Vec<PublishAck>, PortError> {
        let count = ready.len() as u64;
        for message in ready {
            let request = async_nats::Request::new().headers(message.headers).payload(message.body);
            let doing = format!("{doing}, at {}", message.subject);
            let answer = match self.client.send_request(message.subject, request).await {
                Ok(answer) => answer,
                Err(cause) if cause.kind() == RequestErrorKind::NoResponders => {
                    let what = format!("{doing}: no stream takes this subject; {FIX_TOPOLOGY}");
                    return Err(PortError::new(ErrorKind::Transient, what, cause));
                }
                Err(cause) => return Err(error::request(&doing, cause)),
            };
            // All but the last are answered with nothing when they are taken.
            if answer.payload.is_empty() {
                continue;
            }
            return match read(&doing, &answer) {
                Ok(ack) => acks(stream, &doing, count, ack),
                Err(Refusal::Other(error) | Refusal::Incomplete(error)) => Err(error),
            };
        }
        Err(otherwise)
    }
}

/// The sequences of a batch: it stands in its stream without a gap, and the last is answered.
fn acks(
    stream: Stream,
    doing: &str,
    count: u64,
    ack: BrokerAck,
) -> Result<Vec<PublishAck>, PortError> {
    if ack.stream != stream.name() {
        let what = format!("{doing}: the broker put them into {}", ack.stream);
        return Err(PortError::plain(ErrorKind::Permanent, what));
    }
    let first = (ack.sequence + 1).saturating_sub(count);
    Ok((first..=ack.sequence).map(|sequence| PublishAck { sequence }).collect())
}

fn read(doing: &str, answer: &Message) -> Result<BrokerAck, Refusal> {
    match serde_json::from_slice::<Response<BrokerAck>>(&answer.payload) {
        Ok(Response::Ok(ack)) => Ok(ack),
        Ok(Response::Err { error: answer }) => {
            let code = answer.error_code();
            let error = error::published(doing, answer);
            Err(if code == ErrorCode::ATOMIC_PUBLISH_INCOMPLETE_BATCH {
                Refusal::Incomplete(error)
            } else {
                Refusal::Other(error)
            })
        }
        Err(cause) => {
            let what = format!("{doing}: the broker's answer cannot be read");
            Err(Refusal::Other(PortError::new(ErrorKind::Transient, what, cause)))
        }
    }
}
