//! A sweep that ended is told of, once every order that it found is read and its lines are told:
//! who heard these knows all that changed meanwhile.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Partition;
use lockstep_contracts::orders::v1::{LinesTold, OrdersSwept};
use lockstep_contracts::time::to_proto;
use lockstep_domain::order::{Order, OrderCommand};
use lockstep_domain::sweep::Window;
use lockstep_domain::{OrderId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{About, Stop, Work};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::aggregates::{OrderKind, order_id};
use crate::schedule::{self, Due, later};
use crate::settle::{decide, tell_noted};
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
/// Orders of which one look sees to it that they are read or told again.
const SEEN_TO_MAX: usize = 100;
/// What a read showed older than the list, or not at all, is read again after this ..
const READ_AGAIN: SignedDuration = SignedDuration::from_mins(3);
/// .. or after this part of the time that it waits already.
const READ_AGAIN_PART: i32 = 4;
/// So many reads that show nothing, minutes apart, say that there is no such order: one may have
/// asked a server that lags behind the list.
const ABSENT_READS: u32 = 2;

/// What a sweep finds of its window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Of what changed earlier nothing is said: a look further back finds that, too.
    from: Timestamp,
    /// The first moment after it.
    until: Timestamp,
    /// The orders.
    orders: Vec<Listed>,
}

/// An order as a list showed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Listed {
    /// With the second of its last change.
    At(OrderId, i64),
    /// As an earlier version kept it.
    Bare(OrderId),
}

impl Listed {
    const fn order(self) -> OrderId {
        match self {
            Self::At(order, _) | Self::Bare(order) => order,
        }
    }

    const fn changed_at(self) -> i64 {
        match self {
            Self::At(_, second) => second,
            Self::Bare(_) => i64::MIN,
        }
    }
}

/// How far an order is that a sweep found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// These lines hold what changed; none: there is no such order.
    Told(Option<u64>),
    /// It is being read.
    Unread,
    /// What was read is older than what the list showed.
    Behind,
    /// An earlier version told its lines, and nobody can say that they were heard.
    Unnoted,
}

impl Stands {
    fn of(state: &Order, listed: Listed) -> Self {
        let shown_at = state.facts.as_ref().map(|facts| facts.updated_at.as_second());
        let is_behind = shown_at.is_none_or(|at| at < listed.changed_at());
        if state.needs_read() {
            return Self::Unread;
        }
        if is_behind && !state.is_gone() && state.absent_reads < ABSENT_READS {
            return Self::Behind;
        }
        match &state.told {
            Some(told) if !told.noted => Self::Unnoted,
            told => Self::Told(told.as_ref().map(|told| told.revision)),
        }
    }
}

impl Found {
    /// Nothing yet.
    pub const fn of(window: &Window) -> Self {
        Self { from: window.from, until: window.until, orders: Vec::new() }
    }

