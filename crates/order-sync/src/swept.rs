//! A sweep that ended is told of, once every order that it found is read and its lines are told:
//! who heard these knows all that changed meanwhile.

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Partition;
use lockstep_contracts::orders::v1::{LinesTold, OrdersSwept};
use lockstep_contracts::time::to_proto;
use lockstep_domain::sweep::{OVERLAP, Window};
use lockstep_domain::{OrderId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{About, Stop, Work};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::aggregates::{OrderKind, order_id};
use crate::schedule::{Due, later};
use crate::translate::poison;

/// Orders that one sweep names. One that finds more is not told of: what it would explain waits for
/// the next.
const ORDERS_MAX: usize = 2_000;
/// Whether the orders are read by now is looked at after this ..
const WAIT: SignedDuration = SignedDuration::from_secs(5);
/// .. and, after a while, after this.
const LONG_WAIT: SignedDuration = SignedDuration::from_mins(5);
/// What is not read by then is told of no more.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);

/// What a sweep finds of its window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Of what changed earlier nothing is said: a look further back finds that, too.
    from: Timestamp,
    /// The first moment after it.
    until: Timestamp,
    /// The orders.
    orders: Vec<OrderId>,
}

impl Found {
    /// Nothing yet.
    pub const fn of(window: &Window) -> Self {
        Self { from: window.from, until: window.until, orders: Vec::new() }
    }

    /// One page more; nothing when that is too much.
    pub fn with(mut self, page: &[(OrderId, Timestamp)]) -> Option<Self> {
        let of_window = page.iter().filter(|(_, changed_at)| *changed_at >= self.from);
        self.orders.extend(of_window.map(|(order, _)| *order));
        self.orders.sort_unstable();
        self.orders.dedup();
        (self.orders.len() <= ORDERS_MAX).then_some(self)
    }
}

/// The last page was seen.
pub fn end(work: &mut Work<'_>, store: &StoreId, found: &Found) -> Result<(), Stop> {
    let due = Due::Swept(found.until.as_millisecond());
    let timer = work.timer(store.as_str(), &due.key())?;
    let note = serde_json::to_string(found).map_err(|e| poison("sweep", e))?;
    let (due_at, trace) = (Some(work.now()), work.traceparent());
    work.set_timer(Timer { note, due_at, trace, ..timer });
    Ok(())
}

/// Tells of a sweep, or waits for its orders. They are only looked at: what becomes of one later is
/// told later.
pub fn tell(work: &mut Work<'_>, store: &StoreId, due: &Due) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &due.key())?;
    let done = Timer { due_at: None, note: String::new(), trace: None, ..timer.clone() };
    let Ok(found) = serde_json::from_str::<Found>(&timer.note) else {
        work.set_timer(done);
        return Ok(());
    };
    let ids: Vec<_> = found.orders.iter().map(|order| order_id(store, *order)).collect();
    work.want_peeks::<OrderKind>(ids.iter().map(String::as_str))?;
    let mut orders = Vec::with_capacity(ids.len());
    let mut unread = 0;
    for (order, id) in found.orders.iter().zip(&ids) {
        let state = work.peek::<OrderKind>(id)?;
        unread += usize::from(state.needs_read());
        // One that Shopify does not show any more, and never showed, has no lines.
        let told = state.told.as_ref();
        orders.extend(told.map(|t| LinesTold { order_id: order.get(), revision: t.revision }));
    }
    let age = work.now().duration_since(found.until);
    if unread > 0 && age > GIVE_UP {
        warn!(%store, orders = unread, "orders that a sweep found could not be read for a day");
    } else if unread > 0 {
        let wait = if age < SignedDuration::from_mins(10) { WAIT } else { LONG_WAIT };
        let due_at = Some(later(work.now(), wait));
        work.set_timer(Timer { due_at, ..timer.clone() });
        return Ok(());
    } else {
        publish(work, store, &found, orders);
    }
    work.set_timer(done);
    Ok(())
}

fn publish(work: &mut Work<'_>, store: &StoreId, found: &Found, orders: Vec<LinesTold>) {
    // The overlap is for what the index showed late, and for clocks that are apart.
    let since = later(found.from, OVERLAP);
    let event = OrdersSwept {
        store: store.to_string(),
        since: Some(to_proto(since)),
        until: Some(to_proto(found.until)),
        orders,
    };
    let subject = OrdersSwept::subject(store.as_str(), Partition::of(store.as_str()));
    let aggregate = format!("sweep/{store}");
    let id = format!(
        "order-sync:{aggregate}:{}:{}",
        since.as_millisecond(),
        found.until.as_millisecond()
    );
    work.publish_as(id, &event, subject, About { aggregate: &aggregate, sequence: None });
}
