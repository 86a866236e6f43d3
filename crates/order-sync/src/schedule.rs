//! When Shopify is asked, and when something else is due: timers in the lane of the store.

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::{FulfillmentOrderId, OrderId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{Stop, Work};

/// News gather for this long, so that one act of a merchant costs one read.
pub const GATHER: SignedDuration = SignedDuration::from_secs(1);
/// While something is still to be seen, Shopify is asked again after these; then hourly.
const AGAIN: [SignedDuration; 4] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
];
const HOURLY: SignedDuration = SignedDuration::from_hours(1);
/// A report that waits for longer than this is told to a person.
pub const ALARM: SignedDuration = SignedDuration::from_mins(15);

/// What is due in a store's lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Something about an order: it is told of again, and Shopify is asked if need be.
    Order(OrderId),
    /// A report waits for an order.
    Alarm(OrderId),
    /// An order is told of again: a code that it lacked is known.
    Telling(OrderId),
    /// The order of a fulfillment order is to be found.
    Routing(FulfillmentOrderId),
    /// A body that was too large for a message is to be fetched.
    Body(String),
    /// Keys of an erasure are to be destroyed: those of a customer, or of the whole store.
    Redaction(Option<i64>),
    /// Every order of the store is told of again: its rules changed.
    Recheck,
    /// The orders that changed are looked for.
    Sweep,
    /// A topic is silent for longer than it ever was.
    Silence(String),
    /// Sweeps that ended are told of once their orders are read.
    Swept,
}

/// Key of the timer that follows a change of rules.
pub const RECHECK: &str = "recheck";
/// Keys of the timers of what waits begin so.
pub const ALARM_PREFIX: &str = "alarm.";
/// A report that still waits is told of again after this.
pub const ALARM_AGAIN: SignedDuration = SignedDuration::from_hours(1);
const TELLING_PREFIX: &str = "tell.";
const ROUTING_PREFIX: &str = "routing.";
const BODY_PREFIX: &str = "body.";
const SWEEP: &str = "sweep";
const SWEPT: &str = "swept";
const SILENCE_PREFIX: &str = "silence.";
const CUSTOMER_PREFIX: &str = "redact.";
const SHOP: &str = "redact";

impl Due {
    /// Reads the key of a timer; nothing for one that this version does not know.
    pub fn parse(key: &str) -> Option<Self> {
        if let Some(order) = key.strip_prefix(ALARM_PREFIX) {
            return order.parse().ok().map(Self::Alarm);
        }
        if let Some(order) = key.strip_prefix(TELLING_PREFIX) {
            return order.parse().ok().map(Self::Telling);
        }
        if let Some(id) = key.strip_prefix(ROUTING_PREFIX) {
            return id.parse().ok().map(Self::Routing);
        }
        if let Some(name) = key.strip_prefix(BODY_PREFIX) {
            return Some(Self::Body(name.to_owned()));
        }
        if let Some(customer) = key.strip_prefix(CUSTOMER_PREFIX) {
            return customer.parse().ok().map(|customer| Self::Redaction(Some(customer)));
        }
        if let Some(topic) = key.strip_prefix(SILENCE_PREFIX) {
            return Some(Self::Silence(topic.to_owned()));
        }
        match key {
            SWEEP => Some(Self::Sweep),
            SWEPT => Some(Self::Swept),
            SHOP => Some(Self::Redaction(None)),
            RECHECK => Some(Self::Recheck),
            _ => key.parse().ok().map(Self::Order),
        }
    }

    /// The key of its timer.
    pub fn key(&self) -> String {
        match self {
            Self::Order(order) => order.to_string(),
            Self::Alarm(order) => format!("{ALARM_PREFIX}{order}"),
            Self::Telling(order) => format!("{TELLING_PREFIX}{order}"),
            Self::Routing(id) => format!("{ROUTING_PREFIX}{id}"),
            Self::Body(name) => format!("{BODY_PREFIX}{name}"),
            Self::Redaction(Some(customer)) => format!("{CUSTOMER_PREFIX}{customer}"),
            Self::Redaction(None) => SHOP.to_owned(),
            Self::Recheck => RECHECK.to_owned(),
            Self::Sweep => SWEEP.to_owned(),
            Self::Swept => SWEPT.to_owned(),
            Self::Silence(topic) => format!("{SILENCE_PREFIX}{topic}"),
        }
    }
}

/// How often Shopify was asked since the last news.
fn attempts(timer: &Timer) -> usize {
    timer.note.parse().unwrap_or(0)
}

/// News of an order: Shopify is asked soon, and the wait begins anew.
pub fn news(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    soon(work, store, &Due::Order(order), GATHER)
}

/// Something is due after a while, or before if it already is.
pub fn soon(
    work: &mut Work<'_>,
    store: &StoreId,
    due: &Due,
    wait: SignedDuration,
) -> Result<(), Stop> {
    let until = later(work.now(), wait);
    let mut timer = work.timer(store.as_str(), &due.key())?;
    if timer.due_at.is_none() {
        timer.trace = work.traceparent();
    }
    timer.due_at = Some(timer.due_at.map_or(until, |known| known.min(until)));
    timer.dirty_since = timer.dirty_since.or(Some(work.now()));
    timer.note = "0".to_owned();
    work.set_timer(timer);
    Ok(())
}

/// It is being seen to; if that comes to nothing, it is due again after `wait`.
pub fn under_way(work: &mut Work<'_>, timer: Timer, wait: SignedDuration) {
    let due_at = Some(later(work.now(), wait));
    work.set_timer(Timer { due_at, ..timer });
}

/// It was seen to, and is due again after `wait` for another reason than news.
pub fn at(
    work: &mut Work<'_>,
    store: &StoreId,
    due: &Due,
    wait: SignedDuration,
) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &due.key())?;
    under_way(work, timer, wait);
    Ok(())
}

/// Shopify was asked, and what is wanted was not there yet: asked again, each time later.
pub fn again(work: &mut Work<'_>, store: &StoreId, order: OrderId) -> Result<(), Stop> {
    let mut timer = work.timer(store.as_str(), &Due::Order(order).key())?;
    let count = attempts(&timer);
    let wait = AGAIN.get(count).copied().unwrap_or(HOURLY);
    timer.note = (count + 1).to_string();
    under_way(work, timer, wait);
    Ok(())
}

/// Nothing more is due.
pub fn done(work: &mut Work<'_>, store: &StoreId, due: &Due) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &due.key())?;
    let closed =
        Timer { due_at: None, dirty_since: None, note: String::new(), trace: None, ..timer };
    work.set_timer(closed);
    Ok(())
}

/// A moment later.
pub fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_work_is_known_by_its_key() {
        let all = [
            Due::Order(OrderId(5)),
            Due::Alarm(OrderId(5)),
            Due::Telling(OrderId(5)),
            Due::Routing(FulfillmentOrderId(7)),
            Due::Body("north/orders%2Fcreate/1".to_owned()),
            Due::Redaction(Some(9)),
            Due::Redaction(Some(0)),
            Due::Redaction(None),
            Due::Recheck,
            Due::Sweep,
            Due::Silence("orders/create".to_owned()),
            Due::Swept,
        ];
        for due in all {
            assert_eq!(Due::parse(&due.key()), Some(due));
        }
        assert_eq!(Due::parse("something else"), None);
    }
}
