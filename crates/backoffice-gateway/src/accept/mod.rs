//! Takes reports exactly once, in groups.
//!
//! Each back office has one writer. What arrives while a group commits becomes the next group,
//! without a timer: alone, a call pays for one transaction; under load, many share one.

mod fates;
mod publish;
mod writer;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lockstep_contracts::TraceContext;
use lockstep_domain::ids::BackOfficeId;
use lockstep_runtime::{Engine, Lifecycle};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::fault::CallFault;
use crate::translate::{ITEMS_MAX, Report};
pub use fates::Fate;
use writer::{Call, Writer};

/// Reports of one back office that wait while a group commits; beyond it a call is answered 503.
/// Counted in reports, since a call may bring one or a thousand.
pub const WAITING_REPORTS_MAX: usize = 10 * ITEMS_MAX;
/// Reports in one transaction: at most what one call may bring, which is also what the broker
/// takes as one atomic batch.
const GROUP_REPORTS_MAX: usize = ITEMS_MAX;

const AWAY: CallFault = CallFault::Unavailable("the broker or the database is away");
const FULL: CallFault = CallFault::Unavailable("too many reports of this back office wait");
const LATE: CallFault = CallFault::Unavailable("the reports were not stored in time");
const STOPPING: CallFault = CallFault::Unavailable("the service is stopping");

/// Stores reports and publishes them.
pub struct Acceptor {
    engine: Arc<Engine>,
    life: Lifecycle,
    deadline: Duration,
    writers: Mutex<HashMap<BackOfficeId, Queue>>,
}

/// The way to a writer.
#[derive(Clone)]
struct Queue {
    calls: mpsc::UnboundedSender<Call>,
    /// Room for reports: what bounds the queue.
    room: Arc<Semaphore>,
}

/// What a call brings.
pub struct Batch {
    /// Its checked items.
    pub reports: Vec<Report>,
    /// Id of the call; becomes the cause of the events.
    pub call_id: String,
    /// Trace that the events carry on.
    pub trace: Option<TraceContext>,
}

impl Acceptor {
    /// An acceptor that waits at most `deadline` for a group.
    pub fn new(engine: Arc<Engine>, life: Lifecycle, deadline: Duration) -> Arc<Self> {
        Arc::new(Self { engine, life, deadline, writers: Mutex::default() })
    }

    /// The fates of the reports, in their order. Everything accepted is durable and acknowledged
    /// by the broker.
    ///
    /// # Errors
    /// `Unavailable`: the reports may or may not have been taken; the same call again is safe.
    pub async fn accept(
        self: &Arc<Self>,
        backoffice: &BackOfficeId,
        batch: Batch,
    ) -> Result<Vec<Fate>, CallFault> {
        if batch.reports.is_empty() {
            return Ok(Vec::new());
        }
        let queue = self.queue(backoffice);
        let size = u32::try_from(batch.reports.len()).map_err(|_| FULL)?;
        let room = queue.room.clone().try_acquire_many_owned(size).map_err(|_| FULL)?;
        let (answer, fates) = oneshot::channel();
        let Batch { reports, call_id: id, trace } = batch;
        let call = Call { reports, id, trace, answer, _room: room };
        queue.calls.send(call).map_err(|_| STOPPING)?;
        match tokio::time::timeout(self.deadline, fates).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(STOPPING),
            Err(_) => Err(LATE),
        }
    }

    fn queue(self: &Arc<Self>, backoffice: &BackOfficeId) -> Queue {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = writers.get(backoffice) {
            return queue.clone();
        }
        let (calls, waiting) = mpsc::unbounded_channel();
        let queue = Queue { calls, room: Arc::new(Semaphore::new(WAITING_REPORTS_MAX)) };
        writers.insert(backoffice.clone(), queue.clone());
        let writer = Writer::new(self.engine.clone(), backoffice.clone());
        self.life.spawn_watched("gateway writer", writer.run(waiting, self.life.clone()));
        queue
    }
}
