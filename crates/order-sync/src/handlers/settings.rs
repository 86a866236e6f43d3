//! Settings become rules of this service's own log.

use jiff::SignedDuration;
use lockstep_contracts::convert::order_settings::store_orders;
use lockstep_domain::StoreId;
use lockstep_domain::order::settings::{AdoptOrders, StoreOrders};
use lockstep_ports::Timer;
use lockstep_runtime::{Settings, SettingsChange, Stop, Work};
use serde::{Deserialize, Serialize};

use crate::aggregates::StoreKind;
use crate::schedule::{Due, later};
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
    if rules.enabled {
        let were = before.as_ref().filter(|before| before.enabled);
        rules.told_since = were.map_or(Some(work.now()), |were| were.told_since);
    }
    let command = AdoptOrders { settings: rules.clone() };
    let adopted = work
        .execute::<StoreKind>(id.as_str(), &command)?
        .map_err(|e| poison("locations.default", e))?;
    let is_same = before.is_some_and(|b| StoreOrders { revision: rules.revision, ..b } == rules);
    if adopted.is_empty() || is_same || !rules.connected {
        return Ok(());
    }
    recheck(work, &id)
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
