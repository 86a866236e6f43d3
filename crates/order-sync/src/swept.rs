//! A sweep that ended is told of, once every order that it found is read and its lines are told:
//! who heard these knows all that changed meanwhile.

use std::collections::BTreeSet;

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

/// Orders that one sweep names. One that finds more is not told of, and no later one tells of its
/// span: what its orders would explain stays presumed.
const ORDERS_MAX: usize = 2_000;
/// Sweeps that wait for their orders; the oldest gives way.
const WAITING_MAX: usize = 32;
/// Orders that they name, together.
const WAITING_ORDERS_MAX: usize = 2 * ORDERS_MAX;
/// Whether the orders are read by now is looked at after this ..
const WAIT: SignedDuration = SignedDuration::from_secs(5);
/// .. and, after a while, ..
const SOON: SignedDuration = SignedDuration::from_mins(10);
/// .. after this.
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
pub fn end(work: &mut Work<'_>, store: &StoreId, found: Found) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Swept.key())?;
    let mut waiting = read(&timer.note);
    waiting.push(found);
    while waiting.len() > 1 && is_too_much(&waiting) {
        let oldest = waiting.remove(0);
        warn!(%store, orders = oldest.orders.len(), "more sweeps than can wait for their orders");
    }
    let trace = timer.trace.clone().or_else(|| work.traceparent());
    let due_at = Some(work.now());
    put(work, Timer { due_at, trace, ..timer }, &waiting)
}

/// Tells of the sweeps whose orders are read; the others wait. Orders are only looked at: what
/// becomes of one later is told later.
pub fn tell(work: &mut Work<'_>, store: &StoreId) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Swept.key())?;
    let waiting = read(&timer.note);
    let orders: BTreeSet<_> = waiting.iter().flat_map(|found| &found.orders).collect();
    let ids: Vec<_> = orders.into_iter().map(|order| order_id(store, *order)).collect();
    work.want_peeks::<OrderKind>(ids.iter().map(String::as_str))?;
    let mut rest = Vec::new();
    for found in waiting {
        let mut orders = Vec::with_capacity(found.orders.len());
        let mut unread = 0;
        for order in &found.orders {
            let state = work.peek::<OrderKind>(&order_id(store, *order))?;
            unread += usize::from(state.needs_read());
            // One that Shopify does not show any more, and never showed, has no lines.
            let told = state.told.as_ref();
            orders.extend(told.map(|t| LinesTold { order_id: order.get(), revision: t.revision }));
        }
        if unread == 0 {
            publish(work, store, &found, orders);
        } else if work.now().duration_since(found.until) > GIVE_UP {
            warn!(%store, orders = unread, "orders that a sweep found could not be read for a day");
        } else {
            rest.push(found);
        }
    }
    let ages = rest.iter().map(|found| work.now().duration_since(found.until));
    let wait = ages.min().map(|least| if least < SOON { WAIT } else { LONG_WAIT });
    let due_at = wait.map(|wait| later(work.now(), wait));
    let trace = due_at.and(timer.trace.clone());
    put(work, Timer { due_at, trace, ..timer }, &rest)
}

fn is_too_much(waiting: &[Found]) -> bool {
    let orders: usize = waiting.iter().map(|found| found.orders.len()).sum();
    waiting.len() > WAITING_MAX || orders > WAITING_ORDERS_MAX
}

fn read(note: &str) -> Vec<Found> {
    serde_json::from_str(note).unwrap_or_default()
}

fn put(work: &mut Work<'_>, timer: Timer, waiting: &[Found]) -> Result<(), Stop> {
    let note = match waiting {
        [] => String::new(),
        some => serde_json::to_string(some).map_err(|e| poison("sweeps", e))?,
    };
    work.set_timer(Timer { note, ..timer });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_in_sweeps_and_in_orders() {
        let found = |orders: usize| {
            let until = Timestamp::UNIX_EPOCH;
            let window = Window { from: until, until };
            let orders: Vec<_> = (1..).map(|id| (OrderId(id), until)).take(orders).collect();
            Found::of(&window).with(&orders).expect("not too many")
        };
        assert!(!is_too_much(&vec![found(1); WAITING_MAX]));
        assert!(is_too_much(&vec![found(1); WAITING_MAX + 1]));
        assert!(is_too_much(&vec![found(ORDERS_MAX); 3]));
    }
}
