//! The feed of a back office: appended from what the other services announce, read by number.
//!
//! The number of an entry is the version of the aggregate `feed`, whose row is locked until the
//! commit: nobody sees n+1 before n. [`append`] writes, [`Feeds`] reads; personal data is opened
//! only on the way out.

pub mod aggregates;
pub mod append;
mod open;
mod seats;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::backoffice::v1::FeedItem;
use lockstep_domain::feed::CursorCommand;
use lockstep_domain::ids::BackOfficeId;
use lockstep_ports::PortError;
use lockstep_runtime::{Aggregate, Engine, EngineError, Origin, PersonalKeys};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::fault::{CallFault, Invalid};
use aggregates::{CursorKind, FeedKind};
pub use seats::{READERS_MAX, Seat, Seats};

/// Entries of one page, at most.
pub const LIMIT_MAX: u64 = 500;
/// Entries of one page when nobody says.
pub const LIMIT: u64 = 100;
/// Longest wait for an entry, in seconds.
pub const WAIT_MAX: u64 = 30;
/// Bytes of entries in one page, beyond which it ends: clients of gRPC read 4 MiB by default.
const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Entries that are read at once: bodies beyond the end of a page are read for nothing.
const STEP: u32 = 32;
/// Whoever waits looks again after this: another process may have appended.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(1);

const AWAY: CallFault = CallFault::Unavailable("the database is away");

/// All feeds, for whoever reads them.
pub struct Feeds {
    engine: Arc<Engine>,
    keys: Arc<PersonalKeys>,
    seats: Arc<Seats>,
    shutdown: CancellationToken,
}

/// What part of a feed is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Entries after this number.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

impl Feeds {
    /// Feeds in the service's database.
    pub fn new(
        engine: Arc<Engine>,
        keys: Arc<PersonalKeys>,
        seats: Arc<Seats>,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self { engine, keys, seats, shutdown })
    }

    /// A seat for one reader.
    ///
    /// # Errors
    /// `Unavailable` when too many read the feed.
    pub fn sit(&self, backoffice: &BackOfficeId) -> Result<Seat, CallFault> {
        self.seats.take(backoffice)
    }

    /// This moment.
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// True once the process stops.
    pub fn is_stopping(&self) -> bool {
        self.shutdown.is_cancelled()
    }

    /// Where reading begins: after the given number, or after the cursor.
    ///
    /// # Errors
    /// `Invalid` for a number that no entry has yet.
    pub async fn start(
        &self,
        backoffice: &BackOfficeId,
        after: Option<u64>,
    ) -> Result<u64, CallFault> {
        let Some(after) = after else {
            let cursor = self.engine.read::<CursorKind>(backoffice.as_str()).await.map_err(away)?;
            return Ok(cursor.unwrap_or_default().acknowledged);
        };
        let feed = self.engine.read::<FeedKind>(backoffice.as_str()).await.map_err(away)?;
        let last = feed.unwrap_or_default().last;
        // Whoever has read further than the feed goes would wait for entries, and miss them.
        if after <= last { Ok(after) } else { Err(beyond_end("after", last)) }
    }

    /// The next entries; none when there is none until that moment, or the process stops.
    ///
    /// # Errors
    /// `Unavailable` when the database or the keys are away.
    pub async fn next(
        &self,
        seat: &Seat,
        range: Range,
        until: Timestamp,
    ) -> Result<Vec<FeedItem>, CallFault> {
        loop {
            // Waits from before the look, so that nothing appended in between is missed.
            let appended = seat.appended.notified();
            tokio::pin!(appended);
            appended.as_mut().enable();
            let items = self.page(&seat.backoffice, range).await?;
            let now = self.engine.now();
            if !items.is_empty() || now >= until || self.is_stopping() {
                return Ok(items);
            }
            let look = now.checked_add(LOOK_AGAIN).unwrap_or(until).min(until);
            tokio::select! {
                () = self.shutdown.cancelled() => {}
                () = appended => {}
                () = self.engine.clock().sleep_until(look) => {}
            }
        }
    }

    async fn page(
        &self,
        backoffice: &BackOfficeId,
        range: Range,
    ) -> Result<Vec<FeedItem>, CallFault> {
        let key = FeedKind::key(backoffice.as_str());
        let (mut after, mut left) = (range.after, range.limit);
        let (mut items, mut bytes) = (Vec::new(), 0_usize);
        while left > 0 {
            let step = left.min(STEP);
            let events = self.engine.store().events_of(&key, after, step).await.map_err(away)?;
            let is_last = events.len() < usize::try_from(step).unwrap_or(usize::MAX);
            for event in events {
                bytes += event.body.get().len();
                if bytes > PAGE_BYTES_MAX && !items.is_empty() {
                    return Ok(items);
                }
                after = event.version;
                items.push(open::item(&self.keys, &event).await?);
            }
            left -= step;
            if is_last {
                break;
            }
        }
        Ok(items)
    }

    /// Notes that everything up to an entry is stored; gives the cursor.
    ///
    /// # Errors
    /// `Invalid` for a number that is missing, or that no entry has yet.
    pub async fn acknowledge(
        &self,
        backoffice: &BackOfficeId,
        number: Option<u64>,
    ) -> Result<u64, CallFault> {
        let number = number.ok_or_else(missing_number)?;
        let (id, at) = (backoffice.as_str(), self.engine.now());
        let acknowledged = self
            .engine
            .transact(Origin::new(format!("ack:{id}:{number}"), None), &[], |work| {
                work.state::<CursorKind>(id)?;
                // Entries are only added, so the end that is seen is there.
                let last = work.peek::<FeedKind>(id)?.last;
                let command = CursorCommand::Acknowledge { number, last, at };
                Ok(match work.execute::<CursorKind>(id, &command)? {
                    Ok(_) => Ok(work.state::<CursorKind>(id)?.acknowledged),
                    Err(rejection) => Err(rejection),
                })
            })
            .await
            .map_err(|e| failed(&e))?;
        acknowledged.map_err(|beyond| beyond_end("number", beyond.last))
    }
}

fn missing_number() -> CallFault {
    CallFault::Invalid(Invalid {
        field: "number".to_owned(),
        message: "`number` is missing".to_owned(),
        fix: "send the number of the last entry that is stored, such as {\"number\": \"41\"}"
            .to_owned(),
    })
}

/// A number that no entry has.
pub fn beyond_end(field: &str, last: u64) -> CallFault {
    CallFault::Invalid(Invalid {
        field: field.to_owned(),
        message: format!("the feed ends at entry {last}"),
        fix: format!(
            "send at most {last}; after Lockstep was restored from an older copy, read again \
             after {last}"
        ),
    })
}

fn away(error: PortError) -> CallFault {
    warn!(error = error.chain(), "a feed cannot be read");
    AWAY
}

fn failed(error: &EngineError) -> CallFault {
    warn!(error = error.chain(), "a feed's cursor cannot be moved");
    AWAY
}
