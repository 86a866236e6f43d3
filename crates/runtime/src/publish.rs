//! Publishing: what a transaction said goes to the broker right after its commit, and a sweep
//! finds what was left.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Stream;
use lockstep_ports::{ErrorKind, OutboxRow, PortError};
use tracing::{error, warn};

use crate::engine::Engine;
use crate::pulse::later;

/// Rows that are younger may be on their way by the process that committed them.
const SENDING_MAX: SignedDuration = SignedDuration::from_secs(10);
/// Messages in one atomic batch; the server takes at most 1,000.
const PUBLISH_BATCH_MAX: usize = 500;
/// Bytes in one atomic batch, so that a batch stays well below a second on the wire.
const PUBLISH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Whether the broker holds everything that a transaction said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Published {
    /// Every public event is acknowledged.
    All,
    /// The broker refuses some of it for its content: that is kept, and not tried again.
    Refused,
    /// The rows are committed and the sweep will publish them.
    Pending,
}

/// What one part of a sweep came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Swept {
    /// There was nothing to publish.
    Nothing,
    /// Something was published or refused; there may be more.
    Some,
    /// Something waits for the broker.
    Waits,
}

impl Engine {
    /// Publishes committed rows in atomic batches per stream; what fails is left to the sweep.
    pub(crate) async fn publish(&self, rows: Vec<OutboxRow>) -> Published {
        let mut all = Published::All;
        for (stream, batch) in batches(rows) {
            all = all.max(self.publish_batch(stream, batch).await);
        }
        if all == Published::Pending {
            self.leftovers.notify_one();
        }
        all
    }

    /// A batch that is refused for its content is halved until the culprit stands alone, and that
    /// one is put aside, so that it blocks nothing behind it.
    async fn publish_batch(&self, stream: Stream, batch: Vec<OutboxRow>) -> Published {
        let mut all = Published::All;
        // Depth-first halves, the earlier half first.
        let mut waiting = vec![batch];
        while let Some(mut part) = waiting.pop() {
            let refusal = match self.publish_part(&part).await {
                Ok(()) => continue,
                Err(e) if e.kind == ErrorKind::Permanent => e,
                Err(e) => {
                    let error = e.chain();
                    warn!(stream = stream.name(), error, "outbox rows wait for the sweep");
                    return Published::Pending;
                }
            };
            match part.as_slice() {
                [] => {}
                [culprit] => all = all.max(self.put_aside(stream, culprit, &refusal).await),
                many => {
                    let second = part.split_off(many.len() / 2);
                    waiting.extend([second, part]);
                }
            }
        }
        all
    }

    async fn publish_part(&self, part: &[OutboxRow]) -> Result<(), PortError> {
        let messages = part.iter().map(|row| row.message.clone()).collect();
        let ids: Vec<_> = part.iter().map(|row| row.id.clone()).collect();
        self.parts.bus.publish(messages).await?;
        self.parts.store.mark_published(&ids, self.now()).await
    }

    async fn put_aside(&self, stream: Stream, culprit: &OutboxRow, why: &PortError) -> Published {
        let (code, id, reason) = ("LS0104", culprit.id.as_str(), why.chain());
        let (service, stream) = (self.service(), stream.name());
        error!(code, service, stream, id, reason, "the broker refuses an event; it is put aside");
        match self.parts.store.refuse_outbox(id, &reason).await {
            Ok(()) => Published::Refused,
            Err(e) => {
                warn!(stream, id, error = e.chain(), "a refusal cannot be noted");
                Published::Pending
            }
        }
    }

    /// Publishes rows that an earlier attempt left behind, however young; true when none is left.
    pub async fn publish_leftovers(&self) -> Result<bool, PortError> {
        loop {
            match self.publish_older(self.any_age()).await? {
                Swept::Nothing => return Ok(true),
                Swept::Some => {}
                Swept::Waits => return Ok(false),
            }
        }
    }

    /// Publishes some of the rows that nobody published and that were added before a moment.
    pub(crate) async fn publish_older(&self, older_than: Timestamp) -> Result<Swept, PortError> {
        let limit = PUBLISH_BATCH_MAX as u32;
        let rows = self.parts.store.unpublished(older_than, limit).await?;
        if rows.is_empty() {
            return Ok(Swept::Nothing);
        }
        let rows = rows.into_iter().map(|state| state.row).collect();
        let is_pending = self.publish(rows).await == Published::Pending;
        Ok(if is_pending { Swept::Waits } else { Swept::Some })
    }

    /// A moment before which every row was added, whosever clock dated it.
    pub(crate) fn any_age(&self) -> Timestamp {
        later(self.now(), Duration::from_secs(3_600))
    }

    /// A moment before which rows were added that nobody is just sending.
    pub(crate) fn sent_age(&self) -> Timestamp {
        self.now().checked_sub(SENDING_MAX).unwrap_or(Timestamp::MIN)
    }
}

/// Rows by stream, cut to the size of one atomic batch, in their order.
fn batches(rows: Vec<OutboxRow>) -> Vec<(Stream, Vec<OutboxRow>)> {
    let mut by_stream: BTreeMap<Stream, Vec<OutboxRow>> = BTreeMap::new();
    for row in rows {
        by_stream.entry(row.message.stream).or_default().push(row);
    }
    let mut cut = Vec::new();
    for (stream, rows) in by_stream {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for row in rows {
            let size = row.message.body.len();
            let full = batch.len() == PUBLISH_BATCH_MAX || bytes + size > PUBLISH_BYTES_MAX;
            if full && !batch.is_empty() {
                cut.push((stream, std::mem::take(&mut batch)));
                bytes = 0;
            }
            bytes += size;
            batch.push(row);
        }
        cut.push((stream, batch));
    }
    cut
}
