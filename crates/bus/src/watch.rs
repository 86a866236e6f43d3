//! Watching a bucket, over every loss of the connection and of the broker's data.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use async_nats::datetime::DateTime;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::push::Ordered;
use futures_util::StreamExt;
use lockstep_ports::{KvEvent, PortError};
use tokio::sync::watch;

use crate::connection::NatsBus;
use crate::error;
use crate::kv::{event, filter_of};

/// A watch that broke is begun again after this time.
const WATCH_WAIT: Duration = Duration::from_millis(500);

/// A watch that begins again where it was when it breaks.
pub(crate) struct Watch {
    bus: NatsBus,
    doing: String,
    bucket: String,
    prefix: String,
    ordered: Option<Ordered>,
    losses: watch::Receiver<u64>,
    /// When the bucket was made that is watched.
    created: Option<DateTime>,
    revision: u64,
    is_caught_up: bool,
    /// Keys that were told to have a value.
    known: BTreeSet<String>,
    /// While a bucket that counts anew is listed: known keys that were not seen in it yet.
    unseen: Option<BTreeSet<String>>,
    ready: VecDeque<KvEvent>,
}

impl Watch {
    pub(crate) fn new(bus: &NatsBus, bucket: &str, prefix: &str) -> Self {
        Self {
            bus: bus.clone(),
            doing: format!("watching {prefix}* of the bucket {bucket}"),
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            ordered: None,
            losses: bus.losses(),
            created: None,
            revision: 0,
            is_caught_up: false,
            known: BTreeSet::new(),
            unseen: None,
            ready: VecDeque::new(),
        }
    }

    pub(crate) async fn begin(&mut self) -> Result<(), PortError> {
        self.losses.mark_unchanged();
        self.look_for_loss().await?;
        let policy = match self.revision {
            0 => DeliverPolicy::LastPerSubject,
            seen => DeliverPolicy::ByStartSequence { start_sequence: seen + 1 },
        };
        let filter = filter_of(&self.bucket, &self.prefix);
        let ordered = self.bus.ordered(&self.doing, &self.bucket, &filter, policy);
        let (ordered, pending) = self.bus.exchange(&self.doing, ordered).await?;
        self.ordered = Some(ordered);
        self.note_pending(pending);
        Ok(())
    }

    /// A broker that lost its data, or was restored from an older copy, counts anew: what comes
    /// then has revisions that were seen before, and behind the last one nothing would be seen.
    async fn look_for_loss(&mut self) -> Result<(), PortError> {
        let name = format!("KV_{}", self.bucket);
        let look = async {
            let stream = self.bus.jetstream.get_stream(name).await;
            stream.map_err(|cause| error::get_stream(&self.doing, cause))
        };
        let stream = self.bus.exchange(&self.doing, look).await?;
        let info = stream.cached_info();
        let is_other = self.created.is_some_and(|created| created != info.created);
        self.created = Some(info.created);
        if is_other || info.state.last_sequence < self.revision {
            tracing::error!(
                code = "LS0701",
                bucket = self.bucket,
                seen = self.revision,
                end = info.state.last_sequence,
                "the bucket ends before what was seen: the broker has lost messages"
            );
            self.revision = 0;
            self.unseen = Some(self.known.clone());
        }
        Ok(())
    }

    fn note_pending(&mut self, pending: u64) {
        if pending > 0 {
            return;
        }
        for key in self.unseen.take().into_iter().flatten() {
            self.known.remove(&key);
            self.ready.push_back(KvEvent::Deleted { key, revision: self.revision });
        }
        if !self.is_caught_up {
            self.is_caught_up = true;
            self.ready.push_back(KvEvent::CaughtUp);
        }
    }

    pub(crate) async fn next(&mut self) -> Option<KvEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let Some(ordered) = self.ordered.as_mut() else {
                if let Err(error) = self.begin().await {
                    tracing::warn!(error = error.chain(), "a watch could not be begun again");
                    tokio::time::sleep(WATCH_WAIT).await;
                }
                continue;
            };
            let next = tokio::select! {
                next = ordered.next() => next,
                // The client's own watch takes long to notice that the broker was away.
                _ = self.losses.changed() => None,
            };
            match next {
                Some(Ok(message)) => self.take(&message),
                Some(Err(error)) => {
                    tracing::warn!(error = %error, "a watch broke and is begun again");
                    self.ordered = None;
                }
                None => self.ordered = None,
            }
        }
    }

    fn take(&mut self, message: &async_nats::jetstream::Message) {
        let Ok(info) = message.info() else {
            self.ordered = None;
            return;
        };
        let (revision, pending) = (info.stream_sequence, info.pending);
        self.revision = revision;
        let event = event(&self.bucket, message, revision);
        // Before everything was seen once, a deletion tells nothing.
        let is_news = match &event {
            KvEvent::Put(entry) => self.note_key(&entry.key, true),
            KvEvent::Deleted { key, .. } => self.note_key(key, false) && self.is_caught_up,
            KvEvent::CaughtUp => false,
        };
        if is_news {
            self.ready.push_back(event);
        }
        self.note_pending(pending);
    }

    /// Notes whether a key has a value; false for one that is not watched.
    fn note_key(&mut self, key: &str, is_there: bool) -> bool {
        if !key.starts_with(&self.prefix) {
            return false;
        }
        if is_there {
            self.known.insert(key.to_owned());
        } else {
            self.known.remove(key);
        }
        if let Some(unseen) = &mut self.unseen {
            unseen.remove(key);
        }
        true
    }
}
