//! Key-value buckets. A bucket is a stream with a subject per key, so compare-and-set is the
//! expected last sequence of that subject, and a deletion is a message that says so.

use std::collections::VecDeque;

use async_nats::header::HeaderMap;
use async_nats::jetstream::consumer::push::{Ordered, OrderedConfig};
use async_nats::jetstream::consumer::{DeliverPolicy, ReplayPolicy};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{DirectGetErrorKind, Stream};
use async_nats::{Request, StatusCode};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use lockstep_ports::{ErrorKind, Kv, KvEntry, KvEvent, PortError};

use crate::connection::NatsBus;
use crate::error;
use crate::watch::Watch;

const OPERATION: &str = "KV-Operation";
const OPERATION_DELETE: &str = "DEL";
/// Set by the server when it removes a value itself.
const MARKER_REASON: &str = "Nats-Marker-Reason";
const EXPECTED_REVISION: &str = "Nats-Expected-Last-Subject-Sequence";

#[async_trait]
impl Kv for NatsBus {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<KvEntry>, PortError> {
        let doing = format!("reading {key} of the bucket {bucket}");
        check_key(&doing, key)?;
        self.exchange(&doing, async {
            let last = self.last(&doing, bucket, key).await?;
            Ok(last.filter(|last| !is_deletion(&last.headers)).map(|last| KvEntry {
                key: key.to_owned(),
                value: last.payload,
                revision: last.sequence,
            }))
        })
        .await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Bytes,
        expected: u64,
    ) -> Result<u64, PortError> {
        let doing = format!("writing {key} of the bucket {bucket}");
        check_key(&doing, key)?;
        self.exchange(&doing, async {
            let over = async |revision: u64, value: Bytes| {
                let revision = [(EXPECTED_REVISION, revision.to_string())];
                self.write(&doing, subject_of(bucket, key), &revision, value).await
            };
            let written = over(expected, value.clone()).await;
            let Err(conflict) = written else { return written };
            if conflict.kind != ErrorKind::Conflict || expected != 0 {
                return Err(conflict);
            }
            // A key that was deleted does not exist, but its deletion has a revision.
            match self.last(&doing, bucket, key).await? {
                Some(last) if is_deletion(&last.headers) => over(last.sequence, value).await,
                _ => Err(conflict),
            }
        })
        .await
    }

