//! When Shopify is asked: timers in the lane of the store.

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::{OrderId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{Stop, Work};

/// While something waits, Shopify is asked again after these; then every ten minutes.
const AGAIN: [SignedDuration; 4] = [
    SignedDuration::from_secs(1),
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
];
const SELDOM: SignedDuration = SignedDuration::from_mins(10);
/// A shipment that waits for longer than this is told to a person.
pub const ALARM: SignedDuration = SignedDuration::from_mins(15);
/// A shipment that still waits is told of again after this.
pub const ALARM_AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// Keys of the timers of what waits begin so.
pub const ALARM_PREFIX: &str = "alarm.";

/// What is due in a store's lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Something about the shipments of an order.
    Order(OrderId),
    /// A shipment waits.
    Alarm(OrderId),
}

impl Due {
    /// Reads the key of a timer; nothing for one that this version does not know.
    pub fn parse(key: &str) -> Option<Self> {
        match key.strip_prefix(ALARM_PREFIX) {
            Some(order) => order.parse().ok().map(Self::Alarm),
            None => key.parse().ok().map(Self::Order),
        }
    }

    /// The key of its timer.
    pub fn key(self) -> String {
        match self {
            Self::Order(order) => order.to_string(),
            Self::Alarm(order) => format!("{ALARM_PREFIX}{order}"),
        }
    }
}

/// News: it is due at once, and waiting begins anew.
pub fn news(work: &mut Work<'_>, store: &StoreId, due: Due) -> Result<(), Stop> {
    soon(work, store, due, SignedDuration::ZERO)
}

/// It is due after a while, or before if it already is.
pub fn soon(
    work: &mut Work<'_>,
    store: &StoreId,
    due: Due,
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

/// It was seen to, and is due again after `wait`.
pub fn at(
    work: &mut Work<'_>,
    store: &StoreId,
    due: Due,
    wait: SignedDuration,
) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &due.key())?;
    let due_at = Some(later(work.now(), wait));
    work.set_timer(Timer { due_at, ..timer });
    Ok(())
}

/// Shopify was asked, and what is wanted was not there yet: asked again, each time later.
pub fn again(work: &mut Work<'_>, store: &StoreId, due: Due) -> Result<(), Stop> {
    let mut timer = work.timer(store.as_str(), &due.key())?;
    let count: usize = timer.note.parse().unwrap_or(0);
    timer.note = (count + 1).to_string();
    let wait = AGAIN.get(count).copied().unwrap_or(SELDOM);
    timer.due_at = Some(later(work.now(), wait));
    work.set_timer(timer);
    Ok(())
}

/// Nothing more is due.
pub fn done(work: &mut Work<'_>, store: &StoreId, due: Due) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &due.key())?;
    if timer.due_at.is_some() {
        let closed =
            Timer { due_at: None, dirty_since: None, note: String::new(), trace: None, ..timer };
        work.set_timer(closed);
    }
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
        for due in [Due::Order(OrderId(5)), Due::Alarm(OrderId(5))] {
            assert_eq!(Due::parse(&due.key()), Some(due));
        }
        assert_eq!(Due::parse("something else"), None);
    }
}
