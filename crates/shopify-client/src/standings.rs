//! Writes down how stores stand with Shopify, as the answers to their calls tell it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_ports::{Clock, ErrorKind, Kv, PortError, Standing, Trouble};
use tracing::{info, warn};

/// That a store lets us in is looked up again after this: another process may have been told
/// otherwise, and ended before it was told better.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// A call's answer does not wait longer for it.
const WRITE_TIME_MAX: Duration = Duration::from_millis(500);

/// How the stores of this process stand.
pub struct Standings {
    kv: Arc<dyn Kv>,
    /// When a store was last seen to let us in, and nothing else was written.
    open: Mutex<HashMap<StoreId, Timestamp>>,
}

impl Standings {
    /// Writes to the bucket `shopify`.
    pub fn new(kv: Arc<dyn Kv>) -> Self {
        Self { kv, open: Mutex::default() }
    }

    /// Notes what the answer to a call says about the store: nothing, or why it does not let us in.
    /// Whoever called is answered all the same when it cannot be written.
    pub async fn note(&self, store: &StoreId, trouble: Option<(Trouble, &str)>, clock: &dyn Clock) {
        let now = clock.now();
        if trouble.is_none() && self.is_known_open(store, now) {
            return;
        }
        let writing = self.write(store, trouble, now);
        let limit = now.checked_add(WRITE_TIME_MAX).unwrap_or(Timestamp::MAX);
        let written = tokio::select! {
            biased;
            written = writing => written,
            () = clock.sleep_until(limit) => return,
        };
        match written {
            // Somebody else writes the same.
            Err(error) if error.kind == ErrorKind::Conflict => {}
            Err(error) => warn!(%store, error = error.chain(), "its standing cannot be noted"),
            Ok(()) => {
                let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
                match trouble {
                    None => open.insert(store.clone(), now),
                    Some(_) => open.remove(store),
                };
            }
        }
    }

    fn is_known_open(&self, store: &StoreId, now: Timestamp) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(store).is_some_and(|at| now.duration_since(*at) < LOOK_AGAIN)
    }

    async fn write(
        &self,
        store: &StoreId,
        trouble: Option<(Trouble, &str)>,
        now: Timestamp,
    ) -> Result<(), PortError> {
        let noted = Standing::load(&*self.kv, store).await?;
        match (trouble, noted) {
            (None, None) => {}
            (None, Some((before, revision))) => {
                Standing::end(&*self.kv, store, revision).await?;
                info!(%store, was = ?before.trouble, "the store lets Lockstep in again");
            }
            (Some((trouble, said)), noted) => {
                let (before, revision) =
                    noted.map_or((None, 0), |(b, revision)| (Some(b), revision));
                let same = before.filter(|before| before.trouble == trouble);
                let since = same.map_or(now, |before| before.since);
                let standing = Standing { trouble, since, seen: now, said: said.to_owned() };
                standing.save(&*self.kv, store, revision).await?;
            }
        }
        Ok(())
    }
}