    async fn delete(
        &self,
        bucket: &str,
        key: &str,
        expected: Option<u64>,
    ) -> Result<(), PortError> {
        let doing = format!("deleting {key} of the bucket {bucket}");
        check_key(&doing, key)?;
        self.exchange(&doing, async {
            let last = self.last(&doing, bucket, key).await?;
            let present = last.filter(|last| !is_deletion(&last.headers));
            let revision = present.map_or(0, |present| present.sequence);
            if let Some(expected) = expected.filter(|expected| *expected != revision) {
                let what = format!("{doing}: revision {revision} is not {expected}");
                return Err(PortError::plain(ErrorKind::Conflict, what));
            }
            if revision == 0 {
                return Ok(());
            }
            let mut headers = vec![(OPERATION, OPERATION_DELETE.to_owned())];
            headers.extend(expected.map(|expected| (EXPECTED_REVISION, expected.to_string())));
            let subject = subject_of(bucket, key);
            self.write(&doing, subject, &headers, Bytes::new()).await.map(|_| ())
        })
        .await
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<KvEntry>, PortError> {
        let doing = format!("listing {prefix}* of the bucket {bucket}");
        self.exchange(&doing, async {
            let filter = filter_of(bucket, prefix);
            let mut entries = Vec::new();
            self.read(&doing, (bucket, &filter), DeliverPolicy::LastPerSubject, |entry| {
                if entry.key.starts_with(prefix) {
                    entries.push(entry);
                }
            })
            .await?;
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            Ok(entries)
        })
        .await
    }

    async fn history(&self, bucket: &str, key: &str) -> Result<Vec<KvEntry>, PortError> {
        let doing = format!("reading the history of {key} of the bucket {bucket}");
        check_key(&doing, key)?;
        self.exchange(&doing, async {
            let filter = subject_of(bucket, key);
            let mut entries = Vec::new();
            let take = |entry| entries.push(entry);
            self.read(&doing, (bucket, &filter), DeliverPolicy::All, take).await?;
            Ok(entries)
        })
        .await
    }

    async fn history_of(
        &self,
        bucket: &str,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<KvEntry>, PortError> {
        let doing = format!("reading the history of {prefix}* of the bucket {bucket}");
        self.exchange(&doing, async {
            let filter = filter_of(bucket, prefix);
            // They come in order of revision: what stands in front is the oldest and goes first.
            let mut newest = VecDeque::new();
            self.read(&doing, (bucket, &filter), DeliverPolicy::All, |entry| {
                if entry.key.starts_with(prefix) {
                    newest.push_back(entry);
                }
                if newest.len() > limit {
                    newest.pop_front();
                }
            })
            .await?;
            Ok(newest.into_iter().rev().collect())
        })
        .await
    }

    async fn watch(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<BoxStream<'static, KvEvent>, PortError> {
        let mut watch = Watch::new(self, bucket, prefix);
        watch.begin().await?;
        Ok(stream::unfold(watch, |mut watch| async move {
            watch.next().await.map(|event| (event, watch))
        })
        .boxed())
    }
}

impl NatsBus {
    async fn bucket(&self, doing: &str, bucket: &str) -> Result<Stream<()>, PortError> {
        let stream = self.jetstream.get_stream_no_info(format!("KV_{bucket}")).await;
        stream.map_err(|cause| error::get_stream(doing, cause))
    }

    async fn last(
        &self,
        doing: &str,
        bucket: &str,
        key: &str,
    ) -> Result<Option<StreamMessage>, PortError> {
        let stream = self.bucket(doing, bucket).await?;
        match stream.direct_get_last_for_subject(subject_of(bucket, key)).await {
            Ok(message) => Ok(Some(message)),
            Err(cause) => match cause.kind() {
                DirectGetErrorKind::NotFound => Ok(None),
                DirectGetErrorKind::InvalidSubject => {
                    Err(PortError::new(ErrorKind::Permanent, doing, cause))
                }
                DirectGetErrorKind::ErrorResponse(StatusCode::NO_RESPONDERS, _) => {
                    // Nobody serves the bucket: it may be missing, or not yet led by anyone.
                    let info = self.jetstream.get_stream(format!("KV_{bucket}")).await;
                    info.map_err(|cause| error::get_stream(doing, cause))?;
                    Err(PortError::new(ErrorKind::Transient, doing, cause))
                }
                _ => Err(PortError::new(ErrorKind::Transient, doing, cause)),
            },
        }
    }

    /// Writes a message to the subject of a key; headers say over what, and that it deletes.
    async fn write(
        &self,
        doing: &str,
        subject: String,
        words: &[(&'static str, String)],
        value: Bytes,
    ) -> Result<u64, PortError> {
        let mut headers = HeaderMap::new();
        for (name, word) in words {
            headers.insert(*name, word.as_str());
        }
        let request = Request::new().headers(headers).payload(value);
        let answer = self
            .client
            .send_request(subject, request)
            .await
            .map_err(|cause| error::request(doing, cause))?;
        match serde_json::from_slice::<Response<PublishAck>>(&answer.payload) {
            Ok(Response::Ok(ack)) => Ok(ack.sequence),
            Ok(Response::Err { error: answer }) => Err(error::jetstream(doing, answer)),
            Err(cause) => Err(PortError::new(ErrorKind::Transient, doing, cause)),
        }
    }

    pub(crate) async fn ordered(
        &self,
        doing: &str,
        bucket: &str,
        filter: &str,
        deliver_policy: DeliverPolicy,
    ) -> Result<(Ordered, u64), PortError> {
        let failed = |cause: async_nats::Error| PortError::new(ErrorKind::Transient, doing, cause);
        let consumer = self
            .bucket(doing, bucket)
            .await?
            .create_consumer(OrderedConfig {
                deliver_subject: self.client.new_inbox(),
                filter_subject: filter.to_owned(),
                deliver_policy,
                replay_policy: ReplayPolicy::Instant,
                ..OrderedConfig::default()
            })
            .await
            .map_err(|cause| error::consumer(doing, cause).into_error(doing))?;
        let pending = consumer.cached_info().num_pending;
        let ordered = consumer.messages().await.map_err(|cause| failed(cause.into()))?;
        Ok((ordered, pending))
    }

    /// Shows the values that stand there now, in order of revision, without deletions.
    async fn read(
        &self,
        doing: &str,
        (bucket, filter): (&str, &str),
        deliver_policy: DeliverPolicy,
        mut take: impl FnMut(KvEntry) + Send,
    ) -> Result<(), PortError> {
        let wait = self.options.request_timeout;
        let (mut ordered, mut pending) =
            self.ordered(doing, bucket, filter, deliver_policy).await?;
        while pending > 0 {
            let silent =
                |cause: async_nats::Error| PortError::new(ErrorKind::Transient, doing, cause);
            let message = match tokio::time::timeout(wait, ordered.next()).await {
                Ok(Some(message)) => message.map_err(|cause| silent(cause.into()))?,
                Ok(None) => break,
                Err(cause) => return Err(silent(cause.into())),
            };
            let info = message.info().map_err(silent)?;
            pending = info.pending;
            if let KvEvent::Put(entry) = event(bucket, &message, info.stream_sequence) {
                take(entry);
            }
        }
        Ok(())
    }
}

pub(crate) fn event(
    bucket: &str,
    message: &async_nats::jetstream::Message,
    revision: u64,
) -> KvEvent {
    let prefix = subject_of(bucket, "");
    let subject = message.subject.as_str();
    let key = subject.strip_prefix(&prefix).unwrap_or(subject).to_owned();
    if message.headers.as_ref().is_some_and(is_deletion) {
        return KvEvent::Deleted { key, revision };
    }
    KvEvent::Put(KvEntry { key, value: message.payload.clone(), revision })
}

fn is_deletion(headers: &HeaderMap) -> bool {
    let is_put = headers.get(OPERATION).is_none_or(|operation| operation.as_str() == "PUT");
    !is_put || headers.get(MARKER_REASON).is_some()
}

fn subject_of(bucket: &str, key: &str) -> String {
    format!("$KV.{bucket}.{key}")
}

/// Whole tokens are filtered by the server, the rest of the prefix here.
pub(crate) fn filter_of(bucket: &str, prefix: &str) -> String {
    let whole = prefix.rsplit_once('.').map_or(String::new(), |(whole, _)| format!("{whole}."));
    subject_of(bucket, &format!("{whole}>"))
}

fn check_key(doing: &str, key: &str) -> Result<(), PortError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-/_=.".contains(&byte);
    let has_empty_token = key.split('.').any(str::is_empty);
    if has_empty_token || !key.bytes().all(is_plain) {
        let what = format!("{doing}: a key holds letters, digits and -/_=. only");
        return Err(PortError::plain(ErrorKind::Permanent, what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_filters_whole_tokens() {
        assert_eq!(filter_of("settings", ""), "$KV.settings.>");
        assert_eq!(filter_of("settings", "store."), "$KV.settings.store.>");
        assert_eq!(filter_of("settings", "store.nor"), "$KV.settings.store.>");
        assert_eq!(filter_of("settings", "sto"), "$KV.settings.>");
    }

    #[test]
    fn keys_that_would_be_wildcards_are_refused() {
        for key in ["", ".a", "a.", "a..b", "a.*", "a.>", "a b", "ü"] {
            assert!(check_key("writing", key).is_err(), "{key:?}");
        }
        assert!(check_key("writing", "store.north-1").is_ok());
    }
}
