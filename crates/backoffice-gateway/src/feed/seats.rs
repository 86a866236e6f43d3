//! Who reads a feed now: a bounded number, each woken by new entries.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lockstep_domain::ids::BackOfficeId;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::fault::CallFault;

/// Calls that read or await one feed at once, in one process.
pub const READERS_MAX: usize = 16;

const TAKEN: CallFault = CallFault::Unavailable("too many calls read the feed of this back office");

/// The seats of all feeds.
#[derive(Default)]
pub struct Seats(Mutex<HashMap<BackOfficeId, Row>>);

/// The seats of one feed.
#[derive(Clone)]
struct Row {
    appended: Arc<Notify>,
    room: Arc<Semaphore>,
}

/// The seat of one reader, free again when it is dropped.
pub struct Seat {
    /// Whose feed it is.
    pub backoffice: BackOfficeId,
    /// Woken when this process has appended to it.
    pub appended: Arc<Notify>,
    _room: OwnedSemaphorePermit,
}

impl Seats {
    /// A seat.
    ///
    /// # Errors
    /// `Unavailable` when all are taken.
    pub fn take(&self, backoffice: &BackOfficeId) -> Result<Seat, CallFault> {
        let Row { appended, room } = self.row(backoffice);
        let room = room.try_acquire_owned().map_err(|_| TAKEN)?;
        Ok(Seat { backoffice: backoffice.clone(), appended, _room: room })
    }

    /// What to wake when something was appended.
    pub fn appended(&self, backoffice: &BackOfficeId) -> Arc<Notify> {
        self.row(backoffice).appended
    }

    fn row(&self, backoffice: &BackOfficeId) -> Row {
        // Every critical section leaves the map whole, so a poisoned lock holds good data.
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || Row {
            appended: Arc::new(Notify::new()),
            room: Arc::new(Semaphore::new(READERS_MAX)),
        };
        rows.entry(backoffice.clone()).or_insert_with(made).clone()
    }
}
