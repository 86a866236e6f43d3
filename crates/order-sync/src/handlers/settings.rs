//! Settings become rules of this service's own log.

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::convert::order_settings::store_orders;
use lockstep_contracts::settings::v1::StoreSettings;
use lockstep_domain::StoreId;
use lockstep_domain::order::settings::{AdoptOrders, StoreOrders};
use lockstep_ports::Timer;
use lockstep_runtime::{Settings, SettingsChange, Stop, Work};
use serde::{Deserialize, Serialize};

use crate::aggregates::StoreKind;
use crate::schedule::{Due, later};
use crate::sweep;
use crate::translate::{invalid, poison, store};

/// Changes of rules and links gather for this long before the orders are gone through.
const GATHER: SignedDuration = SignedDuration::from_secs(1);
/// The orders are gone through a second time after this: what a transaction that began with the
/// former rules says after the first time is put right.
pub const SECOND_PASS: SignedDuration = SignedDuration::from_secs(30);

/// Adopts a change. A revision that is known or old changes nothing.
pub fn adopt(change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop> {
    let Settings::Store(settings) = &change.value else { return Ok(()) };
    let id = store(&settings.id)?;
    let mut rules = store_orders(settings, change.revision).map_err(invalid)?;
    let before = work.state::<StoreKind>(id.as_str())?.settings.clone();
    rules.told_since = told_since(&rules, settings, before.as_ref(), work.now());
    let command = AdoptOrders { settings: rules.clone() };
    let adopted = work
        .execute::<StoreKind>(id.as_str(), &command)?
        .map_err(|e| poison("locations.default", e))?;
    // How often a store is swept says nothing of what its orders are.
    let (revision, rhythm) = (rules.revision, rules.sweep);
    let is_same = before.is_some_and(|b| StoreOrders { revision, sweep: rhythm, ..b } == rules);
    if rules.connected {
        sweep::connected(work, &id, rhythm)?;
    }
    if adopted.is_empty() || is_same || !rules.connected {
        return Ok(());
    }
    recheck(work, &id)
}

/// Since when orders are told: from when telling was switched on until it is switched off. A pause
/// of the store, or its removal for a time, ends nothing: what happened meanwhile is told after it.
fn told_since(
    rules: &StoreOrders,
    settings: &StoreSettings,
    before: Option<&StoreOrders>,
    now: Timestamp,
) -> Option<Timestamp> {
    let is_wanted = settings.orders.as_ref().is_some_and(|orders| orders.enabled);
    match before {
        Some(before) if is_wanted && (before.enabled || before.told_since.is_some()) => {
            before.told_since
        }
        _ => rules.enabled.then_some(now),
    }
}

/// Every order of the store is told of again, from the first.
pub fn recheck(work: &mut Work<'_>, store: &StoreId) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Recheck.key())?;
    let due_at = Some(later(work.now(), GATHER));
    let trace = work.traceparent();
    let note = Pass::FIRST.note();
    work.set_timer(Timer { due_at, note, trace, ..timer });
    Ok(())
}

/// Every order of the store is told of again once more. What goes through them already goes on
/// from where it stands, so that many links cost one walk and not one each.
pub fn look_again(work: &mut Work<'_>, store: &StoreId) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &Due::Recheck.key())?;
    if timer.due_at.is_none() {
        return recheck(work, store);
    }
    let pass = Pass::of(&timer.note);
    if pass.second {
        let due_at = Some(later(work.now(), GATHER));
        let note = Pass { second: false, ..pass }.note();
        work.set_timer(Timer { due_at, note, ..timer });
    }
    Ok(())
}

/// How far the orders of a store were gone through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// The second time.
    pub second: bool,
    /// Id of the last order that was told of again.
    pub after: String,
}

impl Pass {
    const FIRST: Self = Self { second: false, after: String::new() };

    /// As the note of a timer.
    pub fn note(&self) -> String {
        format!("{}:{}", u8::from(self.second), self.after)
    }

    /// From the note of a timer.
    pub fn of(note: &str) -> Self {
        match note.split_once(':') {
            Some((second, after)) => Self { second: second == "1", after: after.to_owned() },
            None => Self::FIRST,
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_contracts::settings::v1::OrderSettings;

    use super::*;

    #[test]
    fn a_pause_of_the_store_makes_nothing_of_it_history() {
        let first = Timestamp::UNIX_EPOCH;
        let later = first + SignedDuration::from_hours(2);
        let settings = |wanted| StoreSettings {
            orders: Some(OrderSettings { enabled: wanted, ..OrderSettings::default() }),
            ..StoreSettings::default()
        };
        let rules =
            |enabled, told_since| StoreOrders { enabled, told_since, ..StoreOrders::default() };
        let on = |before: &StoreOrders| {
            told_since(&rules(true, None), &settings(true), Some(before), later)
        };
        let off = |wanted, before: &StoreOrders| {
            told_since(&rules(false, None), &settings(wanted), Some(before), later)
        };
        assert_eq!(told_since(&rules(true, None), &settings(true), None, first), Some(first));
        let running = rules(true, Some(first));
        assert_eq!(on(&running), Some(first));
        // The store is paused, and goes on.
        assert_eq!(off(true, &running), Some(first));
        assert_eq!(on(&rules(false, Some(first))), Some(first));
        // Telling is switched off, and on again.
        assert_eq!(off(false, &running), None);
        assert_eq!(on(&rules(false, None)), Some(later));
        // Told since before that was kept: for ever.
        assert_eq!(on(&rules(true, None)), None);
    }
}