    /// One page more; nothing when that is too much.
    pub fn with(mut self, page: &[(OrderId, Timestamp)]) -> Option<Self> {
        let of_window = page.iter().filter(|(_, changed_at)| *changed_at >= self.from);
        self.orders.extend(of_window.map(|(order, at)| Listed::At(*order, at.as_second())));
        // Of an order that changed once more meanwhile the last change counts.
        self.orders.sort_by_key(|listed| (listed.order(), Reverse(listed.changed_at())));
        self.orders.dedup_by_key(|listed| listed.order());
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

/// Tells of the sweeps whose orders are read; the others wait. Orders are only looked at, but for
/// those that nobody else sees to: what becomes of one later is told later.
pub fn tell(work: &mut Work<'_>, store: &StoreId) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Swept.key())?;
    let waiting = read(&timer.note);
    let found = waiting.iter().flat_map(|found| &found.orders);
    let orders: BTreeSet<_> = found.map(|listed| listed.order()).collect();
    let ids: Vec<_> = orders.into_iter().map(|order| order_id(store, order)).collect();
    work.want_peeks::<OrderKind>(ids.iter().map(String::as_str))?;
    see_to(work, store, &waiting)?;
    let mut rest = Vec::new();
    for found in waiting {
        let mut orders = Vec::with_capacity(found.orders.len());
        let mut unread = 0;
        for listed in &found.orders {
            let order = listed.order();
            match Stands::of(work.peek::<OrderKind>(&order_id(store, order))?, *listed) {
                // One that Shopify does not show any more, and never showed, has no lines.
                Stands::Told(revision) => orders
                    .extend(revision.map(|revision| LinesTold { order_id: order.get(), revision })),
                Stands::Unread | Stands::Behind | Stands::Unnoted => unread += 1,
            }
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

/// Has orders read again that were shown too old, and told again that nobody noted.
fn see_to(work: &mut Work<'_>, store: &StoreId, waiting: &[Found]) -> Result<(), Stop> {
    let mut wanted = BTreeMap::new();
    for found in waiting {
        for listed in &found.orders {
            let order = listed.order();
            let stands = Stands::of(work.peek::<OrderKind>(&order_id(store, order))?, *listed);
            if matches!(stands, Stands::Behind | Stands::Unnoted) && wanted.len() < SEEN_TO_MAX {
                wanted.entry(order).or_insert((*listed, found.until));
            }
        }
    }
    let ids: Vec<_> = wanted.keys().map(|order| order_id(store, *order)).collect();
    work.load_all::<OrderKind>(&ids)?;
    let places = wanted.keys().map(|order| (store.to_string(), Due::Order(*order).key()));
    work.want_timers(places.collect())?;
    for (order, (listed, until)) in wanted {
        match Stands::of(work.state::<OrderKind>(&order_id(store, order))?, listed) {
            Stands::Behind => {
                decide(work, store, order, &OrderCommand::Doubt)?;
                let part = work.now().duration_since(until) / READ_AGAIN_PART;
                schedule::soon(work, store, &Due::Order(order), READ_AGAIN.max(part))?;
            }
            Stands::Unnoted => tell_noted(work, store, order)?,
            Stands::Told(_) | Stands::Unread => {}
        }
    }
    Ok(())
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
    // What is late or dated by another clock at either end the neighbour sees.
    let Some(sure) = (Window { from: found.from, until: found.until }).sure() else { return };
    let event = OrdersSwept {
        store: store.to_string(),
        since: Some(to_proto(sure.from)),
        until: Some(to_proto(sure.until)),
        orders,
    };
    let subject = OrdersSwept::subject(store.as_str(), Partition::of(store.as_str()));
    let aggregate = format!("sweep/{store}");
    let id = format!(
        "order-sync:{aggregate}:{}:{}",
        sure.from.as_millisecond(),
        sure.until.as_millisecond()
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
    #[test]
    fn what_an_earlier_version_kept_of_a_list_is_read() {
        let note = r#"[{"from":"2026-11-24T10:00:00Z","until":"2026-11-24T11:00:00Z",
            "orders":[501,502]}]"#;
        let orders: Vec<_> = read(note).into_iter().flat_map(|found| found.orders).collect();
        assert_eq!(orders, [Listed::Bare(OrderId(501)), Listed::Bare(OrderId(502))]);
        let found = Found { orders: vec![Listed::At(OrderId(501), 7)], ..read(note)[0].clone() };
        let kept = serde_json::to_string(&[&found]).expect("a note");
        assert_eq!(read(&kept), [found]);
    }

    #[test]
    fn of_an_order_that_is_listed_twice_the_last_change_counts() {
        let window = Window { from: Timestamp::UNIX_EPOCH, until: Timestamp::UNIX_EPOCH };
        let at = |second| Timestamp::from_second(second).expect("a moment");
        let page = [(OrderId(2), at(5)), (OrderId(1), at(6)), (OrderId(2), at(9))];
        let found = Found::of(&window).with(&page).expect("not too many");
        assert_eq!(found.orders, [Listed::At(OrderId(1), 6), Listed::At(OrderId(2), 9)]);
    }
}
