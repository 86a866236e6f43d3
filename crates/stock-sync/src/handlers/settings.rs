//! Settings become rules of this service's own log.

use lockstep_contracts::convert::settings::{back_office_stock, store_stock};
use lockstep_domain::StoreId;
use lockstep_domain::stock::rules::{BackOfficeRulesCommand, StoreRulesCommand};
use lockstep_domain::stock::settings::{BackOfficeStock, StoreStock};
use lockstep_runtime::{Settings, SettingsChange, Stop, Work};

use crate::aggregates::{BackOfficeKind, StoreKind};
use crate::pages;
use crate::translate::{invalid, poison};

/// Adopts a change. A revision that is known or old changes nothing.
pub fn adopt(change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop> {
    match &change.value {
        Settings::Store(settings) => {
            let store = crate::translate::store(&settings.id)?;
            let rules = store_stock(settings, change.revision).map_err(invalid)?;
            adopt_store(work, &store, rules)
        }
        Settings::BackOffice(settings) => {
            let rules = back_office_stock(settings, change.revision).map_err(invalid)?;
            let command = BackOfficeRulesCommand::Adopt { settings: rules };
            let id = settings.id.as_str();
            let before = work.state::<BackOfficeKind>(id)?.settings.clone();
            let events =
                work.execute::<BackOfficeKind>(id, &command)?.map_err(|e| poison("settings", e))?;
            // Nothing else of a back office bears on levels that are already computed.
            let excludes = |s: &Option<BackOfficeStock>| s.as_ref().map(|s| s.excludes_damaged);
            let after = &work.state::<BackOfficeKind>(id)?.settings;
            if events.is_empty() || before.is_none() || excludes(&before) == excludes(after) {
                return Ok(());
            }
            turn_stores_of(work, id)
        }
    }
}

fn adopt_store(work: &mut Work<'_>, store: &StoreId, after: StoreStock) -> Result<(), Stop> {
    let before = work.state::<StoreKind>(store.as_str())?.settings.clone().unwrap_or_default();
    let command = StoreRulesCommand::Adopt { settings: after.clone() };
    let events =
        work.execute::<StoreKind>(store.as_str(), &command)?.map_err(|e| poison(e.field(), &e))?;
    // The settings hold more than stock: what is the same for stock moves no level.
    let is_same = (StoreStock { revision: after.revision, ..before }) == after;
    if events.is_empty() || is_same {
        return Ok(());
    }
    pages::begin(work, store)
}

/// A back office's view of damaged goods bears on every level of the stores that it serves.
fn turn_stores_of(work: &mut Work<'_>, backoffice: &str) -> Result<(), Stop> {
    let ids = work.ids::<StoreKind>("")?;
    work.want_peeks::<StoreKind>(ids.iter().map(String::as_str))?;
    let mut served = Vec::new();
    for id in ids {
        let settings = work.peek::<StoreKind>(&id)?.settings.as_ref();
        let mut mappings = settings.iter().flat_map(|settings| &settings.locations);
        if mappings.any(|m| m.warehouses.iter().any(|w| w.backoffice.as_str() == backoffice)) {
            served.push(crate::translate::store(&id)?);
        }
    }
    work.want_timers(served.iter().map(|s| (s.to_string(), pages::RULES.to_owned())).collect())?;
    served.iter().try_for_each(|store| pages::begin(work, store))
}
